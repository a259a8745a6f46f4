"""`python -m sweeps.kills`: kill every scenario at every call, before and after its answer, and run it again.

Needs `src` and `tests` on the path.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from itertools import chain

from harness.pool import sweep
from sweeps.kills.judging import Point, judge, points_of
from sweeps.kills.runs import Kill, Moment
from sweeps.kills.scenarios import LARGE, swept


def main() -> int:
    """Run the command line. Return 1 if any point was wrong."""
    parser = argparse.ArgumentParser(prog="sweeps.kills", description=__doc__)
    parser.add_argument("--scenario", choices=[*swept(), LARGE], metavar="NAME", help="only this one")
    parser.add_argument("--call", type=int, help="with --scenario: kill it only at this call")
    parser.add_argument("--moment", choices=[moment.value for moment in Moment], default=Moment.BEFORE.value)
    chosen = parser.parse_args()
    if chosen.call is not None:
        return bool(sweep("points", judge, [Point(chosen.scenario, Kill(chosen.call, Moment(chosen.moment)))]))
    names = [chosen.scenario] if chosen.scenario else [*swept(), LARGE]
    with ProcessPoolExecutor() as pool:
        kills = list(chain.from_iterable(pool.map(points_of, names)))
    # the points that a process gets at a time are mostly of one scenario, whose undisturbed run it then knows
    return bool(sweep("points", judge, [*map(Point, names), *kills], chunk=8))


if __name__ == "__main__":
    raise SystemExit(main())
