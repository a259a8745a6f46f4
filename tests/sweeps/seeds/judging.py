"""One seed from drawing to verdict."""

from __future__ import annotations

import traceback

from harness.pool import Verdict
from sweeps.seeds.case import Case
from sweeps.seeds.checks import CHECKS
from sweeps.seeds.drawing import draw_case
from sweeps.seeds.running import run_case
from sweeps.seeds.shrinking import shrunk
from sweeps.seeds.truth import Truth

CRASHED = "crashed"  # the name of the check if the run, or a check, raised an error


def judge(seed: int) -> Verdict:
    """Run the case of a seed, and check it."""
    outcome, found = broken(draw_case(seed))
    wrong = (f"{name}: {sentence}" for name, sentences in found.items() for sentence in sentences)
    return Verdict(f"make sweeps SEED={seed}", outcome, tuple(wrong))


def broken(case: Case) -> tuple[str, dict[str, list[str]]]:
    """Return the outcome, and the problems by the name of the check. An error on the way is a problem, too."""
    try:
        truth = Truth(run_case(case))
        found = {name: list(check(truth)) for name, check in CHECKS.items()}
        return truth.outcome, {name: sentences for name, sentences in found.items() if sentences}
    except Exception:
        return CRASHED, {CRASHED: [traceback.format_exc()]}


def smallest(seed: int) -> Case:
    """Return the smallest case that fails the first failing check of this seed."""
    case = draw_case(seed)
    first = next(iter(broken(case)[1]))
    return shrunk(case, lambda smaller: first in broken(smaller)[1])
