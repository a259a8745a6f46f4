"""Events -> lines, groups and annotations of the log, each said as it happens."""

from __future__ import annotations

from vmss_upgrade.reporters import heatmap
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.sanitiser.text import clean, count
from vmss_upgrade.reporters.sentences import phrases as words
from vmss_upgrade.reporters.sentences import plan_facts, status_table
from vmss_upgrade.reporters.sentences.headline import MARKS, headline
from vmss_upgrade.reporters.sentences.next_steps import (
    holds_failed_image,
    in_flight,
    left_undone,
    model_notice,
    next_steps,
    remedy,
)
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history import events
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.wording import duration, listed

MOST_FAILURES = 30  # codes that are reported, a line each
LONGEST_CELL = 300
REPEAT_PROGRESS_AFTER = 120.0  # seconds after which an unchanged line is said again


class Log:
    """The log of one run on a console. `report` must have taken an event into account before `tell` is called."""

    def __init__(self, console: Console, report: Report) -> None:
        self._console = console
        self._report = report
        self._last_progress = ("", float("-inf"))

    def tell(self, event: events.Event) -> None:
        """Say what happened."""
        match event:
            case events.Noticed():
                self._tell_finding(event.finding)
            case events.RolloutPlanned():
                self._tell_plan(event)
            case events.StatusSeen():
                self._tell_status()
            case events.RepairsSuspending():
                self._at(event.at, "suspending automatic instance repairs")
            case events.RepairsResumed() if event.were_suspended:
                self._at(event.at, "automatic instance repairs are resumed")
            case events.Waiting():
                tries = f"next try in {duration(event.seconds)}, until {_stamp(event.until)} at most"
                detail = f" ({', '.join(filter(None, (event.detail, tries)))})"
                self._progress(event.at, f"waiting: {event.why}", detail)
            case events.ModelUpdateStarted():
                self._at(event.at, f"updating the model to {event.target}")
            case events.ModelRestoreStarted():
                self._console.close_group()
                self._at(event.at, "↩ putting the previous image back into the model", style="1;93")
            case events.ModelUpdated():
                goes_back = self._report.goes_back or self._report.puts_back
                which = "the previous image again" if goes_back else "the target image"
                self._at(event.at, f"the model holds {which}, after {duration(event.seconds)}")
            case events.Holding():
                text = words.pending_in_words(event.troubles)
                self._progress(event.at, f"holding until {_stamp(event.until)} at most: {text}")
            case events.RollbackStarted():
                self._tell_rollback(event)
            case events.BatchStarted():
                self._tell_batch_started(event)
            case events.UpgradeAccepted() if event.certain:
                self._heatmap()
            case events.BatchProgressed():
                self._tell_progress(event)
            case events.BatchPassed() | events.BatchFailed():
                self._tell_batch_ended(event)
            case events.EndPredicted():
                self._at(event.at, f"{count(event.left, 'batch')} left, expected to end at {_stamp(event.end)}")
            case events.RolloutFinished():
                self._tell_end(event.ending)

    def _tell_finding(self, finding: Finding) -> None:
        text = " ".join(filter(None, (finding.message, finding.remedy)))
        match finding.severity:
            case Severity.REFUSE:
                self._console.error(text, "Refused")
            case Severity.WARN:
                self._console.warning(text)
            case Severity.NOTE:
                self._console.notice(text)

    def _tell_plan(self, event: events.RolloutPlanned) -> None:
        self._console.line("Plan", style="1")
        self._facts(plan_facts.plan_facts(self._report))
        self._heatmap()
        self._batches(event)
        if event.plan.batches:
            self._console.line(plan_facts.blast_radius(self._report), indent=2)

    def _tell_rollback(self, event: events.RollbackStarted) -> None:
        self._console.close_group()
        self._at(event.at, "↩ rolling back", style="1;93")
        self._facts(plan_facts.rollback_facts(event.plan, event.failed.reason))
        self._heatmap()
        self._batches(event)

    def _tell_status(self) -> None:
        """Draw the heatmap, and print a line per instance in columns."""
        self._console.line(f"Model: {status_table.model_in_words(self._report)}")
        self._heatmap()
        heading, rows = status_table.status_columns(self._report)
        table = [heading, *([clean(value, LONGEST_CELL) for value in row] for row in rows)]
        widths = [max(len(row[column]) for row in table) for column in range(len(heading))]
        for row in table:
            self._console.line("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)), indent=2)

    def _tell_batch_started(self, event: events.BatchStarted) -> None:
        title = plan_facts.batch_title(event.batch, self._report.before)
        size = count(len(event.batch.instance_ids), "instance")
        kind, doing = ("Rollback batch", "returning") if self._report.goes_back else ("Batch", "upgrading")
        self._console.open_group(f"{kind} {event.batch.number} of {event.of}: {title}, {size}")
        self._at(event.at, f"{doing} instances {listed(event.batch.instance_ids, 30)}")
        self._last_progress = ("", float("-inf"))

    def _tell_progress(self, event: events.BatchProgressed) -> None:
        match event.phase:
            case events.Phase.UPGRADING:
                text = f"Azure is upgrading; {words.on_target_in_words(event, self._report)}"
            case events.Phase.BAKING:
                standing = words.proven(self._report, event.is_current)
                text = f"all are {standing}; baking until {_stamp(event.until)}"
            case events.Phase.GETTING_READY:
                text = f"waiting until {_stamp(event.until)} for {words.pending_in_words(event.pending)}"
        self._progress(event.at, text)

    def _tell_batch_ended(self, event: events.BatchPassed | events.BatchFailed) -> None:
        self._console.close_group()
        took = duration(self._report.batches[-1].seconds or 0.0)
        kind = "rollback batch" if self._report.goes_back else "batch"
        if isinstance(event, events.BatchPassed):
            left = len(set(event.batch.instance_ids).intersection(self._report.arrived))
            standing = words.proven(self._report, event.is_current)
            result = f"{count(left, 'instance')} {standing}" if left else "none of its instances is left"
            self._at(event.at, f"✔ {kind} {event.batch.number} passed in {took}: {result}", style="92")
        else:
            self._at(event.at, f"✖ {kind} {event.batch.number} failed after {took}", style="1;91")

    def _tell_end(self, ending: Ending) -> None:
        self._console.close_group()
        if self._report.batches:
            self._heatmap()
        is_good = ending.outcome.exit_code == 0
        if not is_good:
            self._tell_failures(ending)
        text = f"{MARKS[ending.outcome]} {headline(self._report)}"
        self._console.line(text, style="1;92" if is_good else "1;91")
        for step in next_steps(self._report):
            self._console.line(step.sentence, indent=2)
            if step.command:
                self._console.line(step.command, indent=4)
        if health := words.health_in_numbers(self._report):
            self._console.line(health, indent=2)

    def _tell_failures(self, ending: Ending) -> None:
        report = self._report
        title = f"Rollout {ending.outcome.value}"
        groups = words.failures_by_code(report.failures())
        notice = "" if holds_failed_image(report) else model_notice(report)
        undone = " ".join(filter(None, (left_undone(report), notice, remedy(report))))
        for failures in list(groups.values())[:MOST_FAILURES]:
            self._console.error(f"{words.failure_in_words(failures)} {undone}", title)
        if len(groups) > MOST_FAILURES:
            self._console.line(f"ERROR: and {len(groups) - MOST_FAILURES} other codes, in the JSON record")
        refused_with_findings = any(f.severity is Severity.REFUSE for f in report.findings)
        if not groups and not refused_with_findings:
            self._console.error(" ".join(filter(None, (ending.reason, in_flight(report), undone))), title)

    def _at(self, at: float, text: str, *, style: str = "") -> None:
        self._console.line(f"{_stamp(at)}  {text}", style=style)

    def _progress(self, at: float, text: str, detail: str = "") -> None:
        """Say the text if it is new, or was last said a while ago. A new `detail` alone does not make it new."""
        said, said_at = self._last_progress
        if text != said or at - said_at >= REPEAT_PROGRESS_AFTER:
            self._at(at, text + detail)
            self._last_progress = (text, at)

    def _facts(self, facts: list[tuple[str, str]]) -> None:
        for name, value in facts:
            self._console.line(f"{name:<15} {value}", indent=2)

    def _batches(self, event: events.RolloutPlanned | events.RollbackStarted) -> None:
        for batch in event.plan.batches:
            title = plan_facts.batch_title(batch, event.scale_set.instances)
            self._console.line(f"batch {batch.number}: {title}, instances {listed(batch.instance_ids, 20)}", indent=2)

    def _heatmap(self) -> None:
        for line in heatmap.as_lines(heatmap.last_look(self._report), colour=self._console.colour):
            self._console.drawing(f"    {line}")


def _stamp(at: float) -> str:
    """Return seconds since the rollout began as the log's clock shows them."""
    return f"{int(at) // 3600:d}:{int(at) % 3600 // 60:02d}:{int(at) % 60:02d}"
