"""SIGINT and SIGTERM: a signal sets the clock's flag, which ends every sleep. An alarm that follows ends a request that
hangs, and repeats in case a library swallows its exception.
"""

from __future__ import annotations

import signal
from contextlib import nullcontext
from types import FrameType
from typing import Final

from vmss_upgrade.errors import Interrupted
from vmss_upgrade.job.clock import SystemClock

NOT_CANCELLABLE: Final = nullcontext()  # in place of an Interruption, where no signal is listened to
PATIENCE_AFTER_SIGNAL = 0.7  # seconds that a request under way may still take after SIGINT or SIGTERM


class Interruption:
    """The handler of both signals from now on. As a context, it is what they may end; before it and after it nothing is
    broken off: somebody must be there to report it, and the last words must not be cut.
    """

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._may_break_off = False
        self._over = False
        signal.signal(signal.SIGALRM, self._break_off)
        cancelling = (signal.SIGINT, signal.SIGTERM)
        for number in cancelling:
            signal.signal(number, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, cancelling)  # the entrypoint blocked them

    def __enter__(self) -> None:
        """Let signals end a request that hangs, also one that came before."""
        self._may_break_off = True

    def __exit__(self, *_: object) -> None:
        """Let nothing interrupt the last words, which are about to be written."""
        self._over = True
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self._over:
            self._clock.interrupt()
            signal.setitimer(signal.ITIMER_REAL, PATIENCE_AFTER_SIGNAL, PATIENCE_AFTER_SIGNAL)

    def _break_off(self, _number: int, _frame: FrameType | None) -> None:
        if self._may_break_off and not self._over:
            raise Interrupted
