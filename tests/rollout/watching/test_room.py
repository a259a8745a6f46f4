"""When a run begins, or goes on with its next batch, by what is left of the budget that all share."""

from __future__ import annotations

from itertools import pairwise

import pytest

from vmss_upgrade.rollout.watching.budget import LISTS, PUBLISHED, READS, Ask, Budget
from vmss_upgrade.rollout.watching.room import LONG_WAITED, LONGEST_PAUSE, SHORTEST_PAUSE, Room

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
    assert seen(*shares).admits_one_more(0.0) is begins
    assert seen(*shares).lets_go_on() is goes_on


@pytest.mark.parametrize(("share", "expected"), [(1.0, True), (0.86, True), (0.84, False), (0.1, False)])
def test_a_run_begins_at_once_only_where_much_is_left(share: float, expected: bool) -> None:
    assert seen(share).is_plenty() is expected
    assert seen().is_plenty()


def test_a_run_that_has_waited_for_long_counts_as_one_that_has_begun() -> None:
    assert not seen(0.3, 0.3, 0.3).admits_one_more(0.0)
    assert seen(0.3, 0.3, 0.3).admits_one_more(LONG_WAITED)


@pytest.mark.parametrize("waited", [1.0, 600.0, LONG_WAITED, 10 * LONG_WAITED])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_pauses_have_bounds(share: float, waited: float) -> None:
    assert SHORTEST_PAUSE / 2 <= seen(share).pause_before_begin(waited) <= 1.5 * LONGEST_PAUSE


def test_pauses_are_shorter_where_more_is_left_and_after_a_long_wait() -> None:
    little, half, later = ((0.1, 60.0), (0.5, 60.0), (0.5, 3000.0))
    pauses = [seen(left).pause_before_begin(waited) for left, waited in (little, half, later)]
    assert pauses == sorted(pauses, reverse=True)


def test_runs_that_began_in_the_same_second_come_back_evenly() -> None:
    def first_pause(name: str) -> float:
        budget = Budget(name)
        budget.learn(Ask.LOOK, {LISTS: 0.1 * FULL}, 0.0)
        return Room(budget).pause_before_begin(0.0)

    pauses = sorted(first_pause(f"set-{number}") for number in range(300))
    assert pauses[0] < 60
    assert max(after - before for before, after in pairwise(pauses)) < 120


@pytest.mark.parametrize(("others", "expected"), [(0, True), (50, True), (800, False)])
def test_runs_that_began_in_the_same_second_begin_at_once_if_they_are_few(others: int, expected: bool) -> None:
    budget = Budget("web")
    budget.learn(Ask.LOOK, {LISTS: FULL}, 0.0)
    for second in range(5):
        left = max(0.0, 250.0 - others * second / 4)
        budget.learn(Ask.READ, {READS: left}, float(second))
    assert Room(budget).is_plenty() is expected
