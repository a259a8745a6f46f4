"""Images: how an answer names one, and whether the action asks for it where the real Azure has it."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from contract import Interaction, Recording
from reading import Answers, Facts, Kind, Leaves, answered, path_of
from reading_wire import hearing, reply_of
from vmss_upgrade.rollout.image import Image, ImageKind

_KINDS = {
    "uri": ImageKind.VHD,
    "id": ImageKind.RESOURCE,
    "sharedGalleryImageId": ImageKind.SHARED_GALLERY,
    "communityGalleryImageId": ImageKind.COMMUNITY_GALLERY,
    "publisher": ImageKind.PLATFORM,
}
_PLATFORM = r"/publishers/([^/]+)/artifacttypes/vmimage/offers/([^/]+)/skus/([^/]+)/versions"
_GALLERY = r"/galleries/[^/]+/images/[^/]+/versions"


def model_image(leaves: Leaves) -> Facts:
    """The facts `image` and, where there is one, `image kind`, of a model: `latest` stays `latest`."""
    return _written(leaves, uri=leaves.text(r"osDisk\.image\.uri"), resolved="")


def instance_image(leaves: Leaves) -> Facts:
    """The same of an instance: what `latest` was resolved to. Of a VHD the action reads the model's alone."""
    return _written(leaves, uri="", resolved=leaves.text(r"imageReference\.exactVersion"))


def _written(leaves: Leaves, *, uri: str, resolved: str) -> Facts:
    fields = {name: leaves.text(rf"imageReference\.{name}") for name in (*_KINDS, "offer", "sku", "version")}
    fields["uri"] = uri
    field = next((name for name in _KINDS if fields[name]), None)
    if field is None:
        return {"image": ""}
    return {"image kind": _KINDS[field], "image": _in_words(field, fields, resolved)}


def _in_words(field: str, fields: dict[str, str], resolved: str) -> str:
    if field == "publisher":
        return ":".join((fields["publisher"], fields["offer"], fields["sku"], resolved or fields["version"]))
    words = fields[field].partition("?")[0]
    if not resolved or not re.search(r"/(shared|community)?galleries/", words, re.IGNORECASE):
        return words
    definition, version = re.fullmatch(r"(.*?)(?:/versions/([^/]+))?", words, re.IGNORECASE).groups()  # type: ignore[union-attr]
    return f"{definition}/versions/{resolved}" if version in (None, "latest") else words


def _answers(recording: Recording) -> Iterator[Answers]:
    """Every answer that shows versions of an image, or says that there is no such version."""
    for answer in answered(recording, "GET PUT", rf"({_PLATFORM}|{_GALLERY})(/[^/]+)?", (200, 201)):
        yield (answer,)
    for answer in answered(recording, "GET", rf"({_PLATFORM}|{_GALLERY})/[^/]+", (404,)):
        yield (answer,)


def _read(answers: Answers) -> Facts:
    (answer,) = answers
    found: dict[str, str] = {}
    for name in _names(answer):
        line = hearing([reply_of(answer, status=404 if answer.status == 404 else 200)])
        state = line.client.look_up(_image(name), _part(name, "locations"))
        found[_in_provider(path_of(line.sent[0].url))] = state.value
    return {"versions": found}


def _written_versions(answers: Answers) -> Facts:
    (answer,) = answers
    state = "missing" if answer.status == 404 else "found"
    return {"versions": {_in_provider(name): state for name in _names(answer)}}


def _names(answer: Interaction) -> list[str]:
    """The ids of the versions that an answer shows, or the path of the one that it does not have."""
    if answer.status == 404:
        return [path_of(answer.url)]
    listed = answer.body if isinstance(answer.body, list) else answer.body.get("value", [answer.body])
    return [each["id"] for each in listed]


def _in_provider(path: str) -> str:
    return unquote(path).lower().partition("/providers/")[2]


def _part(name: str, after: str) -> str:
    found = re.search(rf"/{after}/([^/]+)", name, re.IGNORECASE)
    return unquote(found[1]) if found else ""


def _image(name: str) -> Image:
    """The image of a version's id."""
    if not re.search("/artifacttypes/", name, re.IGNORECASE):
        return Image(kind=ImageKind.RESOURCE, reference=name)
    parts = {singular: _part(name, f"{singular}s") for singular in ("publisher", "offer", "sku", "version")}
    return Image(kind=ImageKind.PLATFORM, **parts)


VERSIONS = Kind("image version", _answers, _read, _written_versions)
