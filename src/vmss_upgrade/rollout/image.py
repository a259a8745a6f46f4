"""The five kinds of image, what was asked for, and whether two of them are the same.

Sources: `imageReference` of a scale set model (virtualMachineProfile.storageProfile) in the REST specification;
the kind of a model's image cannot be changed ("The Image type for a Virtual Machine Scale Set may not be
changed.", MicrosoftDocs/azure-docs#89791).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.errors import PlanRefused


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
        """The image for people and outputs: publisher:offer:sku:version, or the id, or the URI without query."""
        if self.kind is ImageKind.PLATFORM:
            return f"{self.publisher}:{self.offer}:{self.sku}:{self.version}"
        return self.reference.partition("?")[0]

    @property
    def is_floating(self) -> bool:
        """Whether the same words can mean another image tomorrow."""
        if self.kind is ImageKind.PLATFORM:
            return self.version.lower() == "latest"
        path = self.reference.lower()
        gallery = "/galleries/" in path or self.kind in (ImageKind.SHARED_GALLERY, ImageKind.COMMUNITY_GALLERY)
        return gallery and (not re.search(r"/versions/[^/]+$", path) or path.endswith("/versions/latest"))

    def same_as(self, other: Image) -> bool:
        """Equality as Azure sees it: without regard to case (ids come back in other case than they were sent)."""
        return self._key() == other._key()

    def _key(self) -> tuple[str, ...]:
        if self.kind is ImageKind.VHD:  # the path of a blob has case
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


def resolve_target(request: ImageRequest, model_image: Image) -> Image:
    """The exact image to roll to: what was asked for, completed from the model's image.

    Raises PlanRefused when the kind of image would change, or when the result is not one exact version.
    """
    if request.kind is not model_image.kind:
        raise PlanRefused(
            f"The scale set runs a {model_image.kind.value} ({model_image}); a {request.kind.value} was asked for, "
            "and Azure does not let a scale set change the kind of its image.",
            "Give the inputs of the same kind of image, or create a new scale set.",
        )
    target = _completed(request, model_image)
    if target.is_floating:
        raise PlanRefused(
            f"{target} does not name one exact version, so a long rollout could mix two.",
            "Name the version: `image-version: X.Y.Z`, or an `image-id` that ends in /versions/X.Y.Z.",
        )
    return target


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
