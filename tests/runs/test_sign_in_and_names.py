"""Whole runs on signing in, on a captured set, and on names and words in unexpected forms."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Reply, SimulatedAzure, VirtualClock, with_captured_set
from harness.playing import Played, as_scenario, play, play_job
from harness.scenarios import NEW, OLD, UBUNTU, Scenario, fleet_of, on_instance
from harness.wire import Request, Send, altered, wired

FIRST, SECOND = "55555555-5555-5555-5555-555555555555", "66666666-6666-6666-6666-666666666666"
OWN_MACHINE = {
    "RUNNER_ENVIRONMENT": "self-hosted",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "",
}
NO_CREDENTIAL = ("secret", "federated credential")

# -- M: signing in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identities", "client", "words"),
    [
        pytest.param([FIRST, SECOND], SECOND, "", id="client-id-alone-names-one"),
        pytest.param([FIRST], "", "", id="the-only-one"),
        pytest.param([FIRST, SECOND], "", "has several user-assigned identities: give the client id", id="which-one"),
        pytest.param([FIRST], SECOND, "has no identity with this `client-id`", id="another-s"),
        pytest.param([], "", "assign one to it", id="none"),
    ],
)
def test_an_identity_of_the_machine_signs_in(identities: list[str], client: str, words: str, tmp_path: Path) -> None:
    scenario = fleet_of([1, 1], {"tenant-id": "", "client-id": client}, identities=identities)
    run = play(scenario, tmp_path, environ=OWN_MACHINE)
    assert run.outcome == ("refused" if words else "succeeded"), run.log
    assert words in run.log
    assert [word for word in NO_CREDENTIAL if word in run.log] == []


@pytest.mark.parametrize("secret", ["", "a-secret"], ids=["federated", "secret"])
@pytest.mark.parametrize(
    ("number", "words"),
    [
        pytest.param(90002, "`tenant-id`", id="tenant"),
        pytest.param(700016, "`client-id`", id="application"),
        pytest.param(53003, "Conditional Access policy of the tenant blocks this sign-in", id="conditional-access"),
    ],
)
def test_errors_that_no_credential_or_secret_can_fix(number: int, words: str, secret: str, tmp_path: Path) -> None:
    """These sign-ins fail for other reasons than the credential."""
    fault = {"kind": "sign-in-error", "number": number, "message": f"AADSTS{number}: No.", "count": 9}
    run = play(fleet_of([1, 1], faults=[fault]), tmp_path, inputs={"client-secret": secret})
    assert (run.outcome, run.writes) == ("refused", [])
    assert words in run.log
    assert "must have the same issuer, subject and audience" not in run.log
    assert "`client-secret`" not in run.log


def test_a_wrong_subject_is_reported_with_github_s_claims(tmp_path: Path) -> None:
    fault = {"kind": "sign-in-error", "number": 700213, "message": "AADSTS700213: No matching record.", "count": 9}
    run = play(fleet_of([1, 1], faults=[fault]), tmp_path)
    assert run.outcome == "refused"
    assert "must have the same issuer, subject and audience" in run.log
    assert "sub=" in run.log


POD = "Signing in with the token in "
GITLAB = "Signing in with GitLab's ID token"
PIPELINES = "Signing in with the service connection's OIDC token of Azure Pipelines"
PIPELINES_URL = "https://azure.invalid/o/p/_apis/oidctoken"


@pytest.mark.parametrize("way", [POD, GITLAB, PIPELINES], ids=["pod", "gitlab", "azure-pipelines"])
def test_a_token_of_another_place_signs_in(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulated Entra knows the tokens that the simulated GitHub gave out, so one of these plays the other's."""
    clock = VirtualClock()
    azure = SimulatedAzure(as_scenario(fleet_of([1, 1])), clock)
    there = azure.coordinates
    asked = azure.exchange(
        "GET",
        f"{there['oidc_request_url']}&audience=api://AzureADTokenExchange",
        {"Authorization": f"Bearer {there['oidc_request_token']}"},
        b"",
        None,
    )
    token = json.loads(asked.body)["value"]
    (tmp_path / "token").write_text(token)

    def pipeline(request: Request, send: Send) -> Reply:
        if request.url.startswith(PIPELINES_URL):
            return Reply(200, [("content-type", "application/json")], json.dumps({"oidcToken": token}).encode())
        return send(request)

    variables = {
        POD: {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")},
        GITLAB: {"GITLAB_CI": "true", "GITLAB_OIDC_TOKEN": token},
        PIPELINES: {
            "TF_BUILD": "True",
            "SYSTEM_OIDCREQUESTURI": PIPELINES_URL,
            "SYSTEM_ACCESSTOKEN": "pipeline-token",
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": FIRST,
        },
    }
    monkeypatch.setenv("SYSTEM_OIDCREQUESTURI", PIPELINES_URL)  # azure-identity reads it by itself
    environ = {"ACTIONS_ID_TOKEN_REQUEST_URL": "", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "", **variables[way]}
    asked_for = as_scenario(fleet_of([1, 1])).inputs
    run = play_job(azure, clock, tmp_path, asked_for, environ, transport=wired(azure, pipeline), name="a test")
    assert run.outcome == "succeeded", run.log
    assert way in run.log
    assert token not in run.log


# -- N: a captured set ------------------------------------------------------------------------------------------------

Json = dict[str, Any]
Change = Callable[[Json, list[Json]], None]
GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/galleries/providers/Microsoft.Compute"
SET_ID = f"{GROUP}/virtualMachineScaleSets/images"
ELSEWHERE = "/subscriptions/99999999-9999-9999-9999-999999999999/resourceGroups/versions/providers/Microsoft.Compute"
IN_GALLERY = f"{ELSEWHERE}/galleries/versions/images/galleries"
PLATFORM = {**UBUNTU, "version": OLD}
HEALTH = {
    "name": "health",
    "properties": {
        "publisher": "Microsoft.ManagedServices",
        "type": "ApplicationHealthLinux",
        "typeHandlerVersion": "1.0",
    },
}
RUNNING = [{"code": "ProvisioningState/succeeded"}, {"code": "PowerState/running"}]
VM_HEALTH = {"status": {"code": "HealthState/healthy"}}


def shown_set(orchestration: str = "Uniform") -> Json:
    profile = {
        "storageProfile": {
            "imageReference": dict(PLATFORM),
            "osDisk": {"osType": "Linux", "createOption": "FromImage"},
        },
        "extensionProfile": {"extensions": [copy.deepcopy(HEALTH)]},
    }
    properties = {
        "orchestrationMode": orchestration,
        "provisioningState": "Succeeded",
        "upgradePolicy": {"mode": "Manual"},
        "virtualMachineProfile": profile,
    }
    top = {"id": SET_ID, "name": "images", "location": "westeurope", "sku": {"name": "Standard_D2s_v5", "capacity": 3}}
    return {**top, "properties": properties}


def shown_instance(number: int) -> Json:
    view = {
        "platformUpdateDomain": number,
        "platformFaultDomain": number,
        "statuses": copy.deepcopy(RUNNING),
        "vmHealth": copy.deepcopy(VM_HEALTH),
    }
    properties = {
        "latestModelApplied": True,
        "provisioningState": "Succeeded",
        "storageProfile": {"imageReference": {**PLATFORM, "exactVersion": OLD}, "osDisk": {"osType": "Linux"}},
        "instanceView": view,
    }
    return {"instanceId": str(number), "id": f"{SET_ID}/virtualMachines/{number}", "properties": properties}


def shown_machine(number: int) -> Json:
    """Return the machine as `az vm list --show-details` prints it: flat, with details and nulls."""
    properties = shown_instance(number)["properties"]
    del properties["latestModelApplied"]
    view = {key: properties["instanceView"][key] for key in ("statuses", "vmHealth")}
    name = f"images_{number}"
    owner = {"virtualMachineScaleSet": {"id": SET_ID.upper(), "resourceGroup": "GALLERIES"}}
    printed = {"name": name, "id": f"{GROUP}/virtualMachines/{name}", "powerState": "VM running", "zones": None}
    return {**printed, "publicIps": "", "plan": None, **properties, **owner, "instanceView": view}


def play_captured(model: Json, instances: list[Json], folder: Path, asked: dict[str, str]) -> Played:
    """Run a scenario with the files of a captured set in place of its own."""
    for name, shown in (("model.json", model), ("instances.json", instances)):
        (folder / name).write_text(json.dumps(shown))
    scenario = as_scenario(fleet_of([1], {"strategy": "auto", **asked}))
    return play(with_captured_set(scenario, folder / "model.json", folder / "instances.json"), folder)


def as_it_is(model: Json, instances: list[Json]) -> None:
    pass


def on_windows(model: Json, instances: list[Json]) -> None:
    for properties in (model["properties"]["virtualMachineProfile"], *(each["properties"] for each in instances)):
        properties["storageProfile"]["osDisk"]["osType"] = "Windows"


def with_a_plan(model: Json, instances: list[Json]) -> None:
    model["plan"] = {"name": "byol", "publisher": "contoso", "product": "appliance"}


def from_a_gallery(model: Json, instances: list[Json]) -> None:
    """Name its group, gallery and image like the parts of an id, and put them into another subscription."""
    reference = {"id": f"{IN_GALLERY}/versions/1.0.0"}
    model["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"] = reference
    for each in instances:
        each["properties"]["storageProfile"]["imageReference"] = {**reference, "exactVersion": "1.0.0"}


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        pytest.param(as_it_is, {}, id="as-it-is"),
        pytest.param(on_windows, {}, id="windows"),
        pytest.param(with_a_plan, {}, id="plan"),
        pytest.param(
            from_a_gallery, {"image-version": "", "image-id": f"{IN_GALLERY}/versions/2.0.0"}, id="gallery-elsewhere"
        ),
    ],
)
def test_a_captured_set_is_upgraded_like_the_real_one(change: Change, asked: dict[str, str], tmp_path: Path) -> None:
    model, instances = shown_set(), [shown_instance(number) for number in range(3)]
    change(model, instances)
    run = play_captured(model, instances, tmp_path, asked)
    assert run.outcome == "succeeded", run.log
    assert run.upgrade_calls == [["0"], ["1"], ["2"]]


@pytest.mark.parametrize("kind", ["Uniform", "Flexible"])
def test_values_that_a_capture_lacks_are_unknown(kind: str, tmp_path: Path) -> None:
    """One report of health is missing, and one state of power: neither counts as unhealthy."""
    make = shown_machine if kind == "Flexible" else shown_instance
    instances = [make(number) for number in range(3)]
    for each, part in ((instances[1], "vmHealth"), (instances[2], "statuses")):
        del each.get("properties", each)["instanceView"][part]
    instances[2].pop("powerState", None)
    run = play_captured(shown_set(kind), instances, tmp_path, {"operation": "status", "image-version": ""})
    assert run.outcome == "reported", run.log
    assert re.search(r"no signal +Succeeded, running", run.log)
    assert re.search(r"healthy +Succeeded, not shown", run.log)
    assert "not healthy" not in run.log
    assert "not known" in run.log


def test_machines_as_the_cli_prints_them_are_upgraded(tmp_path: Path) -> None:
    run = play_captured(shown_set("Flexible"), [shown_machine(number) for number in range(3)], tmp_path, {})
    assert run.outcome == "succeeded", run.log
    assert run.upgrade_calls == [["images_0"], ["images_1"], ["images_2"]]


# -- O: other forms --------------------------------------------------------------------------------------------------

LONG = "x" * 2_000_000


def test_the_case_of_names_may_change_between_looks(tmp_path: Path) -> None:
    looks = count()

    def shout(path: str, body: Any) -> Any:
        if isinstance(body, dict) and path.endswith("/virtualmachines") and next(looks) % 2:
            for machine in body["value"]:
                machine.update(name=machine["name"].upper(), id=machine["id"].upper())
        return body

    scenario = fleet_of(
        [3],
        {"on-failure": "rollback", "health-timeout": "2m"},
        fleet={"orchestration": "Flexible", "health": "extension"},
        faults=[on_instance("comes-up-unhealthy", "simulated-set_00000001")],
    )
    run = play(scenario, tmp_path, interceptors=[altered(shout)])
    assert run.outcome == "rolled-back", run.log
    assert {state.image_version for state in run.azure.instances()} == {OLD}
    assert "vanished" not in run.log


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"image-version": ":".join((*UBUNTU.values(), NEW))}, id="urn"),
        pytest.param({"image-version": f'"{NEW}"', "scale-set": '"simulated-set"'}, id="quoted"),
    ],
)
def test_the_cli_s_spelling_is_accepted(asked: dict[str, str], tmp_path: Path) -> None:
    run = play(fleet_of([1, 1], asked), tmp_path)
    assert (run.outcome, run.ids("upgraded")) == ("succeeded", ["0", "1"]), run.log


def test_no_line_of_the_log_is_as_long_as_an_extension_s_message(tmp_path: Path) -> None:
    failing: Scenario = on_instance(
        "provisioning-failure", "0", image="new", code="VMExtensionProvisioningError", message=LONG
    )
    run = play(fleet_of([1, 1], {"on-failure": "rollback"}, faults=[failing]), tmp_path)
    assert (run.outcome, run.ids("failed")) == ("rolled-back", ["0"])
    assert "Because         batch 1 failed: instance 0: VMExtensionProvisioningError, xxx" in run.log
    assert max(map(len, run.log.splitlines())) < 6_000
