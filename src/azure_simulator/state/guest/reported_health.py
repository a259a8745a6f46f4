"""The health that Azure shows of an instance, which may be older than the instance's own.

A choice that no recording decides: the `time` of a health status in an instance view (documented, InstanceViewStatus)
is the moment since which that health has been reported.
"""

import dataclasses

from azure_simulator.scenario.faults import HealthLags
from azure_simulator.state.instances import Instance, Snapshot


def reported(instance: Instance, snapshot: Snapshot, now: float, lag: HealthLags, has_signal: bool) -> Snapshot:
    """Return `snapshot` with the health that Azure shows: that from before an upgrade, until a while after it."""
    seen_at = now
    for upgrade in instance.upgrades:
        if upgrade.started_at <= now < upgrade.ended_at + lag.seconds:
            seen_at = min(seen_at, upgrade.started_at)
    if seen_at < now:
        # The instance just before its upgrade, while it still reported its health.
        before = [each for each in instance.upgrades if each.started_at < seen_at]
        seen = dataclasses.replace(instance, upgrades=before).at(seen_at, has_signal)
        instance, healthy = dataclasses.replace(instance, upgrades=before), seen.healthy
    else:
        healthy = snapshot.healthy
    since = _since(instance, seen_at, has_signal) if lag.time and healthy is not None else None
    return dataclasses.replace(snapshot, reported=healthy, reported_at=since)


def _since(instance: Instance, now: float, has_signal: bool) -> float:
    """Return since when the instance has been as healthy as it is now."""
    healthy, since = instance.at(now, has_signal).healthy, now
    for moment in sorted(instance.changes(now), reverse=True):
        if instance.at(moment, has_signal).healthy is not healthy:
            break
        since = moment
    return since
