"""The five kinds of image, what was asked for, and whether two of them are the same.

Sources: `imageReference` of a scale set model (virtualMachineProfile.storageProfile) in the REST specification;
the kind of a model's image cannot be changed ("The Image type for a Virtual Machine Scale Set may not be
changed.", MicrosoftDocs/azure-docs#89791).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from vmss_upgrade.errors import PlanRefused

_PLATFORM_FIELDS = ("publisher", "offer", "sku", "version")
LONGEST_NUMBER = 20  # digits; what is longer counts as a name, also because Python reads no number of 5000 digits
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
        """The image for people and outputs: publisher:offer:sku:version, or the id, or the URI without query."""
        if self.kind is ImageKind.PLATFORM:
            return f"{self.publisher}:{self.offer}:{self.sku}:{self.version}"
        return self.reference.partition("?")[0]

    @property
    def is_vhd(self) -> bool:
        """Whether the image is a VHD, which no instance shows to have been made from."""
        return self.kind is ImageKind.VHD

    @property
    def is_in_gallery(self) -> bool:
        """Whether the image is an image definition of a gallery, of any sharing, or a version of one."""
        if self.kind in (ImageKind.SHARED_GALLERY, ImageKind.COMMUNITY_GALLERY):
            return True
        return self.kind is ImageKind.RESOURCE and IN_GALLERY in self.reference.lower()

    @property
    def definition(self) -> str:
        """The id of a gallery image without its version."""
        return re.sub(r"/versions(/[^/]*)?$", "", self.reference.rstrip("/"), flags=re.IGNORECASE)

    @property
    def is_floating(self) -> bool:
        """Whether the same words can mean another image tomorrow."""
        if self.kind is ImageKind.PLATFORM:
            return self.version.lower() == "latest"
        path = self.reference.rstrip("/").lower()
        return self.is_in_gallery and (not re.search(r"/versions/[^/]+$", path) or path.endswith("/versions/latest"))

    def at_version(self, version: str) -> Image:
        """The same image, a floating one pinned to `version`."""
        if self.kind is ImageKind.PLATFORM:
            return replace(self, version=version)
        return replace(self, reference=f"{self.definition}/versions/{version}")

    def same_as(self, other: Image) -> bool:
        """Equality as Azure sees it: without regard to case (ids come back in other case than they were sent)."""
        return self._key() == other._key()

    def _key(self) -> tuple[str, ...]:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What decides whether an image boots on a scale set; empty where it is not known.

    `plan` is a marketplace plan as publisher:product:name; empty: it has none; None: not known. `features`, the size of
    the OS disk in GB and the LUNs of the data disks that the image brings along are None where they are not known.
    """

    os: str = ""  # Linux, Windows
    generation: str = ""  # of the hypervisor: V1, V2
    architecture: str = ""  # x64, Arm64
    plan: str | None = None
    os_state: str = ""  # Generalized, Specialized
    features: tuple[tuple[str, str], ...] | None = None
    disk_size: int | None = None
    data_luns: frozenset[int] | None = None

    def feature(self, name: str) -> str | None:
        """The value of a feature, empty where the catalog lists features but not this one; None: it lists none."""
        if self.features is None:
            return None
        return next((value for each, value in self.features if each.lower() == name.lower()), "")

    def completed(self, other: Traits) -> Traits:
        """These traits, and from `other` what is not known here."""
        return replace(
            self,
            os=self.os or other.os,
            generation=self.generation or other.generation,
            architecture=self.architecture or other.architecture,
            plan=other.plan if self.plan is None else self.plan,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSettings:
    """What a model says of the machines that it makes; empty, or None, where it does not say.

    `data_disks` are the LUN and the createOption of each.
    """

    size: str = ""
    has_os_profile: bool | None = None
    security_type: str = ""  # TrustedLaunch, ConfidentialVM; a standard machine need not say so
    disk_controller: str = ""  # SCSI, NVMe
    disk_size: int | None = None
    data_disks: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VmSize:
    """What a VM size can do in a region; empty where its description does not say."""

    generations: frozenset[str] = frozenset()
    architecture: str = ""
    controllers: frozenset[str] = frozenset()


class ImageState(Enum):
    """What could be found out about an image."""

    FOUND = "found"
    MISSING = "missing"
    DENIED = "denied"  # no right to read it
    OTHER_TENANT = "other tenant"  # of a tenant that one is not signed in to
    UNKNOWABLE = "unknowable"  # a VHD: there is nobody to ask


class Replication(Enum):
    """How far a gallery image version has come in one region."""

    COMPLETED = "completed"
    REPLICATING = "replicating"
    FAILED = "failed"
    NOT_ASKED_FOR = "not asked for"  # the region is none of its target regions
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What the catalog says of one exact image. `progress` is the replication's, in percent.

    Dates are as Azure writes them; `deprecation_date` is the scheduled one, `end_of_life` a gallery version's.
    """

    state: ImageState
    traits: Traits = Traits()
    deprecated: bool = False
    deprecation_date: str = ""
    end_of_life: str = ""
    past_end_of_life: bool = False
    replication: Replication = Replication.COMPLETED
    progress: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageVersion:
    """One version of a platform or gallery image. `may_be_latest`: it is in the region and not excluded from latest."""

    name: str
    may_be_latest: bool = True


def newest_first(versions: Iterable[ImageVersion]) -> list[str]:
    """The versions that may be the latest, the highest first, number by number."""
    return sorted((version.name for version in versions if version.may_be_latest), key=_by_number, reverse=True)


def is_older(one: Image, other: Image) -> bool:
    """Whether `one` is a lower version of the same image as `other`; never where one of them is of no version."""
    versions = [image.version or image.reference.rpartition("/")[2] for image in (one, other)]
    are_versions = all(image.kind is ImageKind.PLATFORM or image.is_in_gallery for image in (one, other))
    same_image = are_versions and one.at_version("").same_as(other.at_version(""))
    return same_image and _by_number(versions[0]) < _by_number(versions[1])


def image_from_text(text: str) -> Image | None:
    """The image that `str(image)` named, of which a VHD lost its query; None where it is none."""
    path = text.lower()
    parts = text.split(":")
    if path.startswith(("https://", "http://")):
        return Image(kind=ImageKind.VHD, reference=text)
    if path.startswith(("/subscriptions/", "/sharedgalleries/", "/communitygalleries/")):
        return Image(kind=ImageRequest(image_id=text).kind, reference=text)
    if len(parts) == len(_PLATFORM_FIELDS) and all(parts):
        return Image(kind=ImageKind.PLATFORM, **dict(zip(_PLATFORM_FIELDS, parts, strict=True)))
    return None


def wanted_image(request: ImageRequest, model_image: Image) -> Image:
    """The image that was asked for, completed from the model's; it may be a floating one.

    Raises PlanRefused when the kind of image would change.
    """
    if request.kind is not model_image.kind:
        raise PlanRefused(
            f"The scale set runs a {model_image.kind.value} ({model_image}); a {request.kind.value} was asked for, "
            "and Azure does not let a scale set change the kind of its image.",
            "Give the inputs of the same kind of image, or create a new scale set.",
        )
    return _completed(request, model_image)


def _by_number(version: str) -> list[tuple[int, str]]:
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
