"""A capacity that changes: its limits, what becomes of new instances, and what deletions wait for."""

import json
from typing import Any

import pytest
from azure.core import MatchConditions
from simulated import NEW, OLD, SMALL, Simulation, capacity, error_of, header, ids, post, settle

from azure_simulator import Reply, ScenarioError, parse_scenario

# Extras of overprovisioning take numbers of their own; here there are none.
PLAIN = SMALL + "model: {properties: {overprovision: false}}\n"
NOTICED = SMALL + (
    "model: {properties: {virtualMachineProfile: {scheduledEventsProfile: {terminateNotificationProfile:"
    " {enable: true, notBeforeTimeout: PT15M}}}}}\n"
)


def scaled(scaling: str, base: str = PLAIN) -> Simulation:
    return Simulation(f"{base}scaling: {{{scaling}}}\n")


def ask(simulation: Simulation, count: int, **headers: str) -> Reply:
    sku = {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": count}
    return simulation.raw("PATCH", simulation.set_path, {"sku": sku}, **headers)


def test_new_instances_come_from_the_model_of_the_moment_and_take_a_while_to_be_healthy() -> None:
    simulation = Simulation(PLAIN)
    simulation.update_image()
    raised = ask(simulation, 6)
    assert (raised.status, header(raised, "x-ms-request-charge")) == (200, "2")
    simulation.clock.sleep(41)
    new = simulation.azure.instances()[4:]
    assert [(each.instance_id, each.image_version, each.latest_model_applied, each.healthy) for each in new] == [
        ("4", NEW, True, False),
        ("5", NEW, True, False),
    ]
    assert {each.image_version for each in simulation.azure.instances()[:4]} == {OLD}
    simulation.clock.sleep(20)
    assert all(each.available for each in simulation.azure.instances())


def test_a_capacity_is_raised_on_the_set_that_was_read() -> None:
    simulation = Simulation(PLAIN)
    etag = simulation.set_json()["etag"]
    assert ask(simulation, 5, if_match=etag).status == 200
    simulation.clock.sleep(60)
    assert error_of(ask(simulation, 6, if_match=etag)) == (412, "PreconditionFailed")
    assert capacity(simulation) == 5


def test_new_instances_are_deleted_by_their_ids_and_the_capacity_is_what_it_was() -> None:
    simulation = Simulation(PLAIN)
    settle(simulation, ask(simulation, 6))
    settle(simulation, post(simulation, "delete", "4", "5"))
    assert (ids(simulation), capacity(simulation)) == (["0", "1", "2", "3"], 4)


@pytest.mark.parametrize(
    ("scaling", "answer"),
    [("quota: 5", (409, "OperationNotAllowed")), ("addresses: 5", (400, "SubnetIsFull"))],
)
def test_a_limit_leaves_everything_as_it_was(scaling: str, answer: tuple[int, str]) -> None:
    simulation = scaled(scaling)
    before = simulation.set_json()
    assert error_of(ask(simulation, 6)) == answer
    assert (simulation.set_json(), ids(simulation)) == (before, ["0", "1", "2", "3"])
    assert ask(simulation, 5).status == 200


def test_extras_of_overprovisioning_need_addresses_and_no_quota() -> None:
    assert ask(scaled("quota: 6", SMALL), 6).status == 200
    refused = ask(scaled("addresses: 6", SMALL), 6)
    assert error_of(refused) == (400, "SubnetIsFull")
    assert "enough capacity for 4 IP addresses" in json.loads(refused.body)["error"]["message"]


@pytest.mark.parametrize(("scaling", "listed"), [("shows_extras: true", 8), ("shows_extras: false", 6)])
def test_extras_may_be_listed_while_they_exist(scaling: str, listed: int) -> None:
    simulation = scaled(scaling, SMALL)
    ask(simulation, 6)
    simulation.clock.sleep(50)
    assert len(simulation.azure.instances()) == listed
    simulation.clock.sleep(60)
    assert len(simulation.azure.instances()) == 6 == capacity(simulation)


def test_an_instance_without_room_fails_and_the_operation_names_it() -> None:
    simulation = scaled("without_room: 1")
    operation = settle(simulation, ask(simulation, 6))
    code = "OverconstrainedZonalAllocationRequest"
    assert (operation["status"], operation["error"]["code"]) == ("Failed", code)
    assert [(each["code"], each["target"]) for each in operation["error"]["details"]] == [(code, "5")]
    states = [(each.instance_id, each.provisioning_state, each.available) for each in simulation.azure.instances()]
    assert states[4:] == [("4", "Succeeded", True), ("5", "Failed", False)]
    assert f"ProvisioningState/failed/{code}" in [each["code"] for each in simulation.view("5")["statuses"]]


def test_new_instances_may_never_be_healthy() -> None:
    simulation = scaled("unhealthy: true")
    settle(simulation, ask(simulation, 5))
    assert [each.healthy for each in simulation.azure.instances()] == [True] * 4 + [False]


@pytest.mark.parametrize(("scaling", "current"), [("clears_latest_model: true", False), ("", True)])
def test_a_change_may_put_every_older_instance_behind_the_model(scaling: str, current: bool) -> None:
    simulation = scaled(scaling)
    settle(simulation, ask(simulation, 5))
    assert [each.latest_model_applied for each in simulation.azure.instances()] == [current] * 4 + [True]
    simulation.raw("PATCH", simulation.set_path, {"tags": {"a": "b"}})
    assert [each.latest_model_applied for each in simulation.azure.instances()] == [current] * 4 + [True]


def test_one_change_of_the_capacity_at_a_time() -> None:
    """Reported: kubernetes/autoscaler#3284."""
    simulation = Simulation(PLAIN)
    first = post(simulation, "delete", "3")
    assert error_of(post(simulation, "delete", "2")) == (409, "Conflict")
    assert error_of(simulation.raw("DELETE", f"{simulation.set_path}/virtualMachines/2")) == (409, "Conflict")
    assert error_of(ask(simulation, 6)) == (409, "Conflict")
    settle(simulation, first)
    ask(simulation, 5)
    assert error_of(post(simulation, "delete", "2")) == (409, "Conflict")
    assert capacity(simulation) == 5


@pytest.mark.parametrize("way", ["ids", "capacity"])
def test_a_deletion_that_announces_itself_waits_for_the_guest(way: str) -> None:
    simulation = Simulation(NOTICED)
    reply = post(simulation, "delete", "3") if way == "ids" else ask(simulation, 3)
    simulation.clock.sleep(890)
    assert len(ids(simulation)) == 4
    assert settle(simulation, reply, 60)["status"] == "Succeeded"
    assert len(ids(simulation)) == 3 == capacity(simulation)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{qota: 3}", "scaling.qota: is not known; did you mean 'quota'?"),
        ("{unhealthy: 1}", "scaling.unhealthy: must be true or false"),
    ],
)
def test_a_wrong_key_is_named(entry: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse_scenario(SMALL + f"scaling: {entry}\n", "test", "test.yml")
    assert problem in str(error.value)


def test_the_sdk_raises_a_capacity_and_deletes_by_ids() -> None:
    simulation = Simulation(PLAIN)
    sets: Any = simulation.compute.virtual_machine_scale_sets
    model = sets.get(*simulation.where)
    sku = {"sku": {"name": model.sku.name, "tier": model.sku.tier, "capacity": 5}}
    changed = sets.begin_update(
        *simulation.where, sku, etag=model.etag, match_condition=MatchConditions.IfNotModified
    ).result()
    assert changed.sku.capacity == 5
    sets.begin_delete_instances(*simulation.where, {"instanceIds": ["4"]}).result()
    assert sets.get(*simulation.where).sku.capacity == 4
