"""The five kinds of image, what was asked for, and whether two of them are the same.

Sources: `imageReference` of a scale set model (virtualMachineProfile.storageProfile) in the REST specification;
the kind of a model's image cannot be changed ("The Image type for a Virtual Machine Scale Set may not be
changed.", MicrosoftDocs/azure-docs#89791).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.wording import LONGEST_NUMBER

IN_GALLERY = "/providers/microsoft.compute/galleries/"  # a resource group may have any name, "galleries" as well


class ImageKind(Enum):
    """How a model names its image. A scale set cannot change from one kind to another."""

    PLATFORM = "platform image"
    RESOURCE = "managed or gallery image"
    SHARED_GALLERY = "shared gallery image"
    COMMUNITY_GALLERY = "community gallery image"
    VHD = "VHD (image-uri)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One exact image. A platform image has the first four fields; every other kind has only `reference`."""

    kind: ImageKind
    publisher: str = ""
    offer: str = ""
    sku: str = ""
    version: str = ""
    reference: str = ""  # resource id, gallery unique id, or VHD URI

    def __str__(self) -> str:
        """Name the image: publisher:offer:sku:version, or the id, or the URI without its query."""
        if self.kind is ImageKind.PLATFORM:
            return f"{self.publisher}:{self.offer}:{self.sku}:{self.version}"
        return self.reference.partition("?")[0]

    @property
    def is_vhd(self) -> bool:
        """True if the image is a VHD; no instance shows which VHD it was made from."""
        return self.kind is ImageKind.VHD

    @property
    def is_in_gallery(self) -> bool:
        """True if the image is an image definition of a gallery, of any sharing, or a version of one."""
        if self.kind in (ImageKind.SHARED_GALLERY, ImageKind.COMMUNITY_GALLERY):
            return True
        return self.kind is ImageKind.RESOURCE and IN_GALLERY in self.reference.lower()

    @property
    def definition(self) -> str:
        """The id of a gallery image without its version."""
        return re.sub(r"/versions(/[^/]*)?$", "", self.reference.rstrip("/"), flags=re.IGNORECASE)

    @property
    def is_floating(self) -> bool:
        """True if the same words can mean another image tomorrow."""
        if self.kind is ImageKind.PLATFORM:
            return self.version.lower() == "latest"
        path = self.reference.rstrip("/").lower()
        return self.is_in_gallery and (not re.search(r"/versions/[^/]+$", path) or path.endswith("/versions/latest"))

    @property
    def named_version(self) -> str:
        """The version of a platform image or of an image in a gallery, as it is written; empty if there is none."""
        if self.kind is ImageKind.PLATFORM:
            return self.version
        found = re.search(r"/versions/([^/]+)/?$", self.reference, re.IGNORECASE)
        return found[1] if found and self.is_in_gallery else ""

    def at_version(self, version: str) -> Image:
        """Return this image, a floating one pinned to `version`."""
        if self.kind is ImageKind.PLATFORM:
            return replace(self, version=version)
        return replace(self, reference=f"{self.definition}/versions/{version}")

    def same_as(self, other: Image) -> bool:
        """Compare as Azure does, without regard to case: ids come back in another case than they were sent."""
        return self.version.lower() == other.version.lower() and (self == other or self.key == other.key)

    @property
    def key(self) -> tuple[str, ...]:
        """What makes this image differ from others, whatever the case of its name and the signature of its address."""
        if self.is_vhd:  # the path of a blob has case
            return (self.kind.name, str(self))
        parts = (self.publisher, self.offer, self.sku, self.version, self.reference.rstrip("/"))
        return (self.kind.name, *(part.lower() for part in parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """What the workflow asked for. Of a platform image any part may be empty: the model's is kept."""

    version: str = ""
    sku: str = ""
    offer: str = ""
    publisher: str = ""
    image_id: str = ""
    image_uri: str = ""

    @property
    def kind(self) -> ImageKind:
        """The kind of image that is asked for."""
        if self.image_uri:
            return ImageKind.VHD
        if not self.image_id:
            return ImageKind.PLATFORM
        path = self.image_id.lower()
        if path.startswith("/communitygalleries/"):
            return ImageKind.COMMUNITY_GALLERY
        return ImageKind.SHARED_GALLERY if path.startswith("/sharedgalleries/") else ImageKind.RESOURCE


def is_older(one: Image, other: Image) -> bool:
    """Return whether `one` is a lower version of the same image as `other`; False if one of them names no version."""
    if one.is_floating or other.is_floating:
        return False
    versions = [image.version or image.reference.rpartition("/")[2] for image in (one, other)]
    are_versions = all(image.kind is ImageKind.PLATFORM or image.is_in_gallery for image in (one, other))
    same_image = are_versions and one.at_version("").same_as(other.at_version(""))
    return same_image and by_number(versions[0]) < by_number(versions[1])


def image_from_text(text: str) -> Image | None:
    """Return the image that `str(image)` named (of a VHD, the URI without its query); None if it names none."""
    path = text.lower()
    parts = text.split(":")
    if path.startswith(("https://", "http://")):
        return Image(kind=ImageKind.VHD, reference=text)
    if path.startswith(("/subscriptions/", "/sharedgalleries/", "/communitygalleries/")):
        return Image(kind=ImageRequest(image_id=text).kind, reference=text)
    if len(parts) != 4 or not all(parts):
        return None
    publisher, offer, sku, version = parts
    return Image(kind=ImageKind.PLATFORM, publisher=publisher, offer=offer, sku=sku, version=version)


def wanted_image(request: ImageRequest, model_image: Image) -> Image:
    """Return the image that was asked for, completed from the model's; it may be a floating one.

    Raises PlanRefused when the kind of image would change.
    """
    if request.kind is not model_image.kind:
        raise PlanRefused(
            f"The scale set runs a {model_image.kind.value} ({model_image}); a {request.kind.value} was asked for, "
            "and Azure does not let a scale set change the kind of its image.",
            "Give the inputs of the same kind of image, or create a new scale set.",
        )
    return _completed(request, model_image)


def by_number(version: str) -> list[tuple[int, str]]:
    """Return the sort key of a version: its parts, numbers by value."""
    return [
        (int(part), "") if part.isdecimal() and len(part) <= LONGEST_NUMBER else (-1, part)
        for part in version.split(".")
    ]


def _completed(request: ImageRequest, model_image: Image) -> Image:
    if request.kind is ImageKind.PLATFORM:
        return Image(
            kind=ImageKind.PLATFORM,
            publisher=request.publisher or model_image.publisher,
            offer=request.offer or model_image.offer,
            sku=request.sku or model_image.sku,
            version=request.version or model_image.version,
        )
    return Image(kind=request.kind, reference=request.image_id or request.image_uri)
