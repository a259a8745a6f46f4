"""Which instances a rolling upgrade counts as unhealthy, and the failures that too many of them are.

The texts are reported: microsoft/AzureTRE#1591, opencb/opencga#987, and of a start that is refused in a log of
PowerShell (hashicorp/terraform-provider-azurerm#15196 has its beginning).

Choices that no source decides: an instance that reports no health counts as unhealthy (the reports say "unhealthy or
unreachable"), also while it is created (opencb/opencga#987); a deallocated one has no health, and does not count.
"""

from collections.abc import Collection

from azure_simulator.state.instances import Instance
from azure_simulator.state.operations import Failure
from azure_simulator.state.rolling_upgrades import Turn
from azure_simulator.state.scale_set import SimulatedScaleSet

UNHEALTHY: Failure = ("", "Instance found to be unhealthy or unreachable.")


def is_unhealthy(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> bool:
    """Return whether a rolling upgrade counts an instance as unhealthy now."""
    snapshot = scale_set.snapshot(instance, now)
    if snapshot.provisioning == "Failed":
        return True
    counts = scale_set.has_signal and snapshot.provisioning != "Deleting" and snapshot.power != "deallocated"
    return counts and snapshot.reported is not True


def exceeds(scale_set: SimulatedScaleSet, instances: Collection[Instance], most: int, now: float) -> bool:
    """Return whether more than `most` percent of the instances are unhealthy now."""
    return 100 * _count(scale_set, instances, now) > most * len(instances)


def refused_at_start(
    scale_set: SimulatedScaleSet, instances: Collection[Instance], most: int, now: float
) -> Failure | None:
    """Return how a rolling upgrade fails before its first batch, if too many instances are unhealthy by then."""
    if not exceeds(scale_set, instances, most, now):
        return None
    return "MaxUnhealthyInstancePercentExceededBeforeRollingUpgrade", (
        "Rolling Upgrade failed due to exceeding the MaxUnhealthyInstancePercent value (defined in the "
        f"RollingUpgradePolicy) before any batch was attempted. {_percent(scale_set, instances, now)}% of instances "
        f"are in an unhealthy state, more than the threshold of {most}% configured in the RollingUpgradePolicy. The "
        f"most impactful error is:  {UNHEALTHY[1]} For details on rolling upgrades, use "
        "http://aka.ms/AzureVMSSRollingUpgrade"
    )


def breached_between_batches(
    scale_set: SimulatedScaleSet, instances: Collection[Instance], most: int, now: float
) -> Failure | None:
    """Return how a rolling upgrade fails before a later batch, if too many of all instances are unhealthy by then."""
    if not exceeds(scale_set, instances, most, now):
        return None
    return "MaxUnhealthyInstancePercentExceededInRollingUpgrade", (
        "Rolling Upgrade failed after exceeding the MaxUnhealthyInstancePercent value defined in the "
        f"RollingUpgradePolicy. {_percent(scale_set, instances, now)}% of instances are in an unhealthy state - more "
        f"than the threshold of {most}%. To apply upgrades, consider increasing the MaxUnhealthyInstancePercent value."
    )


def breached_by_upgraded(
    scale_set: SimulatedScaleSet, turns: Collection[Turn], most: int, now: float
) -> Failure | None:
    """Return how a rolling upgrade fails after a batch, if too many of the upgraded instances are unhealthy by then."""
    upgraded = [turn.upgraded for turn in turns]
    if not exceeds(scale_set, upgraded, most, now):
        return None
    worst = next((turn.failure[1] for turn in turns if turn.failure is not None), UNHEALTHY[1])
    first = next(each for each in upgraded if is_unhealthy(scale_set, each, now)).instance_id
    return "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade", (
        "Rolling Upgrade failed after exceeding the MaxUnhealthyUpgradedInstancePercent value defined in the "
        f"RollingUpgradePolicy. {_percent(scale_set, upgraded, now)}% of instances are in an unhealthy state after "
        f"being upgraded - more than the threshold of {most}%. The most impactful error is: {worst}. First failed "
        f"instance ID is: {first}."
    )


def _count(scale_set: SimulatedScaleSet, instances: Collection[Instance], now: float) -> int:
    return sum(is_unhealthy(scale_set, each, now) for each in instances)


def _percent(scale_set: SimulatedScaleSet, instances: Collection[Instance], now: float) -> int:
    return round(100 * _count(scale_set, instances, now) / max(1, len(instances)))
