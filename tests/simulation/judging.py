"""One seed from drawing to verdict."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from simulation.case import Case
from simulation.checks import CHECKS, broken
from simulation.drawing import draw_case
from simulation.running import run_case
from simulation.shrinking import shrunk
from simulation.truth import Truth

CRASHED = "crashed"  # stands for a check where the run or its judgement itself raised


@dataclass(frozen=True)
class Verdict:
    """How a case ended, and the sentences about what is broken, by check."""

    case: Case
    outcome: str
    broken: dict[str, list[str]]

    @property
    def replay(self) -> str:
        """The command that plays it again."""
        return f"make simulate SEED={self.case.seed}"


def judge(case: Case) -> Verdict:
    """Run the case and check it. Whatever is raised on the way is a verdict, too."""
    try:
        truth = Truth(run_case(case))
        return Verdict(case, truth.outcome, broken(truth))
    except Exception:
        return Verdict(case, CRASHED, {CRASHED: [traceback.format_exc()]})


def judge_seed(seed: int) -> Verdict:
    """The same of a drawn case."""
    return judge(draw_case(seed))


def smallest(verdict: Verdict) -> Verdict:
    """The smallest case that breaks the first of what this one breaks."""
    name = next(name for name in (CRASHED, *CHECKS) if name in verdict.broken)
    return judge(shrunk(verdict.case, lambda case: name in judge(case).broken))
