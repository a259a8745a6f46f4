"""Whole rollouts against the simulator, judged by Azure's own state and request log."""

from __future__ import annotations

import json
from itertools import pairwise, product
from pathlib import Path

import pytest

from azure_simulator import UpgradeRecord
from harness.playing import Played, cancelled_at, play, play_once
from harness.rows import scenario_rows
from harness.scenarios import NEW_MODEL, OLD, Scenario, fleet_of, on_request

TARGET = "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:22.04.202611010"
PREVIOUS = "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:22.04.202610010"


def test_happy_upgrades_everything_with_at_most_one_domain_away() -> None:
    played = play_once("happy")
    assert played.exit_code == 0
    assert played.outputs["outcome"] == "succeeded"
    assert (played.outputs["previous-image"], played.outputs["target-image"]) == (PREVIOUS, TARGET)
    assert len(json.loads(played.outputs["upgraded"])) == 20
    assert {instance.image_version for instance in played.azure.instances()} == {"22.04.202611010"}
    assert played.azure.lowest_available() == 16
    assert int(played.outputs["lowest-healthy"]) == 16


def test_the_model_is_written_once_with_the_whole_image_and_nothing_else() -> None:
    patches = [write for write in play_once("happy").writes if write.method == "PATCH"]
    assert len(patches) == 1
    publisher, offer, sku, version = TARGET.split(":")
    image = {"publisher": publisher, "offer": offer, "sku": sku, "version": version}
    assert json.loads(patches[0].body) == {
        "properties": {"virtualMachineProfile": {"storageProfile": {"imageReference": image}}}
    }


def test_each_batch_is_one_call_and_one_update_domain() -> None:
    played = play_once("happy")
    domain = {instance.instance_id: instance.update_domain for instance in played.azure.instances()}
    calls = played.upgrade_calls
    assert [{domain[id_] for id_ in ids} for ids in calls] == [{0}, {1}, {2}, {3}, {4}]
    assert [upgrade.started_at > before.healthy_at for before, upgrade in _pairs(played)] == [True] * 4


HALTED = ["sick-domain", "provisioning-failure", "hanging", "stale", "elsewhere-sick-for-good"]


@pytest.mark.parametrize("name", scenario_rows(HALTED))
def test_a_failed_rollout_touches_no_later_domain(name: str) -> None:
    played = play_once(name)
    assert played.exit_code == 1
    domain = {instance.instance_id: instance.update_domain for instance in played.azure.instances()}
    touched = {domain[id_] for ids in played.upgrade_calls for id_ in ids}
    assert touched <= {0, 1}
    failed = json.loads(played.outputs["failed"])
    assert failed, played.log
    assert all(f"nstance {id_}" in played.log for id_ in failed)
    assert "The model holds the target image" in played.log
    assert "imageReference.version=22.04.202610010" in played.log
    assert "imageReference.version=22.04.202610010" in played.summary


OUTCOMES = {
    "sick-domain": "halted",
    "provisioning-failure": "halted",
    "hanging": "timed-out",
    "elsewhere-sick-for-good": "halted",
    "happy": "succeeded",
    "elsewhere-sick": "succeeded",
    "flapping-health": "succeeded",
    "lagging": "succeeded",
    "conflict": "succeeded",
    "throttled": "succeeded",
    "preempted": "succeeded",
    "no-signal": "succeeded",
}


@pytest.mark.parametrize("name", scenario_rows(OUTCOMES))
def test_outcome_and_exit_code_agree(name: str) -> None:
    played, outcome = play_once(name), OUTCOMES[name]
    assert played.outputs["outcome"] == played.record["outcome"] == outcome
    assert played.exit_code == (0 if outcome == "succeeded" else 1)


def test_writes_are_not_repeated_by_the_sdk(tmp_path: Path) -> None:
    """Each refused write is followed by a wait of ours, shown in the log, never by the SDK's silent retry."""
    refused_once = [on_request(route, status=429, retry_after=20) for route in ("patch", "upgrade")]
    played = play(fleet_of(faults=refused_once), tmp_path)
    refused = [write for write in played.writes if write.status == 429]
    assert len(refused) == 2
    assert played.log.count("asks for fewer requests") >= len(refused)
    upgrades = [write for write in played.writes if write.path.endswith("manualupgrade")]
    gaps = [later.at - earlier.at for earlier, later in pairwise(upgrades)]
    assert min(gaps) > 10


@pytest.mark.parametrize(
    ("seed", "bake"),
    [
        (0, 0),
        *(pytest.param(*row, marks=pytest.mark.sweep) for row in ((0, 60), (1, 0), (1, 60))),
        *(pytest.param(*row, marks=pytest.mark.nightly) for row in product(range(2, 10), (0, 60))),
    ],
)
def test_a_rollout_costs_little_more_than_azure_itself(seed: int, bake: int, tmp_path: Path) -> None:
    """It takes at most 1.03 times the slowest instance of each batch plus its bake, within the throttling limits."""
    played = play("happy", tmp_path, seed=seed, inputs={"bake-time": str(bake)})
    assert share_of_ideal(played, bake) <= 1.03
    assert not [request for request in played.azure.requests if request.status == 429]


def test_looks_are_quick_if_azure_is(tmp_path: Path) -> None:
    quick = {"upgrade_seconds": 20, "healthy_after_seconds": 5}
    played = play(fleet_of([4] * 5, {"bake-time": "0"}, timing=quick), tmp_path)
    assert share_of_ideal(played) <= 1.05


def share_of_ideal(played: Played, bake: float = 0) -> float:
    """Return the duration of the batches, as a multiple of what Azure itself and the bake need."""
    return played.batches_took / sum(each.healthy_at - each.started_at + bake for each in played.azure.upgrades)


HALF_DONE = {id_: {"image": OLD, "current": False} for id_ in ("1", "3")}


def half_done(**more: Scenario) -> Scenario:
    """Return a set in which an earlier run brought two of four instances to the model's image."""
    return fleet_of(fleet={"image": NEW_MODEL}, instances={**HALF_DONE, **more})


# -- stopping early ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "at", [0.1, 60.0, *(pytest.param(at, marks=pytest.mark.nightly) for at in (1.0, 30.0, 100.0, 200.0))]
)
def test_a_cancelled_run_writes_nothing_more_and_reports_the_rest(at: float, tmp_path: Path) -> None:
    played = play("happy", tmp_path, clock=cancelled_at(at))
    assert played.exit_code == 1
    assert played.outputs["outcome"] == "interrupted"
    assert "cancelled" in played.summary
    assert [write for write in played.writes if write.at > at] == []
    if played.upgrade_calls:
        assert "Azure goes on upgrading" in played.log
        rest = json.loads(played.outputs["remaining"]) + json.loads(played.outputs["upgraded"])
        assert sorted(rest, key=int) == [str(number) for number in range(20)]


def test_a_run_continues_after_an_earlier_one(tmp_path: Path) -> None:
    """The model already holds the target, so only the instances show the previous image."""
    played = play(half_done(), tmp_path)
    assert played.exit_code == 0
    assert json.loads(played.outputs["skipped"]) == ["0", "2"]
    assert json.loads(played.outputs["upgraded"]) == ["1", "3"]
    assert played.outputs["previous-image"] == PREVIOUS
    assert [(write.method, json.loads(write.body)) for write in played.writes] == [
        ("POST", {"instanceIds": ["1", "3"]})
    ]


def test_nothing_to_do_writes_nothing(tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={"image-version": "22.04.202610010"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "nothing-to-do")
    assert played.writes == []


def test_nothing_is_upgraded_to_a_target_that_is_already_unhealthy(tmp_path: Path) -> None:
    """A second run after an unhealthy domain must not succeed, nor carry the bad image further."""
    played = play(half_done(**{"2": {"unhealthy": True}}), tmp_path, inputs={"min-healthy": "1"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert json.loads(played.outputs["failed"]) == ["2"]
    assert played.writes == []


def test_the_timeout_ends_the_rollout_between_two_requests(tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={"timeout": "3m"})
    assert played.outputs["outcome"] == "timed-out"
    assert played.exit_code == 1
    assert played.record["duration"] == pytest.approx(180, abs=1)
    assert "Run the workflow again" in played.log


def test_the_end_is_predicted_after_each_batch() -> None:
    played = play_once("happy")
    lines = [line.partition("  ")[2] for line in played.log.splitlines() if "█" in line]
    assert lines[0] == "████░░░░░░░░░░░░░░░░ 4/20 new · 20 healthy (floor 10) · about 17 min left, until 00:22 UTC"
    assert lines[-1] == "████████████████████ 20/20 new · 20 healthy (floor 10)"
    assert [line.count("left, until") for line in lines] == [1, 1, 1, 1, 0]


def test_no_batch_starts_that_would_end_too_late(tmp_path: Path) -> None:
    """The first takes 4m22s, and two of them do not fit into the time."""
    played = play("happy", tmp_path, inputs={"timeout": "8m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "timed-out")
    assert played.upgrade_calls == [["0", "5", "10", "15"]]
    assert json.loads(played.outputs["upgraded"]) == ["0", "5", "10", "15"]
    assert played.record["duration"] < 330
    assert "batch 2 was not started: one took up to 4m22s" in played.log
    assert "Run the workflow again with the same inputs to go on" in played.summary
    assert "Azure goes on upgrading" not in played.log


def test_a_plan_reads_only(tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={"operation": "plan"})
    assert played.exit_code == 0
    assert played.outputs["outcome"] == "planned"
    assert played.writes == []
    assert len(json.loads(played.outputs["remaining"])) == 20
    assert len(played.record["planned_batches"]) == 5
    assert "At most 4 of 20 instances are away at once" in played.log


# -- small steps ---------------------------------------------------------------------------------------------------


def _pairs(played: Played) -> list[tuple[UpgradeRecord, UpgradeRecord]]:
    return list(pairwise(played.azure.upgrades))
