"""The main step of `operation: fleet-report`: records -> report -> exit code. Whatever happens, everything is written.

It asks nothing of Azure, and signs in nowhere.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Final

from vmss_upgrade import __version__
from vmss_upgrade.errors import InputError, InputProblem, InternalError, Interrupted, as_ours
from vmss_upgrade.fleet.reporting.files import event_of
from vmss_upgrade.fleet.reporting.fold import FleetReport, SetReport, fold
from vmss_upgrade.fleet.reporting.going_on import how_to_go_on, workflow_run
from vmss_upgrade.fleet.reporting.page import write_pages
from vmss_upgrade.fleet.reporting.record import as_record, outputs_of, write_record
from vmss_upgrade.fleet.reporting.sentences import MARKS, heading, headline, reason, what_happened, what_to_do, why
from vmss_upgrade.fleet.reporting.sources import Sources, read_sources
from vmss_upgrade.fleet.reporting.summary import as_markdown, mark, result
from vmss_upgrade.inputs import usable_files
from vmss_upgrade.inputs.operation import ReportInputs, parse_report
from vmss_upgrade.job.run_facts import run_facts_of
from vmss_upgrade.job.runner import Job
from vmss_upgrade.ports import Clock
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.outputs import write_outputs
from vmss_upgrade.reporters.report_files import attempt
from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.reporters.step_summary import append_summary
from vmss_upgrade.reporters.summary_file import write_summary_file
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.wording import duration, sentence

_NOTHING: Final = FleetReport(waves=())


def report_fleet(job: Job, clock: Clock, cancellable: AbstractContextManager[None]) -> int:
    """Run the step. Returns the exit code. `cancellable` is entered for all but the last words."""
    step = _ReportStep(job, clock)
    failure: BaseException | None = None
    try:
        with cancellable:
            step.introduce_itself()
            step.read()
    except BaseException as error:
        failure = error
    step.console.say_last_words()
    ending = step.ending() if failure is None else step.ending_by(failure)
    step.tell(ending)
    step.write_files(ending)
    return ending.outcome.exit_code


class _ReportStep:
    """One run of the step, with what it speaks through, found and reports."""

    def __init__(self, job: Job, clock: Clock) -> None:
        self._job = job
        self._clock = clock
        self.console = Console(github=job.in_github, colour=job.wants_colour)
        self.report = _NOTHING
        self._run = workflow_run(job.environ, event_of(job.environ.get("GITHUB_EVENT_PATH", "")))
        self._facts = run_facts_of(job, clock)

    def introduce_itself(self) -> None:
        """Hide the secrets of the job, and say which version runs."""
        for secret in self._job.secrets:
            self.console.mask(secret)
        self.console.line(f"vmss-upgrade {__version__}", style="1")

    def read(self) -> None:
        """Read the inputs and the records, and fold these into the report. Raises InputError, Interrupted."""
        inputs = parse_report(self._job.environ)
        self.console.line(f"Operation: fleet-report of {inputs.records}")
        sources = read_sources(self._job.workspace, inputs.records, lambda: self._clock.sleep(0))
        self.report = _folded(sources, inputs)

    def ending(self) -> Ending:
        """Return how the fleet ended."""
        words, command = how_to_go_on(self.report, self._run)
        remedy = f"{words} {command}" if command else sentence(words.rstrip(":")) if words else ""
        return Ending(outcome=self.report.outcome, reason=reason(self.report), remedy=remedy)

    def ending_by(self, error: BaseException) -> Ending:
        """Return how an exception ended the step."""
        cause = as_ours(error)
        if isinstance(cause, InternalError):
            self.console.traceback(error)
        if isinstance(cause, InputError):
            for problem in cause.problems:
                self.console.error(str(problem), "Input")
            first = cause.problems[0]
            message = f"{first.input}: {first.message}." if len(cause.problems) == 1 else str(cause)
            return Ending(outcome=Outcome.REFUSED, reason=message, remedy=first.remedy)
        outcome = Outcome.INTERRUPTED if isinstance(cause, Interrupted) else Outcome.HALTED
        return Ending(outcome=outcome, reason=str(cause), remedy=cause.remedy)

    def tell(self, ending: Ending) -> None:
        """Put the report into the log, a line for each scale set, with an annotation for each that failed."""
        for wave in self.report.waves:
            self.console.open_group(heading(wave, self.report))
            for each in wave.sets:
                self.console.line(_line(each))
            self.console.close_group()
        annotate = self.console.error if ending.outcome.exit_code else self.console.warning
        for each in self.report.troubled:
            annotate(_annotation(each), f"{each.name}: {result(each)}")
        for unread in self.report.unread:
            self.console.error(f"{unread.file!r} {unread.lack}: it may hide a failure.", "Record not readable")
        self.console.line(f"{mark(ending.outcome)} {self._headline(ending)}", style="1")
        if ending.remedy:
            self.console.line(ending.remedy)

    def _headline(self, ending: Ending) -> str:
        return headline(self.report) if self.report is not _NOTHING else ending.reason

    def write_files(self, ending: Ending) -> None:
        """Write what was asked for, and what the runner takes: the outputs name the files before them."""
        job, report, wanted = self._job, self.report, usable_files(self._job.environ)
        words, command = how_to_go_on(report, self._run)
        tried = partial(attempt, self.console)
        text, workspace = self._headline(ending), job.workspace
        record = as_record(report, ending, self._facts, text, command)
        has_record = bool(wanted.record) and tried("the record", lambda: write_record(record, workspace, wanted.record))
        has_summary = has_record and tried(
            "the summary beside the record",
            lambda: write_summary_file(self._summary(ending, 0), workspace, wanted.summary),
        )
        if wanted.replay:
            write_pages(
                report, ending, self._facts, (words, command), workspace=workspace, path=wanted.replay, attempt=tried
            )
        paths = (wanted.record if has_record else "", wanted.summary if has_summary else "")
        if job.output_file:
            outputs = outputs_of(report, ending, text, *paths)
            tried("the outputs", lambda: write_outputs(outputs, job.output_file))
        if job.summary_file:
            tried("the step summary", lambda: append_summary(job.summary_file, partial(self._summary, ending)))

    def _summary(self, ending: Ending, taken: int) -> str:
        return as_markdown(self.report, ending, self._run, self._facts, taken=taken)


def _folded(sources: Sources, inputs: ReportInputs) -> FleetReport:
    """Return the report. Raises InputError if the wave that is to be judged is none of the plan's."""
    if inputs.wave:
        waves = [wave.name for wave in sources.plan.waves] if sources.plan else []
        if inputs.wave not in waves:
            lack = f"{inputs.wave!r} is no wave of the plan" if waves else "is of no use without a fleet's plan"
            remedy = f"Use one of: {', '.join(waves)}." if waves else "Let `records` match the plan's record, too."
            raise InputError([InputProblem("wave", lack, remedy)])
    report = fold(sources.plan, sources.runs, planned_at=sources.planned_at, judged=inputs.wave)
    return replace(
        report,
        plan_trouble=sources.plan_trouble,
        unread=tuple(sources.unread),
        ignored=tuple(sources.ignored),
    )


def _line(each: SetReport) -> str:
    """Return the line of the log for one scale set."""
    instances = f", {each.on_target} of {count(each.instances, 'instance')} on the image" if each.instances else ""
    took = f", {duration(each.run.duration)}" if each.run and each.run.duration else ""
    return f"{MARKS[each.state]} {each.name}: {result(each)}{instances}{took}"


def _annotation(each: SetReport) -> str:
    address = f" {each.run.url}" if each.run and each.run.url else ""
    cause = f": {sentence(why(each))}" if why(each) else "."
    return f"{each.name} {what_happened(each)}{cause} {what_to_do(each)}".rstrip() + address
