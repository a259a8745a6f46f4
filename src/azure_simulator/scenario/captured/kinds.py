"""The kinds of the values that are read of a captured set: a file that somebody edited may hold others."""

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from azure_simulator.scenario.section import ScenarioError

_NAMES = {str: "text", int: "a whole number of 0 or more", bool: "true or false", dict: "an object", list: "a list"}
_SHOWN = 80  # characters of a wrong value

# field, as the CLI prints it -> its kind; `[]` stands for each entry of a list, and a part comes before what is in it
Kinds = Mapping[str, type]
Path = Sequence[tuple[str, bool]]
_IMAGE: Kinds = {
    "storageProfile": dict,
    "storageProfile.imageReference": dict,
    **{f"storageProfile.imageReference.{name}": str for name in ("id", "publisher", "offer", "sku", "version")},
    "storageProfile.osDisk": dict,
}
OF_MODEL: Kinds = {
    **dict.fromkeys(("id", "name", "location", "etag", "provisioningState", "orchestrationMode", "uniqueId"), str),
    "zones": list,
    "zones[]": str,
    "tags": dict,
    "sku": dict,
    "sku.name": str,
    "sku.capacity": int,
    "plan": dict,
    "identity": dict,
    **dict.fromkeys(("overprovision", "singlePlacementGroup", "zoneBalance"), bool),
    "platformFaultDomainCount": int,
    "automaticRepairsPolicy": dict,
    "automaticRepairsPolicy.enabled": bool,
    "upgradePolicy": dict,
    "upgradePolicy.mode": str,
    "upgradePolicy.automaticOSUpgradePolicy": dict,
    "upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade": bool,
    "upgradePolicy.rollingUpgradePolicy": dict,
    **{
        f"upgradePolicy.rollingUpgradePolicy.{name}": int
        for name in (
            "maxBatchInstancePercent",
            "maxUnhealthyInstancePercent",
            "maxUnhealthyUpgradedInstancePercent",
        )
    },
    "upgradePolicy.rollingUpgradePolicy.pauseTimeBetweenBatches": str,
    **{
        f"upgradePolicy.rollingUpgradePolicy.{name}": bool
        for name in (
            "enableCrossZoneUpgrade",
            "maxSurge",
            "prioritizeUnhealthyInstances",
            "rollbackFailedInstancesOnPolicyBreach",
        )
    },
    "virtualMachineProfile": dict,
    "virtualMachineProfile.priority": str,
    **{f"virtualMachineProfile.{name}": kind for name, kind in _IMAGE.items()},
    **{f"virtualMachineProfile.{name}": dict for name in ("osProfile", "networkProfile", "extensionProfile")},
}
OF_INSTANCE: Kinds = {
    **dict.fromkeys(("instanceId", "id", "name", "location", "provisioningState", "modelDefinitionApplied"), str),
    "zones": list,
    "zones[]": str,
    "tags": dict,
    "latestModelApplied": bool,
    "protectionPolicy": dict,
    "protectionPolicy.protectFromScaleIn": bool,
    "protectionPolicy.protectFromScaleSetActions": bool,
    "hardwareProfile": dict,
    "hardwareProfile.vmSize": str,
    "virtualMachineScaleSet": dict,
    "virtualMachineScaleSet.id": str,
    **_IMAGE,
    "instanceView": dict,
    "instanceView.platformUpdateDomain": int,
    "instanceView.platformFaultDomain": int,
    "instanceView.placementGroupId": str,
    "instanceView.statuses": list,
    "instanceView.statuses[]": dict,
    "instanceView.statuses[].code": str,
    "instanceView.vmHealth": dict,
    "instanceView.vmHealth.status": dict,
    "instanceView.vmHealth.status.code": str,
}


def check_kinds(fields: Mapping[str, Any], kinds: Kinds, source: str) -> None:
    """Raise ScenarioError, which begins with `source`, for the first field that has a value of another kind."""
    for field, kind in kinds.items():
        for value in _values(fields, _path(field)):
            is_negative = type(value) is int and value < 0
            if type(value) is not kind or is_negative:
                raise ScenarioError(f"{source}: {field}: must be {_NAMES[kind]}, but is {json.dumps(value)[:_SHOWN]}")


def _values(value: Any, path: Path) -> Iterator[Any]:
    """Yield every value that is there at the end of a path."""
    if not path:
        yield value
        return
    (name, is_each), *rest = path
    if name in value:
        for entry in value[name] if is_each else [value[name]]:
            yield from _values(entry, rest)


@functools.cache
def _path(field: str) -> Path:
    """Return the names on the way to a field, and of each, whether it is a list of which every entry is meant."""
    return [(name, bool(each)) for name, each, _ in (part.partition("[") for part in field.split("."))]
