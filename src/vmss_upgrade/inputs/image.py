"""The image that is asked for: a platform image, the id of an image, or the address of a VHD."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches

from vmss_upgrade.inputs.form import EMPTY, Form
from vmss_upgrade.inputs.values import is_address, is_group_name, is_guid, is_name, shown_address
from vmss_upgrade.rollout.image import Image, ImageKind, ImageRequest
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.wording import clause

_PLATFORM_IMAGE = ("image-version", "image-sku", "image-offer", "image-publisher")
_URN = ("image-publisher", "image-offer", "image-sku", "image-version")  # in the order of az
_REMEDY_FOR_PART = (
    "Give the URN that `az vm image list` prints, PUBLISHER:OFFER:SKU:VERSION, as `image`, or its parts as "
    "`image-publisher`, `image-offer`, `image-sku` and `image-version`."
)
_REMEDY_FOR_IMAGE = (
    "Write PUBLISHER:OFFER:SKU:VERSION, the id of an image or the https address of a VHD, as the output `target-image` "
    "gives it."
)
_REMEDY_FOR_WORD = "Did you mean `latest`? Other versions have numbers, such as {}."
_PLATFORM_VERSION, _GALLERY_VERSION = "22.04.202611010", "1.2.3"
_WHOLE_IMAGE = ("image-id", "image-uri")

# The forms of an id: words as they stand, and names in capitals. _VERSION may follow a gallery image.
_MANAGED_IMAGE = "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Compute/images/IMAGE"
_GALLERY = "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Compute/galleries/GALLERY/images/IMAGE"
_SHARED_GALLERY = "/SharedGalleries/GALLERY/Images/IMAGE"
_COMMUNITY_GALLERY = "/CommunityGalleries/GALLERY/Images/IMAGE"
_VERSION = "/versions/VERSION"
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)
_EXACT_OR_LATEST = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+|latest", re.IGNORECASE | re.ASCII)
# name in a form -> what may stand there, for people and for us
_NAMES: dict[str, tuple[str, Callable[[str], object]]] = {
    "SUBSCRIPTION": ("the subscription's id", is_guid),
    "GROUP": ("a resource group's name", is_group_name),
    "GALLERY": ("a gallery's name", is_name),
    "IMAGE": ("an image's name", is_name),
    "VERSION": ("a version, X.Y.Z or latest", _EXACT_OR_LATEST.fullmatch),
}


def image_of(form: Form, command: Command | None) -> ImageRequest:
    """Return the image that the inputs name, if `command` has a use for one (None: the command is not known).

    A workflow that offers the operation as a choice gives the image every time: `status` does not look at it.
    """
    if command is Command.STATUS:
        return ImageRequest()
    given = [name for name in ("image", *_PLATFORM_IMAGE, *_WHOLE_IMAGE) if form[name]]
    if command is Command.UPGRADE_INSTANCES:
        for name in given:
            lack = "names an image, but `upgrade-instances` brings instances to the model as it stands"
            form.problem(name, lack, "Leave it out, or use `operation: upgrade` to change the image.")
        return ImageRequest()
    if not given and command is Command.ROLLBACK:
        return ImageRequest()
    if not given and command is not None:
        remedy = "Give `image`, or any of `image-version`, `image-sku`, `image-offer` and `image-publisher`."
        form.problem("image", f"no image is asked for {EMPTY}", remedy)
    request = _whole_image(form, given[1:]) if form["image"] else _image_in_parts(form, given)
    if command is Command.ROLLBACK and request.version == "latest":
        remedy = "Name the version that the instances ran before, or leave it out."
        name = "image" if form["image"] else "image-version"
        form.problem(name, "`latest` names no exact version to return to", remedy)
    return request


def _whole_image(form: Form, others: list[str]) -> ImageRequest:
    """Return the image that `image` names; `others` are the inputs given beside it that name one, too."""
    value = form["image"]
    if others:
        names = " and ".join(f"`{name}`" for name in others)
        lack = f"names the whole image, but {names} {'is' if len(others) == 1 else 'are'} given as well"
        form.problem("image", lack, f"Leave {names} out, or leave `image` out.")
        return ImageRequest()
    if value.startswith("/"):
        return ImageRequest(image_id=_image_id(form, "image"))
    if "://" in value:
        return ImageRequest(image_uri=_image_uri(form, "image"))
    parts = value.split(":")
    if len(parts) != len(_URN) or not all(map(is_name, parts)):
        lack = "names no image" if all(parts) else f"names no image, a part of it is missing {EMPTY}"
        version = _version_like(value)
        remedy = f"Did you mean `image-version: {version}`? {_REMEDY_FOR_IMAGE}" if version else _REMEDY_FOR_IMAGE
        form.problem("image", f"{shown_address(value)!r} {lack}", remedy)
        return ImageRequest()
    publisher, offer, sku, version = parts
    return ImageRequest(publisher=publisher, offer=offer, sku=sku, version=_version(form, "image", version))


def _image_in_parts(form: Form, given: list[str]) -> ImageRequest:
    """Return the image that the other inputs name."""
    _take_urn_apart(form)
    _refuse_several_images(form, given)
    for name in _PLATFORM_IMAGE:
        form.matching(name, is_name, _remedy_for_part(form[name]))
    return ImageRequest(
        version=_version(form, "image-version", form["image-version"]),
        sku=form["image-sku"],
        offer=form["image-offer"],
        publisher=form["image-publisher"],
        image_id=_image_id(form, "image-id"),
        image_uri=_image_uri(form, "image-uri"),
    )


def _version(form: Form, name: str, version: str) -> str:
    """Return the version of a platform image; refuse a word that is none."""
    if version.lower() == "latest":
        return "latest"
    if is_name(version) and not any(character.isdecimal() for character in version):
        form.problem(name, f"{version!r} is no version", _REMEDY_FOR_WORD.format(_PLATFORM_VERSION))
    return version


def _take_urn_apart(form: Form) -> None:
    """Move the parts of a whole URN, as `az vm image list` prints it, from one input to the inputs of their names."""
    urns = [name for name in _PLATFORM_IMAGE if form[name].count(":") == len(_URN) - 1]
    parts = dict(zip(_URN, form[urns[0]].split(":"), strict=True)) if len(urns) == 1 else {}
    if not all(parts.values()):
        return
    for name, part in parts.items():
        if name != urns[0] and form[name] and form[name].lower() != part.lower():
            wanted = ", ".join(f"{each}: {value}" for each, value in parts.items())
            lack = f"{form[name]!r} contradicts the URN in `{urns[0]}`"
            form.problem(name, lack, f"Leave it out, or write four inputs: {wanted}.")
        form.replace(name, part, part_of=urns[0])


def _remedy_for_part(value: str) -> str:
    """Return the remedy for a part of a platform image; it may name an image in a form that another input takes."""
    is_whole = _form_of(value) or "://" in value
    return f"{clause(_where_it_belongs(value))}, and no part of a platform image." if is_whole else _REMEDY_FOR_PART


def _where_it_belongs(value: str) -> str:
    """Return the remedy for an image in a form that another input takes; empty if it has none of the forms."""
    if _form_of(value):
        return "That is the id of an image: give it as `image`."
    if "://" in value:
        return "That is the address of a VHD: give it as `image`."
    if value.count(":") == len(_URN) - 1:
        return "That is the URN of a platform image: give it as `image`."
    version = _version_like(value)
    return f"That is a version alone: give it as `image-version: {version}`." if version else ""


def _version_like(value: str) -> str:
    """Return the version that a value without its image names, `latest` for a word like it; empty if it is none."""
    if _NUMBERS.fullmatch(value):
        return value
    return "latest" if get_close_matches(value.lower(), ["latest"], cutoff=0.8) else ""


def _refuse_several_images(form: Form, given: list[str]) -> None:
    groups = [[name for name in given if name in _PLATFORM_IMAGE], *([name] for name in _WHOLE_IMAGE if name in given)]
    groups = [group for group in groups if group]
    if len(groups) > 1:
        names = " and ".join("/".join(group) for group in groups)
        form.problem(groups[1][0], f"{names} name different images", "Keep one of them.")


def _image_id(form: Form, name: str) -> str:
    value = form[name].rstrip("/")
    if form[name] and (lack := _lack_of(value)):
        shown = value if value.startswith("/") else shown_address(value)
        form.problem(name, f"{shown!r} is not the id of an image: {lack}", _remedy_for(value))
    return value


def is_sound(image: Image) -> bool:
    """Return whether an image from the record of an earlier run has the form that an input may have."""
    match image.kind:
        case ImageKind.PLATFORM:
            return all(map(is_name, (image.publisher, image.offer, image.sku, image.version)))
        case ImageKind.VHD:
            return is_address(image.reference)
    return not _lack_of(image.reference)


def _lack_of(image_id: str) -> str:
    """Return what is wrong with the id of an image; empty if nothing is."""
    form = _form_of(image_id)
    if not form:
        return "it must begin with /subscriptions/, /SharedGalleries/ or /CommunityGalleries/"
    has_version = "GALLERY" in form and image_id.count("/") > form.count("/")
    wanted = (form + _VERSION * has_version).split("/")
    parts = image_id.split("/")
    for position, (part, word) in enumerate(zip(parts, wanted, strict=False)):
        name, is_one = _NAMES.get(word, (f"`{word}`", None))
        if not (is_one(part) if is_one else part.lower() == word.lower()):
            empty = "" if part else f" {EMPTY}"
            return f"it has {part!r} after {'/'.join(parts[:position])} where {name} belongs{empty}"
    if len(parts) < len(wanted):
        return f"it lacks /{'/'.join(wanted[len(parts) :])} at its end"
    if len(parts) > len(wanted):
        return f"it goes on after the {wanted[-1].lower()}, with /{'/'.join(parts[len(wanted) :])}"
    return ""


def _form_of(image_id: str) -> str:
    """Return the form that an id begins like; empty if it begins like none."""
    path = f"{image_id}/".lower()
    if path.startswith("/subscriptions/"):
        return _GALLERY if "/microsoft.compute/galleries/" in path else _MANAGED_IMAGE
    if path.startswith("/sharedgalleries/"):
        return _SHARED_GALLERY
    return _COMMUNITY_GALLERY if path.startswith("/communitygalleries/") else ""


def _remedy_for(image_id: str) -> str:
    form = _form_of(image_id)
    if not form:
        copy = "Copy it from `az image list`, `az sig image-version list` or the image's page in the portal."
        return _where_it_belongs(image_id) or copy
    word = image_id.rpartition("/versions/")[2]
    if "GALLERY" in form and word.isalpha() and word.lower() != "latest":
        return _REMEDY_FOR_WORD.format(_GALLERY_VERSION)
    return f"Write {form}{'[' + _VERSION + ']' if 'GALLERY' in form else ''}."


def _image_uri(form: Form, name: str) -> str:
    value = form[name]
    if value and not is_address(value):
        page = "That is a page: give the id of the image, which begins with /subscriptions/." if "#" in value else ""
        elsewhere = page if "://" in value else _where_it_belongs(value)
        remedy = elsewhere or "Write https://ACCOUNT.blob.../NAME.vhd."
        form.problem(name, f"{shown_address(value)!r} is not the address of a VHD", remedy)
    return value
