"""The sweep, shown to be able to fail: the product is broken, and the sweep must say how."""

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
SLOWER = "a flag that lags"  # each upgrade takes long enough to be met by the next run
REFUSED = "ended refused (1) instead of succeeded (0)"
STILL_SUSPENDED = "automatic repairs suspended: True instead of False"


def nothing(*_: Any, **__: Any) -> tuple[()]:
    return ()


# what the action does -> a scenario that shows it, how it comes to do so, and what is said of it
AFTER_A_KILL: dict[str, tuple[str, Wrong, str]] = {
    "does-not-wait-for-what-is-under-way": (
        SLOWER,
        {"RemoteScaleSet.read_settled_model": lambda _, remote, *__: remote.read_model(), "Instance.is_busy": nothing},
        REFUSED,
    ),
    "ignores-who-is-current": (TINY, {"Goal.is_reached_by": nothing}, "was upgraded without need"),
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
    # which shows too that a killed run puts nothing right by itself
    "has-no-post-step": (REPAIRS, {"post.run": lambda *_, **__: 0}, STILL_SUSPENDED),
}
WITHOUT_A_KILL: dict[str, tuple[str, Wrong, str]] = {
    "sends-an-upgrade-again-without-a-look": (
        "lost answers",
        {"still_due": lambda _, batch, *__: batch},
        "was upgraded without need",
    ),
    "calls-a-timeout-a-success": ("out of time", ends({"timed-out": "succeeded"}), "succeeded, but not on the target"),
}


@pytest.mark.parametrize("what", AFTER_A_KILL)
def test_what_a_run_does_after_a_kill_is_seen(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, wrong, said = AFTER_A_KILL[what]
    calm(name)  # what killed runs are held against, before anything is broken
    mutate(monkeypatch, wrong)
    assert said in first_wrong(name)


def first_wrong(name: str) -> str:
    """What is wrong at the first point at which anything is, of those after the reads that come first."""
    points = points_of(name)
    verdicts = map(judge, points[len(points) // 4 :])
    return next((" ".join(verdict.wrong) for verdict in verdicts if verdict.wrong), "")


@pytest.mark.parametrize("what", WITHOUT_A_KILL)
def test_what_a_run_does_without_a_kill_is_seen(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, wrong, said = WITHOUT_A_KILL[what]
    mutate(monkeypatch, wrong)
    assert said in " ".join(false_claims(scenario_of(name), undisturbed(scenario_of(name))))


def test_a_point_behind_the_end_is_no_point() -> None:
    with pytest.raises(ValueError, match="calls only"):
        killed(scenario_of(TINY), Kill(calm(TINY).calls + 1, Moment.BEFORE))
