"""The batches of a run or a plan, and how many instances were healthy in the course of it."""

from __future__ import annotations

from vmss_upgrade.reporters.sanitiser.text import code, count, markdown
from vmss_upgrade.reporters.sentences import dates
from vmss_upgrade.reporters.sentences.phrases import short_name
from vmss_upgrade.reporters.sentences.plan_facts import batch_title
from vmss_upgrade.reporters.step_summary.markup import LONGEST_MESSAGE, LONGEST_NAME, folded, name_of, table, unbroken
from vmss_upgrade.reporters.surge import surge_in_words
from vmss_upgrade.rollout.history.outcome import BatchRecord, BatchResult
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.history.timing import floor_line, slowest
from vmss_upgrade.rollout.planning.availability import floor
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.scale_set import DomainKind
from vmss_upgrade.rollout.wording import duration, listed, numbers

BAR = 4  # characters of the longest batch, so that a phone shows the table without breaking its lines
COLUMNS = 32  # of the line of healthy counts
MOST_ROWS = 12  # of a table of batches that is not folded
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = "▁▂▃▄▅▆▇█"
_SIGNS = {
    BatchResult.PASSED: "✅",
    BatchResult.FAILED: "❌",
    BatchResult.UNDER_WAY: "✋",
    BatchResult.NOT_ACCEPTED: "❌",
}


def batches(report: Report) -> list[str]:
    """Return the batches of the rollout."""
    if report.plan is None or not (report.batches or report.plan.batches):
        return []
    records = [record for record in report.batches if not record.is_back]
    return ["### Batches", "", *_surge(report), *_batches_of(report.plan, records, report)]


def _surge(report: Report) -> list[str]:
    return [f"Surge: {markdown(surge_in_words(report.surge), LONGEST_MESSAGE)}", ""] if report.surge else []


def rollback(report: Report) -> list[str]:
    """Return what the rollback did, if there was one."""
    plan = report.rollback
    if plan is None:
        return []
    records = [record for record in report.batches if record.is_back]
    holds = "holds the previous image again" if report.model_restored else "may still hold the target image"
    returned = f"{len(report.rolled_back)} of {count(len(plan.instance_ids), 'instance')} returned to"
    image = markdown(short_name(plan.reaches), LONGEST_NAME)
    lines = ["### Rollback", "", f"{returned} {image}; the model {holds}."]
    return [*lines, "", *_batches_of(plan, records, report)] if plan.batches or records else lines


def planned(report: Report) -> list[str]:
    """Return the batches of a plan that is not carried out."""
    if report.plan is None or not report.plan.batches:
        return []
    due = len(report.plan.due_now)
    rows = [
        (str(batch.number), _title(batch, report) or "across the set", str(len(batch.instance_ids)), _ids(batch))
        for batch in report.plan.due_now
    ]
    lines = table(("Batch", "Domain", "Size", "Instances"), rows, align="r r")
    later = _not_started(report.plan.batches[due:], report, "Not in this run, which stops before")
    heading = f"{count(due, 'batch')}, one after the other" if due > 1 else "1 batch"
    return [*(folded(heading, lines) if due > MOST_ROWS else [f"### {heading}", "", *lines]), *later]


def _batches_of(plan: RolloutPlan, records: list[BatchRecord], report: Report) -> list[str]:
    longest = max((record.seconds or 0.0 for record in report.batches), default=0.0)
    rows = [_row(record, longest, report) for record in records]
    lines = table(("Batch", "Took", "Slowest"), rows)
    begun = {record.batch.number for record in records}
    left = [batch for batch in plan.batches if batch.number not in begun]
    everyone = [*(record.batch for record in records), *left]
    return [
        *([] if not rows else folded(count(len(rows), "batch"), lines) if len(rows) > MOST_ROWS else lines),
        *_not_started(left, report, "Not started"),
        "",
        *folded("Instances and times of the batches", _details(everyone, records, report)),
    ]


def _row(record: BatchRecord, longest: float, report: Report) -> tuple[str, str, str]:
    batch, passed = record.batch, record.result is BatchResult.PASSED
    result = "" if passed else f", {'not finished' if record.result is BatchResult.UNDER_WAY else record.result.value}"
    numbered = ": ".join(filter(None, (str(batch.number), _title(batch, report))))
    title = f"{unbroken(f'{_SIGNS[record.result]} {numbered}')}{result}"
    took = f"{_bar(record.seconds, longest)} {duration(record.seconds)}" if record.seconds is not None else ""
    return title, took, _slowest(record)


def _slowest(record: BatchRecord) -> str:
    """Return the instance that became ready last, or those that did not."""
    missing = [id_ for id_ in record.batch.instance_ids if id_ not in record.ready_after]
    if record.result is BatchResult.FAILED and missing:
        return f"{name_of(listed(missing, 3))} not ready"
    last = slowest(record)
    return f"{name_of(last[0])} {duration(last[1])}" if last else ""


def _bar(seconds: float, longest: float) -> str:
    """Return a bar as long as the batch took, in eighths of a character."""
    eighths = max(1, round(BAR * 8 * seconds / longest)) if longest else 1
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _not_started(left: tuple[Batch, ...] | list[Batch], report: Report, why: str) -> list[str]:
    if not left:
        return []
    titles = list(dict.fromkeys(title for batch in left if (title := _title(batch, report))))
    between = numbers(left[0].number, left[-1].number)
    domains = f" ({listed(titles)})" if titles else ""
    return ["", f"{why}: {'batches' if len(left) > 1 else 'batch'} {between}{domains}."]


def _details(everyone: list[Batch], records: list[BatchRecord], report: Report) -> list[str]:
    started = {record.batch.number: record.started_at for record in records}
    lines = []
    for batch in everyone:
        at = started.get(batch.number)
        when = f", at {dates.time_of_day(report.facts, at) or duration(at)}" if at is not None else ""
        title = ", ".join(filter(None, (f"Batch {batch.number}", _title(batch, report))))
        lines.append(f"- {title}{when}: {_ids(batch)}")
    return lines


def _ids(batch: Batch) -> str:
    return code(listed(batch.instance_ids, 30), LONGEST_MESSAGE)


def _title(batch: Batch, report: Report) -> str:
    """Return the domain of a batch; empty if batches are drawn across the set."""
    if batch.domain.kind is DomainKind.SET:
        return ""
    return markdown(batch_title(batch, report.before), LONGEST_NAME)


def health(report: Report) -> list[str]:
    """Return how many instances were healthy in the course of the run, as a line of blocks above the floor."""
    counts, lowest, policy, model = report.changes.healthy, report.lowest_healthy, report.policy, report.model
    if not report.batches or not counts or lowest is None or policy is None or model is None:
        return []
    state = "healthy" if model.health_signal.proves_health else "running"
    asked = 0 if report.plan and report.plan.rolls else floor(report.before, policy, report.stopped_before)
    least = max(asked, report.floor_of_surge)
    lows = floor_line(counts, max(report.duration, counts[0][0] + 1.0), COLUMNS)
    bottom, top = min(least, *lows), max(len(report.counted), *lows)
    span = max(1, top - bottom)
    line = "".join(_HEIGHTS[round((low - bottom) * 7 / span)] for low in lows)
    allowed = (
        "Azure made the batches"
        if report.plan and report.plan.rolls
        else "downtime is allowed"
        if policy.allow_downtime
        else f"the floor is {least} ({code('surge' if least > asked else 'min-healthy')})"
    )
    when = dates.time_of_day(report.facts, lowest.at)
    when = f"at {when}" if when else f"{duration(lowest.at)} after the start"
    words = f"Never below {lowest.count} of {len(report.counted_before)} ({when}); {allowed}."
    return [f"### {state.capitalize()} instances over time", "", f"<code>{line}</code><br>{words}"]
