"""When a run begins, or goes on with its next batch, by what is left of the budget that all share."""

from __future__ import annotations

from itertools import pairwise

import pytest

from vmss_upgrade.rollout.watching.budget import LISTS, PUBLISHED, Ask, Budget
from vmss_upgrade.rollout.watching.room import (
    BEGIN,
    FIRST_ROUND,
    GO_ON,
    LEAST,
    LONGEST_PAUSE,
    ROUND_BEGINS_WITHIN,
    SECOND_ROUND,
    SHORTEST_PAUSE,
    STILL_SECOND,
    Room,
)

FULL = PUBLISHED[LISTS][0]
A_MINUTE, LONG = 60.0, 10_000.0


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
    assert seen(*shares).admits_one_more(0) is begins
    assert seen(*shares).lets_go_on() is goes_on


@pytest.mark.parametrize(("share", "expected"), [(1.0, True), (0.76, True), (0.74, False), (0.1, False)])
def test_a_run_begins_at_once_only_where_much_is_left(share: float, expected: bool) -> None:
    assert seen(share).is_plenty() is expected
    assert seen().is_plenty()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_pauses_have_bounds(share: float) -> None:
    assert SHORTEST_PAUSE / 2 <= seen(share).next_pause() <= 1.5 * LONGEST_PAUSE


def test_pauses_are_shorter_where_more_is_left() -> None:
    pauses = [seen(left).next_pause() for left in (0.1, 0.5, 0.9)]
    assert pauses == sorted(pauses, reverse=True)


def after_waiting(waited: float, *, name: str = "web", left: float = 1.0) -> Room:
    """Return the decisions of a run whose reads waited so long for their budget, and that sees how much of a full
    bucket of lists is left.
    """
    budget = Budget(name)
    budget.learn(Ask.LOOK, {LISTS: left * FULL}, 0.0)
    budget.waited = waited
    return Room(budget)


def turns_after(waited: float) -> list[float]:
    """Return the turns of 300 runs that waited so long, as multiples of the time that a rollout takes, in order."""
    return sorted(after_waiting(waited, name=f"set-{number}").turn(1000.0, LONG) / 1000.0 for number in range(300))


@pytest.mark.parametrize(
    ("waited", "left", "at_once"),
    [
        pytest.param(0.0, 1.0, True, id="alone"),
        pytest.param(180.0, 1.0, True, id="the-last-of-340"),
        pytest.param(FIRST_ROUND, 1.0, True, id="the-last-of-the-first-round"),
        pytest.param(FIRST_ROUND + 1, 1.0, False, id="the-first-of-the-second-round"),
        pytest.param(0.0, 0.7, False, id="alone-but-others-are-under-way"),
    ],
)
def test_a_run_that_waited_for_long_is_not_of_the_first_round(waited: float, left: float, at_once: bool) -> None:
    assert after_waiting(waited, left=left).is_plenty() is at_once


@pytest.mark.parametrize("left", [1.0, 0.1])
def test_a_run_of_the_first_round_has_no_turn(left: float) -> None:
    assert after_waiting(FIRST_ROUND, left=left).turn(1000.0, LONG) == 0


def test_runs_of_the_second_round_look_for_room_once_the_first_is_done() -> None:
    for waited in (FIRST_ROUND + 1, SECOND_ROUND):
        turns = turns_after(waited)
        assert 1 <= turns[0] < turns[-1] <= 1 + ROUND_BEGINS_WITHIN
        assert max(later - earlier for earlier, later in pairwise(turns)) < ROUND_BEGINS_WITHIN / 20


@pytest.mark.parametrize("waited", [SECOND_ROUND + 1, 4000.0])
def test_most_of_those_that_waited_longest_are_the_third_round(waited: float) -> None:
    turns = turns_after(waited)
    second = [turn for turn in turns if turn <= 1 + ROUND_BEGINS_WITHIN]
    third = [turn for turn in turns if 2 <= turn <= 2 + ROUND_BEGINS_WITHIN]
    assert len(second) + len(third) == len(turns)
    assert abs(len(second) - STILL_SECOND * len(turns)) <= 0.1 * len(turns)


@pytest.mark.parametrize("takes", [1000.0, 40_000.0])
def test_no_turn_is_later_than_the_longest_wait_and_none_comes_together_with_another(takes: float) -> None:
    turns = sorted(after_waiting(4000.0, name=f"set-{number}").turn(takes, 900.0) for number in range(300))
    assert turns[-1] <= 900 and len(set(turns)) == len(turns)


@pytest.mark.parametrize(
    ("waited", "looks", "least"),
    [
        pytest.param(FIRST_ROUND, 9, BEGIN, id="first-round"),
        pytest.param(4000.0, 0, BEGIN, id="its-turn"),
        pytest.param(4000.0, 1, 0.45, id="after-a-look-in-vain"),
        pytest.param(4000.0, 9, LEAST, id="after-many"),
    ],
)
def test_a_run_of_a_later_round_needs_less_after_each_look_in_vain(waited: float, looks: int, least: float) -> None:
    assert after_waiting(waited, left=least + 0.01).admits_one_more(looks)
    assert not after_waiting(waited, left=least - 0.01).admits_one_more(looks)


def test_a_run_that_has_begun_comes_before_those_that_wait() -> None:
    assert LEAST > GO_ON


def test_each_run_has_its_own_turn_and_the_same_again() -> None:
    first, again, other = (after_waiting(4000.0, name=name).turn(1000.0, LONG) for name in ("web-1", "WEB-1", "web-2"))
    assert first == again != other


def test_a_run_that_is_half_way_looks_ever_more_seldom() -> None:
    pauses = [seen(0.1).pause_half_way(looks) for looks in range(4)]
    assert [pause / pauses[0] for pause in pauses] == pytest.approx([1, 2, 3, 4])
