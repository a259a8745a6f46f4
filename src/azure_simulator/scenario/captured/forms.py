"""Turns what the CLI prints into the form in which Resource Manager writes it.

The CLI flattens `properties` into the resource, and into many of its parts, and prints null for what is missing.
"""

import functools
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


# What a resource has next to `properties`; everything else of a flattened one belongs inside.
_TOP_LEVEL = {
    "name", "id", "type", "location", "tags", "sku", "etag", "zones", "identity", "plan", "instanceId",
    "extendedLocation", "managedBy", "placement", "resourceGroup", "resources", "systemData", "properties",
}  # fmt: skip
# What `az vm list -d` and `az vm show -d` add from other resources.
_OF_OTHERS = ("powerState", "publicIps", "privateIps", "fqdns", "macAddresses")
# What the CLI calls the `type` of an extension, which its resource's own `type` would hide.
_TYPES_OF_EXTENSIONS = ("typePropertiesType", "virtualMachineExtensionType")
# Names that are read here and elsewhere in the simulator, as Azure spells them.
_SPELLED = {
    name.lower(): name
    for name in (
        *_TOP_LEVEL, *_OF_OTHERS, *_TYPES_OF_EXTENSIONS, "capacity", "code", "communityGalleryImageId", "exactVersion",
        "extensionProfile", "extensions", "hardwareProfile", "healthProbe", "imageReference", "instanceView",
        "hyperVGeneration", "ipConfigurations", "latestModelApplied", "linuxConfiguration", "message", "mode",
        "modelDefinitionApplied", "networkInterfaceConfigurations", "networkInterfaces", "networkProfile",
        "networkProfileConfiguration", "offer", "orchestrationMode", "osDisk", "osProfile", "osType",
        "placementGroupId", "platformFaultDomain", "platformUpdateDomain", "protectFromScaleIn",
        "protectFromScaleSetActions", "protectionPolicy", "provisioningState", "publisher",
        "publicIPAddressConfiguration", "sharedGalleryImageId", "status", "statuses", "storageProfile", "time",
        "upgradePolicy", "uri", "version", "virtualMachineProfile", "virtualMachineScaleSet", "vmHealth", "vmSize",
        "windowsConfiguration",
    )
}  # fmt: skip
# Parts whose names are the customer's own.
_FREE = ("tags", "settings", "protectedSettings")


def arm_form(resource: Json, check: Callable[[Json], None] = lambda _fields: None) -> Json:
    """Return a resource as Azure writes it. `check` gets its fields, before anything looks into them."""
    resource = _tidy(resource)
    top = {
        key: value
        for key, value in resource.items()
        if key in _TOP_LEVEL and key not in ("resourceGroup", "properties")
    }
    flattened = {key: value for key, value in resource.items() if key not in _TOP_LEVEL and key not in _OF_OTHERS}
    properties = {**flattened, **resource.get("properties", {})}
    check({**top, **properties})
    if "resources" in top:
        top["resources"] = [_wrapped_resource(each) for each in top["resources"]]
    if "powerState" in resource:
        _show_power(properties, str(resource["powerState"]))
    for profile in (properties, properties.get("virtualMachineProfile") or {}):
        _wrap_parts(profile)
    return {**top, "properties": properties}


def _tidy(value: Any) -> Any:
    """Return JSON with the known names spelled as Azure spells them, and without null, by which the CLI prints what is
    missing.
    """
    if isinstance(value, list):
        return [_tidy(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    named = {_azures(name): entry for name, entry in value.items() if entry is not None}
    return {name: _without_nulls(entry) if name in _FREE else _tidy(entry) for name, entry in named.items()}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(entry) for name, entry in value.items() if entry is not None}
    return [_without_nulls(entry) for entry in value] if isinstance(value, list) else value


@functools.lru_cache(maxsize=1024)  # the instances of a set have the same names
def _azures(name: str) -> str:
    return _SPELLED.get(name.lower(), name)


def _show_power(properties: Json, power: str) -> None:
    """Add `VM running` of `az vm list -d` to the instance view, where the view itself says nothing about power."""
    view = properties.setdefault("instanceView", {})
    statuses = view.setdefault("statuses", [])
    if not any(str(status.get("code", "")).lower().startswith("powerstate/") for status in statuses):
        code = f"PowerState/{power.removeprefix('VM ')}"
        statuses.append({"code": code, "level": "Info", "displayStatus": power})


def _wrap_parts(profile: Json) -> None:
    """Wrap the parts of a set's model, or of an instance, that have `properties` of their own."""
    if extensions := (profile.get("extensionProfile") or {}).get("extensions"):
        profile["extensionProfile"]["extensions"] = [_wrapped(each) for each in extensions]
    for network in (profile.get("networkProfile") or {}, profile.get("networkProfileConfiguration") or {}):
        if interfaces := network.get("networkInterfaceConfigurations"):
            network["networkInterfaceConfigurations"] = [_interface(each) for each in interfaces]
        if interfaces := network.get("networkInterfaces"):
            network["networkInterfaces"] = [_linked(each) for each in interfaces]


def _wrapped(entry: Json) -> Json:
    """Return a part with `properties` of its own, where an extension's `type` is one of them."""
    if "properties" in entry:
        return entry
    top = {key: value for key, value in entry.items() if key in ("name", "id", "tags")}
    return {**top, "properties": _typed({key: value for key, value in entry.items() if key not in top})}


def _wrapped_resource(entry: Json) -> Json:
    """Return an extension of an instance: a resource of its own, whose `type` is not the extension's."""
    if "properties" in entry:
        return entry
    top = {key: value for key, value in entry.items() if key in _TOP_LEVEL and key != "resourceGroup"}
    inner = {key: value for key, value in entry.items() if key not in _TOP_LEVEL}
    return {**top, "properties": _typed(inner)}


def _typed(properties: Json) -> Json:
    for name in _TYPES_OF_EXTENSIONS:
        if name in properties:
            properties["type"] = properties.pop(name)
    return properties


def _interface(entry: Json) -> Json:
    interface = _wrapped(entry)
    if addresses := interface["properties"].get("ipConfigurations"):
        interface["properties"]["ipConfigurations"] = [_address(each) for each in addresses]
    return interface


def _address(entry: Json) -> Json:
    address = _wrapped(entry)
    if public := address["properties"].get("publicIPAddressConfiguration"):
        address["properties"]["publicIPAddressConfiguration"] = _public(public)
    return address


def _public(entry: Json) -> Json:
    sku = {"sku": entry["sku"]} if "sku" in entry else {}
    return {**sku, **_wrapped({key: value for key, value in entry.items() if key != "sku"})}


def _linked(entry: Json) -> Json:
    """Return a network interface of an instance: its id, and what the CLI flattened of its properties."""
    if "properties" in entry or set(entry) <= {"id"}:
        return entry
    inner = {key: value for key, value in entry.items() if key not in ("id", "resourceGroup")}
    return {"id": entry.get("id", ""), **({"properties": inner} if inner else {})}
