import json

import pytest

from azure_simulator.answers import Refusal
from azure_simulator.throttling import Spend, Throttle

LIST = Spend(("HighCostGetVMScaleSetSubscriptionMaximum", "HighCostGetVMScaleSetResource"), "web", 20)


def remaining(headers: list[tuple[str, str]]) -> dict[str, int]:
    value = dict(headers)["x-ms-ratelimit-remaining-resource"]
    return {
        name.removeprefix("Microsoft.Compute/"): int(left)
        for name, _, left in (entry.partition(";") for entry in value.split(","))
    }


def test_a_bucket_is_full_at_first_and_the_header_tells_what_is_left() -> None:
    headers = Throttle().spend(LIST, 0)
    assert remaining(headers) == {
        "HighCostGetVMScaleSetSubscriptionMaximum": 1079,
        "HighCostGetVMScaleSetResource": 29,
    }
    assert dict(headers)["x-ms-request-charge"] == "20"


def test_thirty_at_once_then_ten_a_minute() -> None:
    throttle = Throttle()
    for _ in range(30):
        throttle.spend(LIST, 0)
    for moment, passes in ((0, False), (5.9, False), (6, True), (6, False), (12, True)):
        if passes:
            throttle.spend(LIST, moment)
        else:
            with pytest.raises(Refusal) as refused:
                throttle.spend(LIST, moment)
            assert refused.value.status == 429


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    throttle = Throttle()
    throttle.spend(LIST, 0)
    assert remaining(throttle.spend(LIST, 1e6))["HighCostGetVMScaleSetResource"] == 29


def test_the_answer_to_too_many_is_the_reported_one() -> None:
    throttle = Throttle()
    for _ in range(30):
        throttle.spend(LIST, 0)
    with pytest.raises(Refusal) as refused:
        throttle.spend(LIST, 0)
    reply = refused.value.reply()
    error = json.loads(reply.body)["error"]
    assert (reply.status, error["code"]) == (429, "OperationNotAllowed")
    assert error["details"][0]["code"] == "TooManyRequests"
    assert error["details"][0]["target"] == "HighCostGetVMScaleSetResource"
    assert json.loads(error["details"][0]["message"])["allowedRequestCount"] == 30
    assert error["innererror"] == {"internalErrorCode": "TooManyRequestsReceived"}
    assert dict(reply.headers)["retry-after"] == "120"


def test_resources_have_buckets_of_their_own_and_share_the_subscriptions() -> None:
    throttle = Throttle()
    poll = ("GetOperationResource", "GetOperationSubscriptionMaximum")
    for _ in range(45):
        throttle.spend(Spend(poll, "one"), 0)
    with pytest.raises(Refusal):
        throttle.spend(Spend(poll, "one"), 0)
    assert remaining(throttle.spend(Spend(poll, "other"), 0)) == {
        "GetOperationResource": 44,
        "GetOperationSubscriptionMaximum": 15_000 - 46,
    }


def test_what_is_refused_costs_nothing() -> None:
    throttle = Throttle()
    for _ in range(30):
        throttle.spend(LIST, 0)
    with pytest.raises(Refusal):
        throttle.spend(LIST, 0)
    other = Spend(("HighCostGetVMScaleSetSubscriptionMaximum",))
    assert remaining(throttle.spend(other, 0))["HighCostGetVMScaleSetSubscriptionMaximum"] == 1080 - 31


def test_views_are_charged_by_the_number_of_instances() -> None:
    views = Spend(("VMScaleSetVMViewsSubscriptionMaximum",), charge=120)
    assert remaining(Throttle().spend(views, 0)) == {"VMScaleSetVMViewsSubscriptionMaximum": 29_880}
