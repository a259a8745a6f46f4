"""How Azure merges JSON: what a request writes over what exists."""

import copy
from typing import Any


def merged(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return `patch` over `base`: mappings key by key, all else replaced, null removes. Changes neither, and shares the
    lists of both.
    """
    result = dict(base)
    for key, value in patch.items():
        below = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(below if isinstance(below, dict) else {}, value)
        else:
            result[key] = value
    return result


_READ_ONLY = ("provisioningState", "uniqueId", "timeCreated", "latestModelApplied", "instanceView")
# Parts whose content is the client's own: they are replaced as a whole.
REPLACED_WHOLE = ("tags", "settings", "protectedSettings")


def writable(patch: dict[str, Any]) -> dict[str, Any]:
    """Return a request's body without what is read-only."""
    patch = {key: value for key, value in patch.items() if key not in ("id", "name", "type", "etag")}
    if isinstance(patch.get("properties"), dict):
        patch["properties"] = {k: v for k, v in patch["properties"].items() if k not in _READ_ONLY}
    return patch


def merged_resource(base: dict[str, Any], patch: dict[str, Any], *, extensions_stay: bool = False) -> dict[str, Any]:
    """Return `patch` over `base` as Azure's PUT merges. Changes neither.

    Mappings merge key by key, lists of named parts part by part (parts that the patch leaves out are removed); all else
    is replaced, tags and the settings of extensions too; null removes. `extensions_stay`: extensions that the patch
    leaves out stay, as with Azure's PATCH.
    """
    result = copy.deepcopy(base)
    for key, value in patch.items():
        below = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and key not in REPLACED_WHOLE:
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
    """Return `model` with what a policy of the subscription adds to its extensions and tags."""
    tags = {**(model.get("tags") or {}), **(policy.get("tags") or {})}
    full = merged_resource(model, policy, extensions_stay=True)
    return {**full, "tags": tags} if tags else full


def _merged_part(parts: list[Any], part: Any) -> Any:
    if not isinstance(part, dict):
        return copy.deepcopy(part)
    name = part.get("name")
    same = [each for each in parts if isinstance(each, dict) and name is not None and each.get("name") == name]
    return merged_resource(same[0] if same else {}, part)
