"""`python -m sweeps.bad_input`: play many cases on all cores. Needs `src` and `tests` on the path.

A seed draws the cases of one portion. If a portion fails, the shortest failing case is printed, with the command that
plays the portion again.
"""

from __future__ import annotations

import argparse

from hypothesis import HealthCheck, Phase, given, seed, settings

from harness.pool import Verdict, sweep
from sweeps.bad_input.case import Case
from sweeps.bad_input.drawn import cases
from sweeps.bad_input.judge import faults_of_case

PORTION = 250  # cases drawn by one seed
LONGEST = 3000  # characters of a printed case, whose texts may be long


def judge(portion: tuple[int, int]) -> Verdict:
    """Play a portion, given as its seed and its number of cases."""
    number, size = portion
    played, wrong = 0, ()

    @seed(number)
    @settings(
        max_examples=size,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def every_case_is_sound(case: Case) -> None:
        nonlocal played, wrong
        played += 1
        if found := faults_of_case(case):
            wrong = (repr(case)[:LONGEST], *found)  # hypothesis tries the shortest case last
            raise AssertionError(found)

    try:
        every_case_is_sound()
    except AssertionError:
        pass
    except Exception as error:  # the error left the action's `run`, which must catch all
        wrong = (f"{type(error).__name__}: {error}",)
    again = f"PYTHONPATH=src:tests python -m sweeps.bad_input --seed {number} --cases {size}"
    return Verdict(again, "unsound" if wrong else "sound", wrong, played)


def main() -> int:
    """Run the command line. Return 1 if a case failed."""
    parser = argparse.ArgumentParser(prog="sweeps.bad_input", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first portion")
    wanted = parser.parse_args()
    begins = range(0, wanted.cases, PORTION)
    portions = [(wanted.seed + at // PORTION, min(PORTION, wanted.cases - at)) for at in begins]
    return bool(sweep("cases of bad input", judge, portions))


if __name__ == "__main__":
    raise SystemExit(main())
