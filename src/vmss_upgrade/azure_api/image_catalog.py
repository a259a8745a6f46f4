"""Asking the catalog: does an image exist, what boots it, is it in the region, which versions are there; and of sizes.

Sources: VirtualMachineImage of the compute provider; galleries of any sharing by the gallery provider (GalleryRP
2024-03-03, gallery.json, sharedGallery.json, communityGallery.json; azure-mgmt-compute 39 knows it still). A gallery
image version says nothing of its OS, generation, architecture and plan: its definition does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

from vmss_upgrade.azure_api.failures import optional, translated
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
from vmss_upgrade.azure_api.translation.json_fields import Json, object_in, segments_of, text_in
from vmss_upgrade.errors import ASK_AGAIN, AzureError, Trouble
from vmss_upgrade.job.clock import unix_time
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState, ImageVersion, VmSize

GALLERY_API_VERSION = "2024-03-03"
_SKUS_API_VERSION = "2021-07-01"
_LISTING = "listing the versions of an image"
_LISTING_DEFINITIONS = "listing the image definitions of a gallery"

_STATES = {
    Trouble.NOT_FOUND: ImageState.MISSING,
    Trouble.DENIED: ImageState.DENIED,
    Trouble.OTHER_TENANT: ImageState.OTHER_TENANT,
}
_SHARINGS = {ImageKind.SHARED_GALLERY: "sharedGalleries", ImageKind.COMMUNITY_GALLERY: "communityGalleries"}


class ImageCatalog:
    """The images and VM sizes that a subscription can use, read with `reader`; see `ports.ScaleSetApi`."""

    def __init__(self, reader: Reader, subscription_path: str) -> None:
        self._reader = reader
        self._compute = f"{subscription_path}/providers/Microsoft.Compute"
        self._locations = f"{self._compute}/locations"

    def look_up(self, image: Image, location: str) -> ImageFacts:
        """Return the facts of one exact image. Raises AzureError where asking again may help.

        A VHD is UNKNOWABLE, and so is an image whose look-up Azure rejects for another reason than its absence or the
        missing right (an api-version that a private cloud does not have): the write will tell. Of a definition that
        cannot be read the traits stay empty.
        """
        path = self._path_of(image, location)
        if not path:
            return ImageFacts(state=ImageState.UNKNOWABLE)
        try:
            with translated(f"looking up the image {image}"):
                body = self._reader.json(path)
        except AzureError as error:
            if error.trouble in ASK_AGAIN:
                raise
            return ImageFacts(state=_STATES.get(error.trouble, ImageState.UNKNOWABLE))
        properties = object_in(body, "properties")
        if image.kind is ImageKind.PLATFORM:
            return platform_facts(properties)
        if not image.is_in_gallery:
            return ImageFacts(state=ImageState.FOUND, traits=managed_traits(properties))
        definition = self._definition(image, location)
        traits = version_traits(definition, object_in(properties, "storageProfile"))
        is_own = image.kind is ImageKind.RESOURCE  # else it is shown in the region: it is there
        profile = object_in(properties, "publishingProfile") if is_own else properties
        ends = text_in(profile, "endOfLifeDate") or text_in(definition, "endOfLifeDate")
        facts = ImageFacts(state=ImageState.FOUND, traits=traits, end_of_life=ends, past_end_of_life=_is_past(ends))
        if not is_own:
            return facts
        replication, progress = replication_in(properties, location)
        return replace(facts, replication=replication, progress=progress)

    def list_versions(self, image: Image, location: str) -> tuple[ImageVersion, ...]:
        """Return all versions, in Azure's order; none of an image that has no versions. Raises AzureError."""
        path = self._versions_path(image, location)
        if not path:
            return ()
        if image.kind is ImageKind.PLATFORM:
            with translated(_LISTING):
                listed = self._reader.bare_list(f"{path}?api-version={API_VERSION}")
            return tuple(ImageVersion(name=text_in(item, "name")) for item in listed if item.get("name"))
        url = f"{path}?api-version={GALLERY_API_VERSION}"
        items = self._gallery_items(image, url, _LISTING)
        named = ((text_in(item, "name"), may_be_latest(item, location)) for item in items)
        return tuple(ImageVersion(name=name, may_be_latest=is_candidate) for name, is_candidate in named)

    def list_definitions(self, image: Image, location: str) -> tuple[str, ...]:
        """Return the names of the image definitions beside this one; none if it is in no gallery. Raises AzureError."""
        path = self._definition_path(image, location).rpartition("/")[0]
        if not path:
            return ()
        url = f"{path}?api-version={GALLERY_API_VERSION}"
        return tuple(text_in(item, "name") for item in self._gallery_items(image, url, _LISTING_DEFINITIONS))

    def read_size(self, name: str, location: str) -> VmSize | None:
        """Return the VM size's abilities; None where the list of those in the region may not be read or lacks it.

        Raises AzureError where asking again may help. The list is long: to be read where something depends on it alone.
        """
        literal = location.replace("'", "''")
        wanted = quote(f"location eq '{literal}'", safe="")
        with optional("reading what the VM size can do"):
            items = self._reader.items(f"{self._compute}/skus?api-version={_SKUS_API_VERSION}&$filter={wanted}")
            return next((vm_size(item) for item in items if is_size(item, name)), None)
        return None

    def _path_of(self, image: Image, location: str) -> str:
        """Return path and api-version of a GET that answers 404 where the image does not exist.

        Empty for a VHD, and where a part of the path would lead to another resource.
        """
        if image.kind is ImageKind.RESOURCE:
            options = f"$expand=ReplicationStatus&api-version={GALLERY_API_VERSION}"
            options = options if image.is_in_gallery else f"api-version={API_VERSION}"
            return f"{quote(image.reference)}?{options}" if _is_path(image.reference) else ""
        versions, is_platform = self._versions_path(image, location), image.kind is ImageKind.PLATFORM
        version = image.version if is_platform else segments_of(image.reference).get("versions", "")
        if not versions or not is_segment(version):
            return ""
        api_version = API_VERSION if is_platform else GALLERY_API_VERSION
        return f"{versions}/{quote(version, safe='')}?api-version={api_version}"

    def _versions_path(self, image: Image, location: str) -> str:
        """Return the path of the image's versions; empty where it has none, or a part would lead elsewhere."""
        if image.kind is not ImageKind.PLATFORM:
            definition = self._definition_path(image, location)
            return f"{definition}/versions" if definition else ""
        parts = (image.publisher, image.offer, image.sku, location)
        publisher, offer, sku, region = (quote(part, safe="") for part in parts)
        path = f"publishers/{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions"
        return f"{self._locations}/{region}/{path}" if all(map(is_segment, parts)) else ""

    def _definition_path(self, image: Image, location: str) -> str:
        """Return the path of a gallery image definition, of any sharing; empty where the image is in no gallery."""
        if image.kind is ImageKind.RESOURCE:
            return quote(image.definition) if image.is_in_gallery and _is_path(image.definition) else ""
        sharing = _SHARINGS.get(image.kind, "")
        names = segments_of(image.reference)
        parts = (names.get(sharing.lower(), ""), names.get("images", ""), location)
        gallery, name, region = (quote(part, safe="") for part in parts)
        return f"{self._locations}/{region}/{sharing}/{gallery}/images/{name}" if all(map(is_segment, parts)) else ""

    def _definition(self, image: Image, location: str) -> Json:
        """Return the properties of the definition; empty where it cannot be read."""
        path = self._definition_path(image, location)
        with optional(f"looking up the image definition {image.definition}"):
            return object_in(self._reader.json(f"{path}?api-version={GALLERY_API_VERSION}"), "properties")
        return {}

    def _gallery_items(self, image: Image, url: str, doing: str) -> list[Json]:
        """Return what is listed; of a shared gallery, for want of that, what is shared with the tenant (`sharedTo`)."""
        if image.kind is not ImageKind.SHARED_GALLERY:
            return self._items(url, doing)
        try:
            items = self._items(url, doing)
        except AzureError as error:
            if error.trouble is not Trouble.NOT_FOUND:
                raise
            items = []
        return items or self._items(f"{url}&sharedTo=tenant", doing)

    def _items(self, url: str, doing: str) -> list[Json]:
        with translated(doing):
            return [item for item in self._reader.items(url) if text_in(item, "name")]


def _is_path(resource_id: str) -> bool:
    return resource_id.startswith("/") and all(map(is_segment, resource_id[1:].split("/")))


def _is_past(date: str) -> bool:
    """Return True if a date, as Azure writes it, is over; False for one that cannot be read."""
    try:
        ends = datetime.fromisoformat(date)
    except ValueError:
        return False
    return (ends if ends.tzinfo else ends.replace(tzinfo=UTC)).timestamp() <= unix_time()
