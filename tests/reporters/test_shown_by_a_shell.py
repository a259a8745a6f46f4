"""What a later step does with record, outputs and summary: a shell prints them, the runner reads the log."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from builders import NEW, fleet, provisioning, report_of, run_of
from harness.runner_files import read_pairs
from sweeps.bad_input.hostile_text import COMMANDS
from sweeps.bad_input.runner_log import lines
from vmss_upgrade.reporters.outputs import as_outputs, write_outputs
from vmss_upgrade.reporters.record import as_record, write_record
from vmss_upgrade.reporters.sanitiser.text import as_json
from vmss_upgrade.reporters.step_summary import as_markdown
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history.events import Noticed
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.history.run_facts import RunFacts

pytestmark = pytest.mark.sweep

NAMES = ("set-output name=outcome", "add-mask", "stop-commands", "add-path", "error", "debug", "save-state name=x")
HOSTILE = (
    *COMMANDS,
    *(f"{ahead}::{name}::forged" for name in NAMES for ahead in ("", "\n", "\r", " \t", "\u0085", "\u2028")),
    *(f"{ahead}::{name}::forged" for name in NAMES for ahead in ("\\n", "\\012", "\\\\n", "\x7f\f\v")),
    *(f"{ahead}##[{name}]forged" for name in NAMES for ahead in ("", "x ", "#", "\\", "\\\\")),
    "#\u200b#[error]forged", "#\b#[error]forged", "#\u00ad#[error]forged", "\\043#[error]forged", "##\\b[error]forged",
    "\\u0023\\u0023[error]forged", "\\x23#[error]forged", ":\b:error::forged", "\n\u200b::error::forged",
)  # fmt: skip
SCRIPT = """
cat "$RECORD"; echo "$PLAN"; printf '%s' "$FAILED"; echo; echo $PLAN; echo "$FAILED" "$PREVIOUS" "$REPORT"
cat "$SUMMARY"; echo "$TARGET" "$VERSION"; echo "$ID";
echo $HEADLINE; echo "$HEADLINE"; echo "$REASON"; echo "$URL"; echo "$REPORT"
echo "$PREVIOUS"; cat "$OUTPUT"; tr ',' '\\n' < "$RECORD"
"""


def hostile_report(text: str) -> Report:
    """Return a failed run in which every foreign name and sentence is the text."""
    scale_set = fleet("0011", target=replace(NEW, version=text), name=text, location=text, id=f"/{text}")
    named = tuple(replace(i, id=f"{text}{i.id}", provisioning=provisioning(text)) for i in scale_set.instances)
    scale_set = replace(scale_set, instances=named)
    failure = Failure(instance_id=named[0].id, code=text, message=text, correlation_id=text)
    ending = Ending(outcome=Outcome.HALTED, reason=text, remedy=text, failures=(failure,))
    events = run_of(scale_set, failures=(failure,), ending=ending)
    noted = Noticed(at=1.0, finding=Finding(Severity.WARN, text, text))
    report = report_of([*events[:-1], noted, events[-1]])
    report.facts = RunFacts(url=text, actor=text, attempt=text, portal="https://portal.azure.com", version=text)
    return report


def test_no_shell_that_prints_them_gives_the_runner_a_command(tmp_path: Path) -> None:
    for number, text in enumerate(HOSTILE):
        report = hostile_report(text)
        folder = tmp_path / str(number)
        folder.mkdir()
        write_record(report, str(folder), "record.json")
        write_outputs(as_outputs(report, "record.json"), str(folder / "output"))
        (folder / "summary").write_text(as_markdown(report, simulated=text))
        outputs = dict(read_pairs((folder / "output").read_bytes().decode()))
        names = {"PLAN": "plan", "FAILED": "failed", "PREVIOUS": "previous-image", "TARGET": "target-image"}
        names |= {"VERSION": "target-version", "ID": "scale-set-id", "HEADLINE": "headline", "REASON": "reason"}
        names |= {"URL": "portal-url"}
        given = {variable: outputs[name] for variable, name in names.items()} | {"REPORT": outputs["report"]}
        files = {"RECORD": "record.json", "OUTPUT": "output", "SUMMARY": "summary"}
        environ = {"PATH": os.environ["PATH"], **given, **{name: str(folder / file) for name, file in files.items()}}
        for shell in ("sh", "bash"):
            done = subprocess.run([shell, "-c", SCRIPT], env=environ, capture_output=True, check=True)
            wrong = [line for line in lines(done.stdout.decode()) if line.wrong]
            assert wrong == [], (shell, text)
        record = json.loads((folder / "record.json").read_text())
        assert record == as_record(report)
        assert json.loads(outputs["failed"]) == report.failed, "the value is as it was"


@pytest.mark.parametrize("text", HOSTILE)
def test_json_is_broken_without_another_value(text: str) -> None:
    value = {text: [text, {"a": text}], "b": text * 2}
    for indent in (None, 2):
        shown = as_json(value, indent=indent)
        assert json.loads(shown) == value
        assert "##[" not in shown
        assert "::" not in shown
        assert shown.isascii()


def test_honest_json_is_as_it_was() -> None:
    value = {"image": "Canonical:jammy:22_04-lts:1.0.0", "n": [1, None, True], "id": "/subscriptions/x", "u": "ü #1"}
    assert as_json(value) == json.dumps(value)
    assert as_json(value, indent=2) == json.dumps(value, indent=2)
