"""What `operation: status` shows, in log, summary, outputs and record."""

from __future__ import annotations

import json

import pytest
from hostile import TEXT, assert_sound

from builders import GALLERY, NEW, changed, fleet, report_of, resource
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.log import Log
from vmss_upgrade.reporters.outputs import as_outputs
from vmss_upgrade.reporters.record import as_record
from vmss_upgrade.reporters.step_summary import as_markdown
from vmss_upgrade.rollout.goal import goal_of
from vmss_upgrade.rollout.history.events import Event, RolloutFinished, ScaleSetRead, StatusSeen
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.scale_set import ScaleSet

MIXED = changed(
    fleet("001122", image=NEW, new="0 1", behind="2 3 4 5", unhealthy="1", stopped="3", protected="4", individual="5"),
    "2",
    behind_in=("extension Monitor is missing",),
)


def status_of(scale_set: ScaleSet) -> list[Event]:
    return [
        ScaleSetRead(at=0.0, model=scale_set.model),
        StatusSeen(at=1.0, scale_set=scale_set, goal=goal_of(scale_set.model)),
        RolloutFinished(at=1.0, ending=Ending(outcome=Outcome.REPORTED, reason="Only the status was asked for.")),
    ]


def tell(events: list[Event]) -> None:
    report = Report()
    log = Log(Console(github=False, colour=False), report)
    for event in events:
        report.add(event)
        log.tell(event)


def test_the_log_has_the_heatmap_and_a_line_per_instance(capsys: pytest.CaptureFixture[str]) -> None:
    tell(status_of(MIXED))
    output = capsys.readouterr().out
    assert "Model: Canonical:jammy:22_04-lts:2.0.0" in output
    assert "UD 0  ■ ✖  1 on the model, 1 not healthy" in output
    assert "UD 1  □ ·  1 behind the model, 1 stopped" in output
    rows = [line.split() for line in output.splitlines() if line.startswith("  ") and line.strip()[0].isdecimal()]
    assert [row[0] for row in rows] == ["1", "2", "4", "5", "3", "0"], "not healthy, behind, stopped, in order"
    assert rows[1][1:7] == ["UD", "1", "behind", "the", "model", "1.0.0"]
    assert "extension Monitor is missing" in output
    assert "protected" in " ".join(rows[2])
    assert "changed individually" in " ".join(rows[3])
    assert "🔎 web has 6 instances: 1 on the model, 3 behind the model, 1 not healthy, 1 stopped." in output


@pytest.mark.parametrize(
    ("has_profile", "lacks"), [pytest.param(False, "virtual machine profile"), pytest.param(True, "image")]
)
def test_a_flexible_set_without_a_model(has_profile: bool, lacks: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell(status_of(fleet("----", is_flexible=True, has_profile=has_profile, image=resource(""))))
    output = capsys.readouterr().out
    assert f"Model: none, the scale set has no {lacks}\n" in output
    assert "behind" not in output
    assert "web has 4 instances: 4 not known. It has no model that instances could be made from" in output


def test_the_summary_has_both_too() -> None:
    markdown = as_markdown(report_of(status_of(MIXED)))
    assert "## 🔎 Status of web" in markdown
    assert "| 2 | 22_04-lts 2.0.0, in the model<br><code>Canonical:jammy:22_04-lts:2.0.0</code> |" in markdown
    assert "| 4 | 22_04-lts 1.0.0<br><code>Canonical:jammy:22_04-lts:1.0.0</code> |" in markdown
    assert "| Update domain | Now |" in markdown
    assert "| Instance | Update domain | Standing | Image | Health | State | Remarks |" in markdown
    first, _, folded = markdown.partition("<summary>1 instance healthy and on the model</summary>")
    assert "| 2 | UD 1 | behind the model | 1.0.0 | healthy | Succeeded, running |" in first
    assert "| 0 | UD 0 | on the model | 2.0.0 | healthy | Succeeded, running |" in folded
    assert "What to do now" not in markdown


def test_the_table_has_no_column_without_a_word() -> None:
    markdown = as_markdown(report_of(status_of(fleet("0011", new="0", image=NEW))))
    assert "| Instance | Update domain | Standing | Image | Health | State |\n" in markdown
    assert "Remarks" not in markdown


def test_a_phone_can_break_the_words_beside_the_squares() -> None:
    markdown = as_markdown(report_of(status_of(fleet("00", new="0", behind="1", image=NEW))))
    assert "| UD&nbsp;0: 1&nbsp;on the model, 1&nbsp;behind the model | " in markdown


def test_outputs_and_record() -> None:
    report = report_of(status_of(MIXED))
    outputs, record = as_outputs(report, ""), as_record(report)
    assert outputs["outcome"] == record["outcome"] == "reported"
    assert (outputs["target-image"], outputs["plan"], json.loads(outputs["remaining"])) == (str(NEW), "", [])
    assert record["command"] == "status"
    assert [instance["instance_id"] for instance in record["instances"]] == list("012345")


def test_hostile_instances_do_no_harm() -> None:
    hostile = changed(fleet("01"), "0", behind_in=(TEXT,), model_time=TEXT, provisioning_state=TEXT)
    assert_sound(as_markdown(report_of(status_of(hostile))))


def test_an_image_of_another_kind_is_shown_whole() -> None:
    other = changed(
        fleet("01", image=resource(f"{GALLERY}/versions/2.0.0")), "0", image=resource(f"{GALLERY}/versions/1.0.0")
    )
    markdown = as_markdown(report_of(status_of(other)))
    assert "| 0 | UD 0 | on the model | 1.0.0 |" in markdown
    assert "| 1 | UD 1 | on the model | <code>Canonical:jammy:22_04-lts:1.0.0</code> |" in markdown


def test_zones_and_sets_without_any_domain() -> None:
    zonal = as_markdown(report_of(status_of(fleet("---", zones="123"))))
    assert "| Zone | Now |" in zonal
    assert "| zone&nbsp;2: 1&nbsp;" in zonal
    alone = as_markdown(report_of(status_of(fleet("--"))))
    assert "| all: " in alone
