"""The sweep, shown to be able to fail: the product is broken, and the sweep must say how."""

from __future__ import annotations

from typing import Any

import pytest

from crashes.judging import false_claims
from crashes.runs import killed, undisturbed
from crashes.scenarios import TINY, scenario_of
from crashes.sweep import calm, points_of, wrong_after
from crashes.wire import Kill, Moment
from vmss_upgrade import batch_loop, batch_run, ending_of, post, preparation
from vmss_upgrade.patient_api import PatientApi
from vmss_upgrade.reporters import state
from vmss_upgrade.rollout import planner
from vmss_upgrade.rollout.events import Ending, Outcome

REPAIRS = "repairs, lost answers"
SLOWER = "a flag that lags"  # each upgrade takes long enough to be met by the next run


@pytest.fixture(autouse=True)
def _calm_while_all_is_well() -> None:
    """The undisturbed runs that killed ones are held against, before anything is broken."""
    for name in (TINY, REPAIRS, SLOWER):
        calm(name)


def first_wrong(name: str) -> str:
    """What is wrong at the first point at which anything is, of those after the reads that come first."""
    points = points_of(name)
    return next((" ".join(wrong) for point in points[len(points) // 4 :] if (wrong := wrong_after(point))), "")


def wrong_without_kill(name: str) -> str:
    scenario = scenario_of(name)
    return " ".join(false_claims(scenario, undisturbed(scenario)))


def test_a_run_that_does_not_wait_for_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientApi, "read_settled_model", lambda azure, *_: azure.read_model())
    monkeypatch.setattr(
        preparation.Preparation, "_look_when_nobody_is_busy", lambda preparation: preparation._azure.look()
    )
    assert "ended refused (1) instead of succeeded (0)" in first_wrong(SLOWER)


def test_a_planner_that_ignores_who_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    true = planner.reason_to_skip

    def reason(*arguments: Any) -> str | None:
        said = true(*arguments)
        return None if said == planner.ON_TARGET else said

    monkeypatch.setattr(planner, "reason_to_skip", reason)
    assert "was upgraded without need" in first_wrong(TINY)


def test_an_upgrade_that_is_sent_again_without_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_run, "still_due", lambda batch, *_: batch)
    assert "was upgraded without need" in wrong_without_kill("lost answers")


def test_a_timeout_that_is_called_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    success = Ending(outcome=Outcome.SUCCEEDED, reason="All is well.")
    monkeypatch.setattr(ending_of.endings, "out_of_time", lambda _error: success)
    assert "succeeded, but not on the target" in wrong_without_kill("out of time")


def test_a_run_that_goes_on_while_who_was_upgraded_comes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "awaited_health", lambda *_: ())
    monkeypatch.setattr(preparation, "examine_plan", lambda *_: ())
    monkeypatch.setattr(batch_loop.Watch, "troubles", lambda *_: ())
    assert "0 available at one time, 1 undisturbed" in first_wrong(TINY)


def test_a_plan_that_is_refused_while_who_was_upgraded_comes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "awaited_health", lambda *_: ())
    assert "ended refused (1) instead of succeeded (0)" in first_wrong(TINY)


def test_repairs_of_which_nothing_was_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "save_state", lambda *_: None)
    assert "automatic repairs suspended: True instead of False" in first_wrong(REPAIRS)


def test_a_post_step_that_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows too that a killed run puts nothing right by itself."""
    monkeypatch.setattr(post, "run", lambda *_, **__: 0)
    assert "automatic repairs suspended: True instead of False" in first_wrong(REPAIRS)


def test_a_point_behind_the_end_is_no_point() -> None:
    with pytest.raises(ValueError, match="calls only"):
        killed(scenario_of(TINY), Kill(calm(TINY).calls + 1, Moment.BEFORE))
