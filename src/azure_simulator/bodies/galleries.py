"""Galleries as Azure writes them: an image definition, its versions, and how far these have been replicated.

Shapes are those of gallery_image_version_get_2024; of galleries that are shared with everyone, or with a tenant or
subscriptions, those of the OpenAPI (communityGallery.json and sharedGallery.json of 2024-03-03, with their examples).

Choices that no recording decides: a version that is being replicated is Updating, as the answer to the PUT that
started it, and Failed where that failed; its replication has the states of the OpenAPI, the same in all regions.
"""

from typing import Any
from urllib.parse import unquote

from azure_simulator.scenario.images import GalleryImage, ImageTraits, only_known
from azure_simulator.wire.generation import Generation
from azure_simulator.wire.names import plain_region, target_region

Json = dict[str, Any]

PUBLISHED = "2025-12-01T08:00:00.0000000+00:00"
_PROVISIONING = {"Completed": "Succeeded", "InProgress": "Updating", "Failed": "Failed"}


# --- galleries of a resource group ---


def definition_body(image: GalleryImage, gallery: str, definition: str, location: str, generation: Generation) -> Json:
    """Return an image definition of a gallery in a resource group."""
    properties = _definition_details(image.traits, gallery, definition)
    properties["provisioningState"] = "Succeeded"
    if not generation.actions_notify:
        properties.pop("architecture", None)
    return _resource(image.id, "galleries/images", location, properties)


def version_body(image: GalleryImage, version: str, location: str, now: float, generation: Generation) -> Json:
    """Return a version of a gallery in a resource group."""
    properties = _version_details(image.traits, location, generation)
    properties["provisioningState"] = _PROVISIONING[image.traits.replication_at(now)[0]]
    body = _resource(f"{image.id}/versions/{version}", "galleries/images/versions", location, properties)
    if not generation.galleries_as_today:
        del body["tags"]
    return body


def with_replication_status(body: Json, traits: ImageTraits, now: float) -> Json:
    """Return a version with how far it is in its regions: all of them alike, spelled in Azure's other way."""
    state, progress = traits.replication_at(now)
    in_region = {"state": "Replicating" if state == "InProgress" else state, "progress": progress}
    regions = body["properties"]["publishingProfile"]["targetRegions"]
    summary = [{"region": plain_region(each["name"]), **in_region} for each in regions]
    status = {"aggregatedState": state, "summary": summary}
    return {**body, "properties": {**body["properties"], "replicationStatus": status}}


def _resource(address: str, kind: str, location: str, properties: Json) -> Json:
    return {
        "name": address.rsplit("/", 1)[1],
        "id": address,
        "type": f"Microsoft.Compute/{kind}",
        "location": location,
        "tags": {},
        "properties": properties,
    }


def _version_details(traits: ImageTraits, location: str, generation: Generation) -> Json:
    """Return the properties of a version, except for its state."""
    disk: Json = only_known({"sizeInGB": traits.size_gb, "hostCaching": "ReadWrite"})
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


# --- galleries that are shared ---


def public_definition_body(
    image: GalleryImage, gallery: str, definition: str, location: str, *, community: bool
) -> Json:
    """Return an image definition of a shared or community gallery."""
    details = _definition_details(image.traits, gallery, definition)
    return _public_resource(image.id, "Image", location, details, community)


def public_version_body(image: GalleryImage, version: str, location: str, *, community: bool) -> Json:
    """Return a version of a shared or community gallery."""
    traits = image.traits
    details: Json = {"publishedDate": PUBLISHED, "excludeFromLatest": traits.exclude_from_latest}
    if traits.end_of_life:
        details["endOfLifeDate"] = traits.end_of_life
    disk = only_known({"diskSizeGB": traits.size_gb, "hostCaching": "ReadWrite"})
    details["storageProfile"] = {"osDiskImage": disk}
    if traits.data_disks:
        details["storageProfile"]["dataDiskImages"] = list(traits.data_disks)
    return _public_resource(f"{image.id}/Versions/{version}", "ImageVersion", location, details, community)


def _public_resource(unique_id: str, kind: str, location: str, details: Json, community: bool) -> Json:
    """Return a resource of a shared gallery; that of a community gallery has a type too (examples of the OpenAPI)."""
    body: Json = {
        "name": unique_id.rsplit("/", 1)[1],
        "location": location,
        "identifier": {"uniqueId": unique_id},
        "properties": details,
    }
    if community:
        body["type"] = f"Microsoft.Compute/locations/communityGallery{kind}"
    return body


def _definition_details(traits: ImageTraits, gallery: str, definition: str) -> Json:
    """Return the properties of an image definition, of any kind of gallery."""
    details: Json = only_known(
        {
            "hyperVGeneration": traits.hyper_v_generation,
            "architecture": traits.architecture,
            "osType": traits.os,
            "osState": traits.os_state,
        }
    )
    details["identifier"] = {"publisher": "simulated", "offer": unquote(gallery), "sku": unquote(definition)}
    if traits.definition_features:
        details["features"] = [{"name": name, "value": value} for name, value in traits.definition_features]
    if traits.plan is not None:
        details["purchasePlan"] = traits.plan
    return details
