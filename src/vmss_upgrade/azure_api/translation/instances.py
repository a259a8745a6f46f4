"""Items of a list -> instances; where domains, health and power are found is said at each function. Pure.

Shapes: `VirtualMachineScaleSetVM` of a Uniform set, `VirtualMachine` of a Flexible one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from vmss_upgrade.azure_api.translation import drift, instance_view
from vmss_upgrade.azure_api.translation.image_reference import instance_image
from vmss_upgrade.azure_api.translation.json_fields import (
    Json,
    first_zone,
    number_in,
    object_in,
    provisioning_in,
    text_in,
)
from vmss_upgrade.rollout.scale_set import Instance
from vmss_upgrade.rollout.wording import in_natural_order

_MACHINE_MODEL_TIME = "VirtualMachineProfileTimeCreated"  # a tag: flexible_list_vms_by_filter_2024


class Looks:
    """The lists of one scale set, look after look.

    Names stay as they were first spelled, so that one instance is one: Resource Manager compares names without regard
    to case, and does not keep to one (wire facts, section 1). An item that has not changed since the last look is not
    translated again.
    """

    def __init__(self) -> None:
        self._spelled: dict[str, str] = {}
        self._shown: list[tuple[str, Json, Instance]] = []
        self._instances: tuple[Instance, ...] = ()

    def take(self, items: Iterable[Json], translate: Callable[[Json], Instance]) -> tuple[Instance, ...]:
        """Return the instances of a list, ordered by id: the list itself is in no useful order.

        Where nothing has changed, the tuple is the one of the last look.
        """
        before, self._shown = self._shown, []
        same = {id(shown[1]): shown for shown in before}  # the reader keeps what came again as it was
        known: dict[str, tuple[Json, Instance]] = {}
        for item in items:
            if shown := same.get(id(item)):
                self._shown.append(shown)
                continue
            known = known or {name: (item, instance) for name, item, instance in before}
            name = text_in(item, "name")
            last, instance = known.get(name, (None, None))
            if instance is None or last != item:
                instance = self._as_first_spelled(translate(item))
            self._shown.append((name, item, instance))
        if self._shown != before:
            self._instances = _ordered(instance for _, _, instance in self._shown)
        return self._instances

    def differences(self, model_body: Json) -> dict[str, tuple[str, ...]]:
        """Return what the latest list shows otherwise than the scale set's own GET answer, by instance id."""
        return {instance.id: drift.differences(item, model_body) for _, item, instance in self._shown}

    def _as_first_spelled(self, instance: Instance) -> Instance:
        names = (instance.id, instance.zone, instance.placement_group)
        id_, zone, group = (self._spelled.setdefault(name.lower(), name) for name in names)
        return replace(instance, id=id_, zone=zone, placement_group=group)


def to_instances(items: Iterable[Json]) -> tuple[Instance, ...]:
    """Return the instances of one expanded list, ordered by id."""
    return _ordered(map(to_instance, items))


def _ordered(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    by_id = {instance.id.lower(): instance for instance in instances}  # pages may overlap
    return tuple(sorted(by_id.values(), key=lambda instance: in_natural_order(instance.id)))


def to_instance(item: Json) -> Instance:
    """Return what an item of an expanded instance list shows.

    Domains stand in the instance view, beside placementGroupId; the zone at the top of the instance.
    """
    properties = object_in(item, "properties")
    view = object_in(properties, "instanceView")
    flag = properties.get("latestModelApplied")
    return replace(
        _shown(item, properties, view),
        id=text_in(item, "instanceId") or text_in(item, "name"),
        latest_model_applied=flag if isinstance(flag, bool) else None,
        placement_group=text_in(view, "placementGroupId"),
        fault_domain=number_in(view, "platformFaultDomain"),
        changed_individually=text_in(properties, "modelDefinitionApplied").lower() == "virtualmachine",
    )


def to_machine(item: Json, set_name: str = "") -> Instance:
    """Return what a virtual machine of a Flexible set shows, which comes with its instance view.

    There is no flag and no update domain on a machine; a fault domain only where it was asked for (-1: it was not).
    The tag says when the model was made that it was made from (wire facts, section 12).
    """
    properties = object_in(item, "properties")
    view = object_in(properties, "instanceView")
    shown = (number_in(place, "platformFaultDomain") for place in (view, properties))
    fault_domain = next((number for number in shown if number is not None), -1)
    return replace(
        _shown(item, properties, view),
        fault_domain=None if fault_domain < 0 else fault_domain,
        model_time=text_in(item, "tags", _MACHINE_MODEL_TIME),
        os=text_in(properties, "storageProfile", "osDisk", "osType"),
        has_model_mark=_has_model_mark(item, set_name),
    )


def _shown(item: Json, properties: Json, view: Json) -> Instance:
    """Return what an item of either list shows in the same places."""
    return Instance(
        id=text_in(item, "name"),
        image=instance_image(object_in(properties, "storageProfile")),
        latest_model_applied=None,
        provisioning=provisioning_in(properties),
        power=instance_view.power(view),
        health=instance_view.health(view),
        zone=first_zone(item),
        update_domain=number_in(view, "platformUpdateDomain"),
        protected=bool(object_in(properties, "protectionPolicy").get("protectFromScaleSetActions")),
        generation=text_in(view, "hyperVGeneration"),  # of the hypervisor, V1 or V2
        problems=instance_view.problems(view, properties),
        says=instance_view.complaints(view),
        health_time=text_in(view, "vmHealth", "status", "time"),
        created=text_in(properties, "timeCreated"),
        shows_view=bool(view),
        name=text_in(item, "name"),
        computer_name=text_in(properties, "osProfile", "computerName") or text_in(view, "computerName"),
    )


def _has_model_mark(item: Json, set_name: str) -> bool:
    """Return True for the tag, or the name that Azure gives: SET_ and eight hexadecimal digits."""
    named = re.fullmatch(rf"{re.escape(set_name)}_[0-9a-f]{{8}}", text_in(item, "name"), re.IGNORECASE)
    return bool(text_in(item, "tags", _MACHINE_MODEL_TIME)) or named is not None
