import json
from datetime import UTC, datetime

import pytest
from simulated import SMALL, Simulation

from azure_simulator import SimulatedAzure, VirtualClock, parse_scenario
from azure_simulator.throttle.limits import LIMITS, REQUESTS, SIZES, VIEWS
from azure_simulator.throttle.throttle import Meter, Throttle
from azure_simulator.wire.answers import Refusal
from azure_simulator.wire.calendar import Calendar

LIST = ("HighCostGetVMScaleSetSubscriptionMaximum", "HighCostGetVMScaleSetResource")


def throttle(*date: int) -> Throttle:
    return Throttle(Calendar(datetime(*(date or (2026, 1, 1)), tzinfo=UTC)))  # type: ignore[misc, arg-type]


def remaining(meter: Meter) -> dict[str, int]:
    value = dict(meter.headers)["x-ms-ratelimit-remaining-resource"]
    return {
        name.removeprefix("Microsoft.Compute/"): int(left)
        for name, _, left in (entry.partition(";") for entry in value.split(","))
    }


def look(at: Throttle, now: float = 0, resource: str = "web", instances: int = 20) -> Meter:
    meter = at.enter("instance-list", resource, now)
    meter.count(instances)
    return meter


def test_a_bucket_is_full_at_first_and_the_header_shows_what_is_left() -> None:
    meter = look(throttle())
    assert remaining(meter) == {
        "HighCostGetVMScaleSetSubscriptionMaximum": 1079,
        "HighCostGetVMScaleSetResource": 29,
        "VMScaleSetVMViewsSubscriptionMaximum": 29_980,
    }
    assert dict(meter.headers)["x-ms-request-charge"] == "20"


def test_thirty_at_once_then_ten_a_minute() -> None:
    at = throttle()
    for _ in range(30):
        look(at)
    for moment, passes in ((0, False), (5.9, False), (6, True), (6, False), (12, True)):
        if passes:
            look(at, moment)
        else:
            with pytest.raises(Refusal) as refused:
                look(at, moment)
            assert refused.value.status == 429


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    at = throttle()
    look(at)
    assert remaining(look(at, 1e6))["HighCostGetVMScaleSetResource"] == 29


def test_the_answer_to_too_many_is_the_reported_one() -> None:
    at = throttle()
    for _ in range(30):
        look(at)
    with pytest.raises(Refusal) as refused:
        look(at)
    reply = refused.value.reply()
    error = json.loads(reply.body)["error"]
    assert (reply.status, error["code"]) == (429, "OperationNotAllowed")
    assert error["details"][0]["code"] == "TooManyRequests"
    assert error["details"][0]["target"] == "HighCostGetVMScaleSetResource"
    assert json.loads(error["details"][0]["message"])["allowedRequestCount"] == 30
    assert error["innererror"] == {"internalErrorCode": "TooManyRequestsReceived"}
    assert dict(reply.headers)["retry-after"] == "120"
    assert "HighCostGetVMScaleSetResource;0" in dict(reply.headers)["x-ms-ratelimit-remaining-resource"]


def test_resources_have_buckets_of_their_own_and_share_the_subscriptions() -> None:
    at = throttle()
    for _ in range(45):
        at.enter("operation", "one", 0)
    with pytest.raises(Refusal):
        at.enter("operation", "one", 0)
    assert remaining(at.enter("operation", "other", 0)) == {
        "GetOperationResource": 44,
        "GetOperationSubscriptionMaximum": 15_000 - 46,
    }


def test_a_request_refused_at_the_entry_costs_nothing() -> None:
    at = throttle()
    for _ in range(30):
        look(at)
    with pytest.raises(Refusal):
        look(at)
    assert remaining(at.enter("set-list", "", 0))["HighCostGetVMScaleSetSubscriptionMaximum"] == 1080 - 31


@pytest.mark.parametrize("operation", LIMITS)
def test_a_greedy_client_gets_its_429_from_every_operation(operation: str) -> None:
    """Each bucket of each operation in both generations has a size, and becomes empty at some point."""
    for date in ((2026, 1, 1), (2022, 6, 1)):
        at, refused = throttle(*date), None
        for _ in range(90_000):
            try:
                at.enter(operation, "web", 0)
            except Refusal as error:
                refused = error
                break
        assert refused is not None
        assert refused.status == 429


def test_a_set_does_not_empty_anothers_bucket() -> None:
    at = throttle()
    for _ in range(30):
        look(at, resource="web")
    assert remaining(look(at, resource="other"))["HighCostGetVMScaleSetResource"] == 29


def test_views_are_charged_by_the_number_of_instances() -> None:
    assert remaining(look(throttle(), instances=120))["VMScaleSetVMViewsSubscriptionMaximum"] == 29_880


def test_requests_to_instances_are_charged_by_their_number() -> None:
    meter = throttle().enter("set-action", "web", 0)
    meter.count(5)
    assert remaining(meter) == {
        "VMScaleSetActionsSubscriptionMaximum": 1499,
        "VMScaleSetBatchedVMRequestsSubscriptionMaximum": 5995,
        "VmssQueuedVMOperations": 0,
    }
    assert dict(meter.headers)["x-ms-request-charge"] == "5"


@pytest.mark.parametrize(
    ("date", "names"),
    [
        pytest.param((2017, 3, 1), set(), id="not-shown"),
        pytest.param((2020, 5, 1), {"GetVMScaleSet3Min", "GetVMScaleSet30Min"}, id="over-minutes"),
        pytest.param((2024, 8, 1), {"GetVMScaleSetSubscriptionMaximum", "GetVMScaleSetResource"}, id="by-resource"),
    ],
)
def test_the_names_are_those_of_the_date(date: tuple[int, int, int], names: set[str]) -> None:
    meter = throttle(*date).enter("set-get", "web", 0)
    assert {name for header in meter.headers for name in remaining(meter) if header} == names


@pytest.mark.parametrize(
    ("date", "method", "expected"),
    [
        pytest.param((2020, 5, 1), "GET", {"reads": "11999"}, id="hourly-reads"),
        pytest.param((2020, 5, 1), "POST", {"writes": "1199"}, id="hourly-writes"),
        pytest.param((2024, 8, 1), "GET", {"reads": "249", "global-reads": "3749"}, id="global-reads"),
        pytest.param((2024, 8, 1), "PUT", {"writes": "199", "global-writes": "2999"}, id="global-writes"),
        pytest.param((2024, 8, 1), "DELETE", {"deletes": "199", "global-deletes": "2999"}, id="global-deletes"),
    ],
)
def test_resource_managers_own_limits(date: tuple[int, int, int], method: str, expected: dict[str, str]) -> None:
    """Recorded as the highest values of README section 10 of the contract."""
    headers = throttle(*date).pass_gateway(method, 0)
    prefix = "x-ms-ratelimit-remaining-subscription-"
    assert {name.removeprefix(prefix): value for name, value in headers} == expected


def test_every_bucket_has_a_size() -> None:
    named = {name for limits in LIMITS.values() for name in (*limits.resources, *limits.windows)}
    assert named | set(VIEWS.values()) | set(REQUESTS.values()) <= set(SIZES)


def test_the_gateway_refuses_what_its_bucket_has_no_tokens_for() -> None:
    at = throttle()
    for _ in range(250):
        at.enter_gateway("GET", "sub", "actor", 0)
        at.pass_gateway("GET", 0)
    with pytest.raises(Refusal) as refused:
        at.enter_gateway("GET", "sub", "actor", 0)
    reply = refused.value.reply()
    headers = dict(reply.headers)
    assert (reply.status, headers["retry-after"], headers["x-ms-failure-cause"]) == (429, "10", "gateway")
    assert headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"
    assert json.loads(reply.body)["error"] == {
        "code": "SubscriptionRequestsThrottled",
        "message": "Number of 'read' requests for subscription 'sub' actor 'actor' exceeded. Please try again after "
        "'10' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional "
        "information.",
    }
    at.enter_gateway("PUT", "sub", "actor", 0)
    at.enter_gateway("GET", "sub", "actor", 1 / 25)


@pytest.mark.parametrize(
    ("throttling", "refused", "asks"),
    [
        pytest.param("{}", True, "10", id="usual"),
        pytest.param("{retry_after: 120}", True, "120", id="long-wait"),
        pytest.param("{resource_manager: shows}", False, "", id="only-shown"),
    ],
)
def test_a_scenario_says_how_the_gateway_throttles(throttling: str, refused: bool, asks: str) -> None:
    simulation = Simulation(f"{SMALL}throttling: {throttling}\n")
    path = f"/subscriptions/{simulation.at['subscription']}/providers/Microsoft.Features"
    path += "/providers/Microsoft.Compute/features/VMSSFlexRollingUpgrade?api-version=2021-07-01"
    answers = [simulation.raw("GET", path) for _ in range(251)]
    assert (answers[-1].status == 429) is refused
    assert dict(answers[-1].headers).get("retry-after", "") == asks


def test_sets_that_share_a_throttle_share_the_subscriptions_buckets() -> None:
    shared, left = throttle(), []
    for _ in range(2):
        simulation = Simulation()
        simulation.azure = SimulatedAzure(parse_scenario(SMALL, "x", "x"), VirtualClock(), throttle=shared)
        simulation.at = simulation.azure.coordinates
        left.append(
            dict(simulation.raw("GET", simulation.set_path).headers)["x-ms-ratelimit-remaining-subscription-reads"]
        )
    assert left == ["249", "248"]
