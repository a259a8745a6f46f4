"""Images over HTTP: platform versions and managed images.

Shapes are those of uniform_create_and_modify_2024; a managed image is as documented.

Choices that no recording decides: a missing version of an existing publisher gets the recorded 404 code with a text
of the same form; a version that is deprecated is listed and shown as any other, with its state (OpenAPI,
ImageDeprecationStatus).
"""

import re
from typing import Any
from urllib.parse import unquote

from azure_simulator.answers import NotSimulated, Reply, json_reply
from azure_simulator.arm_request import Request
from azure_simulator.errors import refusal
from azure_simulator.generation import Generation
from azure_simulator.images import ImageTraits, PlatformImages, entry_with, said, version_key
from azure_simulator.service import Route, Service, showing

_NAMES = ("publisher", "offer", "sku")


class ImageRoutes:
    """Answers about the images of one region."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._catalog = service.scale_set.scenario.catalog
        self._location = service.scale_set.location

    def routes(self) -> list[Route]:
        versions = (
            "/providers/Microsoft.Compute/locations/(?P<location>[^/]+)/publishers/(?P<publisher>[^/]+)"
            "/artifacttypes/vmimage/offers/(?P<offer>[^/]+)/skus/(?P<sku>[^/]+)/versions"
        )
        managed = "/resourceGroups/(?P<image_group>[^/]+)/providers/Microsoft.Compute/images/(?P<image>[^/]+)"
        return [
            ("GET", versions, self._list_versions),
            ("GET", versions + "/(?P<version>[^/]+)", self._get_version),
            ("GET", managed, self._get_managed),
        ]

    def _list_versions(self, request: Request, match: re.Match[str], now: float) -> Reply:
        """A bare array. `$top` and `$orderby=name [desc]` are honoured; names sort number by number."""
        meter = self._service.enter(request, "image-list", now)
        with showing(meter):
            entries, top = self._platform(match), _top(request)
        unknown = set(request.query) - {"api-version", "$top", "$orderby"}
        if unknown:
            raise NotSimulated(f"a list of image versions with {', '.join(sorted(unknown))}")
        known = [version for entry in entries for version in entry.versions]
        versions = sorted(known, key=version_key, reverse=_is_descending(request))
        stubs = [self._platform_stub(match["subscription"], entries[0], version) for version in versions[:top]]
        return json_reply(200, stubs, meter.headers)

    def _get_version(self, request: Request, match: re.Match[str], now: float) -> Reply:
        meter = self._service.enter(request, "image-get", now)
        with showing(meter):
            version = unquote(match["version"])
            images = entry_with(self._platform(match), version)
            if images is None:
                self._catalog.check_told(":".join(unquote(match[key]) for key in (*_NAMES, "version")))
                raise refusal("image-part-not-found", part="Version", name=version)
        details = platform_details(images.traits, self._service.generation(now))
        stub = self._platform_stub(match["subscription"], images, version)
        return json_reply(200, {"properties": details, **stub}, meter.headers)

    def _platform(self, match: re.Match[str]) -> list[PlatformImages]:
        """Recorded for a publisher: platform_images_list_and_404_2018. Offer and sku answer alike here."""
        publisher, offer, sku = (unquote(match[key]) for key in _NAMES)
        if unquote(match["location"]).lower() != self._location.lower():
            raise NotSimulated(f"images of a region other than {self._location}")
        if entries := self._catalog.platform_images(publisher, offer, sku):
            return entries
        self._catalog.check_told(":".join((publisher, offer, sku)))
        for name, value, known in (
            ("Publisher", publisher, {each.publisher.lower() for each in self._catalog.platform}),
            ("Offer", offer, {each.offer.lower() for each in self._catalog.platform}),
        ):
            if value.lower() not in known:
                raise refusal("image-part-not-found", part=name, name=value)
        raise refusal("image-part-not-found", part="Sku", name=sku)

    def _platform_stub(self, subscription: str, images: PlatformImages, version: str) -> dict[str, Any]:
        address = (
            f"/Subscriptions/{subscription}/Providers/Microsoft.Compute/Locations/{self._location}/Publishers"
            f"/{images.publisher}/ArtifactTypes/VMImage/Offers/{images.offer}/Skus/{images.sku}/Versions/{version}"
        )
        return {"location": self._location, "name": version, "id": address}

    def _get_managed(self, request: Request, match: re.Match[str], now: float) -> Reply:
        address = unquote(request.path.rstrip("/"))
        image = self._catalog.managed_image(address)
        if image is None:
            self._catalog.check_told(address)
            raise refusal(
                "resource-not-found", kind="images", name=unquote(match["image"]), group=unquote(match["image_group"])
            )
        traits = image.traits
        disk = {"osType": traits.os, "osState": traits.os_state, "diskSizeGB": traits.size_gb}
        properties = {"storageProfile": {"osDisk": said(disk)}, "hyperVGeneration": traits.hyper_v_generation}
        body = {
            "name": unquote(match["image"]),
            "id": request.path,
            "type": "Microsoft.Compute/images",
            "location": self._location,
            "properties": {**said(properties), "provisioningState": "Succeeded"},
        }
        return json_reply(200, body)


def _is_descending(request: Request) -> bool:
    order = request.query.get("$orderby", "name").lower()
    if order not in ("name", "name asc", "name desc"):
        raise NotSimulated(f"a list of image versions with $orderby={order}")
    return order == "name desc"


def _top(request: Request) -> int | None:
    """How many versions are asked for, None for all. Raises Refusal 400 for what is no number."""
    top = request.query.get("$top")
    if top is None:
        return None
    if re.fullmatch("[0-9]+", top) is None:
        raise refusal("invalid-parameter", parameter="$top")
    return int(top)


def platform_details(traits: ImageTraits, generation: Generation) -> dict[str, Any]:
    """The properties of a platform image's version, which became more over the years."""
    details: dict[str, Any] = {} if traits.plan is None else {"plan": traits.plan}
    if generation.updates_notify:
        architecture = traits.architecture if generation.actions_notify else ""
        details |= said({"hyperVGeneration": traits.hyper_v_generation, "architecture": architecture})
        details["replicaType"] = "Managed" if traits.managed else "Unmanaged"
        if traits.managed:
            details["replicaCount"] = 10
        details["disallowed"] = {"vmDiskType": "Unmanaged" if traits.managed else "None"}
        details["automaticOSUpgradeProperties"] = {"automaticOSUpgradeSupported": traits.os_upgrade}
    if generation.actions_notify:
        scheduled = {"scheduledDeprecationTime": traits.deprecation_date} if traits.deprecation_date else {}
        details["imageDeprecationStatus"] = {"imageState": traits.state, **scheduled}
        if traits.features is not None:
            details["features"] = [{"name": name, "value": value} for name, value in traits.features]
    details["osDiskImage"] = said({"operatingSystem": traits.os, **_size(traits, generation)})
    details["dataDiskImages"] = list(traits.data_disks)
    return details


def _size(traits: ImageTraits, generation: Generation) -> dict[str, int]:
    """In GB, in bytes for what is stored unmanaged, for a while in both."""
    if not generation.updates_notify:
        return {}
    in_bytes = {} if traits.managed or not traits.size_gb else {"sizeInBytes": traits.size_gb * 2**30 + 512}
    both = generation.limit_names == "windows"
    return {**({"sizeInGb": traits.size_gb} if traits.managed or both else {}), **in_bytes}
