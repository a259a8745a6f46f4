"""Report -> the step summary in GitHub Markdown.

Foreign text goes through `code` or `markdown` (reporters/text.py). GitHub drops a summary above 1 MiB whole
(actions/runner `FileCommandManager.cs`), so sections are added only while there is room, the important ones first.
"""

from __future__ import annotations

from vmss_upgrade.reporters import heatmap, plan_words, status_words, words
from vmss_upgrade.reporters.text import code, count, cut, fenced, markdown
from vmss_upgrade.rollout.durations import duration
from vmss_upgrade.rollout.events import Outcome
from vmss_upgrade.rollout.findings import Severity
from vmss_upgrade.rollout.listing import listed
from vmss_upgrade.rollout.planner import RolloutPlan
from vmss_upgrade.rollout.report import BatchRecord, Report

LIMIT = 900_000  # bytes; below 1 MiB with room for what other code in the step may append
LONGEST_MESSAGE = 2000  # characters of one foreign message


def as_markdown(report: Report, *, simulated: str = "") -> str:
    """The whole summary. `simulated` names the scenario of a run without Azure, which is said first."""
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
    return _within_limit([section for section in sections if section])


def _within_limit(sections: list[list[str]]) -> str:
    text = ""
    for section in sections:
        block = "\n".join(section) + "\n\n"
        if len((text + block).encode()) > LIMIT:
            return text + "_The rest did not fit into a step summary; it is in the log and in the JSON record._\n"
        text += block
    return text


def _title(report: Report, simulated: str) -> list[str]:
    outcome = report.ending.outcome if report.ending else Outcome.HALTED
    name = f"{markdown(report.model.name)}: " if report.model else ""
    lines = [f"## {words.mark(outcome)} {name}{outcome.value}", "", _literal(words.headline(report))]
    if simulated:
        lines = [f"> **Simulated run** (scenario {code(simulated)}): no Azure was involved.", "", *lines]
    return lines


def _what_to_do(report: Report) -> list[str]:
    """What is left, what Azure goes on doing, what new instances get, and the way back: only where not all is well."""
    if report.ending is None or (report.ending.outcome.exit_code == 0 and not report.ending.remedy):
        return []
    sentences = (
        words.left_undone(report),
        words.in_flight(report),
        words.repairs_notice(report),
        report.ending.remedy,
        words.how_to_return(report),
    )
    lines = ["### What now", ""] + [f"- {_literal(sentence)}" for sentence in sentences if sentence]
    if words.closer_look(report):
        lines += ["- To see what Azure knows of the instance:", "", fenced(words.closer_look(report)), ""]
    if words.way_back(report):
        lines += ["- To put the previous image back into the model:", "", fenced(words.way_back(report))]
    return lines if len(lines) > 2 else []


def _failures(report: Report) -> list[str]:
    groups = words.failures_by_code(report.failures())
    if not groups:
        return []
    lines = ["### What failed", "", "| Instances | Code | Message | Correlation id |", "| --- | --- | --- | --- |"]
    for name, failures in groups.items():
        ids = [f.instance_id for f in failures if f.instance_id]
        messages = list(dict.fromkeys(f.message for f in failures))
        shown = "<br>".join(markdown(cut(message, LONGEST_MESSAGE)) for message in messages[:5])
        correlation = next((f.correlation_id for f in failures if f.correlation_id), "")
        who = code(listed(ids, 30)) if ids else "the rollout"
        lines.append(f"| {who} | {code(name)} | {shown} | {code(correlation) if correlation else ''} |")
    return lines


def _refusals(report: Report) -> list[str]:
    refusals = [finding for finding in report.findings if finding.severity is Severity.REFUSE]
    if not refusals:
        return []
    lines = ["### Why it was refused", "", "| What is wrong | What to do |", "| --- | --- |"]
    return lines + [f"| {_literal(f.message)} | {_literal(f.remedy)} |" for f in refusals]


def _facts(report: Report) -> list[str]:
    if report.plan is None or report.policy is None or report.model is None:
        return []
    lines = ["### The rollout", "", "| | |", "| --- | --- |"]
    lines += [
        f"| {name} | {markdown(value)} |"
        for name, value in plan_words.plan_facts(
            report.plan, report.policy, report.model, report.before, report.command
        )
    ]
    if report.model_update_seconds is not None:
        lines.append(f"| Model updated in | {duration(report.model_update_seconds)} |")
    lines.append(f"| Duration | {duration(report.duration)} |")
    if report.seconds_waited:
        lines.append(f"| Waited for Azure | {duration(report.seconds_waited)} |")
    if words.health_in_numbers(report):
        lines.append(f"| Health | {words.health_in_numbers(report)} |")
    if report.ending and report.ending.outcome is Outcome.PLANNED:
        lines.append(f"| Blast radius | {_literal(words.away(report))} |")
    return lines


def _heatmaps(report: Report) -> list[str]:
    if not report.before and report.shown is None:
        return []
    kind = plan_words.kind_of_rows(report)
    maps = heatmap.as_markdown(report.before, report.cells_before(), report.instances, report.cells(), kind)
    return ["### Instances", "", *maps]


def _status(report: Report) -> list[str]:
    """The state of every instance, where that was asked for."""
    if report.shown is None:
        return []
    heading, rows = status_words.status_columns(report)
    lines = ["### State", "", f"| {' | '.join(heading)} |", f"| {' | '.join('---' for _ in heading)} |"]
    return lines + [f"| {' | '.join(markdown(value) for value in row)} |" for row in rows]


def _batches(report: Report) -> list[str]:
    if report.plan is None or not (report.batches or report.plan.batches):
        return []
    records = [record for record in report.batches if not record.is_back]
    return ["### Batches", "", *_batch_table(report.plan, records, report)]


def _rollback(report: Report) -> list[str]:
    """The way back, where there was one."""
    plan = report.rollback
    if plan is None:
        return []
    records = [record for record in report.batches if record.is_back]
    model = "holds the previous image again" if report.model_restored else "may still hold the target image"
    returned = f"{len(report.rolled_back)} of {count(len(plan.instance_ids), 'instance')}"
    facts = [("Returned to", str(plan.target)), ("Model", model), ("Returned", returned)]
    lines = [
        "### Rollback",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {markdown(value)} |" for name, value in facts),
    ]
    return [*lines, "", *_batch_table(plan, records, report)] if plan.batches or records else lines


def _batch_table(plan: RolloutPlan, records: list[BatchRecord], report: Report) -> list[str]:
    lines = ["| Batch | Domain | Instances | Started after | Took | Result |"]
    lines.append("| ---: | --- | --- | ---: | ---: | --- |")
    started = {record.batch.number: record for record in records}
    planned = {batch.number: batch for batch in plan.batches}
    planned |= {record.batch.number: record.batch for record in records}
    for number, batch in planned.items():
        record = started.get(number)
        title = plan_words.batch_title(batch, report.before)
        took = duration(record.seconds) if record and record.seconds is not None else ""
        began = duration(record.started_at) if record else ""
        result = record.result if record else "not started"
        ids = code(listed(batch.instance_ids, 30))
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
    by_reason: dict[str, list[str]] = {}
    for skipped in report.skipped:
        by_reason.setdefault(skipped.reason, []).append(skipped.instance_id)
    lines = ["<details>", f"<summary>{count(len(report.skipped), 'instance')} skipped</summary>", ""]
    lines += [f"- {reason}: {code(listed(ids, 1000))}" for reason, ids in by_reason.items()]
    return [*lines, "", "</details>"]


def _literal(text: str) -> str:
    """A sentence of ours that quotes foreign text: all of it literal, cut to a length that people read."""
    return markdown(cut(text, LONGEST_MESSAGE))
