"""Times of a run that people compare: how long each instance took, and how many were healthy when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vmss_upgrade.rollout.history.outcome import BatchRecord


def note_ready(record: BatchRecord, ready: Iterable[str], at: float) -> None:
    """Note which instances of a running batch are ready at a look, and since when without interruption."""
    now_ready = set(ready)
    for id_ in record.batch.instance_ids:
        if id_ not in now_ready:
            record.ready_after.pop(id_, None)
        else:
            record.ready_after.setdefault(id_, at - record.started_at)


def slowest(record: BatchRecord) -> tuple[str, float] | None:
    """Return the instance of a batch that became ready last, and after how long; None if none did, or not all."""
    if not record.ready_after or len(record.ready_after) < len(record.batch.instance_ids):
        return None
    return max(record.ready_after.items(), key=lambda item: item[1])


def floor_line(counts: Sequence[tuple[float, int]], end: float, columns: int) -> list[int]:
    """Return the lowest count in each of so many equal parts of the time until `end`. A count lasts until the next."""
    start = counts[0][0]
    width = (end - start) / columns
    lows = []
    for column in range(columns):
        begin, stop = start + column * width, start + (column + 1) * width
        before = [count for at, count in counts if at <= begin][-1:]
        lows.append(min(before + [count for at, count in counts if begin < at < stop]))
    return lows


@dataclass(frozen=True, slots=True)
class LowestHealthy:
    """The fewest instances known to be healthy, when (seconds since the rollout began), and then: the floor, and of how
    many.
    """

    count: int
    at: float
    floor: int = 0
    of: int = 0

    def is_lower(self, other: LowestHealthy) -> bool:
        """Return whether fewer were healthy, or as few although more had to be."""
        return (self.count, -self.floor) < (other.count, -other.floor)
