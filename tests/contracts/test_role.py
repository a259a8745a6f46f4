"""The custom role in README.md contains exactly the actions that whole runs request."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.playing import Played, play, play_once
from harness.scenarios import fleet_of, on_request
from vmss_upgrade.rollout.checks.rights import needed_actions

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
ROLE = {action.lower() for action in json.loads(re.findall(r"```json\n(.*?)```", README, re.DOTALL)[0])["Actions"]}
# actions that a run can do without: as the request's path names them -> as Azure calls them
OPTIONAL = {
    "microsoft.compute/features/read": "Microsoft.Features/providers/features/read",
    "microsoft.compute/skus/read": "Microsoft.Compute/skus/read",
}
# what every upgrade does
ALWAYS = {
    "microsoft.authorization/permissions/read",
    "microsoft.compute/locations/operations/read",
    "microsoft.compute/virtualmachinescalesets/manualupgrade/action",
    "microsoft.compute/virtualmachinescalesets/read",
    "microsoft.compute/virtualmachinescalesets/rollingupgrades/read",
    "microsoft.compute/virtualmachinescalesets/write",
}
INSTANCES = "microsoft.compute/virtualmachinescalesets/virtualmachines/read"
MACHINES = "microsoft.compute/virtualmachines/read"
PLATFORM = "microsoft.compute/locations/publishers/artifacttypes/offers/skus/versions/read"
# scenario -> what its set and its image need besides
SCENARIOS = {
    "happy": {INSTANCES, PLATFORM},
    "latest": {INSTANCES, PLATFORM},
    "flexible": {MACHINES, PLATFORM},
    "managed-image": {INSTANCES, "microsoft.compute/images/read"},
    "gallery-latest": {
        INSTANCES,
        "microsoft.compute/galleries/images/read",
        "microsoft.compute/galleries/images/versions/read",
    },
    "shared-gallery": {
        INSTANCES,
        "microsoft.compute/locations/sharedgalleries/images/read",
        "microsoft.compute/locations/sharedgalleries/images/versions/read",
    },
    "community-gallery": {
        INSTANCES,
        "microsoft.compute/locations/communitygalleries/images/read",
        "microsoft.compute/locations/communitygalleries/images/versions/read",
    },
    "repairs": {
        INSTANCES,
        PLATFORM,
        "microsoft.compute/virtualmachinescalesets/instanceview/read",
        "microsoft.compute/virtualmachinescalesets/setorchestrationservicestate/action",
    },
}
# Azure refuses its list with the views in it, so each machine is read by itself
STUBS = fleet_of(
    [4],
    fleet={"orchestration": "Flexible", "health": "extension"},
    faults=[on_request("instances", nth=1, status=400, code="InvalidParameter")],
)
OF_STUBS = {MACHINES, PLATFORM, "microsoft.compute/virtualmachines/instanceview/read"}


def action_of(method: str, path: str) -> str:
    """Return the action that Resource Manager checks: namespace and types of the path, without the names."""
    namespace, *rest = path.lower().rpartition("/providers/")[2].strip("/").split("/")
    verb = {"GET": "read", "PATCH": "write", "POST": "action"}[method]
    return "/".join((namespace, *rest[::2], verb))


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web", "a.b/sets/read"),
        ("GET", "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web/machines", "a.b/sets/machines/read"),
        ("POST", "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web/start", "a.b/sets/start/action"),
        ("PATCH", "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web", "a.b/sets/write"),
        (
            "GET",
            "/subscriptions/s/resourceGroups/g/providers/A.B/sets/web/providers/C/permissions",
            "c/permissions/read",
        ),
    ],
)
def test_the_action_of_a_request(method: str, path: str, action: str) -> None:
    assert action_of(method, path) == action


def used_by(played: Played) -> set[str]:
    """Return the actions of a run that succeeds, without the optional ones."""
    assert played.outputs["outcome"] == "succeeded"
    requests = [request for request in played.azure.requests if request.path[:2] == "/s"]
    return {action_of(request.method, request.path) for request in requests} - OPTIONAL.keys()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_uses_exactly_its_actions(scenario: str) -> None:
    assert used_by(play_once(scenario)) == ALWAYS | SCENARIOS[scenario]


def test_machines_without_views_in_their_list_need_one_more_action(tmp_path: Path) -> None:
    assert used_by(play(STUBS, tmp_path)) == ALWAYS | OF_STUBS


def test_the_role_has_exactly_the_used_actions() -> None:
    assert ALWAYS.union(OF_STUBS, *SCENARIOS.values()) == ROLE


@pytest.mark.parametrize("given", [{"scale-set": "wbe"}, {"image-version": "22.04.9"}], ids=["scale-set", "version"])
def test_looking_for_what_was_meant_needs_no_other_action(given: dict[str, str], tmp_path: Path) -> None:
    played = play(fleet_of(), tmp_path, inputs=given)
    requests = [request for request in played.azure.requests if request.path[:2] == "/s"]
    assert {action_of(request.method, request.path) for request in requests} <= ROLE


def test_optional_actions_are_named_outside_the_role() -> None:
    beside = re.sub(r"```json\n(.*?)```", "", README, flags=re.DOTALL)
    assert [action for action in OPTIONAL.values() if f"`{action}`" not in beside] == []
    assert not {action.lower() for action in OPTIONAL.values()} & ROLE


def test_the_checked_rights_are_in_the_role() -> None:
    for is_flexible in (True, False):
        needed = needed_actions(
            is_flexible=is_flexible, writes_model=True, upgrades_instances=True, suspends_repairs=True
        )
        assert {action.lower() for action in needed} <= ROLE
