"""Every error of Azure that is recorded or reported can be had by a fault in a scenario file."""

import json

import pytest
from simulated import SMALL, Simulation, header

from azure_simulator.errors import ERRORS, OPERATION_ERRORS


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
    # Only the second one: the first starts an upgrade, the third meets it.
    assert (first.status, third.status) == (202, 409)
    assert json.loads(third.body)["error"]["code"] == "Conflict"


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
    """The instances are as long at it."""
    simulation = faulty("{kind: operation, path: '/manualupgrade$', seconds: 7}")
    simulation.update_image()
    simulation.upgrade("*")
    simulation.clock.sleep(6)
    assert {each.provisioning_state for each in simulation.azure.instances()} == {"Updating"}
    simulation.clock.sleep(2)
    assert {each.provisioning_state for each in simulation.azure.instances()} == {"Succeeded"}


def test_an_operation_of_somebody_else() -> None:
    yaml = f"{SMALL}under_way: [{{began: 20, seconds: 60, code: InternalExecutionError}}]"
    simulation = Simulation(yaml)
    (url,) = simulation.azure.operations_under_way
    assert json.loads(simulation.raw("GET", url).body)["status"] == "InProgress"
    # It is none of the set's: the set can be written to.
    assert simulation.raw("PATCH", simulation.set_path, {"tags": {"a": "b"}}).status == 200
    simulation.clock.sleep(41)
    assert json.loads(simulation.raw("GET", url).body)["status"] == "Failed"
