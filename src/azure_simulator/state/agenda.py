"""What the scenario wants to happen to the set, and when: at a moment, after an upgrade, or after an update; and what
it wants to be shown late.
"""

import heapq
import itertools
from collections.abc import Sequence

from azure_simulator.scenario.events import Event
from azure_simulator.scenario.faults import (
    ConflictWindow,
    HealthLags,
    InstanceFault,
    ListLags,
    ModelLags,
    Trigger,
    Window,
)
from azure_simulator.scenario.scenario import Fault
from azure_simulator.state.periods import FOREVER


class Agenda:
    """The faults of a scenario: its events in the order of their moments, and the moments that they count from."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.health_lags = [fault for fault in faults if isinstance(fault, HealthLags)]
        self.model_lags = [fault for fault in faults if isinstance(fault, ModelLags)]
        self._list_lags = [fault for fault in faults if isinstance(fault, ListLags)]
        self._conflicts = [fault for fault in faults if isinstance(fault, ConflictWindow)]
        self._instance_faults = [fault for fault in faults if isinstance(fault, InstanceFault)]
        self._events = [fault for fault in faults if isinstance(fault, Event)]
        self._due: list[tuple[float, int, Event]] = []
        self._order = itertools.count()
        self._upgraded_at: list[float] = []
        self._updated_at: list[float] = []

    def begin(self) -> None:
        """Plan the events that have a moment of their own."""
        for event in self._events:
            if event.when.at is not None:
                self._plan(event.when.at, event)

    def note_upgrade(self, now: float) -> None:
        """Note an accepted manualupgrade, and plan the events that come after it."""
        self._upgraded_at.append(now)
        for event in self._events:
            if event.when.after_upgrade == len(self._upgraded_at):
                self._plan(now + event.when.delay, event)

    def note_update(self, now: float) -> None:
        """Note an update of the set, and plan the events that come after it."""
        self._updated_at.append(now)
        for event in self._events:
            if event.when.after_update == len(self._updated_at):
                self._plan(now + event.when.delay, event)

    def take_due(self, now: float) -> tuple[float, Event] | None:
        """Take off the next event whose moment has come, and return it with that moment; None when there is none."""
        if not self._due or self._due[0][0] > now:
            return None
        moment, _, event = heapq.heappop(self._due)
        return moment, event

    def is_during(self, window: Window | None, now: float) -> bool:
        """Return whether a window of the scenario is open now; None is always open."""
        if window is None:
            return True
        start = self._moment_of(window.start)
        return start <= now < start + (FOREVER if window.seconds is None else window.seconds)

    def listed_at(self, now: float) -> float:
        """Return the moment that a list of instances shows now."""
        return now - self._lag(self._list_lags, now)

    def shown_at(self, now: float) -> float:
        """Return the moment that a GET of the set shows now."""
        return now - self._lag(self.model_lags, now)

    @property
    def shows_late(self) -> bool:
        """Return whether what is shown may be older than the moment."""
        return bool(self.health_lags or self.model_lags or self._list_lags)

    def faults_of(self, instance_id: str) -> list[InstanceFault]:
        """Return the faults that strike upgrades of this instance."""
        return [fault for fault in self._instance_faults if fault.instance in ("*", instance_id)]

    def conflict_seconds(self) -> float:
        """Return for how long after an update a manualupgrade is a conflict."""
        return max((fault.seconds for fault in self._conflicts), default=0.0)

    def forget(self) -> None:
        """Forget the upgrades and updates of a set that was deleted."""
        self._upgraded_at, self._updated_at = [], []

    def _lag(self, faults: Sequence[ListLags | ModelLags], now: float) -> float:
        lags = [fault.seconds for fault in faults if self.is_during(fault.during, now)]
        return min(now, max(lags, default=0.0))

    def _moment_of(self, trigger: Trigger) -> float:
        """Return when a trigger comes or came; infinite while that is unknown."""
        if trigger.at is not None:
            return trigger.at
        moments, number = (
            (self._upgraded_at, trigger.after_upgrade)
            if trigger.after_update is None
            else (self._updated_at, trigger.after_update)
        )
        return moments[number - 1] + trigger.delay if number and number <= len(moments) else FOREVER

    def _plan(self, moment: float, event: Event) -> None:
        heapq.heappush(self._due, (moment, next(self._order), event))
