"""Further scenarios and requests, so that every kind of answer is judged."""

from __future__ import annotations

from typing import Any

from harness.scenarios import NEW, OLD, UBUNTU, Scenario, fleet_of, model_change, on_request

_IMAGES = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/images/providers/Microsoft.Compute"
_GALLERY = f"{_IMAGES}/galleries/golden/images/web"
_NONE: dict[str, str] = {}


def _of_image(image: Scenario, *catalog: Scenario) -> Scenario:
    return fleet_of(fleet={"image": image}, images=list(catalog))


def _fault(route: str, **effect: Any) -> Scenario:
    return fleet_of(faults=[on_request(route, **effect)])


def _gallery(*versions: str) -> Scenario:
    return _of_image({"id": f"{_GALLERY}/versions/1.0.0"}, {"id": _GALLERY, "versions": list(versions)})


_ONE_IMAGE, _TWO_IMAGES = {"id": f"{_IMAGES}/images/one"}, {"id": f"{_IMAGES}/images/two"}
_FLEXIBLE = fleet_of(fleet={"orchestration": "Flexible"})

# name -> the scenario, and the action's inputs that differ from the scenario's
ALSO_PLAYED: dict[str, tuple[Scenario, dict[str, str]]] = {
    "a gallery's image": (
        _gallery("1.0.0", "1.1.0"),
        {"image-version": "", "image-id": f"{_GALLERY}/versions/1.1.0"},
    ),
    "a missing image of a gallery": (
        _gallery("1.0.0"),
        {"image-version": "", "image-id": f"{_GALLERY}/versions/1.1.0"},
    ),
    "a managed image": (
        _of_image(_ONE_IMAGE, _ONE_IMAGE, _TWO_IMAGES),
        {"image-version": "", "image-id": f"{_IMAGES}/images/two"},
    ),
    "a missing managed image": (
        _of_image(_ONE_IMAGE, _ONE_IMAGE),
        {"image-version": "", "image-id": f"{_IMAGES}/images/two"},
    ),
    "a disk in a storage account": (
        fleet_of(fleet={"image": {"uri": "https://a.invalid/one.vhd"}}),
        {"image-version": "", "image-uri": "https://a.invalid/two.vhd"},
    ),
    "a missing platform image": (fleet_of(), {"image-version": "1.2.3"}),
    "a missing set": (fleet_of(), {"scale-set": "elsewhere"}),
    "a missing group": (fleet_of(), {"resource-group": "elsewhere"}),
    "a health extension": (fleet_of(fleet={"health": "extension"}), _NONE),
    "health from an external policy": (fleet_of(fleet={"health": "external"}), _NONE),
    "no health": (fleet_of(fleet={"health": "none"}), _NONE),
    "zones": (fleet_of(fleet={"zones": ["1", "2"]}), _NONE),
    "a Flexible set": (_FLEXIBLE, _NONE),
    "a running rolling upgrade": (fleet_of(rolling_upgrade="RollingForward"), _NONE),
    "an earlier rolling upgrade": (fleet_of(rolling_upgrade="Completed"), _NONE),
    "instances of every kind": (
        fleet_of(
            [4, 4],
            instances={
                "0": {"power": "stopped"},
                "1": {"power": "deallocated"},
                "2": {"protected": True},
                "3": {"protected_from_scale_in": True},
                "4": {"unhealthy": True},
                "5": {"failed": {"code": "VMExtensionProvisioningError", "message": "It failed."}},
            },
        ),
        _NONE,
    ),
    "a model changed by somebody": (
        fleet_of(faults=[model_change({"tags": {"by": "somebody"}}, after_upgrade=1, delay=1)]),
        _NONE,
    ),
    "a patch whose answer is lost": (_fault("patch", drop="after"), _NONE),
    "an upgrade whose request is lost": (_fault("upgrade", drop="before"), _NONE),
    "an answer that takes too long": (_fault("instances", nth=3, hang=400), _NONE),
    "no right to upgrade": (_fault("upgrade", status=403, code="AuthorizationFailed", message="No."), _NONE),
}

_GROUP = "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.Compute"
_SET = _GROUP + "/virtualMachineScaleSets/{scale_set}"
_ONE = f"{_SET}/virtualMachines/0"
_LOCATION = "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/westeurope"
_OFFER = (
    "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/westeurope/publishers/Canonical"
    "/artifacttypes/vmimage/offers/0001-com-ubuntu-server-jammy"
)
_VERSIONS = f"{_OFFER}/skus/22_04-lts-gen2/versions"
_FILTER = "$filter='virtualMachineScaleSet/id' eq '" + _SET + "'"
_EXPANDED = "$expand=instanceView"
_TARGET = {"virtualMachineProfile": {"storageProfile": {"imageReference": {"version": "22.04.202611010"}}}}
_ALL: dict[str, Any] = {}
_SUSPENDED = {"serviceName": "AutomaticRepairs", "action": "Suspend"}
_NEW: dict[str, Any] = {
    "location": "westeurope",
    "sku": {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 2},
    "properties": {
        "upgradePolicy": {"mode": "Manual"},
        "virtualMachineProfile": {
            "osProfile": {"computerNamePrefix": "sim", "adminUsername": "somebody", "adminPassword": "SCRUBBED"},
            "storageProfile": {
                "imageReference": {
                    "publisher": "Canonical",
                    "offer": "0001-com-ubuntu-server-jammy",
                    "sku": "22_04-lts-gen2",
                    "version": "latest",
                },
                "osDisk": {"createOption": "FromImage", "managedDisk": {"storageAccountType": "Premium_LRS"}},
            },
            "networkProfile": {
                "networkInterfaceConfigurations": [
                    {
                        "name": "nic",
                        "properties": {
                            "primary": True,
                            "ipConfigurations": [{"name": "ip", "properties": {"subnet": {"id": "/subnets/one"}}}],
                        },
                    }
                ]
            },
        },
    },
}

# Requests that the simulator answers and the action never sends, as the lives of two sets: method, path, body, status.
# The URLs in the answer to a write are followed at once, and again at its end, so each row begins where the one above
# has ended.
LIVES: dict[str, tuple[Scenario, tuple[tuple[str, str, Any, int], ...]]] = {
    "Uniform": (
        fleet_of(
            images=[
                {**UBUNTU, "versions": [OLD, NEW]},
                {"id": _GALLERY, "versions": ["1.0.0"]},
                {"id": "/SharedGalleries/g/Images/i", "versions": ["1.0.0"]},
                {"id": "/CommunityGalleries/g/Images/i", "versions": ["1.0.0"]},
            ]
        ),
        (
            ("GET", _SET.removesuffix("/{scale_set}"), None, 200),
            ("GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachineScaleSets", None, 200),
            ("GET", f"{_SET}/instanceView", None, 200),
            ("GET", f"{_SET}/virtualMachines", None, 200),
            ("GET", f"{_SET}/virtualMachines?{_EXPANDED}", None, 200),
            ("GET", f"{_SET}/virtualMachines?{_EXPANDED}&$select=instanceView", None, 200),
            ("GET", _ONE, None, 200),
            ("GET", f"{_ONE}?{_EXPANDED}", None, 200),
            ("GET", f"{_ONE}/instanceView", None, 200),
            ("GET", f"{_SET}/virtualMachines/99/instanceView", None, 404),
            ("GET", f"{_GROUP}/virtualMachineScaleSets/elsewhere", None, 404),
            ("GET", _VERSIONS, None, 200),
            ("GET", f"{_VERSIONS}?$top=1&$orderby=name desc", None, 200),
            ("GET", f"{_VERSIONS}/22.04.202611010", None, 200),
            ("GET", f"{_OFFER}/skus/elsewhere/versions", None, 404),
            ("GET", f"{_GALLERY}?api-version=2024-03-03", None, 200),
            ("GET", f"{_GALLERY}/versions/1.0.0?api-version=2024-03-03", None, 200),
            ("GET", f"{_GALLERY}/versions/1.0.0?api-version=2024-03-03&$expand=ReplicationStatus", None, 200),
            ("GET", f"{_GALLERY}/versions?api-version=2024-03-03", None, 200),
            ("GET", f"{_GALLERY}/versions/1.1.0?api-version=2024-03-03", None, 404),
            ("GET", f"{_LOCATION}/sharedGalleries/g/images/i?api-version=2024-03-03", None, 200),
            ("GET", f"{_LOCATION}/sharedGalleries/g/images/i/versions?api-version=2024-03-03", None, 200),
            ("GET", f"{_LOCATION}/communityGalleries/g/images/i/versions/1.0.0?api-version=2024-03-03", None, 200),
            ("GET", f"{_SET}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01", None, 200),
            ("PUT", _SET, {"location": "westeurope", "properties": _TARGET}, 200),
            ("PATCH", _SET, {"tags": {"by": "somebody"}, "sku": {"name": "Standard_D2s_v5", "capacity": 5}}, 200),
            ("PATCH", _SET, {"properties": {"singlePlacementGroup": False}}, 200),
            ("POST", f"{_SET}/manualupgrade", {"instanceIds": ["*"]}, 202),
            ("POST", f"{_SET}/manualupgrade", {"instanceIds": ["99"]}, 400),
            ("GET", f"{_SET}/virtualMachines?{_EXPANDED}", None, 200),
            ("POST", f"{_SET}/poweroff?skipShutdown=false", {"instanceIds": ["0", "1"]}, 202),
            ("POST", f"{_SET}/start", _ALL, 202),
            ("POST", f"{_SET}/deallocate", {"instanceIds": ["2"]}, 202),
            ("GET", f"{_SET}/virtualMachines?{_EXPANDED}", None, 200),
            ("POST", f"{_ONE}/poweroff?skipShutdown=false", None, 202),
            ("POST", f"{_ONE}/start", None, 202),
            ("POST", f"{_ONE}/deallocate", None, 202),
            ("POST", f"{_ONE}/simulateEviction", None, 409),
            (
                "PUT",
                _ONE,
                {"location": "westeurope", "properties": {"protectionPolicy": {"protectFromScaleIn": True}}},
                200,
            ),
            ("GET", _ONE, None, 200),
            ("POST", f"{_SET}/setOrchestrationServiceState", _SUSPENDED, 202),
            ("GET", f"{_SET}/instanceView", None, 200),
            ("POST", f"{_SET}/rollingUpgrades/cancel", None, 409),
            ("POST", f"{_SET}/osRollingUpgrade", None, 202),
            ("GET", f"{_SET}/rollingUpgrades/latest", None, 200),
            ("POST", f"{_SET}/delete", {"instanceIds": ["3"]}, 202),
            ("DELETE", f"{_SET}/virtualMachines/1", None, 202),
            ("GET", f"{_SET}/virtualMachines", None, 200),
            ("DELETE", _SET, None, 202),
            ("DELETE", _SET, None, 204),
            ("GET", _SET, None, 404),
            ("GET", _SET.removesuffix("/{scale_set}"), None, 200),
            ("PUT", _SET, _NEW, 201),
            ("GET", _SET, None, 200),
            ("GET", f"{_SET}/virtualMachines?{_EXPANDED}", None, 200),
        ),
    ),
    "Flexible": (
        _FLEXIBLE,
        (
            ("GET", _SET, None, 200),
            ("GET", f"{_SET}/instanceView", None, 400),
            ("GET", f"{_SET}/virtualMachines", None, 200),
            ("GET", f"{_GROUP}/virtualMachines", None, 200),
            ("GET", f"{_GROUP}/virtualMachines/elsewhere", None, 404),
            ("GET", f"{_GROUP}/virtualMachines?{_EXPANDED}&{_FILTER}", None, 200),
            ("GET", f"{_GROUP}/virtualMachines/simulated-set_00000000/instanceView", None, 200),
            ("PATCH", _SET, {"tags": {"by": "somebody"}}, 200),
        ),
    ),
}
