"""Rollouts of several scale sets at once, in one subscription and region, whose budget of requests they share."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from azure_simulator.throttle.buckets import BucketSize
from azure_simulator.throttle.limits import SIZES
from azure_simulator.throttle.throttle import Throttle
from harness.together import roll_together
from vmss_upgrade.rollout.watching.budget import LISTS, PUBLISHED, Budget
from vmss_upgrade.rollout.watching.room import Room

PLAN: dict[str, Any] = {
    "inputs": {"image-version": "22.04.202611010", "operation": "plan"},
    "fleet": {"update_domains": [1, 1, 1]},
}
# Sixty sets that look for a minute after each short upgrade would spend the lists of three minutes in one.
SLOW_TO_START: dict[str, Any] = {
    "inputs": {"image-version": "22.04.202611010"},
    "fleet": {"update_domains": [1, 1, 1]},
    "timing": {"upgrade_seconds": [20, 40], "healthy_after_seconds": [50, 90]},
}


@pytest.mark.parametrize("jobs", [60, pytest.param(100, marks=pytest.mark.nightly)])
def test_jobs_that_begin_in_the_same_second_are_not_refused(tmp_path: Path, jobs: int) -> None:
    fleet = roll_together(PLAN, jobs, tmp_path)
    assert (fleet.failed, fleet.refused.total()) == (0, 0)
    assert fleet.seconds < 60


@pytest.mark.sweep
def test_without_pacing_they_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget, "wait", lambda *_: 0.0)
    assert roll_together(PLAN, 60, tmp_path).refused.total() > 0


@pytest.mark.sweep
def test_ten_sets_take_as_long_as_the_slowest_of_them_alone(tmp_path: Path) -> None:
    alone = [roll_together(SLOW_TO_START, 1, tmp_path / f"{n}", seeds=[n]).seconds for n in range(10)]
    fleet = roll_together(SLOW_TO_START, 10, tmp_path / "fleet")
    assert (fleet.failed, fleet.refused.total()) == (0, 0)
    assert fleet.seconds < 1.03 * max(alone)


@pytest.mark.parametrize(
    "gateway_refuses", [pytest.param(True, marks=pytest.mark.nightly), pytest.param(False, marks=pytest.mark.sweep)]
)
def test_sixty_sets_are_not_refused(tmp_path: Path, gateway_refuses: bool) -> None:
    def throttle(calendar: Any) -> Throttle:
        return Throttle(calendar, gateway_refuses=gateway_refuses)

    fleet = roll_together(SLOW_TO_START, 60, tmp_path, throttle=throttle)
    assert (fleet.failed, fleet.refused.total()) == (0, 0)
    assert fleet.unwatched[-1] < 70


@pytest.mark.nightly
def test_without_pacing_sixty_sets_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget, "wait", lambda *_: 0.0)
    assert roll_together(SLOW_TO_START, 60, tmp_path).refused["lists"] > 0


# Eight sets that share a budget of lists made for two or three at a time, as a thousand share the one of Azure.
SCARCE = (18.0, 4.0)
LONG_UPGRADES: dict[str, Any] = {
    "inputs": {"image-version": "22.04.202611010"},
    "fleet": {"update_domains": [1, 1]},
    "timing": {"upgrade_seconds": [130, 170], "healthy_after_seconds": [5, 10]},
}


@pytest.fixture
def scarce_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PUBLISHED, LISTS, SCARCE)
    monkeypatch.setitem(SIZES, LISTS, BucketSize(*SCARCE))


@pytest.mark.usefixtures("scarce_lists")
def test_batches_that_are_away_are_seen_each_minute_where_lists_are_scarce(tmp_path: Path) -> None:
    fleet = roll_together(LONG_UPGRADES, 8, tmp_path)
    assert (fleet.failed, fleet.refused.total()) == (0, 0)
    assert fleet.unwatched[-1] < 70


@pytest.mark.usefixtures("scarce_lists")
def test_no_list_is_read_twice_at_once(tmp_path: Path) -> None:
    """The look that finds room is that of the plan, and the last look at the last batch that at the whole scale set."""
    waited = 0
    slow = {**LONG_UPGRADES, "timing": {**LONG_UPGRADES["timing"], "request_latency": 1.0}}
    for rollout in roll_together(slow, 8, tmp_path).rollouts:
        lists = [request.at for request in rollout.requests if request.path.endswith("/virtualMachines")]
        first_write = next(request.at for request in rollout.requests if request.method == "PATCH")
        before = [at for at in lists if at < first_write]
        assert all(later - earlier > 60 for earlier, later in pairwise(before))
        assert lists[-1] <= rollout.spans[-1][1] + 1
        waited += len(before) > 1
    assert waited


def test_jobs_are_replaced_one_for_one(tmp_path: Path) -> None:
    rollouts = roll_together(SLOW_TO_START, 8, tmp_path, matrices=[(5, 2), (3, 1)]).rollouts
    assert [each.exit_code for each in rollouts] == [0] * 8
    for matrix, max_parallel in ((rollouts[:5], 2), (rollouts[5:], 1)):
        ends = sorted(each.ended for each in matrix)
        assert sorted(each.began for each in matrix) == [0.0] * max_parallel + ends[:-max_parallel]


@pytest.mark.sweep
@pytest.mark.usefixtures("scarce_lists")
def test_without_waiting_for_room_they_would_not_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Room, "is_plenty", lambda _: True)
    monkeypatch.setattr(Room, "lets_go_on", lambda _: True)
    assert roll_together(LONG_UPGRADES, 8, tmp_path).unwatched[-1] > 90
