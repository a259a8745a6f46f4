"""Events -> log lines, groups and annotations, flushed as they happen.

Two dialects: in GitHub Actions groups and annotations are commands (written by actions_toolkit, which escapes them);
on a terminal the same lines stand without them. Limits: 10 annotations per type and step, 4096 characters each
(actions/runner `ExecutionContext.cs`).
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections import Counter

from vmss_upgrade.errors import Interrupted
from vmss_upgrade.reporters import heatmap
from vmss_upgrade.reporters import phrases as words
from vmss_upgrade.reporters import plan_facts as plan_words
from vmss_upgrade.reporters import status_table as status_words
from vmss_upgrade.reporters.sanitiser.redaction import derived_forms, forget_secrets, is_long_enough, keep_secret
from vmss_upgrade.reporters.sanitiser.text import clean, count, cut, shown, shown_lines
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history.events import (
    BatchFailed,
    BatchPassed,
    BatchProgressed,
    BatchStarted,
    EndPredicted,
    Event,
    Holding,
    ModelUpdated,
    ModelUpdateStarted,
    Noticed,
    Phase,
    RepairsResumed,
    RepairsSuspending,
    RollbackStarted,
    RolloutFinished,
    RolloutPlanned,
    StatusSeen,
    UpgradeAccepted,
    Waiting,
)
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.wording import duration, listed

ANNOTATIONS_PER_TYPE = 10
ANNOTATION_LENGTH = 3900
MOST_FAILURES = 30  # codes that are told, a line each
LONGEST_TITLE = 200
LONGEST_CELL = 300
REPEAT_PROGRESS_AFTER = 120.0  # seconds after which an unchanged line is said again


class Console:
    """The log of one run, on standard output. `github`: speak the runner's commands. `colour`: use ANSI colours."""

    def __init__(self, *, github: bool, colour: bool) -> None:
        self._github = github
        self._colour = colour
        self._in_group = False
        self._annotations: Counter[str] = Counter()
        self._last_progress = ("", float("-inf"))
        self._may_interrupt = True
        forget_secrets()

    def say_last_words(self) -> None:
        """The run is over: an output that closes from now on interrupts nothing any more."""
        self._may_interrupt = False

    # -- plain lines ---------------------------------------------------------------------------------------------

    def line(self, text: object = "", *, style: str = "") -> None:
        """One sanitised line."""
        self._print(self._styled(shown(text), style))

    def lines(self, text: str) -> None:
        """A text of several lines, each sanitised."""
        for line in shown_lines(text):
            self._print(line)

    def debug(self, text: str) -> None:
        """A line that GitHub shows only in debug runs."""
        if self._github:
            self._command("debug", shown(text))

    def mask(self, secret: str) -> None:
        """Keep a secret, and have the runner hide it in every form, before anything can print it.

        What is too short to be hidden is passed over: it would be taken out of all texts.
        """
        if not is_long_enough(secret):
            return
        keep_secret(secret)
        if self._github:
            for form in (secret, *derived_forms(secret)):
                self._command("add-mask", form)

    # -- annotations ---------------------------------------------------------------------------------------------

    def error(self, text: str, title: str = "") -> None:
        """An error annotation, within GitHub's limits; a line on a terminal."""
        self._annotate("error", text, title)

    def warning(self, text: str, title: str = "") -> None:
        """A warning annotation."""
        self._annotate("warning", text, title)

    def notice(self, text: str, title: str = "") -> None:
        """A notice annotation."""
        self._annotate("notice", text, title)

    def _annotate(self, kind: str, text: str, title: str) -> None:
        self._annotations[kind] += 1
        if not self._github or self._annotations[kind] > ANNOTATIONS_PER_TYPE:
            style = {"error": "1;91", "warning": "93"}.get(kind, "")
            title = f"{clean(title, LONGEST_TITLE)}: " if title else ""
            self.line(f"{kind.upper()}: {title}{text}", style=style)
            return
        message = clean(text, ANNOTATION_LENGTH)
        if self._annotations[kind] == ANNOTATIONS_PER_TYPE:
            message = cut(f"{message} (Further {kind}s are in the log and in the step summary only.)", 4096)
        self._command(kind, message, title=clean(title, LONGEST_TITLE))

    # -- events --------------------------------------------------------------------------------------------------

    def tell(self, event: Event, report: Report) -> None:
        """Say what happened. `report` has taken the event into account already."""
        match event:
            case Noticed():
                self._tell_finding(event.finding)
            case RolloutPlanned():
                self._tell_plan(event, report)
            case StatusSeen():
                self._tell_status(report)
            case RepairsSuspending():
                self._at(event.at, "suspending automatic instance repairs")
            case RepairsResumed() if event.were_suspended:
                self._at(event.at, "automatic instance repairs are resumed")
            case Waiting():
                tries = f"next try in {duration(event.seconds)}, until {_stamp(event.until)} at most"
                self._progress(
                    event.at, f"waiting: {event.why}", f" ({', '.join(filter(None, (event.detail, tries)))})"
                )
            case ModelUpdateStarted():
                self._at(event.at, f"updating the model to {event.target}")
            case ModelUpdated():
                which = "the previous image again" if report.goes_back else "the target image"
                self._at(event.at, f"the model holds {which}, after {duration(event.seconds)}")
            case Holding():
                text = words.pending_in_words(event.troubles)
                self._progress(event.at, f"holding until {_stamp(event.until)} at most: {text}")
            case RollbackStarted():
                self._tell_rollback(event, report)
            case BatchStarted():
                self._tell_batch_started(event, report)
            case UpgradeAccepted() if event.certain:
                self._heatmap(report)
            case BatchProgressed():
                self._tell_progress(event, report)
            case BatchPassed() | BatchFailed():
                self._tell_batch_ended(event, report)
            case EndPredicted():
                self._at(event.at, f"{count(event.left, 'batch')} left, expected to end at {_stamp(event.end)}")
            case RolloutFinished():
                self._tell_end(report)

    def _tell_finding(self, finding: Finding) -> None:
        text = " ".join(filter(None, (finding.message, finding.remedy)))
        match finding.severity:
            case Severity.REFUSE:
                self.error(text, "Refused")
            case Severity.WARN:
                self.warning(text)
            case Severity.NOTE:
                self.notice(text)

    def _tell_plan(self, event: RolloutPlanned, report: Report) -> None:
        model = event.scale_set.model
        self.line("Plan", style="1")
        for name, value in plan_words.plan_facts(
            event.plan, event.policy, model, event.scale_set.instances, event.command
        ):
            self._print(f"  {shown(name):<15} {clean(value)}")
        self._heatmap(report)
        titles = plan_words.batch_titles(event.plan, event.scale_set.instances)
        for batch in event.plan.batches:
            self._print(
                f"  batch {batch.number}: {titles[batch.number]}, instances {shown(listed(batch.instance_ids, 20))}"
            )
        if event.plan.batches:
            self._print(f"  {plan_words.blast_radius(event.plan, event.scale_set.instances, model)}")

    def _tell_rollback(self, event: RollbackStarted, report: Report) -> None:
        self._close_group()
        self._at(event.at, "↩ rolling back", style="1;93")
        for name, value in plan_words.rollback_facts(event.plan, event.failed.reason):
            self._print(f"  {shown(name):<15} {clean(value)}")
        self._heatmap(report)
        for batch in event.plan.batches:
            title = plan_words.batch_title(batch, event.scale_set.instances)
            self._print(f"  batch {batch.number}: {title}, instances {shown(listed(batch.instance_ids, 20))}")

    def _tell_status(self, report: Report) -> None:
        """The heatmap, and a line per instance in columns."""
        self.line(f"Model: {status_words.model_in_words(report)}")
        self._heatmap(report)
        heading, rows = status_words.status_columns(report)
        table = [heading, *([clean(value, LONGEST_CELL) for value in row] for row in rows)]
        widths = [max(len(row[column]) for row in table) for column in range(len(heading))]
        for row in table:
            self._print(
                "  " + "  ".join(f"{value:<{width}}" for value, width in zip(row, widths, strict=True)).rstrip()
            )

    def _tell_batch_started(self, event: BatchStarted, report: Report) -> None:
        title = plan_words.batch_title(event.batch, report.before)
        size = count(len(event.batch.instance_ids), "instance")
        kind, doing = ("Rollback batch", "returning") if report.goes_back else ("Batch", "upgrading")
        self._open_group(f"{kind} {event.batch.number} of {event.of}: {title}, {size}")
        self._at(event.at, f"{doing} instances {listed(event.batch.instance_ids, 30)}")
        self._last_progress = ("", float("-inf"))

    def _tell_progress(self, event: BatchProgressed, report: Report) -> None:
        match event.phase:
            case Phase.UPGRADING:
                text = f"Azure is upgrading; {words.on_target_in_words(event, report)}"
            case Phase.BAKING:
                text = f"all are {words.proven(report, event.is_current)}; baking until {_stamp(event.until)}"
            case Phase.GETTING_READY:
                text = f"waiting until {_stamp(event.until)} for {words.pending_in_words(event.pending)}"
        self._progress(event.at, text)

    def _tell_batch_ended(self, event: BatchPassed | BatchFailed, report: Report) -> None:
        self._close_group()
        took = duration(report.batches[-1].seconds or 0.0)
        kind = "rollback batch" if report.goes_back else "batch"
        if isinstance(event, BatchPassed):
            left = len(set(event.batch.instance_ids).intersection(report.arrived))
            standing = words.proven(report, event.is_current)
            result = f"{count(left, 'instance')} {standing}" if left else "no instance is left of it"
            self._at(event.at, f"✔ {kind} {event.batch.number} passed in {took}: {result}", style="92")
        else:
            self._at(event.at, f"✖ {kind} {event.batch.number} failed after {took}", style="1;91")

    def _tell_end(self, report: Report) -> None:
        ending = report.ending
        if ending is None:
            return
        self._close_group()
        if report.batches:
            self._heatmap(report)
        if ending.outcome.exit_code != 0:
            self._tell_failures(ending, report)
        good = ending.outcome.exit_code == 0
        self.line(f"{words.mark(ending.outcome)} {words.headline(report)}", style="1;92" if good else "1;91")
        notices = (words.left_undone(report), words.in_flight(report), words.repairs_notice(report))
        for text in (*notices, ending.remedy, words.how_to_return(report)):
            if text and (not good or ending.remedy):
                self._print(f"  {shown(text)}")
        if words.closer_look(report):
            self._print("  To see what Azure knows of the instance:")
            self._print(f"    {shown(words.closer_look(report))}")
        if words.way_back(report):
            self._print("  To put the previous image back into the model:")
            self._print(f"    {shown(words.way_back(report))}")
        if words.health_in_numbers(report):
            self._print(f"  {words.health_in_numbers(report)}")

    def _tell_failures(self, ending: Ending, report: Report) -> None:
        title = f"Rollout {ending.outcome.value}"
        groups = words.failures_by_code(report.failures())
        undone = " ".join(filter(None, (words.left_undone(report), words.model_notice(report), ending.remedy)))
        for failures in list(groups.values())[:MOST_FAILURES]:
            self.error(f"{words.failure_in_words(failures)} {undone}", title)
        if len(groups) > MOST_FAILURES:
            self.line(f"ERROR: and {len(groups) - MOST_FAILURES} other codes, in the JSON record")
        refused_with_findings = any(f.severity is Severity.REFUSE for f in report.findings)
        if not groups and not refused_with_findings:
            self.error(" ".join(filter(None, (ending.reason, words.in_flight(report), undone))), title)

    # -- small steps ---------------------------------------------------------------------------------------------

    def _at(self, at: float, text: str, *, style: str = "") -> None:
        self._print(self._styled(f"{_stamp(at)}  {shown(text)}", style))

    def _progress(self, at: float, text: str, detail: str = "") -> None:
        """Say it when it is new, or has not been said for a while. A new `detail` alone is no reason to."""
        said, said_at = self._last_progress
        if text != said or at - said_at >= REPEAT_PROGRESS_AFTER:
            self._at(at, text + detail)
            self._last_progress = (text, at)

    def _heatmap(self, report: Report) -> None:
        for line in heatmap.as_lines(
            report.instances, report.cells(), plan_words.kind_of_rows(report), colour=self._colour
        ):
            self._print(f"    {line}")

    def _open_group(self, title: str) -> None:
        self._close_group()
        if self._github:
            self._command("group", shown(title))
        else:
            self.line(title, style="1")
        self._in_group = True

    def _close_group(self) -> None:
        if self._in_group and self._github:
            self._command("endgroup", "")
        self._in_group = False

    def _styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if style and self._colour else text

    def _command(self, name: str, message: str, **properties: str) -> None:
        """A workflow command, escaped by actions_toolkit, flushed at once."""
        from actions_toolkit.core import issue_command  # here: its imports take long, and not every run needs them

        with io.StringIO() as command, contextlib.redirect_stdout(command):
            issue_command(name, {key: value for key, value in properties.items() if value}, message)
            text = command.getvalue()
        self._print(text.rstrip("\n"))

    def _print(self, line: str) -> None:
        line = line.encode("utf-8", "replace").decode()  # a secret of the environment may be no UTF-8
        try:
            _print_patiently(line)
        except BrokenPipeError:
            _write_to_nowhere()
            if self._may_interrupt:
                raise Interrupted from None  # nobody listens any more: whoever ran this step has gone
        except (OSError, ValueError):  # a full disk, or an output that is closed: the rollout goes on without a log
            _write_to_nowhere()


def _print_patiently(line: str) -> None:
    """Print it, also where the output takes ASCII only, or does not wait for its reader. Raises OSError, ValueError."""
    try:
        print(line, flush=True)
    except UnicodeEncodeError:
        print(line.encode("ascii", "backslashreplace").decode(), flush=True)
    except BlockingIOError:
        os.set_blocking(sys.stdout.fileno(), True)
        sys.stdout.flush()  # what is left of it


def _write_to_nowhere() -> None:
    """Let everything that is still printed, and Python's own last flush, end nowhere instead of in an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = os.fdopen(nowhere, "w")


def _stamp(at: float) -> str:
    """Seconds since the rollout began, as the log's clock shows them."""
    return f"{int(at) // 3600:d}:{int(at) % 3600 // 60:02d}:{int(at) % 60:02d}"
