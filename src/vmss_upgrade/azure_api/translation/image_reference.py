"""How Azure names an image inside a model or an instance, and how we write one into a model. Pure."""

from __future__ import annotations

from typing import Any

from vmss_upgrade.azure_api.translation.json_fields import Json, object_in, text_in
from vmss_upgrade.rollout.image import Image, ImageKind

_REFERENCES = {
    "id": ImageKind.RESOURCE,
    "sharedGalleryImageId": ImageKind.SHARED_GALLERY,
    "communityGalleryImageId": ImageKind.COMMUNITY_GALLERY,
}
_PLATFORM = ("publisher", "offer", "sku", "version")


def model_image(storage: Json) -> Image:
    """Return the image of a model's storage profile, `latest` left as it stands there."""
    uri = text_in(storage, "osDisk", "image", "uri")
    if uri:
        return Image(kind=ImageKind.VHD, reference=uri)
    # what `latest` was resolved to is no part of the model: it goes on saying `latest`
    reference = {name: value for name, value in object_in(storage, "imageReference").items() if name != "exactVersion"}
    return _image(reference) or Image(kind=ImageKind.RESOURCE)


def instance_image(storage: Json) -> Image | None:
    """Return the exact image of an instance's storage profile; None where it shows none, as with a VHD."""
    return _image(object_in(storage, "imageReference"))


def image_patch(image: Image) -> dict[str, Any]:
    """Return the body of the smallest PATCH that carries the whole image and nothing else."""
    match image.kind:
        case ImageKind.PLATFORM:
            storage: dict[str, Any] = {"imageReference": {field: getattr(image, field) for field in _PLATFORM}}
        case ImageKind.VHD:
            storage = {"osDisk": {"image": {"uri": image.reference}}}
        case _:
            field = next(field for field, kind in _REFERENCES.items() if kind is image.kind)
            storage = {"imageReference": {field: image.reference}}
    return {"properties": {"virtualMachineProfile": {"storageProfile": storage}}}


def _image(reference: Json) -> Image | None:
    """Return the image of an imageReference (`exactVersion` is what a floating one was resolved to); None if a part of
    it is missing.
    """
    exact = text_in(reference, "exactVersion")
    for field, kind in _REFERENCES.items():
        if reference.get(field):
            image = Image(kind=kind, reference=text_in(reference, field))
            return image.at_version(exact) if exact and image.is_floating else image
    parts = {field: text_in(reference, field) for field in _PLATFORM} | ({"version": exact} if exact else {})
    return Image(kind=ImageKind.PLATFORM, **parts) if all(parts.values()) else None
