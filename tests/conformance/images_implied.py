"""Finds the images that a recording implies: those in its answers, and those that sets and instances name."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from azure_simulator.scenario.catalog import Catalog
from azure_simulator.scenario.images import GalleryImage, ImageTraits, ManagedImage, PlatformImages
from contract import Recording
from naming import operation_of

Json = dict[str, Any]
_PLATFORM = re.compile(
    r".*/publishers/([^/]+)/artifacttypes/vmimage/offers/([^/]+)/skus/([^/]+)/versions(?:/([^/]+))?/?", re.IGNORECASE
)
_GALLERY = re.compile(r"(.*/galleries/[^/]+/images/[^/]+)(?:/versions/([^/]+))?/?", re.IGNORECASE)


def catalog_of(recording: Recording) -> Catalog:
    """Return every image of the recording. A platform image without a known version still gets one."""
    platform: dict[tuple[str, ...], tuple[list[str], ImageTraits, tuple[str, ...]]] = {}
    gallery: dict[str, tuple[str, list[str], dict[str, ImageTraits]]] = {}
    managed: dict[str, str] = {}

    def note(names: tuple[str, ...], versions: list[str], traits: ImageTraits | None = None) -> None:
        key = tuple(name.lower() for name in names)
        known, old, first = platform.get(key, ([], ImageTraits(), names))
        platform[key] = ([*known, *(each for each in versions if each not in known)], traits or old, first)

    def note_gallery(definition: str, version: str, traits: ImageTraits | None = None) -> None:
        _, versions, known = gallery.setdefault(definition.lower(), (definition, [], {}))
        if version and version not in versions:
            versions.append(version)
        if traits is not None:
            known.setdefault(version, traits)

    for each in recording.interactions:
        path = unquote(urlsplit(each.url).path)
        operation = operation_of(each.method, each.url)
        if each.status == 200 and (match := _PLATFORM.fullmatch(path)) and (operation or "").startswith("platform"):
            found = each.body if isinstance(each.body, list) else [each.body]
            traits = None if isinstance(each.body, list) else _platform_traits(each.body.get("properties") or {})
            note(match.groups()[:3], [str(entry["name"]) for entry in found], traits)
        if each.status == 200 and operation == "gallery version: get" and (match := _GALLERY.fullmatch(path)):
            note_gallery(match[1], match[2], _gallery_traits(each.body.get("properties") or {}))
        for reference in [*_references(each.sent_body), *_references(each.body)]:
            if {"publisher", "offer", "sku"} <= set(reference):
                names = tuple(str(reference[key]) for key in ("publisher", "offer", "sku"))
                exact = [str(reference[key]) for key in ("version", "exactVersion") if key in reference]
                note(names, [version for version in exact if version.lower() != "latest"])
            elif match := _GALLERY.fullmatch(str(reference.get("id", ""))):
                note_gallery(match[1], match[2] or str(reference.get("exactVersion", "")))
            elif "id" in reference:
                managed.setdefault(str(reference["id"]).lower(), str(reference["id"]))
    return Catalog(
        platform=tuple(
            PlatformImages(*names, tuple(versions) or ("1.0.0",), traits)
            for versions, traits, names in platform.values()
        ),
        gallery=tuple(_gallery_images(gallery.values())),
        managed=tuple(map(ManagedImage, managed.values())),
    )


def _gallery_images(noted: Any) -> Iterator[GalleryImage]:
    """Return an entry for each version that differs from the others, and one for the rest."""
    for definition, versions, traits in noted:
        for version, each in traits.items():
            yield GalleryImage(definition, (version,), each)
        rest = tuple(version for version in versions if version not in traits)
        if rest or not traits:
            yield GalleryImage(definition, rest or ("1.0.0",))


def _references(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        for key, entry in value.items():
            if key == "imageReference" and isinstance(entry, dict):
                yield entry
            else:
                yield from _references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _references(entry)


def _platform_traits(properties: Json) -> ImageTraits:
    """Return the traits that differ from image to image; the simulator knows those that differ from year to year."""
    features = properties.get("features")
    disk = properties.get("osDiskImage") or {}
    upgrades = properties.get("automaticOSUpgradeProperties") or {}
    return ImageTraits(
        os=str(disk.get("operatingSystem", "Linux")),
        hyper_v_generation=str(properties.get("hyperVGeneration", "V1")),
        architecture=str(properties.get("architecture", "x64")),
        managed=properties.get("replicaType") == "Managed",
        state=str((properties.get("imageDeprecationStatus") or {}).get("imageState", "Active")),
        os_upgrade=bool(upgrades.get("automaticOSUpgradeSupported")),
        features=None if features is None else tuple((str(each["name"]), str(each["value"])) for each in features),
        plan=properties.get("plan"),
        data_disks=tuple(properties.get("dataDiskImages") or []),
    )


def _region(recorded: Json) -> Json:
    """Return one region of a gallery version; only its name and its encryption are its own."""
    usual = {"name": str(recorded.get("name")), "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS"}
    return usual | ({"encryption": recorded["encryption"]} if "encryption" in recorded else {})


def _gallery_traits(properties: Json) -> ImageTraits:
    storage, publishing = properties.get("storageProfile") or {}, properties.get("publishingProfile") or {}
    source = storage.get("source") or (publishing.get("source") or {}).get("managedImage") or {}
    return ImageTraits(
        end_of_life=str(publishing.get("endOfLifeDate", "")),
        data_disks=tuple(storage.get("dataDiskImages") or []),
        target_regions=tuple(map(_region, publishing.get("targetRegions") or [])),
        source=str(source.get("id", "")),
    )
