"""What can be read off a set's model, and what a request may write to it."""

import copy
from typing import Any

_READ_ONLY = ("provisioningState", "uniqueId", "timeCreated", "latestModelApplied", "instanceView")


def writable(patch: dict[str, Any]) -> dict[str, Any]:
    """A request's body without what is read-only."""
    patch = {key: value for key, value in patch.items() if key not in ("id", "name", "type", "etag")}
    if isinstance(patch.get("properties"), dict):
        patch["properties"] = {k: v for k, v in patch["properties"].items() if k not in _READ_ONLY}
    return patch


# What belongs to the client as a whole.
_REPLACED = ("tags", "settings")


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
        elif isinstance(value, list) and isinstance(below, list):
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
    if not isinstance(part, dict) or "name" not in part:
        return copy.deepcopy(part)
    same = [each for each in parts if isinstance(each, dict) and each.get("name") == part["name"]]
    return merged_resource(same[0] if same else {}, part)


def storage_image(model: dict[str, Any]) -> tuple[Any, Any]:
    """The parts of a set's JSON that name its image."""
    storage = model["properties"]["virtualMachineProfile"]["storageProfile"]
    return storage.get("imageReference"), (storage.get("osDisk") or {}).get("image")


def follows_latest(profile: dict[str, Any]) -> bool:
    """Whether the model names no exact version; then instances with different versions are all current."""
    reference = profile["storageProfile"].get("imageReference") or {}
    image_id = str(reference.get("id", "")).lower()
    return reference.get("version", "").lower() == "latest" or (
        "/galleries/" in image_id and "/versions/" not in image_id
    )


def both_kinds(storage: dict[str, Any]) -> bool:
    """Whether a merge has left two kinds of image side by side, which is what a change of kind looks like."""
    reference, image = storage.get("imageReference") or {}, (storage.get("osDisk") or {}).get("image")
    return bool(reference and image) or ("id" in reference and "publisher" in reference)


def fingerprint(model: dict[str, Any]) -> dict[str, Any]:
    """What makes a set's model: what instances are made from. Two equal ones are the same model."""
    profile = {key: value for key, value in profile_of(model).items() if key != "timeCreated"}
    return copy.deepcopy({"profile": profile, "size": (model.get("sku") or {}).get("name")})


def profile_of(model: dict[str, Any]) -> dict[str, Any]:
    profile: dict[str, Any] = model["properties"]["virtualMachineProfile"]
    return profile
