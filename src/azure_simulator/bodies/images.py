"""Images as Azure writes them: versions of platform images, and managed images.

Shapes are those of uniform_create_and_modify_2024; a managed image is as documented.
"""

from typing import Any

from azure_simulator.scenario.images import ImageTraits, PlatformImages, only_known
from azure_simulator.wire.generation import Generation

Json = dict[str, Any]


def platform_stub(subscription: str, location: str, images: PlatformImages, version: str) -> Json:
    """Return a version of a platform image as a list shows it."""
    address = (
        f"/Subscriptions/{subscription}/Providers/Microsoft.Compute/Locations/{location}/Publishers"
        f"/{images.publisher}/ArtifactTypes/VMImage/Offers/{images.offer}/Skus/{images.sku}/Versions/{version}"
    )
    return {"location": location, "name": version, "id": address}


def platform_body(
    subscription: str, location: str, images: PlatformImages, version: str, generation: Generation
) -> Json:
    """Return a version of a platform image by itself."""
    stub = platform_stub(subscription, location, images, version)
    return {"properties": _platform_details(images.traits, generation), **stub}


def managed_body(address: str, name: str, location: str, traits: ImageTraits) -> Json:
    """Return a managed image."""
    disk = {"osType": traits.os, "osState": traits.os_state, "diskSizeGB": traits.size_gb}
    properties = {"storageProfile": {"osDisk": only_known(disk)}, "hyperVGeneration": traits.hyper_v_generation}
    return {
        "name": name,
        "id": address,
        "type": "Microsoft.Compute/images",
        "location": location,
        "properties": {**only_known(properties), "provisioningState": "Succeeded"},
    }


def _platform_details(traits: ImageTraits, generation: Generation) -> Json:
    """Return the properties of a version, of which there were more and more over the years."""
    details: Json = {} if traits.plan is None else {"plan": traits.plan}
    if generation.updates_notify:
        architecture = traits.architecture if generation.actions_notify else ""
        details |= only_known({"hyperVGeneration": traits.hyper_v_generation, "architecture": architecture})
        details["replicaType"] = "Managed" if traits.managed else "Unmanaged"
        if traits.managed:
            details["replicaCount"] = 10
        details["disallowed"] = {"vmDiskType": "Unmanaged" if traits.managed else "None"}
        details["automaticOSUpgradeProperties"] = {"automaticOSUpgradeSupported": traits.os_upgrade}
    if generation.actions_notify:
        scheduled = {"scheduledDeprecationTime": traits.deprecation_date} if traits.deprecation_date else {}
        details["imageDeprecationStatus"] = {"imageState": traits.state, **scheduled}
        if traits.features is not None:
            details["features"] = [{"name": name, "value": value} for name, value in traits.features]
    details["osDiskImage"] = only_known({"operatingSystem": traits.os, **_size(traits, generation)})
    details["dataDiskImages"] = list(traits.data_disks)
    return details


def _size(traits: ImageTraits, generation: Generation) -> dict[str, int]:
    """Return the size in GB, in bytes for an image that is stored unmanaged, for some years in both."""
    if not generation.updates_notify:
        return {}
    in_bytes = {} if traits.managed or not traits.size_gb else {"sizeInBytes": traits.size_gb * 2**30 + 512}
    both = generation.limit_names == "windows"
    return {**({"sizeInGb": traits.size_gb} if traits.managed or both else {}), **in_bytes}
