"""Scale sets that wait until they are at rest, all at the same time: meanwhile others are planned."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Generic, TypeVar

from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.ports import Clock
from vmss_upgrade.rollout.history.events import Event, Waiting

T = TypeVar("T")


class OwnClock:
    """The clock of one scale set: what passes while others have their turns counts for its next sleep."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left_at: float | None = None

    def leave(self) -> None:
        """Let others have their turns from now on, until the next sleep."""
        self._left_at = self._clock.now()

    def now(self) -> float:
        """Return the seconds since an arbitrary point."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Wait for what is left of a time. Raises Interrupted when the run is cancelled."""
        left_at, self._left_at = self._left_at, None
        passed = 0.0 if left_at is None else self._clock.now() - left_at
        self._clock.sleep(max(0.0, seconds - passed))


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """What the task of a number said, or, without an event, its result."""

    number: int
    event: Event | None = None
    result: T | None = None


def in_turns(tasks: Sequence[Callable[[OwnClock], Steps[T]]], clock: Clock) -> Iterator[Said[T]]:
    """Carry out the tasks, one after the other; one that waits until its scale set is at rest lets others go on.

    Whatever else is waited for, such as Azure's leave to ask, holds back all of them.
    """
    left = list(enumerate(tasks))[::-1]
    waiting: list[tuple[float, int, OwnClock, Generator[Event, None, T]]] = []
    while left or waiting:
        if waiting and (not left or waiting[0][0] <= clock.now()):
            _, number, own, steps = heappop(waiting)
        else:
            number, begin = left.pop()
            own = OwnClock(clock)
            steps = begin(own)
        while True:
            try:
                event = next(steps)
            except StopIteration as stop:
                yield Said(number, result=stop.value)
                break
            yield Said(number, event)
            if isinstance(event, Waiting) and event.for_rest:
                own.leave()
                heappush(waiting, (clock.now() + event.seconds, number, own, steps))
                break
