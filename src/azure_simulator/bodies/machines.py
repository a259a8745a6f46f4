"""Virtual machines, the instances of a Flexible set, as Azure writes them.

Shapes: flexible_list_vms_by_filter_2024; a view without domains and placement group, as of any single machine.
"""

from datetime import datetime
from typing import Any

from azure_simulator.bodies.captured import as_captured, as_described
from azure_simulator.bodies.instance_parts import (
    group_address,
    os_profile,
    protection_policy,
    storage_profile,
    unchanged_parts,
    unique_id,
)
from azure_simulator.bodies.instance_view import instance_view
from azure_simulator.state.instances import Instance, Snapshot
from azure_simulator.state.scale_set import SimulatedScaleSet

Json = dict[str, Any]

_ONLY_IN_UNIFORM = ("placementGroupId", "platformUpdateDomain", "platformFaultDomain")


def machine_body(scale_set: SimulatedScaleSet, instance: Instance, now: float, expanded: bool) -> Json:
    """Return an instance of a Flexible set as the virtual machine that it is, `expanded` with its instance view."""
    if instance.shown is None:
        return as_described(instance, _machine(scale_set, instance, now, expanded), now, expanded)
    first = _machine(scale_set, instance, instance.created_at, expanded)
    shown = as_captured(instance, first, _machine(scale_set, instance, now, expanded), now)
    if not expanded:
        shown["properties"].pop("instanceView", None)
    return shown


def machine_view(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> Json:
    """Return the instance view of a virtual machine."""
    if instance.shown is None and instance.shows is None:
        return _view(scale_set, instance, now)
    view: Json = machine_body(scale_set, instance, now, True)["properties"].get("instanceView") or {}
    return view


def _machine(scale_set: SimulatedScaleSet, instance: Instance, now: float, expanded: bool) -> Json:
    snapshot = scale_set.snapshot(instance, now)
    attached = instance.attached and instance.is_as_made(now)
    profile = {} if attached else scale_set.profile_of(snapshot.model)
    group = group_address(scale_set)
    body: Json = {
        "name": instance.instance_id,
        "id": f"{group}/virtualMachines/{instance.instance_id}",
        "type": "Microsoft.Compute/virtualMachines",
        "location": scale_set.location,
    }
    if not attached:
        made = _made(scale_set, instance, snapshot)
        body["tags"] = {**(scale_set.json.get("tags") or {}), "VirtualMachineProfileTimeCreated": made}
    body["properties"] = _properties(scale_set, instance, snapshot, profile)
    if expanded:
        body["properties"]["instanceView"] = _view(scale_set, instance, now)
    return body if instance.zone is None else {**body, "zones": [instance.zone]}


def _properties(scale_set: SimulatedScaleSet, instance: Instance, snapshot: Snapshot, profile: Json) -> Json:
    group = group_address(scale_set)
    network = group.replace("Microsoft.Compute", "Microsoft.Network")
    interface = f"{network}/networkInterfaces/{instance.instance_id}Nic"
    return {
        "hardwareProfile": {"vmSize": scale_set.size_of(snapshot.model)},
        "provisioningState": snapshot.provisioning,
        "vmId": unique_id(f"{group}/{instance.instance_id}"),
        "virtualMachineScaleSet": {"id": scale_set.json["id"]},
        "storageProfile": storage_profile(scale_set, instance, snapshot, profile, machine=True),
        "osProfile": os_profile(scale_set, instance, profile),
        "networkProfile": {
            "networkInterfaces": [{"id": interface, "properties": {"primary": True, "deleteOption": "Delete"}}]
        },
        **unchanged_parts(profile),
        "timeCreated": scale_set.calendar.timestamp(instance.created_at),
        **protection_policy(instance),
    }


def _view(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> Json:
    """Return the view of a machine, which shows no domain and no placement group."""
    view = instance_view(scale_set, instance, scale_set.snapshot(instance, now), "2020-06-01")
    return {key: value for key, value in view.items() if key not in _ONLY_IN_UNIFORM}


def _made(scale_set: SimulatedScaleSet, instance: Instance, snapshot: Snapshot) -> str:
    """Return when the machine's model was made: month and day without leading zeros, the hour of twelve."""
    made = scale_set.profile_of(snapshot.model).get("timeCreated") if snapshot.model >= 0 else None
    stamp = scale_set.calendar.moment(instance.created_at) if made is None else datetime.fromisoformat(made)
    return f"{stamp.month}/{stamp.day}/{stamp.year} {stamp.hour % 12 or 12}:{stamp:%M:%S %p} +00:00"
