"""The step summary: small enough, whole tables, no markup that is not ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import TEXT, assert_sound, failures, halted

from builders import fleet, report_of, run_of
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.report_files import ReportFiles
from vmss_upgrade.reporters.step_summary import LIMIT, as_markdown
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history.events import Event, Noticed
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report

CUT = "did not fit into a step summary"


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(halted, id="hostile-text-everywhere"),
        pytest.param(lambda: halted(1000, failures(1000, length=10_000)), id="1000-failures-of-one-code"),
        pytest.param(lambda: halted(1000, failures(1000, codes=1000, length=10_000)), id="1000-failures-of-1000-codes"),
        pytest.param(lambda: report_of(run_of(fleet("0123456789" * 100))), id="1000-instances-upgraded"),
        pytest.param(Report, id="nothing-happened"),
    ],
)
def test_a_summary_is_sound(made: Callable[[], Report]) -> None:
    assert_sound(as_markdown(made(), simulated=TEXT))


def test_1000_failures_of_one_code_are_shown_whole() -> None:
    markdown = as_markdown(halted(1000, failures(1000, length=10_000)))
    assert CUT not in markdown
    assert "### Batches" in markdown


def test_a_cut_summary_says_so() -> None:
    report = halted(1000, failures(1000, codes=1000, length=10_000))
    markdown = as_markdown(report, taken=LIMIT - 6000)
    assert_sound(markdown)
    assert CUT in markdown
    assert markdown.startswith("## ❌")


def test_earlier_text_of_the_step_takes_room(tmp_path: Path) -> None:
    """The summary beside the record has room for the whole; in the runner's file, both fit together."""
    earlier, file = "x" * (LIMIT - 6000) + "\n", tmp_path / "summary.md"
    file.write_text(earlier)
    report = halted(1000, failures(1000, codes=1000, length=10_000))
    files = ReportFiles(report, Console(github=True, colour=False), workspace=str(tmp_path), simulated="")
    files.write_summary_beside_record("record.md")
    files.write_step_summary(str(file))
    beside, text = (tmp_path / "record.md").read_text(), file.read_text()
    assert text.startswith(f"{earlier}## ❌")
    assert len(text.encode()) <= LIMIT < len((earlier + beside).encode())


def test_1000_findings_are_cut() -> None:
    events: list[Event] = run_of(fleet("01"))
    notes = [Noticed(at=1.0, finding=Finding(Severity.NOTE, f"{n} {TEXT}", TEXT)) for n in range(1000)]
    markdown = as_markdown(report_of([*events[:-1], *notes, events[-1]]))
    assert_sound(markdown)
    assert "and 800 more in the log" in markdown


BROKEN = Failure(instance_id="1", code="OSProvisioningTimedOut", message="It | did not start.", correlation_id="c-1")


def test_a_halted_run() -> None:
    markdown = as_markdown(report_of(run_of(fleet("001122", protected="4"), failures=(BROKEN,))))
    assert "- Instance <code>1</code>: <code>OSProvisioningTimedOut</code><br>It &#124; did not start.<br>" in markdown
    assert "Correlation id for Microsoft's support: <code>c-1</code>" in markdown
    assert "Left undone: 3 instances (2, 3, 5)." in markdown
    assert "new instances will get it" in markdown
    assert "imageReference.version=1.0.0" in markdown
    assert "| ❌&nbsp;1:&nbsp;UD&nbsp;0, failed | ████ 1m40s | <code>1</code> not ready |" in markdown
    assert "Not started: batches 2 and 3 (UD 1, UD 2)." in markdown
    assert "- Batch 1, UD 0, at 10s: <code>0, 1</code>" in markdown
    assert "- Batch 2, UD 1: <code>2, 3</code>" in markdown
    assert "<summary>1 instance skipped</summary>" in markdown


def test_a_good_run_needs_nothing_done() -> None:
    markdown = as_markdown(report_of(run_of(fleet("0011"))))
    assert markdown.startswith("## ✅")
    assert "What to do now" not in markdown
    assert "What failed" not in markdown
    assert "<br>4 of 4 new · 4 healthy · never below 2 · 3m30s" in markdown
    assert "Never below 2 of 4 (10s after the start); the floor is 2 (<code>min-healthy</code>)." in markdown


def test_a_refused_run_says_why_in_a_table() -> None:
    refusals = [
        Noticed(at=1.0, finding=Finding(Severity.REFUSE, f"wrong {number}", f"do {number}")) for number in (1, 2)
    ]
    ending = Ending(outcome=Outcome.REFUSED, reason="wrong 1")
    markdown = as_markdown(report_of([*refusals, run_of(fleet("01"), ending=ending)[-1]]))
    assert "| wrong 1 | do 1 |\n| wrong 2 | do 2 |" in markdown


def test_a_simulated_run_says_so_first() -> None:
    first = as_markdown(report_of(run_of(fleet("01"))), simulated="happy").split("\n")[0]
    assert first == "> **Simulated run** (scenario <code>happy</code>): no Azure was involved."
