"""The roles in examples/roles contain exactly the actions that whole runs request, each at the scope of its role."""

from __future__ import annotations

import json
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.playing import play
from harness.roles import ROLES, action_of
from harness.scenarios import REPAIRS, fleet_of, on_request
from harness.wire import altered
from vmss_upgrade.rollout.checks import rights
from vmss_upgrade.rollout.checks.rights import needed_actions, role_with

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs/signing-in.md").read_text(encoding="utf-8")
BICEP = (PROJECT / "examples/roles/main.bicep").read_text(encoding="utf-8")

SET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/simulated-set"
# Azure refuses its list with the views in it, so each machine is read by itself
STUBS = fleet_of(
    [4],
    fleet={"orchestration": "Flexible", "health": "extension"},
    faults=[on_request("instances", nth=1, status=400, code="InvalidParameter")],
)
SURGING = fleet_of(asked={"surge": "1"})
LENIENT = {"maxUnhealthyInstancePercent": 100, "maxUnhealthyUpgradedInstancePercent": 100}
ROLLED = fleet_of(
    asked={"strategy": "native"},
    model={"properties": {"upgradePolicy": {"mode": "Rolling", "rollingUpgradePolicy": LENIENT}}},
    faults=[{"kind": "comes-up-unhealthy", "instance": "0"}],
)
PAUSED = fleet_of(model=REPAIRS, asked={"suspend-repairs": "true"})
DRAINED = {"drain-command": "systemctl $1 web"}
DRAINS = (
    fleet_of(asked=DRAINED),
    fleet_of([2], {**DRAINED, "batch-size": "1"}, fleet={"orchestration": "Flexible", "health": "extension"}),
)
TYPOS = ({"scale-set": "wbe"}, {"image-version": "22.04.9"})  # what was meant instead is looked for

FLEXIBLE = fleet_of([4], fleet={"orchestration": "Flexible", "health": "extension"})
# each of them asks for something that the others do not
SCENARIOS = ("latest", "managed-image", "gallery-latest", "shared-gallery", "community-gallery")
GALLERY = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/i/providers/Microsoft.Compute/galleries/g"
FROM_GALLERY = fleet_of(
    inputs={"image-id": f"{GALLERY}/images/new/versions/2.0.0"},
    fleet={"image": {"id": f"{GALLERY}/images/old/versions/1.0.0"}},
    images=[
        {"id": f"{GALLERY}/images/{name}", "versions": [f"{number}.0.0"]} for number, name in ((1, "old"), (2, "new"))
    ],
)


def for_one_disk_controller(path: str, body: Any) -> Any:
    """Make the new image fit only some VM sizes, and let the set not show its own: the list of sizes is read."""
    if path.endswith("/images/new"):
        body["properties"]["features"] = [{"name": "DiskControllerTypes", "value": "SCSI"}]
    if path.endswith("/virtualmachinescalesets/simulated-set"):
        body["properties"]["virtualMachineProfile"]["storageProfile"].pop("diskControllerType", None)
    return body


Requests = frozenset[tuple[str, str]]


def requests_of(azure: Any) -> Requests:
    """Return method and path, in lower case, of every request to Resource Manager."""
    return frozenset((each.method, each.path.lower()) for each in azure.requests if each.path[:2] == "/s")


@cache
def used() -> Requests:
    """Return the requests of runs that together ask for everything: test_permitted_requests plays all scenarios."""
    folder = Path(tempfile.mkdtemp(prefix="vmss-upgrade-test-"))
    scenarios = (STUBS, PAUSED, FLEXIBLE, *DRAINS, SURGING, ROLLED)
    played = [play(name, folder, inputs={"operation": "plan"}) for name in SCENARIOS]  # they differ in reads alone
    played += [play(each, folder) for each in scenarios]
    played += [play(fleet_of(), folder, inputs=given) for given in TYPOS]
    played.append(play(FROM_GALLERY, folder, interceptors=[altered(for_one_disk_controller)]))
    return frozenset[tuple[str, str]]().union(*(requests_of(each.azure) for each in played))


def actions(requests: Requests) -> set[str]:
    return {action_of(*request) for request in requests}


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web", "a.b/sets/read"),
        ("GET", "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web/machines", "a.b/sets/machines/read"),
        ("POST", "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web/start", "a.b/sets/start/action"),
        ("PATCH", "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web", "a.b/sets/write"),
        ("PUT", "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web/commands/c", "a.b/sets/commands/write"),
        ("DELETE", "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web/commands/c", "a.b/sets/commands/delete"),
        (
            "GET",
            "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web/providers/C/permissions",
            "c/permissions/read",
        ),
        (
            "GET",
            "/subscriptions/s/providers/Microsoft.Features/providers/A.B/features/x",
            "microsoft.features/providers/features/read",
        ),
    ],
)
def test_the_action_of_a_request(method: str, path: str, action: str) -> None:
    assert action_of(method, path) == action


def test_the_reader_has_exactly_the_actions_of_all_reads() -> None:
    reads = actions(frozenset(each for each in used() if each[0] == "GET"))
    assert reads - ROLES["drain"] == ROLES["reader"] | ROLES["surge-reader"]
    assert not ROLES["reader"] & ROLES["surge-reader"]


def test_the_others_have_exactly_the_actions_of_all_writes() -> None:
    writes = actions(frozenset(each for each in used() if each[0] != "GET"))
    of_commands = {action for action in ROLES["drain"] if not action.endswith("/read")}
    assert writes == ROLES["upgrader"] | ROLES["suspend-repairs"] | of_commands | ROLES["surge"] | ROLES["native"]
    assert not ROLES["upgrader"] & ROLES["suspend-repairs"]


def test_the_drainer_has_exactly_the_actions_on_run_commands() -> None:
    assert {action for action in actions(used()) if "/runcommands/" in action} == ROLES["drain"]


def test_every_write_is_one_on_the_scale_set() -> None:
    """So the roles with writes may be assigned there alone, but for the drainer of a Flexible set."""
    writes = [path for method, path in used() if method != "GET" and "/runcommands/" not in path]
    assert [path for path in writes if "/providers/microsoft.compute/virtualmachinescalesets/" not in path] == []


def test_an_action_of_an_opt_in_feature_is_used_where_its_input_is_set(tmp_path: Path) -> None:
    without = actions(requests_of(play(PAUSED, tmp_path, inputs={"suspend-repairs": "false"}).azure))
    assert not without & ROLES["suspend-repairs"]
    assert actions(requests_of(play(PAUSED, tmp_path).azure)) >= ROLES["suspend-repairs"]
    assert not without & ROLES["drain"]
    opted_in = ROLES["surge"] | ROLES["surge-reader"]
    assert not actions(requests_of(play(SURGING, tmp_path, inputs={"surge": ""}).azure)) & opted_in
    assert actions(requests_of(play(SURGING, tmp_path).azure)) >= opted_in
    assert not without & ROLES["native"]
    assert actions(requests_of(play(ROLLED, tmp_path).azure)) >= ROLES["native"]


@pytest.mark.parametrize("surges", [False, True])
@pytest.mark.parametrize("suspends_repairs", [False, True])
@pytest.mark.parametrize("is_flexible", [False, True])
@pytest.mark.parametrize("drains", [False, True])
def test_the_preflight_asks_for_actions_of_the_roles(
    is_flexible: bool, suspends_repairs: bool, drains: bool, surges: bool
) -> None:
    needed = needed_actions(
        is_flexible=is_flexible,
        writes_model=True,
        upgrades_instances=True,
        suspends_repairs=suspends_repairs,
        drains=drains,
        surges=surges,
    )
    by_file = {f"examples/roles/{name}.json": role for name, role in ROLES.items()}
    assert [action for action in needed if action.lower() not in by_file[role_with(action).file]] == []
    writes = {action.lower() for action in needed if not action.endswith("/read") and "/runCommands/" not in action}
    opted_in = (ROLES["suspend-repairs"] if suspends_repairs else set()) | (ROLES["surge"] if surges else set())
    assert writes == ROLES["upgrader"] | opted_in
    of_commands = {action.lower() for action in needed if "/runCommands/" in action}
    assert bool(of_commands) is (drains and not is_flexible)


def test_no_role_deletes_or_takes_everything() -> None:
    for action in set[str]().union(*ROLES.values()):
        assert "*" not in action
        assert not action.endswith("/delete") or "/runcommands/" in action


def test_a_role_is_called_as_its_file_calls_it() -> None:
    for role in (rights.READER, rights.UPGRADER, rights.REPAIRS, rights.DRAINER, rights.SURGE, rights.SURGE_READER):
        written = json.loads((PROJECT / role.file).read_text(encoding="utf-8"))
        assert written["Name"] == role.name
        assert (written["IsCustom"], written["AssignableScopes"]) == (True, ["/subscriptions/SUBSCRIPTION-ID"])
        assert written["NotActions"] == written["DataActions"] == written["NotDataActions"] == []
        assert f"| `{role.name}` | [{Path(role.file).name}](../{role.file}) |" in PAGE
        assert f"loadJsonContent('{Path(role.file).name}')" in BICEP


def test_the_page_names_every_action_with_its_scope() -> None:
    """Read the page's table: action -> where it is asked for."""
    named = dict(re.findall(r"^\| `(Microsoft\.[A-Za-z/]+)` \| ([^|]+?) \|", PAGE, re.MULTILINE))
    asked: dict[str, set[str]] = {}
    for method, path in used():
        asked.setdefault(action_of(method, path), set()).add(scope_of(path))
    assert {action.lower(): set(scopes.split(", ")) for action, scopes in named.items()} == asked


def scope_of(path: str) -> str:
    """Return what a role must be assigned to at least, in the words of the page."""
    if re.search("/virtualmachinescalesets/[^/]+", path):
        return "scale set"
    if re.search("/(galleries|images)/[^/]+", path) and "/resourcegroups/" in path:
        return "image"
    return "resource group" if "/resourcegroups/" in path else "subscription"


def test_the_template_adds_a_federated_credential_for_each_subject() -> None:
    """Azure replaces one of the same name, such as that of another environment."""
    text = (PROJECT / "examples/roles/identity.bicep").read_text(encoding="utf-8")
    assert re.search(r"parent: identity\n  name: 'vmss-upgrade-\$\{uniqueString\(issuer, subject\)\}'", text)
