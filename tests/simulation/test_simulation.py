"""The simulation itself: sixty seeds are clean, every check can speak, and a failing case replays and shrinks."""

from __future__ import annotations

from itertools import chain

import pytest
import yaml

from simulation.checks import CHECKS
from simulation.drawing import draw_case
from simulation.judging import Verdict, judge, judge_seed, smallest
from simulation.mutations import MUTATIONS, Mutation, batches_without_limit
from simulation.running import run_case

SEEDS = range(60)

# Where the check is known to speak; where drawing has changed since, one of the first seeds is looked for.
KNOWN = {
    "batches_without_limit": 3,
    "no_floor": 4,
    "no_domains": 9,
    "everybody_selected": 16,
    "protection_ignored": 3,
    "stopped_ones_included": 3,
    "gate_always_open": 3,
    "on_after_failure": 9,
    "timeout_ignored": 119,
    "plan_carried_out": 95,
    "repairs_left_suspended": 3,
    "everybody_skipped": 5,
    "failure_is_success": 5,
    "partial_is_success": 139,
    "another_image_back": 34,
    "floating_image_back": 34,
    "model_not_put_back": 126,
    "everybody_returns": 289,
    "those_before_return": 289,
    "oldest_first": 46,
    "always_turned_back": 16,
    "return_without_a_look": 34,
}
SEARCHED = range(200)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_broken(seed: int) -> None:
    verdict = judge_seed(seed)
    assert not verdict.broken, f"{verdict.replay}\n{verdict.case.as_yaml()}"


@pytest.mark.parametrize(("check", "mutation"), MUTATIONS, ids=lambda each: getattr(each, "__name__", each))
def test_every_check_can_speak(check: str, mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation(monkeypatch)
    caught = first_caught(check, KNOWN.get(mutation.__name__))
    assert caught is not None, f"no seed shows it: {mutation.__doc__}"
    monkeypatch.undo()
    assert check not in judge(caught.case).broken


def first_caught(check: str, known: int | None) -> Verdict | None:
    """The verdict of the first seed at which the check speaks."""
    first = [] if known is None else [known]
    verdicts = (judge_seed(seed) for seed in chain(first, SEARCHED))
    return next((verdict for verdict in verdicts if check in verdict.broken), None)


def test_every_check_has_a_mutation() -> None:
    assert {check for check, _ in MUTATIONS} == set(CHECKS)


def test_a_seed_is_one_case_and_one_run() -> None:
    first, second = draw_case(2), draw_case(2)
    assert first == second
    assert run_case(first).played.log == run_case(second).played.log


def test_a_case_is_a_scenario_file() -> None:
    for seed in range(30):
        case = draw_case(seed)
        assert yaml.safe_load(case.as_yaml()) == case.document


def test_a_third_of_the_cases_is_calm() -> None:
    calm = sum(draw_case(seed).is_calm for seed in range(300))
    assert 80 <= calm <= 120


def test_a_failing_case_shrinks(monkeypatch: pytest.MonkeyPatch) -> None:
    batches_without_limit(monkeypatch)
    caught = first_caught("away", None)
    assert caught is not None
    small = smallest(caught)
    assert "away" in small.broken
    assert len(small.case.as_yaml()) < len(caught.case.as_yaml())
    assert not small.case.faults and small.case.cancel_at is None
