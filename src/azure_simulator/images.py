"""Images: which exist, what a model refers to, and what an instance made from it now has."""

from dataclasses import dataclass, field
from typing import Any, Literal

from azure_simulator.answers import NotSimulated, Refusal
from azure_simulator.errors import refusal

Kind = Literal["platform", "id", "uri"]


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
        if "id" not in parts:
            return parts.get("exactVersion", parts.get("version", ""))
        version = parts.get("exactVersion")
        named = "/versions/" in parts["id"].lower()
        return f"{parts['id']}/versions/{version}" if version and not named else parts["id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTraits:
    """What an image is like, as far as the answers about it tell.

    `managed`: how the image itself is stored, which decides the unit of its size. `features` None: not shown.
    `plan`: of a marketplace image that has one. `target_regions`, `source`, `end_of_life`, `replication`: of a
    gallery version; `replication` is Completed, InProgress or Failed, in all its regions.
    """

    os: str = "Linux"
    hyper_v_generation: str = "V2"
    architecture: str = "x64"
    managed: bool = True
    size_gb: int = 30
    state: str = "Active"
    os_upgrade: bool = True
    features: tuple[tuple[str, str], ...] | None = (("IsAcceleratedNetworkSupported", "True"),)
    plan: dict[str, str] | None = field(default=None, hash=False)
    data_disks: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    target_regions: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    source: str = ""
    end_of_life: str = ""
    replication: str = "Completed"


@dataclass(frozen=True, slots=True)
class PlatformImages:
    """The versions of one publisher, offer and sku that the region has."""

    publisher: str
    offer: str
    sku: str
    versions: tuple[str, ...]
    traits: ImageTraits = ImageTraits()


@dataclass(frozen=True, slots=True)
class GalleryImage:
    """An image definition of a gallery with its versions, all deployable in the region of the set."""

    id: str
    versions: tuple[str, ...]
    traits: ImageTraits = ImageTraits()


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every image there is. Names and ids compare without regard to case."""

    platform: tuple[PlatformImages, ...] = ()
    gallery: tuple[GalleryImage, ...] = ()
    managed: tuple[str, ...] = ()

    def platform_images(self, publisher: str, offer: str, sku: str) -> PlatformImages | None:
        wanted = [part.lower() for part in (publisher, offer, sku)]
        for images in self.platform:
            if [part.lower() for part in (images.publisher, images.offer, images.sku)] == wanted:
                return images
        return None

    def gallery_image(self, definition_id: str) -> GalleryImage | None:
        return next((image for image in self.gallery if image.id.lower() == definition_id.lower()), None)

    def gallery_version(self, definition_id: str, version: str) -> GalleryImage | None:
        """The entry that has this version: versions that differ have entries of their own."""
        same = [image for image in self.gallery if image.id.lower() == definition_id.lower()]
        return next((image for image in same if version in image.versions), None)

    def hyper_v_generation(self, storage_profile: dict[str, Any]) -> str:
        """The generation of the machines that are made from this profile."""
        reference = storage_profile.get("imageReference") or {}
        images = self.platform_images(*(str(reference.get(key, "")) for key in ("publisher", "offer", "sku")))
        return images.traits.hyper_v_generation if images is not None else ImageTraits().hyper_v_generation

    def has_managed(self, image_id: str) -> bool:
        return any(image_id.lower() == known.lower() for known in self.managed)

    def deploy(self, storage_profile: dict[str, Any], location: str) -> DeployedImage:
        """What an instance gets that is made from this profile now; `latest` is resolved.

        Raises Refusal 404 as Azure does for an image that does not exist, and NotSimulated for shared and
        community galleries. A VHD's URI is taken on trust: the simulator has no storage accounts.
        """
        match kind_of(storage_profile):
            case "platform":
                return self._deploy_platform(storage_profile["imageReference"])
            case "id":
                return self._deploy_id(storage_profile["imageReference"]["id"], location)
            case "uri":
                return DeployedImage(uri=str(storage_profile["osDisk"]["image"]["uri"]))

    def _deploy_platform(self, reference: dict[str, Any]) -> DeployedImage:
        names = [str(reference.get(key, "")) for key in ("publisher", "offer", "sku", "version")]
        images = self.platform_images(*names[:3])
        version = names[3]
        if images is not None and version.lower() == "latest":
            exact = newest(images.versions)
        elif images is not None and version in images.versions:
            exact = version
        else:
            raise refusal("platform-image-not-found", name=":".join(names))
        keys = dict(zip(("publisher", "offer", "sku", "version"), names, strict=True))
        return DeployedImage(reference=(*keys.items(), ("exactVersion", exact)))

    def _deploy_id(self, image_id: str, location: str) -> DeployedImage:
        definition, version = _split_version(image_id)
        known = [each for image in self.gallery if image.id.lower() == definition.lower() for each in image.versions]
        if known and not version:
            return DeployedImage(reference=(("id", image_id), ("exactVersion", newest(tuple(known)))))
        if version in known:
            return DeployedImage(reference=(("id", image_id), ("exactVersion", version)))
        if "/galleries/" in image_id.lower():
            raise refusal("gallery-image-not-found", name=image_id, location=location)
        if not self.has_managed(image_id):
            raise _managed_image_not_found(image_id)
        return DeployedImage(reference=(("id", image_id),))


def kind_of(storage_profile: dict[str, Any]) -> Kind:
    """The kind of image that a model refers to. Raises NotSimulated for shared and community galleries."""
    reference = storage_profile.get("imageReference") or {}
    for unknown in ("sharedGalleryImageId", "communityGalleryImageId"):
        if unknown in reference:
            raise NotSimulated(f"imageReference.{unknown} is not simulated")
    if "id" in reference:
        return "id"
    if reference:
        return "platform"
    if "uri" in ((storage_profile.get("osDisk") or {}).get("image") or {}):
        return "uri"
    raise NotSimulated("a storage profile without imageReference and osDisk.image.uri is not simulated")


def newest(versions: tuple[str, ...]) -> str:
    """The highest version, number by number."""
    return max(versions, key=version_key)


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Sorts 22.04.9 before 22.04.10."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in version.split("."))


def _split_version(image_id: str) -> tuple[str, str]:
    position = image_id.lower().rfind("/versions/")
    return (image_id, "") if position < 0 else (image_id[:position], image_id[position + 10 :])


def _managed_image_not_found(image_id: str) -> Refusal:
    """No recording of this one: the gateway's recorded 404 for the image resource."""
    parts = image_id.strip("/").split("/")
    return refusal("resource-not-found", kind="images", name=parts[-1], group=parts[3] if len(parts) > 3 else "")
