"""Real time, with a sleep that a cancelled job interrupts."""

from __future__ import annotations

import time

from vmss_upgrade.errors import Interrupted

SLICE = 0.1  # seconds; the longest that a cancelled job waits for a sleep to end


class SystemClock:
    """Monotonic time. After `interrupt` every sleep raises Interrupted, also the one under way."""

    def __init__(self) -> None:
        self._interrupted = False

    def now(self) -> float:
        """Return seconds since an arbitrary point."""
        return time.monotonic()

    def unix_time(self) -> float:
        """Return the date as seconds since 1970."""
        return unix_time()

    def sleep(self, seconds: float) -> None:
        """Wait in slices, so that an interrupt is noticed within one of them."""
        end = self.now() + seconds
        while not self._interrupted and self.now() < end:
            time.sleep(min(SLICE, end - self.now()) if end > self.now() else 0)
        self.check()

    def check(self) -> None:
        """Raise Interrupted if the run was cancelled."""
        if self._interrupted:
            raise Interrupted

    def interrupt(self) -> None:
        """Cancel the run. May be called from a signal handler."""
        self._interrupted = True


def date_by(clock: object) -> float | None:
    """Return the date by a clock, as seconds since 1970; None if the clock knows no date."""
    tell = getattr(clock, "unix_time", None)
    return float(tell()) if tell is not None else None


def unix_time() -> float:
    """Return seconds since 1970, for the expiry of tokens; durations are measured with a clock instead."""
    return time.time()
