"""What Azure adds to a set that a client writes: every PUT's answer is fuller than its request.

Read from the twelve recorded creations of 2017 to 2026 and from the updates that repeat a whole model. To add it twice
changes nothing.
"""

import copy
from typing import Any

from azure_simulator.wire.generation import Generation
from azure_simulator.wire.set_model import is_windows

Json = dict[str, Any]


POLICY = {
    "maxBatchInstancePercent": 20,
    "maxUnhealthyInstancePercent": 20,
    "maxUnhealthyUpgradedInstancePercent": 20,
    "pauseTimeBetweenBatches": "PT0S",
}


def policy_shown(policy: dict[str, Any], api_version: str) -> dict[str, Any]:
    """Return a policy with all that Azure shows of one (recorded: 2023-03 and earlier)."""
    newer = {"maxSurge": False, "rollbackFailedInstancesOnPolicyBreach": False}
    return {**POLICY, **(newer if api_version >= "2022-08-01" else {}), **policy}


# Words that clients write in any case, and Azure writes in this one.
_SPELLED = ("FromImage", "Empty", "Attach", "Copy", "Manual", "Automatic", "Rolling", "None", "ReadOnly", "ReadWrite")
_LISTS_OF_AN_ADDRESS = (
    "applicationSecurityGroups", "loadBalancerBackendAddressPools", "applicationGatewayBackendAddressPools",
)  # fmt: skip
_SECRETS = ("adminPassword", "customData", "protectedSettings", "userData")


def completed(model: Json, generation: Generation, api_version: str, stamp: str, *, created: bool = False) -> Json:
    """Return `model` with everything that Azure adds. `stamp`: the moment, for what is dated.

    `created`: also with what only a creation adds; a later update that leaves it out keeps what exists.
    """
    model = _spelled(_without_secrets(copy.deepcopy(model)))
    modern = generation.updates_notify
    model["location"] = str(model["location"]).replace(" ", "").lower()
    if "sku" in model:
        model["sku"].setdefault("tier", "Standard")
    properties = model.setdefault("properties", {})
    flexible = properties.get("orchestrationMode") == "Flexible"
    profile = properties.get("virtualMachineProfile")
    if not flexible:
        properties.setdefault("singlePlacementGroup", True)
        properties.setdefault("overprovision", True)
        if modern and api_version >= "2019-03-01":
            properties.setdefault("doNotRunExtensionsOnOverprovisionedVMs", False)
    if generation.more_shown and api_version >= "2018-06-01":
        properties.setdefault("orchestrationMode", "Uniform")
    if api_version >= "2021-11-01" and generation.more_shown:
        properties.setdefault("timeCreated", stamp)
    _complete_policy(properties.get("upgradePolicy") or {}, api_version)
    if profile:
        _complete_profile(profile, generation, api_version, created)
        if generation.etags(api_version):
            profile.setdefault("timeCreated", stamp)
    if flexible and created:
        _complete_flexible(model, generation)
    return model


def completed_update(changed: Json, before: Json, generation: Generation, api_version: str, stamp: str) -> Json:
    """Return `changed` with what Azure adds to the new parts of it.

    Where a part lacked a property in `before`, Azure did not add it then, and does not add it now.
    """
    full = completed(changed, generation, api_version, stamp)
    model: Json = _only_new(full, changed, before)
    _complete_policy(model["properties"].get("upgradePolicy") or {}, api_version)
    return model


def _only_new(full: Any, changed: Any, before: Any) -> Any:
    """Return `full` without the names that neither the request has nor the part had before."""
    if isinstance(full, dict) and isinstance(before, dict):
        requested = changed if isinstance(changed, dict) else {}
        kept = {name: entry for name, entry in full.items() if name in requested or name in before}
        return {name: _only_new(entry, requested.get(name), before.get(name)) for name, entry in kept.items()}
    if isinstance(full, list) and isinstance(changed, list) and isinstance(before, list):
        return [_only_new(part, asked, _find_same(before, part)) for part, asked in zip(full, changed, strict=True)]
    return full


def _find_same(parts: list[Any], part: Any) -> Any:
    """Return the part of the same name, or the same lun, as it was before."""
    for key in ("name", "lun"):
        if isinstance(part, dict) and key in part:
            return next((each for each in parts if isinstance(each, dict) and each.get(key) == part[key]), None)
    return None


def _complete_policy(policy: Json, api_version: str) -> None:
    if policy.get("mode") == "Rolling" or "rollingUpgradePolicy" in policy:
        policy["rollingUpgradePolicy"] = policy_shown(policy.get("rollingUpgradePolicy", {}), api_version)
    if api_version <= "2018-04-01" and api_version >= "2017-12-01" and "mode" in policy:
        policy.setdefault("automaticOSUpgrade", False)
    if "automaticOSUpgradePolicy" in policy and api_version >= "2021-03-01":
        policy["automaticOSUpgradePolicy"].setdefault("disableAutomaticRollback", False)
        policy["automaticOSUpgradePolicy"].setdefault("useRollingUpgradePolicy", False)


def _complete_profile(profile: Json, generation: Generation, api_version: str, created: bool) -> None:
    if (profile.get("securityProfile") or {}).get("securityType") == "Standard":
        profile["securityProfile"] = {}
    system = profile.get("osProfile")
    storage = profile.setdefault("storageProfile", {})
    windows = is_windows(profile)
    if system is not None:
        _complete_system(system, windows, generation, api_version)
    for disk in storage.get("dataDisks") or []:
        disk.setdefault("caching", "None")
        disk.setdefault("managedDisk", {}).setdefault("storageAccountType", "Standard_LRS")
    if "imageReference" in storage and generation.limit_names != "none":
        _complete_disk(storage, windows, generation)
    for interface in (profile.get("networkProfile") or {}).get("networkInterfaceConfigurations") or []:
        _complete_interface(interface.setdefault("properties", {}), generation, api_version, created)
    for extension in (profile.get("extensionProfile") or {}).get("extensions") or []:
        extension.setdefault("properties", {}).setdefault("autoUpgradeMinorVersion", False)


def _complete_flexible(model: Json, generation: Generation) -> None:
    """Add what only a Flexible set has.

    Recorded: flexible_manualupgrade_2024, flexible_put_image_400_2024; of Windows and of a set in zones, a creation of
    2025-04.
    """
    properties = model["properties"]
    usual = {"singlePlacementGroup": False, "constrainedMaximumCapacity": False, "platformFaultDomainCount": 1}
    later = {"highSpeedInterconnectPlacement": "None"} if generation.flexible_of_2025 else {}
    zones = {"zoneBalance": False} if model.get("zones") else {}
    _add(properties, usual | later | zones)
    profile = properties.get("virtualMachineProfile") or {}
    windows = is_windows(profile)
    if (system := profile.get("osProfile")) is not None:
        settings = system.setdefault("windowsConfiguration" if windows else "linuxConfiguration", {})
        mode = "AutomaticByOS" if windows else "ImageDefault"
        settings.setdefault("patchSettings", {"patchMode": mode, "assessmentMode": "ImageDefault"})
        if windows and generation.flexible_of_2025:
            settings.setdefault("enableVMAgentPlatformUpdates", True)
    if (disk := (profile.get("storageProfile") or {}).get("osDisk")) is not None:
        disk.setdefault("deleteOption", "Delete")
    for interface in (profile.get("networkProfile") or {}).get("networkInterfaceConfigurations") or []:
        shown = interface.setdefault("properties", {})
        _add(shown, {"auxiliaryMode": "None", "auxiliarySku": "None", "deleteOption": "Delete"})
        if generation.flexible_of_2025 and "enableAcceleratedNetworking" in shown:
            shown.setdefault("effectiveEnableAcceleratedNetworking", shown["enableAcceleratedNetworking"])
        for address in shown.get("ipConfigurations") or []:
            _add(address.setdefault("properties", {}), {name: [] for name in _LISTS_OF_AN_ADDRESS})


def _add(part: Json, usual: Json) -> None:
    for name, value in usual.items():
        part.setdefault(name, value)


def _complete_system(system: Json, windows: bool, generation: Generation, api_version: str) -> None:
    if windows:
        settings = system.setdefault("windowsConfiguration", {})
        settings.setdefault("provisionVMAgent", True)
        settings.setdefault("enableAutomaticUpdates", True)
    else:
        settings = system.setdefault("linuxConfiguration", {})
        settings.setdefault("disablePasswordAuthentication", False)
        if generation.updates_notify and api_version >= "2018-06-01":
            settings.setdefault("provisionVMAgent", True)
    if generation.agent_updates_shown(windows) and api_version >= "2021-07-01":
        settings.setdefault("enableVMAgentPlatformUpdates", False)
    system.setdefault("secrets", [])
    if generation.updates_notify and api_version >= "2018-06-01":
        system.setdefault("allowExtensionOperations", True)
        system.setdefault("requireGuestProvisionSignal", True)


def _complete_disk(storage: Json, windows: bool, generation: Generation) -> None:
    disk_named = "osDisk" in storage
    disk = storage.setdefault("osDisk", {"createOption": "FromImage", "caching": "None"})
    if "vhdContainers" in disk or "image" in disk:
        return
    disk.setdefault("managedDisk", {}).setdefault("storageAccountType", "Standard_LRS")
    if not disk_named or generation.more_shown:
        disk.setdefault("diskSizeGB", 127 if windows else 30)
    if generation.more_shown:
        disk.setdefault("osType", "Windows" if windows else "Linux")


def _complete_interface(interface: Json, generation: Generation, api_version: str, created: bool) -> None:
    if generation.limit_names == "none":
        return
    if created and generation.updates_notify:
        interface.setdefault("enableAcceleratedNetworking", False)
    if generation.more_shown:
        interface.setdefault("disableTcpStateTracking", False)
    interface.setdefault("dnsSettings", {}).setdefault("dnsServers", [])
    if api_version >= "2017-12-01":
        interface.setdefault("enableIPForwarding", False)
    for address in interface.get("ipConfigurations") or []:
        properties = address.setdefault("properties", {})
        properties.setdefault("privateIPAddressVersion", "IPv4")
        for pools in [key for key, value in properties.items() if key.endswith("Pools") and value == []]:
            if not generation.empty_pools_shown:
                del properties[pools]


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_secrets(entry) for key, entry in value.items() if key not in _SECRETS}
    if isinstance(value, list):
        return [_without_secrets(entry) for entry in value]
    return value


def _spelled(model: Json) -> Json:
    """Return a model in which the few words that Azure always writes in one case are written so."""
    words = {word.lower(): word for word in _SPELLED}

    def walk(value: Any) -> None:
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            if key in ("createOption", "caching", "mode") and isinstance(entry, str):
                value[key] = words.get(entry.lower(), entry)
            elif isinstance(entry, dict | list):
                walk(entry)

    walk(model)
    return model
