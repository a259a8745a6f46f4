"""The set and its instances as Azure writes them. Shapes are those of uniform_instances_power_2024,
uniform_create_and_modify_2024, uniform_expand_instanceview_2023 (`$select`) and, for a Flexible set,
flexible_instances_list_and_deallocate_2024; `vmHealth` is documented (OpenAPI), in no recording.
"""

import hashlib
import json
import uuid
from collections import Counter
from typing import Any, Literal

from azure_simulator.clock import timestamp
from azure_simulator.fleet import Instance, Snapshot
from azure_simulator.scale_set import SimulatedScaleSet

Detail = Literal["plain", "expanded", "selected"]
Json = dict[str, Any]

_DISPLAY = {
    "Succeeded": "Provisioning succeeded",
    "Failed": "Provisioning failed",
    "running": "VM running",
    "stopped": "VM stopped",
    "deallocated": "VM deallocated",
}


class Writer:
    """Writes one set's JSON. What it wrote of an instance is kept until the instance changes: a look at 600
    instances must not cost the client's measurement more than Azure's own text would."""

    def __init__(self, scale_set: SimulatedScaleSet) -> None:
        self._set = scale_set
        self._written: dict[tuple[str, Detail], tuple[Snapshot, int, str]] = {}

    def scale_set(self, now: float) -> Json:
        """The set. `provisioningState` is Updating while an operation runs (a choice; see scale_set.py)."""
        body = dict(self._set.json)
        properties = dict(body["properties"])
        if self._set.busy(now):
            properties["provisioningState"] = "Updating"
        return {**body, "etag": self.etag(now), "properties": properties}

    def etag(self, now: float) -> str:
        return f'"{self._set.etag(now)}"'

    def scale_set_view(self, now: float) -> Json:
        """The set's own instance view: how many instances are in which provisioning state."""
        states = Counter(each.at(now, self._set.has_signal).provisioning for each in self._set.present(now))
        summary = [
            {"code": f"ProvisioningState/{name.lower()}", "count": count} for name, count in sorted(states.items())
        ]
        state = self.scale_set(now)["properties"]["provisioningState"]
        return {"virtualMachine": {"statusesSummary": summary}, "statuses": [_provisioning(state, None, 0.0)]}

    def instance_name(self, instance: Instance) -> str:
        """What Azure calls the instance in a URL: its number, or in a Flexible set a VM's name."""
        if not self._set.flexible:
            return instance.instance_id
        digest = hashlib.sha256(instance.instance_id.encode()).hexdigest()
        return f"{self._set.name}_{digest[:8]}"

    def instance(self, instance: Instance, now: float, detail: Detail) -> str:
        """One instance as JSON text."""
        if self._set.flexible:
            return json.dumps(self._stub(instance))
        snapshot = instance.at(now, self._set.has_signal)
        key = (instance.instance_id, detail)
        written = self._written.get(key)
        if written is None or written[:2] != (snapshot, self._set.model):
            write = self._selected if detail == "selected" else self._full
            body = write(instance, snapshot)
            if detail != "plain":
                body["properties"]["instanceView"] = instance_view(instance, snapshot, self._set)
            written = (snapshot, self._set.model, json.dumps(body))
            self._written[key] = written
        return written[2]

    def _address(self, instance: Instance) -> str:
        return f"{self._set.json['id']}/virtualMachines/{self.instance_name(instance)}"

    def _stub(self, instance: Instance) -> Json:
        name = self.instance_name(instance)
        kind = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"
        return {
            "name": name,
            "id": self._address(instance),
            "type": kind,
            "location": self._set.location,
            "instanceId": name,
            "zones": [instance.zone],
        }

    def _selected(self, instance: Instance, snapshot: Snapshot) -> Json:
        return {
            "id": self._address(instance),
            "instanceId": instance.instance_id,
            "properties": {
                "latestModelApplied": self._set.is_current(snapshot),
                "hardwareProfile": {},
                "provisioningState": snapshot.provisioning,
            },
        }

    def _full(self, instance: Instance, snapshot: Snapshot) -> Json:
        model = self._set.json
        profile = model["properties"]["virtualMachineProfile"]
        os_profile = {k: v for k, v in (profile.get("osProfile") or {}).items() if k != "computerNamePrefix"}
        properties: Json = {
            "latestModelApplied": self._set.is_current(snapshot),
            "modelDefinitionApplied": "VirtualMachineScaleSet",
            "networkProfileConfiguration": {
                "networkInterfaceConfigurations": (profile.get("networkProfile") or {}).get(
                    "networkInterfaceConfigurations", []
                )
            },
            "provisioningState": snapshot.provisioning,
            "hardwareProfile": {"vmSize": (model.get("sku") or {}).get("name")},
            "resilientVMDeletionStatus": "Disabled",
            "vmId": str(uuid.uuid5(uuid.NAMESPACE_URL, self._address(instance))),
            "storageProfile": self._storage(instance, snapshot, profile),
            "osProfile": {"computerName": computer_name(instance, self._set), **os_profile},
            "networkProfile": {"networkInterfaces": [{"id": f"{self._address(instance)}/networkInterfaces/simNic"}]},
            "timeCreated": timestamp(instance.born_at),
        }
        if instance.protected or instance.protected_from_scale_in:
            properties["protectionPolicy"] = {
                "protectFromScaleIn": instance.protected_from_scale_in or instance.protected,
                "protectFromScaleSetActions": instance.protected,
            }
        body: Json = {
            "name": f"{self._set.name}_{instance.instance_id}",
            "id": self._address(instance),
            "type": "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
            "location": self._set.location,
            "tags": model.get("tags", {}),
            "instanceId": instance.instance_id,
            "sku": {key: value for key, value in (model.get("sku") or {}).items() if key != "capacity"},
            "properties": properties,
            "etag": f'"{snapshot.etag}"',
        }
        if instance.zone is not None:
            body["zones"] = [instance.zone]
        return body

    def _storage(self, instance: Instance, snapshot: Snapshot, profile: Json) -> Json:
        disk = dict((profile.get("storageProfile") or {}).get("osDisk") or {})
        disk.pop("image", None)
        disk["name"] = disk_name(instance, snapshot, self._set)
        if "managedDisk" in disk:
            disks = self._set.json["id"].partition("/virtualMachineScaleSets/")[0] + "/disks"
            disk["managedDisk"] = {**disk["managedDisk"], "id": f"{disks}/{disk['name']}"}
        storage: Json = {"osDisk": disk, "dataDisks": []}
        if snapshot.image.uri is not None:
            disk["image"] = {"uri": snapshot.image.uri}
        else:
            storage["imageReference"] = dict(snapshot.image.reference)
        return storage


def rolling_upgrade(code: str, scale_set: SimulatedScaleSet) -> Json:
    """A rolling upgrade under way, or one that ended (recorded: rolling_upgrade_start_cancel_2020)."""
    percents = (
        "maxBatchInstancePercent",
        "maxUnhealthyInstancePercent",
        "maxUnhealthyUpgradedInstancePercent",
    )
    running = int(code == "RollingForward")
    began = "2025-12-31T23:59:00.0000000+00:00"
    return {
        "type": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
        "location": scale_set.location,
        "properties": {
            "policy": {**dict.fromkeys(percents, 20), "pauseTimeBetweenBatches": "PT0S"},
            "runningStatus": {
                "code": code,
                "startTime": began,
                "lastAction": "Start",
                "lastActionTime": began,
            },
            "progress": {
                "successfulInstanceCount": 0,
                "failedInstanceCount": 0,
                "inProgressInstanceCount": running,
                "pendingInstanceCount": 0,
            },
        },
    }


def computer_name(instance: Instance, scale_set: SimulatedScaleSet) -> str:
    profile = scale_set.json["properties"]["virtualMachineProfile"].get("osProfile") or {}
    number = instance.instance_id
    return f"{profile.get('computerNamePrefix', 'sim')}{number.zfill(6)}"


def disk_name(instance: Instance, snapshot: Snapshot, scale_set: SimulatedScaleSet) -> str:
    """A disk of its own for each replacement."""
    digest = hashlib.sha256(f"{instance.instance_id}:{snapshot.etag}".encode()).hexdigest()
    return f"{scale_set.name}_{scale_set.name}_{instance.instance_id}_OsDisk_1_{digest[:32]}"


def instance_view(instance: Instance, snapshot: Snapshot, scale_set: SimulatedScaleSet) -> Json:
    """The instance view. Domains and placement group are absent where Azure shows none."""
    view: Json = {}
    if snapshot.power != "deallocated":
        view["placementGroupId"] = instance.placement_group
    if instance.update_domain is not None:
        view["platformUpdateDomain"] = instance.update_domain
    if instance.fault_domain is not None:
        view["platformFaultDomain"] = instance.fault_domain
    view["computerName"] = computer_name(instance, scale_set)
    view |= {"osName": "ubuntu", "osVersion": "22.04", "vmAgent": _agent(snapshot)}
    disk_status = _provisioning("Succeeded", None, snapshot.changed_at)
    view["disks"] = [{"name": disk_name(instance, snapshot, scale_set), "statuses": [disk_status]}]
    if snapshot.healthy is not None:
        view["vmHealth"] = {"status": _health(snapshot)}
    view["hyperVGeneration"] = "V2"
    power = {
        "code": f"PowerState/{snapshot.power}",
        "level": "Info",
        "displayStatus": _DISPLAY[snapshot.power],
    }
    view["statuses"] = [_provisioning(snapshot.provisioning, snapshot.failure, snapshot.changed_at), power]
    return view


def _agent(snapshot: Snapshot) -> Json:
    ready = snapshot.provisioning == "Succeeded" and snapshot.power == "running"
    status = {
        "code": "ProvisioningState/succeeded" if ready else "ProvisioningState/Unavailable",
        "level": "Info" if ready else "Warning",
        "displayStatus": "Ready" if ready else "Not Ready",
        "message": "Guest Agent is running" if ready else "VM status blob is found but not yet populated.",
        "time": timestamp(snapshot.changed_at),
    }
    return {"vmAgentVersion": "2.11.1.4", "statuses": [status], "extensionHandlers": []}


def _health(snapshot: Snapshot) -> Json:
    state = "healthy" if snapshot.healthy else "unhealthy"
    display = "The VM is reporting itself as " + state
    return {"code": f"HealthState/{state}", "level": "Info", "displayStatus": display}


def _provisioning(state: str, failure: tuple[str, str] | None, changed_at: float) -> Json:
    """One provisioning status; a failure carries its code and message, as documented for instance views."""
    status: Json = {
        "code": f"ProvisioningState/{state.lower()}",
        "level": "Info",
        "displayStatus": _DISPLAY.get(state, state),
        "time": timestamp(changed_at),
    }
    if failure is not None:
        status |= {"code": f"ProvisioningState/failed/{failure[0]}", "level": "Error", "message": failure[1]}
    return status
