"""What other steps read: the outputs and the JSON record."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hostile import SECRET, halted

from builders import NEW, fleet, model, report_of, run_of
from harness.vocabulary import OUTPUTS
from vmss_upgrade.reporters.outputs import OF_FLEETS, as_outputs, write_outputs
from vmss_upgrade.reporters.record import SCHEMA, as_record, write_record
from vmss_upgrade.reporters.sentences.headline import headline
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report

BROKEN = Failure(instance_id="10", code="X", message="broken", correlation_id="c-1")
# Twelve instances in two domains: 0 is done before, 3 is protected, 10 fails in the first batch.
MIXED = report_of(run_of(fleet("000000000001", new="0", protected="3"), failures=(BROKEN,)))
KEYS = {
    "schema", "outcome", "headline", "reason", "remedy", "scale_set", "previous_image", "target_image",
    "model_updated", "model_may_hold_target", "model_restored", "health_signal", "duration", "upgraded", "failed",
    "skipped", "remaining", "lowest_healthy", "planned_batches", "batches", "failures", "findings", "instances",
    "command_to_put_previous_image_back", "command", "pinned_from", "grouping", "stop_after", "untouched",
    "blast_radius", "rolled_back", "rollback", "version", "started_at", "ended_at", "run", "changed", "portal_url",
    "target_version", "counts", "plan_hash", "proof", "probes", "asked_for",
}  # fmt: skip


def test_outputs_of_a_run() -> None:
    outputs = as_outputs(MIXED, "out/record.json", "out/record.md")
    plan = json.loads(outputs.pop("plan"))
    assert MIXED.planned
    assert outputs.pop("plan-hash") == MIXED.planned.hash
    assert (plan["target_image"], plan["grouping"]) == ("Canonical:jammy:22_04-lts:2.0.0", "update domain")
    assert [batch["instance_ids"] for batch in plan["batches"]] == [["1", "2", *"456789", "10"], ["11"]]
    assert [skipped["instance_id"] for skipped in plan["skipped"]] == ["0", "3"]
    assert plan["blast_radius"].startswith("At most 9 of 12 instances are away at once")
    assert outputs == {
        "outcome": "halted",
        "headline": headline(MIXED),
        "reason": "batch 1 has an instance error.",
        "changed": "true",
        "previous-image": "Canonical:jammy:22_04-lts:1.0.0",
        "target-image": "Canonical:jammy:22_04-lts:2.0.0",
        "target-version": "2.0.0",
        "scale-set-id": model().id,
        "portal-url": "",
        "upgraded": '["1", "2", "4", "5", "6", "7", "8", "9"]',
        "rolled-back": "[]",
        "failed": '["10"]',
        "skipped": '["0", "3"]',
        "remaining": '["11"]',
        "upgraded-count": "8",
        "remaining-count": "1",
        "total": "12",
        "lowest-healthy": "3",
        "proof": "never fewer than 3 of 12 healthy",
        "duration": "110",
        "report": "out/record.json",
        "summary-path": "out/record.md",
        **dict.fromkeys(OF_FLEETS, ""),
    }


def test_outputs_of_a_run_that_never_began() -> None:
    outputs = as_outputs(Report(), "")
    assert tuple(outputs) == OUTPUTS
    assert {name: value for name, value in outputs.items() if value} == dict.fromkeys(
        ("upgraded", "rolled-back", "failed", "skipped", "remaining"), "[]"
    ) | {"changed": "false", "duration": "0"}


def test_lists_are_in_natural_order() -> None:
    done = report_of(run_of(fleet("3210" * 4, unhealthy="10 2")))
    assert json.loads(as_outputs(done, "")["upgraded"]) == [str(number) for number in range(16)]


def test_a_record_has_every_key_of_its_schema_whatever_happened() -> None:
    for report in (Report(), MIXED, halted()):
        record = as_record(report)
        assert record.keys() >= KEYS
        assert record["schema"] == SCHEMA == "vmss-upgrade/record/1"
        assert json.loads(json.dumps(record)) == record


def test_a_record_holds_the_whole_report() -> None:
    record = as_record(MIXED)
    assert record["lowest_healthy"] == {"count": 3, "at": 10.0, "of": 12, "floor": 6}
    assert record["skipped"] == [
        {"instance_id": "0", "reason": "already on the target image"},
        {"instance_id": "3", "reason": "protected from scale set actions"},
    ]
    assert record["failures"] == [
        {"instance_id": "10", "code": "X", "message": "broken", "correlation_id": "c-1"},
    ]
    assert [batch["result"] for batch in record["batches"]] == ["failed"]
    assert [batch["domain"]["number"] for batch in record["planned_batches"]] == [0, 1]
    assert record["batches"][0]["seconds"] == 100.0
    assert (record["model_updated"], record["model_may_hold_target"]) == (True, True)
    assert "imageReference.version=1.0.0" in record["command_to_put_previous_image_back"]


def test_no_way_back_where_all_is_well() -> None:
    assert as_record(report_of(run_of(fleet("01"))))["command_to_put_previous_image_back"] is None


def test_no_signature_in_outputs_or_record() -> None:
    report = halted()
    shown = json.dumps(as_record(report)) + json.dumps(as_outputs(report, ""))
    assert SECRET not in shown
    assert "new.vhd" in shown


def outputs_as_the_runner_reads_them(text: str) -> dict[str, str]:
    """Read outputs that are written as name<<DELIMITER, lines, DELIMITER."""
    return {name: value for name, _, value in re.findall(r"^([\w-]+)<<(\S+)\n(.*?)\n\2$", text, re.M | re.S)}


def test_outputs_are_appended_between_delimiters(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_text("earlier=1\n")
    outputs = as_outputs(MIXED, "a\nb=c")
    write_outputs(outputs, str(file))
    text = file.read_text()
    assert text.startswith("earlier=1\n")
    assert outputs_as_the_runner_reads_them(text) == outputs
    write_outputs({"outcome": "halted"}, str(file))
    assert file.read_text().count("outcome<<") == 2


def test_the_record_is_written_whole_into_the_workspace(tmp_path: Path) -> None:
    write_record(MIXED, str(tmp_path), "deep/er/record.json")
    assert json.loads((tmp_path / "deep/er/record.json").read_text()) == as_record(MIXED)
    write_record(Report(), str(tmp_path), "deep/er/record.json")
    assert json.loads((tmp_path / "deep/er/record.json").read_text())["outcome"] is None
    assert [file.name for file in (tmp_path / "deep/er").iterdir()] == ["record.json"], "no part is left behind"


@pytest.mark.parametrize(
    ("link", "path"),
    [
        pytest.param("out", "out/record.json", id="a-folder-that-is-a-link"),
        pytest.param("record.json", "record.json", id="the-file-is-a-link"),
    ],
)
def test_a_link_out_of_the_workspace_is_refused(tmp_path: Path, link: str, path: str) -> None:
    workspace, elsewhere = tmp_path / "workspace", tmp_path / "elsewhere"
    workspace.mkdir()
    elsewhere.mkdir()
    (workspace / link).symlink_to(elsewhere if link == "out" else elsewhere / "record.json")
    with pytest.raises(ValueError, match="leads out of the workspace"):
        write_record(MIXED, str(workspace), path)
    assert list(elsewhere.iterdir()) == []


def test_a_link_inside_the_workspace_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    write_record(MIXED, str(tmp_path), "out/record.json")
    assert (tmp_path / "real/record.json").exists()


@pytest.mark.parametrize(
    ("options", "outcome", "words"),
    [
        pytest.param({}, Outcome.SUCCEEDED, "web runs 22_04-lts 2.0.0: 4 instances upgraded", id="done"),
        pytest.param({}, Outcome.NOTHING_TO_DO, "Nothing to do: every instance of web", id="nothing-to-do"),
        pytest.param({"batches": 0}, Outcome.PLANNED, "nothing was written. At most 2 of 4 instances", id="planned"),
        pytest.param({"batches": 0}, Outcome.REFUSED, "Refused, nothing was written: because.", id="refused"),
        pytest.param({"batches": 1}, Outcome.HALTED, "halted, 2 of 4 instances upgraded: because.", id="halted"),
        pytest.param({"batches": 1}, Outcome.TIMED_OUT, "ran out of time, 2 of 4 instances upgraded", id="timed-out"),
        pytest.param({"batches": 1}, Outcome.INTERRUPTED, "was cancelled, 2 of 4 instances upgraded", id="cancelled"),
    ],
)
def test_headline(options: dict[str, Any], outcome: Outcome, words: str) -> None:
    events = run_of(fleet("0011"), target=NEW, ending=Ending(outcome=outcome, reason="because."), **options)
    assert words in as_record(report_of(events))["headline"]


@pytest.mark.parametrize(
    ("moved", "batches", "outcome", "words"),
    [
        pytest.param(
            "0 1", 1, Outcome.PARTIAL, "2 of 4 instances upgraded, 2 instances remaining (4, 5)", id="partial"
        ),
        pytest.param("0 1", 1, Outcome.HALTED, "halted, 2 of 4 instances upgraded: because.", id="halted"),
        pytest.param("0 1 2 3 4 5", 0, Outcome.HALTED, "halted, no instance left to upgrade: because.", id="none"),
    ],
)
def test_headline_of_a_run_that_goes_on(moved: str, batches: int, outcome: Outcome, words: str) -> None:
    """The numbers leave out what an earlier run did, so that they add up."""
    scale_set = fleet("001122", new=moved, image=NEW)
    events = run_of(scale_set, ending=Ending(outcome=outcome, reason="because."), batches=batches)
    assert words in as_record(report_of(events))["headline"]
