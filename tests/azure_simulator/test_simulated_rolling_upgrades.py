"""Azure's own rolling upgrade: it replaces instances batch by batch, and can be cancelled."""

import json
from typing import Any

import pytest
from simulated import NEW, OLD, SMALL, Simulation, error_of, post, settle


@pytest.fixture
def small() -> Simulation:
    return Simulation(SMALL)


def test_a_cancellation_that_is_refused_after_it_was_counted() -> None:
    fault = "{kind: error, error: conflict, path: 'rollingUpgrades/cancel$'}"
    simulation = Simulation(f"{SMALL}faults: [{fault}]")
    post(simulation, "osRollingUpgrade")
    assert error_of(post(simulation, "rollingUpgrades/cancel")) == (409, "Conflict")
    assert latest(simulation)["runningStatus"]["code"] == "RollingForward"


def latest(simulation: Simulation) -> dict[str, Any]:
    return dict(json.loads(simulation.raw("GET", f"{simulation.set_path}/rollingUpgrades/latest").body)["properties"])


def test_a_rolling_upgrade(small: Simulation) -> None:
    small.update_image()
    reply = post(small, "osRollingUpgrade")
    assert (reply.status, reply.body) == (202, b"")
    assert latest(small)["runningStatus"]["code"] == "RollingForward"
    assert latest(small)["progress"] == {
        "successfulInstanceCount": 0,
        "failedInstanceCount": 0,
        "inProgressInstanceCount": 1,
        "pendingInstanceCount": 3,
    }
    assert settle(small, reply)["status"] == "Succeeded"
    assert latest(small)["runningStatus"]["code"] == "Completed"
    assert {each.image_version for each in small.azure.instances()} == {NEW}
    assert error_of(post(small, "rollingUpgrades/cancel")) == (409, "OperationNotAllowed")


def test_a_rolling_upgrade_that_is_cancelled(small: Simulation) -> None:
    small.update_image()
    rolling = post(small, "osRollingUpgrade")
    small.clock.sleep(10)
    cancelled = post(small, "rollingUpgrades/cancel")
    assert cancelled.status == 202
    # Both operations succeed; only `latest` shows the cancellation (rolling_upgrade_start_cancel_2020).
    assert {settle(small, reply)["status"] for reply in (rolling, cancelled)} == {"Succeeded"}
    shown = latest(small)
    assert (shown["runningStatus"]["code"], shown["runningStatus"]["lastAction"]) == ("Cancelled", "Cancel")
    assert shown["progress"] == {
        "successfulInstanceCount": 0,
        "failedInstanceCount": 1,
        "inProgressInstanceCount": 0,
        "pendingInstanceCount": 3,
    }
    # Recorded in 2023-03: an instance that is being replaced counts as failed, though its replacement goes on.
    assert [each["target"] for each in shown["error"]["details"]] == ["simulated-set/virtualMachines/0"]
    assert [each.image_version for each in small.azure.instances()].count(NEW) == 1


def test_a_rolling_upgrade_that_fails_does_so_in_its_first_batch() -> None:
    fault = "{kind: operation, path: '/osRollingUpgrade$', seconds: 40, code: InternalExecutionError}"
    simulation = Simulation(f"{SMALL}faults: [{fault}]")
    simulation.update_image()
    reply = post(simulation, "osRollingUpgrade")
    assert [each.provisioning_state for each in simulation.azure.instances()].count("Updating") == 1
    assert latest(simulation)["progress"]["inProgressInstanceCount"] == 1
    assert settle(simulation, reply, 41)["status"] == "Failed"
    assert latest(simulation)["runningStatus"]["code"] == "Faulted"
    assert latest(simulation)["progress"] == {
        "successfulInstanceCount": 0,
        "failedInstanceCount": 1,
        "inProgressInstanceCount": 0,
        "pendingInstanceCount": 3,
    }
    simulation.clock.sleep(1000)
    assert [each.image_version for each in simulation.azure.instances()].count(OLD) == 3
    assert error_of(post(simulation, "rollingUpgrades/cancel")) == (409, "OperationNotAllowed")


def test_a_rolling_upgrade_of_current_instances_looks_at_each(small: Simulation) -> None:
    """Recorded: uniform_rolling_upgrade_2023."""
    reply = post(small, "osRollingUpgrade")
    view = json.loads(small.raw("GET", f"{small.set_path}/instanceView").body)
    assert view["statuses"][0]["code"] == "ProvisioningState/succeeded"
    assert settle(small, reply)["status"] == "Succeeded"
    assert latest(small)["progress"]["successfulInstanceCount"] == 4
    assert {each.image_version for each in small.azure.instances()} == {OLD}
