"""Images over HTTP: platform versions, managed images, galleries.

Shapes are those of uniform_create_and_modify_2024 (platform) and gallery_image_version_get_2024; a managed
image is as documented. A missing version of an existing publisher has no recording: it gets the recorded
404 code with a text of the same form.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from azure_simulator.answers import NotSimulated, Refusal, Reply, json_reply, resource_not_found
from azure_simulator.arm_request import Request
from azure_simulator.images import Catalog, GalleryImage, PlatformImages, version_key
from azure_simulator.throttling import Spend, Throttle

_LIST_VERSIONS = ("ListVMImagesVersionsFromLocation3Min", "ListVMImagesVersionsFromLocation30Min")
_GET_VERSION = ("GetVMImageFromLocation3Min", "GetVMImageFromLocation30Min")
_GET_GALLERY_IMAGE = ("GetGalleryImage3Min", "GetGalleryImage30Min")
_GET_GALLERY_VERSION = ("GetGalleryImageVersion3Min", "GetGalleryImageVersion30Min")


class ImageRoutes:
    """Answers about the images of one region."""

    def __init__(self, catalog: Catalog, throttle: Throttle, location: str) -> None:
        self._catalog = catalog
        self._throttle = throttle
        self._location = location

    def routes(self) -> list[tuple[str, str, "Callable[[Request, re.Match[str], float], Reply]"]]:
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

    def _list_versions(self, request: "Request", match: "re.Match[str]", now: float) -> Reply:
        """A bare array. `$top` and `$orderby=name [desc]` are honoured; names sort number by number."""
        limits = self._throttle.spend(Spend(_LIST_VERSIONS), now)
        images = self._platform(match)
        unknown = set(request.query) - {"api-version", "$top", "$orderby"}
        if unknown:
            raise NotSimulated(f"a list of image versions with {', '.join(sorted(unknown))}")
        descending = request.query.get("$orderby", "name").lower() == "name desc"
        versions = sorted(images.versions, key=version_key, reverse=descending)
        top = int(request.query.get("$top", len(versions)))
        return json_reply(
            200,
            [self._platform_stub(match["subscription"], images, version) for version in versions[:top]],
            limits,
        )

    def _get_version(self, request: "Request", match: "re.Match[str]", now: float) -> Reply:
        limits = self._throttle.spend(Spend(_GET_VERSION), now)
        images, version = self._platform(match), unquote(match["version"])
        if version not in images.versions:
            raise Refusal(404, "NotFound", f"Version: {version} was not found.")
        details: dict[str, Any] = {
            "hyperVGeneration": "V2",
            "architecture": "x64",
            "replicaType": "Managed",
            "disallowed": {"vmDiskType": "Unmanaged"},
            "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": True},
            "imageDeprecationStatus": {"imageState": "Active"},
            "features": [{"name": "IsAcceleratedNetworkSupported", "value": "True"}],
            "osDiskImage": {"operatingSystem": "Linux", "sizeInGb": 30},
            "dataDiskImages": [],
        }
        return json_reply(
            200,
            {"properties": details, **self._platform_stub(match["subscription"], images, version)},
            limits,
        )

    def _platform(self, match: "re.Match[str]") -> PlatformImages:
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
                raise Refusal(404, "NotFound", f"{name}: {value} was not found.")
        raise Refusal(404, "NotFound", f"Sku: {sku} was not found.")

    def _platform_stub(self, subscription: str, images: PlatformImages, version: str) -> dict[str, Any]:
        address = (
            f"/Subscriptions/{subscription}/Providers/Microsoft.Compute/Locations/{self._location}/Publishers"
            f"/{images.publisher}/ArtifactTypes/VMImage/Offers/{images.offer}/Skus/{images.sku}/Versions/{version}"
        )
        return {"location": self._location, "name": version, "id": address}

    def _get_managed(self, request: "Request", match: "re.Match[str]", now: float) -> Reply:
        if not self._catalog.has_managed(request.path):
            raise resource_not_found("images", unquote(match["image"]), unquote(match["image_group"]))
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

    def _get_gallery_image(self, request: "Request", match: "re.Match[str]", now: float) -> Reply:
        limits = self._throttle.spend(Spend(_GET_GALLERY_IMAGE), now)
        image = self._gallery_image(request.path, match)
        properties = {
            "hyperVGeneration": "V2",
            "architecture": "x64",
            "osType": "Linux",
            "osState": "Generalized",
            "identifier": {"publisher": "simulated", "offer": match["gallery"], "sku": match["definition"]},
            "provisioningState": "Succeeded",
        }
        return json_reply(200, self._gallery_json(image.id, "galleries/images", properties), limits)

    def _get_gallery_version(self, request: "Request", match: "re.Match[str]", now: float) -> Reply:
        limits = self._throttle.spend(Spend(_GET_GALLERY_VERSION), now)
        definition, version = request.path.rsplit("/versions/", 1)[0], unquote(match["version"])
        image = self._gallery_image(definition, match)
        if version not in image.versions:
            name = f"{match['gallery']}/{match['definition']}/{version}"
            raise resource_not_found("galleries/images/versions", name, unquote(match["image_group"]))
        region = {"name": self._location, "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS"}
        properties = {
            "publishingProfile": {
                "targetRegions": [region],
                "replicaCount": 1,
                "excludeFromLatest": False,
                "publishedDate": "2025-12-01T08:00:00.0000000+00:00",
                "storageAccountType": "Standard_LRS",
            },
            "storageProfile": {"osDiskImage": {"sizeInGB": 30, "hostCaching": "ReadWrite", "source": {}}},
            "safetyProfile": {
                "reportedForPolicyViolation": False,
                "allowDeletionOfReplicatedLocations": False,
            },
            "provisioningState": "Succeeded",
        }
        address = f"{image.id}/versions/{version}"
        return json_reply(200, self._gallery_json(address, "galleries/images/versions", properties), limits)

    def _gallery_image(self, definition: str, match: "re.Match[str]") -> GalleryImage:
        image = self._catalog.gallery_image(definition.rstrip("/"))
        if image is None:
            name = f"{match['gallery']}/{match['definition']}"
            raise resource_not_found("galleries/images", name, unquote(match["image_group"]))
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
