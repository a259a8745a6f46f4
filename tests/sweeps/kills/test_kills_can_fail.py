"""Proof that the sweep of kills can fail: each test breaks the action, and the sweep must report how."""

from __future__ import annotations

from typing import Any

import pytest

from harness.mutation import Wrong, ends, mutate
from sweeps.kills.judging import false_claims
from sweeps.kills.runs import killed, undisturbed
from sweeps.kills.scenarios import TINY, scenario_of
from sweeps.kills.sweep import calm, judge, points_of
from sweeps.kills.wire import Kill, Moment

REPAIRS = "repairs, lost answers"
SLOWER = "a flag that lags"  # each upgrade takes long enough for the next run to meet it
REFUSED = "ended refused (1) instead of succeeded (0)"
STILL_SUSPENDED = "automatic repairs suspended: True instead of False"


def nothing(*_: Any, **__: Any) -> tuple[()]:
    return ()


# the wrong behaviour -> a scenario that shows it, the mutation that causes it, and the problem that must be reported
AFTER_A_KILL: dict[str, tuple[str, Wrong, str]] = {
    "does-not-wait-for-what-is-under-way": (
        SLOWER,
        {
            "RemoteScaleSet.read_settled_model": lambda _, remote, *__: remote.read_model(),
            "Instance.is_changing": nothing,
        },
        REFUSED,
    ),
    "ignores-who-is-current": (TINY, {"Goal.is_reached_by": nothing}, "was upgraded needlessly"),
    "goes-on-while-who-was-upgraded-comes-up": (
        TINY,
        {
            "awaited_health": nothing,
            "examine_plan": nothing,
            "Watch.troubles": nothing,
            "Hold.owe_bake": nothing,
        },
        "0 available at one time, 1 undisturbed",
    ),
    "refuses-while-who-was-upgraded-comes-up": (TINY, {"awaited_health": nothing}, REFUSED),
    "saves-nothing-of-repairs": (REPAIRS, {"save_state": nothing}, STILL_SUSPENDED),
    # this also shows that a killed run repairs nothing by itself
    "has-no-post-step": (REPAIRS, {"post.run": lambda *_, **__: 0}, STILL_SUSPENDED),
}
WITHOUT_A_KILL: dict[str, tuple[str, Wrong, str]] = {
    "sends-an-upgrade-again-without-a-look": (
        "lost answers",
        {"still_due": lambda _, batch, *__: batch},
        "was upgraded needlessly",
    ),
    "calls-a-timeout-a-success": ("out of time", ends({"timed-out": "succeeded"}), "succeeded, but not on the target"),
}


@pytest.mark.parametrize("what", AFTER_A_KILL)
def test_a_wrong_run_after_a_kill_is_reported(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, wrong, said = AFTER_A_KILL[what]
    calm(name)  # the baseline for killed runs, before anything is broken
    mutate(monkeypatch, wrong)
    assert said in first_wrong(name)


def first_wrong(name: str) -> str:
    """Return the problems at the first wrong point, after the initial reads."""
    points = points_of(name)
    verdicts = map(judge, points[len(points) // 4 :])
    return next((" ".join(verdict.wrong) for verdict in verdicts if verdict.wrong), "")


@pytest.mark.parametrize("what", WITHOUT_A_KILL)
def test_a_wrong_run_without_a_kill_is_reported(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, wrong, said = WITHOUT_A_KILL[what]
    mutate(monkeypatch, wrong)
    assert said in " ".join(false_claims(scenario_of(name), undisturbed(scenario_of(name))))


def test_a_point_after_the_end_is_refused() -> None:
    with pytest.raises(ValueError, match="calls, so"):
        killed(scenario_of(TINY), Kill(calm(TINY).calls + 1, Moment.BEFORE))
