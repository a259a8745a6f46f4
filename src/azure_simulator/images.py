"""Images: which exist, what a model refers to, and what an instance made from it now has.

Choices that no recording decides: a gallery version whose replication has not come to its end, in the region of the
set, counts as not being there (reported for a region that it is not replicated to at all); `latest` passes it over,
and a platform version that is deprecated too. An end of life says something to people alone: such a version is
deployed as any other (documented, "Store and share images in an Azure Compute Gallery"). What the set and its
instances are on when a simulation begins only has to exist.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from azure_simulator.answers import NotSimulated, Refusal
from azure_simulator.errors import refusal
from azure_simulator.regions import plain_region

Kind = Literal["platform", "id", "shared", "community", "uri"]
DEPRECATED = "Deprecated"

_IN_A_GALLERY = re.compile("/(Shared|Community)?Galleries/[^/]+/Images/[^/]+(/versions/[^/]+)?/*$", re.IGNORECASE)
_VERSION = re.compile("(.*)/versions/([^/]+)", re.IGNORECASE)

# The kinds that name their image by an id, and the property of the imageReference that holds it.
ID_KEYS: dict[str, Kind] = {"id": "id", "sharedGalleryImageId": "shared", "communityGalleryImageId": "community"}


@dataclass(frozen=True, slots=True)
class DeployedImage:
    """The image that an instance really has: its imageReference JSON, or the `uri` of a VHD."""

    reference: tuple[tuple[str, str], ...] = ()
    uri: str | None = None

    @property
    def exact(self) -> str:
        """The exact version of a platform image, the id of a managed or gallery image, or the VHD's URI."""
        parts = dict(self.reference)
        if self.uri is not None:
            return self.uri
        image_id = self.id
        if not image_id:
            return parts.get("exactVersion", parts.get("version", ""))
        definition, named = split_version(image_id)
        if named or "exactVersion" not in parts:
            return image_id
        return f"{definition}/{'versions' if 'id' in parts else 'Versions'}/{parts['exactVersion']}"

    @property
    def id(self) -> str:
        """The id that its kind names it by; empty for a platform image and a VHD."""
        return id_of(dict(self.reference))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTraits:
    """What an image is like, as far as the answers about it tell.

    `os`, `hyper_v_generation` and `architecture` empty, and `size_gb` 0: nobody has said, so that it is not shown.
    `managed`: how the image itself is stored, which decides the unit of its size. `features` None: not shown.
    `definition_features`: of a gallery's image, such as SecurityType. `plan`: of a marketplace image that has one.
    `deprecation_date`: of a platform version, beside its `state`. `target_regions`, `source`, `end_of_life`,
    `exclude_from_latest`, `replication`, `replicated_after`: of a gallery version; `replication` is Completed,
    InProgress or Failed, in all its regions alike, and what is InProgress is Completed from the moment
    `replicated_after` on.
    """

    os: str = "Linux"
    hyper_v_generation: str = "V2"
    architecture: str = "x64"
    managed: bool = True
    size_gb: int = 30
    state: str = "Active"
    deprecation_date: str = ""
    os_upgrade: bool = True
    features: tuple[tuple[str, str], ...] | None = (("IsAcceleratedNetworkSupported", "True"),)
    os_state: str = "Generalized"
    definition_features: tuple[tuple[str, str], ...] = ()
    plan: dict[str, str] | None = field(default=None, hash=False)
    data_disks: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    target_regions: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    source: str = ""
    end_of_life: str = ""
    exclude_from_latest: bool = False
    replication: str = "Completed"
    replicated_after: float | None = None

    def replication_at(self, now: float) -> tuple[str, int]:
        """The state of its replication and how many hundredths of it are done: as the time that has passed, half
        where it never ends.
        """
        ends = self.replicated_after
        if self.replication == "Completed" or (ends is not None and now >= ends):
            return "Completed", 100
        return self.replication, 50 if ends is None else int(100 * now / ends)

    def is_in(self, location: str, now: float) -> bool:
        """Whether instances can be made from it in this region now."""
        regions = [plain_region(str(each["name"])) for each in self.target_regions]
        return (not regions or plain_region(location) in regions) and self.replication_at(now)[0] == "Completed"


@dataclass(frozen=True, slots=True)
class PlatformImages:
    """Versions of one publisher, offer and sku that the region has; those that differ have entries of their own."""

    publisher: str
    offer: str
    sku: str
    versions: tuple[str, ...]
    traits: ImageTraits = ImageTraits()


@dataclass(frozen=True, slots=True)
class GalleryImage:
    """An image definition of a gallery, shared with all or not, with versions of it that are alike."""

    id: str
    versions: tuple[str, ...]
    traits: ImageTraits = ImageTraits()


Entry = TypeVar("Entry", PlatformImages, GalleryImage)


@dataclass(frozen=True, slots=True)
class ManagedImage:
    """An image of its own."""

    id: str
    traits: ImageTraits = ImageTraits()


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every image there is. Names and ids compare without regard to case.

    `captured`: those that the files of a captured set name; of any other nobody knows whether it exists.
    """

    platform: tuple[PlatformImages, ...] = ()
    gallery: tuple[GalleryImage, ...] = ()
    managed: tuple[ManagedImage, ...] = ()
    captured: bool = False

    def check_told(self, name: str) -> None:
        """Raise NotSimulated for an image that is not in the catalog of a captured set."""
        if self.captured:
            raise NotSimulated(
                f"the captured files do not say whether the image {name} exists, nor what it is like; describe it in "
                "the list `images` of the scenario"
            )

    def is_elsewhere(self, subscription: str) -> bool:
        """Whether an image of the catalog lies in this subscription."""
        ids = [*(each.id for each in self.gallery), *(each.id for each in self.managed)]
        return any(each.lower().startswith(f"/subscriptions/{subscription.lower()}/") for each in ids)

    def platform_images(self, publisher: str, offer: str, sku: str) -> list[PlatformImages]:
        wanted = (publisher.lower(), offer.lower(), sku.lower())
        return [
            each for each in self.platform if (each.publisher.lower(), each.offer.lower(), each.sku.lower()) == wanted
        ]

    def gallery_images(self, definition_id: str) -> list[GalleryImage]:
        return [each for each in self.gallery if each.id.lower() == definition_id.lower()]

    def managed_image(self, image_id: str) -> ManagedImage | None:
        return next((each for each in self.managed if each.id.lower() == image_id.lower()), None)

    def traits_of(self, image: DeployedImage) -> ImageTraits:
        """What the image of an instance is like; of a VHD, and of an image that is gone, nothing is known."""
        parts = dict(image.reference)
        if not image.id:
            names = [parts.get(key, "") for key in ("publisher", "offer", "sku")]
            return _traits(self.platform_images(*names), parts.get("exactVersion", ""))
        if (managed := self.managed_image(image.id)) is not None:
            return managed.traits
        definition, version = split_version(image.id)
        return _traits(self.gallery_images(definition), version or parts.get("exactVersion", ""))

    def deploy(self, storage_profile: dict[str, Any], location: str, now: float) -> DeployedImage:
        """What an instance gets that is made from this profile now; `latest` is resolved.

        Raises Refusal as Azure does for an image that does not exist, and for one of which no version is the
        latest. A VHD's URI is taken on trust: the simulator has no storage accounts.
        """
        kind = kind_of(storage_profile)
        if kind == "platform":
            return self._deploy_platform(storage_profile["imageReference"])
        if kind == "uri":
            return DeployedImage(uri=str(storage_profile["osDisk"]["image"]["uri"]))
        return self._deploy_id(storage_profile["imageReference"], location, now)

    def check_deployable(self, storage_profile: dict[str, Any], location: str, now: float) -> None:
        """Raises Refusal where no new instance can be made from this profile now: as `deploy`, and for a version
        that is deprecated, or not in this region.
        """
        image = self.deploy(storage_profile, location, now)
        traits = self.traits_of(image)
        if traits.state == DEPRECATED:
            parts = dict(image.reference)
            names = (parts.get(key, "") for key in ("publisher", "offer", "sku", "version"))
            raise refusal("image-version-deprecated", name=":".join(names))
        if image.id and not traits.is_in(location, now):
            raise refusal("gallery-image-not-found", name=image.id, location=location)

    def _deploy_platform(self, reference: dict[str, Any]) -> DeployedImage:
        names = [str(reference.get(key, "")) for key in ("publisher", "offer", "sku", "version")]
        entries, version = self.platform_images(*names[:3]), names[3]
        if version.lower() == "latest":
            known = [each for entry in entries if entry.traits.state != DEPRECATED for each in entry.versions]
            version = newest(known) if known else ""
        if entry_with(entries, version) is None:
            self.check_told(":".join(names))
            raise refusal("platform-image-not-found", name=":".join(names))
        keys = dict(zip(("publisher", "offer", "sku", "version"), names, strict=True))
        return DeployedImage(reference=(*keys.items(), ("exactVersion", version)))

    def _deploy_id(self, reference: dict[str, Any], location: str, now: float) -> DeployedImage:
        image_id = id_of(reference)
        key = next(key for key in ID_KEYS if reference.get(key) == image_id)
        definition, version = split_version(image_id)
        entries = self.gallery_images(definition)
        if not entries and key == "id" and not is_of_a_gallery(image_id):
            if self.managed_image(image_id) is None:
                self.check_told(image_id)
                raise _managed_image_not_found(image_id)
            return DeployedImage(reference=((key, image_id),))
        if not version:
            version = self._latest(entries, image_id, location, now)
        if entry_with(entries, version) is None:
            self.check_told(image_id)
            raise refusal("gallery-image-not-found", name=image_id, location=location)
        return DeployedImage(reference=((key, image_id), ("exactVersion", version)))

    def _latest(self, entries: list[GalleryImage], image_id: str, location: str, now: float) -> str:
        """The highest version that counts as latest: not excluded, and in the region (documented)."""
        counted = [each for each in entries if each.traits.is_in(location, now) and not each.traits.exclude_from_latest]
        known = [version for each in counted for version in each.versions]
        if entries and not known:
            raise refusal("no-latest-version", name=image_id, location=location)
        return newest(known) if known else ""


def said(part: dict[str, Any]) -> dict[str, Any]:
    """The traits in a part of an answer that anybody has said anything about."""
    return {name: value for name, value in part.items() if value not in ("", 0, {})}


def kind_of(storage_profile: dict[str, Any]) -> Kind:
    """The kind of image that a model refers to."""
    kinds = kinds_of(storage_profile)
    if not kinds:
        raise NotSimulated("a storage profile without imageReference and osDisk.image.uri is not simulated")
    return kinds[0]


def kinds_of(storage_profile: dict[str, Any]) -> list[Kind]:
    """Every kind of image that a model names: a change of kind leaves two of them side by side."""
    reference = storage_profile.get("imageReference") or {}
    kinds = [kind for key, kind in ID_KEYS.items() if key in reference]
    if "publisher" in reference or (reference and not kinds):
        kinds.append("platform")
    if "uri" in ((storage_profile.get("osDisk") or {}).get("image") or {}):
        kinds.append("uri")
    return kinds


def id_of(reference: dict[str, Any]) -> str:
    """The id in an imageReference, whichever kind it is; empty for a platform image."""
    return next((str(reference[key]) for key in ID_KEYS if key in reference), "")


def entry_with(entries: Iterable[Entry], version: str) -> Entry | None:
    """The entry that has this version."""
    return next((each for each in entries if version in each.versions), None)


def _traits(entries: list[Entry], version: str) -> ImageTraits:
    """Those of the entry that has this version, else of the first one."""
    entry = entry_with(entries, version) or next(iter(entries), None)
    return ImageTraits() if entry is None else entry.traits


def newest(versions: Iterable[str]) -> str:
    """The highest version, number by number."""
    return max(versions, key=version_key)


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Sorts 22.04.9 before 22.04.10."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in version.split("."))


def split_version(image_id: str) -> tuple[str, str]:
    """An image's id in a gallery without its version, and the version: empty for none, and for `latest`."""
    named = _VERSION.fullmatch(image_id)
    if named is None:
        return image_id, ""
    return named[1], "" if named[2].lower() == "latest" else named[2]


def is_of_a_gallery(image_id: str) -> bool:
    """Whether an id is that of a gallery's image, with a version or without, whatever its group is called."""
    return _IN_A_GALLERY.search(image_id) is not None


def _managed_image_not_found(image_id: str) -> Refusal:
    """No recording of this one: the gateway's recorded 404 for the image resource."""
    parts = image_id.strip("/").split("/")
    return refusal("resource-not-found", kind="images", name=parts[-1], group=parts[3] if len(parts) > 3 else "")
