"""Requests for galleries: an image definition, its versions, and how far these have been replicated.

Choices that no recording decides: a shared or community gallery has in a region what is replicated to it, and nothing
else; what it lacks is the provider's 404, as is a gallery without any image definition, and reading it spends no
bucket. Every client may read every gallery, except where a fault refuses it.
"""

import re
from urllib.parse import unquote

from azure_simulator.bodies import galleries as bodies
from azure_simulator.routes.service import Request, Route, Service
from azure_simulator.scenario.images import GalleryImage, entry_with
from azure_simulator.wire.answers import NotSimulated, Reply, json_reply
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.names import plain_region, version_key

Match = re.Match[str]

_IMAGE = "/images/(?P<definition>[^/]+)"
_VERSION = _IMAGE + "/versions/(?P<version>[^/]+)"
_OWN = "/resourceGroups/(?P<image_group>[^/]+)/providers/Microsoft.Compute/galleries/(?P<gallery>[^/]+)"
_PUBLIC = (
    "/providers/Microsoft.Compute/locations/(?P<location>[^/]+)"
    "/(?P<kind>sharedGalleries|communityGalleries)/(?P<gallery>[^/]+)"
)
_PUBLIC_KINDS = {"sharedgalleries": "SharedGalleries", "communitygalleries": "CommunityGalleries"}


class GalleryRoutes:
    """The routes of the galleries that the scenario describes, as one region sees them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._catalog = service.scale_set.scenario.catalog
        self._location = service.scale_set.location

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            ("GET", _OWN + "/images", self._list_images),
            ("GET", _OWN + _IMAGE, self._get_image),
            ("GET", _OWN + _IMAGE + "/versions", self._list_versions),
            ("GET", _OWN + _VERSION, self._get_version),
            ("GET", _PUBLIC + "/images", self._list_public_images),
            ("GET", _PUBLIC + _IMAGE, self._get_public_image),
            ("GET", _PUBLIC + _IMAGE + "/versions", self._list_public_versions),
            ("GET", _PUBLIC + _VERSION, self._get_public_version),
        ]

    # --- galleries of a resource group ---

    def _list_images(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._service.enter(request, "gallery-image", now)
        path = unquote(request.path.rstrip("/"))
        images = self._catalog.definitions_below(path)
        if not images:
            self._catalog.check_described(path)
            raise refusal("resource-not-found", kind="galleries", name=match["gallery"], group=match["image_group"])
        generation = self._service.generation(now)
        value = [
            bodies.definition_body(each, match["gallery"], each.id.rpartition("/")[2], self._location, generation)
            for each in images
        ]
        return json_reply(200, {"value": value}, meter.headers)

    def _get_image(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._service.enter(request, "gallery-image", now)
        image = self._find_definition(request.path, match)[0]
        generation = self._service.generation(now)
        body = bodies.definition_body(image, match["gallery"], match["definition"], self._location, generation)
        return json_reply(200, body, meter.headers)

    def _list_versions(self, request: Request, match: Match, now: float) -> Reply:
        """List all versions, whatever region they are in."""
        meter = self._service.enter(request, "gallery-versions", now)
        entries = self._find_definition(request.path.rstrip("/").rsplit("/", 1)[0], match)
        generation = self._service.generation(now)
        value = [
            bodies.version_body(image, version, self._location, now, generation)
            for image, version in _ordered_versions(entries)
        ]
        return json_reply(200, {"value": value}, meter.headers)

    def _get_version(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._service.enter(request, "gallery-version", now)
        version = unquote(match["version"])
        image = entry_with(self._find_definition(request.path.rsplit("/versions/", 1)[0], match), version)
        if image is None:
            self._catalog.check_described(unquote(request.path))
            name = f"{match['gallery']}/{match['definition']}/{version}"
            group = unquote(match["image_group"])
            raise refusal("resource-not-found", kind="galleries/images/versions", name=name, group=group)
        body = bodies.version_body(image, version, self._location, now, self._service.generation(now))
        if request.query.get("$expand", "").lower() == "replicationstatus":
            body = bodies.with_replication_status(body, image.traits, now)
        return json_reply(200, body, meter.headers)

    def _find_definition(self, path: str, match: Match) -> list[GalleryImage]:
        """Return the entries of an image definition. Raises Refusal 404 when it does not exist."""
        entries = self._catalog.gallery_images(unquote(path.rstrip("/")))
        if not entries:
            self._catalog.check_described(unquote(path))
            name = f"{match['gallery']}/{match['definition']}"
            group = unquote(match["image_group"])
            raise refusal("resource-not-found", kind="galleries/images", name=name, group=group)
        return entries

    # --- galleries that are shared ---

    def _list_public_images(self, request: Request, match: Match, now: float) -> Reply:
        self._check_region(match)
        gallery, path = match["gallery"], f"/{_PUBLIC_KINDS[match['kind'].lower()]}/{unquote(match['gallery'])}/Images"
        images = [each for each in self._catalog.definitions_below(path) if each.traits.is_in(self._location, now)]
        if not images:
            self._catalog.check_described(path)
            raise refusal("entity-not-found")
        community = _is_community(match)
        value = [
            bodies.public_definition_body(
                each, gallery, each.id.rpartition("/")[2], self._location, community=community
            )
            for each in images
        ]
        return json_reply(200, {"value": value})

    def _get_public_image(self, request: Request, match: Match, now: float) -> Reply:
        image = self._find_public(match, now)[0]
        gallery, definition = match["gallery"], match["definition"]
        community = _is_community(match)
        return json_reply(
            200, bodies.public_definition_body(image, gallery, definition, self._location, community=community)
        )

    def _list_public_versions(self, request: Request, match: Match, now: float) -> Reply:
        community = _is_community(match)
        value = [
            bodies.public_version_body(image, version, self._location, community=community)
            for image, version in _ordered_versions(self._find_public(match, now))
        ]
        return json_reply(200, {"value": value})

    def _get_public_version(self, request: Request, match: Match, now: float) -> Reply:
        entries, version = self._find_public(match, now), unquote(match["version"])
        image = entry_with(entries, version)
        if image is None:
            self._catalog.check_described(f"{entries[0].id}/Versions/{version}")
            raise refusal("entity-not-found")
        community = _is_community(match)
        return json_reply(200, bodies.public_version_body(image, version, self._location, community=community))

    def _find_public(self, match: Match, now: float) -> list[GalleryImage]:
        """Return what the region has of an image definition. Raises Refusal 404 when it has nothing."""
        self._check_region(match)
        kind = _PUBLIC_KINDS[match["kind"].lower()]
        definition = f"/{kind}/{unquote(match['gallery'])}/Images/{unquote(match['definition'])}"
        entries = self._catalog.gallery_images(definition)
        available = [each for each in entries if each.traits.is_in(self._location, now)]
        if not available:
            self._catalog.check_described(definition)
            raise refusal("entity-not-found")
        return available

    def _check_region(self, match: Match) -> None:
        if plain_region(unquote(match["location"])) != plain_region(self._location):
            raise NotSimulated(f"galleries as a region other than {self._location} sees them")


def _is_community(match: Match) -> bool:
    return match["kind"].lower() == "communitygalleries"


def _ordered_versions(entries: list[GalleryImage]) -> list[tuple[GalleryImage, str]]:
    """Return every version with the entry that has it first, lowest version first."""
    names = sorted((each for entry in entries for each in entry.versions), key=version_key)
    return [(image, name) for name in names if (image := entry_with(entries, name)) is not None]
