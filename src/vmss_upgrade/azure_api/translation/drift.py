"""What of the scale set's model, besides the image, an instance visibly does not have. Pure, in words for people.

Only what both documents show and the recordings bear out: on no recorded instance with `latestModelApplied` true is
anything reported. What Azure fills in, masks or renames on an instance (OS profile, disk names, secrets) is left out.
"""

from __future__ import annotations

import json
from typing import Any

from vmss_upgrade.azure_api.translation.json_fields import Json, object_in, objects_in, text_in

# what it is called, and where it stands: in the model's virtualMachineProfile and in the instance's properties alike
_FIELDS = (
    ("OS disk size in GB", ("storageProfile", "osDisk", "diskSizeGB")),
    ("OS disk type", ("storageProfile", "osDisk", "managedDisk", "storageAccountType")),
    ("OS disk caching", ("storageProfile", "osDisk", "caching")),
    ("disk controller", ("storageProfile", "diskControllerType")),
    ("security type", ("securityProfile", "securityType")),
    ("encryption at host", ("securityProfile", "encryptionAtHost")),
)


def differences(item: Json, model_body: Json) -> tuple[str, ...]:
    """Return, in words, what an item of the instance list shows otherwise than the scale set's own answer.

    Empty where either shows nothing to compare: no model, or an item that was listed without its profiles.
    """
    properties = object_in(item, "properties")
    profile = object_in(model_body, "properties", "virtualMachineProfile")
    if not profile or not object_in(properties, "storageProfile"):
        return ()
    size = text_in(properties, "hardwareProfile", "vmSize") or text_in(item, "sku", "name")
    found = [_otherwise("VM size", size, text_in(model_body, "sku", "name"))]
    found += [_otherwise(name, text_in(properties, *path), text_in(profile, *path)) for name, path in _FIELDS]
    found += _extensions(item, profile) + _interfaces(properties, profile) + _data_disks(properties, profile)
    return tuple(filter(None, found))


def _otherwise(name: str, has: str, wanted: str) -> str:
    """Return nothing if both are the same, or one of them is not shown."""
    return f"{name} ({has} instead of {wanted})" if has and wanted and has.lower() != wanted.lower() else ""


def _extensions(item: Json, profile: Json) -> list[str]:
    wanted = _named(objects_in(object_in(profile, "extensionProfile"), "extensions"))
    has = _named(objects_in(item, "resources"))
    both = [name for name in wanted if name in has and not _is_same_version(has[name], wanted[name])]
    found = _missing_and_extra("extension", has, wanted)
    return [*found, *(f"extension {_name(wanted[name])} has another version" for name in both)]


def _missing_and_extra(kind: str, has: dict[str, Json], wanted: dict[str, Json]) -> list[str]:
    missing = [f"{kind} {_name(wanted[name])} is missing" for name in wanted if name not in has]
    return missing + [f"{kind} {_name(has[name])} is extra" for name in has if name not in wanted]


def _is_same_version(has: Json, wanted: Json) -> bool:
    """Compare as far as both say it; where Azure may raise it by itself, the first number alone."""
    versions = [text_in(each, "properties", "typeHandlerVersion").split(".") for each in (has, wanted)]
    if not all(version[0] for version in versions):
        return True
    properties = object_in(wanted, "properties")
    floats = properties.get("autoUpgradeMinorVersion") or properties.get("enableAutomaticUpgrade")
    length = 1 if floats else min(map(len, versions))
    return versions[0][:length] == versions[1][:length]


def _interfaces(properties: Json, profile: Json) -> list[str]:
    """Compare network interface configurations, by name and by all that both say of them."""
    shown = object_in(properties, "networkProfileConfiguration")
    if not shown:
        return []
    wanted = _named(objects_in(object_in(profile, "networkProfile"), "networkInterfaceConfigurations"))
    has = _named(objects_in(shown, "networkInterfaceConfigurations"))
    both = [name for name in wanted if name in has and has[name] != wanted[name]]
    changed = [_name(wanted[name]) for name in both if _folded(has[name]) != _folded(wanted[name])]
    found = _missing_and_extra("network interface", has, wanted)
    return [*found, *(f"network interface {name} is configured otherwise" for name in changed)]


def _data_disks(properties: Json, profile: Json) -> list[str]:
    """Return only the missing ones: others may have been attached to the instance, and stay there."""
    has = {text_in(disk, "lun") for disk in objects_in(object_in(properties, "storageProfile"), "dataDisks")}
    wanted = [text_in(disk, "lun") for disk in objects_in(object_in(profile, "storageProfile"), "dataDisks")]
    return [f"data disk {lun} is missing" for lun in wanted if lun not in has]


def _named(items: list[Json]) -> dict[str, Json]:
    return {_name(item).lower(): item for item in items if _name(item)}


def _name(item: Json) -> str:
    """Return the extension's own name: some api-versions write instance/extension."""
    return text_in(item, "name").rpartition("/")[2]


def _folded(value: Any) -> Any:
    """Return JSON as it compares: without case, order, and what is nothing (ids change case, lists their order)."""
    if isinstance(value, dict):
        folded = {str(name).lower(): _folded(each) for name, each in value.items()}
        return {name: each for name, each in folded.items() if each not in (None, False, "", {}, [])}
    if isinstance(value, list):
        return sorted(map(_folded, value), key=lambda each: json.dumps(each, sort_keys=True))
    return value.lower() if isinstance(value, str) else value
