"""What other clients ask of instances during a rollout: start, stop, delete, protect, evict."""

import json
from typing import Any

import pytest
from simulated import NEW, OLD, SMALL, Simulation, capacity, error_of, header, ids, post, settle


@pytest.fixture
def small() -> Simulation:
    return Simulation(SMALL)


@pytest.mark.parametrize(
    ("verb", "passing", "final"), [("poweroff", "stopping", "stopped"), ("deallocate", "deallocating", "deallocated")]
)
def test_stop_and_start(small: Simulation, verb: str, passing: str, final: str) -> None:
    reply = post(small, verb, "0", "1")
    assert (reply.status, reply.body, header(reply, "retry-after")) == (202, b"", None)
    assert small.instance("0").power_state == passing
    assert settle(small, reply)["status"] == "Succeeded"
    assert [each.power_state for each in small.azure.instances()] == [final, final, "running", "running"]
    assert settle(small, post(small, "start", "0"))["status"] == "Succeeded"
    assert [each.power_state for each in small.azure.instances()] == ["running", final, "running", "running"]


@pytest.mark.parametrize("asked", [(), ("*",)])
def test_no_ids_mean_all_instances(small: Simulation, asked: tuple[str, ...]) -> None:
    settle(small, post(small, "deallocate", *asked))
    assert {each.power_state for each in small.azure.instances()} == {"deallocated"}


def test_one_instance_by_its_own_address(small: Simulation) -> None:
    settle(small, small.raw("POST", f"{small.set_path}/virtualMachines/1/deallocate"))
    assert [each.power_state for each in small.azure.instances()] == ["running", "deallocated", "running", "running"]


def test_a_deallocated_instance_shows_its_domains_and_no_agent(small: Simulation) -> None:
    """Recorded: uniform_instances_power_2024."""
    settle(small, post(small, "deallocate", "0"))
    view = small.view("0")
    assert {"placementGroupId", "platformUpdateDomain", "platformFaultDomain"} <= set(view)
    assert not {"vmAgent", "computerName", "osName"} & set(view)


def test_actions_of_the_set_leave_a_protected_instance_as_it_is() -> None:
    simulation = Simulation(SMALL + "instances: {'0': {protected: true}}")
    settle(simulation, post(simulation, "deallocate"))
    assert [each.power_state for each in simulation.azure.instances()][:2] == ["running", "deallocated"]


def test_delete_instances(small: Simulation) -> None:
    reply = post(small, "delete", "1", "2")
    assert settle(small, reply)["status"] == "Succeeded"
    assert (ids(small), capacity(small)) == (["0", "3"], 2)
    gone = small.raw("GET", f"{small.set_path}/virtualMachines/1/instanceView")
    assert error_of(gone) == (404, "NotFound")


def test_an_instance_can_be_deleted_twice(small: Simulation) -> None:
    """Recorded: instance_operations_2020."""
    path = f"{small.set_path}/virtualMachines/1"
    for _ in range(2):
        assert settle(small, small.raw("DELETE", path))["status"] == "Succeeded"
    assert (ids(small), capacity(small)) == (["0", "2", "3"], 3)


def test_an_instance_named_twice_is_deleted_once(small: Simulation) -> None:
    settle(small, post(small, "delete", "1", "1"))
    assert (ids(small), capacity(small)) == (["0", "2", "3"], 3)


def test_an_instance_that_is_being_deleted_is_not_subtracted_again(small: Simulation) -> None:
    for _ in range(2):
        small.raw("DELETE", f"{small.set_path}/virtualMachines/1")
        assert "1" in ids(small)
    small.clock.sleep(60)
    assert (ids(small), capacity(small)) == (["0", "2", "3"], 3)


def everything(simulation: Simulation) -> tuple[Any, Any]:
    return simulation.set_json(), simulation.azure.instances()


def test_an_eviction_that_is_refused() -> None:
    fault = "{kind: error, error: conflict, path: '/simulateEviction$'}"
    profile = "{virtualMachineProfile: {priority: Spot, evictionPolicy: Delete}}"
    simulation = Simulation(f"{SMALL}model: {{properties: {profile}}}\nfaults: [{fault}]")
    path = f"{simulation.set_path}/virtualMachines/2/simulateEviction"
    assert error_of(simulation.raw("POST", path)) == (409, "Conflict")
    simulation.clock.sleep(60)
    assert "2" in ids(simulation)


@pytest.mark.parametrize("properties", ["x", {"protectionPolicy": "x"}])
def test_a_malformed_update_of_an_instance(small: Simulation, properties: Any) -> None:
    before = everything(small)
    reply = small.raw("PUT", f"{small.set_path}/virtualMachines/0", {"properties": properties})
    assert error_of(reply) == (400, "InvalidParameter")
    assert everything(small) == before


def test_protect_an_instance(small: Simulation) -> None:
    path = f"{small.set_path}/virtualMachines/0"
    body = {"location": "westeurope", "properties": {"protectionPolicy": {"protectFromScaleSetActions": True}}}
    reply = small.raw("PUT", path, body)
    first = json.loads(reply.body)
    assert (reply.status, first["properties"]["provisioningState"]) == (200, "Updating")
    assert settle(small, reply, 1)["status"] == "Succeeded"
    seen = json.loads(small.raw("GET", path).body)
    assert seen["properties"]["protectionPolicy"] == {"protectFromScaleIn": False, "protectFromScaleSetActions": True}
    assert int(seen["etag"].strip('"')) == 3
    small.update_image()
    settle(small, small.upgrade("*"))
    assert [each.image_version for each in small.azure.instances()] == [OLD, NEW, NEW, NEW]


@pytest.mark.parametrize(("policy", "left"), [("Deallocate", 4), ("Delete", 3)])
def test_an_eviction(policy: str, left: int) -> None:
    profile = f"{{virtualMachineProfile: {{priority: Spot, evictionPolicy: {policy}}}}}"
    simulation = Simulation(f"{SMALL}model: {{properties: {profile}}}")
    assert simulation.raw("POST", f"{simulation.set_path}/virtualMachines/2/simulateEviction").status == 204
    simulation.clock.sleep(60)
    assert len(ids(simulation)) == left
    assert ("2" not in ids(simulation)) or simulation.instance("2").power_state == "deallocated"


def test_only_spot_instances_are_evicted(small: Simulation) -> None:
    """Recorded: uniform_eviction_errors_2024."""
    reply = small.raw("POST", f"{small.set_path}/virtualMachines/2/simulateEviction")
    assert error_of(reply) == (409, "OperationNotAllowed")
