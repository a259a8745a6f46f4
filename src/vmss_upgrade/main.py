"""The main step: inputs -> events -> report -> exit code. Whatever happens, summary, outputs and record are written.

Signals first: the handlers are installed before anything heavy is imported, because a job may be cancelled in the
first half second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from vmss_upgrade import __version__
from vmss_upgrade.errors import InputError, InternalError, Interrupted, PlanRefused, as_ours
from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.job.signals import NOT_CANCELLABLE, Interruption

if TYPE_CHECKING:
    from azure.core.pipeline.transport import HttpTransport

    from vmss_upgrade.account import Account
    from vmss_upgrade.inputs import Inputs
    from vmss_upgrade.job.runner import Job
    from vmss_upgrade.ports import Clock, ScaleSetApi, Web
    from vmss_upgrade.reporters.console import Console
    from vmss_upgrade.rollout.history.events import Event
    from vmss_upgrade.rollout.history.outcome import Ending
    from vmss_upgrade.rollout.order import Order

    Transport = Callable[[Clock], HttpTransport[Any, Any]]
    Answers = dict[str, tuple[int, bytes]]
    Rehearse = Callable[[Order, ScaleSetApi, Clock, Answers], Generator[Event]]


def main(environ: Mapping[str, str] = os.environ, *, rehearse: Rehearse | None = None) -> int:
    """Run the action as the runner calls it. Returns the exit code. `rehearse`: as for `run`."""
    clock = SystemClock()
    return run(environ, clock, cancellable=Interruption(clock), rehearse=rehearse)


def run(
    environ: Mapping[str, str],
    clock: Clock,
    *,
    transport: Transport | None = None,
    web: Callable[[Clock], Web] | None = None,
    simulated: str = "",
    cancellable: AbstractContextManager[None] = NOT_CANCELLABLE,
    rehearse: Rehearse | None = None,
) -> int:
    """Run the action on a given clock and, for a simulation, a given transport and web. Returns the exit code.

    `simulated` names its scenario. `cancellable` is entered for all but the last words. `rehearse` carries
    `operation: rehearse` out; without it, that operation is refused.
    """
    from vmss_upgrade.inputs.operation import fleet_operation_in
    from vmss_upgrade.job.runner import read_job

    job = read_job(environ)
    if fleet := fleet_operation_in(environ):
        from vmss_upgrade.fleet.step import run_fleet

        return run_fleet(fleet, job, clock, cancellable, transport=transport, web=web, simulated=simulated)
    step = _MainStep(job, clock, simulated, rehearse)
    started, ending, failure = clock.now(), None, None
    try:
        with cancellable:
            step.introduce_itself()
            step.hide_secrets()
            ending = step.carry_out(transport, web)
    except BaseException as error:
        failure = error
    step.console.say_last_words()
    if failure is not None:
        ending = step.ending_by(failure)
    if ending is not None:
        step.finish(ending, clock.now() - started)
    step.write_files()
    step.save_that_it_ended()
    return step.report.ending.outcome.exit_code if step.report.ending else 1


def connected(
    account: Account,
    job: Job,
    clock: Clock,
    console: Console,
    *,
    timeout: float,
    transport: Transport | None = None,
    answers: Answers | None = None,
) -> ScaleSetApi:
    """Return the scale set, over the real SDK, whose warnings go to the log. Keeps in `answers` what is read."""
    from vmss_upgrade.azure_api.connection import ClockedTransport, Connector
    from vmss_upgrade.reporters.sdk_log import listen_to_sdk

    listen_to_sdk(console)
    connector = Connector(
        (transport or ClockedTransport)(clock),
        clock,
        user_agent=job.user_agent,
        mask=console.mask,
        trace=console.debug if job.is_debug else None,
    )
    return connector.scale_set(account, timeout=timeout, answers=answers)


class _MainStep:
    """One run of the main step, with what it speaks through, remembers and reports."""

    def __init__(self, job: Job, clock: Clock, simulated: str, rehearse: Rehearse | None) -> None:
        from vmss_upgrade.job.progress import Memory
        from vmss_upgrade.job.run_facts import run_facts_of
        from vmss_upgrade.reporters.console import Console
        from vmss_upgrade.reporters.log import Log
        from vmss_upgrade.reporters.report_files import ReportFiles
        from vmss_upgrade.rollout.history.report import Report

        self._job, self._clock, self._simulated, self._rehearse = job, clock, simulated, rehearse
        self.console = Console(github=job.in_github, colour=job.wants_colour)
        self.report = Report(facts=run_facts_of(job, clock))
        self._log = Log(self.console, self.report)
        self._memory = Memory(job.state_file)
        self._files = ReportFiles(self.report, self.console, workspace=job.workspace, simulated=simulated)

    def introduce_itself(self) -> None:
        """Say which version runs, and first of all whether it is a rehearsal."""
        if self._simulated:
            self.console.line(f"SIMULATED RUN, scenario {self._simulated}: no Azure is involved.", style="1;35")
        self.console.line(f"vmss-upgrade {__version__}", style="1")

    def hide_secrets(self) -> None:
        """Hide the secrets of the job, whatever is wrong with the inputs."""
        for secret in self._job.secrets:
            self.console.mask(secret)

    def carry_out(self, transport: Transport | None, web: Callable[[Clock], Web] | None) -> Ending | None:
        """Do what the inputs ask for. Returns the ending of a run that had no events of its own."""
        from vmss_upgrade.inputs import parse_inputs
        from vmss_upgrade.reporters.sentences.problems import refused_for

        try:
            inputs = parse_inputs(self._job.environ, now=self.report.facts.began_at or 0.0)
        except InputError as error:
            return refused_for(error, self.report, self.console)
        self._introduce(inputs)
        if source := inputs.source:
            self._files.attempt("the state for the post step", partial(self._memory.keep_values, source.as_value()))
        with closing(self._events(inputs, transport, web)) as events:
            for event in events:
                self._take(event)
        return None

    def _introduce(self, inputs: Inputs) -> None:
        account, line = inputs.account, self.console.line
        self.report.facts = replace(self.report.facts, portal=account.cloud.portal, asked_for=account.scale_set_id)
        for words in inputs.source.in_words() if inputs.source else ():
            line(words)
        operation = inputs.order.command.value
        line(f"Operation: {operation} of scale set {account.scale_set} (resource group {account.resource_group})")
        if account.cloud.resource_manager_endpoint:
            line(f"Resource Manager at {account.cloud.resource_manager_endpoint} (not one of Microsoft's clouds)")
        else:
            line(f"Cloud {account.cloud.environment}, subscription {account.subscription_id}")
        line(account.signing_in)

    def _events(
        self, inputs: Inputs, transport: Transport | None, web: Callable[[Clock], Web] | None
    ) -> Generator[Event]:
        from vmss_upgrade.driver.run import run_rollout
        from vmss_upgrade.rollout.order import Command
        from vmss_upgrade.web.client import WebClient

        order, facts, answers = inputs.order, self.report.facts, dict[str, tuple[int, bytes]]()
        where = (inputs.account, self._job, self._clock, self.console)
        keep = answers if order.command is Command.REHEARSE else None
        api = connected(*where, timeout=order.policy.timeout, transport=transport, answers=keep)
        if order.command is Command.REHEARSE:
            if self._rehearse is None:
                raise PlanRefused("A rehearsal needs the simulator, which this program was started without.")
            return self._rehearse(order, api, self._clock, answers)
        if order.policy.hooks:
            hooks = replace(order.policy.hooks, run_url=facts.url, began_at=facts.began_at or 0.0)
            order = replace(order, policy=replace(order.policy, hooks=hooks))
        return run_rollout(order, api, self._clock, (web or WebClient)(self._clock))

    def _take(self, event: Event) -> None:
        """Report an event, and save what the post step needs of it in case this step is killed."""
        self.report.add(event)
        self._files.attempt("the state for the post step", lambda: self._memory.take(event))
        self._tell(event)

    def _tell(self, event: Event) -> None:
        """Put an event into the log. Reporting never stops a rollout half-way: an error becomes a warning."""
        try:
            self._log.tell(event)
        except Interrupted:
            raise
        except Exception as error:
            with suppress(OSError, ValueError):  # the same disk may be full
                print(f"warning: could not report {type(event).__name__}: {type(error).__name__}", file=sys.stderr)

    def ending_by(self, error: BaseException) -> Ending | None:
        """Return how an exception ended the run; None if the run had ended by itself before it was raised."""
        from vmss_upgrade.reporters.sentences.next_steps import how_to_finish_rollback
        from vmss_upgrade.rollout.history.outcome import Ending, Outcome

        if self.report.ending is not None:
            return None
        cause = as_ours(error)
        if isinstance(cause, Interrupted):
            remedy = how_to_finish_rollback(self.report) or cause.remedy
            return Ending(outcome=Outcome.INTERRUPTED, reason=str(cause), remedy=remedy)
        if isinstance(cause, InternalError):
            self.console.traceback(error)
        outcome = Outcome.HALTED if self.report.plan is not None else Outcome.REFUSED
        if self.report.rollback is not None:
            outcome = Outcome.ROLLBACK_FAILED
        return Ending(outcome=outcome, reason=str(cause), remedy=cause.remedy)

    def finish(self, ending: Ending, at: float) -> None:
        """Report an ending that did not come as an event."""
        from vmss_upgrade.rollout.history.events import RolloutFinished

        event = RolloutFinished(at=at, ending=ending)
        self.report.add(event)
        self._tell(event)

    def write_files(self) -> None:
        """Write what was asked for, and what the runner takes: the outputs name the files before them."""
        from vmss_upgrade.inputs import usable_files

        job, files, wanted = self._job, self._files, usable_files(self._job.environ)
        if wanted.record and files.write_record(wanted.record):
            files.write_summary_beside_record(wanted.summary)
        if wanted.replay:
            from vmss_upgrade.reporters.replay.page import write_pages  # here: few runs ask for it

            files.attempt("the replay", lambda: write_pages(self.report, job.workspace, wanted.replay))
        files.write_outputs(job.output_file)
        files.write_step_summary(job.summary_file)

    def save_that_it_ended(self) -> None:
        """Tell the post step that this step was not killed."""
        self._files.attempt("the state for the post step", self._memory.end)
