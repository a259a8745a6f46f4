"""What the catalog says of an image: does it exist, what boots it, is it in the region, which versions are there.

Sources: VirtualMachineImage of the compute provider; galleries of any sharing by the gallery provider (GalleryRP
2024-03-03, gallery.json, sharedGallery.json, communityGallery.json; azure-mgmt-compute 39 knows it still). A gallery
image version says nothing of its OS, generation, architecture and plan: its definition does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from vmss_upgrade.azure_api.failures import translated
from vmss_upgrade.azure_api.reader import API_VERSION, Reader, is_segment
from vmss_upgrade.azure_api.translation.json_fields import (
    Json,
    number_in,
    object_in,
    objects_in,
    plan_in,
    segments_of,
    text_in,
)
from vmss_upgrade.errors import ASK_AGAIN, AzureError, Trouble
from vmss_upgrade.job.clock import unix_time
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState, ImageVersion, Replication, Traits

GALLERY_API_VERSION = "2024-03-03"

_STATES = {
    Trouble.NOT_FOUND: ImageState.MISSING,
    Trouble.DENIED: ImageState.DENIED,
    Trouble.OTHER_TENANT: ImageState.OTHER_TENANT,
}
_SHARINGS = {ImageKind.SHARED_GALLERY: "sharedGalleries", ImageKind.COMMUNITY_GALLERY: "communityGalleries"}
_REPLICATIONS = {
    "completed": Replication.COMPLETED,
    "replicating": Replication.REPLICATING,
    "failed": Replication.FAILED,
}
# of all regions together: that one of them failed says nothing of another
_AGGREGATED = {
    "completed": Replication.COMPLETED,
    "inprogress": Replication.REPLICATING,
    "failed": Replication.UNKNOWN,
}
_PROVISIONINGS = {
    "succeeded": Replication.COMPLETED,
    "creating": Replication.REPLICATING,
    "updating": Replication.REPLICATING,
    "migrating": Replication.REPLICATING,
    "failed": Replication.FAILED,
}


def look_up(reader: Reader, subscription_path: str, image: Image, location: str) -> ImageFacts:
    """The facts of one exact image.

    A VHD is UNKNOWABLE, and so is an image whose look-up Azure rejects for another reason than its absence or the
    missing right (an api-version that a private cloud does not have): the write will tell. Raises AzureError where
    asking again may help. Of a definition that cannot be read the traits stay empty.
    """
    path = _path_of(image, subscription_path, location)
    if not path:
        return ImageFacts(state=ImageState.UNKNOWABLE)
    try:
        with translated(f"looking up the image {image}"):
            body = reader.json(path)
    except AzureError as error:
        if error.trouble in ASK_AGAIN:
            raise
        return ImageFacts(state=_STATES.get(error.trouble, ImageState.UNKNOWABLE))
    properties = object_in(body, "properties")
    if image.kind is ImageKind.PLATFORM:
        return _platform_facts(properties)
    if not image.is_in_gallery:
        return ImageFacts(state=ImageState.FOUND, traits=_managed_traits(properties))
    definition = _definition(reader, subscription_path, image, location)
    traits = _version_traits(definition, object_in(properties, "storageProfile"))
    if image.kind is not ImageKind.RESOURCE:  # shown in the region: it is there
        ends = text_in(properties, "endOfLifeDate") or text_in(definition, "endOfLifeDate")
        return ImageFacts(state=ImageState.FOUND, traits=traits, end_of_life=ends, past_end_of_life=_is_past(ends))
    ends = text_in(properties, "publishingProfile", "endOfLifeDate") or text_in(definition, "endOfLifeDate")
    replication, progress = _replication(properties, location)
    return ImageFacts(
        state=ImageState.FOUND,
        traits=traits,
        end_of_life=ends,
        past_end_of_life=_is_past(ends),
        replication=replication,
        progress=progress,
    )


def list_versions(reader: Reader, subscription_path: str, image: Image, location: str) -> tuple[ImageVersion, ...]:
    """All versions, in Azure's order; none of an image that has no versions. Raises AzureError."""
    if image.kind is ImageKind.PLATFORM:
        path = _platform_path(image, subscription_path, location)
        if not path:
            return ()
        url = f"{path}?api-version={API_VERSION}"
        with translated("listing the versions of an image"):
            return tuple(ImageVersion(name=text_in(item, "name")) for item in reader.bare_list(url) if item.get("name"))
    definition = _definition_path(image, subscription_path, location)
    if not definition:
        return ()
    url = f"{definition}/versions?api-version={GALLERY_API_VERSION}"
    items = _shared_items(reader, url) if image.kind is ImageKind.SHARED_GALLERY else _items(reader, url)
    return tuple(
        ImageVersion(name=text_in(item, "name"), may_be_latest=_may_be_latest(item, location)) for item in items
    )


# -- where it stands -------------------------------------------------------------------------------------------------


def _path_of(image: Image, subscription_path: str, location: str) -> str:
    """The path and api-version of a GET that answers 404 where the image does not exist.

    Empty for a VHD, and where a part of the path would lead to another resource.
    """
    if image.kind is ImageKind.PLATFORM:
        path = _platform_path(image, subscription_path, location)
        is_one = path and is_segment(image.version)
        return f"{path}/{quote(image.version, safe='')}?api-version={API_VERSION}" if is_one else ""
    if image.kind is ImageKind.RESOURCE:
        if not _is_path(image.reference):
            return ""
        if not image.is_in_gallery:
            return f"{quote(image.reference)}?api-version={API_VERSION}"
        return f"{quote(image.reference)}?$expand=ReplicationStatus&api-version={GALLERY_API_VERSION}"
    definition = _definition_path(image, subscription_path, location)
    version = segments_of(image.reference).get("versions", "")
    is_one = definition and is_segment(version)
    return f"{definition}/versions/{quote(version, safe='')}?api-version={GALLERY_API_VERSION}" if is_one else ""


def _is_path(resource_id: str) -> bool:
    return resource_id.startswith("/") and all(map(is_segment, resource_id[1:].split("/")))


def _platform_path(image: Image, subscription_path: str, location: str) -> str:
    """The path of the versions; empty where a part of it would lead to another resource."""
    parts = (image.publisher, image.offer, image.sku, location)
    publisher, offer, sku, region = (quote(part, safe="") for part in parts)
    if not all(map(is_segment, parts)):
        return ""
    return (
        f"{subscription_path}/providers/Microsoft.Compute/locations/{region}/publishers/{publisher}"
        f"/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions"
    )


def _definition_path(image: Image, subscription_path: str, location: str) -> str:
    """The path of a gallery image definition, of any sharing; empty where the image is in no gallery."""
    if image.kind is ImageKind.RESOURCE:
        return quote(image.definition) if image.is_in_gallery and _is_path(image.definition) else ""
    sharing = _SHARINGS.get(image.kind, "")
    names = segments_of(image.reference)
    parts = (names.get(sharing.lower(), ""), names.get("images", ""), location)
    gallery, name, region = (quote(part, safe="") for part in parts)
    if not all(map(is_segment, parts)):
        return ""
    return f"{subscription_path}/providers/Microsoft.Compute/locations/{region}/{sharing}/{gallery}/images/{name}"


# -- what it says ----------------------------------------------------------------------------------------------------


def _platform_facts(properties: Json) -> ImageFacts:
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
    """In whole GB; `sizeInGb` counts a VHD's footer as one more (31 for a disk of 30: flexible_quick_create_2023)."""
    size = number_in(disk, "sizeInBytes")
    if size is not None:
        return size // 2**30
    shown = number_in(disk, "sizeInGb")
    return None if shown is None else shown - 1


def _managed_traits(properties: Json) -> Traits:
    storage = object_in(properties, "storageProfile")
    disk = object_in(storage, "osDisk")
    return Traits(
        os=text_in(disk, "osType"),
        generation=text_in(properties, "hyperVGeneration"),
        os_state=text_in(disk, "osState"),
        disk_size=number_in(disk, "diskSizeGB"),
        data_luns=_luns(storage, "dataDisks"),
    )


def _version_traits(definition: Json, storage: Json) -> Traits:
    """Of a gallery image: most of it stands in its definition, the disks in the version."""
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
    """None where the answer does not list the data disks of the image."""
    if not isinstance(parent.get(name), list):
        return None
    luns = (number_in(disk, "lun") for disk in objects_in(parent, name))
    return frozenset(lun for lun in luns if lun is not None)


def _definition(reader: Reader, subscription_path: str, image: Image, location: str) -> Json:
    """The properties of the definition; empty where it cannot be read."""
    path = _definition_path(image, subscription_path, location)
    try:
        with translated(f"looking up the image definition {image.definition}"):
            return object_in(reader.json(f"{path}?api-version={GALLERY_API_VERSION}"), "properties")
    except AzureError as error:
        if error.trouble in ASK_AGAIN:
            raise
        return {}


def _is_past(date: str) -> bool:
    """Whether a date as Azure writes it is over; what cannot be read is not."""
    try:
        ends = datetime.fromisoformat(date)
    except ValueError:
        return False
    return (ends if ends.tzinfo else ends.replace(tzinfo=UTC)).timestamp() <= unix_time()


def _replication(properties: Json, location: str) -> tuple[Replication, int]:
    """How far the version is in the region: by its own status there, else by the state of the version as a whole."""
    regions = objects_in(object_in(properties, "publishingProfile"), "targetRegions")
    if regions and not any(_is_region(text_in(region, "name"), location) for region in regions):
        return Replication.NOT_ASKED_FOR, 0
    for status in objects_in(object_in(properties, "replicationStatus"), "summary"):
        if _is_region(text_in(status, "region"), location):
            replication = _REPLICATIONS.get(text_in(status, "state").lower(), Replication.UNKNOWN)
            return replication, _progress(replication, number_in(status, "progress"))
    if not regions:
        return Replication.UNKNOWN, 0
    in_all = text_in(properties, "replicationStatus", "aggregatedState").lower()
    if in_all in _AGGREGATED:
        return _AGGREGATED[in_all], _progress(_AGGREGATED[in_all], None)
    replication = _PROVISIONINGS.get(text_in(properties, "provisioningState").lower(), Replication.UNKNOWN)
    return replication, _progress(replication, None)


def _progress(replication: Replication, shown: int | None) -> int:
    return 100 if replication is Replication.COMPLETED else shown or 0


def _is_region(name: str, location: str) -> bool:
    """ "West Europe" is westeurope."""
    return name.replace(" ", "").lower() == location.replace(" ", "").lower()


def _may_be_latest(item: Json, location: str) -> bool:
    """Of a version of any gallery; those of a shared or community one stand in a list of the region already.

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


def _shared_items(reader: Reader, url: str) -> list[Json]:
    """What is shared with the subscription, else (only shown when asked for by `sharedTo`) with its tenant."""
    try:
        items = _items(reader, url)
    except AzureError as error:
        if error.trouble is not Trouble.NOT_FOUND:
            raise
        items = []
    return items or _items(reader, f"{url}&sharedTo=tenant")


def _items(reader: Reader, url: str) -> list[Json]:
    with translated("listing the versions of an image"):
        return [item for page in reader.pages(url) for item in page.items if text_in(item, "name")]
