"""What can be read off a set's model, and what a request may write to it."""

import copy
from typing import Any

from azure_simulator.errors import refusal
from azure_simulator.images import id_of, is_of_a_gallery, split_version

_READ_ONLY = ("provisioningState", "uniqueId", "timeCreated", "latestModelApplied", "instanceView")


def writable(patch: dict[str, Any]) -> dict[str, Any]:
    """A request's body without what is read-only."""
    patch = {key: value for key, value in patch.items() if key not in ("id", "name", "type", "etag")}
    if isinstance(patch.get("properties"), dict):
        patch["properties"] = {k: v for k, v in patch["properties"].items() if k not in _READ_ONLY}
    return patch


# Parts that are objects, and lists of objects, wherever they stand; those of the latter that need a name.
_OBJECTS = (
    "automaticOSUpgradePolicy", "automaticRepairsPolicy", "dnsSettings", "extensionProfile",
    "externalHealthPolicy", "healthProbe", "identity", "image", "imageReference", "linuxConfiguration",
    "managedDisk", "networkProfile", "osDisk", "osProfile", "plan", "properties", "protectionPolicy",
    "rollingUpgradePolicy", "securityProfile", "storageProfile", "tags", "upgradePolicy",
    "virtualMachineProfile", "windowsConfiguration",
)  # fmt: skip
_LISTS = ("dataDisks", "extensions", "ipConfigurations", "networkInterfaceConfigurations")
_NAMED = ("extensions", "networkInterfaceConfigurations")
_NUMBERS = ("maxBatchInstancePercent", "platformFaultDomainCount")
# What belongs to the client as a whole.
_REPLACED = ("tags", "settings", "protectedSettings")


def check_shape(body: dict[str, Any]) -> None:
    """Raises Refusal 400 for a part of a request that has another JSON type than that part has. null passes: it
    removes (except for the capacity, without which there is no number of instances).
    """
    # The image has a sku, too, which is a string.
    sku = body.get("sku")
    if sku is not None and not isinstance(sku, dict):
        raise refusal("invalid-parameter", parameter="sku")
    if sku is not None and "capacity" in sku and not _is_number(sku["capacity"]):
        raise refusal("invalid-parameter", parameter="capacity")
    _check_parts({name: value for name, value in body.items() if name != "sku"})


def check_whole(model: dict[str, Any]) -> None:
    """Raises Refusal 400 where a merge has left a set without a part that no set can do without."""
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


def _check_parts(part: dict[str, Any]) -> None:
    for name, value in part.items():
        if value is None:
            continue
        if not _has_its_type(name, value):
            raise refusal("invalid-parameter", parameter=name)
        if name in _LISTS:
            for entry in value:
                _check_parts(entry)
        elif isinstance(value, dict) and name not in _REPLACED:
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


def merged_resource(base: dict[str, Any], patch: dict[str, Any], *, extensions_stay: bool = False) -> dict[str, Any]:
    """`patch` over `base` as Azure's PUT merges: mappings key by key, lists of named parts part by part (parts
    that the patch leaves out go), all else replaced, tags and the settings of extensions too; null removes.
    Neither is changed.

    `extensions_stay`: extensions that the patch leaves out stay, as Azure's PATCH lets them.
    """
    result = copy.deepcopy(base)
    for key, value in patch.items():
        below = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and key not in _REPLACED:
            below = below if isinstance(below, dict) else {}
            result[key] = merged_resource(below, value, extensions_stay=extensions_stay)
        elif isinstance(value, list):
            below = below if isinstance(below, list) else []
            named = [part.get("name") for part in value if isinstance(part, dict)]
            stays = extensions_stay and key == "extensions"
            kept = [part for part in below if stays and part.get("name") not in named]
            result[key] = [*kept, *(_merged_part(below, part) for part in value)]
        else:
            result[key] = copy.deepcopy(value)
    return result


def with_policy(model: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    """`model` with what a policy of the subscription adds: extensions and tags beside those that are there."""
    tags = {**(model.get("tags") or {}), **(policy.get("tags") or {})}
    full = merged_resource(model, policy, extensions_stay=True)
    return {**full, "tags": tags} if tags else full


def _merged_part(parts: list[Any], part: Any) -> Any:
    if not isinstance(part, dict):
        return copy.deepcopy(part)
    name = part.get("name")
    same = [each for each in parts if isinstance(each, dict) and name is not None and each.get("name") == name]
    return merged_resource(same[0] if same else {}, part)


def storage_image(model: dict[str, Any]) -> tuple[Any, Any]:
    """The parts of a set's JSON that name its image."""
    storage = profile_of(model).get("storageProfile") or {}
    return storage.get("imageReference"), (storage.get("osDisk") or {}).get("image")


def is_windows(profile: dict[str, Any]) -> bool:
    """Whether a model makes Windows instances: by its settings, its disk, or the publisher of its image."""
    system, storage = profile.get("osProfile") or {}, profile.get("storageProfile") or {}
    if "windowsConfiguration" in system or "linuxConfiguration" in system:
        return "windowsConfiguration" in system
    kind = (storage.get("osDisk") or {}).get("osType")
    publisher = str((storage.get("imageReference") or {}).get("publisher", ""))
    return kind == "Windows" or (kind is None and publisher.lower().startswith("microsoftwindows"))


def follows_latest(profile: dict[str, Any]) -> bool:
    """Whether the model names no exact version; then instances with different versions are all current."""
    reference = profile["storageProfile"].get("imageReference") or {}
    image_id = id_of(reference)
    if not image_id:
        return str(reference.get("version", "")).lower() == "latest"
    return is_of_a_gallery(image_id) and not split_version(image_id)[1]


def fingerprint(model: dict[str, Any]) -> dict[str, Any]:
    """What makes a set's model: what instances are made from. Two equal ones are the same model."""
    profile = {key: value for key, value in profile_of(model).items() if key != "timeCreated"}
    return copy.deepcopy({"profile": profile, "size": (model.get("sku") or {}).get("name")})


def profile_of(model: dict[str, Any]) -> dict[str, Any]:
    """The model that instances are made from; empty for a Flexible set that has none."""
    profile: dict[str, Any] = model["properties"].get("virtualMachineProfile") or {}
    return profile
