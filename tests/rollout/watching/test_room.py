"""When a run begins, or goes on with its next batch, by what is left of the budget that all share."""

from __future__ import annotations

from itertools import pairwise

import pytest

from vmss_upgrade.rollout.watching.budget import LISTS, PUBLISHED, Ask, Budget
from vmss_upgrade.rollout.watching.room import LONGEST_PAUSE, SHORTEST_PAUSE, Room

FULL = PUBLISHED[LISTS][0]
A_MINUTE = 60.0


def seen(*shares: float) -> Room:
    """Return the decisions of a run to which looks, a minute apart, have shown these shares of a full bucket."""
    budget = Budget("web")
    for number, share in enumerate(shares):
        budget.learn(Ask.LOOK, {LISTS: share * FULL}, number * A_MINUTE)
    return Room(budget)


@pytest.mark.parametrize(
    ("shares", "begins", "goes_on"),
    [
        pytest.param((), True, True, id="nothing-shown"),
        pytest.param((0.6, 0.6, 0.6), True, True, id="more-than-half-and-steady"),
        pytest.param((0.6, 0.6, 0.5), False, True, id="half-full-and-falling"),
        pytest.param((0.3, 0.3, 0.3), False, True, id="a-third-and-steady"),
        pytest.param((0.1, 0.1, 0.3), True, True, id="a-third-and-rising"),
        pytest.param((0.6, 0.6, 0.3), False, False, id="a-third-and-falling"),
        pytest.param((0.05, 0.05, 0.05), False, False, id="nearly-empty"),
    ],
)
def test_level_and_load_decide(shares: tuple[float, ...], begins: bool, goes_on: bool) -> None:
    assert seen(*shares).admits_one_more() is begins
    assert seen(*shares).lets_go_on() is goes_on


@pytest.mark.parametrize(("share", "expected"), [(1.0, True), (0.76, True), (0.74, False), (0.1, False)])
def test_a_run_begins_at_once_only_where_much_is_left(share: float, expected: bool) -> None:
    assert seen(share).is_plenty() is expected
    assert seen().is_plenty()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_pauses_have_bounds(share: float) -> None:
    for pause in (seen(share).first_pause(), seen(share).next_pause()):
        assert SHORTEST_PAUSE / 2 <= pause <= 1.5 * LONGEST_PAUSE


def test_pauses_are_shorter_where_more_is_left() -> None:
    pauses = [seen(left).next_pause() for left in (0.1, 0.5, 0.9)]
    assert pauses == sorted(pauses, reverse=True)


def in_a_crowd(name: str, waited: float) -> Room:
    """Return the decisions of a run whose reads waited so long for their budget, with a full bucket of lists."""
    budget = Budget(name)
    budget.learn(Ask.LOOK, {LISTS: FULL}, 0.0)
    budget.waited = waited
    return Room(budget)


@pytest.mark.parametrize(("waited", "most"), [(160.0, 3040.0), (400.0, 3600.0), (4000.0, 0.0)])
def test_runs_of_a_crowd_begin_evenly_within_the_time_that_it_takes(waited: float, most: float) -> None:
    rooms = [in_a_crowd(f"set-{number}", waited) for number in range(300)]
    later = [room for room in rooms if not room.is_plenty()]
    pauses = sorted(room.first_pause() for room in later)
    assert max(pauses, default=0.0) <= most
    assert max((after - before for before, after in pairwise(pauses)), default=0.0) <= most / 20


@pytest.mark.parametrize(("waited", "expected"), [(0.0, 300), (140.0, 300), (400.0, 30)])
def test_all_begin_at_once_if_they_are_few(waited: float, expected: int) -> None:
    at_once = sum(in_a_crowd(f"set-{number}", waited).is_plenty() for number in range(300))
    assert abs(at_once - expected) <= 20
