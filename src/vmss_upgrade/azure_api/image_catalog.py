"""Where an image can be looked up."""

from __future__ import annotations

import re
from urllib.parse import quote

from vmss_upgrade.rollout.image import Image, ImageKind

GALLERY_API_VERSION = "2024-03-03"
_COMPUTE_API_VERSION = "2026-04-01"


def path_of(image: Image, subscription_path: str, location: str) -> str | None:
    """The path and api-version of a GET that answers 404 where the image does not exist.

    None for images that nobody can look up beforehand: a VHD, or one shared from a foreign gallery.
    """
    match image.kind:
        case ImageKind.PLATFORM:
            publisher, offer, sku, version, region = (
                quote(part, safe="") for part in (image.publisher, image.offer, image.sku, image.version, location)
            )
            return (
                f"{subscription_path}/providers/Microsoft.Compute/locations/{region}/publishers/{publisher}"
                f"/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions/{version}"
                f"?api-version={_COMPUTE_API_VERSION}"
            )
        case ImageKind.RESOURCE:
            is_gallery = re.search(r"/galleries/[^/]+/images/", image.reference, re.IGNORECASE)
            version = GALLERY_API_VERSION if is_gallery else _COMPUTE_API_VERSION
            return f"{quote(image.reference)}?api-version={version}"
        case _:
            return None
