"""Azure's JSON -> our nouns. Pure, and tolerant: whatever is missing or odd reads as nothing, and nothing raises.

Shapes: `VirtualMachineScaleSet`, `VirtualMachineScaleSetVM` and `VirtualMachine` of the REST specification, as
recorded; where domains, health and power are found is said at each function.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from vmss_upgrade.azure_api import instance_view, model_drift
from vmss_upgrade.azure_api.image_reference import instance_image, model_image
from vmss_upgrade.azure_api.json_fields import (
    Json,
    first_zone,
    number_in,
    object_in,
    objects_in,
    plan_in,
    provisioning_in,
    segments_of,
    text_in,
)
from vmss_upgrade.azure_api.owners import owner_of
from vmss_upgrade.rollout.checks.rights import Permission
from vmss_upgrade.rollout.image_facts import Traits
from vmss_upgrade.rollout.model import HealthSignal, MachineSettings, Model
from vmss_upgrade.rollout.scale_set import Instance
from vmss_upgrade.rollout.wording import in_natural_order

_MACHINE_MODEL_TIME = "VirtualMachineProfileTimeCreated"  # a tag: flexible_list_vms_by_filter_2024
_APPLICATION_HEALTH = ("applicationhealthlinux", "applicationhealthwindows")


def to_model(body: Json, *, etag: str = "") -> Model:
    """A scale set's GET answer -> Model. `etag` is the header's, used where the body has none."""
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
        is_flexible=text_in(properties, "orchestrationMode").lower() == "flexible",
        health_signal=_health_signal(properties),
        automatic_os_upgrade=bool(object_in(policy, "automaticOSUpgradePolicy").get("enableAutomaticOSUpgrade")),
        owner=owner_of(body),
        fingerprint=_fingerprint(profile),
        surroundings=_surroundings(body),
        traits=Traits(os=_os(profile), plan=plan_in(body, "plan")),
        settings=_settings(body, profile),
        has_profile=bool(profile),
        time=text_in(profile, "timeCreated"),
        ephemeral_os_disk=text_in(storage, "osDisk", "diffDiskSettings", "option").lower() == "local",
        repairs=_repairs(properties),
    )


def to_instances(items: Iterable[Json], model_body: Json | None = None) -> tuple[Instance, ...]:
    """The items of an expanded instance list -> instances ordered by id (the list itself is in no useful order).

    `model_body` is the scale set's own GET answer, against which `behind_in` is told; without it nothing is.
    """
    return _ordered(_to_instance(item, model_body or {}) for item in items)


def to_machines(items: Iterable[Json], set_name: str = "") -> tuple[Instance, ...]:
    """Virtual machines of a Flexible set, with their instance views -> instances ordered by name.

    Nothing is compared with the set's model: a machine may have been attached to the set, of another size and with
    extensions of its own, and no recording shows what a manualupgrade would change of it.
    """
    return _ordered(_to_machine(item, set_name) for item in items)


def to_permissions(items: Iterable[Json]) -> tuple[Permission, ...]:
    """The entries of Microsoft.Authorization/permissions."""
    return tuple(Permission(_texts(item.get("actions")), _texts(item.get("notActions"))) for item in items)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _ordered(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    by_id = {instance.id.lower(): instance for instance in instances}  # pages may overlap
    return tuple(sorted(by_id.values(), key=lambda instance: in_natural_order(instance.id)))


def _health_signal(properties: Json) -> HealthSignal:
    """Where health comes from: networkProfile.healthProbe, an Application Health extension, or
    externalHealthPolicy.enabled (api 2026-04-01), looked for in both places where a policy can stand."""
    profile = object_in(properties, "virtualMachineProfile")
    if object_in(profile, "networkProfile", "healthProbe").get("id"):
        return HealthSignal.PROBE
    if any(_extension_type(each) in _APPLICATION_HEALTH for each in _extensions(profile)):
        return HealthSignal.EXTENSION
    for place in (properties, profile):
        if object_in(place, "externalHealthPolicy").get("enabled"):
            return HealthSignal.EXTERNAL
    return HealthSignal.NONE


def _extensions(profile: Json) -> list[Json]:
    return objects_in(object_in(profile, "extensionProfile"), "extensions")


def _extension_type(extension: Json) -> str:
    return text_in(extension, "properties", "type").lower()


def _settings(body: Json, profile: Json) -> MachineSettings:
    """A profile that is shown without an osProfile makes machines that keep the names and users of their image."""
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


def _os(profile: Json) -> str:
    """Linux or Windows: by the configuration that was given for one, else by what the OS disk is said to hold."""
    given = object_in(profile, "osProfile")
    for os in ("Linux", "Windows"):
        if isinstance(given.get(f"{os.lower()}Configuration"), Mapping):
            return os
    return text_in(profile, "storageProfile", "osDisk", "osType")


def _repairs(properties: Json) -> str:
    """automaticRepairsPolicy; the action is Replace where none is given ("Default value is replace")."""
    policy = object_in(properties, "automaticRepairsPolicy")
    return (text_in(policy, "repairAction") or "Replace") if policy.get("enabled") is True else ""


def _fingerprint(profile: Json) -> str:
    """A hash of the model that instances are made from, without its image."""
    rest: dict[str, Any] = copy.deepcopy(dict(profile))
    rest.pop("timeCreated", None)
    storage = rest.get("storageProfile")
    if isinstance(storage, dict):
        storage.pop("imageReference", None)
        if isinstance(storage.get("osDisk"), dict):
            storage["osDisk"].pop("image", None)
    return _hash(rest)


def _surroundings(body: Json) -> str:
    """A hash of what the scale set says beside that model: size, capacity, identity, tags, plan and more.

    Without what moves by itself: the ETag, states, and times.
    """
    rest = {name: value for name, value in body.items() if name not in ("etag", "properties", "systemData")}
    properties = object_in(body, "properties")
    moving = ("virtualMachineProfile", "provisioningState", "timeCreated")
    rest["properties"] = {name: value for name, value in properties.items() if name not in moving}
    return _hash(rest)


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _to_instance(item: Json, model_body: Json) -> Instance:
    """Domains stand in the instance view, beside placementGroupId; the zone at the top of the instance."""
    properties = object_in(item, "properties")
    view = object_in(properties, "instanceView")
    flag = properties.get("latestModelApplied")
    return Instance(
        id=text_in(item, "instanceId") or text_in(item, "name"),
        image=instance_image(object_in(properties, "storageProfile")),
        latest_model_applied=flag if isinstance(flag, bool) else None,
        provisioning=provisioning_in(properties),
        power=instance_view.power(view),
        health=instance_view.health(view),
        zone=first_zone(item),
        placement_group=text_in(view, "placementGroupId"),
        update_domain=number_in(view, "platformUpdateDomain"),
        fault_domain=number_in(view, "platformFaultDomain"),
        protected=instance_view.protected(properties),
        changed_individually=text_in(properties, "modelDefinitionApplied").lower() == "virtualmachine",
        behind_in=model_drift.differences(item, model_body),
        generation=instance_view.os_generation(view),
        problems=instance_view.problems(view, properties),
        health_time=instance_view.health_time(view),
        shows_view=bool(view),
    )


def _has_model_mark(item: Json, set_name: str) -> bool:
    """The tag, or the name that Azure gives: SET_ and eight hexadecimal digits."""
    named = re.fullmatch(rf"{re.escape(set_name)}_[0-9a-f]{{8}}", text_in(item, "name"), re.IGNORECASE)
    return bool(text_in(item, "tags", _MACHINE_MODEL_TIME)) or named is not None


def _to_machine(item: Json, set_name: str) -> Instance:
    """There is no flag and no update domain on a machine; a fault domain only where it was asked for (-1: it was not).

    The tag says when the model was made that it was made from (wire facts, section 12).
    """
    properties = object_in(item, "properties")
    view = object_in(properties, "instanceView")
    fault_domain = number_in(view, "platformFaultDomain")
    if fault_domain is None:
        fault_domain = number_in(properties, "platformFaultDomain")
    return Instance(
        id=text_in(item, "name"),
        image=instance_image(object_in(properties, "storageProfile")),
        latest_model_applied=None,
        provisioning=provisioning_in(properties),
        power=instance_view.power(view),
        health=instance_view.health(view),
        zone=first_zone(item),
        update_domain=number_in(view, "platformUpdateDomain"),
        fault_domain=None if fault_domain is not None and fault_domain < 0 else fault_domain,
        protected=instance_view.protected(properties),
        generation=instance_view.os_generation(view),
        model_time=text_in(item, "tags", _MACHINE_MODEL_TIME),
        problems=instance_view.problems(view, properties),
        health_time=instance_view.health_time(view),
        os=text_in(properties, "storageProfile", "osDisk", "osType"),
        has_model_mark=_has_model_mark(item, set_name),
        shows_view=bool(view),
    )
