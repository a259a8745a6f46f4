"""The parts of the model as an instance, or a machine of a Flexible set, shows them."""

import hashlib
import uuid
from functools import lru_cache
from typing import Any

from azure_simulator.state.instances import Instance, Snapshot
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.set_model import is_windows

Json = dict[str, Any]

# Parts of the model that an instance shows in a form of its own; all the others it shows as they are.
_REFORMED = ("osProfile", "storageProfile", "networkProfile", "extensionProfile", "timeCreated", "hardwareProfile")
_INSTANCES = 4096  # whose names are kept: they are written dozens of times


def unchanged_parts(profile: Json) -> Json:
    """Return the parts of the model that an instance shows as they are."""
    return {key: value for key, value in profile.items() if key not in _REFORMED}


def os_profile(scale_set: SimulatedScaleSet, instance: Instance, profile: Json) -> Json:
    """Return the system of an instance."""
    system = {k: v for k, v in (profile.get("osProfile") or {}).items() if k != "computerNamePrefix"}
    return {"computerName": computer_name(scale_set, instance), **system}


def storage_profile(
    scale_set: SimulatedScaleSet, instance: Instance, snapshot: Snapshot, profile: Json, *, machine: bool = False
) -> Json:
    """Return the disks and the image of an instance. `machine`: of a Flexible set."""
    model = profile.get("storageProfile") or {}
    disk = {key: value for key, value in (model.get("osDisk") or {}).items() if key not in ("image", "name")}
    name = disk_name(scale_set, instance, snapshot)
    windows = is_windows(profile)
    disk |= {"name": name, "osType": disk.get("osType", "Windows" if windows else "Linux")}
    storage: Json = {"osDisk": disk}
    if "vhdContainers" in disk:
        container = (disk.pop("vhdContainers") or [""])[0]
        disk["vhd"] = {"uri": f"{container}/{name}.vhd"}
    else:
        disks = group_address(scale_set) + "/disks"
        if "managedDisk" in disk:
            disk["managedDisk"] = {**disk["managedDisk"], "id": f"{disks}/{name}"}
            disk.setdefault("diskSizeGB", 127 if windows else 30)
        storage["dataDisks"] = [_data_disk(each, instance, disks) for each in model.get("dataDisks") or []]
    if snapshot.image.uri is not None:
        disk["image"] = {"uri": snapshot.image.uri}
    elif snapshot.image.reference:
        storage["imageReference"] = dict(snapshot.image.reference)
    if "diskControllerType" in model and not machine:
        storage["diskControllerType"] = model["diskControllerType"]
    return storage


def protection_policy(instance: Instance) -> Json:
    """Return what an instance is protected from; nothing where it was never protected."""
    if instance.protection is None:
        return {}
    return {
        "protectionPolicy": {
            "protectFromScaleIn": instance.protection.from_scale_in,
            "protectFromScaleSetActions": instance.protection.from_set_actions,
        }
    }


def computer_name(scale_set: SimulatedScaleSet, instance: Instance) -> str:
    """Return the prefix and six digits; in a Flexible set, six letters."""
    profile = scale_set.profile.get("osProfile") or {}
    number = instance.instance_id.rsplit("_", 1)[-1][-6:]
    return f"{profile.get('computerNamePrefix', 'sim')}{number.zfill(6)}"


def disk_name(scale_set: SimulatedScaleSet, instance: Instance, snapshot: Snapshot) -> str:
    """Return the name of the OS disk, another one after each replacement."""
    replaced = sum(upgrade.ended_at <= snapshot.changed_at for upgrade in instance.upgrades)
    owner = instance.instance_id if scale_set.flexible else f"{scale_set.name}_{scale_set.name}_{instance.instance_id}"
    return f"{owner}_OsDisk_1_{_digest(f'{instance.instance_id}:{replaced}')}"


def group_address(scale_set: SimulatedScaleSet) -> str:
    """Return the address of the provider in the set's resource group."""
    return str(scale_set.json["id"]).partition("/virtualMachineScaleSets/")[0]


@lru_cache(maxsize=_INSTANCES)
def unique_id(address: str) -> str:
    """Return the id that a resource of this address always has."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, address))


@lru_cache(maxsize=_INSTANCES)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _data_disk(disk: Json, instance: Instance, disks: str) -> Json:
    name = f"{instance.instance_id}_disk{disk.get('lun', 0)}"
    managed = {"storageAccountType": "Standard_LRS", **(disk.get("managedDisk") or {}), "id": f"{disks}/{name}"}
    return {**disk, "name": name, "managedDisk": managed}
