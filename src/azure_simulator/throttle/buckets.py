"""Token buckets that fill as time passes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BucketSize:
    """How many tokens a bucket holds, and how many it gains per minute."""

    burst: float
    per_minute: float


class Buckets:
    """Named buckets, full at the beginning. A name with an owner is a bucket of that owner."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def level(self, name: str, owner: str, size: BucketSize, now: float) -> float:
        """Return how many tokens a bucket holds now."""
        level, since = self._levels.get((name, owner), (size.burst, now))
        return min(size.burst, level + (now - since) * size.per_minute / 60)

    def fill(self, name: str, owner: str, level: float, now: float) -> None:
        """Set how many tokens a bucket holds now."""
        self._levels[name, owner] = (level, now)
