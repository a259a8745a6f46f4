"""A sample of the sweep of kills, and proof that it can fail. `python -m sweeps.kills` plays all of it."""

import pytest

from harness.mutation import Wrong, ends, mutate, nothing
from sweeps.kills.judging import Point, calm, false_claims, judge, points_of
from sweeps.kills.runs import Kill, Moment, killed, undisturbed
from sweeps.kills.scenarios import EVERYTHING, TINY, scenario_of, swept


def wrong_at(points: list[Point]) -> list[object]:
    return [verdict for verdict in map(judge, points) if verdict.wrong]


@pytest.mark.parametrize("part", range(4))
def test_a_tiny_scenario_may_be_killed_anywhere(part: int) -> None:
    points = points_of(TINY)
    assert len(points) == 2 * calm(TINY).calls > 40
    assert wrong_at(points[part::4]) == []


@pytest.mark.parametrize("name", swept())
def test_the_others_may_be_killed_at_drawn_points(name: str) -> None:
    assert wrong_at([Point(name), *points_of(name, 1)]) == []


REPAIRS = "repairs, lost answers"
SLOWER = "a flag that lags"  # each upgrade takes long enough for the next run to meet it
REFUSED = "ended refused (1) instead of succeeded (0)"
STILL_SUSPENDED = "automatic repairs suspended: True instead of False"


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
        dict.fromkeys(("awaited_health", "examine_plan", "Watch.troubles", "Hold.owe_bake"), nothing),
        "0 available at one time, 1 undisturbed",
    ),
    "refuses-while-who-was-upgraded-comes-up": (TINY, {"awaited_health": nothing}, REFUSED),
    "saves-nothing-of-repairs": (REPAIRS, {"save_state": nothing}, STILL_SUSPENDED),
    "saves-nothing-of-drains": ("drained", {"save_state": nothing}, "the post step left instance 0 drained"),
    "saves-nothing-of-rolling-upgrades": (
        "rolling",
        {"save_state": nothing},
        "the post step left a rolling upgrade at work",
    ),
    "saves-nothing-of-both": (EVERYTHING, {"save_state": nothing}, "the post step left batch 1 without its hook"),
    "finds-no-new-instances-of-a-surge": (
        "surge",
        {"left_by_an_earlier_run": lambda *_: None},
        "a capacity of 3 instead of 2",
    ),
    "saves-nothing-of-hooks": ("between hooks", {"save_state": nothing}, "the post step left batch 1 without its hook"),
    # this also shows that a killed run repairs nothing by itself
    "has-no-post-step": (REPAIRS, {"post.run": lambda *_, **__: 0}, STILL_SUSPENDED),
}
WITHOUT_A_KILL: dict[str, tuple[str, Wrong, str]] = {
    "calls-no-hook-after-a-batch": (EVERYTHING, {"BatchHooks.after": nothing}, "the run left batch 1 without its hook"),
    "deletes-no-run-command": (EVERYTHING, {"Guests.clear": nothing}, "the run left vmss-upgrade-drain on instance 0"),
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
    assert said in " ".join(false_claims(undisturbed(scenario_of(name))))


def test_a_point_after_the_end_is_refused() -> None:
    with pytest.raises(ValueError, match="calls, so"):
        killed(scenario_of(TINY), Kill(calm(TINY).calls + 1, Moment.BEFORE))
