"""Every error of Azure that is recorded or reported can be had by a fault in a scenario file."""

import json
from typing import Any

import pytest
from simulated import SMALL, Simulation, error_of, header

from azure_simulator import parse_scenario
from azure_simulator.wire.errors import ERRORS, OPERATION_ERRORS


def faulty(fault: str) -> Simulation:
    return Simulation(f"{SMALL}faults: [{fault}]")


@pytest.mark.parametrize("name", ERRORS)
def test_an_error(name: str) -> None:
    known = ERRORS[name]
    simulation = faulty(f"{{kind: error, error: {name}, path: '/manualupgrade$', nth: 2}}")
    simulation.update_image()
    first, second, third = (simulation.upgrade("0") for _ in range(3))
    error = json.loads(second.body)["error"]
    assert (second.status, error["code"]) == (known.status, known.code)
    assert error.get("target", "") == known.target
    assert header(second, "x-ms-failure-cause") == (known.cause or None)
    # Only the second: the first starts an upgrade, and the third meets it.
    assert (first.status, third.status) == (202, 409)
    assert json.loads(third.body)["error"]["code"] == "Conflict"


GALLERY = "/subscriptions/{subscription}/resourceGroups/g/providers/Microsoft.Compute/galleries/gal/images/def"
SHARED = "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/westeurope/sharedGalleries/gal/images/def"
VERSIONS = (
    "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/westeurope/publishers/p/artifacttypes/vmimage"
    "/offers/o/skus/s/versions"
)
WITH_IMAGES = f"""
description: small, Spot, with images and an operation of another client
timing: {{request_latency: 0}}
fleet: {{update_domains: [2, 2], image: {{publisher: p, offer: o, sku: s, version: 1.0.0}}}}
images:
  - {{publisher: p, offer: o, sku: s, versions: [1.0.0]}}
  - {{id: {GALLERY.format(subscription="11111111-1111-1111-1111-111111111111")}, versions: [1.0.0]}}
  - {{id: /SharedGalleries/gal/Images/def, versions: [1.0.0]}}
under_way: [{{began: 0, seconds: 60}}]
model: {{properties: {{virtualMachineProfile: {{priority: Spot}}}}}}
"""

# A route of every kind: method, path after the set's (from `/subscriptions` on: the whole path), and body.
READS: dict[str, tuple[str, str, Any]] = {
    "subscription": ("GET", "/subscriptions/{subscription}", None),
    "subscriptions": ("GET", "/subscriptions", None),
    "set get": ("GET", "", None),
    "set view": ("GET", "/instanceView", None),
    "set list": ("GET", "/..", None),
    "set list everywhere": (
        "GET",
        "/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachineScaleSets",
        None,
    ),
    "instance list": ("GET", "/virtualMachines", None),
    "instance get": ("GET", "/virtualMachines/0", None),
    "instance view": ("GET", "/virtualMachines/0/instanceView", None),
    "machine list": ("GET", "/../../virtualMachines", None),
    "rolling latest": ("GET", "/rollingUpgrades/latest", None),
    "poll": ("GET", "{operation}", None),
    "image list": ("GET", VERSIONS, None),
    "image get": ("GET", VERSIONS + "/1.0.0", None),
    "gallery image": ("GET", GALLERY, None),
    "gallery version": ("GET", GALLERY + "/versions/1.0.0", None),
    "gallery versions": ("GET", GALLERY + "/versions", None),
    "shared image": ("GET", SHARED, None),
    "shared versions": ("GET", SHARED + "/versions", None),
    "shared version": ("GET", SHARED + "/versions/1.0.0", None),
    "permissions": ("GET", "/providers/Microsoft.Authorization/permissions", None),
    "gallery version that is not there": ("GET", GALLERY + "/versions/2.0.0", None),
    "managed image that is not there": ("GET", "/../../images/none", None),
}
WRITES: dict[str, tuple[str, str, Any]] = {
    "set PUT": ("PUT", "", {"location": "westeurope", "tags": {"a": "b"}}),
    "set PATCH": ("PATCH", "", {"tags": {"a": "b"}}),
    "set DELETE": ("DELETE", "", None),
    "repairs": (
        "POST",
        "/setOrchestrationServiceState",
        {"action": "Suspend", "serviceName": "AutomaticRepairs"},
    ),
    "rolling start": ("POST", "/osRollingUpgrade", None),
    "rolling cancel": ("POST", "/rollingUpgrades/cancel", None),
    "manualupgrade": ("POST", "/manualupgrade", {"instanceIds": ["*"]}),
    "deallocate": ("POST", "/deallocate", {"instanceIds": ["0"]}),
    "start": ("POST", "/start", None),
    "delete": ("POST", "/delete", {"instanceIds": ["0"]}),
    "a body that is wrong": ("POST", "/delete", {}),
    "instance PUT": (
        "PUT",
        "/virtualMachines/0",
        {"properties": {"protectionPolicy": {"protectFromScaleIn": True}}},
    ),
    "instance DELETE": ("DELETE", "/virtualMachines/0", None),
    "instance poweroff": ("POST", "/virtualMachines/0/poweroff", None),
    "evict": ("POST", "/virtualMachines/0/simulateEviction", None),
}


def path_of(simulation: Simulation, path: str) -> str:
    """Return the whole path, with `..` resolved; the operation is the one that runs."""
    operations = simulation.azure.operations_under_way
    path = path.format(subscription=simulation.at["subscription"], operation=operations[0] if operations else "")
    if path.startswith(("/subscriptions", "https:")):
        return path
    parts: list[str] = []
    for part in (simulation.set_path + path).split("/"):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_on_a_route_of_every_kind(name: str) -> None:
    """The error comes also where the route itself ends before the stage of the error."""
    text = f"{WITH_IMAGES}faults: [{{kind: error, error: {name}, path: ^/subscriptions, count: 99}}]"
    scenario = parse_scenario(text, "test", "test.yml")
    simulation = Simulation(scenario=scenario)
    for route, (method, path, body) in (READS | WRITES).items():
        refused = simulation.raw(method, path_of(simulation, path), body)
        assert error_of(refused) == (ERRORS[name].status, ERRORS[name].code), route
        names = [header_name for header_name, _ in refused.headers]
        assert len(names) == len(set(names)), route


@pytest.mark.parametrize("route", WRITES)
@pytest.mark.parametrize("name", ["gateway-timeout", "quota", "conflict"])
def test_a_write_that_is_refused_changes_nothing(name: str, route: str) -> None:
    """One error of each stage."""
    method, path, body = WRITES[route]
    faults = f"faults: [{{kind: error, error: {name}, method: {method}, path: 'virtualMachineScaleSets/'}}]"
    refused, untouched = Simulation(WITH_IMAGES + faults), Simulation(WITH_IMAGES)
    refused.raw(method, path_of(refused, path), body)
    assert everything(refused) == everything(untouched)


def test_a_rolling_upgrade_whose_cancellation_is_refused_goes_on() -> None:
    simulation = faulty("{kind: error, error: conflict, path: /rollingUpgrades/cancel}")
    simulation.update_image()
    simulation.raw("POST", f"{simulation.set_path}/osRollingUpgrade")
    first, second, third = (simulation.raw("POST", f"{simulation.set_path}/rollingUpgrades/cancel") for _ in range(3))
    assert error_of(first) == (409, "Conflict")
    # The second cancels it, and the third finds nothing to cancel.
    assert second.status == 202
    assert error_of(third) == (409, "OperationNotAllowed")


def everything(simulation: Simulation) -> list[Any]:
    """Return what a set and its instances show, now and after the request would have been carried out."""
    seen: list[Any] = []
    for seconds in (0, 300):
        simulation.clock.sleep(seconds)
        for path in ("", "/instanceView", "/virtualMachines?$expand=instanceView"):
            seen.append(json.loads(simulation.raw("GET", simulation.set_path + path).body))
    return [*seen, len(simulation.azure.operations_under_way)]


@pytest.mark.parametrize(
    ("name", "limits", "charge"),
    [("gateway-timeout", False, False), ("quota", True, False), ("conflict", True, True)],
)
def test_an_error_shows_what_the_request_has_cost_until_then(name: str, limits: bool, charge: bool) -> None:
    """The gateway's errors show no throttle; a conflict is found after the instances were counted (recorded)."""
    simulation = faulty(f"{{kind: error, error: {name}, path: '/manualupgrade$'}}")
    refused = simulation.upgrade("0")
    assert ("x-ms-ratelimit-remaining-resource" in dict(refused.headers)) is limits
    assert ("x-ms-request-charge" in dict(refused.headers)) is charge
    assert ("x-ms-ratelimit-remaining-subscription-writes" in dict(refused.headers)) is limits


def test_the_text_of_an_error_can_be_another() -> None:
    simulation = faulty("{kind: error, error: quota, path: '/manualupgrade$', message: no more of these}")
    assert json.loads(simulation.upgrade("0").body)["error"]["message"] == "no more of these"


@pytest.mark.parametrize("code", OPERATION_ERRORS)
def test_an_operation_that_fails(code: str) -> None:
    simulation = faulty(f"{{kind: operation, path: '/manualupgrade$', seconds: 30, code: {code}}}")
    url = str(header(simulation.upgrade("*"), "azure-asyncoperation"))
    simulation.clock.sleep(29)
    assert json.loads(simulation.raw("GET", url).body)["status"] == "InProgress"
    simulation.clock.sleep(2)
    ended = json.loads(simulation.raw("GET", url).body)
    assert (ended["status"], ended["error"]) == ("Failed", {"code": code, "message": OPERATION_ERRORS[code]})


def test_an_operation_that_lasts_as_long_as_the_scenario_says() -> None:
    """The upgrade of the instances takes as long."""
    simulation = faulty("{kind: operation, path: '/manualupgrade$', seconds: 7}")
    simulation.update_image()
    simulation.upgrade("*")
    simulation.clock.sleep(6)
    assert {each.provisioning_state for each in simulation.azure.instances()} == {"Updating"}
    simulation.clock.sleep(2)
    assert {each.provisioning_state for each in simulation.azure.instances()} == {"Succeeded"}


def test_an_operation_of_another_client() -> None:
    yaml = f"{SMALL}under_way: [{{began: 20, seconds: 60, code: InternalExecutionError}}]"
    simulation = Simulation(yaml)
    (url,) = simulation.azure.operations_under_way
    assert json.loads(simulation.raw("GET", url).body)["status"] == "InProgress"
    # It does not block writes to the set.
    assert simulation.raw("PATCH", simulation.set_path, {"tags": {"a": "b"}}).status == 200
    simulation.clock.sleep(41)
    assert json.loads(simulation.raw("GET", url).body)["status"] == "Failed"
