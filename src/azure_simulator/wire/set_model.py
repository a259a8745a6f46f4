"""What can be read off the JSON of a scale set."""

from typing import Any

from azure_simulator.wire.names import id_of, is_of_a_gallery, split_version


def profile_of(model: dict[str, Any]) -> dict[str, Any]:
    """Return the model that instances are made from; empty for a Flexible set that has none."""
    profile: dict[str, Any] = model["properties"].get("virtualMachineProfile") or {}
    return profile


def storage_image(model: dict[str, Any]) -> tuple[Any, Any]:
    """Return the parts of a set's JSON that name its image."""
    storage = profile_of(model).get("storageProfile") or {}
    return storage.get("imageReference"), (storage.get("osDisk") or {}).get("image")


def storage_of(model: dict[str, Any]) -> dict[str, Any]:
    """Return the storage profile that instances are made from; empty where there is none."""
    storage: dict[str, Any] = profile_of(model).get("storageProfile") or {}
    return storage


def upgrade_mode(model: dict[str, Any]) -> str:
    """Return the upgrade mode; empty where none is shown."""
    return str((model["properties"].get("upgradePolicy") or {}).get("mode", ""))


def is_windows(profile: dict[str, Any]) -> bool:
    """Return whether a model makes Windows instances: by its settings, its disk, or the publisher of its image."""
    system, storage = profile.get("osProfile") or {}, profile.get("storageProfile") or {}
    if "windowsConfiguration" in system or "linuxConfiguration" in system:
        return "windowsConfiguration" in system
    kind = (storage.get("osDisk") or {}).get("osType")
    publisher = str((storage.get("imageReference") or {}).get("publisher", ""))
    return kind == "Windows" or (kind is None and publisher.lower().startswith("microsoftwindows"))


def follows_latest(profile: dict[str, Any]) -> bool:
    """Return whether the model names no exact version; then instances with different versions are all current."""
    reference = profile["storageProfile"].get("imageReference") or {}
    image_id = id_of(reference)
    if not image_id:
        return str(reference.get("version", "")).lower() == "latest"
    return is_of_a_gallery(image_id) and not split_version(image_id)[1]


def fingerprint(model: dict[str, Any]) -> dict[str, Any]:
    """Return what instances are made from, as parts of the JSON itself. Two equal ones are the same model."""
    profile = {key: value for key, value in profile_of(model).items() if key != "timeCreated"}
    return {"profile": profile, "size": (model.get("sku") or {}).get("name")}


def is_flexible(model: dict[str, Any]) -> bool:
    """Return whether the set's instances are virtual machines of their own."""
    return str(model["properties"].get("orchestrationMode", "")).lower() == "flexible"


def has_health_signal(model: dict[str, Any]) -> bool:
    """Return whether the set's JSON names a source of health: a probe, the health extension, or external health."""
    properties = model["properties"]
    profile = properties.get("virtualMachineProfile") or {}
    extensions = (profile.get("extensionProfile") or {}).get("extensions") or []
    return (
        bool((profile.get("networkProfile") or {}).get("healthProbe"))
        or any(is_application_health(extension) for extension in extensions)
        or bool((properties.get("externalHealthPolicy") or {}).get("enabled"))
    )


def is_application_health(extension: dict[str, Any]) -> bool:
    """Return whether an extension is the one that reports health."""
    return str(extension.get("properties", {}).get("type", "")).startswith("ApplicationHealth")
