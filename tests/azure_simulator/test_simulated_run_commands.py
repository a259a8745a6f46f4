"""Commands in guests, managed and by the older action, and the simulator's own books about them.

Recorded: Azure/azure-cli, test_vmss_run_command_v2 (2024-08); instance_operations_2020.
"""

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute.models import VirtualMachineRunCommand
from simulated import SMALL, Simulation, error_of, header, post, settle

from azure_simulator import Reply, ScenarioError, parse_scenario
from conformance.contract import needed_contract_dir

FLEXIBLE = SMALL.replace("[2, 2]}", "[2, 2], orchestration: Flexible}")
# A PUT that succeeds takes 17 s until the script begins, 5 s until it ends, and 9 s until the operation ends.
BEGUN, ENDED, SETTLED = 18, 23, 31
EXPANDED = "?$expand=instanceView"


@pytest.fixture
def small() -> Simulation:
    return Simulation(SMALL)


def guest(*behaviors: str, base: str = SMALL) -> Simulation:
    return Simulation(base + "guest: [" + ", ".join(f"{{{each}}}" for each in behaviors) + "]\n")


def at(simulation: Simulation, instance: str = "0", name: str = "drain") -> str:
    return f"{simulation.set_path}/virtualMachines/{instance}/runCommands/{name}"


def put(simulation: Simulation, instance: str = "0", argument: str = "drain", **properties: Any) -> Reply:
    parameters = [{"name": "phase", "value": argument}]
    written = {"source": {"script": "drain.sh"}, "parameters": parameters, **properties}
    body = {"location": "westeurope", "properties": written}
    return simulation.raw("PUT", at(simulation, instance, argument), body)


def shown(simulation: Simulation, instance: str = "0", name: str = "drain", query: str = EXPANDED) -> dict[str, Any]:
    reply = simulation.raw("GET", at(simulation, instance, name) + query)
    assert reply.status == 200, reply.body
    properties: dict[str, Any] = json.loads(reply.body)["properties"]
    return properties


def poll(simulation: Simulation, reply: Reply) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(simulation.raw("GET", str(header(reply, "azure-asyncoperation"))).body)
    return answer


def test_a_command_is_put_runs_and_is_deleted(small: Simulation) -> None:
    created = put(small)
    assert (created.status, header(created, "azure-asyncnotification")) == (201, "Enabled")
    assert (header(created, "location"), header(created, "retry-after")) == (None, None)
    body = json.loads(created.body)
    assert body["id"].endswith("/virtualMachines/0/runCommands/drain")
    assert body["type"] == "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommands"
    assert list(body["properties"]) == [
        "source", "parameters", "timeoutInSeconds", "provisioningState", "asyncExecution"
    ]  # fmt: skip
    assert body["properties"]["provisioningState"] == "Creating"
    assert settle(small, created)["status"] == "Succeeded"
    deleted = small.raw("DELETE", at(small))
    assert (deleted.status, deleted.body, bool(header(deleted, "location"))) == (202, b"", True)
    assert shown(small)["provisioningState"] == "Deleting"
    assert settle(small, deleted)["status"] == "Succeeded"
    assert error_of(small.raw("GET", at(small))) == (404, "NotFound")
    assert [(each.name, each.state, each.exists) for each in small.azure.commands] == [("drain", "Succeeded", False)]


def test_a_command_shows_the_state_of_its_script_at_each_moment(small: Simulation) -> None:
    put(small)
    seen = []
    for moment in (1, BEGUN, ENDED, SETTLED):
        small.clock.sleep(moment - small.clock.now())
        properties = shown(small)
        view = properties["instanceView"]
        seen.append((properties["provisioningState"], view["executionState"], "startTime" in view, "endTime" in view))
    assert seen == [
        ("Creating", "Pending", False, False),
        ("Creating", "Running", True, False),
        ("Creating", "Succeeded", True, True),
        ("Succeeded", "Succeeded", True, True),
    ]


def test_the_view_is_shown_where_it_is_asked_for(small: Simulation) -> None:
    settle(small, put(small))
    assert "instanceView" not in shown(small, query="")
    listed = f"{small.set_path}/virtualMachines/0/runCommands"
    for query, expanded in (("", False), (EXPANDED, True)):
        (only,) = json.loads(small.raw("GET", listed + query).body)["value"]
        assert (only["name"], "instanceView" in only["properties"]) == ("drain", expanded)
    assert json.loads(small.raw("GET", listed.replace("/0/", "/1/")).body) == {"value": []}


def test_provisioning_succeeds_although_the_script_fails() -> None:
    simulation = guest("instance: '0', argument: drain, exit_code: 3, output: 'half way', error: 'no route'")
    assert settle(simulation, put(simulation))["status"] == "Succeeded"
    view = shown(simulation)["instanceView"]
    assert shown(simulation)["provisioningState"] == "Succeeded"
    assert {key: view[key] for key in ("exitCode", "executionState", "executionMessage", "output", "error")} == {
        "exitCode": 3,
        "executionState": "Failed",
        "executionMessage": "Execution failed: failed to execute command: command terminated with exit status=3",
        "output": "half way",
        "error": "no route",
    }
    assert simulation.azure.drained == ["0"]


def test_a_script_that_is_to_fail_the_resource_does() -> None:
    simulation = guest("exit_code: 3")
    operation = settle(simulation, put(simulation, treatFailureAsDeploymentFailure=True))
    assert (operation["status"], operation["error"]["code"]) == ("Failed", "VMExtensionProvisioningError")
    assert shown(simulation)["provisioningState"] == "Failed"


def test_the_first_behavior_that_fits_counts() -> None:
    simulation = guest("instance: '1', exit_code: 1", "argument: undrain, exit_code: 2", "exit_code: 4")
    for instance, argument in (("0", "drain"), ("0", "undrain"), ("1", "undrain")):
        settle(simulation, put(simulation, instance, argument))
    assert [(each.instance_id, each.argument, each.exit_code) for each in simulation.azure.commands] == [
        ("0", "drain", 4),
        ("0", "undrain", 2),
        ("1", "undrain", 1),
    ]


@pytest.mark.parametrize(
    ("properties", "argument"),
    [
        ({"parameters": [{"name": "a", "value": "undrain"}, {"name": "b", "value": "now"}]}, "undrain"),
        ({"parameters": [{"name": "a", "value": "one"}, {"name": "b", "value": "two"}]}, "two"),
        ({"parameters": None, "protectedParameters": [{"name": "a", "value": "drain"}]}, "drain"),
        ({"parameters": None, "source": {"script": "set -e\n/opt/drain.sh 'undrain'\n"}}, "undrain"),
        ({"parameters": None, "source": {"scriptUri": "https://x.invalid/drain.sh"}}, ""),
    ],
)
def test_the_argument_of_a_command(small: Simulation, properties: dict[str, Any], argument: str) -> None:
    put(small, **properties)
    assert [each.argument for each in small.azure.commands] == [argument]


def test_secrets_are_never_shown(small: Simulation) -> None:
    secret = [{"name": "token", "value": "geheim"}]
    created = put(small, protectedParameters=secret, runAsUser="me", runAsPassword="geheim")
    assert b"geheim" not in created.body
    assert "geheim" not in json.dumps(shown(small))


def test_a_script_that_never_ends_runs_until_it_is_deleted() -> None:
    simulation = guest("never_ends: true")
    running = put(simulation)
    simulation.clock.sleep(3600)
    assert poll(simulation, running)["status"] == "InProgress"
    assert shown(simulation)["instanceView"]["executionState"] == "Running"
    deleted = simulation.raw("DELETE", at(simulation))
    assert poll(simulation, running)["status"] == "Canceled"
    assert shown(simulation)["instanceView"]["executionState"] == "Canceled"
    assert settle(simulation, deleted)["status"] == "Succeeded"
    assert simulation.instance("0").provisioning_state == "Succeeded"


def test_a_script_is_ended_by_its_own_timeout() -> None:
    simulation = guest("never_ends: true")
    assert settle(simulation, put(simulation, timeoutInSeconds=60))["status"] == "Succeeded"
    assert shown(simulation)["instanceView"]["executionState"] == "TimedOut"
    assert simulation.azure.drained == ["0"]


def test_a_silent_agent_is_given_up_after_a_long_time() -> None:
    simulation = guest("agent_silent: true")
    waiting = put(simulation)
    simulation.clock.sleep(5000)
    assert (poll(simulation, waiting)["status"], shown(simulation)["instanceView"]["executionState"]) == (
        "InProgress",
        "Pending",
    )
    operation = settle(simulation, waiting)
    assert (operation["status"], operation["error"]["code"]) == ("Failed", "VMAgentStatusCommunicationError")
    assert shown(simulation)["provisioningState"] == "Failed"


def test_an_asynchronous_command_settles_while_its_script_runs() -> None:
    simulation = guest("seconds: 300")
    assert settle(simulation, put(simulation, asyncExecution=True), 40)["status"] == "Succeeded"
    view = shown(simulation)
    assert (view["provisioningState"], view["instanceView"]["executionState"]) == ("Succeeded", "Running")


def test_a_second_put_replaces_the_first(small: Simulation) -> None:
    settle(small, put(small))
    again = put(small, timeoutInSeconds=5)
    assert (again.status, json.loads(again.body)["properties"]["provisioningState"]) == (200, "Updating")
    settle(small, again)
    assert shown(small)["timeoutInSeconds"] == 5
    assert [each.exists for each in small.azure.commands] == [False, True]


def test_a_patch_changes_what_it_names(small: Simulation) -> None:
    settle(small, put(small))
    patched = small.raw("PATCH", at(small), {"properties": {"timeoutInSeconds": 3600}})
    assert patched.status == 200
    settle(small, patched)
    assert (shown(small)["timeoutInSeconds"], shown(small)["source"]) == (3600, {"script": "drain.sh"})


# --- what an instance is like meanwhile ---


def test_an_instance_is_updating_while_a_command_is_put_and_its_set_is_not(small: Simulation) -> None:
    put(small)
    assert [each.provisioning_state for each in small.azure.instances()] == ["Updating", *["Succeeded"] * 3]
    assert small.set_json()["properties"]["provisioningState"] == "Succeeded"
    assert all(each.available and each.latest_model_applied for each in small.azure.instances())
    small.clock.sleep(SETTLED)
    assert small.instance("0").provisioning_state == "Succeeded"


def test_commands_run_side_by_side_and_block_an_upgrade_of_their_instance_alone(small: Simulation) -> None:
    small.update_image()
    assert [put(small, each).status for each in ("0", "2")] == [201, 201]
    assert error_of(small.upgrade("0", "2")) == (409, "Conflict")
    assert small.upgrade("1").status == 202
    assert error_of(put(small, "1")) == (409, "Conflict")


def test_a_stopped_instance_runs_nothing(small: Simulation) -> None:
    settle(small, post(small, "deallocate", "0"))
    assert error_of(put(small)) == (409, "OperationNotAllowed")


def test_a_command_goes_with_its_instance(small: Simulation) -> None:
    settle(small, put(small))
    settle(small, post(small, "delete", "0"))
    assert error_of(small.raw("GET", at(small))) == (404, "NotFound")
    assert [each.exists for each in small.azure.commands] == [False]


# --- drained instances ---


def test_drained_until_undrained(small: Simulation) -> None:
    settle(small, put(small, "0"))
    settle(small, put(small, "1"))
    assert small.azure.drained == ["0", "1"]
    settle(small, put(small, "1", "undrain"))
    assert small.azure.drained == ["0"]
    assert small.azure.state()["drained"] == ["0"]


def test_an_upgrade_ends_what_a_drain_began(small: Simulation) -> None:
    small.update_image()
    settle(small, put(small))
    settle(small, small.raw("DELETE", at(small)))
    settle(small, small.upgrade("0"))
    assert small.azure.drained == []


def test_an_upgrade_that_keeps_the_old_disk_leaves_an_instance_drained() -> None:
    simulation = Simulation(SMALL + "faults: [{kind: stays-on-old-image, instance: '0'}]\n")
    simulation.update_image()
    settle(simulation, put(simulation))
    settle(simulation, simulation.upgrade("0"))
    assert simulation.azure.drained == ["0"]


@pytest.mark.parametrize(("seconds", "drained"), [(BEGUN, ["0"]), (1.0, [])], ids=["begun", "not-begun"])
def test_a_drain_that_is_deleted_has_drained_once_it_has_begun(
    small: Simulation, seconds: float, drained: list[str]
) -> None:
    put(small)
    small.clock.sleep(seconds)
    settle(small, small.raw("DELETE", at(small)))
    assert small.azure.drained == drained


@pytest.mark.parametrize("way_back", ["undrain", "upgrade"])
def test_a_drained_instance_may_be_unhealthy(way_back: str) -> None:
    simulation = guest("argument: drain, turns_unhealthy: true")
    simulation.update_image()
    settle(simulation, put(simulation))
    assert simulation.instance("0").healthy is False
    settle(simulation, put(simulation, "0", "undrain") if way_back == "undrain" else simulation.upgrade("0"))
    assert simulation.instance("0").healthy is True


# --- what it costs ---


def test_a_put_and_a_delete_spend_the_buckets_that_are_recorded(small: Simulation) -> None:
    assert header(put(small), "x-ms-ratelimit-remaining-resource") == (
        "Microsoft.Compute/VMScaleSetVMActionsSubscriptionMaximum;1999,"
        "Microsoft.Compute/VMScaleSetVMActionsResource;11,"
        "Microsoft.Compute/VMScaleSetBatchedVMRequestsSubscriptionMaximum;5999,"
        "Microsoft.Compute/VmssQueuedVMOperations;0"
    )
    got = small.raw("GET", at(small))
    assert header(got, "x-ms-ratelimit-remaining-resource") == (
        "Microsoft.Compute/GetVMScaleSetVMSubscriptionMaximum;5999,Microsoft.Compute/GetVMScaleSetVMResource;35"
    )
    assert header(got, "x-ms-request-charge") is None
    deleted = small.raw("DELETE", at(small))
    assert header(deleted, "x-ms-ratelimit-remaining-resource") == (
        "Microsoft.Compute/DeleteVMScaleSetVMSubscriptionMaximum;1999,"
        "Microsoft.Compute/DeleteVMScaleSetVMResource;11,"
        "Microsoft.Compute/VMScaleSetBatchedVMRequestsSubscriptionMaximum;5998,"
        "Microsoft.Compute/VmssQueuedVMOperations;0"
    )
    assert header(deleted, "x-ms-request-charge") == "1"


def test_twelve_puts_at_once_are_the_most_of_one_set() -> None:
    simulation = Simulation(SMALL.replace("[2, 2]", "[13]"))
    statuses = [put(simulation, str(number)).status for number in range(13)]
    assert statuses == [201] * 12 + [429]


# --- the older action ---


@pytest.mark.parametrize(
    ("model", "output"),
    [
        (
            "",
            [("ProvisioningState/succeeded", "Enable succeeded: \n[stdout]\nhello\n[stderr]\noops")],
        ),
        (
            "model: {properties: {virtualMachineProfile: {osProfile: {linuxConfiguration: null,"
            " windowsConfiguration: {}}, storageProfile: {osDisk: {osType: Windows}}}}}\n",
            [("ComponentStatus/StdOut/succeeded", "hello"), ("ComponentStatus/StdErr/succeeded", "oops")],
        ),
    ],
    ids=["linux", "windows"],
)
def test_the_older_action_answers_with_the_output(model: str, output: list[tuple[str, str]]) -> None:
    simulation = guest("exit_code: 7, output: hello, error: oops", base=SMALL + model)
    path = f"{simulation.set_path}/virtualMachines/0/runCommand"
    accepted = simulation.raw("POST", path, {"commandId": "RunShellScript", "script": ["drain.sh", "drain"]})
    assert (accepted.status, accepted.body) == (202, b"")
    assert "properties" not in poll(simulation, accepted)
    assert error_of(simulation.raw("POST", path, {"commandId": "RunShellScript"})) == (409, "Conflict")
    value = settle(simulation, accepted)["properties"]["output"]["value"]
    assert [(each["code"], each["message"]) for each in value] == output
    assert json.loads(simulation.raw("GET", str(header(accepted, "location"))).body) == {"value": value}
    assert simulation.azure.commands == []


# --- machines of a Flexible set, and the SDK ---


def test_a_machine_of_a_flexible_set_has_commands_by_its_own_address() -> None:
    simulation = Simulation(FLEXIBLE)
    name = simulation.azure.instances()[0].instance_id
    group = simulation.set_path.rsplit("/", 2)[0]
    path = f"{group}/virtualMachines/{name}/runCommands/drain"
    created = simulation.raw("PUT", path, {"location": "x", "properties": {"source": {"script": "a.sh drain"}}})
    assert (created.status, json.loads(created.body)["id"]) == (201, path)
    assert json.loads(created.body)["type"] == "Microsoft.Compute/virtualMachines/runCommands"
    assert header(created, "x-ms-ratelimit-remaining-resource") == (
        "Microsoft.Compute/UpdateVMSubscriptionMaximum;1499,Microsoft.Compute/UpdateVMResource;11"
    )
    settle(simulation, created)
    assert simulation.azure.drained == [name]
    under_the_set = simulation.raw("PUT", at(simulation, name), {"properties": {"source": {"script": "x"}}})
    assert error_of(under_the_set) == (400, "InvalidParameter")


@pytest.mark.parametrize("flexible", [False, True])
def test_the_sdk_drains_an_instance(flexible: bool) -> None:
    simulation = Simulation(FLEXIBLE if flexible else SMALL)
    group, name = simulation.where
    instance = simulation.azure.instances()[0].instance_id
    if flexible:
        commands: Any = simulation.compute.virtual_machine_run_commands
        where, get = (group, instance, "drain"), commands.get_by_virtual_machine
    else:
        commands = simulation.compute.virtual_machine_scale_set_vm_run_commands
        where, get = (group, name, instance, "drain"), commands.get
    command = VirtualMachineRunCommand(
        {"location": "westeurope", "properties": {"source": {"script": "drain.sh drain"}, "timeoutInSeconds": 900}}
    )
    poller = commands.begin_create_or_update(*where, command)
    made = poller.result()
    assert made.provisioning_state == "Succeeded"
    view = get(*where, expand="instanceView").instance_view
    assert (view.execution_state, view.exit_code) == ("Succeeded", 0)
    assert simulation.azure.drained == [instance]
    commands.begin_delete(*where).result()
    with pytest.raises(HttpResponseError, match="not found"):
        get(*where)


# --- refusals ---


@pytest.mark.parametrize(
    ("properties", "parameter"),
    [
        ({"source": None}, "source"),
        ({"parameters": "drain"}, "parameters"),
        ({"timeoutInSeconds": -1}, "timeoutInSeconds"),
    ],
)
def test_a_malformed_command_is_refused(small: Simulation, properties: dict[str, Any], parameter: str) -> None:
    reply = put(small, **properties)
    assert error_of(reply) == (400, "InvalidParameter")
    assert json.loads(reply.body)["error"]["target"] == parameter
    assert small.azure.commands == []


def test_a_missing_command_or_instance_is_not_found(small: Simulation) -> None:
    assert small.raw("DELETE", at(small)).status == 204
    assert error_of(small.raw("PATCH", at(small), {"properties": {}})) == (404, "NotFound")
    assert error_of(put(small, "9")) == (404, "NotFound")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{exit_kode: 3}", "guest[0].exit_kode: is not known; did you mean 'exit_code'?"),
        ("{exit_code: '3'}", "guest[0].exit_code: must be a number"),
        ("{argument: 3}", "guest[0].argument: must be text"),
    ],
)
def test_a_wrong_behavior_is_named(entry: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse_scenario(SMALL + f"guest: [{entry}]\n", "test", "test.yml")
    assert problem in str(error.value)


# --- the contract ---


@pytest.fixture(scope="module")
def types() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(
        (needed_contract_dir() / "openapi/2026-04-01/bicep-types.json").read_text(encoding="utf-8")
    )
    return loaded


def named(types: list[dict[str, Any]], name: str) -> set[str]:
    """Return the names of the properties of a type of the newest api-version."""
    return set(next(each for each in types if each.get("name") == name)["properties"])


@pytest.mark.parametrize("behavior", ["exit_code: 3", "never_ends: true", "agent_silent: true"])
def test_a_command_has_the_properties_of_the_newest_description(types: list[dict[str, Any]], behavior: str) -> None:
    simulation = guest(behavior)
    put(simulation, timeoutInSeconds=60, runAsUser="me", treatFailureAsDeploymentFailure=False)
    states = {each["value"] for each in types if each["$type"] == "StringLiteralType"}
    for _ in range(4):
        simulation.clock.sleep(20)
        properties = shown(simulation)
        assert set(properties) <= named(types, "VirtualMachineRunCommandProperties")
        assert set(properties["instanceView"]) <= named(types, "VirtualMachineRunCommandInstanceView")
        assert properties["instanceView"]["executionState"] in states


def test_the_statuses_are_those_that_the_sdk_accepts(small: Simulation) -> None:
    file = needed_contract_dir() / "openapi/2026-04-01/sdk-39.0.0-operations.json"
    accepted = {
        (each["http_method"], each["path"].rsplit("/", 1)[-1]): each["accepted_status"]
        for each in json.loads(file.read_text(encoding="utf-8"))["operations"]
        if each["client"] == "VirtualMachineScaleSetVMRunCommands" or each["method_name"] == "run_command"
    }
    for method in ("PUT", "PUT", "PATCH", "GET", "DELETE"):
        body = {"location": "x", "properties": {"source": {"script": "x"}}}
        status = small.raw(method, at(small), None if method in ("GET", "DELETE") else body).status
        assert status in accepted[method, "{runCommandName}"]
        small.clock.sleep(60)
    assert small.raw("DELETE", at(small)).status in accepted["DELETE", "{runCommandName}"]
    invoked = small.raw("POST", f"{small.set_path}/virtualMachines/0/runCommand", {"commandId": "RunShellScript"})
    assert invoked.status in accepted["POST", "runCommand"]
