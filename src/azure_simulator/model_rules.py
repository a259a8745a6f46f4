"""What can be read off a set's model, and what a request may write to it."""

from typing import Any


def writable(patch: dict[str, Any]) -> dict[str, Any]:
    """A request's body without what is read-only."""
    patch = {key: value for key, value in patch.items() if key not in ("id", "name", "type", "etag")}
    if isinstance(patch.get("properties"), dict):
        read_only = ("provisioningState", "uniqueId", "timeCreated")
        patch["properties"] = {k: v for k, v in patch["properties"].items() if k not in read_only}
    return patch


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
