"""Asking the catalog: does an image exist, what boots it, is it in the region, which versions are there; and of sizes.

Sources: VirtualMachineImage of the compute provider; galleries of any sharing by the gallery provider (GalleryRP
2024-03-03, gallery.json, sharedGallery.json, communityGallery.json; azure-mgmt-compute 39 knows it still). A gallery
image version says nothing of its OS, generation, architecture and plan: its definition does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from vmss_upgrade.azure_api.failures import translated
from vmss_upgrade.azure_api.reader import API_VERSION, Reader, is_segment
from vmss_upgrade.azure_api.translation.images import (
    is_size,
    managed_traits,
    may_be_latest,
    platform_facts,
    replication_in,
    version_traits,
    vm_size,
)
from vmss_upgrade.azure_api.translation.json_fields import (
    Json,
    object_in,
    segments_of,
    text_in,
)
from vmss_upgrade.errors import ASK_AGAIN, AzureError, Trouble
from vmss_upgrade.job.clock import unix_time
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState, ImageVersion, VmSize

GALLERY_API_VERSION = "2024-03-03"
_SKUS_API_VERSION = "2021-07-01"

_STATES = {
    Trouble.NOT_FOUND: ImageState.MISSING,
    Trouble.DENIED: ImageState.DENIED,
    Trouble.OTHER_TENANT: ImageState.OTHER_TENANT,
}
_SHARINGS = {ImageKind.SHARED_GALLERY: "sharedGalleries", ImageKind.COMMUNITY_GALLERY: "communityGalleries"}


def look_up(reader: Reader, subscription_path: str, image: Image, location: str) -> ImageFacts:
    """Return the facts of one exact image.

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
        return platform_facts(properties)
    if not image.is_in_gallery:
        return ImageFacts(state=ImageState.FOUND, traits=managed_traits(properties))
    definition = _definition(reader, subscription_path, image, location)
    traits = version_traits(definition, object_in(properties, "storageProfile"))
    if image.kind is not ImageKind.RESOURCE:  # shown in the region: it is there
        ends = text_in(properties, "endOfLifeDate") or text_in(definition, "endOfLifeDate")
        return ImageFacts(state=ImageState.FOUND, traits=traits, end_of_life=ends, past_end_of_life=_is_past(ends))
    ends = text_in(properties, "publishingProfile", "endOfLifeDate") or text_in(definition, "endOfLifeDate")
    replication, progress = replication_in(properties, location)
    return ImageFacts(
        state=ImageState.FOUND,
        traits=traits,
        end_of_life=ends,
        past_end_of_life=_is_past(ends),
        replication=replication,
        progress=progress,
    )


def list_versions(reader: Reader, subscription_path: str, image: Image, location: str) -> tuple[ImageVersion, ...]:
    """Return all versions, in Azure's order; none of an image that has no versions. Raises AzureError."""
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
        ImageVersion(name=text_in(item, "name"), may_be_latest=may_be_latest(item, location)) for item in items
    )


def read_size(reader: Reader, subscription_path: str, name: str, location: str) -> VmSize | None:
    """Return the VM size's abilities; None where the list of those in the region may not be read or lacks it.

    Raises AzureError where asking again may help. The list is long: to be read where something depends on it alone.
    """
    literal = location.replace("'", "''")
    wanted = quote(f"location eq '{literal}'", safe="")
    url = f"{subscription_path}/providers/Microsoft.Compute/skus?api-version={_SKUS_API_VERSION}&$filter={wanted}"
    try:
        with translated("reading what the VM size can do"):
            items = [item for page in reader.pages(url) for item in page.items]
    except AzureError as error:
        if error.trouble in ASK_AGAIN:
            raise
        return None
    return next((vm_size(item) for item in items if is_size(item, name)), None)


def _path_of(image: Image, subscription_path: str, location: str) -> str:
    """Return the path and api-version of a GET that answers 404 where the image does not exist.

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
    """Return the path of the versions; empty where a part of it would lead to another resource."""
    parts = (image.publisher, image.offer, image.sku, location)
    publisher, offer, sku, region = (quote(part, safe="") for part in parts)
    if not all(map(is_segment, parts)):
        return ""
    return (
        f"{subscription_path}/providers/Microsoft.Compute/locations/{region}/publishers/{publisher}"
        f"/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions"
    )


def _definition_path(image: Image, subscription_path: str, location: str) -> str:
    """Return the path of a gallery image definition, of any sharing; empty where the image is in no gallery."""
    if image.kind is ImageKind.RESOURCE:
        return quote(image.definition) if image.is_in_gallery and _is_path(image.definition) else ""
    sharing = _SHARINGS.get(image.kind, "")
    names = segments_of(image.reference)
    parts = (names.get(sharing.lower(), ""), names.get("images", ""), location)
    gallery, name, region = (quote(part, safe="") for part in parts)
    if not all(map(is_segment, parts)):
        return ""
    return f"{subscription_path}/providers/Microsoft.Compute/locations/{region}/{sharing}/{gallery}/images/{name}"


def _definition(reader: Reader, subscription_path: str, image: Image, location: str) -> Json:
    """Return the properties of the definition; empty where it cannot be read."""
    path = _definition_path(image, subscription_path, location)
    try:
        with translated(f"looking up the image definition {image.definition}"):
            return object_in(reader.json(f"{path}?api-version={GALLERY_API_VERSION}"), "properties")
    except AzureError as error:
        if error.trouble in ASK_AGAIN:
            raise
        return {}


def _is_past(date: str) -> bool:
    """Return True if a date, as Azure writes it, is over; False for one that cannot be read."""
    try:
        ends = datetime.fromisoformat(date)
    except ValueError:
        return False
    return (ends if ends.tzinfo else ends.replace(tzinfo=UTC)).timestamp() <= unix_time()


def _shared_items(reader: Reader, url: str) -> list[Json]:
    """Return what is shared with the subscription, else (only shown when asked for by `sharedTo`) with its tenant."""
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
