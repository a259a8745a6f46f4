"""What to say of names that Azure does not know: the scale set's, or a SKU or image definition. Most are mistyped."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection

from vmss_upgrade.rollout.findings import Finding, refuse
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.wording import listed, sentence

NAMED_DEFINITIONS = NAMED_SETS = 10
NO_GROUP = ("ResourceGroupNotFound", "SubscriptionNotFound")  # then the group has nothing to list
_NAME = re.compile(r"[\w.-]{1,80}", re.ASCII)
_PART = re.compile(r"\s*(publisher|offer|sku)\b", re.IGNORECASE)  # as Azure begins: Publisher: canonicl was not found.


def no_such_platform_image(image: Image, location: str, said: str) -> Finding:
    """Refuse because publisher, offer and SKU name nothing; `said`: Azure's words, which may name the wrong part."""
    found = _PART.match(said)
    part = found[1].lower() if found else ""
    words = {"publisher": "the publisher", "offer": "the offer", "sku": "the SKU"}
    what = words.get(part, "publisher, offer or SKU")
    names = ", ".join(f"`image-{each}`" for each in ([part] if part else words))
    return refuse(
        f"{image.publisher}:{image.offer}:{image.sku} does not exist in {location}. Azure says: {sentence(said)}",
        f"Correct {what}, in `image` or {names}. To see which exist: {_list_beside(image, location, part)}",
    )


def _list_beside(image: Image, location: str, part: str) -> str:
    """Return the command that lists the publishers, offers or SKUs."""
    offer, publisher = ("--offer", image.offer), ("--publisher", image.publisher)
    of = {"publisher": (), "offer": publisher}.get(part, (*publisher, *offer))
    return shlex.join(["az", "vm", "image", f"list-{part or 'sku'}s", "--location", location, *of])


def no_such_definition(image: Image, location: str, definitions: Collection[str] | None) -> Finding:
    """Refuse because a gallery has no such image definition; `definitions` are those it has (None: not known)."""
    names = sorted((name for name in definitions or () if _NAME.fullmatch(name)), key=str.lower)
    if names:
        remedy = f"Correct the image: this gallery has {listed(names, NAMED_DEFINITIONS)}."
    elif definitions is not None:
        remedy = "Correct the image: this gallery shows no image definition."
    else:
        remedy = f"Correct the image. To see which exist: {_list_command(image, location, 'image-definition')}"
    return refuse(f"The image definition {image.definition} {_is_missing(image, location)}", remedy)


def no_such_gallery(image: Image, location: str) -> Finding:
    """Refuse because there is no such gallery."""
    gallery = image.definition[: image.definition.lower().rindex("/images/")]
    remedy = f"Correct the image. To see which galleries exist: {_list_command(image, location)}"
    return refuse(f"The gallery {gallery} {_is_missing(image, location)}", remedy)


def _is_missing(image: Image, location: str) -> str:
    if image.kind is ImageKind.RESOURCE:
        return "does not exist."
    shared = ", or is not shared with this subscription" if image.kind is ImageKind.SHARED_GALLERY else ""
    return f"does not exist in {location}{shared}."


def _list_command(image: Image, location: str, kind: str = "") -> str:
    """Return the command that lists the galleries, or (`kind`) the image definitions in this one."""
    parts = image.reference.strip("/").split("/")
    match image.kind:
        case ImageKind.SHARED_GALLERY:
            action, of = "list-shared", ["--location", location, *(["--gallery-unique-name", parts[1]] if kind else [])]
        case ImageKind.COMMUNITY_GALLERY:
            of = ["--location", location, *(["--public-gallery-name", parts[1]] if kind else [])]
            action = "list-community"
        case _:
            group = ["--subscription", parts[1], "-g", parts[3]]
            action, of = "list", [*group, *(["--gallery-name", parts[7]] if kind else [])]
    return shlex.join(["az", "sig", *([kind] if kind else []), action, *of])


def remedy_for_missing_set(others: Collection[str] | None) -> str:
    """Return the remedy that names the other scale sets of the resource group; empty if they are not known (None)."""
    if others is None:
        return ""
    names = sorted((name for name in others if _NAME.fullmatch(name)), key=str.lower)
    if not names:
        return "Check `subscription-id` and `resource-group`: this resource group shows no scale set."
    return f"Check `scale-set`: this resource group has {listed(names, NAMED_SETS)}."
