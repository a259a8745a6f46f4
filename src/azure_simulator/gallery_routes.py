"""Galleries over HTTP: an image definition, its versions, and how far these have come to other regions.

Shapes are those of gallery_image_version_get_2024; of galleries that are shared with everybody, or with a tenant or
subscriptions, those of the OpenAPI (communityGallery.json and sharedGallery.json of 2024-03-03, with their examples).

Choices that no recording decides: a version that is on its way to its regions is Updating, as the answer to the PUT
that sent it there is, and Failed where that failed; its replication has the states of the OpenAPI, the same in all
regions. A shared or community gallery has in a region what is replicated to it, and nothing else; what it has not is
the provider's 404, and reading it spends no bucket. Nobody is kept from reading any gallery, but by a fault.
"""

import re
from typing import Any
from urllib.parse import unquote

from azure_simulator.answers import NotSimulated, Reply, json_reply
from azure_simulator.arm_request import Request
from azure_simulator.errors import refusal
from azure_simulator.generation import Generation
from azure_simulator.images import GalleryImage, ImageTraits, entry_with, said, version_key
from azure_simulator.regions import plain_region, target_region
from azure_simulator.service import Route, Service

Json = dict[str, Any]
Match = re.Match[str]

PUBLISHED = "2025-12-01T08:00:00.0000000+00:00"


class GalleryRoutes:
    """Answers about the galleries that the scenario tells of, as one region sees them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._catalog = service.scale_set.scenario.catalog
        self._location = service.scale_set.location

    def routes(self) -> list[Route]:
        image = "/images/(?P<definition>[^/]+)"
        version = image + "/versions/(?P<version>[^/]+)"
        own = "/resourceGroups/(?P<image_group>[^/]+)/providers/Microsoft.Compute/galleries/(?P<gallery>[^/]+)"
        public = (
            "/providers/Microsoft.Compute/locations/(?P<location>[^/]+)"
            "/(?P<kind>sharedGalleries|communityGalleries)/(?P<gallery>[^/]+)"
        )
        return [
            ("GET", own + image, self._get_image),
            ("GET", own + image + "/versions", self._list_versions),
            ("GET", own + version, self._get_version),
            ("GET", public + image, self._get_public_image),
            ("GET", public + image + "/versions", self._list_public_versions),
            ("GET", public + version, self._get_public_version),
        ]

    # --- galleries of a resource group ---

    def _get_image(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._service.enter(request, "gallery-image", now)
        image = self._definition(request.path, match)[0]
        properties = definition_details(image.traits, match["gallery"], match["definition"])
        properties["provisioningState"] = "Succeeded"
        if not self._service.generation(now).actions_notify:
            properties.pop("architecture", None)
        return json_reply(200, self._resource(image.id, "galleries/images", properties), meter.headers)

    def _list_versions(self, request: Request, match: Match, now: float) -> Reply:
        """All versions, whatever region they are in."""
        meter = self._service.enter(request, "gallery-versions", now)
        entries = self._definition(request.path.rstrip("/").rsplit("/", 1)[0], match)
        names = sorted((each for entry in entries for each in entry.versions), key=version_key)
        return json_reply(200, {"value": [self._version(entries, name, now) for name in names]}, meter.headers)

    def _get_version(self, request: Request, match: Match, now: float) -> Reply:
        meter = self._service.enter(request, "gallery-version", now)
        entries = self._definition(request.path.rsplit("/versions/", 1)[0], match)
        version = unquote(match["version"])
        image = entry_with(entries, version)
        if image is None:
            self._catalog.check_told(unquote(request.path))
            name = f"{match['gallery']}/{match['definition']}/{version}"
            group = unquote(match["image_group"])
            raise refusal("resource-not-found", kind="galleries/images/versions", name=name, group=group)
        body = self._version(entries, version, now)
        if request.query.get("$expand", "").lower() == "replicationstatus":
            regions = body["properties"]["publishingProfile"]["targetRegions"]
            body["properties"]["replicationStatus"] = _replication(image.traits, regions, now)
        return json_reply(200, body, meter.headers)

    def _definition(self, path: str, match: Match) -> list[GalleryImage]:
        entries = self._catalog.gallery_images(unquote(path.rstrip("/")))
        if not entries:
            self._catalog.check_told(unquote(path))
            name = f"{match['gallery']}/{match['definition']}"
            group = unquote(match["image_group"])
            raise refusal("resource-not-found", kind="galleries/images", name=name, group=group)
        return entries

    def _version(self, entries: list[GalleryImage], version: str, now: float) -> Json:
        image, generation = entry_with(entries, version), self._service.generation(now)
        assert image is not None
        properties = version_details(image.traits, self._location, generation)
        properties["provisioningState"] = _PROVISIONING[image.traits.replication_at(now)[0]]
        body = self._resource(f"{image.id}/versions/{version}", "galleries/images/versions", properties)
        if not generation.galleries_as_today:
            del body["tags"]
        return body

    def _resource(self, address: str, kind: str, properties: Json) -> Json:
        return {
            "name": address.rsplit("/", 1)[1],
            "id": address,
            "type": f"Microsoft.Compute/{kind}",
            "location": self._location,
            "tags": {},
            "properties": properties,
        }

    # --- galleries that are shared ---

    def _get_public_image(self, request: Request, match: Match, now: float) -> Reply:
        image = self._public(match, now)[0]
        details = definition_details(image.traits, match["gallery"], match["definition"])
        return json_reply(200, self._public_resource(match, image.id, "Image", details))

    def _list_public_versions(self, request: Request, match: Match, now: float) -> Reply:
        entries = self._public(match, now)
        names = sorted((each for entry in entries for each in entry.versions), key=version_key)
        return json_reply(200, {"value": [self._public_version(match, entries, name) for name in names]})

    def _get_public_version(self, request: Request, match: Match, now: float) -> Reply:
        entries, version = self._public(match, now), unquote(match["version"])
        if entry_with(entries, version) is None:
            self._catalog.check_told(f"{entries[0].id}/Versions/{version}")
            raise refusal("entity-not-found")
        return json_reply(200, self._public_version(match, entries, version))

    def _public(self, match: Match, now: float) -> list[GalleryImage]:
        """What the region has of a definition. Raises Refusal 404 for nothing."""
        if plain_region(unquote(match["location"])) != plain_region(self._location):
            raise NotSimulated(f"galleries as a region other than {self._location} sees them")
        kind = _PUBLIC[match["kind"].lower()]
        definition = f"/{kind}/{unquote(match['gallery'])}/Images/{unquote(match['definition'])}"
        entries = self._catalog.gallery_images(definition)
        there = [each for each in entries if each.traits.is_in(self._location, now)]
        if not there:
            self._catalog.check_told(definition)
            raise refusal("entity-not-found")
        return there

    def _public_version(self, match: Match, entries: list[GalleryImage], version: str) -> Json:
        image = entry_with(entries, version)
        assert image is not None
        traits = image.traits
        details: Json = {"publishedDate": PUBLISHED, "excludeFromLatest": traits.exclude_from_latest}
        if traits.end_of_life:
            details["endOfLifeDate"] = traits.end_of_life
        disk = said({"diskSizeGB": traits.size_gb, "hostCaching": "ReadWrite"})
        details["storageProfile"] = {"osDiskImage": disk}
        if traits.data_disks:
            details["storageProfile"]["dataDiskImages"] = list(traits.data_disks)
        return self._public_resource(match, f"{image.id}/Versions/{version}", "ImageVersion", details)

    def _public_resource(self, match: Match, unique_id: str, kind: str, details: Json) -> Json:
        """A community gallery's has a type, a shared one's has none (examples of the OpenAPI)."""
        body: Json = {
            "name": unique_id.rsplit("/", 1)[1],
            "location": self._location,
            "identifier": {"uniqueId": unique_id},
            "properties": details,
        }
        if match["kind"].lower() == "communitygalleries":
            body["type"] = f"Microsoft.Compute/locations/communityGallery{kind}"
        return body


_PUBLIC = {"sharedgalleries": "SharedGalleries", "communitygalleries": "CommunityGalleries"}
_PROVISIONING = {"Completed": "Succeeded", "InProgress": "Updating", "Failed": "Failed"}


def definition_details(traits: ImageTraits, gallery: str, definition: str) -> Json:
    """The properties of an image definition, in whatever gallery."""
    told = {
        "hyperVGeneration": traits.hyper_v_generation,
        "architecture": traits.architecture,
        "osType": traits.os,
        "osState": traits.os_state,
    }
    details: Json = said(told)
    details["identifier"] = {"publisher": "simulated", "offer": unquote(gallery), "sku": unquote(definition)}
    if traits.definition_features:
        details["features"] = [{"name": name, "value": value} for name, value in traits.definition_features]
    if traits.plan is not None:
        details["purchasePlan"] = traits.plan
    return details


def version_details(traits: ImageTraits, location: str, generation: Generation) -> Json:
    """The properties of a gallery image's version, but for its state."""
    disk: Json = said({"sizeInGB": traits.size_gb, "hostCaching": "ReadWrite"})
    published: Json = {
        "targetRegions": list(traits.target_regions) or [target_region(location)],
        "replicaCount": 1,
        "excludeFromLatest": traits.exclude_from_latest,
        "publishedDate": PUBLISHED,
        "storageAccountType": "Standard_LRS",
    }
    if traits.end_of_life:
        published["endOfLifeDate"] = traits.end_of_life
    storage: Json = {"osDiskImage": {**disk, "source": {}} if generation.galleries_as_today else disk}
    if traits.data_disks:
        storage["dataDiskImages"] = list(traits.data_disks)
    if traits.source and generation.galleries_as_today:
        storage["source"] = {"id": traits.source}
    elif traits.source:
        published["source"] = {"managedImage": {"id": traits.source}}
    details: Json = {"publishingProfile": published, "storageProfile": storage}
    if generation.actions_notify:
        details["safetyProfile"] = {"reportedForPolicyViolation": False, "allowDeletionOfReplicatedLocations": False}
    return details


def _replication(traits: ImageTraits, regions: list[Json], now: float) -> Json:
    """How far a version has come in its regions, all of them alike; these it spells in its other way."""
    state, progress = traits.replication_at(now)
    in_region = {"state": "Replicating" if state == "InProgress" else state, "progress": progress}
    summary = [{"region": plain_region(each["name"]), **in_region} for each in regions]
    return {"aggregatedState": state, "summary": summary}
