"""How Azure names regions and images: `West Europe` and `westeurope`, ids of galleries, versions.

Names and ids compare without regard to case.
"""

import re
from collections.abc import Iterable
from typing import Any, Literal

from azure_simulator.wire.answers import NotSimulated

Kind = Literal["platform", "id", "shared", "community", "uri"]

# The properties of an imageReference that hold an id, and the kind of image that each names.
ID_KEYS: dict[str, Kind] = {"id": "id", "sharedGalleryImageId": "shared", "communityGalleryImageId": "community"}
_IN_A_GALLERY = re.compile("/(Shared|Community)?Galleries/[^/]+/Images/[^/]+(/versions/[^/]+)?/*$", re.IGNORECASE)
_VERSION = re.compile("(.*)/versions/([^/]+)", re.IGNORECASE)


def kind_of(storage_profile: dict[str, Any]) -> Kind:
    """Return the kind of image that a model refers to."""
    kinds = kinds_of(storage_profile)
    if not kinds:
        raise NotSimulated("a storage profile without imageReference and osDisk.image.uri is not simulated")
    return kinds[0]


def kinds_of(storage_profile: dict[str, Any]) -> list[Kind]:
    """Return every kind of image that a model names: a change of kind leaves two of them side by side."""
    reference = storage_profile.get("imageReference") or {}
    kinds = [kind for key, kind in ID_KEYS.items() if key in reference]
    if "publisher" in reference or (reference and not kinds):
        kinds.append("platform")
    if "uri" in ((storage_profile.get("osDisk") or {}).get("image") or {}):
        kinds.append("uri")
    return kinds


def id_of(reference: dict[str, Any]) -> str:
    """Return the id in an imageReference, whichever kind it is; empty for a platform image."""
    return next((str(reference[key]) for key in ID_KEYS if key in reference), "")


def newest(versions: Iterable[str]) -> str:
    """Return the highest version, compared number by number."""
    return max(versions, key=version_key)


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts 22.04.9 before 22.04.10."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in version.split("."))


def split_version(image_id: str) -> tuple[str, str]:
    """Return an image's id in a gallery without its version, and the version: empty for none, and for `latest`."""
    named = _VERSION.fullmatch(image_id)
    if named is None:
        return image_id, ""
    return named[1], "" if named[2].lower() == "latest" else named[2]


def is_of_a_gallery(image_id: str) -> bool:
    """Return whether an id is that of a gallery's image, with a version or without, whatever its group's name."""
    return _IN_A_GALLERY.search(image_id) is not None


# How galleries spell the most common regions; the name of another one stays as it is.
_REGIONS = (
    "Australia East", "Brazil South", "Canada Central", "Central India", "Central US", "East Asia", "East US",
    "East US 2", "France Central", "Germany West Central", "Japan East", "Korea Central", "North Central US",
    "North Europe", "Norway East", "South Central US", "Southeast Asia", "Sweden Central", "Switzerland North",
    "UAE North", "UK South", "UK West", "West Central US", "West Europe", "West US", "West US 2", "West US 3",
)  # fmt: skip


def plain_region(name: str) -> str:
    """Return `West Europe` as `westeurope`."""
    return name.replace(" ", "").lower()


def target_region(name: str) -> dict[str, Any]:
    """Return a region that a version is replicated to, as a gallery spells it: `West Europe`."""
    spelled = next((each for each in _REGIONS if plain_region(each) == plain_region(name)), name)
    return {"name": spelled, "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS"}
