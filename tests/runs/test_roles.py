"""Whole runs of an identity that Azure holds to the roles of examples/roles, at the scopes where they are assigned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, play
from harness.roles import holding_to, shown_at
from harness.scenarios import REPAIRS, Scenario, fleet_of

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/simulated-group"
SET = f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/simulated-set"
READER, UPGRADER, SUSPENDER = (SUBSCRIPTION, "reader"), (SET, "upgrader"), (SET, "suspend-repairs")
FLEXIBLE: Scenario = {"orchestration": "Flexible", "health": "extension"}


def play_as(
    assignments: tuple[tuple[str, str], ...], folder: Path, asked: dict[str, str] | None = None, **more: Any
) -> Played:
    scenario = fleet_of(asked=asked, permissions=shown_at(SET, assignments) or "refused", **more)
    return play(scenario, folder, interceptors=[holding_to(*assignments)])


@pytest.mark.parametrize("fleet", [{}, FLEXIBLE], ids=["uniform", "flexible"])
@pytest.mark.parametrize("operation", ["plan", "status"])
def test_to_look_and_to_plan_the_reader_is_enough(operation: str, fleet: Scenario, tmp_path: Path) -> None:
    run = play_as((READER,), tmp_path, {"operation": operation}, fleet=fleet)
    assert run.outcome == {"plan": "planned", "status": "reported"}[operation], run.log
    assert "WARNING" not in run.log
    assert "AuthorizationFailed" not in run.log


@pytest.mark.parametrize("fleet", [{}, FLEXIBLE], ids=["uniform", "flexible"])
def test_reader_and_upgrader_upgrade(fleet: Scenario, tmp_path: Path) -> None:
    run = play_as((READER, UPGRADER), tmp_path, fleet=fleet)
    assert run.outcome == "succeeded", run.log
    assert "lacks" not in run.log
    assert "WARNING" not in run.log


@pytest.mark.parametrize(
    ("assignments", "asked", "words"),
    [
        pytest.param((READER,), {}, "roles/upgrader.json: az role assignment create", id="no-upgrader"),
        pytest.param(
            (READER, UPGRADER),
            {"suspend-repairs": "true"},
            "roles/suspend-repairs.json: az role assignment create",
            id="no-suspender",
        ),
    ],
)
def test_a_missing_role_is_named_before_the_first_write(
    assignments: tuple[tuple[str, str], ...], asked: dict[str, str], words: str, tmp_path: Path
) -> None:
    run = play_as(assignments, tmp_path, asked, model=REPAIRS)
    assert (run.outcome, run.writes) == ("refused", [])
    assert words in run.log


def test_repairs_are_suspended_by_a_role_of_their_own(tmp_path: Path) -> None:
    run = play_as((READER, UPGRADER, SUSPENDER), tmp_path, {"suspend-repairs": "true"}, model=REPAIRS)
    assert run.outcome == "succeeded", run.log
    without = play_as((READER, UPGRADER), tmp_path, model=REPAIRS)
    assert without.outcome == "succeeded", without.log


NO_POLLS = "The identity lacks the right to Microsoft.Compute/locations/operations/read on the subscription"
WATCHED = "The identity may not read Azure's operations (403)"


def test_without_operations_the_run_warns_before_the_write_and_watches_the_instances(tmp_path: Path) -> None:
    """The scale set's own rights are all there; nothing is assigned at the subscription."""
    scenario = fleet_of(permissions=[{"actions": ["Microsoft.Compute/virtualMachineScaleSets/*"]}])
    run = play(scenario, tmp_path, interceptors=[holding_to((GROUP, "reader"), UPGRADER)])
    assert run.outcome == "succeeded", run.log
    assert run.log.index(NO_POLLS) < run.log.index(WATCHED)
    assert run.ids("upgraded") == ["0", "1", "2", "3"]


def test_a_reader_of_the_resource_group_alone_is_warned_by_the_image_that_it_may_not_read(tmp_path: Path) -> None:
    """Azure shows the same rights at the scale set then; a platform image is read at the subscription."""
    run = play_as(((GROUP, "reader"), UPGRADER), tmp_path)
    assert run.outcome == "succeeded", run.log
    assert NO_POLLS not in run.log
    warned = "If the identity has no role there at all, Azure's operations cannot be followed either"
    assert run.log.index(warned) < run.log.index(WATCHED)
    assert run.ids("upgraded") == ["0", "1", "2", "3"]
