"""Every fault of Azure on every kind of call: it is waited out, or it ends a run that a second run continues.

The simulator's own state judges the effect of a fault: the request log, and the number of upgrades of each instance. A
new call or a new fault is one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import RequestRecord, VirtualClock
from harness import playing
from harness.playing import Played, play, play_job
from harness.routes import ROUTES, fault_at
from harness.rows import nightly_but
from harness.scenarios import REPAIRS, Scenario, fleet_of, on_instance, on_request
from harness.wire import wired

INPUTS = {"suspend-repairs": "true"}

# call -> its route, and the number of the request to it
READS = {
    "the model": ("set", 1),
    "the model in the middle": ("set", 4),
    "the rolling upgrade": ("rolling", 1),
    "the permissions": ("permissions", 1),
    "the state of the repairs": ("set-view", 1),
    "the image": ("image", 1),
    "the instances": ("instances", 1),
    "the instances in the middle": ("instances", 4),
    "a poll of the model update": ("poll", 3),
    "a poll of an upgrade": ("poll", 8),
}
TOKENS = {"GitHub's token": ("oidc", 1), "Entra's token": ("token", 1)}
WRITES = {
    "the model update": ("patch", 1),
    "the first upgrade": ("upgrade", 1),
    "the second upgrade": ("upgrade", 2),
    "the suspending of repairs": ("repairs", 1),
    "the resuming of repairs": ("repairs", 2),
}
OF_ROLLING = {  # those of a set in mode Rolling, which Azure itself upgrades
    "Rolling: the latest roll before the write": ("rolling", 2),
    "Rolling: the write": ("patch", 1),
    "Rolling: a poll of the write": ("poll", 3),
    "Rolling: the roll at work": ("rolling", 4),
    "Rolling: the instances meanwhile": ("instances", 4),
    "Rolling: the model at the end": ("set", 3),
    "Rolling: the suspending of repairs": ("repairs", 1),
}
ALL = {**READS, **TOKENS, **WRITES, **OF_ROLLING}
ROLLING = {
    "mode": "Rolling",
    "rollingUpgradePolicy": {"maxBatchInstancePercent": 50, "pauseTimeBetweenBatches": "PT5S"},
}


def repaired(*faults: Scenario, rolls: bool = False) -> Scenario:
    """Return a set with automatic repairs, which the inputs ask to suspend; Azure itself upgrades one that `rolls`."""
    policy = {"upgradePolicy": ROLLING} if rolls else {}
    model = {"properties": {**REPAIRS["properties"], **policy}}
    strategy = {"strategy": "native"} if rolls else None
    return fleet_of(asked=strategy, model=model, faults=list(faults))


def at(call: str, **effect: Any) -> Scenario:
    route, nth = ALL[call]
    return repaired(on_request(route, nth=nth, **effect), rolls=call in OF_ROLLING)


def in_words(effect: Scenario) -> str:
    return ", ".join(f"{key}: {value}" for key, value in effect.items())


# the fault of a request, and whether the request may have been carried out nevertheless
PASSING: list[tuple[Scenario, bool]] = [
    ({"status": 429, "retry_after": 20, "count": 2}, False),
    ({"status": 429, "count": 2}, False),
    ({"status": 408, "code": "RequestTimeout"}, False),
    ({"status": 500, "code": "InternalError", "count": 3}, False),
    ({"status": 502, "code": "BadGateway"}, False),
    ({"status": 503, "code": "ServerTimeout", "retry_after": 40}, False),
    ({"status": 504, "code": "GatewayTimeout"}, False),
    ({"status": 503, "html": "<html>Our services are not available</html>"}, False),
    ({"status": 200, "html": "<html>Sign in to this network</html>"}, False),
    ({"drop": "tls", "count": 2}, False),
    ({"drop": "before"}, False),
    ({"drop": "after"}, True),
    ({"drop": "in-body"}, True),
    ({"hang": 60}, True),
]
HAVE_NO_BODY = ("upgrade", "repairs")  # of these answers nothing can be cut off
WAIT = re.compile(r"waiting: .+ \((.+, )?next try in \w+, until \d+:\d\d:\d\d at most\)")


@pytest.fixture(autouse=True)
def one_clock() -> Iterator[VirtualClock]:
    """Use the virtual clock as the wall clock: MSAL answers a refused request from memory for a minute."""
    clock = VirtualClock()
    with playing.one_clock(clock):
        yield clock


def everywhere() -> Iterator[Any]:
    """Yield every passing fault on every call: each fault once for `make test` and once more for `make sample`, the
    rest for `make sweeps`.
    """
    for row, call in enumerate(ALL):
        for column, (effect, may_be_done) in enumerate(PASSING):
            marks = {0: [], 5: [pytest.mark.sweep]}.get((row + column) % len(PASSING), [pytest.mark.nightly])
            yield pytest.param(call, effect, may_be_done, id=f"{call}-{in_words(effect)}", marks=marks)


@pytest.mark.parametrize(("call", "effect", "may_be_done"), list(everywhere()))
def test_a_passing_fault_is_waited_out(
    call: str, effect: Scenario, may_be_done: bool, one_clock: VirtualClock, tmp_path: Path
) -> None:
    played = play(at(call, **effect), tmp_path, inputs=INPUTS, clock=one_clock)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    if effect.get("drop") != "in-body" or not call.endswith(HAVE_NO_BODY):
        assert WAIT.search(played.log), played.log
    assert {instance.upgrades for instance in played.azure.instances()} == {1}
    assert played.azure.lowest_available() == 2
    assert not played.azure.repairs_suspended
    assert_nothing_is_repeated_blindly(played)
    if call in OF_ROLLING:
        assert not [write.path for write in played.writes if write.path.endswith(("/manualupgrade", "/cancel"))]
    if call in WRITES and may_be_done:
        assert [write.method for write in played.writes] == ["POST", "PATCH", "POST", "POST", "POST"]
    if call == "Rolling: the write" and may_be_done:
        assert [write.method for write in played.writes] == ["POST", "PATCH", "POST"]


@pytest.mark.parametrize("effect", [effect for effect, _ in PASSING], ids=in_words)
def test_a_passing_fault_of_a_cancellation_is_waited_out(
    effect: Scenario, one_clock: VirtualClock, tmp_path: Path
) -> None:
    bad = on_instance("comes-up-unhealthy", "0")
    played = play(repaired(bad, on_request("cancel", **effect), rolls=True), tmp_path, inputs=INPUTS, clock=one_clock)
    assert (played.exit_code, played.outcome, played.ids("failed")) == (1, "halted", ["0"]), played.log
    assert not played.azure.is_rolling
    assert "may still be at work" not in played.log
    assert {each.instance_id: each.upgrades for each in played.azure.instances()} == {"0": 1, "2": 1, "1": 0, "3": 0}


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(c, marks=[pytest.mark.sweep] if row % 3 else [])
        for row, c in enumerate([*READS, *WRITES, *OF_ROLLING])
    ],
)
def test_a_refused_token_is_replaced(call: str, one_clock: VirtualClock, tmp_path: Path) -> None:
    refused = at(call, status=401, code="ExpiredAuthenticationToken")
    played = play(refused, tmp_path, inputs=INPUTS, clock=one_clock)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    assert "no longer accepts the access token (ExpiredAuthenticationToken): one try with a fresh one" in played.log
    assert {instance.upgrades for instance in played.azure.instances()} == {1}
    assert [r.status for r in played.azure.requests if r.path.endswith("/oauth2/v2.0/token")] == [200, 200]


LOOKS_AT = {
    "manualupgrade": re.compile(r"/virtualMachines$"),
    "setOrchestrationServiceState": re.compile(r"/instanceView$"),
    "": re.compile(r"/virtualMachineScaleSets/[^/]+$"),
}


def assert_nothing_is_repeated_blindly(played: Played) -> None:
    """Check that the affected state was read between an uncertain write and its repetition."""
    requests = played.azure.requests
    for index, first in enumerate(requests):
        again = next((i for i in range(index + 1, len(requests)) if same_write(first, requests[i])), None)
        if first.method == "GET" or again is None or first.status in (202, 401, 409, 429):
            continue
        kind = next(kind for kind in LOOKS_AT if first.path.endswith(kind))
        between = requests[index + 1 : again]
        assert [r for r in between if r.method == "GET" and LOOKS_AT[kind].search(r.path)], (first, requests[again])


def same_write(one: RequestRecord, other: RequestRecord) -> bool:
    return (one.method, one.path, one.body) == (other.method, other.path, other.body) and "/providers/" in one.path


DENIED = {"status": 403, "code": "AuthorizationFailed", "message": "The client does not have authorization."}
REVOKED = {"status": 401, "code": "InvalidAuthenticationToken", "message": "The access token is invalid."}
DOWN = {"status": 500, "code": "InternalError", "message": "An internal error occurred."}
THROTTLED = {"status": 429, "retry_after": 600}
UNAVAILABLE = {"status": 503}

# name -> the route, or a pattern of paths, the first failing request, the fault, the outcome, and the reported reason
ENDING = {
    "the role is removed while the model is read": ("set", 4, DENIED, "halted", "AuthorizationFailed"),
    "the role is removed while instances are read": ("instances", 4, DENIED, "halted", "AuthorizationFailed"),
    "the role is removed before the model update": ("patch", 1, DENIED, "halted", "AuthorizationFailed"),
    "the role is removed before the first upgrade": ("upgrade", 1, DENIED, "halted", "AuthorizationFailed"),
    "the role is removed before the second upgrade": ("upgrade", 2, DENIED, "halted", "AuthorizationFailed"),
    "there is no right to suspend repairs": ("repairs", 1, DENIED, "refused", "AuthorizationFailed"),
    "no token is accepted later": ("/providers/", 15, REVOKED, "halted", "The access token is invalid"),
    "no token is accepted for an upgrade": ("upgrade", 2, REVOKED, "halted", "The access token is invalid"),
    "the model cannot be read": ("set", 4, DOWN, "halted", "An internal error occurred"),
    "the instances cannot be read": ("instances", 4, DOWN, "halted", "An internal error occurred"),
    "the model cannot be updated": ("patch", 1, DOWN, "halted", "An internal error occurred"),
    "no upgrade is accepted": ("upgrade", 2, DOWN, "halted", "An internal error occurred"),
    "every upgrade is throttled": ("upgrade", 2, THROTTLED, "timed-out", "did not take batch 2 on"),
    "GitHub gives no token": ("oidc", 1, UNAVAILABLE, "refused", "GitHub's token service is not available"),
    "Entra gives no token": ("token", 1, UNAVAILABLE, "refused", "the sign-in service is not available"),
    "Rolling: the role is removed before the write": ("patch", 1, DENIED, "halted", "AuthorizationFailed"),
    "Rolling: the role is removed while instances are read": ("instances", 4, DENIED, "halted", "AuthorizationFailed"),
    "Rolling: the write is never accepted": ("patch", 1, DOWN, "halted", "An internal error occurred"),
    "Rolling: every write is throttled": ("patch", 1, THROTTLED, "halted", "too many requests have been received"),
    "Rolling: the instances cannot be read": ("instances", 4, DOWN, "halted", "An internal error occurred"),
    "Rolling: no token is accepted later": ("/providers/", 15, REVOKED, "halted", "The access token is invalid"),
    "Rolling: the connection is gone": (".", 20, {"drop": "tls"}, "halted", "EOF occurred in violation of protocol"),
    "the connection is gone": (".", 20, {"drop": "tls"}, "halted", "EOF occurred in violation of protocol"),
}


# each outcome, and each of the faults once
KEPT = (
    "the role is removed while instances are read",
    "the role is removed before the second upgrade",
    "there is no right to suspend repairs",
    "no token is accepted later",
    "the model cannot be updated",
    "every upgrade is throttled",
    "Entra gives no token",
    "the connection is gone",
    "Rolling: the write is never accepted",
    "Rolling: the connection is gone",
)


@pytest.mark.parametrize("name", nightly_but(KEPT, ENDING))
def test_a_lasting_fault_ends_the_run_and_a_second_run_continues(
    name: str, one_clock: VirtualClock, tmp_path: Path
) -> None:
    route, nth, effect, outcome, said = ENDING[name]
    where = fault_at(route) if route in ROUTES else {"path": route}
    for_ever = {"kind": "http", **where, "nth": nth, "count": 99999, **effect}
    # less than the hour for which a throttled call is tried again, so that the batch's time ends first
    scenario = repaired(for_ever, rolls=name.startswith("Rolling"))
    played = play(scenario, tmp_path, inputs={**INPUTS, "batch-timeout": "50m"}, clock=one_clock)
    assert (played.exit_code, played.outputs["outcome"]) == (1, outcome), played.log
    assert said in played.log
    assert said in played.summary
    assert played.outputs.keys() >= {"upgraded", "remaining", "failed"}
    assert_a_second_run_ends_it(played, one_clock, tmp_path / "again")


FAILING = {"code": "InternalExecutionError", "message": "Something went wrong."}
OPERATIONS = {
    "an upgrade's operation stays InProgress": (
        on_request("upgrade", "operation", nth=2, seconds=20000),
        "timed-out",
        "Azure's operation had not ended when `batch-timeout` (10m00s) passed",
    ),
    "the model update's operation stays InProgress": (
        on_request("patch", "operation", seconds=20000),
        "halted",
        "Azure's operation did not end in time",
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_that_fails_or_never_ends(name: str, one_clock: VirtualClock, tmp_path: Path) -> None:
    fault, outcome, said = OPERATIONS[name]
    played = play(repaired(fault), tmp_path, inputs={**INPUTS, "batch-timeout": "10m"}, clock=one_clock)
    assert (played.exit_code, played.outputs["outcome"]) == (1, outcome), played.log
    assert said in played.log
    one_clock.sleep(20000)
    assert_a_second_run_ends_it(played, one_clock, tmp_path / "again")


def assert_a_second_run_ends_it(first: Played, clock: VirtualClock, folder: Path) -> None:
    """Check that without the fault, the same run again upgrades every instance, and none twice.

    The first run reported repairs that it could not resume, with the command: the second cannot know who suspended
    them.
    """
    azure = first.azure
    azure.end_faults()
    clock.sleep(60)
    folder.mkdir()
    inputs = {**azure.scenario.inputs, **INPUTS}
    second = play_job(azure, clock, folder, inputs, transport=wired(azure), name="test")
    assert second.exit_code == 0, second.log
    assert {(each.image_version, each.upgrades) for each in azure.instances()} == {("22.04.202611010", 1)}
    assert second.ids("remaining") == []
    assert azure.repairs_suspended == ("Automatic instance repairs are still suspended" in first.log)
