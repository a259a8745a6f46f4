"""The simulation itself: sixty seeds are clean, every check can fail, and a failing case replays and shrinks."""

from itertools import chain

import pytest
import yaml

from harness.mutation import mutate
from sweeps.seeds.case import Case
from sweeps.seeds.drawing import draw_case
from sweeps.seeds.judging import CHECKS, broken, judge, run_case, smallest
from sweeps.seeds.mutations import MUTATIONS, Mutation


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_broken(seed: int) -> None:
    verdict = judge(seed)
    assert not verdict.wrong, f"{verdict.replay}\n{draw_case(seed).as_yaml()}"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: f"{mutation.check}: {mutation.what}")
def test_every_check_can_fail(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch, mutation.wrong)
    caught = first_caught(mutation.check, mutation.seed)
    assert caught is not None, "no seed shows it"
    monkeypatch.undo()
    assert mutation.check not in broken(caught)[1]


def first_caught(check: str, known: int) -> Case | None:
    """Return the first case that the check reports, beginning with the known seed."""
    cases = map(draw_case, chain([known], range(200)))
    return next((case for case in cases if check in broken(case)[1]), None)


def test_every_check_has_a_mutation() -> None:
    assert {mutation.check for mutation in MUTATIONS} == set(CHECKS)


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
    mutate(monkeypatch, MUTATIONS[0].wrong)
    assert MUTATIONS[0].check == "away"
    caught = first_caught("away", MUTATIONS[0].seed)
    assert caught is not None
    small = smallest(caught.seed)
    assert "away" in broken(small)[1]
    assert len(small.as_yaml()) < len(caught.as_yaml())
    assert not small.faults and small.cancel_at is None
