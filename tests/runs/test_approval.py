"""A plan in one job, its approval, and the run that is held to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.playing import Played, play
from harness.scenarios import NEW, NEW_MODEL, OLD, Scenario, fleet_of

POLICY = {"batch-size": "1", "bake-time": "5s"}


def planned(tmp_path: Path, scenario: Scenario | None = None, **inputs: str) -> str:
    """Return the hash of a plan."""
    played = play(scenario or fleet_of(), tmp_path / "plan", inputs={"operation": "plan", **POLICY, **inputs})
    assert played.outcome == "planned"
    return played.outputs["plan-hash"]


def held_to(hash_: str, tmp_path: Path, scenario: Scenario | None = None, **inputs: str) -> Played:
    """Run the upgrade of a plan that was approved."""
    return play(scenario or fleet_of(), tmp_path / "upgrade", inputs={**POLICY, **inputs, "expect-plan": hash_})


def test_the_approved_plan_is_carried_out(tmp_path: Path) -> None:
    hash_ = planned(tmp_path)
    upgraded = held_to(hash_, tmp_path)
    assert upgraded.outcome == "succeeded"
    assert upgraded.outputs["plan-hash"] == hash_


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(fleet_of((3, 3)), id="scaled-out"),
        pytest.param(fleet_of(fleet={"image": NEW_MODEL}, instances={"0": {"image": OLD}}), id="begun-by-another-run"),
    ],
)
def test_an_approval_outlives_what_instances_do(now: Scenario, tmp_path: Path) -> None:
    assert held_to(planned(tmp_path), tmp_path, now).outcome == "succeeded"


def test_latest_that_means_the_approved_version_passes(tmp_path: Path) -> None:
    assert held_to(planned(tmp_path), tmp_path, **{"image-version": "latest"}).outcome == "succeeded"


@pytest.mark.parametrize(
    ("plan", "now", "said"),
    [
        pytest.param(
            {"image-version": OLD, "min-healthy": "1"},
            {"image-version": NEW, "min-healthy": "1"},
            ["What is to be done has changed"],
            id="image",
        ),
        pytest.param({}, {"batch-size": "2"}, ["How it is to be done has changed"], id="policy"),
        pytest.param({}, {"instance-ids": "0"}, ["How it is to be done has changed"], id="selection"),
        pytest.param(
            {"image-version": OLD},
            {"image-version": NEW, "batch-size": "2"},
            ["What is to be done has changed", "How it is to be done has changed"],
            id="both",
        ),
        pytest.param({}, {"operation": "plan", "timeout": "1h"}, ["How it is to be done has changed"], id="a-plan"),
    ],
)
def test_another_plan_is_refused_before_anything_is_written(
    plan: dict[str, str], now: dict[str, str], said: list[str], tmp_path: Path
) -> None:
    before = fleet_of(fleet={"image": NEW_MODEL}) if plan else fleet_of()
    refused = held_to(planned(tmp_path, before, **plan), tmp_path, **now)
    assert (refused.exit_code, refused.outcome, refused.writes) == (1, "refused", [])
    refusals = [found["message"] for found in refused.record["findings"] if found["severity"] == "refuse"]
    assert [message.partition(" since")[0] for message in refusals] == said
    assert all(message in refused.log for message in refusals)
    assert refused.outputs["plan-hash"] == "", "there is no plan that stands"


def test_a_malformed_hash_is_a_problem_of_the_input(tmp_path: Path) -> None:
    played = held_to("succeeded", tmp_path)
    assert (played.outcome, played.azure.requests) == ("refused", [])
    assert "expect-plan: 'succeeded' is not the hash of a plan" in played.log


def test_a_status_does_not_look_at_it(tmp_path: Path) -> None:
    assert held_to("01234567-89abcdef", tmp_path, operation="status").outcome == "reported"


def test_the_hash_of_a_plan_is_in_log_and_summary(tmp_path: Path) -> None:
    played = play(fleet_of(), tmp_path, inputs={"operation": "plan"})
    assert re.search(rf"Plan hash +{played.outputs['plan-hash']}", played.log)
    assert played.summary.count("Plan&nbsp;hash") == 1
    assert played.outputs["plan-hash"] in played.summary


# -- nothing to do -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "inputs", "outcome"),
    [
        pytest.param(fleet_of(fleet={"image": NEW_MODEL}), {}, "nothing-to-do", id="nothing"),
        pytest.param(
            fleet_of(fleet={"image": NEW_MODEL}, instances={"0": {"image": OLD}}),
            {"instance-ids": "1"},
            "nothing-to-do",
            id="nothing-selected",
        ),
        pytest.param(
            fleet_of(fleet={"image": NEW_MODEL}, instances={"0": {"image": OLD}}), {}, "planned", id="an-instance"
        ),
        pytest.param(fleet_of(instances={id_: {"image": NEW} for id_ in "0123"}), {}, "planned", id="the-model"),
    ],
)
def test_a_plan_that_changes_nothing_asks_nobody(
    scenario: Scenario, inputs: dict[str, str], outcome: str, tmp_path: Path
) -> None:
    played = play(scenario, tmp_path, inputs={"operation": "plan", **inputs})
    assert (played.exit_code, played.outcome, played.writes) == (0, outcome, [])
    assert played.outputs["plan-hash"]
    assert played.outputs["changed"] == "false"
