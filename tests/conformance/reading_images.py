"""Images: their names in answers, and the requests that the action makes for them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from contract import Interaction, Recording
from reading import Answers, Facts, Kind, Leaves, answered, path_of
from reading_wire import hearing, reply_of
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState

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
    """Return the facts `image` and, if there is one, `image kind`, of a model: `latest` stays `latest`."""
    return _written(leaves, uri=leaves.text(r"osDisk\.image\.uri"), resolved="")


def instance_image(leaves: Leaves) -> Facts:
    """Return the facts of an instance's image, with `latest` resolved. For a VHD the action reads only the model's
    image.
    """
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
    """Yield every answer that shows versions of an image, or that says that there is no such version."""
    for answer in answered(recording, "GET PUT", rf"({_PLATFORM}|{_GALLERY})(/[^/]+)?", (200, 201)):
        yield (answer,)
    for answer in answered(recording, "GET", rf"({_PLATFORM}|{_GALLERY})/[^/]+", (404,)):
        yield (answer,)


def _read(answers: Answers) -> Facts:
    (answer,) = answers
    found: dict[str, str] = {}
    facts: Facts = {"versions": found}
    for name, shown in _shown(answer).items():
        image, location = _image(name), _part(name, "locations")
        # for a gallery the definition is read, too
        replies = [reply_of(replace(answer, body=shown), status=404 if answer.status == 404 else 200)] * 2
        line = hearing(replies)
        looked_up = line.client.look_up(image, location)
        found[_in_provider(path_of(line.sent[0].url))] = looked_up.state.value
        facts |= {f"{fact} of {name}": value for fact, value in _facts_of(looked_up, image).items()}
    if _is_list(answer):
        listed = [hearing([reply_of(answer)]).client.list_versions(_image(name), "here") for name in _shown(answer)][:1]
        facts["listed"] = sorted(version.name for versions in listed for version in versions)
    return facts


def _facts_of(facts: ImageFacts, image: Image) -> Facts:
    if facts.state is not ImageState.FOUND or image.kind is not ImageKind.PLATFORM:
        return {}
    return {
        "OS": facts.traits.os,
        "generation": facts.traits.generation,
        "architecture": facts.traits.architecture,
        "deprecated": facts.deprecated,
    }


def _written_versions(answers: Answers) -> Facts:
    (answer,) = answers
    state = "missing" if answer.status == 404 else "found"
    facts: Facts = {"versions": {_in_provider(name): state for name in _shown(answer)}}
    for name, shown in _shown(answer).items():
        if state == "found" and re.search("/artifacttypes/", name, re.IGNORECASE):
            facts |= {f"{fact} of {name}": value for fact, value in _written_facts(Leaves(shown)).items()}
    if _is_list(answer):
        facts["listed"] = sorted(str(shown["name"]) for shown in _shown(answer).values())
    return facts


def _written_facts(leaves: Leaves) -> Facts:
    return {
        "OS": leaves.text(r"osDiskImage\.operatingSystem"),
        "generation": leaves.text("hyperVGeneration"),
        "architecture": leaves.text("architecture"),
        "deprecated": leaves.text(r"imageDeprecationStatus\.imageState") == "Deprecated",
    }


def _is_list(answer: Interaction) -> bool:
    return answer.status != 404 and (isinstance(answer.body, list) or "value" in answer.body)


def _shown(answer: Interaction) -> dict[str, Any]:
    """Return the versions that an answer shows, by id, or the path of the missing one.

    A missing list has no version that could be read.
    """
    if answer.status == 404:
        path = path_of(answer.url)
        return {} if path.lower().endswith("/versions") else {path: answer.body}
    listed = answer.body if isinstance(answer.body, list) else answer.body.get("value", [answer.body])
    return {each["id"]: each for each in listed}


def _in_provider(path: str) -> str:
    return unquote(path).lower().partition("/providers/")[2]


def _part(name: str, after: str) -> str:
    found = re.search(rf"/{after}/([^/]+)", name, re.IGNORECASE)
    return unquote(found[1]) if found else ""


def _image(name: str) -> Image:
    """Return the image of a version's id."""
    if not re.search("/artifacttypes/", name, re.IGNORECASE):
        return Image(kind=ImageKind.RESOURCE, reference=name)
    parts = {singular: _part(name, f"{singular}s") for singular in ("publisher", "offer", "sku", "version")}
    return Image(kind=ImageKind.PLATFORM, **parts)


VERSIONS = Kind("image version", _answers, _read, _written_versions)
