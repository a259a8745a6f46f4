"""Requests for images: the versions of platform images, and managed images.

Choices that no recording decides: a missing version of an existing publisher gets the recorded 404 code with a text
of the same form; a version that is deprecated is listed and shown like any other, with its state (OpenAPI,
ImageDeprecationStatus).
"""

import re
from urllib.parse import unquote

from azure_simulator.bodies.images import managed_body, platform_body, platform_stub
from azure_simulator.routes.service import Request, Route, Service, showing
from azure_simulator.scenario.images import PlatformImages, entry_with
from azure_simulator.wire.answers import NotSimulated, Reply, json_reply
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.names import version_key

Match = re.Match[str]

_NAMES = ("publisher", "offer", "sku")
_VERSIONS = (
    "/providers/Microsoft.Compute/locations/(?P<location>[^/]+)/publishers/(?P<publisher>[^/]+)"
    "/artifacttypes/vmimage/offers/(?P<offer>[^/]+)/skus/(?P<sku>[^/]+)/versions"
)
_MANAGED = "/resourceGroups/(?P<image_group>[^/]+)/providers/Microsoft.Compute/images/(?P<image>[^/]+)"


class ImageRoutes:
    """The routes of the images of one region."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._catalog = service.scale_set.scenario.catalog
        self._location = service.scale_set.location

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            ("GET", _VERSIONS, self._list_versions),
            ("GET", _VERSIONS + "/(?P<version>[^/]+)", self._get_version),
            ("GET", _MANAGED, self._get_managed),
        ]

    def _list_versions(self, request: Request, match: Match, now: float) -> Reply:
        """Answer a bare array. `$top` and `$orderby=name [desc]` are honoured; names sort number by number."""
        meter = self._service.enter(request, "image-list", now)
        with showing(meter):
            entries, top = self._find_platform_images(match), _read_top(request)
        unknown = set(request.query) - {"api-version", "$top", "$orderby"}
        if unknown:
            raise NotSimulated(f"a list of image versions with {', '.join(sorted(unknown))}")
        known = [version for entry in entries for version in entry.versions]
        versions = sorted(known, key=version_key, reverse=_is_descending(request))
        subscription = match["subscription"]
        stubs = [platform_stub(subscription, self._location, entries[0], version) for version in versions[:top]]
        return json_reply(200, stubs, meter.headers)

    def _get_version(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._service.enter(request, "image-get", now)
        with showing(meter):
            version = unquote(match["version"])
            images = entry_with(self._find_platform_images(match), version)
            if images is None:
                self._catalog.check_described(":".join(unquote(match[key]) for key in (*_NAMES, "version")))
                raise refusal("image-part-not-found", part="Version", name=version)
        generation = self._service.generation(now)
        body = platform_body(match["subscription"], self._location, images, version, generation)
        return json_reply(200, body, meter.headers)

    def _find_platform_images(self, match: Match) -> list[PlatformImages]:
        """Return the images of a publisher, offer and sku. Raises Refusal 404 naming the first of them that is unknown.

        The 404 is recorded for a publisher: platform_images_list_and_404_2018. Offer and sku answer alike here.
        """
        publisher, offer, sku = (unquote(match[key]) for key in _NAMES)
        if unquote(match["location"]).lower() != self._location.lower():
            raise NotSimulated(f"images of a region other than {self._location}")
        if entries := self._catalog.platform_images(publisher, offer, sku):
            return entries
        self._catalog.check_described(":".join((publisher, offer, sku)))
        for name, value, known in (
            ("Publisher", publisher, {each.publisher.lower() for each in self._catalog.platform}),
            ("Offer", offer, {each.offer.lower() for each in self._catalog.platform}),
        ):
            if value.lower() not in known:
                raise refusal("image-part-not-found", part=name, name=value)
        raise refusal("image-part-not-found", part="Sku", name=sku)

    def _get_managed(self, request: Request, match: Match, now: float) -> Reply:
        address = unquote(request.path.rstrip("/"))
        image = self._catalog.managed_image(address)
        if image is None:
            self._catalog.check_described(address)
            group = unquote(match["image_group"])
            raise refusal("resource-not-found", kind="images", name=unquote(match["image"]), group=group)
        return json_reply(200, managed_body(request.path, unquote(match["image"]), self._location, image.traits))


def _is_descending(request: Request) -> bool:
    order = request.query.get("$orderby", "name").lower()
    if order not in ("name", "name asc", "name desc"):
        raise NotSimulated(f"a list of image versions with $orderby={order}")
    return order == "name desc"


def _read_top(request: Request) -> int | None:
    """Return how many versions are asked for, None for all. Raises Refusal 400 for what is no number."""
    top = request.query.get("$top")
    if top is None:
        return None
    if re.fullmatch("[0-9]+", top) is None:
        raise refusal("invalid-parameter", parameter="$top")
    return int(top)
