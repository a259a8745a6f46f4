"""A Standard Load Balancer with an HTTP health probe: which instances get new connections at a moment.

Documented ("Azure Load Balancer health probes"): an instance that the probe has taken out gets no new connections, and
its established ones continue; with none in, no new connection goes anywhere. Assumed: new connections are spread
evenly; each instance is probed at a moment of its own; before the beginning the probe knew every instance; a deleted
one leaves the pool at once.
"""

import math
import random
from collections.abc import Iterator

from azure_simulator.scenario.web.traffic import BalancerProbe
from azure_simulator.state.instances import Instance
from azure_simulator.state.scale_set import SimulatedScaleSet


class Balancer:
    """The load balancer of one scale set."""

    def __init__(self, probe: BalancerProbe, scale_set: SimulatedScaleSet) -> None:
        self._probe = probe
        self.scale_set = scale_set
        self._offsets: dict[str, float] = {}

    def members(self, now: float) -> list[Instance]:
        """Return the instances that get new connections now."""
        return [each for each in self.scale_set.instances.values() if self.is_in(each, now)]

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
        return passes(instance, 0.0)

    def probed(self, instance: Instance, until: float) -> list[float]:
        """Return the moments at which an instance was probed, the first one first."""
        return [*self._probed_until(instance, until)][::-1]

    def _probed_until(self, instance: Instance, now: float) -> Iterator[float]:
        """Yield the moments at which an instance was probed, the last one first."""
        first = self._offset(instance)
        # The small amount keeps a moment that is a probe's own on the right side of it.
        number = math.floor((now - first) / self._probe.interval + 1e-9)
        while number >= 0:
            yield first + number * self._probe.interval
            number -= 1

    def _offset(self, instance: Instance) -> float:
        name = instance.instance_id
        if name not in self._offsets:
            draw = random.Random(f"probed:{self.scale_set.seed}:{name}")
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
