"""Azure's JSON -> our nouns. Pure, and tolerant: fields may be missing (Azure/azure-sdk-for-net#45613).

Shapes: `VirtualMachineScaleSet` and `VirtualMachineScaleSetVM` of the REST specification, as recorded; where update
domains, health and power are found is said at each function.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.scale_set import (
    Domain,
    Health,
    HealthSignal,
    Instance,
    Model,
    Power,
    Problem,
    in_natural_order,
)

Json = Mapping[str, Any]

_APPLICATION_HEALTH = ("applicationhealthlinux", "applicationhealthwindows")
# Of classic clusters, and of managed ones.
_SERVICE_FABRIC = ("servicefabricnode", "servicefabriclinuxnode", "servicefabricmcnode")


def to_model(body: Json, *, etag: str = "") -> Model:
    """A scale set's GET answer -> Model. `etag` is the header's, used where the body has none."""
    properties = _object(body, "properties")
    policy = _object(properties, "upgradePolicy")
    ids = _ids(_text(body, "id"))
    return Model(
        id=_text(body, "id"),
        name=_text(body, "name") or ids.get("virtualmachinescalesets", ""),
        resource_group=ids.get("resourcegroups", ""),
        subscription=ids.get("subscriptions", ""),
        location=_text(body, "location"),
        image=_model_image(properties),
        etag=str(body.get("etag") or etag),
        provisioning_state=_text(properties, "provisioningState"),
        upgrade_mode=_text(policy, "mode"),
        orchestration_mode=_text(properties, "orchestrationMode") or "Uniform",
        health_signal=_health_signal(properties),
        automatic_os_upgrade=bool(_object(policy, "automaticOSUpgradePolicy").get("enableAutomaticOSUpgrade")),
        service_fabric=_has_service_fabric(properties),
        managed_by_aks=_is_managed_by_aks(body, ids),
        fingerprint=_fingerprint(properties),
    )


def to_instances(items: list[Json]) -> tuple[Instance, ...]:
    """The items of an expanded instance list -> instances ordered by id (the list itself is in no useful order)."""
    instances = {instance.id: instance for instance in map(_to_instance, items)}  # pages may overlap
    return tuple(sorted(instances.values(), key=lambda instance: in_natural_order(instance.id)))


def image_patch(image: Image) -> dict[str, Any]:
    """The body of the smallest PATCH that carries the whole image and nothing else."""
    match image.kind:
        case ImageKind.PLATFORM:
            fields = ("publisher", "offer", "sku", "version")
            storage: dict[str, Any] = {"imageReference": {field: getattr(image, field) for field in fields}}
        case ImageKind.RESOURCE:
            storage = {"imageReference": {"id": image.reference}}
        case ImageKind.SHARED_GALLERY:
            storage = {"imageReference": {"sharedGalleryImageId": image.reference}}
        case ImageKind.COMMUNITY_GALLERY:
            storage = {"imageReference": {"communityGalleryImageId": image.reference}}
        case ImageKind.VHD:
            storage = {"osDisk": {"image": {"uri": image.reference}}}
    return {"properties": {"virtualMachineProfile": {"storageProfile": storage}}}


def _object(parent: Json, name: str) -> Json:
    value = parent.get(name)
    return value if isinstance(value, Mapping) else {}


def _objects(parent: Json, name: str) -> list[Json]:
    value = parent.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(parent: Json, name: str) -> str:
    """A field as text; empty where it is missing or null."""
    value = parent.get(name)
    return "" if value is None else str(value)


def _ids(resource_id: str) -> dict[str, str]:
    """The named segments of a resource id, names in lower case (their case varies: wire facts, section 1)."""
    segments = resource_id.strip("/").split("/")
    return {name.lower(): value for name, value in zip(segments[0::2], segments[1::2], strict=False)}


def _model_image(properties: Json) -> Image:
    storage = _object(_object(properties, "virtualMachineProfile"), "storageProfile")
    uri = _object(_object(storage, "osDisk"), "image").get("uri")
    if uri:
        return Image(kind=ImageKind.VHD, reference=str(uri))
    # what `latest` was resolved to is no part of the model: it goes on saying `latest`
    reference = {name: value for name, value in _object(storage, "imageReference").items() if name != "exactVersion"}
    return _image(reference) or Image(kind=ImageKind.RESOURCE)


def _image(reference: Json) -> Image | None:
    """An imageReference -> the exact image (`exactVersion` is what a floating one was resolved to)."""
    exact = str(reference.get("exactVersion") or "")
    for name, kind in (
        ("id", ImageKind.RESOURCE),
        ("sharedGalleryImageId", ImageKind.SHARED_GALLERY),
        ("communityGalleryImageId", ImageKind.COMMUNITY_GALLERY),
    ):
        if reference.get(name):
            return _exactly(Image(kind=kind, reference=str(reference[name])), exact)
    if not reference.get("publisher"):
        return None
    return Image(
        kind=ImageKind.PLATFORM,
        publisher=str(reference["publisher"]),
        offer=str(reference.get("offer", "")),
        sku=str(reference.get("sku", "")),
        version=exact or str(reference.get("version", "")),
    )


def _exactly(image: Image, exact: str) -> Image:
    if not exact or not image.is_floating:
        return image
    definition = re.sub(r"/versions/[^/]+$", "", image.reference, flags=re.IGNORECASE)
    return Image(kind=image.kind, reference=f"{definition}/versions/{exact}")


def _health_signal(properties: Json) -> HealthSignal:
    """Where health comes from: networkProfile.healthProbe, an Application Health extension, or
    externalHealthPolicy.enabled (api 2026-04-01), looked for in both places where a policy can stand."""
    profile = _object(properties, "virtualMachineProfile")
    if _object(_object(profile, "networkProfile"), "healthProbe").get("id"):
        return HealthSignal.PROBE
    if any(_extension_type(e) in _APPLICATION_HEALTH for e in _extensions(profile)):
        return HealthSignal.EXTENSION
    for place in (properties, profile):
        if _object(place, "externalHealthPolicy").get("enabled"):
            return HealthSignal.EXTERNAL
    return HealthSignal.NONE


def _extensions(profile: Json) -> list[Json]:
    return _objects(_object(profile, "extensionProfile"), "extensions")


def _extension_type(extension: Json) -> str:
    return str(_object(extension, "properties").get("type", "")).lower()


def _has_service_fabric(properties: Json) -> bool:
    return any(
        _extension_type(extension) in _SERVICE_FABRIC
        for extension in _extensions(_object(properties, "virtualMachineProfile"))
    )


def _is_managed_by_aks(body: Json, ids: Mapping[str, str]) -> bool:
    """Tags `aks-managed-*`, or the node resource group that AKS makes (MC_...)."""
    tagged = any(str(tag).lower().startswith("aks-managed") for tag in _object(body, "tags"))
    return tagged or ids.get("resourcegroups", "").lower().startswith("mc_")


def _fingerprint(properties: Json) -> str:
    """A hash of the model that instances are made from, without its image."""
    profile = json.loads(json.dumps(_object(properties, "virtualMachineProfile")))
    profile.pop("timeCreated", None)
    storage = profile.get("storageProfile") or {}
    storage.pop("imageReference", None)
    (storage.get("osDisk") or {}).pop("image", None)
    return hashlib.sha256(json.dumps(profile, sort_keys=True).encode()).hexdigest()


def _to_instance(item: Json) -> Instance:
    properties = _object(item, "properties")
    view = _object(properties, "instanceView")
    storage = _object(properties, "storageProfile")
    protection = _object(properties, "protectionPolicy")
    flag = properties.get("latestModelApplied")
    return Instance(
        id=str(item.get("instanceId") or item.get("name", "")),
        image=_image(_object(storage, "imageReference")),
        latest_model_applied=flag if isinstance(flag, bool) else None,
        provisioning_state=_text(properties, "provisioningState"),
        power=_power(view),
        health=_health(view),
        update_domain=_update_domain(item, view),
        fault_domain=_number(view.get("platformFaultDomain")),
        protected=bool(protection.get("protectFromScaleSetActions")),
        problem=_problem(view, properties),
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _update_domain(item: Json, view: Json) -> Domain | None:
    """From the instance view, beside placementGroupId; the zone stands at the top of the instance."""
    number = _number(view.get("platformUpdateDomain"))
    if number is None:
        return None
    zones = item.get("zones")
    zone = str(zones[0]) if isinstance(zones, list) and zones and zones[0] else ""
    return Domain(zone=zone, placement_group=str(view.get("placementGroupId") or ""), number=number)


def _codes(view: Json) -> list[str]:
    return [str(status.get("code", "")) for status in _objects(view, "statuses")]


def _power(view: Json) -> Power:
    states = [code.partition("/")[2].lower() for code in _codes(view) if code.lower().startswith("powerstate/")]
    known = {power.value: power for power in Power}
    return known.get(states[-1], Power.OTHER) if states else Power.OTHER


def _health(view: Json) -> Health:
    """vmHealth.status.code: HealthState/healthy, /unhealthy, /unknown; any other code is not yet healthy."""
    code = str(_object(_object(view, "vmHealth"), "status").get("code", ""))
    if not code:
        return Health.NO_SIGNAL
    known = {"healthstate/healthy": Health.HEALTHY, "healthstate/unhealthy": Health.UNHEALTHY}
    return known.get(code.lower(), Health.UNKNOWN)


def _problem(view: Json, properties: Json) -> Problem | None:
    """The failure that the instance shows: a ProvisioningState/failed status, its own or an extension's."""
    statuses = _objects(view, "statuses")
    for extension in _objects(view, "extensions"):
        statuses += _objects(extension, "statuses")
    for status in statuses:
        code = str(status.get("code", ""))
        if code.lower().startswith("provisioningstate/failed"):
            name = code.split("/", 2)[2] if code.count("/") > 1 else "ProvisioningFailed"
            message = str(status.get("message") or status.get("displayStatus") or code)
            return Problem(name, message, str(status.get("time") or ""))
    if _text(properties, "provisioningState").lower() == "failed":
        return Problem("ProvisioningFailed", "provisioning state is Failed, without a reason")
    return None
