"""Images over HTTP: platform versions, managed images, galleries.

Shapes are those of uniform_create_and_modify_2024 (platform) and gallery_image_version_get_2024; a managed
image is as documented. A missing version of an existing publisher has no recording: it gets the recorded
404 code with a text of the same form. A version whose replication is under way, or failed, has none either: its
states are those of the OpenAPI, and half of the way is done.
"""

import re
from typing import Any
from urllib.parse import unquote

from azure_simulator.answers import NotSimulated, Reply, json_reply
from azure_simulator.arm_request import Request
from azure_simulator.errors import refusal
from azure_simulator.generation import Generation
from azure_simulator.images import GalleryImage, ImageTraits, PlatformImages, version_key
from azure_simulator.service import Route, Service, showing


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
        compute = "/resourceGroups/(?P<image_group>[^/]+)/providers/Microsoft.Compute"
        definition = compute + "/galleries/(?P<gallery>[^/]+)/images/(?P<definition>[^/]+)"
        return [
            ("GET", versions, self._list_versions),
            ("GET", versions + "/(?P<version>[^/]+)", self._get_version),
            ("GET", compute + "/images/(?P<image>[^/]+)", self._get_managed),
            ("GET", definition, self._get_gallery_image),
            ("GET", definition + "/versions/(?P<version>[^/]+)", self._get_gallery_version),
        ]

    def _list_versions(self, request: Request, match: re.Match[str], now: float) -> Reply:
        """A bare array. `$top` and `$orderby=name [desc]` are honoured; names sort number by number."""
        meter = self._service.enter(request, "image-list", now)
        with showing(meter):
            images, top = self._platform(match), _top(request)
        unknown = set(request.query) - {"api-version", "$top", "$orderby"}
        if unknown:
            raise NotSimulated(f"a list of image versions with {', '.join(sorted(unknown))}")
        versions = sorted(images.versions, key=version_key, reverse=_is_descending(request))
        stubs = [self._platform_stub(match["subscription"], images, version) for version in versions[:top]]
        return json_reply(200, stubs, meter.headers)

    def _get_version(self, request: Request, match: re.Match[str], now: float) -> Reply:
        meter = self._service.enter(request, "image-get", now)
        with showing(meter):
            images, version = self._platform(match), unquote(match["version"])
            if version not in images.versions:
                raise refusal("image-part-not-found", part="Version", name=version)
        details = platform_details(images.traits, self._service.generation(now))
        stub = self._platform_stub(match["subscription"], images, version)
        return json_reply(200, {"properties": details, **stub}, meter.headers)

    def _platform(self, match: re.Match[str]) -> PlatformImages:
        """Recorded for a publisher: platform_images_list_and_404_2018. Offer and sku answer alike here."""
        publisher, offer, sku = (unquote(match[key]) for key in ("publisher", "offer", "sku"))
        if unquote(match["location"]).lower() != self._location.lower():
            raise NotSimulated(f"images of a region other than {self._location}")
        if (images := self._catalog.platform_images(publisher, offer, sku)) is not None:
            return images
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
        if not self._catalog.has_managed(request.path):
            raise refusal(
                "resource-not-found", kind="images", name=unquote(match["image"]), group=unquote(match["image_group"])
            )
        body = {
            "name": unquote(match["image"]),
            "id": request.path,
            "type": "Microsoft.Compute/images",
            "location": self._location,
            "properties": {
                "storageProfile": {"osDisk": {"osType": "Linux", "osState": "Generalized", "diskSizeGB": 30}},
                "hyperVGeneration": "V2",
                "provisioningState": "Succeeded",
            },
        }
        return json_reply(200, body)

    def _get_gallery_image(self, request: Request, match: re.Match[str], now: float) -> Reply:
        meter = self._service.enter(request, "gallery-image", now)
        image = self._gallery_image(request.path, match)
        properties = {
            "hyperVGeneration": image.traits.hyper_v_generation,
            "osType": image.traits.os,
            "osState": "Generalized",
            "identifier": {"publisher": "simulated", "offer": match["gallery"], "sku": match["definition"]},
            "provisioningState": "Succeeded",
        }
        if self._service.generation(now).actions_notify:
            properties["architecture"] = image.traits.architecture
        return json_reply(200, self._gallery_json(image.id, "galleries/images", properties), meter.headers)

    def _get_gallery_version(self, request: Request, match: re.Match[str], now: float) -> Reply:
        meter = self._service.enter(request, "gallery-version", now)
        definition, version = request.path.rsplit("/versions/", 1)[0], unquote(match["version"])
        self._gallery_image(definition, match)
        image = self._catalog.gallery_version(definition, version)
        if image is None:
            name = f"{match['gallery']}/{match['definition']}/{version}"
            raise refusal(
                "resource-not-found", kind="galleries/images/versions", name=name, group=unquote(match["image_group"])
            )
        generation = self._service.generation(now)
        properties = version_details(image.traits, self._location, generation)
        if request.query.get("$expand", "").lower() == "replicationstatus":
            regions = properties["publishingProfile"]["targetRegions"]
            properties["replicationStatus"] = _replication(image.traits.replication, regions)
        body = self._gallery_json(f"{image.id}/versions/{version}", "galleries/images/versions", properties)
        if not generation.galleries_as_today:
            del body["tags"]
        return json_reply(200, body, meter.headers)

    def _gallery_image(self, definition: str, match: re.Match[str]) -> GalleryImage:
        image = self._catalog.gallery_image(definition.rstrip("/"))
        if image is None:
            name = f"{match['gallery']}/{match['definition']}"
            group = unquote(match["image_group"])
            raise refusal("resource-not-found", kind="galleries/images", name=name, group=group)
        return image

    def _gallery_json(self, address: str, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": address.rsplit("/", 1)[1],
            "id": address,
            "type": f"Microsoft.Compute/{kind}",
            "location": self._location,
            "tags": {},
            "properties": properties,
        }


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
        details["hyperVGeneration"] = traits.hyper_v_generation
        if generation.actions_notify:
            details["architecture"] = traits.architecture
        details["replicaType"] = "Managed" if traits.managed else "Unmanaged"
        if traits.managed:
            details["replicaCount"] = 10
        details["disallowed"] = {"vmDiskType": "Unmanaged" if traits.managed else "None"}
        details["automaticOSUpgradeProperties"] = {"automaticOSUpgradeSupported": traits.os_upgrade}
    if generation.actions_notify:
        details["imageDeprecationStatus"] = {"imageState": traits.state}
        if traits.features is not None:
            details["features"] = [{"name": name, "value": value} for name, value in traits.features]
    details["osDiskImage"] = {"operatingSystem": traits.os, **_size(traits, generation)}
    details["dataDiskImages"] = list(traits.data_disks)
    return details


def _size(traits: ImageTraits, generation: Generation) -> dict[str, int]:
    """In GB, in bytes for what is stored unmanaged, for a while in both."""
    if not generation.updates_notify:
        return {}
    in_bytes = {} if traits.managed else {"sizeInBytes": traits.size_gb * 2**30 + 512}
    both = generation.limit_names == "windows"
    return {**({"sizeInGb": traits.size_gb} if traits.managed or both else {}), **in_bytes}


def _replication(state: str, regions: list[dict[str, Any]]) -> dict[str, Any]:
    """How far a version has come in its regions, all of them alike; these it spells in its other way."""
    in_region = {
        "state": "Replicating" if state == "InProgress" else state,
        "progress": 100 if state == "Completed" else 50,
    }
    summary = [{"region": each["name"].replace(" ", "").lower(), **in_region} for each in regions]
    return {"aggregatedState": state, "summary": summary}


def version_details(traits: ImageTraits, location: str, generation: Generation) -> dict[str, Any]:
    """The properties of a gallery image's version."""
    region = {"name": location, "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS"}
    disk = {"sizeInGB": traits.size_gb, "hostCaching": "ReadWrite"}
    published: dict[str, Any] = {
        "targetRegions": list(traits.target_regions) or [region],
        "replicaCount": 1,
        "excludeFromLatest": False,
        "publishedDate": "2025-12-01T08:00:00.0000000+00:00",
        "storageAccountType": "Standard_LRS",
    }
    if traits.end_of_life:
        published["endOfLifeDate"] = traits.end_of_life
    storage: dict[str, Any] = {"osDiskImage": {**disk, "source": {}} if generation.galleries_as_today else disk}
    if traits.data_disks:
        storage["dataDiskImages"] = list(traits.data_disks)
    if traits.source and generation.galleries_as_today:
        storage["source"] = {"id": traits.source}
    elif traits.source:
        published["source"] = {"managedImage": {"id": traits.source}}
    details: dict[str, Any] = {"publishingProfile": published, "storageProfile": storage}
    if generation.actions_notify:
        details["safetyProfile"] = {"reportedForPolicyViolation": False, "allowDeletionOfReplicatedLocations": False}
    return {**details, "provisioningState": "Succeeded"}
