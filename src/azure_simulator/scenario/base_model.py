"""The JSON of a scale set that a scenario's `fleet` asks for, before its `model` is merged over it."""

import uuid
from typing import Any

from azure_simulator.scenario.section import Section
from azure_simulator.scenario.set_description import (
    LOCATION,
    RESOURCE_GROUP,
    SCALE_SET,
    SUBSCRIPTION,
    UBUNTU,
    UBUNTU_VERSIONS,
)
from azure_simulator.wire.merging import merged
from azure_simulator.wire.names import ID_KEYS

HEALTH_SOURCES = ("probe", "extension", "external", "none")
# The set that a scenario does not name, and its id.
USUAL_ADDRESS = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}/providers/Microsoft.Compute"
    f"/virtualMachineScaleSets/{SCALE_SET}"
)
UNIQUE_ID = "44444444-4444-4444-8444-444444444444"
IMAGE_KEYS = ", ".join(f"{{{key}: ..}}" for key in ID_KEYS)


def base_model(fleet: Section, count: int) -> dict[str, Any]:
    """Return the set's JSON, as recorded for a regional Uniform set (uniform_create_and_modify_2024)."""
    location = fleet.text("location", LOCATION)
    name = fleet.text("name", SCALE_SET)
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{fleet.text('group', RESOURCE_GROUP)}/providers"
    address = f"{group}/Microsoft.Compute/virtualMachineScaleSets/{name}"
    network = f"{group}/Microsoft.Network"
    zones = fleet.list_of("zones", str)
    single = fleet.whole("placement_groups", 1) == 1
    model: dict[str, Any] = {
        "name": name,
        "id": address,
        "location": location,
        "tags": {},
        "sku": {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": fleet.whole("capacity", count)},
        "properties": {
            "singlePlacementGroup": single,
            "orchestrationMode": "Uniform",
            "upgradePolicy": {"mode": "Manual"},
            "virtualMachineProfile": {
                "osProfile": {
                    "computerNamePrefix": "sim",
                    "adminUsername": "azureuser",
                    "linuxConfiguration": {
                        "disablePasswordAuthentication": True,
                        "provisionVMAgent": True,
                    },
                    "secrets": [],
                    "allowExtensionOperations": True,
                    "requireGuestProvisionSignal": True,
                },
                "storageProfile": _storage_profile(fleet),
                "networkProfile": _network_profile(network),
                "timeCreated": "2025-12-01T08:00:00.0000000+00:00",
            },
            "overprovision": True,
            "doNotRunExtensionsOnOverprovisionedVMs": False,
            "uniqueId": UNIQUE_ID if address == USUAL_ADDRESS else str(uuid.uuid5(uuid.NAMESPACE_URL, address)),
            "platformFaultDomainCount": 5,
            "timeCreated": "2025-12-01T08:00:00.0000000+00:00",
        },
    }
    if zones:
        model["zones"] = zones
    source = _health_source(fleet.choice("health", HEALTH_SOURCES, "probe"), network)
    return merged(model, source)


def _storage_profile(fleet: Section) -> dict[str, Any]:
    image = fleet.mapping("image") or {**UBUNTU, "version": UBUNTU_VERSIONS[1]}
    disk: dict[str, Any] = {
        "osType": "Linux",
        "createOption": "FromImage",
        "caching": "ReadWrite",
        "managedDisk": {"storageAccountType": "Premium_LRS"},
        "diskSizeGB": 30,
    }
    if set(image) == {"uri"}:
        return {"osDisk": {**disk, "image": {"uri": image["uri"]}}}
    if set(image) in ([{key} for key in ID_KEYS] + [{"publisher", "offer", "sku", "version"}]):
        if not all(isinstance(value, str) for value in image.values()):
            raise fleet.problem("image", "must hold text only (put versions in quotes)")
        return {"osDisk": disk, "imageReference": dict(image), "diskControllerType": "SCSI"}
    raise fleet.problem(
        "image", f"must be {{publisher, offer, sku, version}}, {IMAGE_KEYS} or {{uri: ..}}, not {set(image)}"
    )


def _network_profile(network: str) -> dict[str, Any]:
    subnet = f"{network}/virtualNetworks/simulated-net/subnets/default"
    pool = f"{network}/loadBalancers/simulated-lb/backendAddressPools/default"
    address = {
        "name": "simIPConfig",
        "properties": {
            "subnet": {"id": subnet},
            "privateIPAddressVersion": "IPv4",
            "loadBalancerBackendAddressPools": [{"id": pool}],
        },
    }
    interface = {
        "name": "simNic",
        "properties": {
            "primary": True,
            "disableTcpStateTracking": False,
            "dnsSettings": {"dnsServers": []},
            "enableIPForwarding": False,
            "ipConfigurations": [address],
        },
    }
    return {"networkInterfaceConfigurations": [interface]}


def _health_source(health: str, network: str) -> dict[str, Any]:
    """Return what this source of health adds to the set's JSON."""
    extension = {
        "name": "HealthExtension",
        "properties": {
            "autoUpgradeMinorVersion": True,
            "publisher": "Microsoft.ManagedServices",
            "type": "ApplicationHealthLinux",
            "typeHandlerVersion": "1.0",
            "settings": {"protocol": "http", "port": 80, "requestPath": "/health"},
        },
    }
    probe = {"id": f"{network}/loadBalancers/simulated-lb/probes/health"}
    sources: dict[str, dict[str, Any]] = {
        "probe": {"virtualMachineProfile": {"networkProfile": {"healthProbe": probe}}},
        "extension": {"virtualMachineProfile": {"extensionProfile": {"extensions": [extension]}}},
        "external": {"externalHealthPolicy": {"enabled": True, "gracePeriod": "PT10M", "expiryDuration": "PT15M"}},
        "none": {},
    }
    return {"properties": sources[health]}
