"""The action sends only the requests that SECURITY.md promises, in every scenario and for every error text."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import VirtualClock, fault_names, load_scenario, scenario_names
from harness.playing import one_clock, play, play_once
from harness.roles import ROLES, action_of
from harness.rows import scenario_rows
from harness.scenarios import REPAIRS as REPAIRED
from harness.scenarios import fleet_of, on_request
from harness.wire import Request
from permitted import complaint

SET = "https://a.test/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/web"
REPAIRS = '{"serviceName": "AutomaticRepairs", "action": "Suspend"}'
STORAGE = {"imageReference": {"publisher": "p", "offer": "o", "sku": "s", "version": "1"}}


def image(storage: Any = STORAGE, **more: Any) -> str:
    return json.dumps({"properties": {"virtualMachineProfile": {"storageProfile": storage}}, **more})


ALLOWED = {
    "get": ("GET", f"{SET}/anything?$expand=x", b""),
    "token": ("POST", "https://login.test/tenant/oauth2/v2.0/token", b"grant_type=client_credentials"),
    "image": ("PATCH", f"{SET}?api-version=1", image()),
    "gallery": ("PATCH", SET, image({"imageReference": {"id": "/x"}}).encode()),
    "vhd": ("PATCH", SET, image({"osDisk": {"image": {"uri": "https://x"}}})),
    "upgrade": ("POST", f"{SET}/manualupgrade?api-version=1", '{"instanceIds": ["1", "2"]}'),
    "repairs": ("POST", f"{SET}/setOrchestrationServiceState", REPAIRS),
}  # fmt: skip

# with `surge` alone
SURGING = {
    "capacity": ("PATCH", SET, '{"sku": {"name": "D2", "tier": "Standard", "capacity": 8}}'),
    "delete-instances": ("POST", f"{SET}/delete?api-version=1", '{"instanceIds": ["7"]}'),
}
SCRIPT = {"source": {"script": "x"}, "timeoutInSeconds": 900, "asyncExecution": False}
COMMAND = json.dumps({"location": "we", "properties": {**SCRIPT, "parameters": [{"name": "", "value": "drain"}]}})
MACHINE = SET.replace("virtualMachineScaleSets/web", "virtualMachines/web_1")
# with `drain-command` alone
DRAINING = {
    "drain": ("PUT", f"{SET}/virtualMachines/1/runCommands/vmss-upgrade-drain?api-version=1", COMMAND),
    "undrain-a-machine": ("PUT", f"{MACHINE}/runCommands/vmss-upgrade-undrain", COMMAND),
    "delete-a-command": ("DELETE", f"{SET}/virtualMachines/1/runCommands/vmss-upgrade-undrain", b""),
}

FORBIDDEN = {
    "delete": ("DELETE", SET, b""),
    "put": ("PUT", SET, image()),
    "get-with-a-body": ("GET", SET, b"x"),
    "register": ("POST", "https://a.test/subscriptions/s/providers/Microsoft.Compute/register", b""),
    "deallocate": ("POST", f"{SET}/deallocate", b""),
    "capacity": ("PATCH", SET, image(sku={"capacity": 0})),
    "disk-size": ("PATCH", SET, image({**STORAGE, "osDisk": {"diskSizeGB": 1}})),
    "no-version": ("PATCH", SET, image({"imageReference": {"publisher": "p"}})),
    "of-an-instance": ("PATCH", f"{SET}/virtualMachines/1", image()),
    "another-size": ("PATCH", SET, '{"sku": {"name": "D2", "capacity": 8}, "tags": {}}'),
    "delete-all": ("POST", f"{SET}/delete", '{"instanceIds": ["*"]}'),
    "delete-no-names": ("POST", f"{SET}/delete", b""),
    "all-instances": ("POST", f"{SET}/manualupgrade", '{"instanceIds": ["*"]}'),
    "no-instances": ("POST", f"{SET}/manualupgrade", b"{}"),
    "another-action": ("POST", f"{SET}/reimage", '{"instanceIds": ["1"]}'),
    "another-service": ("POST", f"{SET}/setOrchestrationServiceState", '{"serviceName": "X", "action": "Suspend"}'),
    "command-of-others": ("PUT", f"{SET}/virtualMachines/1/runCommands/other", COMMAND),
    "command-of-the-set": ("PUT", f"{SET}/runCommands/vmss-upgrade-drain", COMMAND),
    "command-as-a-user": ("PUT", DRAINING["drain"][1], COMMAND.replace("asyncExecution", "runAsUser")),
    "delete-an-instance": ("DELETE", f"{SET}/virtualMachines/1", b""),
    "patch-without-a-body": ("PATCH", SET, b""),
    "token-path-below-the-set": ("POST", f"{SET}/tenant/oauth2/v2.0/token", b""),
}  # fmt: skip


@pytest.mark.parametrize(("method", "url", "body"), ALLOWED.values(), ids=ALLOWED)
def test_a_promised_request_is_permitted(method: str, url: str, body: bytes | str) -> None:
    assert complaint(method, url, body) == ""


@pytest.mark.parametrize(("method", "url", "body"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_any_other_request_is_not_permitted(method: str, url: str, body: bytes | str) -> None:
    assert complaint(method, url, body, ("drain-command",))


@pytest.mark.parametrize(("method", "url", "body"), DRAINING.values(), ids=DRAINING)
def test_a_run_command_needs_its_input(method: str, url: str, body: bytes | str) -> None:
    assert complaint(method, url, body, ("drain-command",)) == ""
    assert complaint(method, url, body)


@pytest.mark.parametrize(("method", "url", "body"), SURGING.values(), ids=SURGING)
def test_a_request_of_a_surge_needs_its_input(method: str, url: str, body: str) -> None:
    assert complaint(method, url, body)
    assert complaint(method, url, body, ["surge"]) == ""


@pytest.mark.parametrize(("method", "url", "body"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_surge_permits_nothing_more(method: str, url: str, body: bytes | str) -> None:
    assert complaint(method, url, body, ["surge"])


def test_a_run_with_surge_makes_only_its_requests(tmp_path: Path) -> None:
    played = play(fleet_of(asked={"surge": "1"}), tmp_path)
    assert complaints(played.sent, ["surge"]) == []
    assert len(complaints(played.sent)) == 2, "the capacity, and the deletion"


def complaints(sent: list[Request], inputs: Collection[str] = ()) -> list[str]:
    assert sent
    return [said for each in sent if (said := complaint(each.method, each.url, each.body, inputs))]


def test_a_set_in_mode_rolling_is_written_and_cancelled_and_no_more(tmp_path: Path) -> None:
    lenient = {"maxUnhealthyInstancePercent": 100, "maxUnhealthyUpgradedInstancePercent": 100}
    policy = {"mode": "Rolling", "rollingUpgradePolicy": lenient}
    asked, bad = {"strategy": "native"}, [{"kind": "comes-up-unhealthy", "instance": "0"}]
    played = play(fleet_of(asked=asked, model={"properties": {"upgradePolicy": policy}}, faults=bad), tmp_path)
    assert complaints(played.sent, ["native"]) == []
    assert len(complaints(played.sent)) == 1, "the cancellation, which leaves for no other set"


WRITES = {name: each for name, each in (ALLOWED | SURGING | DRAINING).items() if name not in ("get", "token")}


@pytest.mark.parametrize(("method", "url", "body"), WRITES.values(), ids=WRITES)
def test_a_rehearsal_may_write_nothing(method: str, url: str, body: bytes | str) -> None:
    assert complaint(method, url, body, ("rehearse", "surge", "drain-command", "native"))


@pytest.mark.parametrize(
    "name", ["rolling", *(pytest.param(name, marks=pytest.mark.sweep) for name in ("happy", "flexible", "repairs"))]
)
def test_a_rehearsal_only_reads(name: str, tmp_path: Path) -> None:
    played = play(name, tmp_path, inputs={"operation": "rehearse"})
    assert complaints(played.sent, ["rehearse"]) == []
    assert {each.method for each in played.azure.requests if not each.path.endswith("/token")} == {"GET"}
    assert "This is a simulation on a copy of the scale set" in played.log


def test_a_drain_sends_no_other_request(tmp_path: Path) -> None:
    played = play(fleet_of(asked={"drain-command": "x"}), tmp_path)
    assert complaints(played.sent, ("drain-command",)) == []
    assert complaints(played.sent), "without the input it would be none of the promised ones"


PLAYED = [name for name in (*scenario_names(), *fault_names()) if name != "large"]


@pytest.mark.parametrize("name", scenario_rows(PLAYED))
def test_no_scenario_makes_another_request(name: str) -> None:
    played = play_once(name)
    scenario = load_scenario(name)
    rolls = scenario.scale_set.model["properties"]["upgradePolicy"]["mode"] == "Rolling"
    assert complaints(played.sent, [*scenario.inputs, *(["native"] if rolls else [])]) == []
    asked = {action_of(each.method, each.path) for each in played.azure.requests if each.path[:2] == "/s"}
    assert asked - set().union(*ROLES.values()) == set(), "no role of examples/roles has this action"


# route -> the number of the request to it
CALLS = {"set": 3, "instances": 2, "image": 1, "patch": 1, "upgrade": 1, "repairs": 1, "poll": 3}

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/simulated-group/providers/Microsoft.Compute"
THE_SET = "virtualMachineScaleSets/simulated-set"
UNREGISTERED = "MissingSubscriptionRegistration"
REGISTER = "The subscription is not registered to use namespace '{}'. See https://aka.ms/rps-not-found."
# code and message
TEXTS = {
    "registration": (UNREGISTERED, REGISTER.format("Microsoft.Compute")),
    "deallocate": (UNREGISTERED, REGISTER.format(f"Microsoft.Compute/{THE_SET}/deallocate?")),
    "delete": (UNREGISTERED, REGISTER.format(f"x/../../{THE_SET}/delete#")),
    "a-host": (UNREGISTERED, REGISTER.format("https://evil.test/x")),
    "other-case": (UNREGISTERED.lower(), f"POST {GROUP}/{THE_SET}/deallocate"),
    "agreement": ("MarketplacePurchaseEligibilityFailed", "Accept the terms: POST https://azure.invalid/sign"),
    "feature": ("SubscriptionNotRegisteredForFeature", "Register Microsoft.Compute/VMSSFlexRollingUpgrade first."),
    "conflict": ("Conflict", f"DELETE {GROUP}/{THE_SET} and try again."),
}


def everywhere() -> Iterator[Any]:
    """Yield every text at every call: the first, which the SDK obeys by itself, and one of the others for each call in
    `make test`, the rest in `make sample`.
    """
    for row, call in enumerate(CALLS):
        for column, text in enumerate(TEXTS):
            marks = [] if column in (0, 1 + row % 7) else [pytest.mark.sweep]
            yield pytest.param(call, text, id=f"{call}-{text}", marks=marks)


@pytest.mark.parametrize(("call", "text"), list(everywhere()))
def test_no_text_becomes_a_request(call: str, text: str, tmp_path: Path) -> None:
    code, message = TEXTS[text]
    fault = on_request(call, nth=CALLS[call], count=3, status=409, code=code, message=message)
    repaired = fleet_of(model=REPAIRED, faults=[fault])
    clock = VirtualClock()
    with one_clock(clock):
        played = play(repaired, tmp_path, inputs={"suspend-repairs": "true"}, clock=clock)
    assert complaints(played.sent) == []
    assert 409 in [request.status for request in played.azure.requests], "the fault never struck"
