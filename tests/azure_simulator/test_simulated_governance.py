"""Autoscale settings and locks: how they are read, and what locks refuse.

Reported: Azure/azure-powershell#16851; recorded: Azure/azure-cli, test_readonly_resource_lock.
"""

import json
from typing import Any

import pytest
from simulated import SMALL, Simulation, body_of, error_of, header, post

from azure_simulator import Reply, ScenarioError, parse_scenario

FLEXIBLE = SMALL.replace("[2, 2]}", "[2, 2], orchestration: Flexible}")
SETTINGS = "/providers/Microsoft.Insights/autoscaleSettings?api-version=2022-10-01"
LOCKS = "/providers/Microsoft.Authorization/locks?api-version=2016-09-01"


def scopes(simulation: Simulation) -> dict[str, str]:
    subscription, group = simulation.at["subscription"], simulation.where[0]
    return {
        "subscription": f"/subscriptions/{subscription}",
        "group": f"/subscriptions/{subscription}/resourceGroups/{group}",
        "set": simulation.set_path,
    }


# --- autoscale ---


@pytest.mark.parametrize("scope", ["subscription", "group"])
def test_a_setting_of_the_set(scope: str) -> None:
    simulation = Simulation(SMALL + "autoscale: [{name: cpu, minimum: 2, maximum: 10, default: 4, enabled: false}]\n")
    reply = simulation.raw("GET", scopes(simulation)[scope] + SETTINGS)
    (setting,) = json.loads(reply.body)["value"]
    assert setting["type"] == "Microsoft.Insights/autoscaleSettings"
    properties = setting["properties"]
    assert properties["profiles"][0]["capacity"] == {"minimum": "2", "maximum": "10", "default": "4"}
    assert properties["enabled"] is False
    assert properties["targetResourceUri"] != simulation.set_path
    assert properties["targetResourceUri"].lower() == simulation.set_path.lower()
    assert header(reply, "x-ms-ratelimit-remaining-resource") is None


def test_a_setting_of_another_resource_and_none() -> None:
    simulation = Simulation(SMALL + "autoscale: [{maximum: 3, target: /subscriptions/s/x}]\n")
    (setting,) = body_of(simulation, scopes(simulation)["group"] + SETTINGS)["value"]
    assert (setting["properties"]["targetResourceUri"], setting["properties"]["enabled"]) == (
        "/subscriptions/s/x",
        True,
    )
    simulation = Simulation(SMALL)
    assert body_of(simulation, scopes(simulation)["group"] + SETTINGS) == {"value": []}


def test_settings_may_be_denied() -> None:
    simulation = Simulation(SMALL + "autoscale: refused\n")
    reply = simulation.raw("GET", scopes(simulation)["group"] + SETTINGS)
    assert error_of(reply) == (403, "AuthorizationFailed")
    assert "'Microsoft.Insights/autoscaleSettings/read'" in json.loads(reply.body)["error"]["message"]


# --- locks ---


@pytest.mark.parametrize("asked", ["subscription", "group", "set"])
@pytest.mark.parametrize("scope", ["subscription", "group", "set"])
def test_a_lock_shows_where_it_is(scope: str, asked: str) -> None:
    simulation = Simulation(SMALL + f"locks: [{{name: keep, level: CanNotDelete, scope: {scope}, notes: mine}}]\n")
    (lock,) = body_of(simulation, scopes(simulation)[asked] + LOCKS)["value"]
    assert lock["id"].lower() == f"{scopes(simulation)[scope]}/providers/microsoft.authorization/locks/keep".lower()
    assert (lock["type"], lock["properties"]) == (
        "Microsoft.Authorization/locks",
        {"level": "CanNotDelete", "notes": "mine"},
    )


def test_locks_may_be_denied_and_refuse_all_the_same() -> None:
    simulation = Simulation(SMALL + "locks: [{level: ReadOnly}]\nlocks_readable: false\n")
    assert error_of(simulation.raw("GET", simulation.set_path + LOCKS)) == (403, "AuthorizationFailed")
    assert error_of(simulation.upgrade("0")) == (409, "ScopeLocked")


def attempts(simulation: Simulation) -> dict[str, Reply]:
    """Return the answers to one request of each kind, none of which depends on another."""
    one = simulation.set_path
    command: dict[str, Any] = {"location": "x", "properties": {"source": {"script": "x drain"}}}
    return {
        "get": simulation.raw("GET", one),
        "command": simulation.raw("PUT", f"{one}/virtualMachines/1/runCommands/drain", command),
        "upgrade": simulation.upgrade("0"),
        "delete by ids": post(simulation, "delete", "3"),
        "delete command": simulation.raw("DELETE", f"{one}/virtualMachines/1/runCommands/drain"),
        "delete instance": simulation.raw("DELETE", f"{one}/virtualMachines/0"),
        "patch": simulation.raw("PATCH", one, {"tags": {"a": "b"}}),
        "delete set": simulation.raw("DELETE", one),
    }


DELETIONS = {"delete command", "delete instance", "delete set"}
EVERY_WRITE = DELETIONS | {"command", "upgrade", "delete by ids", "patch"}


@pytest.mark.parametrize("scope", ["subscription", "group", "set"])
@pytest.mark.parametrize(
    ("lock", "refused"),
    [
        ("level: ReadOnly", EVERY_WRITE),
        ("level: CanNotDelete", DELETIONS),
        ("level: CanNotDelete, blocks_action: true", DELETIONS | {"delete by ids"}),
    ],
)
def test_a_lock_refuses_what_it_is_for(scope: str, lock: str, refused: set[str]) -> None:
    simulation = Simulation(SMALL + f"locks: [{{{lock}, scope: {scope}}}]\n")
    answers = attempts(simulation)
    locked = {name for name, reply in answers.items() if b"ScopeLocked" in reply.body}
    assert locked == refused
    assert all(answers[name].status == 409 for name in locked)
    message = json.loads(answers["delete set"].body)["error"]["message"]
    assert message == (
        f"The scope '{simulation.set_path}' cannot perform delete operation because following scope(s) are locked: "
        f"'{scopes(simulation)[scope]}'. Please remove the lock and try again."
    )


def test_without_a_lock_nothing_is_refused_for_one() -> None:
    assert not any(b"ScopeLocked" in reply.body for reply in attempts(Simulation(SMALL)).values())


@pytest.mark.parametrize(("scope", "refused"), [("set", False), ("group", True)])
def test_a_lock_on_a_flexible_set_is_not_on_its_machines(scope: str, refused: bool) -> None:
    simulation = Simulation(FLEXIBLE + f"locks: [{{level: ReadOnly, scope: {scope}}}]\n")
    name = simulation.azure.instances()[0].instance_id
    path = f"{scopes(simulation)['group']}/providers/Microsoft.Compute/virtualMachines/{name}/runCommands/drain"
    reply = simulation.raw("PUT", path, {"location": "x", "properties": {"source": {"script": "x drain"}}})
    assert (reply.status == 409) is refused


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("autoscale: [{minimum: 1}]", "autoscale[0].maximum: is missing"),
        ("autoscale: [{maximum: 3, enable: true}]", "autoscale[0].enable: is not known; did you mean 'enabled'?"),
        ("autoscale: denied", "autoscale: must be a list"),
        ("locks: [{level: Delete}]", "locks[0].level: must be one of CanNotDelete, ReadOnly"),
        ("locks: [{level: ReadOnly, scope: vm}]", "locks[0].scope: must be one of set, group, subscription"),
        ("locks_readable: 1", "locks_readable: must be true or false"),
    ],
)
def test_a_wrong_entry_is_named(text: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse_scenario(f"{SMALL}{text}\n", "test", "test.yml")
    assert problem in str(error.value)
