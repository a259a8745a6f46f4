"""Autoscale settings and locks as Azure writes them.

Shapes: Azure/azure-powershell#16851 (a setting: the numbers of its capacity are strings, and ids come in a case of
their own), Azure/azure-cli, test_readonly_resource_lock (a lock: its id shows where it is).
"""

from typing import Any

from azure_simulator.scenario.companions.governance import AutoscaleSetting, Lock

Json = dict[str, Any]


def setting_body(setting: AutoscaleSetting, set_id: str, location: str) -> Json:
    """Return an autoscale setting of the set's resource group."""
    group = set_id.partition("/providers/")[0]
    target = set_id if setting.target is None else setting.target
    target = target.replace("/resourceGroups/", "/resourcegroups/").replace(
        "/providers/Microsoft.Compute/virtualMachineScaleSets/", "/providers/microsoft.compute/virtualmachinescalesets/"
    )
    capacity = {"minimum": setting.minimum, "maximum": setting.maximum, "default": setting.default}
    return {
        "id": f"{group}/providers/microsoft.insights/autoscalesettings/{setting.name}",
        "name": setting.name,
        "type": "Microsoft.Insights/autoscaleSettings",
        "location": location,
        "tags": {},
        "properties": {
            "profiles": [
                {
                    "name": "Auto created default scale condition",
                    "capacity": {key: str(value) for key, value in capacity.items()},
                    "rules": [],
                }
            ],
            "notifications": [],
            "enabled": setting.enabled,
            "name": setting.name,
            "targetResourceUri": target,
        },
    }


def lock_scope(lock: Lock, set_id: str) -> str:
    """Return the id of what a lock is on."""
    subscription, _, rest = set_id.partition("/resourceGroups/")
    group = f"{subscription}/resourceGroups/{rest.partition('/')[0]}"
    return {"set": set_id, "group": group, "subscription": subscription}[lock.scope]


def lock_body(lock: Lock, set_id: str) -> Json:
    """Return a lock."""
    scope = lock_scope(lock, set_id).replace("/resourceGroups/", "/resourcegroups/")
    notes = {"notes": lock.notes} if lock.notes else {}
    return {
        "properties": {"level": lock.level, **notes},
        "id": f"{scope}/providers/Microsoft.Authorization/locks/{lock.name}",
        "type": "Microsoft.Authorization/locks",
        "name": lock.name,
    }
