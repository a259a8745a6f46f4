"""Report -> the step summary in GitHub Markdown.

Foreign text goes through `code` or `markdown` (reporters/text.py). GitHub drops a summary above 1 MiB whole
(actions/runner `FileCommandManager.cs`), so a section gets half of the room that is left at most, the important ones
first; what does not fit of it is cut, and the next one is tried.
"""

from __future__ import annotations

import os

from vmss_upgrade.reporters import heatmap
from vmss_upgrade.reporters.files import append_whole
from vmss_upgrade.reporters.sanitiser.text import code, count, fenced, markdown
from vmss_upgrade.reporters.sentences.headline import MARKS, headline
from vmss_upgrade.reporters.sentences.next_steps import next_steps
from vmss_upgrade.reporters.sentences.phrases import failures_by_code, health_in_numbers
from vmss_upgrade.reporters.sentences.plan_facts import batch_title, blast_radius, plan_facts, skipped_by_reason
from vmss_upgrade.reporters.sentences.status_table import status_columns
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Severity
from vmss_upgrade.rollout.history.outcome import BatchRecord, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.wording import duration, listed

LIMIT = 900_000  # bytes; below 1 MiB with room for what other code in the step may append
LONGEST_MESSAGE = 2000  # characters of one foreign message
LONGEST_NAME = 300
MOST_FAILURES = 30  # rows of "What failed"
_LEFT_OUT = "_What did not fit into a step summary is in the log and in the JSON record._\n"
_CUT = "and {} more, in the JSON record"


def append_summary(report: Report, file: str, *, simulated: str) -> None:
    """Append the summary to GitHub's file, which earlier code of the step may have filled in part. Raises OSError."""
    taken = os.path.getsize(file) if os.path.exists(file) else 0
    append_whole(file, as_markdown(report, simulated=simulated, taken=taken))


def as_markdown(report: Report, *, simulated: str = "", taken: int = 0) -> str:
    """Return the whole summary; empty if not even the outcome fits.

    `simulated` names the scenario of a run without Azure, which is said first. `taken`: bytes that are in the summary
    already.
    """
    sections = (
        _title(report, simulated),
        _failures(report),
        _refusals(report),
        _what_to_do(report),
        _facts(report),
        _heatmaps(report),
        _status(report),
        _batches(report),
        _rollback(report),
        _findings(report),
        _skipped(report),
    )
    return _within([section for section in sections if section], LIMIT - taken)


def _within(sections: list[list[str]], room: int) -> str:
    """Return as much of the sections as fits into so many bytes, the first of them at least."""
    text, is_whole = "", True
    room -= len(_LEFT_OUT)
    for section in sections:
        block = _fitting(section, room // 2)
        if not block and not text:
            return ""
        is_whole = is_whole and bool(block)
        text += block
        room -= len(block.encode())
    return text if is_whole else text + _LEFT_OUT


def _fitting(section: list[str], room: int) -> str:
    """Return the section with as many of its rows and points as fit; empty if not even a table's head does."""
    costs = [len(line.encode()) + 1 for line in section]
    are_rows = [line.startswith(("|", "- ")) for line in section]
    room -= sum(cost for cost, is_row in zip(costs, are_rows, strict=True) if not is_row) + len(_CUT) + 10
    kept, shown, left = [], 0, 0
    for line, cost, is_row in zip(section, costs, are_rows, strict=True):
        if is_row and (left or cost > room):
            left += 1
            continue
        shown, room = (shown + 1, room - cost) if is_row else (shown, room)
        kept.append(line)
    if room < 0 or (left and shown < 3):
        return ""
    return "\n".join([*kept, *(["", _CUT.format(left)] if left else [])]) + "\n\n"


def _title(report: Report, simulated: str) -> list[str]:
    outcome = report.ending.outcome if report.ending else Outcome.HALTED
    name = f"{markdown(report.model.name, LONGEST_NAME)}: " if report.model else ""
    lines = [f"## {MARKS[outcome]} {name}{outcome.value}", "", _literal(headline(report))]
    if simulated:
        lines = [f"> **Simulated run** (scenario {code(simulated, LONGEST_NAME)}): no Azure was involved.", "", *lines]
    return lines


def _what_to_do(report: Report) -> list[str]:
    """Return the next steps, each command in a block of its own."""
    lines: list[str] = []
    for step in next_steps(report):
        lines.append(f"- {_literal(step.sentence)}")
        if step.command:
            lines += ["", fenced(step.command), ""]
    if lines[-1:] == [""]:
        lines.pop()
    return ["### What now", "", *lines] if lines else []


def _failures(report: Report) -> list[str]:
    groups = failures_by_code(report.failures())
    if not groups:
        return []
    lines = ["### What failed", "", "| Instances | Code | Message | Correlation id |", "| --- | --- | --- | --- |"]
    for name, failures in list(groups.items())[:MOST_FAILURES]:
        ids = [f.instance_id for f in failures if f.instance_id]
        correlation = next((f.correlation_id for f in failures if f.correlation_id), "")
        who = code(listed(ids, 30), LONGEST_NAME) if ids else "the rollout"
        support = code(correlation, LONGEST_NAME) if correlation else ""
        lines.append(f"| {who} | {code(name, LONGEST_NAME)} | {_messages(failures)} | {support} |")
    more = len(groups) - MOST_FAILURES
    return [*lines, "", _CUT.format(more)] if more > 0 else lines


def _messages(failures: list[Failure]) -> str:
    """Return the first messages of a group, all of them together no longer than one may be."""
    messages = list(dict.fromkeys(f.message for f in failures))[:5]
    return "<br>".join(markdown(message, LONGEST_MESSAGE // len(messages)) for message in messages)


def _refusals(report: Report) -> list[str]:
    refusals = [finding for finding in report.findings if finding.severity is Severity.REFUSE]
    if not refusals:
        return []
    lines = ["### Why it was refused", "", "| What is wrong | What to do |", "| --- | --- |"]
    return lines + [f"| {_literal(f.message)} | {_literal(f.remedy)} |" for f in refusals]


def _facts(report: Report) -> list[str]:
    facts = plan_facts(report)
    if not facts:
        return []
    if report.model_update_seconds is not None:
        facts.append(("Model updated in", duration(report.model_update_seconds)))
    facts.append(("Duration", duration(report.duration)))
    if report.seconds_waited:
        facts.append(("Waited for Azure", duration(report.seconds_waited)))
    if health := health_in_numbers(report):
        facts.append(("Health", health))
    if report.ending and report.ending.outcome is Outcome.PLANNED:
        facts.append(("Blast radius", blast_radius(report)))
    return ["### The rollout", "", *_fact_table(facts)]


def _heatmaps(report: Report) -> list[str]:
    if not report.before and report.shown is None:
        return []
    return ["### Instances", "", *heatmap.as_markdown(*heatmap.before_and_now(report))]


def _status(report: Report) -> list[str]:
    """Return the state of every instance, if that was asked for."""
    if report.shown is None:
        return []
    heading, rows = status_columns(report)
    lines = ["### State", "", f"| {' | '.join(heading)} |", f"| {' | '.join('---' for _ in heading)} |"]
    return lines + [f"| {' | '.join(markdown(value, LONGEST_NAME) for value in row)} |" for row in rows]


def _batches(report: Report) -> list[str]:
    if report.plan is None or not (report.batches or report.plan.batches):
        return []
    records = [record for record in report.batches if not record.is_back]
    return ["### Batches", "", *_batch_table(report.plan, records, report)]


def _rollback(report: Report) -> list[str]:
    """Return what the rollback did, if there was one."""
    plan = report.rollback
    if plan is None:
        return []
    records = [record for record in report.batches if record.is_back]
    model = "holds the previous image again" if report.model_restored else "may still hold the target image"
    returned = f"{len(report.rolled_back)} of {count(len(plan.instance_ids), 'instance')}"
    facts = [("Returned to", str(plan.reaches)), ("Model", model), ("Returned", returned)]
    lines = ["### Rollback", "", *_fact_table(facts)]
    return [*lines, "", *_batch_table(plan, records, report)] if plan.batches or records else lines


def _fact_table(facts: list[tuple[str, str]]) -> list[str]:
    return ["| | |", "| --- | --- |", *(f"| {name} | {_literal(value)} |" for name, value in facts)]


def _batch_table(plan: RolloutPlan, records: list[BatchRecord], report: Report) -> list[str]:
    heading = "| Batch | Domain | Instances | Started after | Took | Result |"
    lines = [heading, "| ---: | --- | --- | ---: | ---: | --- |"]
    started = {record.batch.number: record for record in records}
    planned = {batch.number: batch for batch in plan.batches}
    planned |= {record.batch.number: record.batch for record in records}
    for number, batch in planned.items():
        record = started.get(number)
        title = batch_title(batch, report.before)
        took = duration(record.seconds) if record and record.seconds is not None else ""
        began = duration(record.started_at) if record else ""
        result = record.result.value if record else "not started"
        ids = code(listed(batch.instance_ids, 30), LONGEST_MESSAGE)
        lines.append(f"| {number} | {title} | {ids} | {began} | {took} | {result} |")
    return lines


def _findings(report: Report) -> list[str]:
    others = [finding for finding in report.findings if finding.severity is not Severity.REFUSE]
    if not others:
        return []
    signs = {Severity.WARN: "⚠️", Severity.NOTE: "ℹ️"}  # noqa: RUF001 - the sign GitHub shows for a note
    shown = others[:200]
    lines = ["### Noticed", ""]
    lines += [f"- {signs[f.severity]} {_literal(f.message)} {_literal(f.remedy)}".rstrip() for f in shown]
    return lines if len(shown) == len(others) else [*lines, f"- and {len(others) - len(shown)} more in the log"]


def _skipped(report: Report) -> list[str]:
    if not report.skipped:
        return []
    lines = ["<details>", f"<summary>{count(len(report.skipped), 'instance')} skipped</summary>", ""]
    lines += [f"- {reason}: {code(listed(ids, 1000))}" for reason, ids in skipped_by_reason(report.skipped).items()]
    return [*lines, "", "</details>"]


def _literal(text: str) -> str:
    """Return a sentence of ours that quotes foreign text: all of it literal, cut to a length that people read."""
    return markdown(text, LONGEST_MESSAGE)
