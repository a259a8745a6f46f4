"""Whole runs of `operation: fleet-report` over the records of jobs that were played."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.fleets import (
    GITHUB,
    NEW,
    PLANNED_AT,
    Reported,
    id_of,
    lay_out,
    plan_of,
    plan_record,
    put,
    report,
    run_record,
)
from harness.playing import cancelled_at, play
from harness.vocabulary import ACTION
from reporters.hostile import SECRET, TEXT, foreign_tags, outside_of_fences
from vmss_upgrade.fleet.plan import Verdict
from vmss_upgrade.reporters.console import ANNOTATIONS_PER_TYPE
from vmss_upgrade.reporters.step_summary import LIMIT

MIXED: dict[str, dict[str, Any]] = {
    "canary": {"web-weu": "happy", "web-neu": Verdict.ON_TARGET},
    "rest": {"api-weu": "sick-domain", "api-neu": "rollback", "db": None, "cache": "happy", "old": Verdict.REFUSED},
    "last": {"one": None, "two": None},
}


def annotated(log: str, kind: str = "error") -> list[str]:
    return re.findall(rf"^::{kind}(?: |::)(.*)$", log, re.MULTILINE)


def test_a_fleet_that_went_well(tmp_path: Path) -> None:
    lay_out(tmp_path, {"canary": {"a": "happy"}, "rest": {"b": "happy", "c": Verdict.ON_TARGET}})
    done = report(tmp_path, GITHUB)
    assert done.exit_code == 0
    assert done.states == {"a": "done", "b": "done", "c": "on the image already"}
    assert done.outputs["outcome"] == "succeeded"
    assert done.outputs["headline"].startswith("All 3 scale sets run 22_04-lts-gen2 22.04.202611010.")
    assert (done.outputs["failed"], done.outputs["remaining"], done.outputs["upgraded"]) == ("[]", "[]", '["a", "b"]')
    assert (done.outputs["target-image"], done.outputs["changed"], done.outputs["total"]) == (NEW, "true", "3")
    assert not annotated(done.log) + annotated(done.log, "warning")
    assert "What to do now" not in done.summary
    assert (tmp_path / "fleet-report.md").read_text().endswith(done.summary)


def test_a_fleet_that_stopped(tmp_path: Path) -> None:
    lay_out(tmp_path, MIXED)
    done = report(tmp_path, GITHUB)
    assert done.exit_code == 1
    assert done.states == {
        "web-weu": "done", "web-neu": "on the image already", "api-weu": "half-way", "db": "did not report",
        "old": "left out", "api-neu": "rolled back", "cache": "done", "one": "not started", "two": "not started",
    }  # fmt: skip
    assert done.outputs["headline"] == (
        "3 of 9 scale sets run 22_04-lts-gen2 22.04.202611010. 1 of them was on it already. Wave rest stopped: 3 scale "
        "sets did not end well (api-weu, db, api-neu). Half-way: api-weu. Wave last did not start (2 scale sets). Left "
        "out by the plan: old."
    )
    assert done.outputs["reason"].startswith("Wave rest stopped: api-weu failed half-way, with 8 of 20 instances")
    assert json.loads(done.outputs["failed"]) == ["api-weu", "db", "old", "api-neu"]
    assert json.loads(done.outputs["remaining"]) == ["api-weu", "db", "old", "api-neu", "one", "two"]
    assert done.outputs["rolled-back"] == '["api-neu"]'
    assert [text.partition("::")[0] for text in annotated(done.log)] == [
        "title=api-weu%3A halted%2C half-way",
        "title=db%3A did not report",
        "title=old%3A left out",
        "title=api-neu%3A rolled back",
    ]
    assert "Set it to Manual." in annotated(done.log)[2]
    assert "gh run rerun 12345678 --repo contoso/fleet\n" in done.summary
    assert done.record["waves_left"] == ["rest", "last"]


def test_all_outputs_are_set(tmp_path: Path) -> None:
    lay_out(tmp_path, MIXED)
    of_plans = {name for name in ACTION["outputs"] if name.startswith("matrix-")} | {"waves", "image", "due"}
    assert report(tmp_path).outputs.keys() >= ACTION["outputs"].keys() - of_plans


@pytest.mark.parametrize(
    ("wave", "bound", "exit_code", "kind"),
    [("canary", 1, 0, ""), ("rest", 1, 1, "error"), ("rest", 4, 0, "warning"), ("last", 9, 1, "")],
)
def test_one_wave_is_judged_alone(wave: str, bound: int, exit_code: int, kind: str, tmp_path: Path) -> None:
    bounds = {"rest": bound} if wave == "rest" else {"last": bound}
    lay_out(tmp_path, MIXED, bounds=bounds)
    done = report(tmp_path, GITHUB, wave=wave)
    assert done.exit_code == exit_code
    assert set(done.states) == set(MIXED[wave])
    assert (len(annotated(done.log, "error")), len(annotated(done.log, "warning"))) == (
        4 * (kind == "error"),
        4 * (kind == "warning"),
    )
    assert f"### Wave {list(MIXED).index(wave) + 1}: {wave}" in done.summary
    assert done.record["wave"] == wave


def test_run_again_to_the_end(tmp_path: Path) -> None:
    """The failed jobs run again: the plan stays, and the younger record of each scale set counts."""
    lay_out(tmp_path, {"canary": {"a": "sick-domain"}, "rest": {"b": None}})
    assert report(tmp_path).states == {"a": "half-way", "b": "not started"}
    put(tmp_path, "records/a-2/record.json", run_record("happy", "a", minute=90, attempt="2"))
    put(tmp_path, "records/b-2/record.json", run_record("happy", "b", minute=120, attempt="2"))
    done = report(tmp_path)
    assert (done.exit_code, done.states) == (0, {"a": "done", "b": "done"})
    assert done.record["older"] == ["records/a/record.json"]
    assert "records/a/record.json" in done.summary


def test_planned_again(tmp_path: Path) -> None:
    """All jobs run again: what ran before the new plan began counts no more."""
    lay_out(tmp_path, {"canary": {"a": "sick-domain"}})
    later = PLANNED_AT.replace(hour=12)
    put(tmp_path, "records/2.json", plan_record(plan_of({"canary": {"a": Verdict.DUE}}), started_at=later.isoformat()))
    assert report(tmp_path).states == {"a": "did not report"}
    put(tmp_path, "records/a-2.json", run_record("happy", "a", minute=200))
    assert report(tmp_path).exit_code == 0


def test_records_alone(tmp_path: Path) -> None:
    put(tmp_path, "records/a.json", run_record("happy", "a"))
    assert report(tmp_path).exit_code == 0
    put(tmp_path, "records/b.json", run_record("rollback", "b"))
    done = report(tmp_path)
    assert (done.exit_code, done.states) == (1, {"b": "rolled back", "a": "done"})
    assert "### Scale sets\n" in done.summary


def test_a_job_that_never_saw_its_scale_set_is_found_in_the_plan(tmp_path: Path) -> None:
    """Its record names the scale set that the inputs asked for."""
    played = play("happy", tmp_path / "job", inputs={"resource-group": "other", "scale-set": "nothing"})
    assert (played.outcome, played.record["scale_set"]) == ("refused", None)
    asked = played.record["asked_for"]
    assert asked.endswith("/resourceGroups/other/providers/Microsoft.Compute/virtualMachineScaleSets/nothing")
    plan = plan_of({"w": {"nothing": Verdict.DUE}})
    plan = replace(plan, sets=(replace(plan.sets[0], scale_set_id=asked),))
    put(tmp_path, "records/plan.json", plan_record(plan) | {"started_at": None})
    put(tmp_path, "records/a.json", played.record)
    done = report(tmp_path)
    assert done.states == {"nothing": "failed"}
    assert "nothing was refused: " in done.outputs["reason"]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    lay_out(tmp_path, {"w": {"a": "happy"}})
    put(tmp_path, "records/b/record.json", b'{"schema": "vmss-upgrade/rec')
    for inputs in ({}, {"wave": "w"}):
        done = report(tmp_path, GITHUB, **inputs)
        assert done.exit_code == 1
        assert annotated(done.log) == [
            "title=Record not readable::'records/b/record.json' is not JSON: it may hide a failure."
        ]
        assert "### Files that cannot be read" in done.summary
    assert done.record["unread"] == [{"file": "records/b/record.json", "lack": "is not JSON"}]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"records": ""}, "records: is needed by `operation: fleet-report`."),
        ({"records": "../records/*.json"}, "does not name files below the workspace"),
        ({"records": "/etc/*.json"}, "does not name files below the workspace"),
        ({"records": "nowhere/*.json"}, "matches no record of a job, and no plan of a fleet"),
        ({"wave": "rest "}, ""),
        ({"wave": "Rest"}, "wave: 'Rest' is no wave of the plan."),
        ({"waves": "rest"}, "waves: is of no use with `operation: fleet-report`."),
        ({"report-pth": "x"}, "report-pth: there is no input of this name."),
    ],
)
def test_inputs_of_no_use(inputs: dict[str, str], said: str, tmp_path: Path) -> None:
    lay_out(tmp_path, {"canary": {"a": "happy"}, "rest": {"b": "happy"}})
    done = report(tmp_path, GITHUB, **inputs)
    assert (done.exit_code, done.outputs["outcome"]) == ((1, "refused") if said else (0, "succeeded"))
    assert said in done.outputs["reason"]
    assert said in done.record["reason"]
    assert said in done.log
    assert bool(said) == ("No report of the fleet" in done.summary)
    assert done.page


def test_a_job_that_is_cancelled_still_writes_everything(tmp_path: Path) -> None:
    lay_out(tmp_path, {"w": {"a": "happy"}})
    done = report(tmp_path, GITHUB, clock=cancelled_at(0.0))
    assert (done.exit_code, done.outputs["outcome"], done.record["outcome"]) == (1, "interrupted", "interrupted")
    assert "## ✋ No report of the fleet" in done.summary
    assert "interrupted" in done.page


def test_a_bug_is_shown_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path, {"w": {"a": "happy"}})
    monkeypatch.setattr("vmss_upgrade.fleet.reporting.step.fold", lambda *_, **__: 1 / 0)
    done = report(tmp_path, GITHUB)
    assert (done.exit_code, done.outputs["outcome"]) == (1, "halted")
    assert "Traceback (most recent call last)" in done.log
    assert done.outputs["reason"].startswith("Internal error: ZeroDivisionError")


def test_a_wave_without_a_plan(tmp_path: Path) -> None:
    put(tmp_path, "records/a.json", run_record("happy", "a"))
    assert "is of no use without a fleet's plan" in report(tmp_path, wave="rest").outputs["reason"]


def test_nothing_is_asked_of_azure(tmp_path: Path) -> None:
    """Also with inputs that would sign in: the environment holds no token, and no transport is given."""
    lay_out(tmp_path, {"w": {"a": "happy"}})
    assert report(tmp_path, tenant_id="t", client_id="c", scale_set=id_of("a"), config="x.yml").exit_code == 0


def test_files_of_others_are_kept(tmp_path: Path) -> None:
    lay_out(tmp_path, {"w": {"a": "happy"}})
    put(tmp_path, "mine.json", {"schema": "mine"})
    put(tmp_path, "mine.html", b"<p>mine")
    put(tmp_path, "mine/a.html", b"<p>mine")
    done = report(tmp_path, GITHUB, report_path="mine.json", report_html="mine.html")
    assert done.exit_code == 0
    assert (tmp_path / "mine.json").read_text() == '{"schema": "mine"}'
    assert (tmp_path / "mine.html").read_text() == (tmp_path / "mine/a.html").read_text() == "<p>mine"
    assert len(annotated(done.log, "warning")) == 3
    assert done.outputs["report"] == done.outputs["summary-path"] == ""


def test_a_second_report_replaces_the_first(tmp_path: Path) -> None:
    lay_out(tmp_path, {"w": {"a": "happy"}})
    report(tmp_path)
    done = report(tmp_path, GITHUB, records="**/*.json")
    assert done.exit_code == 0
    assert not annotated(done.log, "warning")
    assert done.record["ignored"] == ["fleet-report.json"]


def hostile(folder: Path) -> Reported:
    """Report a fleet in which every text is hostile."""
    waves = {f"w {TEXT}": {f"a {TEXT}": "sick-domain", f"b {TEXT}": None, f"c {TEXT}": Verdict.REFUSED}}
    plan = plan_of(waves)
    sets = tuple(replace(each, target=TEXT, plan_hash=TEXT, region=TEXT) for each in plan.sets)
    plan = replace(plan, image=TEXT, sets=sets)
    put(folder, "records/plan.json", plan_record(plan))
    parts: dict[str, Any] = {
        "reason": TEXT,
        "remedy": TEXT,
        "target_image": TEXT,
        "scale_set": {"id": plan.sets[0].scale_set_id, "name": TEXT},
        "run": {"url": f"https://x.test/{TEXT}", "attempt": TEXT},
    }
    put(folder, "records/a.json", run_record("sick-domain", "a", **parts))
    put(folder, "records/z.json", run_record("happy", "z", **parts | {"scale_set": {"id": TEXT, "name": TEXT}}))
    put(folder, "records/##[error]x ::error::y.json", b"{")
    event = put(folder, "event.json", {"inputs": {"image": TEXT, "waves": TEXT, TEXT: TEXT}})
    by_hand = {"GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_EVENT_PATH": str(event)}
    return report(folder, GITHUB | by_hand)


def test_hostile_texts_are_harmless(tmp_path: Path) -> None:
    done = hostile(tmp_path)
    assert done.exit_code == 1
    for line in done.log.splitlines():
        assert not re.match(r"::(?!error title=|warning::|group::|endgroup::|add-mask::)", line)
        assert "##[" not in line
    for text in (done.log, done.summary, done.page, json.dumps(done.record), json.dumps(done.outputs)):
        assert SECRET not in text
        assert "\u202e" not in text
        assert "\x1b[2J" not in text
    assert not foreign_tags(done.summary)
    assert "<script>x" not in done.page + outside_of_fences(done.summary)
    assert "<img" not in done.page


def test_many_scale_sets_are_quick_and_fit(tmp_path: Path) -> None:
    """Four times as many take no more than about four times as long; the summary is far from GitHub's limit."""
    scenarios = ("happy", "sick-domain", "rollback", "happy")
    took = {}
    for size in (64, 256):
        folder = tmp_path / str(size)
        names = [f"a-scale-set-of-the-web-tier-in-western-europe-{at:03}" for at in range(size)]
        waves = {f"wave-{w}": dict.fromkeys(names[w::4], scenarios[w]) for w in range(4)}
        lay_out(folder, waves, bounds=dict.fromkeys(waves, 1000))
        report(folder, GITHUB)
        began = time.process_time()
        done = report(folder, GITHUB)
        took[size] = time.process_time() - began
        assert len(done.states) == size
        assert len(list((folder / "fleet").iterdir())) == size
    print(f"64: {took[64]:.2f} s, 256: {took[256]:.2f} s, ratio {took[256] / took[64]:.1f}")
    assert took[256] / took[64] < 8
    assert len(done.summary.encode()) < LIMIT / 5
    assert len(done.page.encode()) < 500_000
    assert done.summary.count("<details>") == 2
    assert len(annotated(done.log)) == ANNOTATIONS_PER_TYPE
    assert len("".join(done.outputs.values())) < 100_000
