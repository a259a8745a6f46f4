"""The instance view as Azure writes it. Shapes: uniform_instances_power_2024 (running, stopped, deallocated),
instance_operations_2020 (extensions), uniform_expand_instanceview_2023 (an extension that is not ready; disk
encryption). `vmHealth` is documented (OpenAPI), in no recording.
"""

import hashlib
from typing import Any

from azure_simulator.fleet import Instance, Snapshot
from azure_simulator.images import said
from azure_simulator.model_rules import is_windows
from azure_simulator.scale_set import SimulatedScaleSet

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


def instance_view(instance: Instance, snapshot: Snapshot, scale_set: SimulatedScaleSet, api_version: str) -> Json:
    """The instance view. Domains are absent where Azure shows none; a deallocated instance has no agent."""
    modern = api_version >= "2018-06-01"
    profile = scale_set.profile_of(snapshot.model)
    extensions = (profile.get("extensionProfile") or {}).get("extensions") or []
    time = scale_set.calendar.timestamp(snapshot.changed_at)
    up = snapshot.power != "deallocated"
    view: Json = {"placementGroupId": instance.placement_group} if instance.placement_group else {}
    if instance.update_domain is not None:
        view["platformUpdateDomain"] = instance.update_domain
    if instance.fault_domain is not None:
        view["platformFaultDomain"] = instance.fault_domain
    if up:
        view |= _system(instance, scale_set, profile) if modern else {}
        known = (scale_set.profile_of(snapshot.previous).get("extensionProfile") or {}).get("extensions") or []
        fresh = {each["name"] for each in extensions} - {each["name"] for each in known} if snapshot.settling else set()
        view["vmAgent"] = _agent(snapshot, time)
        view["vmAgent"]["extensionHandlers"] = [_handler(each, each["name"] in fresh) for each in extensions]
    view["disks"] = [_disk(instance, snapshot, scale_set, extensions, time)]
    if up and extensions:
        view["extensions"] = [_extension(each, snapshot, time) for each in extensions]
    if snapshot.reported is not None:
        view["vmHealth"] = {"status": _health(snapshot, scale_set)}
    if modern:
        view |= said({"hyperVGeneration": scale_set.scenario.catalog.traits_of(snapshot.image).hyper_v_generation})
    changing = None if snapshot.provisioning in ("Updating", "Creating", "Deleting") else time
    view["statuses"] = [
        provisioning_status(snapshot.provisioning, snapshot.failure, changing),
        {
            "code": f"PowerState/{snapshot.power}",
            "level": "Info",
            "displayStatus": _DISPLAY.get(snapshot.power, snapshot.power),
        },
    ]
    return view


def provisioning_status(state: str, failure: tuple[str, str] | None, time: str | None) -> Json:
    """One provisioning status, without a time while it changes. A failure carries its code and message, as
    documented for instance views.
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


def computer_name(instance: Instance, scale_set: SimulatedScaleSet) -> str:
    """The prefix and six digits; in a Flexible set, six letters."""
    profile = scale_set.profile.get("osProfile") or {}
    number = instance.instance_id.rsplit("_", 1)[-1][-6:]
    return f"{profile.get('computerNamePrefix', 'sim')}{number.zfill(6)}"


def disk_name(instance: Instance, snapshot: Snapshot, scale_set: SimulatedScaleSet) -> str:
    """A disk of its own for each replacement."""
    replaced = sum(upgrade.ended_at <= snapshot.changed_at for upgrade in instance.upgrades)
    digest = hashlib.sha256(f"{instance.instance_id}:{replaced}".encode()).hexdigest()
    owner = instance.instance_id if scale_set.flexible else f"{scale_set.name}_{scale_set.name}_{instance.instance_id}"
    return f"{owner}_OsDisk_1_{digest[:32]}"


def _system(instance: Instance, scale_set: SimulatedScaleSet, profile: Json) -> Json:
    name, version = ("Windows Server", "10.0") if is_windows(profile) else ("ubuntu", "22.04")
    return {"computerName": computer_name(instance, scale_set), "osName": name, "osVersion": version}


def _agent(snapshot: Snapshot, time: str) -> Json:
    """The guest agent. It still counts as Ready on an instance that is stopped (recorded)."""
    ready = not snapshot.rebuilding
    status = {
        "code": "ProvisioningState/succeeded" if ready else "ProvisioningState/Unavailable",
        "level": "Info" if ready else "Warning",
        "displayStatus": "Ready" if ready else "Not Ready",
        "message": "Guest Agent is running" if ready else "VM status blob is found but not yet populated.",
        "time": time,
    }
    return {"vmAgentVersion": "2.11.1.4", "statuses": [status]}


def _handler(extension: Json, fresh: bool) -> Json:
    status = {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Ready"}
    if fresh:
        status |= {"code": "ProvisioningState/NotReady", "displayStatus": "Not Ready", "message": "Enabling plugin"}
    else:
        status["message"] = "ExtensionOperation:enable. Status:Success"
    return {**_named(extension["properties"]), "status": status}


def _extension(extension: Json, snapshot: Snapshot, time: str) -> Json:
    """The extension's own status; that of a failed one has a number for a code (operation_failed_vm_extension_2023)."""
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
    instance: Instance, snapshot: Snapshot, scale_set: SimulatedScaleSet, extensions: list[Json], time: str
) -> Json:
    """The OS disk and its state; under the disk encryption extension, the state of the encryption."""
    disk: Json = {"name": disk_name(instance, snapshot, scale_set)}
    statuses = [provisioning_status("Succeeded", None, time)]
    for each in extensions:
        settings = each["properties"].get("settings") or {}
        if each["properties"].get("type") in _DISK_ENCRYPTION:
            enabled = settings.get("EncryptionOperation") != "DisableEncryption"
            code = "EncryptionState/encrypted" if enabled else "EncryptionState/notEncrypted"
            told = "Encryption is enabled on disk" if enabled else "Disk is not encrypted"
            statuses.append({"code": code, "level": "Info", "displayStatus": told})
            if enabled:
                disk["encryptionSettings"] = [_encryption(settings)]
    return {**disk, "statuses": statuses}


def _encryption(settings: Json) -> Json:
    key = {
        "secretUrl": f"{settings.get('KeyVaultURL', '')}secrets/simulated/0",
        "sourceVault": {"id": str(settings.get("KeyVaultResourceId", ""))},
    }
    return {"diskEncryptionKey": key, "enabled": True}


def _health(snapshot: Snapshot, scale_set: SimulatedScaleSet) -> Json:
    state = "healthy" if snapshot.reported else "unhealthy"
    display = "The VM is reporting itself as " + state
    status = {"code": f"HealthState/{state}", "level": "Info", "displayStatus": display}
    if snapshot.reported_at is None:
        return status
    return {**status, "time": scale_set.calendar.timestamp(snapshot.reported_at)}
