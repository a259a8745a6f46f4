"""What the body of a write must look like: the types of its parts, and the parts that no set can be without."""

from typing import Any

from azure_simulator.wire.errors import refusal
from azure_simulator.wire.merging import REPLACED_WHOLE
from azure_simulator.wire.set_model import has_health_signal, upgrade_mode

# Parts that are objects, and lists of objects, wherever they occur; the lists whose objects need a name.
_OBJECTS = (
    "automaticOSUpgradePolicy", "automaticRepairsPolicy", "dnsSettings", "extensionProfile",
    "externalHealthPolicy", "healthProbe", "identity", "image", "imageReference", "linuxConfiguration",
    "managedDisk", "networkProfile", "osDisk", "osProfile", "plan", "properties", "protectionPolicy",
    "rollingUpgradePolicy", "securityProfile", "storageProfile", "tags", "upgradePolicy",
    "virtualMachineProfile", "windowsConfiguration",
)  # fmt: skip
_LISTS = ("dataDisks", "extensions", "ipConfigurations", "networkInterfaceConfigurations")
_NAMED = ("extensions", "networkInterfaceConfigurations")
_NUMBERS = (
    "maxBatchInstancePercent", "maxUnhealthyInstancePercent", "maxUnhealthyUpgradedInstancePercent",
    "platformFaultDomainCount",
)  # fmt: skip


def check_shape(body: dict[str, Any]) -> None:
    """Raise Refusal 400 for a part of a request that has the wrong JSON type.

    null is accepted: it removes (except for the capacity, without which there is no number of instances).
    """
    # An image has a sku too, which is a string.
    sku = body.get("sku")
    if sku is not None and not isinstance(sku, dict):
        raise refusal("invalid-parameter", parameter="sku")
    if sku is not None and "capacity" in sku and not _is_number(sku["capacity"]):
        raise refusal("invalid-parameter", parameter="capacity")
    _check_parts({name: value for name, value in body.items() if name != "sku"})


def check_whole(model: dict[str, Any]) -> None:
    """Raise Refusal 400 when a merge has left a set without a part that no set can be without."""
    properties = model.get("properties") or {}
    profile = properties.get("virtualMachineProfile") or {}
    there = {
        "location": model.get("location"),
        "sku": model.get("sku"),
        "properties": properties,
        "virtualMachineProfile": profile,
        "storageProfile": profile.get("storageProfile"),
    }
    missing = next((name for name, part in there.items() if not part), None)
    if missing is not None:
        raise refusal("invalid-parameter", parameter=missing)


def check_rolling(model: dict[str, Any]) -> None:
    """Raise Refusal 400 for mode Rolling without a source of health."""
    if upgrade_mode(model) == "Rolling" and not has_health_signal(model):
        raise refusal("rolling-without-probe")


def _check_parts(part: dict[str, Any]) -> None:
    for name, value in part.items():
        if value is None:
            continue
        if not _has_its_type(name, value):
            raise refusal("invalid-parameter", parameter=name)
        if name in _LISTS:
            for entry in value:
                _check_parts(entry)
        elif isinstance(value, dict) and name not in REPLACED_WHOLE:
            _check_parts(value)


def _has_its_type(name: str, value: Any) -> bool:
    if name in _LISTS:
        return isinstance(value, list) and all(isinstance(each, dict) and _is_named(name, each) for each in value)
    if name == "zones":
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if name in _NUMBERS:
        return _is_number(value)
    if name == "imageReference":
        return isinstance(value, dict) and all(isinstance(each, str | None) for each in value.values())
    return isinstance(value, dict) if name in _OBJECTS else True


def _is_named(kind: str, part: dict[str, Any]) -> bool:
    return kind not in _NAMED or isinstance(part.get("name"), str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
