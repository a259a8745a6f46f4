"""Signals: what they end, and when they must not."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from vmss_upgrade.errors import Interrupted
from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.job.signals import Interruption

NUMBERS = (signal.SIGALRM, signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def clock() -> Iterator[SystemClock]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield SystemClock()
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_an_alarm_ends_only_what_is_cancellable(clock: SystemClock) -> None:
    interruption = Interruption(clock)
    signal.raise_signal(signal.SIGALRM)  # while the imports take long, nobody is there to report it
    with pytest.raises(Interrupted), interruption:
        signal.raise_signal(signal.SIGALRM)
    signal.raise_signal(signal.SIGALRM)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_came_early_ends_the_first_wait(number: signal.Signals, clock: SystemClock) -> None:
    interruption = Interruption(clock)
    signal.raise_signal(number)
    with pytest.raises(Interrupted), interruption:
        clock.sleep(0)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
