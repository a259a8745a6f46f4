"""Drained instances: their health endpoint answers 503, so that the load balancer's probe takes them out.

A drained instance still serves: its open connections end by themselves, and it answers what reaches it until the
probe has taken it out. It is drained until `undrain`, or until an upgrade replaces its OS disk.

Choice that no recording decides: Azure shows the instance unhealthy at once, if its health is that endpoint's.
"""

from dataclasses import replace

from azure_simulator.state.periods import DrainedPeriod
from azure_simulator.state.scale_set import SimulatedScaleSet


def drain(scale_set: SimulatedScaleSet, instance_id: str, now: float) -> None:
    """Put an instance into the drained state from now on, unless it is in it."""
    if instance_id not in drained(scale_set, now):
        scale_set.instances[instance_id].drained_periods.append(DrainedPeriod(now))


def undrain(scale_set: SimulatedScaleSet, instance_id: str, now: float) -> None:
    """Let a drained instance take new connections again, once the probe sees it. Others do already."""
    periods = scale_set.instances[instance_id].drained_periods
    if periods and now < periods[-1].end:
        periods[-1] = replace(periods[-1], end=now)


def drained(scale_set: SimulatedScaleSet, now: float) -> list[str]:
    """Return the ids of the instances that are drained now."""
    return [each.instance_id for each in scale_set.present(now) if scale_set.snapshot(each, now).drained]
