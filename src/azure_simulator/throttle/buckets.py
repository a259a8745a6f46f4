"""Token buckets that fill as time passes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BucketSize:
    burst: float
    per_minute: float


class Buckets:
    """Named buckets, full at the beginning. A name with an owner is a bucket of that owner's."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def level(self, name: str, owner: str, size: BucketSize, now: float) -> float:
        level, since = self._levels.get((name, owner), (size.burst, now))
        return min(size.burst, level + (now - since) * size.per_minute / 60)

    def fill(self, name: str, owner: str, level: float, now: float) -> None:
        self._levels[name, owner] = (level, now)
