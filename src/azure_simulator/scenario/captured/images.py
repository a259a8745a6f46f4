"""The images that a captured set names, and what can be concluded about them.

No file of a set says what an image is like. Of the image that the set is on, and of the one that the inputs ask for,
the set tells this much: the operating system and the plan of the model, the generation that the instances show. The
rest is unknown; where more must be known of an image, the list `images` of the scenario says it.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from azure_simulator.scenario.catalog import USUAL_CATALOG, Catalog
from azure_simulator.scenario.images import GalleryImage, ImageTraits, ManagedImage, PlatformImages
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.scenario.set_description import InstanceDescription
from azure_simulator.wire.names import id_of, is_of_a_gallery, split_version
from azure_simulator.wire.set_model import is_windows

Json = dict[str, Any]


_NAMES = ("publisher", "offer", "sku")


def captured_catalog(model: Json, instances: tuple[InstanceDescription, ...], scenario: Scenario) -> Catalog:
    """Return the images that the scenario describes, and every other one that set, instances or inputs name."""
    known = Catalog() if scenario.catalog is USUAL_CATALOG else scenario.catalog
    references = [_find_model_image(model), *(dict(each.image.reference) for each in instances if each.image)]
    references += [reference for reference in [_find_input_image(references[0], scenario.inputs)] if reference]
    traits = _traits(model, instances)
    return dataclasses.replace(
        known,
        platform=(*known.platform, *_platform_images(references, traits)),
        gallery=(*known.gallery, *_gallery_images(references, traits)),
        managed=(*known.managed, *_managed_images(references, traits)),
        captured=True,
    )


def _find_model_image(model: Json) -> dict[str, str]:
    profile = model["properties"].get("virtualMachineProfile") or {}
    return {key: str(value) for key, value in (profile.get("storageProfile", {}).get("imageReference") or {}).items()}


def _find_input_image(of_the_model: dict[str, str], inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the image of the inputs; of a platform image, the model fills what they leave out."""
    if "image-id" in inputs:
        image_id = inputs["image-id"].rstrip("/")
        start = image_id.lower().partition("galleries/")[0]
        keys = {"/shared": "sharedGalleryImageId", "/community": "communityGalleryImageId"}
        return {keys.get(start, "id"): image_id}
    given = {key: inputs[f"image-{key}"] for key in (*_NAMES, "version") if f"image-{key}" in inputs}
    return {**of_the_model, "exactVersion": given.get("version", ""), **given} if given else {}


def _traits(model: Json, instances: tuple[InstanceDescription, ...]) -> ImageTraits:
    generations = {_generation(each) for each in instances} - {""}
    plan = {
        key: str(value) for key, value in (model.get("plan") or {}).items() if key in ("name", "publisher", "product")
    }
    return ImageTraits(
        os=_os(model["properties"].get("virtualMachineProfile") or {}),
        hyper_v_generation=generations.pop() if len(generations) == 1 else "",
        architecture="",
        size_gb=0,
        features=None,
        os_state="",
        plan=plan or None,
    )


def _generation(instance: InstanceDescription) -> str:
    properties = (instance.shown or {}).get("properties") or {}
    return str((properties.get("instanceView") or {}).get("hyperVGeneration", ""))


def _os(profile: Json) -> str:
    system, disk = profile.get("osProfile") or {}, (profile.get("storageProfile") or {}).get("osDisk") or {}
    if is_windows(profile):
        return "Windows"
    return "Linux" if "linuxConfiguration" in system or "osType" in disk else ""


def _platform_images(references: Iterable[dict[str, str]], traits: ImageTraits) -> list[PlatformImages]:
    found: dict[tuple[str, ...], tuple[dict[str, str], set[str]]] = {}
    for reference in references:
        if "publisher" not in reference:
            continue
        key = tuple(reference.get(name, "").lower() for name in _NAMES)
        _, versions = found.setdefault(key, (reference, set()))
        versions |= {reference.get("version", ""), reference.get("exactVersion", "")} - {""}
    return [
        PlatformImages(
            first["publisher"], first.get("offer", ""), first.get("sku", ""), versions=_exact(versions), traits=traits
        )
        for first, versions in found.values()
    ]


def _gallery_images(references: Iterable[dict[str, str]], traits: ImageTraits) -> list[GalleryImage]:
    found: dict[str, tuple[str, set[str]]] = {}
    for reference in references:
        if not is_of_a_gallery(id_of(reference)):
            continue
        definition, version = split_version(id_of(reference))
        _, versions = found.setdefault(definition.lower(), (definition, set()))
        versions |= {version or reference.get("exactVersion", "")} - {""}
    return [GalleryImage(definition, _exact(versions), traits) for definition, versions in found.values()]


def _managed_images(references: Iterable[dict[str, str]], traits: ImageTraits) -> list[ManagedImage]:
    ids = {each.lower(): each for each in map(id_of, references) if each and not is_of_a_gallery(each)}
    return [ManagedImage(each, traits) for each in ids.values()]


def _exact(versions: set[str]) -> tuple[str, ...]:
    return tuple(sorted(each for each in versions if each.lower() != "latest"))
