"""Many rollouts at once, in one subscription and region: how long they take, how often they ask, and how often Azure
refuses. Exits with 1 if a limit is exceeded.

Whole runs of the action over the real SDK, interleaved on one virtual clock, all begun in the same second unless a row
gives a `max-parallel`: then they are the jobs of four matrices, since GitHub allows 256 in one, and each matrix begins
its next job when one of its own ends. The scale sets have 20 instances in five update domains, with other durations
each. Azure refuses with its published buckets: those of Microsoft.Compute with a 429 that asks for 120 s, Resource
Manager's with one that asks for 10 s, or both for 120 s where a row says so.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
sys.path[:0] = [str(PROJECT / "src"), str(PROJECT / "tests")]

from azure_simulator.throttle.throttle import Throttle  # noqa: E402
from azure_simulator.wire.answers import Headers  # noqa: E402
from harness.together import Fleet, roll_together  # noqa: E402
from vmss_upgrade.rollout.watching.budget import Budget  # noqa: E402

SCENARIO = "happy"
PAGE = PROJECT / "docs" / "fleets.md"
MARKS = "<!-- fleets: made by tests/bench/fleet.py -->", "<!-- end of fleets -->"
LISTS, READS = (1080, 6.0), (250, 25.0)  # tokens at most, and gained each second: the buckets that bind
RUNS = [(250, 85)] * 4  # the jobs of each run's matrix, and its max-parallel
LATE = 60.0 + 5.0  # seconds: a minute, and the poll of Azure's operation that is under way when it ends
MOST_ALONE, MOST_SHOWN, MOST_REFUSED, MOST_BOUND = 1.03, 1.10, 1.15, 1.15


class Unlimited(Throttle):
    """A throttle that shows nothing and refuses nothing."""

    def enter_gateway(self, method: str, subscription: str, actor: str, now: float) -> None: ...

    def pass_gateway(self, method: str, now: float) -> Headers:
        return []

    def generation(self, now: float) -> Any:
        class Silent:
            limit_names = "none"

            def __init__(self, real: Any) -> None:
                self._real = real

            def __getattr__(self, name: str) -> Any:
                return getattr(self._real, name)

        return Silent(super().generation(now))


@dataclass(frozen=True)
class Row:
    """The figures of one fleet. `looks`: the seconds between two looks while a batch was away: half of all, nine of ten
    and the longest. `late`: how many came later than LATE. `least`: how many lists and reads each of its sets needs at
    least, on average.
    """

    sets: int
    name: str
    seconds: float
    times: list[float]
    requests: int
    lists: int
    refused: int
    failed: int
    looks: tuple[float, float, float]
    late: int
    least: tuple[float, float]


def figures(sets: int, name: str, kind: str) -> Row:
    """Roll a fleet; `kind` is a key of KINDS."""
    throttle, sharing, matrices = KINDS[kind]
    if kind == "unpaced":
        Budget.wait = lambda *_: 0.0  # type: ignore[method-assign]  # in a process of its own
    with TemporaryDirectory() as folder:
        fleet = roll_together(SCENARIO, sets, Path(folder), throttle=throttle, sharing=sharing, matrices=matrices)
    looks = fleet.unwatched
    return Row(
        sets=sets,
        name=name,
        seconds=fleet.seconds,
        times=[each.seconds for each in fleet.rollouts],
        requests=fleet.requests.total(),
        lists=fleet.requests["lists"],
        refused=fleet.refused.total(),
        failed=fleet.failed,
        looks=(looks[len(looks) // 2], looks[len(looks) * 9 // 10], looks[-1]),
        late=sum(seconds > LATE for seconds in looks),
        least=_least(fleet),
    )


def _least(fleet: Fleet) -> tuple[float, float]:
    """Return the lists and the reads that a rollout needs at least, on average.

    Lists: one for the plan; for each batch one before its start, one for each whole minute, and the one that sees it
    ready; one at the end. Reads: those, the reads that are neither lists nor polls, and a poll wherever there is a look
    at a batch.
    """
    looks = [sum(1 + seconds // 60 for seconds in each.batches) for each in fleet.rollouts]
    starts = [len(each.batches) for each in fleet.rollouts]
    count = len(fleet.rollouts)
    lists = (sum(looks) + sum(starts)) / count + 2
    return lists, lists + fleet.requests["reads"] / count + sum(looks) / count


def _asks_for_long(calendar: Any) -> Throttle:
    return Throttle(calendar, retry_after=120)


# the throttle, whether one subscription is shared, and the matrices
KINDS: dict[str, tuple[Callable[[Any], Throttle], bool, Sequence[tuple[int, int]]]] = {
    "unlimited": (Unlimited, False, ()),
    "alone": (Throttle, False, ()),
    "shown": (lambda calendar: Throttle(calendar, gateway_refuses=False), True, ()),
    "refuses": (Throttle, True, ()),
    "long": (_asks_for_long, True, ()),
    "unpaced": (Throttle, True, ()),
    "runs": (Throttle, True, RUNS),
    "long runs": (_asks_for_long, True, RUNS),
}
BY_THEMSELVES = ("alone", "unlimited")  # what all others are compared with


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=1000, help="leave out larger fleets")
    parser.add_argument("--docs", action="store_true", help="renew the table in docs/fleets.md")
    options = parser.parse_args()
    fleets = [
        (1000, "1,000 sets", "refuses"),
        (1000, "1,000 sets, every 429 asks for 120 s", "long"),
        (1000, "1,000 sets in four runs with `max-parallel: 85`", "runs"),
        (1000, "1,000 sets in four such runs, every 429 asks for 120 s", "long runs"),
        (100, "", "alone"),
        (100, "100 sets", "refuses"),
        (100, "100 sets, Resource Manager refuses nothing", "shown"),
        (100, "100 sets, requests not paced", "unpaced"),
        (10, "10 sets", "refuses"),
        (10, "", "unlimited"),
        (1, "1 set", "refuses"),
    ]
    # each in a process of its own: one of them changes the action
    with ProcessPoolExecutor(2, max_tasks_per_child=1) as pool:
        futures = {
            (n, k): pool.submit(figures, n, name, k)
            for n, name, k in fleets
            if n <= options.largest or k in BY_THEMSELVES
        }
        rows = {key: _announced(future) for key, future in futures.items()}
    table = _table(rows)
    print("\n".join(table))
    if options.docs:
        before, _, rest = PAGE.read_text().partition(MARKS[0])
        PAGE.write_text("\n".join([before + MARKS[0], *table, MARKS[1]]) + rest.partition(MARKS[1])[2])
    return _judge(rows)


def _announced(future: Future[Row]) -> Row:
    row = future.result()
    print(f"{row.sets} sets ({row.name or 'each in a subscription of its own'}): {row.seconds:.0f} s", flush=True)
    return row


def _table(rows: dict[tuple[int, str], Row]) -> list[str]:
    """Return the curve as a table in Markdown, smallest fleet first."""
    alone = rows[100, "alone"]
    lines = [
        "| At once | Minutes | Compared with alone | Requests of a set | Its lists | 429 in all | Between two looks |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in sorted((each for each in rows.values() if each.name), key=lambda each: each.sets):
        half, most, longest = row.looks
        cells = (
            row.name,
            f"{row.seconds / 60:.0f}",
            f"{_compared(row, alone):.2f}",
            f"{row.requests / row.sets:.0f}",
            f"{row.lists / row.sets:.0f}",
            f"{row.refused:,}",
            f"{half:.0f}, {most:.0f}, {longest:.0f} s",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _compared(row: Row, alone: Row) -> float:
    """Return the time until the last set is done, compared with the slowest of the same sets alone."""
    return row.seconds / max(alone.times[: row.sets])


def _judge(rows: dict[tuple[int, str], Row]) -> int:
    """Print each figure that has a limit."""
    alone, free = rows[100, "alone"], rows[10, "unlimited"]
    checks = [("rollouts that failed", float(sum(row.failed for row in rows.values())), 0.0)]
    pairs = zip(alone.times, free.times, strict=False)
    checks.append(("one alone, compared with unlimited budgets", max(a / b for a, b in pairs), MOST_ALONE))
    for key, most in (((100, "shown"), MOST_SHOWN), ((100, "refuses"), MOST_REFUSED)):
        if (row := rows.get(key)) is None:
            continue
        checks.append((f"{row.name}: until the last is done", _compared(row, alone), most))
        each = [together / by_itself for together, by_itself in zip(row.times, alone.times, strict=True)]
        checks.append((f"{row.name}: a set, on average", sum(each) / len(each), most))
        checks.append((f"{row.name}: 429", float(row.refused), 0.0))
    for row in (row for row in rows.values() if row.sets > len(alone.times)):
        bound = _bound(row.sets, alone)
        checks.append((f"{row.name}: late looks", float(row.late), 0.0))
        checks.append((f"{row.name}: compared with what the published budgets allow", row.seconds / bound, MOST_BOUND))
    for name, value, most in checks:
        print(f"{name}: {value:.3f} (at most {most}) {'ok' if value <= most else 'TOO MUCH'}")
    return 0 if all(value <= most for _, value, most in checks) else 1


def _bound(sets: int, alone: Row) -> float:
    """Print and return the seconds that so many sets need at least, by one alone and by the published buckets, if each
    batch is looked at once a minute. A fleet that cannot do that may be faster.
    """
    buckets = zip(alone.least, (LISTS, READS), strict=True)
    lists, reads = ((sets * tokens - burst) / refill for tokens, (burst, refill) in buckets)
    needed = "at least {:.1f} lists and {:.1f} reads a set".format(*alone.least)
    print(f"{sets} sets, {needed}: {lists:.0f} s by the lists, {reads:.0f} s by Resource Manager's reads")
    return max(*alone.times, lists, reads)


if __name__ == "__main__":
    raise SystemExit(main())
