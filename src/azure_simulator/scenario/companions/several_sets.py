"""Reads `sets`: several scale sets of one subscription, each with the keys of a scenario of one set.

What an entry does not say comes from the file's own keys, mapping by mapping.
"""

import dataclasses
from typing import Any

from azure_simulator.scenario.catalog import Catalog
from azure_simulator.scenario.images import GalleryImage
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.scenario.section import Section
from azure_simulator.scenario.set_description import LOCATION
from azure_simulator.wire.merging import merged
from azure_simulator.wire.names import plain_region, target_region

# What the sets have in common: it belongs to the file, and not to an entry.
SHARED = (
    *("description", "inputs", "images", "sets", "began", "audience", "identities", "access_token_seconds"),
    *("features", "sizes", "neighbours", "hooks", "probes", "index_lag"),
)
_OF_THE_FLEET = ("name", "group", "location")


class SetSection(Section):
    """An entry over the file's own keys. What is wrong with a key is said of the place where the key is."""

    def __init__(self, source: str, where: str, own: dict[str, Any], common: dict[str, Any]) -> None:
        super().__init__(source, where, merged(common, own))
        self._own = own

    def _path(self, key: str) -> str:
        return f"{self.where}.{key}" if key.partition("[")[0] in self._own or not self.has(key) else key


def sections_of_sets(root: Section) -> list[Section]:
    """Return a section for each entry of `sets`; empty where the file describes one scale set."""
    if not root.has("sets"):
        return []
    entries = root.sections("sets")
    if not entries:
        raise root.problem("sets", "must not be empty")
    common = {name: root.raw(name) for name in root.names() if name not in ("images", "sets")}
    return [SetSection(root.source, entry.where, _read_entry(entry), common) for entry in entries]


def _read_entry(entry: Section) -> dict[str, Any]:
    """Return what an entry says, with name, group, location and tags where a scenario of one set has them."""
    if (shared := next((name for name in entry.names() if name in SHARED), None)) is not None:
        raise entry.problem(shared, "is for all sets: it belongs to the file's own keys")
    texts = {key: entry.text(key, None if key == "name" else "") for key in _OF_THE_FLEET}
    fleet = {**entry.mapping("fleet"), **{key: text for key, text in texts.items() if text}}
    said = {name: entry.raw(name) for name in entry.names() if name not in (*_OF_THE_FLEET, "tags")}
    section = entry.section("tags")
    tags = {"tags": {name: section.text(name) for name in section.names()}} if section.names() else {}
    return {**said, "fleet": fleet, "model": {**entry.mapping("model"), **tags}}


def replicated_to_all(catalog: Catalog, described: list[Section]) -> Catalog:
    """Return the catalog with images of galleries in the regions of all sets, where it does not say in which ones."""
    fleets = (section.section("fleet") for section in described)
    regions = {plain_region(region): region for region in (fleet.text("location", LOCATION) for fleet in fleets)}
    targets = tuple(target_region(each) for each in regions.values())
    return dataclasses.replace(catalog, gallery=tuple(_replicated(each, targets) for each in catalog.gallery))


def _replicated(image: GalleryImage, targets: tuple[dict[str, Any], ...]) -> GalleryImage:
    traits = dataclasses.replace(image.traits, target_regions=image.traits.target_regions or targets)
    return dataclasses.replace(image, traits=traits)


def check_names(root: Section, sets: tuple[Scenario, ...]) -> None:
    """Raise ScenarioError where two sets have one id."""
    first: dict[str, int] = {}
    for index, each in enumerate(sets):
        address = str(each.scale_set.model["id"])
        before = first.setdefault(address.lower(), index)
        if before != index:
            raise root.problem(f"sets[{index}].name", f"is that of sets[{before}] in the same group, {address}")
