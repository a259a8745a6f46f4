"""Times in which an instance is not as usual: unhealthy, being changed, or drained."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

FOREVER = math.inf


@dataclass(frozen=True, slots=True)
class UnhealthyPeriod:
    """A time in which an instance is unhealthy: from `start` until `end`.

    With `flap_seconds`, it is unhealthy in every other stretch of that length only. With `relapses_after`, it is
    unhealthy for ever from so many seconds after `end` on.
    """

    start: float
    end: float = FOREVER
    flap_seconds: float | None = None
    relapses_after: float | None = None

    def at(self, now: float) -> bool:
        """Return whether the instance is unhealthy now."""
        if self.relapses_after is not None and now >= self.end + self.relapses_after:
            return True
        if not self.start <= now < self.end:
            return False
        if self.flap_seconds is None:
            return True
        # The small amount keeps a change that falls exactly on a multiple on the right side of it.
        return math.floor((now - self.start) / self.flap_seconds + 1e-9) % 2 == 0

    def changes(self, until: float) -> Iterator[float]:
        """Yield the moments up to `until` at which `at` may change."""
        yield self.start
        yield self.end
        if self.relapses_after is not None:
            yield self.end + self.relapses_after
        moment = self.start
        while self.flap_seconds is not None and (moment := moment + self.flap_seconds) < min(self.end, until):
            yield moment


@dataclass(frozen=True, slots=True)
class StatePeriod:
    """A provisioning state other than that of an upgrade, from `start` to `end`: an action runs."""

    start: float
    end: float
    state: str = "Updating"


@dataclass(frozen=True, slots=True)
class DrainedPeriod(StatePeriod):
    """A time in which an instance is drained. `unhealthy`: Azure shows that, too, since its health says so."""

    end: float = FOREVER
    unhealthy: bool = True
