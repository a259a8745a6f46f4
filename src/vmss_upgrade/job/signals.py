"""SIGINT and SIGTERM: a signal sets the clock's flag, which ends every sleep. An alarm that follows ends a request that
hangs, and repeats in case a library swallows its exception.
"""

from __future__ import annotations

import signal
from types import FrameType

from vmss_upgrade.errors import Interrupted
from vmss_upgrade.job.clock import SystemClock

PATIENCE_AFTER_SIGNAL = 0.7  # seconds that a request under way may still take after SIGINT or SIGTERM


class Interruption:
    """The handler of both signals from now on: it interrupts the clock, and ends a request that hangs."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._over = False
        signal.signal(signal.SIGALRM, self._break_off)
        cancelling = (signal.SIGINT, signal.SIGTERM)
        for number in cancelling:
            signal.signal(number, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, cancelling)  # the entrypoint blocked them

    def disarm(self) -> None:
        """Let nothing interrupt the last words, which are about to be written."""
        self._over = True
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self._over:
            self._clock.interrupt()
            signal.setitimer(signal.ITIMER_REAL, PATIENCE_AFTER_SIGNAL, PATIENCE_AFTER_SIGNAL)

    def _break_off(self, _number: int, _frame: FrameType | None) -> None:
        if not self._over:
            raise Interrupted
