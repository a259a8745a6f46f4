"""A scale set's GET answer -> Model. Shape: `VirtualMachineScaleSet` of the REST specification, as recorded. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from vmss_upgrade.azure_api.translation.image_reference import model_image
from vmss_upgrade.azure_api.translation.json_fields import (
    Json,
    number_in,
    object_in,
    objects_in,
    plan_in,
    provisioning_in,
    segments_of,
    text_in,
)
from vmss_upgrade.azure_api.translation.owners import owner_of
from vmss_upgrade.azure_api.translation.rolling_upgrade import to_policy
from vmss_upgrade.rollout.gates import STOP_TAG
from vmss_upgrade.rollout.image_facts import Traits
from vmss_upgrade.rollout.model import HealthSignal, MachineSettings, Model, Scaling

_APPLICATION_HEALTH = ("applicationhealthlinux", "applicationhealthwindows")


def to_model(body: Json, *, etag: str = "") -> Model:
    """Return the model that a scale set's GET answer shows. `etag` is the header's, used where the body has none."""
    properties = object_in(body, "properties")
    policy = object_in(properties, "upgradePolicy")
    profile = object_in(properties, "virtualMachineProfile")
    storage = object_in(profile, "storageProfile")
    ids = segments_of(text_in(body, "id"))
    return Model(
        id=text_in(body, "id"),
        name=text_in(body, "name") or ids.get("virtualmachinescalesets", ""),
        resource_group=ids.get("resourcegroups", ""),
        subscription=ids.get("subscriptions", ""),
        location=text_in(body, "location"),
        image=model_image(storage),
        etag=text_in(body, "etag") or etag,
        provisioning=provisioning_in(properties),
        upgrade_mode=text_in(policy, "mode"),
        rolling=to_policy(object_in(policy, "rollingUpgradePolicy")),
        is_flexible=text_in(properties, "orchestrationMode").lower() == "flexible",
        health_signal=_health_signal(properties),
        automatic_os_upgrade=bool(object_in(policy, "automaticOSUpgradePolicy").get("enableAutomaticOSUpgrade")),
        owner=owner_of(body),
        fingerprint=_fingerprint(profile),
        surroundings=_surroundings(body),
        traits=Traits(os=_os(profile), plan=plan_in(body, "plan")),
        settings=_settings(body, profile),
        scaling=_scaling(body, properties, profile),
        has_profile=bool(profile),
        time=text_in(profile, "timeCreated"),
        ephemeral_os_disk=text_in(storage, "osDisk", "diffDiskSettings", "option").lower() == "local",
        stop_tag=stop_tag_of(body),
        repairs=_repairs(properties),
    )


def _health_signal(properties: Json) -> HealthSignal:
    """Return where health comes from. externalHealthPolicy (api 2026-04-01) is looked for in both places for one."""
    profile = object_in(properties, "virtualMachineProfile")
    if object_in(profile, "networkProfile", "healthProbe").get("id"):
        return HealthSignal.PROBE
    extensions = objects_in(object_in(profile, "extensionProfile"), "extensions")
    if any(text_in(each, "properties", "type").lower() in _APPLICATION_HEALTH for each in extensions):
        return HealthSignal.EXTENSION
    for place in (properties, profile):
        if object_in(place, "externalHealthPolicy").get("enabled"):
            return HealthSignal.EXTERNAL
    return HealthSignal.NONE


def _settings(body: Json, profile: Json) -> MachineSettings:
    """Return the settings; a profile without an osProfile keeps the names and users of its image."""
    storage = object_in(profile, "storageProfile")
    disks = [(number_in(disk, "lun"), text_in(disk, "createOption")) for disk in objects_in(storage, "dataDisks")]
    return MachineSettings(
        size=text_in(body, "sku", "name"),
        has_os_profile=bool(object_in(profile, "osProfile")) if storage else None,
        security_type=text_in(profile, "securityProfile", "securityType"),
        disk_controller=text_in(storage, "diskControllerType"),
        disk_size=number_in(object_in(storage, "osDisk"), "diskSizeGB"),
        data_disks=tuple((lun, option) for lun, option in disks if lun is not None),
    )


def _scaling(body: Json, properties: Json, profile: Json) -> Scaling:
    sku, single = object_in(body, "sku"), properties.get("singlePlacementGroup")
    rebalancing = object_in(properties, "resiliencyPolicy", "automaticZoneRebalancingPolicy")
    notice = object_in(profile, "scheduledEventsProfile", "terminateNotificationProfile")
    return Scaling(
        capacity=number_in(sku, "capacity"),
        sku=(text_in(sku, "name"), text_in(sku, "tier")),
        single_placement_group=single if isinstance(single, bool) else None,
        rebalances_zones=rebalancing.get("enabled") is True,
        mixes_priorities=bool(object_in(properties, "priorityMixPolicy")),
        overprovisions=properties.get("overprovision") is True,
        notice=(text_in(notice, "notBeforeTimeout") or "PT5M") if notice.get("enable") is True else "",
    )


def _os(profile: Json) -> str:
    """Return Linux or Windows: by the given configuration, else by the type of the OS disk."""
    given = object_in(profile, "osProfile")
    for os in ("Linux", "Windows"):
        if isinstance(given.get(f"{os.lower()}Configuration"), Mapping):
            return os
    return text_in(profile, "storageProfile", "osDisk", "osType")


def _repairs(properties: Json) -> str:
    """Return the action of automaticRepairsPolicy; Replace if none is given ("Default value is replace")."""
    policy = object_in(properties, "automaticRepairsPolicy")
    return (text_in(policy, "repairAction") or "Replace") if policy.get("enabled") is True else ""


def stop_tag_of(body: Json) -> str:
    """Return the tag that stops upgrades as NAME=VALUE. Names compare without case ("Use tags to organize your Azure
    resources"), and so does the value here: a brake must not fail by a capital.
    """
    tags = [f"{name}={value}" for name, value in object_in(body, "tags").items()]
    return next((tag for tag in tags if tag.lower() == STOP_TAG), "")


def _fingerprint(profile: Json) -> str:
    """Return a hash of the model that instances are made from, without its image."""
    rest = _without("timeCreated", profile)
    if isinstance(storage := rest.get("storageProfile"), dict):
        rest["storageProfile"] = storage = _without("imageReference", storage)
        if isinstance(disk := storage.get("osDisk"), dict):
            storage["osDisk"] = _without("image", disk)
    return _hash(rest)


def _without(key: str, value: Json) -> dict[str, Any]:
    return {name: part for name, part in value.items() if name != key}


def _surroundings(body: Json) -> str:
    """Return a hash of what the scale set says beside that model, without what moves by itself: ETag, states, times."""
    rest = {name: value for name, value in body.items() if name not in ("etag", "properties", "systemData")}
    properties = object_in(body, "properties")
    moving = ("virtualMachineProfile", "provisioningState", "timeCreated")
    rest["properties"] = {name: value for name, value in properties.items() if name not in moving}
    return _hash(rest)


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
