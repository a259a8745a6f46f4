"""What other clients do to a whole set: create it, scale it, delete it."""

import json

import pytest
from simulated import NEW, OLD, SMALL, Simulation, capacity, error_of, header, ids, post, settle

from azure_simulator import Reply

FLEXIBLE = SMALL.replace("[2, 2]", "[2, 2], orchestration: Flexible")


@pytest.fixture
def small() -> Simulation:
    return Simulation(SMALL)


def test_scale_out_makes_instances_on_the_model_of_the_moment(small: Simulation) -> None:
    small.update_image()
    reply = small.raw("PATCH", small.set_path, {"sku": {"capacity": 6}})
    assert reply.status == 200
    made = [each for each in small.azure.instances() if each.provisioning_state == "Creating"]
    assert len(made) == 2
    settle(small, reply)
    assert len(ids(small)) == capacity(small) == 6
    assert {each.image_version for each in small.azure.instances() if each.instance_id not in "0123"} == {NEW}


def test_scale_in_takes_from_the_fullest_domain_first() -> None:
    """Documented: balanced over fault domains, newest first. Domain 0 has 0, 2, 4; domain 1 has 1, 3."""
    simulation = Simulation(SMALL.replace("[2, 2]", "[3, 2]"))
    for wanted, left in ((4, ["0", "1", "2", "3"]), (3, ["0", "1", "2"]), (2, ["0", "1"])):
        settle(simulation, simulation.raw("PATCH", simulation.set_path, {"sku": {"capacity": wanted}}))
        assert ids(simulation) == left


CREATED = {
    "location": "West Europe",
    "sku": {"name": "Standard_D2s_v5", "capacity": 5},
    "properties": {
        "upgradePolicy": {"mode": "manual"},
        "virtualMachineProfile": {
            "osProfile": {"computerNamePrefix": "web", "adminUsername": "somebody", "adminPassword": "hunter-two"},
            "storageProfile": {
                "imageReference": {
                    "publisher": "Canonical",
                    "offer": "0001-com-ubuntu-server-jammy",
                    "sku": "22_04-lts-gen2",
                    "version": OLD,
                }
            },
            "networkProfile": {"networkInterfaceConfigurations": [{"name": "nic", "properties": {"primary": True}}]},
        },
    },
}


def created() -> tuple[Simulation, Reply]:
    simulation = Simulation(SMALL)
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    return simulation, simulation.raw("PUT", simulation.set_path, CREATED)


def test_a_deleted_set(small: Simulation) -> None:
    reply = small.raw("DELETE", small.set_path)
    assert (reply.status, header(reply, "retry-after")) == (202, "10")
    assert small.set_json()["properties"]["provisioningState"] == "Deleting"
    settle(small, reply)
    assert error_of(small.raw("GET", small.set_path)) == (404, "NotFound")
    assert ids(small) == []
    listed = small.raw("GET", small.set_path.rpartition("/")[0])
    assert json.loads(listed.body) == {"value": []}


def test_a_created_set_is_fuller_than_what_was_asked() -> None:
    simulation, reply = created()
    body = json.loads(reply.body)
    assert (reply.status, body["properties"]["provisioningState"], header(reply, "retry-after")) == (
        201,
        "Creating",
        "10",
    )
    assert (body["location"], body["sku"]["tier"], body["properties"]["upgradePolicy"]["mode"]) == (
        "westeurope",
        "Standard",
        "Manual",
    )
    assert "hunter-two" not in reply.body.decode()
    assert body["properties"]["virtualMachineProfile"]["storageProfile"]["osDisk"]["osType"] == "Linux"
    assert settle(simulation, reply)["status"] == "Succeeded"
    assert simulation.set_json()["properties"]["provisioningState"] == "Succeeded"


def test_overprovisioning_leaves_gaps_and_counts_extras_for_a_while() -> None:
    simulation, _ = created()
    simulation.clock.sleep(130)
    listed = simulation.raw("GET", f"{simulation.set_path}/virtualMachines")
    names = [vm["instanceId"] for vm in json.loads(listed.body)["value"]]
    # Recorded: five instances of which eight are charged (uniform_create_and_modify_2024).
    assert (len(names), header(listed, "x-ms-request-charge")) == (5, "8")
    assert sorted(map(int, names)) != list(range(5))
    simulation.clock.sleep(300)
    later = simulation.raw("GET", f"{simulation.set_path}/virtualMachines")
    assert header(later, "x-ms-request-charge") == "5"
    assert [vm["instanceId"] for vm in json.loads(later.body)["value"]] == names


def test_a_creation_that_runs() -> None:
    simulation, _ = created()
    simulation.clock.sleep(60)
    assert simulation.set_json()["properties"]["provisioningState"] == "Creating"
    assert {each.provisioning_state for each in simulation.azure.instances()} == {"Creating"}


def test_a_set_can_be_deleted_twice() -> None:
    simulation = Simulation(SMALL)
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    reply = simulation.raw("DELETE", simulation.set_path)
    assert (reply.status, reply.body) == (204, b"")


def test_a_second_deletion_of_a_set_does_not_delay_the_first(small: Simulation) -> None:
    small.raw("DELETE", small.set_path)
    small.clock.sleep(11)
    assert small.raw("DELETE", small.set_path).status == 202
    small.clock.sleep(2)
    assert error_of(small.raw("GET", small.set_path)) == (404, "NotFound")


def test_a_set_in_place_of_a_deleted_one_inherits_nothing_but_the_address() -> None:
    profile = "{upgradePolicy: {mode: Manual}, automaticRepairsPolicy: {enabled: true}}"
    window = "faults: [{kind: conflict-window, seconds: 1000}]"
    simulation = Simulation(f"{SMALL}model: {{tags: {{of: old}}, properties: {profile}}}\n{window}")
    settle(simulation, simulation.upgrade("*"), 20)
    settle(simulation, post(simulation, "osRollingUpgrade"), 1000)
    body = {"serviceName": "AutomaticRepairs", "action": "Suspend"}
    settle(simulation, simulation.raw("POST", f"{simulation.set_path}/setOrchestrationServiceState", body))
    simulation.update_image()
    settle(simulation, simulation.raw("DELETE", simulation.set_path), 20)
    properties = {**CREATED["properties"], "automaticRepairsPolicy": {"enabled": True}}
    simulation.raw("PUT", simulation.set_path, {**CREATED, "properties": properties})
    simulation.clock.sleep(130)
    seen = simulation.set_json()
    assert (seen["etag"], "tags" in seen) == ('"1"', False)
    assert error_of(simulation.raw("GET", f"{simulation.set_path}/rollingUpgrades/latest")) == (404, "NotFound")
    view = json.loads(simulation.raw("GET", f"{simulation.set_path}/instanceView").body)
    assert view["orchestrationServices"][0]["serviceState"] == "Running"
    assert simulation.upgrade("*").status == 202


@pytest.mark.parametrize("error", ["conflict", "entity-not-found"])
def test_a_creation_that_is_refused_after_it_was_counted(error: str) -> None:
    fault = f"{{kind: error, error: {error}, method: PUT, path: 'virtualMachineScaleSets/[^/]+$'}}"
    simulation = Simulation(f"{SMALL}faults: [{fault}]")
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    assert simulation.raw("PUT", simulation.set_path, CREATED).status >= 400
    assert (simulation.raw("GET", simulation.set_path).status, ids(simulation)) == (404, [])
    assert simulation.raw("PUT", simulation.set_path, CREATED).status == 201


def test_a_creation_needs_a_profile() -> None:
    simulation = Simulation(SMALL)
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    reply = simulation.raw("PUT", simulation.set_path, {**CREATED, "properties": {}})
    assert error_of(reply) == (400, "InvalidParameter")


def test_a_created_flexible_set() -> None:
    simulation = Simulation(FLEXIBLE)
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    properties = {**CREATED["properties"], "orchestrationMode": "Flexible"}
    reply = simulation.raw("PUT", simulation.set_path, {**CREATED, "zones": ["1"], "properties": properties})
    shown = json.loads(reply.body)["properties"]
    assert (shown["singlePlacementGroup"], shown["platformFaultDomainCount"], shown["zoneBalance"]) == (False, 1, False)
    assert shown["virtualMachineProfile"]["storageProfile"]["osDisk"]["deleteOption"] == "Delete"


def test_a_set_in_place_of_a_deleted_flexible_one() -> None:
    """The instances of a Flexible set have names, with hexadecimal numbers."""
    simulation = Simulation(FLEXIBLE.replace("[2, 2]", "[6, 6]"))
    settle(simulation, simulation.raw("DELETE", simulation.set_path))
    settle(simulation, simulation.raw("PUT", simulation.set_path, CREATED))
    assert simulation.set_json()["properties"]["orchestrationMode"] == "Uniform"
    assert all(each.isdigit() for each in ids(simulation))
