"""Events -> lines, groups and annotations of the log, each said as it happens."""

from __future__ import annotations

from dataclasses import dataclass

from vmss_upgrade.reporters import heatmap, log_zero_downtime
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.sanitiser.text import clean, count
from vmss_upgrade.reporters.sentences import dates, plan_facts, status_table
from vmss_upgrade.reporters.sentences import phrases as words
from vmss_upgrade.reporters.sentences.errors_page import place_of
from vmss_upgrade.reporters.sentences.headline import MARKS, headline, short_title
from vmss_upgrade.reporters.sentences.next_steps import in_flight, left_undone, model_notice, next_steps, remedy
from vmss_upgrade.reporters.sentences.proof import health_in_numbers
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history import events
from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.wording import about, duration, instances_named

MOST_FAILURES = 30  # codes that are reported, a line each
LONGEST_CELL = 300
MOST_BATCHES = 20  # of a plan, a line each
NEXT_PROGRESS_AFTER = 90.0  # seconds after which a changed line is said, if what the batch waits for is as before
REPEAT_PROGRESS_AFTER = 120.0  # seconds after which an unchanged line is said again


@dataclass(frozen=True, slots=True)
class _Progress:
    """The last line of progress, when it was said, and in which phase of a batch."""

    text: str = ""
    at: float = float("-inf")
    phase: events.Phase | None = None


class Log:
    """The log of one run on a console. `report` must have taken an event into account before `tell` is called."""

    def __init__(self, console: Console, report: Report) -> None:
        self._console = console
        self._report = report
        self._last_progress = _Progress()
        self._drawn: heatmap.Heatmap | None = None
        self._explained: set[Cell] = set()  # what a legend has said already

    def tell(self, event: events.Event) -> None:
        """Say what happened."""
        match event:
            case events.Noticed():
                self._tell_finding(event.finding)
            case events.RolloutPlanned():
                self._tell_plan(event)
            case events.StatusSeen():
                self._tell_status()
            case events.Waiting():
                tries = f"next try in {duration(event.seconds)}, until {_stamp(event.until)} at most"
                detail = f" ({', '.join(filter(None, (event.detail, tries)))}){self._healthy()}"
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
                self._draw_changes()
            case events.BatchProgressed():
                self._tell_progress(event)
            case events.BatchPassed() | events.BatchFailed():
                self._tell_batch_ended(event)
            case events.EndPredicted():
                self._tell_how_far(event)
            case events.RolloutFinished():
                self._tell_end(event.ending)
            case _:
                log_zero_downtime.tell(event, self._at, self._progress)

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
        self._draw(heatmap.last_look(self._report))
        self._batches(event)
        if event.plan.batches:
            self._console.line(plan_facts.blast_radius(self._report), indent=2)

    def _tell_rollback(self, event: events.RollbackStarted) -> None:
        self._console.close_group()
        self._at(event.at, "↩ rolling back", style="1;93")
        self._facts(plan_facts.rollback_facts(event.plan, event.failed.reason))
        self._draw(heatmap.last_look(self._report))
        self._batches(event)

    def _tell_status(self) -> None:
        """Draw the heatmap, and print a line per instance in columns."""
        self._console.line(f"Model: {status_table.model_in_words(self._report)}")
        self._draw(heatmap.last_look(self._report))
        heading, rows = status_table.status_columns(self._report)
        table = [heading, *([clean(value, LONGEST_CELL) for value in row] for row in rows)]
        widths = [max(len(row[column]) for row in table) for column in range(len(heading))]
        for row in table:
            self._console.line("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)), indent=2)

    def _tell_batch_started(self, event: events.BatchStarted) -> None:
        title = plan_facts.batch_title(event.batch, self._report.before)
        size = count(len(event.batch.instance_ids), "instance")
        kind, doing = ("Rollback batch", "returning") if self._report.goes_back else ("Batch", "upgrading")
        of = f" of {event.of}" if event.of else ""  # Azure does not tell how many it makes
        self._console.open_group(f"{kind} {event.batch.number}{of}: {title}, {size}")
        self._at(event.at, f"{doing} {instances_named(event.batch.instance_ids, 30)}")
        self._last_progress = _Progress()

    def _tell_progress(self, event: events.BatchProgressed) -> None:
        match event.phase:
            case events.Phase.UPGRADING:
                text = f"Azure is upgrading; {words.on_target_in_words(event, self._report)}"
                detail = self._healthy()
            case events.Phase.BAKING:
                standing = words.proven(self._report, event.is_current)
                text, detail = f"all are {standing}; baking until {_stamp(event.until)}", ""
            case events.Phase.GETTING_READY:
                text = f"waiting for {words.awaited_in_words(event.pending)}"
                detail = f", {about(event.until - event.at)} at most{self._healthy()}"
        self._progress(event.at, text, detail, phase=event.phase)

    def _healthy(self) -> str:
        """Return how many are healthy, while instances are away."""
        return f" · {words.healthy_in_short(self._report)}" if self._report.away else ""

    def _tell_how_far(self, event: events.EndPredicted) -> None:
        """Say how far the whole run is: the one line of a batch outside its group."""
        self._console.close_group()
        clock = dates.time_of_day(self._report.facts, event.end) or _stamp(event.end)
        left = f" · about {about(event.end - event.at)} left, until {clock}" if event.left else ""
        self._at(event.at, f"{words.run_in_short(self._report)}{left}")

    def _tell_batch_ended(self, event: events.BatchPassed | events.BatchFailed) -> None:
        took = duration(self._report.batches[-1].seconds or 0.0)
        kind = "rollback batch" if self._report.goes_back else "batch"
        if isinstance(event, events.BatchPassed):
            left = len(set(event.batch.instance_ids).intersection(self._report.arrived))
            standing = words.proven(self._report, event.is_current)
            result = f"{count(left, 'instance')} {standing}" if left else "none of its instances is left"
            self._at(event.at, f"✔ {kind} {event.batch.number} passed in {took}: {result}", style="92")
        else:
            self._console.close_group()
            self._at(event.at, f"✖ {kind} {event.batch.number} failed after {took}", style="1;91")

    def _tell_end(self, ending: Ending) -> None:
        self._console.close_group()
        if self._report.batches:
            self._draw_end()
        is_good = ending.outcome.exit_code == 0
        if not is_good:
            self._tell_failures(ending)
        text = f"{MARKS[ending.outcome]} {headline(self._report)}"
        self._console.line(text, style="1;92" if is_good else "1;91")
        for step in next_steps(self._report):
            self._console.line(step.sentence, indent=2)
            if step.command:
                self._console.line(step.command, indent=4)
        if health := health_in_numbers(self._report):
            self._console.line(health, indent=2)
        if place := place_of(self._report):
            self._console.line(f"What this error means: {place}", indent=2)

    def _tell_failures(self, ending: Ending) -> None:
        report = self._report
        title = short_title(report)
        groups = words.failures_by_code(report.failures())
        undone = " ".join(filter(None, (left_undone(report), model_notice(report), remedy(report))))
        for number, failures in enumerate(list(groups.values())[:MOST_FAILURES]):
            said, place = words.failure_in_words(failures, report), f"See {place_of(report, failures[0].code)}"
            self._console.error(f"{said} {place}" if number else f"{said} {undone} {place}", title)
        if len(groups) > MOST_FAILURES:
            self._console.line(f"ERROR: and {count(len(groups) - MOST_FAILURES, 'other code')}, in the JSON record")
        refused_with_findings = any(f.severity is Severity.REFUSE for f in report.findings)
        if not groups and not refused_with_findings:
            place = f"See {place_of(report)}"
            self._console.error(" ".join(filter(None, (ending.reason, in_flight(report), undone, place))), title)

    def _at(self, at: float, text: str, *, style: str = "") -> None:
        self._console.line(f"{_stamp(at)}  {text}", style=style)

    def _progress(self, at: float, text: str, detail: str = "", *, phase: events.Phase | None = None) -> None:
        """Say the text if it is new, or was last said a while ago. A new `detail` alone does not make it new.

        Within a phase of a batch a new text waits a little, too: instances become healthy one by one.
        """
        last, since = self._last_progress, at - self._last_progress.at
        is_new = text != last.text and (phase is None or phase is not last.phase or since >= NEXT_PROGRESS_AFTER)
        if is_new or since >= REPEAT_PROGRESS_AFTER:
            self._at(at, text + detail)
            self._last_progress = _Progress(text, at, phase)

    def _facts(self, facts: list[tuple[str, str]]) -> None:
        for name, value in facts:
            self._console.line(f"{name:<15} {value}", indent=2)

    def _batches(self, event: events.RolloutPlanned | events.RollbackStarted) -> None:
        for batch in event.plan.batches[:MOST_BATCHES]:
            title = plan_facts.batch_title(batch, event.scale_set.instances)
            self._console.line(f"batch {batch.number}: {title}, {instances_named(batch.instance_ids, 20)}", indent=2)
        if (more := len(event.plan.batches) - MOST_BATCHES) > 0:
            self._console.line(f"and {count(more, 'more batch')}, in the output `plan`", indent=2)

    def _draw_changes(self) -> None:
        """Draw the heatmap; of a large set only the rows that have changed since it was drawn last."""
        now = heatmap.last_look(self._report)
        self._draw(now, heatmap.without_rows_of(self._drawn, now) if self._drawn and heatmap.is_large(now) else now)

    def _draw_end(self) -> None:
        """Draw the heatmap; of a large set without the rows where everything is as it should be."""
        now = heatmap.last_look(self._report)
        rest, size = heatmap.without_new_rows(now) if heatmap.is_large(now) else (now, 0)
        self._draw(now, rest)
        if size:
            self._console.line(f"{count(size, 'instance')} in rows that are wholly new", indent=4)

    def _draw(self, now: heatmap.Heatmap, shown: heatmap.Heatmap | None = None) -> None:
        """Draw all rows with the legend; or the rows that are `shown`, with the legend if they need a new one."""
        drawn = now if shown is None else shown
        *rows, legend = heatmap.as_lines(drawn, colour=self._console.colour)
        is_explained = shown is not None and shown is not now and drawn.cells <= self._explained
        for line in rows if is_explained else [*rows, legend]:
            self._console.drawing(f"    {line}")
        self._drawn, self._explained = now, self._explained | drawn.cells


def _stamp(at: float) -> str:
    """Return seconds since the rollout began as the log's clock shows them."""
    return f"{int(at) // 3600:d}:{int(at) % 3600 // 60:02d}:{int(at) % 60:02d}"
