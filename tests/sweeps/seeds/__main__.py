"""`python -m sweeps.seeds`: play many seeds on all cores, or one with its log. Needs `src` and `tests` on the path."""

import argparse

from harness.pool import sweep
from sweeps.seeds.drawing import draw_case
from sweeps.seeds.judging import judge, run_case, smallest


def main() -> int:
    """Run the command line. Return 1 if any seed failed."""
    parser = argparse.ArgumentParser(prog="sweeps.seeds", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play only this seed, and show its log")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        case = draw_case(arguments.seed)
        print(case.as_yaml(), run_case(case).played.log, sep="\n")
        return bool(sweep("seeds", judge, [arguments.seed]))
    wrong = sweep("seeds", judge, range(arguments.first, arguments.first + arguments.seeds), chunk=20)
    for verdict in wrong[:5]:  # shrinking takes a while
        print(f"\n{verdict.replay}, made smaller:\n\n{smallest(int(verdict.replay.rpartition('=')[2])).as_yaml()}")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
