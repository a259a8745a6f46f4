"""The differences of an instance from the model, in words; and what is no difference."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from vmss_upgrade.azure_api.translation.drift import differences
from vmss_upgrade.azure_api.translation.instances import Looks, to_instance

SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a"
POOLS = [{"id": "/p/1"}, {"id": "/p/2"}]
INTERFACE = {
    "name": "nic",
    "properties": {
        "primary": True,
        "dnsSettings": {"dnsServers": []},
        "ipConfigurations": [
            {
                "name": "ip",
                "properties": {
                    "subnet": {"id": SUBNET},
                    "loadBalancerBackendAddressPools": [{"id": "/p/1"}, {"id": "/p/2"}],
                },
            }
        ],
    },
}
EXTENSION = {"name": "agent", "properties": {"type": "Agent", "typeHandlerVersion": "1.2"}}
STORAGE = {"osDisk": {"diskSizeGB": 30, "caching": "ReadWrite", "managedDisk": {"storageAccountType": "Premium_LRS"}}}
MODEL = {
    "sku": {"name": "Standard_D2s_v5"},
    "properties": {
        "virtualMachineProfile": {
            "storageProfile": {**STORAGE, "imageReference": {"version": "2"}, "dataDisks": [{"lun": 0}]},
            "securityProfile": {"securityType": "TrustedLaunch", "encryptionAtHost": True},
            "networkProfile": {"networkInterfaceConfigurations": [INTERFACE]},
            "extensionProfile": {"extensions": [EXTENSION]},
        }
    },
}
ITEM = {
    "instanceId": "0",
    "sku": {"name": "Standard_D2s_v5"},
    "resources": [EXTENSION],
    "properties": {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {**STORAGE, "imageReference": {"version": "1"}, "dataDisks": [{"lun": 0}, {"lun": 7}]},
        "securityProfile": {"securityType": "TrustedLaunch", "encryptionAtHost": True},
        "networkProfileConfiguration": {"networkInterfaceConfigurations": [INTERFACE]},
    },
}
_PROFILE = "properties/virtualMachineProfile"
_IP = "properties/networkProfileConfiguration/networkInterfaceConfigurations/0/properties/ipConfigurations/0/properties"


def put(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return the document with one field set."""
    changed = copy.deepcopy(document)
    *parents, last = path.split("/")
    place: Any = changed
    for name in parents:
        place = place[int(name) if isinstance(place, list) else name]
    place[last] = value
    return changed


def versions(has: Any, wanted: Any, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the item and the model with these versions of the extension."""
    of_model = {"name": "agent", "properties": {"typeHandlerVersion": wanted, **more}}
    item = put(ITEM, "resources", [{"name": "web_0/agent", "properties": {"typeHandlerVersion": has}}])
    return item, put(MODEL, f"{_PROFILE}/extensionProfile", {"extensions": [of_model]})


@pytest.mark.parametrize(
    ("item", "model", "words"),
    [
        pytest.param(ITEM, MODEL, (), id="all-but-the-image"),
        pytest.param(
            put(ITEM, "properties/hardwareProfile", {"vmSize": "Standard_D2s_v3"}),
            MODEL,
            ("VM size (Standard_D2s_v3 instead of Standard_D2s_v5)",),
            id="size",
        ),
        pytest.param(put(ITEM, "properties/hardwareProfile", {}), MODEL, (), id="size-of-the-sku"),
        pytest.param(put(ITEM, "sku", {"name": "STANDARD_D2S_V5"}), MODEL, (), id="size-in-another-case"),
        pytest.param(
            ITEM,
            put(MODEL, f"{_PROFILE}/storageProfile/osDisk/diskSizeGB", 64),
            ("OS disk size in GB (30 instead of 64)",),
            id="disk-size",
        ),
        pytest.param(
            ITEM,
            put(MODEL, f"{_PROFILE}/securityProfile", {"securityType": "Standard", "encryptionAtHost": False}),
            ("security type (TrustedLaunch instead of Standard)", "encryption at host (True instead of False)"),
            id="security",
        ),
        pytest.param(ITEM, put(MODEL, f"{_PROFILE}/securityProfile", None), (), id="what-one-does-not-show"),
        pytest.param(put(ITEM, "resources", None), MODEL, ("extension agent is missing",), id="extension-missing"),
        pytest.param(
            put(ITEM, "resources", [EXTENSION, {"name": "web_0/other"}]),
            MODEL,
            ("extension other is extra",),
            id="extension-extra",
        ),
        pytest.param(*versions("1.1", "1.2"), ("extension agent has another version",), id="extension-version"),
        pytest.param(*versions("1.2.9", "1.2"), (), id="as-far-as-both-say-it"),
        pytest.param(*versions("1.9", "1.2", autoUpgradeMinorVersion=True), (), id="minor-version-may-rise"),
        pytest.param(
            *versions("1.9", "2.0", autoUpgradeMinorVersion=True),
            ("extension agent has another version",),
            id="major-version-may-not",
        ),
        pytest.param(*versions(None, "1.2"), (), id="version-not-shown"),
        pytest.param(
            put(ITEM, "properties/networkProfileConfiguration/networkInterfaceConfigurations", [{"name": "old"}]),
            MODEL,
            ("network interface nic is missing", "network interface old is extra"),
            id="interfaces",
        ),
        pytest.param(
            put(ITEM, f"{_IP}/loadBalancerBackendAddressPools", [{"id": "/p/1"}]),
            MODEL,
            ("network interface nic is configured otherwise",),
            id="pools",
        ),
        pytest.param(
            put(ITEM, f"{_IP}/loadBalancerBackendAddressPools", [{"id": "/P/2"}, {"id": "/p/1"}]),
            MODEL,
            (),
            id="pools-in-another-case-and-order",
        ),
        pytest.param(put(ITEM, "properties/networkProfileConfiguration", None), MODEL, (), id="interfaces-not-shown"),
        pytest.param(
            ITEM,
            put(MODEL, f"{_PROFILE}/storageProfile/dataDisks", [{"lun": 0}, {"lun": 1}]),
            ("data disk 1 is missing",),
            id="data-disk",
        ),
        pytest.param({"instanceId": "0", "properties": {"instanceView": {}}}, MODEL, (), id="listed-without-profiles"),
        pytest.param(ITEM, {}, (), id="no-model"),
    ],
)
def test_differences(item: dict[str, Any], model: dict[str, Any], words: tuple[str, ...]) -> None:
    assert differences(item, model) == words


ODD: tuple[Any, ...] = (None, 0, True, "x", [], ["x"], [None], [[]], [{}], [{"name": []}], {}, {"x": [1, {}, None]})
_PATHS = ("sku", "properties", "resources", f"{_PROFILE}/storageProfile", f"{_PROFILE}/networkProfile")


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_nothing_odd_raises(odd: Any) -> None:
    for path in (*_PATHS, f"{_PROFILE}/extensionProfile", f"{_PROFILE}/storageProfile/dataDisks", _PROFILE):
        differences(ITEM, put(MODEL, path, odd))
    for path in ("sku", "resources", "properties", "properties/storageProfile", _IP):
        differences(put(ITEM, path, odd), MODEL)
    differences(put(ITEM, "properties/networkProfileConfiguration/networkInterfaceConfigurations", odd), MODEL)
    differences(put(ITEM, "resources", [{"name": "agent", "properties": odd}]), MODEL)


def test_the_latest_list_is_compared_with_the_model_as_it_is_by_then() -> None:
    looks, other = Looks(), put(MODEL, "sku", {"name": "M"})
    looks.take([ITEM], to_instance)
    assert looks.differences(MODEL) == {"0": ()}
    looks.take([ITEM], to_instance)
    assert looks.differences(other) == {"0": ("VM size (Standard_D2s_v5 instead of M)",)}
    looks.take([], to_instance)
    assert looks.differences(other) == {}
