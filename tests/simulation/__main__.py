"""`make simulate`: many seeds on all cores, or one with its log."""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from multiprocessing import Pool

from simulation.drawing import draw_case
from simulation.judging import Verdict, judge_seed, smallest
from simulation.running import run_case

CHUNK = 20  # seeds that a process takes at a time
SHRUNK = 5  # of the failing seeds, so many are made smaller; that takes a while


def main() -> int:
    """The command line. Returns 1 where any seed breaks anything."""
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="play this one alone, and show its log")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return replay(arguments.seed)
    return simulate(range(arguments.first, arguments.first + arguments.seeds))


def replay(seed: int) -> int:
    """One seed: the case, its log, and what is broken."""
    case = draw_case(seed)
    print(case.as_yaml())
    print(run_case(case).played.log)
    verdict = judge_seed(seed)
    _tell(verdict)
    return 1 if verdict.broken else 0


def simulate(seeds: range) -> int:
    """All seeds on all cores, and the figures."""
    began = time.monotonic()
    outcomes: Counter[str] = Counter()
    failed: list[Verdict] = []
    with Pool(os.cpu_count()) as pool:
        for verdict in pool.imap_unordered(judge_seed, seeds, chunksize=CHUNK):
            outcomes[verdict.outcome] += 1
            if verdict.broken:
                failed.append(verdict)
                _tell(verdict)
    seconds = time.monotonic() - began
    for verdict in sorted(failed, key=lambda each: each.case.seed)[:SHRUNK]:
        print(f"\nSeed {verdict.case.seed}, made smaller:\n")
        print(smallest(verdict).case.as_yaml())
    ended = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    print(f"{len(seeds)} seeds in {seconds:.0f} s, {len(seeds) / seconds:.1f} a second: {ended}.")
    print(f"{len(failed)} failed.")
    return 1 if failed else 0


def _tell(verdict: Verdict) -> None:
    for name, sentences in verdict.broken.items():
        for sentence in sentences:
            print(f"seed {verdict.case.seed}: {name}: {sentence}")
    if verdict.broken:
        print(f"seed {verdict.case.seed}: to play it again: {verdict.replay}")


if __name__ == "__main__":
    raise SystemExit(main())
