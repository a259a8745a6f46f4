"""Answers of megabytes and names without end: record, outputs and summary stay readable, and say what was left out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hostile import MEBIBYTE, assert_sound, failures

from builders import fleet, report_of, run_of
from harness.playing import play
from vmss_upgrade.reporters.outputs import LONGEST_OUTPUTS, as_outputs, within_limit
from vmss_upgrade.reporters.record import LONGEST_TEXT, as_record, as_text
from vmss_upgrade.reporters.step_summary import LIMIT, MOST_FAILURES, as_markdown
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history.events import Noticed
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.order import LARGEST_RECORD

pytestmark = pytest.mark.sweep

HUGE = "It did not start. " * 1_200_000  # 20 MB


def failed_with(*failed: Failure, instances: int = 10, name: str = "web", id_: str = "") -> Report:
    scale_set = fleet("0123456789" * (instances // 10), name=name)
    scale_set = replace(scale_set, instances=tuple(replace(i, id=f"{i.id}{id_}") for i in scale_set.instances))
    ending = Ending(outcome=Outcome.HALTED, reason=failed[0].message, remedy="See.", failures=failed)
    return report_of(run_of(scale_set, batches=1, ending=ending))


def test_a_message_of_twenty_megabytes_is_cut_in_the_record() -> None:
    report = failed_with(Failure(instance_id="1", code="X", message=HUGE))
    record = as_record(report)
    message = record["failures"][0]["message"]
    assert LONGEST_TEXT - 10 < len(message) <= LONGEST_TEXT
    assert message.endswith(" ...")
    assert record["left_out"] == []
    assert len(as_text(report)) < 100_000


def test_a_record_that_would_be_too_large_leaves_out_what_matters_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a hundred instances fail with different messages, in a script of which JSON makes twelve characters each."""
    monkeypatch.setattr("vmss_upgrade.reporters.record.LARGEST_RECORD", MEBIBYTE)
    long = "\U00020000" * 20_000
    failed = tuple(Failure(instance_id=str(n), code=f"C{n}", message=f"{n}{long}") for n in range(100))
    report = failed_with(*failed, instances=100)
    findings = [Noticed(at=1.0, finding=Finding(Severity.NOTE, long, long)) for _ in range(100)]
    for event in findings:
        report.add(event)
    text = as_text(report)
    assert len(text) <= MEBIBYTE
    record = json.loads(text)
    assert record["left_out"][:3] == ["texts after 500 characters", "changes", "findings"]
    assert record["changes"] is None
    assert record["findings"] == []
    assert len(record["failures"]) == len(record["instances"]) == 100
    whole = as_record(report)
    for key in ("schema", "scale_set", "previous_image", "target_image", "outcome", "failed", "remaining", "command"):
        assert record[key] == whole[key], key


@pytest.mark.parametrize(
    ("largest", "instances"),
    [(MEBIBYTE, 100), (100_000, 500), (LARGEST_RECORD, 500)],
)
def test_whatever_is_huge_a_record_fits(largest: int, instances: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmss_upgrade.reporters.record.LARGEST_RECORD", largest)
    report = failed_with(*failures(10), instances=instances, id_="\U00020000" * 3000, name="\U00020000" * 1_000_000)
    text = as_text(report)
    record = json.loads(text)
    assert len(text) <= largest
    assert record["schema"] == "vmss-upgrade/record/1"
    assert record["left_out"]
    assert record["left_out"][-1] in ("texts after 500 characters", *record)


def test_outputs_of_a_thousand_instances_are_whole() -> None:
    outputs = as_outputs(failed_with(*failures(5), instances=1000, id_="x" * 70), "record.json")
    assert within_limit(outputs) == (outputs, [])


def test_outputs_are_cut_to_what_a_job_may_have() -> None:
    outputs = as_outputs(failed_with(*failures(5), instances=1000, id_="x" * 5000), "record.json")
    cut, names = within_limit(outputs)
    assert sum(len(value) for value in cut.values()) <= LONGEST_OUTPUTS
    assert 2 * LONGEST_OUTPUTS < MEBIBYTE, "GitHub counts two bytes a character"
    assert names == ["plan", "upgraded", "remaining"]
    assert cut.keys() == outputs.keys()
    plan, upgraded = json.loads(cut["plan"]), json.loads(cut["upgraded"])
    assert plan["left_out"] == ["batches", "skipped", "untouched"]
    assert plan["target_image"] == json.loads(outputs["plan"])["target_image"]
    assert upgraded == json.loads(outputs["upgraded"])[: len(upgraded)]
    assert upgraded
    assert cut["outcome"] == "halted"


def test_outputs_that_are_cut_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmss_upgrade.reporters.outputs.LONGEST_OUTPUTS", 300)
    played = play("happy", tmp_path, inputs={"operation": "plan"}, environ={"GITHUB_ACTIONS": "true"})
    assert re.search(r"::warning::The outputs plan.* are too long for GitHub, and were cut", played.log)
    assert json.loads(played.outputs["plan"])["left_out"]


# -- the step summary -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [200, 1000])
def test_many_codes_do_not_erase_what_failed(number: int) -> None:
    markdown = as_markdown(failed_with(*failures(number, codes=number, length=20_000), instances=1000))
    assert_sound(markdown)
    rows = re.findall(r"^- Instances? (?:<code>\d+</code>[, ]*)+", markdown, re.M)
    assert len(rows) == MOST_FAILURES == 30
    assert f"and {number - 30} more, in the JSON record" in markdown
    assert "### What to do now" in markdown
    assert "### Batches" in markdown


def test_a_section_that_does_not_fit_does_not_take_the_next_with_it() -> None:
    notes = [Noticed(at=1.0, finding=Finding(Severity.REFUSE, f"{n} {'|' * 3000}", "|" * 3000)) for n in range(120)]
    events = run_of(fleet("01"), ending=Ending(outcome=Outcome.REFUSED, reason="x"))
    markdown = as_markdown(report_of([*events[:-1], *notes, events[-1]]))
    assert_sound(markdown)
    assert "### Why it was refused" in markdown
    assert re.search(r"and \d+ more, in the JSON record", markdown)
    assert "### Instances" in markdown
    assert "### Batches" in markdown


def test_names_without_end_leave_a_summary() -> None:
    markdown = as_markdown(failed_with(*failures(10), instances=300, id_="&" * 8000, name="&" * 300_000))
    assert_sound(markdown)
    assert "### Batches" in markdown


@pytest.mark.parametrize("taken", [0, 100_000, 900_000, MEBIBYTE - 3000, MEBIBYTE, 2 * MEBIBYTE])
def test_text_already_in_the_file_counts(taken: int) -> None:
    report = failed_with(*failures(30, codes=30, length=20_000), instances=1000)
    markdown = as_markdown(report, taken=taken)
    assert len(markdown.encode()) <= max(0, LIMIT - taken)
    assert markdown == "" or markdown.startswith("## ")
