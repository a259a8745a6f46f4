"""A Standard Load Balancer with an HTTP health probe: which instances get new connections at a moment.

Documented ("Azure Load Balancer health probes"): an instance that the probe has taken out gets no new connections, and
its established ones continue; with none in, no new connection goes anywhere. Assumed: new connections are spread
evenly; each instance is probed at a moment of its own; before the beginning the probe knew every instance; a deleted
one leaves the pool at once.
"""

import random
from collections.abc import Iterator

from azure_simulator.scenario.web.traffic import BalancerProbe
from azure_simulator.state.instances import Instance
from azure_simulator.state.scale_set import SimulatedScaleSet


class Balancer:
    """The load balancer of one scale set."""

    def __init__(self, probe: BalancerProbe, scale_set: SimulatedScaleSet) -> None:
        self._probe = probe
        self._set = scale_set
        self._offsets: dict[str, float] = {}

    def members(self, now: float) -> list[Instance]:
        """Return the instances that get new connections now."""
        return [each for each in self._set.instances.values() if self.is_in(each, now)]

    def is_in(self, instance: Instance, now: float) -> bool:
        """Return whether an instance gets new connections: as the last results in a row say that were enough."""
        if not instance.exists(now):
            return False
        result, in_a_row = None, 0
        for moment in self._probed_until(instance, now):
            passed = passes(instance, moment)
            in_a_row = in_a_row + 1 if passed == result else 1
            result = passed
            if in_a_row == self._probe.threshold:
                return passed
        return instance.created_at <= 0 and passes(instance, 0.0)

    def _probed_until(self, instance: Instance, now: float) -> Iterator[float]:
        """Yield the moments at which an instance was probed, the last one first."""
        moment = now - (now - self._offset(instance)) % self._probe.interval
        while moment >= max(0.0, instance.created_at):
            yield moment
            moment -= self._probe.interval

    def _offset(self, instance: Instance) -> float:
        name = instance.instance_id
        if name not in self._offsets:
            draw = random.Random(f"probed:{self._set.seed}:{name}")
            self._offsets[name] = draw.uniform(0.0, self._probe.interval)
        return self._offsets[name]


def serves(instance: Instance, now: float) -> bool:
    """Return whether an instance answers requests, drained or not."""
    return instance.exists(now) and instance.at(now, True).serves


def passes(instance: Instance, now: float) -> bool:
    """Return whether an instance passes the probe: it serves, and is not drained."""
    if not instance.exists(now):
        return False
    snapshot = instance.at(now, True)
    return snapshot.serves and not snapshot.drained
