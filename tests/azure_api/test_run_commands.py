"""Run commands of instances over the real SDK: what is sent for a Uniform and for a Flexible set, and what is read."""

from __future__ import annotations

from typing import Any

import pytest

from azure_api.scripted import SET, accepted, answer, azure, error
from builders import model
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.rollout.image_facts import Traits
from vmss_upgrade.rollout.zero_downtime.drain import Action, Drain, Execution, ExecutionState

GROUP = SET.partition("/virtualMachineScaleSets")[0]
MACHINE = f"{GROUP}/virtualMachines/web_1/runCommands"
INSTANCE = f"{SET}/virtualMachines/1/runCommands"
DRAIN = Drain(command="echo $1", timeout=90.0)
UNIFORM, FLEXIBLE = model(), model(is_flexible=True)


def shown(**view: Any) -> Any:
    return {"name": "vmss-upgrade-drain", "properties": {"provisioningState": "Succeeded", "instanceView": view}}


@pytest.mark.parametrize(
    ("model_os", "own_os", "parameter"),
    [
        pytest.param("Linux", "", {"name": "", "value": "undrain"}, id="linux"),
        pytest.param("", "", {"name": "", "value": "undrain"}, id="unknown"),
        pytest.param("Windows", "", {"name": "Action", "value": "undrain"}, id="windows"),
        pytest.param("Linux", "Windows", {"name": "Action", "value": "undrain"}, id="a-machine-of-its-own"),
    ],
)
def test_the_command_gets_its_argument_as_the_system_takes_it(
    model_os: str, own_os: str, parameter: dict[str, str]
) -> None:
    client, script = azure(accepted(201, {"properties": {"provisioningState": "Creating"}}))
    of = model(traits=Traits(os=model_os))
    client.run_commands.put_run_command(of, "1", Action.UNDRAIN, DRAIN, own_os)
    sent = script.sent[0]
    assert (sent.method, sent.path) == ("PUT", f"{INSTANCE}/vmss-upgrade-undrain")
    assert sent.body == {
        "location": "westeurope",
        "properties": {
            "source": {"script": "echo $1"},
            "parameters": [parameter],
            "timeoutInSeconds": 90,
            "asyncExecution": False,
        },
    }


@pytest.mark.parametrize(
    ("of", "id_", "path"),
    [pytest.param(UNIFORM, "1", INSTANCE, id="uniform"), pytest.param(FLEXIBLE, "web_1", MACHINE, id="flexible")],
)
def test_each_kind_of_set_has_its_own_path(of: Any, id_: str, path: str) -> None:
    listed = answer(200, {"value": [{"name": "VMSS-upgrade-drain"}, {"name": "somebody-elses"}]})
    client, script = azure(listed, answer(200, shown(executionState="Running")), accepted())
    commands = client.run_commands
    assert commands.list_run_commands(of, id_) == (Action.DRAIN,)
    assert not commands.read_run_command(of, id_, Action.DRAIN).has_ended
    commands.delete_run_command(of, id_, Action.DRAIN)
    assert [(each.method, each.path) for each in script.sent] == [
        ("GET", path),
        ("GET", f"{path}/vmss-upgrade-drain"),
        ("DELETE", f"{path}/vmss-upgrade-drain"),
    ]
    assert script.sent[1].query["$expand"] == ["instanceView"]


@pytest.mark.parametrize(
    ("body", "execution"),
    [
        pytest.param(
            shown(executionState="Failed", exitCode=3, output="a", error="b", executionMessage="c"),
            Execution(state=ExecutionState.FAILED, exit_code=3, output="a", error="b", message="c"),
            id="failed-although-provisioned",
        ),
        pytest.param(
            shown(executionState="Succeeded", exitCode=0),
            Execution(state=ExecutionState.SUCCEEDED, exit_code=0),
            id="ok",
        ),
        pytest.param(shown(executionState="TimedOut"), Execution(state=ExecutionState.TIMED_OUT), id="timed-out"),
        pytest.param(shown(executionState="New"), Execution(state=ExecutionState.WAITING), id="unknown-state"),
        pytest.param(shown(exitCode=True), Execution(state=ExecutionState.WAITING), id="no-number"),
        pytest.param({}, Execution(state=ExecutionState.WAITING), id="nothing"),
    ],
)
def test_the_view_alone_says_how_a_script_did(body: Any, execution: Execution) -> None:
    client, _ = azure(answer(200, body))
    assert client.run_commands.read_run_command(UNIFORM, "1", Action.DRAIN) == execution


@pytest.mark.parametrize("id_", ["", ".", ".."])
def test_an_id_that_leads_elsewhere_is_not_asked_about(id_: str) -> None:
    client, script = azure()
    commands = client.run_commands
    for call in (
        lambda: commands.list_run_commands(UNIFORM, id_),
        lambda: commands.put_run_command(UNIFORM, id_, Action.DRAIN, DRAIN, ""),
        lambda: commands.delete_run_command(UNIFORM, id_, Action.DRAIN),
    ):
        with pytest.raises(AzureError):
            call()
    assert script.sent == []


def test_a_missing_command_is_said_to_be_missing() -> None:
    client, _ = azure(error(404, "NotFound"))
    with pytest.raises(AzureError) as caught:
        client.run_commands.delete_run_command(UNIFORM, "1", Action.DRAIN)
    assert caught.value.trouble is Trouble.NOT_FOUND
