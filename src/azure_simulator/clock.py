"""The only places where the simulator meets time."""

import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the simulator needs of time. Seconds; `now` starts at 0."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class VirtualClock:
    """Time that advances only during a sleep, so that a run is deterministic.

    `pace` is how many real seconds a virtual second takes: 0 jumps, 1/60 plays a minute a second, 1 is real. For one
    thread at a time.
    """

    def __init__(self, pace: float = 0.0) -> None:
        if pace < 0:
            raise ValueError(f"pace must not be negative, but is {pace}")
        self._pace = pace
        self._began = datetime(2026, 1, 1, tzinfo=UTC).timestamp()  # as the calendar of a simulation does
        self._now = 0.0
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Return the virtual seconds since the clock was made."""
        return self._now

    def unix_time(self) -> float:
        """Return the date as seconds since 1970; the clock is made at the beginning of a simulation."""
        return self._began + self._now

    def sleep(self, seconds: float) -> None:
        """Advance by exactly `seconds`, not at all for 0 or less; run what `call_at` planned on the way.

        An exception that such a call raises ends the sleep at that moment.
        """
        end = self._now + max(0.0, seconds)
        while self._calls and self._calls[0][0] <= end:
            when, _, action = heapq.heappop(self._calls)
            self._advance_to(when)
            action()
        self._advance_to(end)

    def call_at(self, when: float, action: Callable[[], None]) -> None:
        """Run `action` once, when a sleep reaches `when`; `now()` is then exactly `when`.

        Raises ValueError for a moment that has passed.
        """
        if when < self._now:
            raise ValueError(f"it is {self._now} s already, so nothing can be called at {when} s")
        heapq.heappush(self._calls, (when, next(self._order), action))

    def _advance_to(self, moment: float) -> None:
        if moment <= self._now:
            return
        if self._pace > 0:
            time.sleep((moment - self._now) * self._pace)
        self._now = moment


class WallClock:
    """Time that passes by itself, for clients in other processes. `pace` as in VirtualClock, above 0."""

    def __init__(self, pace: float = 1.0) -> None:
        if pace <= 0:
            raise ValueError(f"pace must be above 0, but is {pace}")
        self._pace = pace
        self._started = time.monotonic()

    def now(self) -> float:
        """Return the simulated seconds since the clock was made."""
        return (time.monotonic() - self._started) / self._pace

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of simulated time."""
        time.sleep(max(0.0, seconds) * self._pace)


def wall_seconds() -> int:
    """Return Unix time, for the one thing that a client compares with its own wall clock: a token's `exp`."""
    return int(time.time())
