"""The images that exist, and what an instance gets that is made from one of them.

Choices that no recording decides: a gallery version that is not replicated to the region of the set yet does not exist
there (reported for a region that it is not replicated to at all); `latest` ignores it, and a deprecated platform
version too. An end of life only informs people: such a version is deployed like any other (documented, "Store and
share images in an Azure Compute Gallery"). The image that the set and its instances have when a simulation begins only
has to exist.
"""

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from azure_simulator.scenario.images import (
    DEPRECATED,
    DeployedImage,
    Entry,
    GalleryImage,
    ImageTraits,
    ManagedImage,
    PlatformImages,
    entry_with,
)
from azure_simulator.scenario.section import Section
from azure_simulator.scenario.set_description import UBUNTU, UBUNTU_VERSIONS
from azure_simulator.wire.answers import NotSimulated, Refusal
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.names import ID_KEYS, id_of, is_of_a_gallery, kind_of, newest, split_version, target_region


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every image that exists. Names and ids compare without regard to case.

    `captured`: these are the images that the files of a captured set name; whether any other exists is unknown.
    """

    platform: tuple[PlatformImages, ...] = ()
    gallery: tuple[GalleryImage, ...] = ()
    managed: tuple[ManagedImage, ...] = ()
    captured: bool = False

    def check_described(self, name: str) -> None:
        """Raise NotSimulated for an image that is not in the catalog of a captured set."""
        if self.captured:
            raise NotSimulated(
                f"the captured files do not say whether the image {name} exists, nor what it is like; describe it in "
                "the list `images` of the scenario"
            )

    def is_elsewhere(self, subscription: str) -> bool:
        """Return whether an image of the catalog lies in this subscription."""
        ids = [*(each.id for each in self.gallery), *(each.id for each in self.managed)]
        return any(each.lower().startswith(f"/subscriptions/{subscription.lower()}/") for each in ids)

    def platform_images(self, publisher: str, offer: str, sku: str) -> list[PlatformImages]:
        """Return the entries of a publisher, offer and sku."""
        wanted = (publisher.lower(), offer.lower(), sku.lower())
        return [
            each for each in self.platform if (each.publisher.lower(), each.offer.lower(), each.sku.lower()) == wanted
        ]

    def gallery_images(self, definition_id: str) -> list[GalleryImage]:
        """Return the entries of an image definition."""
        return [each for each in self.gallery if each.id.lower() == definition_id.lower()]

    def definitions_below(self, path: str) -> list[GalleryImage]:
        """Return the image definitions of a gallery, each once, by the path that their ids begin with."""
        below = {each.id.lower(): each for each in reversed(self.gallery)}
        return [each for name, each in sorted(below.items()) if name.rpartition("/")[0] == path.lower()]

    def managed_image(self, image_id: str) -> ManagedImage | None:
        """Return a managed image; None when it does not exist."""
        return next((each for each in self.managed if each.id.lower() == image_id.lower()), None)

    def traits_of(self, image: DeployedImage) -> ImageTraits:
        """Return what the image of an instance is like; nothing is known of a VHD, and of an image that was deleted."""
        parts = dict(image.reference)
        if not image.id:
            names = [parts.get(key, "") for key in ("publisher", "offer", "sku")]
            return _find_traits(self.platform_images(*names), parts.get("exactVersion", ""))
        if (managed := self.managed_image(image.id)) is not None:
            return managed.traits
        definition, version = split_version(image.id)
        return _find_traits(self.gallery_images(definition), version or parts.get("exactVersion", ""))

    def deploy(self, storage_profile: dict[str, Any], location: str, now: float) -> DeployedImage:
        """Return what an instance gets that is made from this profile now; `latest` is resolved.

        Raises Refusal as Azure does for an image that does not exist, and for one that has no latest version. The URI
        of a VHD is not checked: the simulator has no storage accounts.
        """
        kind = kind_of(storage_profile)
        if kind == "platform":
            return self._deploy_platform(storage_profile["imageReference"])
        if kind == "uri":
            return DeployedImage(uri=str(storage_profile["osDisk"]["image"]["uri"]))
        return self._deploy_id(storage_profile["imageReference"], location, now)

    def check_deployable(self, storage_profile: dict[str, Any], location: str, now: float) -> None:
        """Raise Refusal where no new instance can be made from this profile now.

        The reasons are those of `deploy`, and a version that is deprecated or not in this region.
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
            self.check_described(":".join(names))
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
                self.check_described(image_id)
                raise _managed_image_not_found(image_id)
            return DeployedImage(reference=((key, image_id),))
        if not version:
            version = self._latest(entries, image_id, location, now)
        if entry_with(entries, version) is None:
            self.check_described(image_id)
            raise refusal("gallery-image-not-found", name=image_id, location=location)
        return DeployedImage(reference=((key, image_id), ("exactVersion", version)))

    def _latest(self, entries: list[GalleryImage], image_id: str, location: str, now: float) -> str:
        """Return the highest version that counts as latest: not excluded, and in the region (documented)."""
        counted = [each for each in entries if each.traits.is_in(location, now) and not each.traits.exclude_from_latest]
        known = [version for each in counted for version in each.versions]
        if entries and not known:
            raise refusal("no-latest-version", name=image_id, location=location)
        return newest(known) if known else ""


# What exists where a scenario names no images.
USUAL_CATALOG = Catalog(
    platform=(PlatformImages(UBUNTU["publisher"], UBUNTU["offer"], UBUNTU["sku"], UBUNTU_VERSIONS),)
)


def read_catalog(root: Section) -> Catalog:
    """Read the list `images` of a scenario."""
    if not root.has("images"):
        return USUAL_CATALOG
    platform, gallery, managed = [], [], []
    for entry in root.sections("images"):
        if entry.has("publisher"):
            publisher, offer, sku = (entry.text(key) for key in ("publisher", "offer", "sku"))
            versions = tuple(entry.list_of("versions", str))
            platform.append(PlatformImages(publisher, offer, sku, versions, _read_platform_traits(entry)))
        elif entry.has("versions"):
            versions = tuple(entry.list_of("versions", str))
            gallery.append(GalleryImage(_read_gallery_id(entry), versions, _read_gallery_traits(entry)))
        else:
            managed.append(ManagedImage(entry.text("id"), _read_traits(entry)))
        entry.finish()
    return Catalog(tuple(platform), tuple(gallery), tuple(managed))


def _read_gallery_id(entry: Section) -> str:
    image_id = entry.text("id")
    if re.search("/(Shared|Community)?Galleries/[^/]+/Images/[^/]+$", image_id, re.IGNORECASE) is None:
        raise entry.problem("id", f"must end in galleries/NAME/images/NAME, since it has versions, but is {image_id!r}")
    return image_id


def _read_platform_traits(entry: Section) -> ImageTraits:
    return dataclasses.replace(
        _read_traits(entry),
        state=entry.choice("state", ("Active", "ScheduledForDeprecation", "Deprecated"), "Active"),
        deprecation_date=entry.moment_text("deprecation_date"),
        plan=_read_plan(entry),
        features=_read_features(entry) if entry.has("features") else ImageTraits().features,
    )


def _read_gallery_traits(entry: Section) -> ImageTraits:
    after = entry.optional_number("replicated_after")
    replication = entry.choice(
        "replication", ("Completed", "InProgress", "Failed"), "Completed" if after is None else "InProgress"
    )
    if after is not None and replication != "InProgress":
        raise entry.problem("replicated_after", f"needs the replication InProgress, not {replication}")
    return dataclasses.replace(
        _read_traits(entry),
        replication=replication,
        replicated_after=after,
        exclude_from_latest=entry.flag("exclude_from_latest", False),
        end_of_life=entry.moment_text("end_of_life"),
        target_regions=tuple(target_region(each) for each in entry.list_of("target_regions", str)),
        plan=_read_plan(entry),
        definition_features=_read_features(entry),
    )


def _read_features(entry: Section) -> tuple[tuple[str, str], ...]:
    """Return the features of an image, such as `SecurityType: TrustedLaunch`."""
    section = entry.section("features")
    return tuple((name, section.text(name)) for name in section.names())


def _read_traits(entry: Section) -> ImageTraits:
    """Return the traits that an image of any kind can have."""
    return ImageTraits(
        os_state=entry.choice("os_state", ("Generalized", "Specialized"), "Generalized"),
        size_gb=entry.whole("size_gb", 30),
        data_disks=tuple(entry.list_of("data_disks", dict)),
        os=entry.choice("os", ("Linux", "Windows"), "Linux"),
        hyper_v_generation=entry.choice("hyper_v_generation", ("V1", "V2"), "V2"),
        architecture=entry.choice("architecture", ("x64", "Arm64"), "x64"),
    )


def _read_plan(entry: Section) -> dict[str, str] | None:
    """Return the plan of a marketplace image."""
    if not entry.has("plan"):
        return None
    section = entry.section("plan")
    plan = {key: section.text(key) for key in ("name", "publisher", "product")}
    section.finish()
    return plan


def _find_traits(entries: list[Entry], version: str) -> ImageTraits:
    """Return the traits of the entry that has this version, else of the first one."""
    entry = entry_with(entries, version) or next(iter(entries), None)
    return ImageTraits() if entry is None else entry.traits


def _managed_image_not_found(image_id: str) -> Refusal:
    """Return the gateway's recorded 404 for the image resource; none is recorded for this case."""
    parts = image_id.strip("/").split("/")
    return refusal("resource-not-found", kind="images", name=parts[-1], group=parts[3] if len(parts) > 3 else "")
