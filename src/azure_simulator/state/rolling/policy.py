"""What a `rollingUpgradePolicy` says: how a set is divided into batches, and how much may be unhealthy.

Documented: a batch has at most `maxBatchInstancePercent` of all instances, and at least one; `enableCrossZoneUpgrade`
ignores the zones, and then update domain and percentage decide; `prioritizeUnhealthyInstances` upgrades all unhealthy
instances before any healthy one; `maxUnhealthyUpgradedInstancePercent` is a share of the upgraded instances (so the API
says, and the reported failures of 100%; the how-to page says of all instances, which lets more fail).

Choices that no source decides: a batch never has instances of two update domains, of no set; where instances have no
update domain, the zone alone divides. Domains and zones come in their order. Azure may make a batch smaller than that
while others are unhealthy; here it never does.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from azure_simulator.state.instances import Instance
from azure_simulator.wire.set_defaults import POLICY


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingPolicy:
    """A rolling upgrade policy with its defaults."""

    batch_percent: int
    unhealthy_percent: int
    unhealthy_upgraded_percent: int
    pause_seconds: float
    unhealthy_first: bool
    crosses_zones: bool
    goes_back: bool
    surges: bool


def effective(given: dict[str, Any] | None) -> dict[str, Any]:
    """Return a policy's JSON with its defaults."""
    return {**POLICY, **{name: value for name, value in (given or {}).items() if value is not None}}


def read_policy(given: dict[str, Any]) -> RollingPolicy:
    """Return what a policy's JSON says."""
    full = effective(given)
    return RollingPolicy(
        batch_percent=int(full["maxBatchInstancePercent"]),
        unhealthy_percent=int(full["maxUnhealthyInstancePercent"]),
        unhealthy_upgraded_percent=int(full["maxUnhealthyUpgradedInstancePercent"]),
        pause_seconds=_seconds(str(full["pauseTimeBetweenBatches"])),
        unhealthy_first=bool(full.get("prioritizeUnhealthyInstances")),
        crosses_zones=bool(full.get("enableCrossZoneUpgrade")),
        goes_back=bool(full.get("rollbackFailedInstancesOnPolicyBreach")),
        surges=bool(full.get("maxSurge")),
    )


def batches_of(
    instances: Iterable[Instance], total: int, policy: RollingPolicy, is_unhealthy: Callable[[Instance], bool]
) -> list[list[Instance]]:
    """Return the batches that `instances` are upgraded in, of a set that has `total` instances."""
    size = max(1, total * policy.batch_percent // 100)

    def place(instance: Instance) -> tuple[bool, str, int]:
        healthy = policy.unhealthy_first and not is_unhealthy(instance)
        zone = "" if policy.crosses_zones else instance.zone or ""
        return healthy, zone, -1 if instance.update_domain is None else instance.update_domain

    together: dict[tuple[bool, str, int], list[Instance]] = {}
    for instance in instances:
        together.setdefault(place(instance), []).append(instance)
    return [
        group[first : first + size] for _, group in sorted(together.items()) for first in range(0, len(group), size)
    ]


def _seconds(duration: str) -> float:
    """Return the seconds of an ISO 8601 duration of hours, minutes and seconds; 0 for anything else."""
    parts = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?", duration)
    return (
        sum(float(part or 0) * unit for part, unit in zip(parts.groups(), (3600, 60, 1), strict=True)) if parts else 0
    )
