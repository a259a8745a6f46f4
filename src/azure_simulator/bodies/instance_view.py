"""The instance view as Azure writes it.

Shapes: uniform_instances_power_2024 (running, stopped, deallocated), instance_operations_2020 (extensions),
uniform_expand_instanceview_2023 (an extension that is not ready; disk encryption). `vmHealth` is documented (OpenAPI),
in no recording.
"""

from typing import Any

from azure_simulator.bodies.instance_parts import computer_name, disk_name
from azure_simulator.scenario.images import only_known
from azure_simulator.state.instances import Instance, Snapshot
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.set_model import is_windows

Json = dict[str, Any]

_DISPLAY = {
    "Succeeded": "Provisioning succeeded",
    "Failed": "Provisioning failed",
    "running": "VM running",
    "starting": "VM starting",
    "stopping": "VM stopping",
    "stopped": "VM stopped",
    "deallocating": "VM deallocating",
    "deallocated": "VM deallocated",
}
_DISK_ENCRYPTION = ("AzureDiskEncryption", "AzureDiskEncryptionForLinux")


def instance_view(scale_set: SimulatedScaleSet, instance: Instance, snapshot: Snapshot, api_version: str) -> Json:
    """Return the instance view. Domains are absent where Azure shows none; a deallocated instance has no agent."""
    modern = api_version >= "2018-06-01"
    profile = scale_set.profile_of(snapshot.model)
    extensions = _extensions_of(profile)
    time = scale_set.calendar.timestamp(snapshot.changed_at)
    has_machine = snapshot.power != "deallocated"
    view = _place(instance)
    if has_machine:
        view |= _system(scale_set, instance, profile) if modern else {}
        view["vmAgent"] = _agent(scale_set, snapshot, extensions, time)
    view["disks"] = [_disk(scale_set, instance, snapshot, extensions, time)]
    if has_machine and extensions:
        view["extensions"] = [_extension(each, snapshot, time) for each in extensions]
    if snapshot.reported is not None:
        view["vmHealth"] = {"status": _health(scale_set, snapshot)}
    if modern:
        generation = scale_set.scenario.catalog.traits_of(snapshot.image).hyper_v_generation
        view |= only_known({"hyperVGeneration": generation})
    view["statuses"] = _statuses(snapshot, time)
    return view


def provisioning_status(state: str, failure: tuple[str, str] | None, time: str | None) -> Json:
    """Return one provisioning status, without a time while it changes.

    A failure carries its code and message, as documented for instance views.
    """
    status: Json = {
        "code": f"ProvisioningState/{state.lower()}",
        "level": "Info",
        "displayStatus": _DISPLAY.get(state, state),
    }
    if time is not None:
        status["time"] = time
    if failure is not None:
        status |= {"code": f"ProvisioningState/failed/{failure[0]}", "level": "Error", "message": failure[1]}
    return status


def _extensions_of(profile: Json) -> list[Json]:
    extensions: list[Json] = (profile.get("extensionProfile") or {}).get("extensions") or []
    return extensions


def _place(instance: Instance) -> Json:
    place: Json = {"placementGroupId": instance.placement_group} if instance.placement_group else {}
    if instance.update_domain is not None:
        place["platformUpdateDomain"] = instance.update_domain
    if instance.fault_domain is not None:
        place["platformFaultDomain"] = instance.fault_domain
    return place


def _statuses(snapshot: Snapshot, time: str) -> list[Json]:
    changing = snapshot.provisioning in ("Updating", "Creating", "Deleting")
    return [
        provisioning_status(snapshot.provisioning, snapshot.failure, None if changing else time),
        {
            "code": f"PowerState/{snapshot.power}",
            "level": "Info",
            "displayStatus": _DISPLAY.get(snapshot.power, snapshot.power),
        },
    ]


def _system(scale_set: SimulatedScaleSet, instance: Instance, profile: Json) -> Json:
    name, version = ("Windows Server", "10.0") if is_windows(profile) else ("ubuntu", "22.04")
    return {"computerName": computer_name(scale_set, instance), "osName": name, "osVersion": version}


def _agent(scale_set: SimulatedScaleSet, snapshot: Snapshot, extensions: list[Json], time: str) -> Json:
    """Return the guest agent. It still counts as Ready on an instance that is stopped (recorded)."""
    ready = not snapshot.rebuilding
    status = {
        "code": "ProvisioningState/succeeded" if ready else "ProvisioningState/Unavailable",
        "level": "Info" if ready else "Warning",
        "displayStatus": "Ready" if ready else "Not Ready",
        "message": "Guest Agent is running" if ready else "VM status blob is found but not yet populated.",
        "time": time,
    }
    fresh = _fresh_extensions(scale_set, snapshot, extensions)
    handlers = [_handler(each, each["name"] in fresh) for each in extensions]
    return {"vmAgentVersion": "2.11.1.4", "statuses": [status], "extensionHandlers": handlers}


def _fresh_extensions(scale_set: SimulatedScaleSet, snapshot: Snapshot, extensions: list[Json]) -> set[str]:
    """Return the names of the extensions that the last upgrade brought, while they are not ready yet."""
    if not snapshot.settling:
        return set()
    known = _extensions_of(scale_set.profile_of(snapshot.previous))
    return {each["name"] for each in extensions} - {each["name"] for each in known}


def _handler(extension: Json, fresh: bool) -> Json:
    status = {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Ready"}
    if fresh:
        status |= {"code": "ProvisioningState/NotReady", "displayStatus": "Not Ready", "message": "Enabling plugin"}
    else:
        status["message"] = "ExtensionOperation:enable. Status:Success"
    return {**_named(extension["properties"]), "status": status}


def _extension(extension: Json, snapshot: Snapshot, time: str) -> Json:
    """Return the extension's own status; a failed one has a number for a code (operation_failed_vm_extension_2023)."""
    if snapshot.failure is not None and snapshot.failed_extension == extension["name"]:
        failed = provisioning_status("Failed", ("1", snapshot.failure[1]), time)
        return {"name": extension["name"], **_named(extension["properties"]), "statuses": [failed]}
    status = {
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "message": "ExtensionOperation:enable. Status:Success",
        "time": time,
    }
    return {"name": extension["name"], **_named(extension["properties"]), "statuses": [status]}


def _named(extension: Json) -> Json:
    return {
        "type": f"{extension.get('publisher')}.{extension.get('type')}",
        "typeHandlerVersion": str(extension.get("typeHandlerVersion")),
    }


def _disk(
    scale_set: SimulatedScaleSet, instance: Instance, snapshot: Snapshot, extensions: list[Json], time: str
) -> Json:
    """Return the OS disk and its state; with the disk encryption extension, also the state of the encryption."""
    disk: Json = {"name": disk_name(scale_set, instance, snapshot)}
    statuses = [provisioning_status("Succeeded", None, time)]
    for each in extensions:
        settings = each["properties"].get("settings") or {}
        if each["properties"].get("type") in _DISK_ENCRYPTION:
            enabled = settings.get("EncryptionOperation") != "DisableEncryption"
            code = "EncryptionState/encrypted" if enabled else "EncryptionState/notEncrypted"
            display = "Encryption is enabled on disk" if enabled else "Disk is not encrypted"
            statuses.append({"code": code, "level": "Info", "displayStatus": display})
            if enabled:
                disk["encryptionSettings"] = [_encryption(settings)]
    return {**disk, "statuses": statuses}


def _encryption(settings: Json) -> Json:
    key = {
        "secretUrl": f"{settings.get('KeyVaultURL', '')}secrets/simulated/0",
        "sourceVault": {"id": str(settings.get("KeyVaultResourceId", ""))},
    }
    return {"diskEncryptionKey": key, "enabled": True}


def _health(scale_set: SimulatedScaleSet, snapshot: Snapshot) -> Json:
    state = "healthy" if snapshot.reported else "unhealthy"
    display = "The VM is reporting itself as " + state
    status = {"code": f"HealthState/{state}", "level": "Info", "displayStatus": display}
    if snapshot.reported_at is None:
        return status
    return {**status, "time": scale_set.calendar.timestamp(snapshot.reported_at)}
