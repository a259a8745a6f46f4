"""What an image is like, and which image an instance has."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from azure_simulator.wire.names import id_of, plain_region, split_version

DEPRECATED = "Deprecated"


@dataclass(frozen=True, slots=True)
class DeployedImage:
    """The image that an instance really has: its imageReference JSON, or the `uri` of a VHD."""

    reference: tuple[tuple[str, str], ...] = ()
    uri: str | None = None

    @property
    def exact(self) -> str:
        """Return the exact version of a platform image, the id of a managed or gallery image, or the URI of a VHD."""
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
        """Return the id that the image's kind uses; empty for a platform image and a VHD."""
        return id_of(dict(self.reference))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTraits:
    """The traits of an image, as far as answers show them.

    `os`, `hyper_v_generation` and `architecture` empty, and `size_gb` 0: unknown, so that they are not shown.
    `managed`: how the image itself is stored, which decides the unit of its size. `features` None: not shown.
    `definition_features`: of a gallery's image, such as SecurityType. `plan`: of a marketplace image that has one.
    `deprecation_date`: of a platform version, beside its `state`. `target_regions`, `source`, `end_of_life`,
    `exclude_from_latest`, `replication`, `replicated_after`: of a gallery version; `replication` is Completed,
    InProgress or Failed, in all its regions alike, and from the moment `replicated_after` on, InProgress becomes
    Completed.
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
        """Return the state of the replication and its progress in percent.

        The progress grows with time; a replication that never ends is at half.
        """
        ends = self.replicated_after
        if self.replication == "Completed" or (ends is not None and now >= ends):
            return "Completed", 100
        return self.replication, 50 if ends is None else int(100 * now / ends)

    def is_in(self, location: str, now: float) -> bool:
        """Return whether instances can be made from the image in this region now."""
        regions = [plain_region(str(each["name"])) for each in self.target_regions]
        return (not regions or plain_region(location) in regions) and self.replication_at(now)[0] == "Completed"


@dataclass(frozen=True, slots=True)
class PlatformImages:
    """Versions of one publisher, offer and sku that the region has; versions that differ have an entry of their own."""

    publisher: str
    offer: str
    sku: str
    versions: tuple[str, ...]
    traits: ImageTraits = ImageTraits()


@dataclass(frozen=True, slots=True)
class GalleryImage:
    """An image definition of a gallery, shared or not, with versions of it that are alike."""

    id: str
    versions: tuple[str, ...]
    traits: ImageTraits = ImageTraits()


Entry = TypeVar("Entry", PlatformImages, GalleryImage)


@dataclass(frozen=True, slots=True)
class ManagedImage:
    """A managed image."""

    id: str
    traits: ImageTraits = ImageTraits()


def only_known(part: dict[str, Any]) -> dict[str, Any]:
    """Return the traits in a part of an answer that are known."""
    return {name: value for name, value in part.items() if value not in ("", 0, {})}


def entry_with(entries: Iterable[Entry], version: str) -> Entry | None:
    """Return the entry that has this version."""
    return next((each for each in entries if version in each.versions), None)
