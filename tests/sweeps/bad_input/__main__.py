"""`python -m sweeps.bad_input`: play many cases on all cores. Needs `src` and `tests` on the path.

A seed draws the cases of one portion. If a portion fails, the shortest failing case is printed, with the command that
plays the portion again.
"""

import argparse

from harness.pool import Verdict, sweep
from sweeps.bad_input.drawn import cases, judge_drawn

PORTION = 250  # cases drawn by one seed


def judge(portion: tuple[int, int]) -> Verdict:
    """Play a portion, given as its seed and its number of cases."""
    number, size = portion
    played, wrong = judge_drawn(cases, *portion)
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
