"""The truth about a simulation that Azure shows to no client: for tests and for the demo."""

import threading
from abc import ABC, abstractmethod

from azure_simulator.bodies.truth import (
    CommandRecord,
    InstanceState,
    RequestRecord,
    UpgradeRecord,
    as_json,
    command_records,
    drained_instances,
    instance_states,
    lowest_available,
    upgrade_records,
)
from azure_simulator.clock import Clock
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.traffic.balancer import Balancer
from azure_simulator.traffic.clients import SeenByClients, seen_by_clients


class Observed(ABC):
    """A simulation that can be looked at."""

    scenario: Scenario
    requests: list[RequestRecord]
    _clock: Clock
    _lock: threading.Lock
    _set: SimulatedScaleSet
    _balancer: Balancer

    @abstractmethod
    def _settle(self) -> float:
        """Let everything happen that is due, and return the moment."""

    def instances(self, at: float | None = None) -> list[InstanceState]:
        """Return all instances that exist now, or existed at an earlier moment, in the order of their numbers."""
        with self._lock:
            now = self._settle()
            return instance_states(self._set, now if at is None else at)

    @property
    def upgrades(self) -> list[UpgradeRecord]:
        """Return one record per accepted manualupgrade, oldest first."""
        with self._lock:
            self._settle()
            return upgrade_records(self._set)

    @property
    def repairs_suspended(self) -> bool:
        """Return whether automatic repairs are suspended."""
        with self._lock:
            return self._set.repairs_suspended

    @property
    def is_rolling(self) -> bool:
        """Return whether a rolling upgrade that a write of the model has started is at work."""
        with self._lock:
            now, rolling = self._settle(), self._set.rolling
            return rolling is not None and rolling.of_model and rolling.running(now)

    @property
    def commands(self) -> list[CommandRecord]:
        """Return one record per managed command that exists or ever did, of instances that are gone too."""
        with self._lock:
            return command_records(self._set, self._settle())

    @property
    def drained(self) -> list[str]:
        """Return the instances that `drain` has drained, and that neither `undrain` nor an upgrade has put back."""
        with self._lock:
            return drained_instances(self._set, self._settle())

    @property
    def capacity(self) -> int:
        """How many instances the set is to have."""
        return self._set.capacity

    def lowest_available(self) -> int:
        """Return the lowest number of available instances at any moment from 0 to now, exactly."""
        with self._lock:
            now = self._settle()
            return lowest_available(self._set.instances.values(), now, self._set.has_signal)

    def seen_by_clients(self) -> SeenByClients | None:
        """Return what the clients have seen until now; None where the scenario has no `traffic`."""
        with self._lock:
            now, traffic = self._settle(), self.scenario.traffic
            return None if traffic is None else seen_by_clients(traffic, self._balancer, now)

    def state(self) -> dict[str, object]:
        """Return all of the above as JSON, "never" as null, for tests from outside. Azure has no such thing."""
        return {
            "now": self._clock.now(),
            "instances": [as_json(each) for each in self.instances()],
            "upgrades": [as_json(each) for each in self.upgrades],
            "commands": [as_json(each) for each in self.commands],
            "drained": self.drained,
            "lowest_available": self.lowest_available(),
            "repairs_suspended": self.repairs_suspended,
            "requests": [as_json(each) for each in list(self.requests)],
        }
