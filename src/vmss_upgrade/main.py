"""The wiring: inputs -> events -> report -> exit code. Whatever happens, summary, outputs and record are written.

Signals first: the handlers are installed before anything heavy is imported, because a job may be cancelled in the
first half second.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from vmss_upgrade import __version__
from vmss_upgrade.errors import InputError, Interrupted, VmssUpgradeError
from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.job.signals import Interruption

if TYPE_CHECKING:
    from azure.core.pipeline.transport import HttpTransport

    from vmss_upgrade.handover.state_file import Memory
    from vmss_upgrade.inputs import Inputs
    from vmss_upgrade.ports import Clock
    from vmss_upgrade.reporters.console import Console
    from vmss_upgrade.reporters.log import Log
    from vmss_upgrade.rollout.history.events import Event
    from vmss_upgrade.rollout.history.outcome import Ending
    from vmss_upgrade.rollout.history.report import Report

ISSUES = "Please open an issue with this traceback."


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Run the action as the runner calls it. Returns the exit code."""
    clock = SystemClock()
    interruption = Interruption(clock)
    return run(environ, clock, on_end=interruption.disarm)


def run(
    environ: Mapping[str, str],
    clock: Clock,
    *,
    transport: Callable[[Clock], HttpTransport[Any, Any]] | None = None,
    simulated: str = "",
    on_end: Callable[[], None] = lambda: None,
) -> int:
    """The same on a given clock and, for a rehearsal, a given transport. `on_end` is called before the last words."""
    from vmss_upgrade.handover.state_file import Memory
    from vmss_upgrade.reporters.console import Console
    from vmss_upgrade.reporters.log import Log
    from vmss_upgrade.rollout.history.report import Report

    console = Console(github=environ.get("GITHUB_ACTIONS") == "true", colour=_wants_colour(environ))
    report, memory = Report(), Memory(environ.get("GITHUB_STATE", ""))
    log = Log(console, report)
    started = clock.now()
    try:
        ending = _carry_out(environ, clock, console, log, report, memory, transport, simulated)
    except BaseException as error:
        on_end()
        console.say_last_words()
        # an ending that is known already is the truth, whatever happened while it was being told
        ending = _ended_by(error, console, report) if report.ending is None else None
    on_end()
    console.say_last_words()
    if ending is not None:
        _finish(log, report, ending, clock.now() - started)
    exit_code = _write_everything(environ, console, report, simulated)
    _attempt(console, "the state for the post step", memory.end)
    return exit_code


def _carry_out(
    environ: Mapping[str, str],
    clock: Clock,
    console: Console,
    log: Log,
    report: Report,
    memory: Memory,
    transport: Callable[[Clock], HttpTransport[Any, Any]] | None,
    simulated: str,
) -> Ending | None:
    """From the inputs to the last event. The ending of a run that had no events of its own."""
    if simulated:
        console.line(f"SIMULATED RUN, scenario {simulated}: no Azure is involved.", style="1;35")
    console.line(f"vmss-upgrade {__version__}", style="1")
    from vmss_upgrade.inputs import parse_inputs
    from vmss_upgrade.reporters.sanitiser.masks import mask_secrets

    mask_secrets(environ, console)
    try:
        inputs = parse_inputs(environ)
    except InputError as error:
        return _refused_inputs(error, console, report)
    _introduce(inputs, console)
    with closing(_events(inputs, environ, clock, console, transport)) as events:
        for event in events:
            report.add(event)
            _remember(memory, console, event)
            _tell(log, event)
    return None


def _events(
    inputs: Inputs,
    environ: Mapping[str, str],
    clock: Clock,
    console: Console,
    transport: Callable[[Clock], HttpTransport[Any, Any]] | None,
) -> Generator[Event]:
    """The rollout itself, over the real SDK."""
    from vmss_upgrade.azure_api.connection import ClockedTransport, connect
    from vmss_upgrade.driver.run import run_rollout
    from vmss_upgrade.job.user_agent import user_agent
    from vmss_upgrade.reporters.sdk_log import listen_to_sdk

    listen_to_sdk(console)
    api = connect(
        inputs.account,
        (transport or ClockedTransport)(clock),
        clock,
        user_agent=user_agent(environ),
        mask=console.mask,
        timeout=inputs.order.policy.timeout,
        trace=console.debug if environ.get("RUNNER_DEBUG") == "1" else None,
    )
    return run_rollout(inputs.order, api, clock)


def _introduce(inputs: Inputs, console: Console) -> None:
    account = inputs.account
    console.line(f"Scale set {account.scale_set}, resource group {account.resource_group}")
    if account.cloud.resource_manager_endpoint:
        console.line(f"Resource Manager at {account.cloud.resource_manager_endpoint} (not one of Microsoft's clouds)")
    else:
        console.line(f"Cloud {account.cloud.environment}, subscription {account.subscription_id}")
    console.line(f"Signing in with {account.sign_in} at {account.signs_in_at}")


def _remember(memory: Memory, console: Console, event: Event) -> None:
    """Leave for the post step what it needs where this step is killed. A file that fails stops no rollout."""
    _attempt(console, "the state for the post step", lambda: memory.take(event))


def _tell(log: Log, event: Event) -> None:
    """Reporting never stops a rollout half-way: what goes wrong in it becomes a warning."""
    try:
        log.tell(event)
    except Interrupted:
        raise
    except Exception as error:
        with contextlib.suppress(OSError, ValueError):  # the same disk may be full
            print(f"warning: could not report {type(event).__name__}: {type(error).__name__}", file=sys.stderr)


# -- endings -------------------------------------------------------------------------------------------------------


def _refused_inputs(error: InputError, console: Console, report: Report) -> Ending:
    from vmss_upgrade.rollout.findings import Finding, Severity
    from vmss_upgrade.rollout.history.outcome import Ending, Outcome

    for problem in error.problems:
        report.findings.append(Finding(Severity.REFUSE, f"{problem.input}: {problem.message}.", problem.remedy))
        console.error(f"{problem.input}: {problem.message}. {problem.remedy}", "Input")
    return Ending(outcome=Outcome.REFUSED, reason=str(error), remedy=error.remedy)


def _ended_by(error: BaseException, console: Console, report: Report) -> Ending:
    """The ending of a run that an exception ended: a cancelled job, something foreseen, or a bug of ours."""
    from vmss_upgrade.reporters.next_steps import how_to_finish_rollback
    from vmss_upgrade.rollout.history.outcome import Ending, Outcome

    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        cause = Interrupted()
        remedy = how_to_finish_rollback(report) or cause.remedy
        return Ending(outcome=Outcome.INTERRUPTED, reason=str(cause), remedy=remedy)
    outcome = Outcome.HALTED if report.plan is not None else Outcome.REFUSED
    if report.rollback is not None:
        outcome = Outcome.ROLLBACK_FAILED
    if isinstance(error, VmssUpgradeError):
        return Ending(outcome=outcome, reason=str(error), remedy=error.remedy)
    console.lines("".join(traceback.format_exception(error)))
    return Ending(outcome=outcome, reason=f"Internal error: {type(error).__name__}: {error}", remedy=ISSUES)


def _finish(log: Log, report: Report, ending: Ending, at: float) -> None:
    from vmss_upgrade.rollout.history.events import RolloutFinished

    event = RolloutFinished(at=at, ending=ending)
    report.add(event)
    _tell(log, event)


def _write_everything(environ: Mapping[str, str], console: Console, report: Report, simulated: str) -> int:
    """Record, outputs and summary, each whether or not the others can be written. Returns the exit code."""
    from vmss_upgrade.inputs import usable_report_path
    from vmss_upgrade.reporters import outputs, step_summary
    from vmss_upgrade.reporters.files import append_whole
    from vmss_upgrade.reporters.record import write_record

    path = usable_report_path(environ)
    workspace = environ.get("GITHUB_WORKSPACE") or "."
    if path and not _attempt(console, "the record", lambda: write_record(report, workspace, path)):
        path = ""

    def write_outputs() -> None:
        values, cut = outputs.within_limit(outputs.as_outputs(report, path))
        outputs.write_outputs(values, environ["GITHUB_OUTPUT"])
        if cut:
            console.warning(f"The outputs {', '.join(cut)} are too long for GitHub, and were cut. The record has all.")

    def write_summary() -> None:
        file = environ["GITHUB_STEP_SUMMARY"]
        taken = os.path.getsize(file) if os.path.exists(file) else 0
        append_whole(file, step_summary.as_markdown(report, simulated=simulated, taken=taken))

    if environ.get("GITHUB_OUTPUT"):
        _attempt(console, "the outputs", write_outputs)
    if environ.get("GITHUB_STEP_SUMMARY"):
        _attempt(console, "the step summary", write_summary)
    return report.ending.outcome.exit_code if report.ending else 1


def _attempt(console: Console, what: str, write: Callable[[], None]) -> bool:
    """Make and write one of them; whatever goes wrong is told, and does not take the others with it."""
    try:
        write()
    except Exception as error:
        console.warning(f"Could not write {what}: {type(error).__name__}: {error}")
        return False
    return True


# -- environment ---------------------------------------------------------------------------------------------------


def _wants_colour(environ: Mapping[str, str]) -> bool:
    if environ.get("NO_COLOR"):
        return False
    return environ.get("GITHUB_ACTIONS") == "true" or sys.stdout.isatty() or bool(environ.get("FORCE_COLOR"))
