"""The main step of `operation: fleet-plan`: file -> scale sets -> plan -> exit code. Everything is written always."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from vmss_upgrade import __version__
from vmss_upgrade.azure_api.connection import Connector
from vmss_upgrade.driver.run_clock import RunClock
from vmss_upgrade.errors import AzureError, InputError, InternalError, Interrupted, as_ours
from vmss_upgrade.fleet.plan import FleetPlan, PlannedSet
from vmss_upgrade.fleet.planning.connections import connector_of
from vmss_upgrade.fleet.planning.finding import find_sets
from vmss_upgrade.fleet.planning.members import Member, members_of, namesakes_among, unused_entries
from vmss_upgrade.fleet.planning.outputs import as_fleet_outputs, fits
from vmss_upgrade.fleet.planning.record_file import as_record, write_record
from vmss_upgrade.fleet.planning.sentences import (
    MOST_DUE,
    empty_wave,
    ending_of,
    headline,
    line_of,
    refusal,
    tags_meant,
)
from vmss_upgrade.fleet.planning.summary import as_markdown
from vmss_upgrade.fleet.planning.survey import Survey
from vmss_upgrade.fleet.planning.turns import in_turns
from vmss_upgrade.fleet.planning.verdict import image_of_all
from vmss_upgrade.inputs import usable_files
from vmss_upgrade.inputs.fleet import FleetOrder, parse_fleet_plan
from vmss_upgrade.job.run_facts import run_facts_of
from vmss_upgrade.job.runner import Job
from vmss_upgrade.ports import Clock, FoundSet, Web
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.outputs import write_outputs
from vmss_upgrade.reporters.report_files import attempt
from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.reporters.sentences.headline import MARKS
from vmss_upgrade.reporters.step_summary import append_summary
from vmss_upgrade.reporters.summary_file import write_summary_file
from vmss_upgrade.rollout.history.endings import by_azure
from vmss_upgrade.rollout.history.events import Event, Waiting
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.wording import duration, listed
from vmss_upgrade.web.client import WebClient

if TYPE_CHECKING:
    from vmss_upgrade.fleet.planning.connections import Transport

T = TypeVar("T")


def plan_fleet(
    job: Job,
    clock: Clock,
    cancellable: AbstractContextManager[None],
    *,
    transport: Transport | None = None,
    web: Callable[[Clock], Web] | None = None,
    simulated: str = "",
) -> int:
    """Run the step. Returns the exit code. `cancellable` is entered for all but the last words."""
    step = _PlanStep(job, clock, simulated)
    failure: BaseException | None = None
    try:
        with cancellable:
            step.introduce_itself()
            step.plan_all(transport, web or WebClient)
    except BaseException as error:
        failure = error
    step.console.say_last_words()
    ending = step.ending() if failure is None else step.ending_by(failure)
    step.tell_end(ending)
    step.write_files(ending)
    return ending.outcome.exit_code


class _PlanStep:
    """One run of the step, with what it speaks through, planned so far, and reports."""

    def __init__(self, job: Job, clock: Clock, simulated: str) -> None:
        self._job = job
        self._clock = clock
        self._began = clock.now()
        self._simulated = simulated
        self.console = Console(github=job.in_github, colour=job.wants_colour)
        self.plan = FleetPlan(waves=(), sets=())
        self._is_complete = False
        self._hint = ""  # what tags may mean
        self._waits: dict[str, str] = {}  # scale set -> what was said last
        self._facts = run_facts_of(job, clock)

    def introduce_itself(self) -> None:
        """Hide the secrets of the job, and say which version runs, and first of all whether it is a rehearsal."""
        for secret in self._job.secrets:
            self.console.mask(secret)
        if self._simulated:
            self.console.line(f"SIMULATED RUN, scenario {self._simulated}: no Azure is involved.", style="1;35")
        self.console.line(f"vmss-upgrade {__version__}", style="1")

    def plan_all(self, transport: Transport | None, web: Callable[[Clock], Web]) -> None:
        """Find the scale sets and plan each of them. Raises InputError, AzureError where none can be found."""
        order = parse_fleet_plan(self._job.environ, now=self._facts.began_at or 0.0)
        names = ", ".join(wave.name for wave in order.waves)
        self.console.line(f"Operation: fleet-plan of {count(len(order.waves), 'wave')} ({names})")
        connector = connector_of(self._job, self._clock, self.console, transport)
        found = self._found(order, connector)
        members, namesakes = self._members(order, found)
        self.plan = FleetPlan(waves=order.waves, sets=(), namesakes=namesakes)
        ends = self._began + order.timeout
        survey = Survey(self._job.environ, connector.scale_set, self._clock, web(self._clock), ends=ends)
        planned: dict[int, PlannedSet] = {}
        for said in in_turns([partial(survey.plan, member) for member in members], self._clock):
            if said.event is not None:
                self._say_wait(said.event, members[said.number].name)
            elif said.result is not None:
                planned[said.number] = said.result
                self._keep([planned[number] for number in sorted(planned)])
                self.console.line(f"{len(planned)}/{len(members)} {line_of(said.result)}")
        self._is_complete = True

    def _found(self, order: FleetOrder, connector: Connector) -> tuple[FoundSet, ...]:
        """Return what Azure's index lists, if a wave has a tag."""
        if order.finder is None:
            return ()
        self.console.line(order.finder.signing_in)
        index = connector.index(order.finder, timeout=order.timeout)
        found = self._waited(find_sets(index, order.subscriptions, RunClock(self._clock, order.timeout)))
        where = count(len(order.subscriptions), "subscription")
        self.console.line(f"Azure's index lists {count(len(found), 'scale set')} in {where}.")
        return found

    def _members(self, order: FleetOrder, found: tuple[FoundSet, ...]) -> tuple[list[Member], frozenset[str]]:
        """Return the scale sets of the waves that were asked for, and the names that several of the file have.

        An earlier wave that was not asked for keeps those that it has.
        """
        members = members_of(order.configuration, order.ids, found)
        if unused := unused_entries(order.configuration, members):
            self.console.notice(f"No wave has {count(len(unused), 'scale set')} of the file: {listed(unused)}.")
        asked = {wave.name for wave in order.waves}
        chosen = [member for member in members if member.wave in asked]
        self._hint = "" if chosen else tags_meant(order.waves, found)
        for wave in order.waves:
            if not any(member.wave == wave.name for member in chosen):
                text = empty_wave(wave, tags_meant([wave], found), is_last=wave is order.waves[-1])
                self.console.warning(text, "Wave without scale sets")
        return chosen, namesakes_among(members)

    def _waited(self, steps: Generator[Event, None, T]) -> T:
        """Return the result of steps, and say what they wait for."""
        while True:
            try:
                event = next(steps)
            except StopIteration as stop:
                result: T = stop.value
                return result
            self._say_wait(event)

    def _say_wait(self, event: Event, name: str = "") -> None:
        """Say for what an index or a scale set is waited; again only if it is for something else."""
        if isinstance(event, Waiting) and self._waits.get(name) != event.why:
            self._waits[name] = event.why
            how = (
                f"waiting, {duration(event.seconds)} at a time"
                if event.for_rest
                else f"waiting {duration(event.seconds)}"
            )
            self.console.line(f"{name and f'{name}: '}{how}: {event.why}", indent=2)

    def _keep(self, sets: Sequence[PlannedSet]) -> None:
        """Keep the plan as far as it is made: a cancelled one is written, too."""
        self.plan = replace(self.plan, sets=tuple(sets), image=image_of_all(sets))

    def ending(self) -> Ending:
        """Return how the plan ended."""
        if not fits(self.plan):
            reason = "The matrices of this plan are larger than GitHub takes (1 MiB for the outputs of a job)."
            self._is_complete = False
            return Ending(Outcome.REFUSED, reason, "Plan fewer `waves` in a run.")
        self._is_complete = bool(self.plan.sets) and len(self.plan.all_due) <= MOST_DUE
        return ending_of(self.plan, self._hint)

    def ending_by(self, error: BaseException) -> Ending:
        """Return how an exception ended the step."""
        cause = as_ours(error)
        if isinstance(cause, InternalError):
            self.console.traceback(error)
        if isinstance(cause, InputError):
            for problem in cause.problems:
                self.console.error(str(problem), "Input", place=problem.place)
            first = cause.problems[0]
            only = f"{first.input}: {first.message}." if len(cause.problems) == 1 else str(cause)
            return Ending(Outcome.REFUSED, only, cause.remedy if len(cause.problems) > 1 else first.remedy)
        outcome = Outcome.INTERRUPTED if isinstance(cause, Interrupted) else Outcome.REFUSED
        ending = Ending(outcome, str(cause), cause.remedy)
        if isinstance(cause, AzureError):
            ending = by_azure(cause, wrote=False)
        self.console.error(" ".join(filter(None, (ending.reason, ending.remedy))), "Fleet not planned")
        return ending

    def tell_end(self, ending: Ending) -> None:
        """Put the end into the log, with an annotation for each scale set that is left out."""
        for each in self.plan.left_out:
            remedy = next((found.remedy for found in each.findings), "")
            self.console.error(f"{each.name} (wave {each.wave}): {refusal(each)} {remedy}".strip(), "Left out")
        is_good = ending.outcome.exit_code == 0
        text = f"{MARKS[ending.outcome]} {headline(self.plan, ending)}"
        self.console.line(text, style="1;92" if is_good else "1;91")
        if ending.remedy:
            self.console.line(ending.remedy, indent=2)

    def write_files(self, ending: Ending) -> None:
        """Write what was asked for, and what the runner takes: the outputs name the files before them."""
        job, plan, wanted = self._job, self.plan, usable_files(self._job.environ)
        tried, seconds = partial(attempt, self.console), self._clock.now() - self._began
        markdown = partial(as_markdown, plan, ending, self._facts, seconds=seconds, simulated=self._simulated)
        record = as_record(plan, ending, self._facts, seconds)
        has_record = bool(wanted.record) and tried(
            "the record", lambda: write_record(record, job.workspace, wanted.record)
        )
        has_summary = has_record and tried(
            "the summary beside the record",
            lambda: write_summary_file(markdown(taken=0), job.workspace, wanted.summary),
        )
        if job.output_file:
            outputs = as_fleet_outputs(
                plan,
                ending,
                is_complete=self._is_complete,
                seconds=seconds,
                report_path=wanted.record if has_record else "",
                summary_path=wanted.summary if has_summary else "",
            )
            tried("the outputs", lambda: write_outputs(outputs, job.output_file))
        if job.summary_file:
            tried("the step summary", lambda: append_summary(job.summary_file, lambda taken: markdown(taken=taken)))
