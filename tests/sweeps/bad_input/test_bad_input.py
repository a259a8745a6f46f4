"""Whole runs on bad input, the same 200 every time. `python -m sweeps.bad_input` plays more of them."""

from pathlib import Path

import pytest

from harness.vocabulary import CHOICES
from sweeps.bad_input import oracle
from sweeps.bad_input.case import Case
from sweeps.bad_input.drawn import by_addresses, by_answers, by_endless, by_errors, by_inputs, by_names, judge_drawn
from sweeps.bad_input.judge import faults
from sweeps.bad_input.player import play
from sweeps.bad_input.worlds import DUE, WORLDS

KINDS = {
    "inputs": (by_inputs, 35),
    "answers": (by_answers, 40),
    "names": (by_names, 25),
    "errors": (by_errors, 35),
    "addresses": (by_addresses, 55),
    "endless": (by_endless, 10),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_breaks_nothing(kind: str) -> None:
    cases, number = KINDS[kind]
    played, wrong = judge_drawn(cases, 0, number)
    assert wrong == ()
    assert played >= number


@pytest.mark.parametrize("world", WORLDS)
def test_every_world_is_upgraded_without_bad_input(world: str, tmp_path: Path) -> None:
    """Otherwise the cases would show only refusals."""
    after = play(Case(world=world), tmp_path)
    assert (after.left.exit_code, faults(after)) == (0, [])
    assert oracle.upgraded(after) >= DUE


@pytest.mark.parametrize("operation", sorted(CHOICES["operation"]))
def test_every_operation_meets_the_checks(operation: str, tmp_path: Path) -> None:
    case = Case(inputs={"operation": operation})
    assert not oracle.are_inputs_surely_bad(case)
    assert faults(play(case, tmp_path)) == []
