"""Rolling upgrades of which `latest`, the write's operation or both say what is not true, for a moment or for good.

Whatever they say, a run claims only what is true: a rolling upgrade of its own that is left at work is named as such,
and one of another client is never cancelled.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, play
from harness.scenarios import on_instance, on_request
from harness.wire import Interceptor, altered
from runs.test_native import LENIENT, called, rolling

Body = dict[str, Any]
Change = Callable[[Body], Any]
FORMER: Body = {
    "properties": {
        "policy": LENIENT,
        "runningStatus": {"code": "Completed", "startTime": "2020-01-01T00:00:00.1234567-08:00"},
        "progress": {},
    }
}
UNHEALTHY = [on_instance("comes-up-unhealthy", "3")]
SLOW = {"timing": {"upgrade_seconds": 60, "healthy_after_seconds": 2}}
EARLY: Body = {"told_after": 5}
CANCEL = {"kind": "http", "method": "POST", "path": "/rollingUpgrades/cancel$"}
MAY_RUN = "may still be at work"


def latest(change: Change, first: int = 3, last: int = 9999) -> Interceptor:
    """Change what is read of the latest rolling upgrade, from the `first` read on (two come before the write)."""
    reads = 0

    def alter(path: str, body: Any) -> Any:
        nonlocal reads
        if not path.endswith("/rollingupgrades/latest"):
            return None
        reads += 1
        return change(copy.deepcopy(body or {})) if first <= reads <= last else None

    return altered(alter)


def status(**values: Any) -> Change:
    """Change the running status; None removes a value."""

    def change(body: Body) -> Body | None:
        if not body:
            return None
        shown = {**body["properties"]["runningStatus"], **values}
        body["properties"]["runningStatus"] = {name: value for name, value in shown.items() if value is not None}
        return body

    return change


def without(part: str) -> Change:
    def change(body: Body) -> Body | None:
        if body:
            del body["properties"][part]
        return body or None

    return change


def elsewhere(body: Body) -> Body | None:
    """Show the start as a server in another time zone does."""
    if not body:
        return None
    began = datetime.fromisoformat(body["properties"]["runningStatus"]["startTime"])
    return status(startTime=began.astimezone(timezone(timedelta(hours=-4))).isoformat())(body)


def failing(target: str | None) -> Change:
    def change(body: Body) -> Body | None:
        if body:
            body["properties"]["progress"]["failedInstanceCount"] = 1
            detail = {"code": "Odd", "message": "The sky\n::error::fell.", **({"target": target} if target else {})}
            body["properties"]["error"] = {"code": "Odd", "message": "It fell.", "details": [detail]}
        return body or None

    return change


def former(_body: Body) -> Body:
    return FORMER


def empty(_body: Body) -> Body:
    return {}


def is_at_work(played: Played) -> bool:
    rolling_upgrade = played.azure._set.rolling
    return rolling_upgrade is not None and rolling_upgrade.running(played.azure._clock.now())


# what a read says, since when -> of a set in which an instance stays unhealthy
CANCELLED_ALL_THE_SAME = {
    "an older one, at five reads": latest(former, 1, 7),
    "no policy": latest(without("policy")),
    "its start in another time zone, now and then": latest(elsewhere, 5, 9),
    "its start in another time zone": latest(elsewhere, 5),
    **{f"nothing at read {nth}": latest(empty, nth, nth) for nth in range(4, 18)},
    **{f"no code at read {nth}": latest(status(code=None), nth, nth) for nth in range(10, 18)},
    **{f"an older one at read {nth}": latest(former, nth, nth) for nth in range(10, 18)},
}
LEFT_AT_WORK = {
    "an older one": latest(former, 1),
    "an empty body": latest(empty),
    "no code": latest(status(code=None)),
    "no start": latest(status(startTime=None)),
    "nothing any more": latest(empty, 6),
}


@pytest.mark.parametrize("name", CANCELLED_ALL_THE_SAME)
def test_a_bad_instance_cancels_although_latest_says(name: str, tmp_path: Path) -> None:
    played = play(rolling(policy=LENIENT, faults=UNHEALTHY), tmp_path, interceptors=[CANCELLED_ALL_THE_SAME[name]])
    assert (played.outcome, called(played)) == ("halted", ["PATCH", "cancel"]), played.log
    assert (is_at_work(played), MAY_RUN in played.log, played.ids("failed")) == (False, False, ["3"])
    assert "Azure's rolling upgrade was cancelled: instance 3" in played.outputs["reason"]


@pytest.mark.parametrize("name", LEFT_AT_WORK)
def test_one_that_may_not_be_ours_is_left_and_named(name: str, tmp_path: Path) -> None:
    played = play(rolling(policy=LENIENT, faults=UNHEALTHY), tmp_path, interceptors=[LEFT_AT_WORK[name]])
    assert (played.outcome, called(played), is_at_work(played)) == ("halted", ["PATCH"], True), played.log
    assert f"Azure's rolling upgrade {MAY_RUN}: instance 3" in played.outputs["reason"]
    assert "az vmss rolling-upgrade cancel" in played.log


GOOD: Mapping[str, tuple[list[Body], list[Interceptor]]] = {
    "an older one": ([], [latest(former, 1)]),
    "an empty body": ([], [latest(empty)]),
    "no code": ([], [latest(status(code=None))]),
    "Faulted, once": ([], [latest(status(code="Faulted"), 5, 5)]),
    "Completed too early": ([], [latest(status(code="Completed"), 3, 5)]),
    "RollingForward to the end": ([], [latest(status(code="RollingForward"))]),
    "the operation: Succeeded too early": ([on_request("patch", "operation", **EARLY)], []),
    "the operation: Failed": ([on_request("patch", "operation", code="InternalExecutionError", **EARLY)], []),
    "the operation: Canceled": ([on_request("patch", "operation", code="Odd", cancelled=True, **EARLY)], []),
    "the operation: Succeeded too early, latest: nothing": (
        [on_request("patch", "operation", **EARLY)],
        [latest(empty)],
    ),
    "the operation: Failed at its end": ([on_request("patch", "operation", code="InternalExecutionError")], []),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_one_succeeds_although_azure_says(name: str, tmp_path: Path) -> None:
    faults, interceptors = GOOD[name]
    played = play(rolling(faults=faults, **SLOW), tmp_path, interceptors=interceptors)
    assert (played.outcome, called(played)) == ("succeeded", ["PATCH"]), played.log
    assert not is_at_work(played)


@pytest.mark.parametrize("target", [None, "x/virtualMachines/99", "x/virtualMachines/0\n::error::hi", "//"])
def test_a_failed_instance_that_is_not_named_cancels(target: str | None, tmp_path: Path) -> None:
    played = play(rolling(**SLOW), tmp_path, interceptors=[latest(failing(target), 4)])
    assert (played.outcome, called(played), played.ids("failed")) == ("halted", ["PATCH", "cancel"], []), played.log
    assert "Odd, failed instances by Azure's count: 1, none of which it names: It fell." in played.outputs["reason"]
    assert not any(line.startswith("::error::hi") for line in played.log.splitlines())


def test_a_failed_instance_that_is_named_cancels(tmp_path: Path) -> None:
    scripted = latest(failing("/subscriptions/x/virtualMachines/3"), 4)
    played = play(rolling(**SLOW), tmp_path, interceptors=[scripted])
    assert (played.outcome, called(played), played.ids("failed")) == ("halted", ["PATCH", "cancel"], ["3"])


def test_one_with_another_start_is_not_ours(tmp_path: Path) -> None:
    changed = latest(status(startTime="2031-01-01T00:00:00+00:00"), 6)
    played = play(rolling(policy=LENIENT, faults=UNHEALTHY), tmp_path, interceptors=[changed])
    assert (played.outcome, called(played)) == ("halted", ["PATCH"]), played.log
    assert "another rolling upgrade is at work" in played.outputs["reason"]


@pytest.mark.parametrize(("timeout", "outcome"), [("1h", "halted"), ("1m", "timed-out")])
def test_one_of_azures_own_is_not_taken_for_ours_when_the_write_never_arrived(
    timeout: str, outcome: str, tmp_path: Path
) -> None:
    faults = [on_request("patch", nth=1, drop="before"), {"kind": "roll-by-azure", "at": 2.5, "seconds": 300}]
    played = play(rolling({"timeout": timeout}, faults=faults), tmp_path)
    assert (played.outcome, called(played)) == (outcome, ["PATCH"]), played.log  # which never arrived
    assert is_at_work(played)


REFUSALS = {
    "may not": ({"status": 403, "code": "AuthorizationFailed"}, True),
    "conflict": ({"status": 409, "code": "Conflict"}, False),
    "no answer": ({"status": 500}, False),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_one_that_cannot_be_cancelled_is_not_called_cancelled(name: str, tmp_path: Path) -> None:
    answer, is_left = REFUSALS[name]
    faults = [*UNHEALTHY, {**CANCEL, **answer, "count": 999}]
    played = play(rolling(policy=LENIENT, faults=faults), tmp_path)
    became = MAY_RUN if is_left else "has ended"
    assert (played.outcome, called(played), is_at_work(played)) == ("halted", ["PATCH"], is_left), played.log
    assert f"Azure's rolling upgrade {became}: instance 3" in played.outputs["reason"]
    assert (MAY_RUN in played.log) is is_left
