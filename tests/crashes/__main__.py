"""`python -m crashes`: kill every scenario at every call, before and after its answer, and run it again.

Needs `src` and `tests` on the path. Prints a line per scenario, and for each failing point the command that replays it.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor

from crashes.scenarios import LARGE, OWN, scenario_names, swept
from crashes.sweep import Point, calm, points_of, wrong_after, wrong_undisturbed
from crashes.wire import Kill, Moment

DRAWN_OF_LARGE = 50
CHUNK = 8  # points that a process is given at once: all of one scenario, whose undisturbed run it knows then


def main() -> int:
    """The command line. Returns 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="crashes", description=__doc__)
    parser.add_argument("--scenario", choices=[*OWN, *scenario_names()], metavar="NAME", help="this one alone")
    parser.add_argument("--call", type=int, help="with --scenario: kill it at this call alone")
    parser.add_argument("--moment", choices=[moment.value for moment in Moment], default=Moment.BEFORE.value)
    chosen = parser.parse_args()
    if chosen.call is not None:
        return _replay(Point(chosen.scenario, Kill(chosen.call, Moment(chosen.moment))))
    return _sweep([chosen.scenario] if chosen.scenario else [*swept(), LARGE])


def _sweep(names: list[str]) -> int:
    began, points, failures = time.monotonic(), 0, 0
    print(f"{'scenario':<32}{'calls':>7}{'points':>8}{'failures':>10}")
    with ProcessPoolExecutor() as pool:
        for name in names:
            tried = points_of(name, DRAWN_OF_LARGE if name == LARGE else None)
            found = [(tried[0].scenario, wrong) for wrong in wrong_undisturbed(name)]
            results = zip(tried, pool.map(wrong_after, tried, chunksize=CHUNK), strict=True)
            bad = [(point.command(), wrong) for point, wrong in results if wrong]
            print(f"{name:<32}{calm(name).calls:>7}{len(tried):>8}{len(bad) + len(found):>10}", flush=True)
            _tell([*((f"undisturbed {scenario}", [wrong]) for scenario, wrong in found), *bad])
            points, failures = points + len(tried), failures + len(bad) + len(found)
    seconds = time.monotonic() - began
    print(f"{points} points in {seconds:.0f} s, {failures} failures")
    return 1 if failures else 0


def _replay(point: Point) -> int:
    wrong = wrong_after(point)
    _tell([(point.command(), wrong)])
    return 1 if wrong else 0


def _tell(bad: list[tuple[str, list[str]]]) -> None:
    for what, wrong in bad:
        print(f"  {what}")
        for each in wrong or ["nothing is wrong"]:
            print(f"    {each}")


if __name__ == "__main__":
    raise SystemExit(main())
