"""Plays many cases, in several processes: `PYTHONPATH=src:tests python -m bad_input [--cases N] [--seed N]`.

Cases are drawn by the seed, in portions of which each has a seed of its own. Of a portion that fails, the shortest
failing case is shown, and the command that plays the portion again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, seed, settings

from bad_input.case import Case
from bad_input.drawn import cases
from bad_input.judge import faults_of_case

PORTION = 250  # cases drawn by one seed
LONGEST = 3000  # characters of a case that is shown; a text of it may be long


@dataclass(frozen=True)
class Played:
    """What became of one portion. `failure`: the shortest failing case, and its faults; empty where there is none."""

    seed: int
    cases: int
    failure: str = ""


def play_portion(number: int, size: int) -> Played:
    """Play so many cases, drawn by the seed with this number."""
    played, failure = 0, ""

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
        nonlocal played, failure
        played += 1
        found = faults_of_case(case)
        if found:
            failure = "\n  ".join([repr(case)[:LONGEST], *found])  # the last one that hypothesis tries is the shortest
            raise AssertionError(found)

    try:
        every_case_is_sound()
    except AssertionError:
        return Played(number, played, failure)
    except Exception as error:  # it left the action's `run`, which lets none out
        return Played(number, played, f"{type(error).__name__}: {error}")
    return Played(number, played)


def main() -> int:
    """The command line. Returns 1 where a case failed."""
    parser = argparse.ArgumentParser(prog="bad_input", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first portion")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    wanted = parser.parse_args()
    portions = [
        (wanted.seed + number, min(PORTION, wanted.cases - number * PORTION))
        for number in range(-(-wanted.cases // PORTION))
    ]
    began = time.monotonic()
    played = failed = 0
    with ProcessPoolExecutor(wanted.processes) as pool:
        for portion, (_, size) in zip(pool.map(play_portion, *zip(*portions, strict=True)), portions, strict=True):
            played += portion.cases
            if portion.failure:
                failed += 1
                print(f"FAILED: {portion.failure}")
                print(
                    f"  again: PYTHONPATH=src:tests python -m bad_input --seed {portion.seed} --cases {size}",
                    flush=True,
                )
    seconds = time.monotonic() - began
    print(f"bad input: {played} cases in {seconds:.0f} s, {played / seconds:.1f} cases per second, {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
