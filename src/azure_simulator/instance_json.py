"""Instances as Azure writes them. Shapes: uniform_instances_power_2024 and older recordings for what came when;
uniform_expand_instanceview_2023 (`$select`); of a Flexible set, flexible_instances_list_and_deallocate_2024
(stubs) and flexible_list_vms_by_filter_2024 (the virtual machines).
"""

import json
import uuid
from datetime import datetime
from typing import Any, Literal

from azure_simulator.captured_answers import as_captured
from azure_simulator.fleet import Instance, Snapshot
from azure_simulator.generation import Generation
from azure_simulator.model_rules import is_windows
from azure_simulator.scale_set import OWN_MODEL, SimulatedScaleSet
from azure_simulator.set_description import merged
from azure_simulator.view_json import computer_name, disk_name, instance_view

Detail = Literal["plain", "expanded", "selected"]
Json = dict[str, Any]

KIND = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"
# Parts of the model that an instance shows in a form of its own; all the others it shows as they are.
_REFORMED = ("osProfile", "storageProfile", "networkProfile", "extensionProfile", "timeCreated", "hardwareProfile")


class InstanceWriter:
    """Writes instances of one set. What it wrote of one is kept until the instance changes: a look at 600
    instances must not cost the client's measurement more than Azure's own text would.
    """

    def __init__(self, scale_set: SimulatedScaleSet) -> None:
        self._set = scale_set
        self._written: dict[tuple[str, Detail, str], tuple[Snapshot, bool, int, str]] = {}

    def text(self, instance: Instance, now: float, detail: Detail, api_version: str) -> str:
        """One instance as JSON text."""
        snapshot = self._set.snapshot(instance, now)
        current = self._set.was_current(snapshot, now)
        key = (instance.instance_id, detail, api_version)
        written = self._written.get(key)
        if written is None or written[:3] != (snapshot, current, self._set.updates):
            body = self._whole(instance, now, detail, api_version)
            written = (snapshot, current, self._set.updates, json.dumps(body))
            self._written[key] = written
        return written[3]

    def view(self, instance: Instance, now: float, api_version: str) -> Json:
        """The instance view of an instance of a Uniform set."""
        if instance.shown is None and instance.shows is None:
            return instance_view(instance, self._set.snapshot(instance, now), self._set, api_version)
        whole = self._whole(instance, now, "expanded", api_version)
        view: Json = whole["properties"].get("instanceView") or {}
        return view

    def machine(self, instance: Instance, now: float, expanded: bool) -> Json:
        """An instance of a Flexible set as the virtual machine that it is."""
        if instance.shown is None:
            return _as_told(instance, self._machine(instance, now, expanded), now, expanded)
        first = self._machine(instance, instance.born_at, expanded)
        shown = self._captured(instance, first, self._machine(instance, now, expanded), now)
        if not expanded:
            shown["properties"].pop("instanceView", None)
        return shown

    def machine_view(self, instance: Instance, now: float) -> Json:
        """The instance view of a machine of a Flexible set."""
        if instance.shown is None and instance.shows is None:
            return self._machine_view(instance, now)
        view: Json = self.machine(instance, now, True)["properties"].get("instanceView") or {}
        return view

    def _whole(self, instance: Instance, now: float, detail: Detail, api_version: str) -> Json:
        """An instance of the list; one of a captured file in the file's own words (captured_answers.py)."""
        generation = Generation(self._set.calendar.moment(now))
        body = self._body(instance, now, detail, api_version, generation)
        if instance.shown is None or self._set.flexible:
            return _as_told(instance, body, now, detail != "plain")
        first = self._body(instance, instance.born_at, detail, api_version, generation)
        shown = self._captured(instance, first, body, now)
        if detail == "plain":
            shown["properties"].pop("instanceView", None)
        return _selected(shown) if detail == "selected" else shown

    def _captured(self, instance: Instance, first: Json, now_said: Json, now: float) -> Json:
        assert instance.shown is not None
        written = any(upgrade.started_at <= now for upgrade in instance.upgrades)
        return as_captured(instance.shown, first, now_said, written=written)

    def _machine(self, instance: Instance, now: float, expanded: bool) -> Json:
        snapshot = self._set.snapshot(instance, now)
        of_its_own = instance.attached and instance.is_as_made(now)
        profile = {} if of_its_own else self._set.profile_of(snapshot.model)
        group = self._set.json["id"].partition("/virtualMachineScaleSets/")[0]
        network = group.replace("Microsoft.Compute", "Microsoft.Network")
        interface = f"{network}/networkInterfaces/{instance.instance_id}Nic"
        properties: Json = {
            "hardwareProfile": {"vmSize": self._set.size_of(snapshot.model)},
            "provisioningState": snapshot.provisioning,
            "vmId": _unique(f"{group}/{instance.instance_id}"),
            "virtualMachineScaleSet": {"id": self._set.json["id"]},
            "storageProfile": self._storage(instance, snapshot, profile, machine=True),
            "osProfile": self._system(instance, profile),
            "networkProfile": {
                "networkInterfaces": [{"id": interface, "properties": {"primary": True, "deleteOption": "Delete"}}]
            },
            **_as_they_are(profile),
            "timeCreated": self._set.calendar.timestamp(instance.born_at),
        }
        if instance.protection is not None:
            properties["protectionPolicy"] = _protection(instance)
        if expanded:
            properties["instanceView"] = self._machine_view(instance, now)
        body: Json = {
            "name": instance.instance_id,
            "id": f"{group}/virtualMachines/{instance.instance_id}",
            "type": "Microsoft.Compute/virtualMachines",
            "location": self._set.location,
            "tags": {
                **(self._set.json.get("tags") or {}),
                "VirtualMachineProfileTimeCreated": self._made(instance, snapshot),
            },
            "properties": properties,
        }
        if of_its_own:
            del body["tags"]
        return body if instance.zone is None else {**body, "zones": [instance.zone]}

    def _machine_view(self, instance: Instance, now: float) -> Json:
        """The instance view of a machine of a Flexible set, which shows no domain and no placement group."""
        view = instance_view(instance, self._set.snapshot(instance, now), self._set, "2020-06-01")
        of_a_set = ("placementGroupId", "platformUpdateDomain", "platformFaultDomain")
        return {key: value for key, value in view.items() if key not in of_a_set}

    def _made(self, instance: Instance, snapshot: Snapshot) -> str:
        """When the model was made that the machine is on: month and day without leading zeros, the hour of twelve."""
        told = self._set.profile_of(snapshot.model).get("timeCreated") if snapshot.model >= 0 else None
        born = self._set.calendar.moment(instance.born_at)
        stamp = born if told is None else datetime.fromisoformat(told)
        return f"{stamp.month}/{stamp.day}/{stamp.year} {stamp.hour % 12 or 12}:{stamp:%M:%S %p} +00:00"

    def _body(self, instance: Instance, now: float, detail: Detail, api_version: str, generation: Generation) -> Json:
        if self._set.flexible:
            return self._stub(instance)
        snapshot = self._set.snapshot(instance, now)
        current = self._set.was_current(snapshot, now)
        body = self._full(instance, snapshot, current, api_version, generation)
        if detail == "selected":
            body = _selected(body)
        if detail != "plain":
            body["properties"]["instanceView"] = instance_view(instance, snapshot, self._set, api_version)
        return body

    def _address(self, instance: Instance) -> str:
        return f"{self._set.json['id']}/virtualMachines/{instance.instance_id}"

    def _stub(self, instance: Instance) -> Json:
        name = instance.instance_id
        return {
            "name": name,
            "id": self._address(instance),
            "type": KIND,
            "location": self._set.location,
            "instanceId": name,
            "zones": [instance.zone],
        }

    def _full(
        self, instance: Instance, snapshot: Snapshot, current: bool, api_version: str, generation: Generation
    ) -> Json:
        model = self._set.json
        body: Json = {
            "name": f"{self._set.name}_{instance.instance_id}",
            "id": self._address(instance),
            "type": KIND,
            "location": self._set.location,
            "instanceId": instance.instance_id,
            "sku": self._sku(snapshot),
            "properties": self._properties(instance, snapshot, current, api_version, generation),
        }
        body |= {key: model[key] for key in ("tags", "identity", "plan") if key in model}
        if instance.zone is not None:
            body["zones"] = [instance.zone]
        if generation.etags(api_version):
            body["etag"] = f'"{snapshot.etag}"'
        profile = self._set.profile_of(snapshot.model)
        if extensions := (profile.get("extensionProfile") or {}).get("extensions"):
            body["resources"] = [self._resource(instance, each) for each in extensions]
        return body

    def _properties(
        self, instance: Instance, snapshot: Snapshot, current: bool, api_version: str, generation: Generation
    ) -> Json:
        profile = self._set.profile_of(snapshot.model)
        interfaces = (profile.get("networkProfile") or {}).get("networkInterfaceConfigurations") or []
        properties: Json = {"latestModelApplied": current}
        if generation.updates_notify and api_version >= "2019-03-01":
            own = snapshot.model == OWN_MODEL
            properties["modelDefinitionApplied"] = "VirtualMachine" if own else "VirtualMachineScaleSet"
            properties["networkProfileConfiguration"] = {"networkInterfaceConfigurations": interfaces}
        if generation.updates_notify:
            size = {"vmSize": self._set.size_of(snapshot.model)} if generation.more_shown else {}
            properties["hardwareProfile"] = size
        if instance.protection is not None and api_version >= "2019-03-01":
            properties["protectionPolicy"] = _protection(instance)
        properties["provisioningState"] = snapshot.provisioning
        if api_version >= "2024-07-01":
            properties["resilientVMDeletionStatus"] = "Disabled"
        storage = self._storage(instance, snapshot, profile, exact=_exact(generation, api_version))
        links = [{"id": f"{self._address(instance)}/networkInterfaces/{each['name']}"} for each in interfaces]
        properties |= {
            "vmId": _unique(self._address(instance)),
            "storageProfile": storage,
            "osProfile": self._system(instance, profile),
            "networkProfile": {"networkInterfaces": links},
            **_as_they_are(profile),
        }
        if api_version >= "2021-11-01" and generation.more_shown:
            properties["timeCreated"] = self._set.calendar.timestamp(instance.born_at)
        return properties

    def _sku(self, snapshot: Snapshot) -> Json:
        sku = {key: value for key, value in (self._set.json.get("sku") or {}).items() if key != "capacity"}
        return {**sku, "name": self._set.size_of(snapshot.model)} if "name" in sku else sku

    def _system(self, instance: Instance, profile: Json) -> Json:
        system = {k: v for k, v in (profile.get("osProfile") or {}).items() if k != "computerNamePrefix"}
        return {"computerName": computer_name(instance, self._set), **system}

    def _storage(
        self, instance: Instance, snapshot: Snapshot, profile: Json, *, exact: bool = True, machine: bool = False
    ) -> Json:
        told = profile.get("storageProfile") or {}
        disk = {key: value for key, value in (told.get("osDisk") or {}).items() if key not in ("image", "name")}
        name = disk_name(instance, snapshot, self._set)
        windows = is_windows(profile)
        disk |= {"name": name, "osType": disk.get("osType", "Windows" if windows else "Linux")}
        storage: Json = {"osDisk": disk}
        if "vhdContainers" in disk:
            container = (disk.pop("vhdContainers") or [""])[0]
            disk["vhd"] = {"uri": f"{container}/{name}.vhd"}
        else:
            disks = self._set.json["id"].partition("/virtualMachineScaleSets/")[0] + "/disks"
            if "managedDisk" in disk:
                disk["managedDisk"] = {**disk["managedDisk"], "id": f"{disks}/{name}"}
                disk.setdefault("diskSizeGB", 127 if windows else 30)
            storage["dataDisks"] = [_data_disk(each, instance, disks) for each in told.get("dataDisks") or []]
        if snapshot.image.uri is not None:
            disk["image"] = {"uri": snapshot.image.uri}
        elif snapshot.image.reference:
            storage["imageReference"] = _reference(snapshot, exact)
        if "diskControllerType" in told and not machine:
            storage["diskControllerType"] = told["diskControllerType"]
        return storage

    def _resource(self, instance: Instance, extension: Json) -> Json:
        group = self._set.json["id"].partition("/virtualMachineScaleSets/")[0]
        machine = f"{self._set.name}_{instance.instance_id}"
        shown = {key: value for key, value in extension["properties"].items() if key != "provisionAfterExtensions"}
        return {
            "name": extension["name"],
            "id": f"{group}/virtualMachines/{machine}/extensions/{extension['name']}",
            "type": "Microsoft.Compute/virtualMachines/extensions",
            "location": self._set.location,
            "properties": {**shown, "provisioningState": "Succeeded"},
        }


def _as_told(instance: Instance, body: Json, now: float, expanded: bool) -> Json:
    """`body` with what the scenario says that the instance shows until it is upgraded."""
    if instance.shows is None or not instance.is_as_made(now):
        return body
    shown = merged(body, instance.shows)
    if not expanded:
        shown["properties"].pop("instanceView", None)
    return shown


def _selected(instance: Json) -> Json:
    """What `$select=instanceView` leaves of an instance, and the view itself where it shows one."""
    told = instance["properties"]
    properties: Json = {key: told[key] for key in ("latestModelApplied",) if key in told}
    properties["hardwareProfile"] = {}
    properties |= {key: told[key] for key in ("provisioningState", "instanceView") if key in told}
    return {"id": instance["id"], "instanceId": instance["instanceId"], "properties": properties}


def _exact(generation: Generation, api_version: str) -> bool:
    """Whether an instance shows `exactVersion` beside the version of the model, or instead of it."""
    return generation.exact_versions and api_version >= "2019-03-01"


def _unique(address: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, address))


def _protection(instance: Instance) -> Json:
    assert instance.protection is not None
    return {
        "protectFromScaleIn": instance.protection.from_scale_in,
        "protectFromScaleSetActions": instance.protection.from_set_actions,
    }


def _as_they_are(profile: Json) -> Json:
    return {key: value for key, value in profile.items() if key not in _REFORMED}


def _reference(snapshot: Snapshot, exact: bool) -> Json:
    """The image with its exact version; before 2020 that stood in `version`."""
    reference = dict(snapshot.image.reference)
    if exact or "exactVersion" not in reference:
        return dict(reference)
    version = reference.pop("exactVersion")
    return {**reference, "version": version} if "publisher" in reference else dict(reference)


def _data_disk(told: Json, instance: Instance, disks: str) -> Json:
    name = f"{instance.instance_id}_disk{told.get('lun', 0)}"
    managed = {"storageAccountType": "Standard_LRS", **(told.get("managedDisk") or {}), "id": f"{disks}/{name}"}
    return {**told, "name": name, "managedDisk": managed}
