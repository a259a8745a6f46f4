"""The JSON record: its schema holds for every outcome, and a record of an earlier version is still read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.playing import Played, cancelled_at, play, play_once
from harness.scenarios import NEW, NEW_MODEL, OLD, UBUNTU, fleet_of
from harness.vocabulary import OUTCOMES
from vmss_upgrade.reporters.record import as_record, write_record
from vmss_upgrade.rollout.history.report import Report

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "record.schema.json").read_text(encoding="utf-8")
)
VALID = Draft202012Validator(SCHEMA)
OLD_NAME, NEW_NAME = (":".join([*UBUNTU.values(), version]) for version in (OLD, NEW))
SET = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/simulated-group"
    "/providers/Microsoft.Compute/virtualMachineScaleSets/simulated-set"
)
INSTANCE = {
    "instance_id": "0",
    "image": OLD_NAME,
    "latest_model_applied": False,
    "provisioning_state": "Succeeded",
    "power": "running",
    "health": "healthy",
    "zone": None,
    "placement_group": None,
    "update_domain": 0,
    "fault_domain": 0,
    "protected": False,
    "changed_individually": False,
}
BATCH = {
    "number": 1,
    "domain": {"kind": "update domain", "number": 0, "zone": "", "placement_group": ""},
    "instance_ids": ["0"],
}
# written before the record had a version, dates, counts and a plan hash
OF_AN_EARLIER_VERSION: dict[str, Any] = {
    "schema": "vmss-upgrade/record/1",
    "outcome": "halted",
    "headline": "The rollout of web halted.",
    "reason": "batch 1 failed.",
    "remedy": "Look into it.",
    "scale_set": {"id": SET, "name": "web", "location": "westeurope"},
    "previous_image": OLD_NAME,
    "target_image": NEW_NAME,
    "model_updated": True,
    "model_may_hold_target": True,
    "health_signal": "load balancer health probe",
    "duration": 120.5,
    "upgraded": [],
    "rolled_back": [],
    "failed": ["0"],
    "skipped": [{"instance_id": "1", "reason": "stopped"}],
    "remaining": [],
    "lowest_healthy": {"count": 0, "at": 12.0, "of": 1},
    "command": "upgrade",
    "pinned_from": None,
    "grouping": "update domain",
    "stop_after": None,
    "untouched": [],
    "blast_radius": "At most 1 of 1 instance are away at once.",
    "planned_batches": [BATCH],
    "batches": [{**BATCH, "started_at": 10.0, "seconds": None, "result": "failed"}],
    "rollback": None,
    "failures": [{"instance_id": "0", "code": "NotHealthy", "message": "unhealthy", "correlation_id": None}],
    "findings": [{"severity": "warn", "message": "Odd.", "remedy": ""}],
    "instances": [INSTANCE],
    "command_to_put_previous_image_back": "az vmss update",
    "left_out": [],
}
DONE = fleet_of(fleet={"image": NEW_MODEL})

# outcome -> the scenario that ends so; other files look at these runs, too
SHIPPED = {
    "succeeded": "happy",
    "halted": "sick-domain",
    "refused": "wrong-generation",
    "rolled-back": "rollback",
    "rollback-failed": "rollback-failed",
}
RUNS: dict[str, Callable[[Path], Played]] = {
    "planned": lambda folder: play("happy", folder, inputs={"operation": "plan"}),
    "reported": lambda folder: play("happy", folder, inputs={"operation": "status"}),
    "model-updated": lambda folder: play("happy", folder, inputs={"operation": "update-model"}),
    "rehearsed": lambda folder: play("happy", folder, inputs={"operation": "rehearse"}),
    "partial": lambda folder: play("happy", folder, inputs={"stop-after": "1"}),
    "nothing-to-do": lambda folder: play(DONE, folder, inputs={"operation": "plan"}),
    "timed-out": lambda folder: play("happy", folder, inputs={"timeout": "10m"}),
    "interrupted": lambda folder: play("happy", folder, clock=cancelled_at(300.0)),
}


def complaints(record: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALID.iter_errors(record)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]["outcome"]["enum"]) == {*OUTCOMES, None}


@pytest.mark.parametrize(
    "outcome", sorted(OUTCOMES), ids=lambda outcome: f"{SHIPPED[outcome]}-{outcome}" if outcome in SHIPPED else outcome
)
def test_a_record_fits_the_schema(outcome: str, tmp_path: Path) -> None:
    played = play_once(SHIPPED[outcome]) if outcome in SHIPPED else RUNS[outcome](tmp_path)
    assert played.outcome == played.record["outcome"] == outcome
    assert complaints(played.record) == []
    assert played.record["started_at"] == "2026-01-01T00:00:00Z"
    assert played.record["version"]
    outputs, counts = played.outputs, played.record["counts"]
    in_outputs = [outputs[name] for name in ("upgraded-count", "remaining-count", "total")]
    in_record = [counts[name] for name in ("upgraded", "remaining", "total")]
    assert in_outputs == ["" if number is None else str(number) for number in in_record]
    assert outputs["changed"] == json.dumps(played.record["changed"])
    assert outputs["plan-hash"] == (played.record["plan_hash"] or "")
    assert outputs["scale-set-id"] == played.record["scale_set"]["id"]


@pytest.mark.parametrize("scenario", ["zonal", "placement-groups", "flexible", "vhd"])
def test_so_does_one_of_every_kind_of_set(scenario: str, tmp_path: Path) -> None:
    assert complaints(play(scenario, tmp_path, inputs={"operation": "plan"}).record) == []


def test_so_does_one_of_a_run_that_never_began_and_one_of_inputs_that_are_refused(tmp_path: Path) -> None:
    assert complaints(as_record(Report())) == []
    played = play("happy", tmp_path, inputs={"batch-size": "none"})
    assert complaints(played.record) == []
    assert played.record["counts"] == dict.fromkeys(played.record["counts"])


def test_every_key_is_described() -> None:
    assert as_record(Report()).keys() <= SCHEMA["properties"].keys()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"schema": "vmss-upgrade/record/2"}, "$.schema: ", id="schema"),
        pytest.param({"outcome": "fine"}, "$.outcome: ", id="outcome"),
        pytest.param({"failed": [0]}, "$.failed[0]: ", id="id"),
        pytest.param({"plan_hash": "x"}, "$.plan_hash: ", id="hash"),
        pytest.param({"started_at": "yesterday"}, "$.started_at: ", id="date"),
        pytest.param({"batches": [BATCH]}, "$.batches[0]: ", id="batch"),
    ],
)
def test_the_schema_can_fail(change: dict[str, Any], complaint: str) -> None:
    assert complaints({**OF_AN_EARLIER_VERSION, **change})[0].startswith(complaint)


def test_a_record_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    assert complaints(OF_AN_EARLIER_VERSION) == []
    (tmp_path / "old.json").write_text(json.dumps(OF_AN_EARLIER_VERSION))
    inputs = {"operation": "rollback", "image-version": "", "record": "old.json"}
    returned = play(DONE, tmp_path, inputs=inputs)
    assert (returned.outcome, returned.outputs["target-image"]) == ("succeeded", OLD_NAME)


def test_a_record_of_an_earlier_version_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(json.dumps(OF_AN_EARLIER_VERSION))
    write_record(Report(), str(tmp_path), "record.json")
    assert json.loads((tmp_path / "record.json").read_text())["outcome"] is None
