"""What the catalog's answers say of an image, and the list of sizes of a VM size. Pure.

Shapes: VirtualMachineImage and managed images of the compute provider; gallery image versions and definitions of the
gallery provider; Resource SKUs (2021-07-01), capabilities HyperVGenerations, CpuArchitectureType, DiskControllerTypes.
"""

from __future__ import annotations

from vmss_upgrade.azure_api.translation.json_fields import Json, number_in, object_in, objects_in, plan_in, text_in
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState, Replication, Traits, VmSize

_REPLICATIONS = {
    "completed": Replication.COMPLETED,
    "replicating": Replication.REPLICATING,
    "failed": Replication.FAILED,
}
# of all regions together: that one of them failed says nothing of another
_AGGREGATED = {"completed": Replication.COMPLETED, "inprogress": Replication.REPLICATING, "failed": Replication.UNKNOWN}
_PROVISIONINGS = {
    "succeeded": Replication.COMPLETED,
    **dict.fromkeys(("creating", "updating", "migrating"), Replication.REPLICATING),
    "failed": Replication.FAILED,
}


def platform_facts(properties: Json) -> ImageFacts:
    status = object_in(properties, "imageDeprecationStatus")
    traits = Traits(
        os=text_in(properties, "osDiskImage", "operatingSystem"),
        generation=text_in(properties, "hyperVGeneration"),
        architecture=text_in(properties, "architecture"),
        plan=plan_in(properties, "plan"),
        features=_features(properties),
        disk_size=_platform_disk_size(object_in(properties, "osDiskImage")),
        data_luns=_luns(properties, "dataDiskImages"),
    )
    return ImageFacts(
        state=ImageState.FOUND,
        traits=traits,
        deprecated=text_in(status, "imageState").lower() == "deprecated",
        deprecation_date=text_in(status, "scheduledDeprecationTime"),
    )


def _platform_disk_size(disk: Json) -> int | None:
    """Return whole GB; `sizeInGb` counts a VHD's footer as one more (31 for 30: flexible_quick_create_2023)."""
    size = number_in(disk, "sizeInBytes")
    if size is not None:
        return size // 2**30
    shown = number_in(disk, "sizeInGb")
    return None if shown is None else shown - 1


def managed_traits(properties: Json) -> Traits:
    storage = object_in(properties, "storageProfile")
    disk = object_in(storage, "osDisk")
    return Traits(
        os=text_in(disk, "osType"),
        generation=text_in(properties, "hyperVGeneration"),
        os_state=text_in(disk, "osState"),
        disk_size=number_in(disk, "diskSizeGB"),
        data_luns=_luns(storage, "dataDisks"),
    )


def version_traits(definition: Json, storage: Json) -> Traits:
    """Return the traits of a gallery image: most of it stands in its definition, the disks in the version."""
    disk = object_in(storage, "osDiskImage")
    size = number_in(disk, "sizeInGB")
    return Traits(
        os=text_in(definition, "osType"),
        generation=text_in(definition, "hyperVGeneration"),
        architecture=text_in(definition, "architecture"),
        plan=plan_in(definition, "purchasePlan") if definition else None,
        os_state=text_in(definition, "osState"),
        features=_features(definition),
        disk_size=number_in(disk, "diskSizeGB") if size is None else size,
        data_luns=_luns(storage, "dataDiskImages"),
    )


def _features(parent: Json) -> tuple[tuple[str, str], ...] | None:
    if not isinstance(parent.get("features"), list):
        return None
    return tuple((text_in(each, "name"), text_in(each, "value")) for each in objects_in(parent, "features"))


def _luns(parent: Json, name: str) -> frozenset[int] | None:
    """Return the LUNs of the data disks; None if the answer does not list them."""
    if not isinstance(parent.get(name), list):
        return None
    luns = (number_in(disk, "lun") for disk in objects_in(parent, name))
    return frozenset(lun for lun in luns if lun is not None)


def replication_in(properties: Json, location: str) -> tuple[Replication, int]:
    """Return how far the version is in the region: its status there, else the state of the whole version."""
    regions = objects_in(object_in(properties, "publishingProfile"), "targetRegions")
    if regions and not any(_is_region(text_in(region, "name"), location) for region in regions):
        return Replication.NOT_ASKED_FOR, 0
    for status in objects_in(object_in(properties, "replicationStatus"), "summary"):
        if _is_region(text_in(status, "region"), location):
            replication = _REPLICATIONS.get(text_in(status, "state").lower(), Replication.UNKNOWN)
            return replication, 100 if replication is Replication.COMPLETED else number_in(status, "progress") or 0
    if not regions:
        return Replication.UNKNOWN, 0
    in_all = _AGGREGATED.get(text_in(properties, "replicationStatus", "aggregatedState").lower())
    own = _PROVISIONINGS.get(text_in(properties, "provisioningState").lower(), Replication.UNKNOWN)
    replication = in_all or own
    return replication, 100 if replication is Replication.COMPLETED else 0


def _is_region(name: str, location: str) -> bool:
    """Return True for two spellings of one region, such as "West Europe" and westeurope."""
    return name.replace(" ", "").lower() == location.replace(" ", "").lower()


def may_be_latest(item: Json, location: str) -> bool:
    """Return True if a gallery's version may be the latest; a shared or community gallery lists those of the region.

    One that is being updated, or whose update failed, may be in the region all the same: whether it is, is asked of the
    chosen one. To pass it over would be to go back to an older one.
    """
    properties = object_in(item, "properties")
    profile = object_in(properties, "publishingProfile")
    if properties.get("excludeFromLatest") is True or profile.get("excludeFromLatest") is True:
        return False
    if text_in(properties, "provisioningState").lower() in ("creating", "deleting"):
        return False
    regions = objects_in(profile, "targetRegions")
    here = [region for region in regions if _is_region(text_in(region, "name"), location)]
    return not regions or any(region.get("excludeFromLatest") is not True for region in here)


def is_size(item: Json, name: str) -> bool:
    is_machine = text_in(item, "resourceType").lower() == "virtualmachines"
    return is_machine and text_in(item, "name").lower() == name.lower()


def vm_size(item: Json) -> VmSize:
    abilities = {text_in(each, "name").lower(): text_in(each, "value") for each in objects_in(item, "capabilities")}
    return VmSize(
        generations=_parts(abilities.get("hypervgenerations", "")),
        architecture=abilities.get("cpuarchitecturetype", ""),
        controllers=_parts(abilities.get("diskcontrollertypes", "")),
    )


def _parts(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())
