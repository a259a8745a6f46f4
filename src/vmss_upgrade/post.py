"""The post step: it completes what a killed main step left half-way, and reports it.

The runner starts it in a container of its own when the job ends, however it ends. Mostly nothing is left to do: then
nothing heavy is imported, and no request is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, TypeVar, cast

from vmss_upgrade.errors import AzureError, InputError, InternalError, Interrupted, VmssUpgradeError, as_ours
from vmss_upgrade.job import after_a_kill as killed
from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.job.progress import DRAINED, REPAIRS, ROLLOUT, SUSPENDED, Stage, drained_in, from_value
from vmss_upgrade.job.runner import Job, read_job
from vmss_upgrade.job.signals import Interruption
from vmss_upgrade.main import connected
from vmss_upgrade.ports import Clock, ScaleSetApi
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.files import append_whole, reason_of
from vmss_upgrade.rollout.az_commands import resume_repairs, undrain_by_hand
from vmss_upgrade.rollout.history.events import Event, Noticed, Waiting
from vmss_upgrade.rollout.wording import duration, instances_named

if TYPE_CHECKING:
    from vmss_upgrade.account import Account
    from vmss_upgrade.driver.remote import RemoteScaleSet

PATIENCE = 270.0  # seconds in all; a cancelled job is given five minutes for everything that it still does

T = TypeVar("T")
Connect = Callable[["Account", Job, Clock, Console], ScaleSetApi]
_connect: Connect = partial(connected, timeout=PATIENCE)


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Run the post step as the runner calls it. Returns the exit code."""
    clock = SystemClock()
    interruption = Interruption(clock)
    return run(environ, clock, on_end=interruption.disarm)


def run(
    environ: Mapping[str, str], clock: Clock, *, connect: Connect = _connect, on_end: Callable[[], None] = lambda: None
) -> int:
    """Run the post step on a given clock and a given connection. Returns the exit code.

    `on_end` is called before the last words.
    """
    job = read_job(environ)
    console = Console(github=job.in_github, colour=False)
    step = _PostStep(job, clock, console, connect)
    try:
        last_words, failures = _do_what_is_owed(step)
    except BaseException as error:
        last_words, failures = [], [(_in_words(error, console), "The post step failed")]
    on_end()
    console.say_last_words()
    for message, title in failures:
        console.error(message, title)
    if not failures:
        console.line(" ".join(last_words) or "Nothing was left to do.")
    return 1 if failures else 0


class _PostStep:
    """What the duties share: the job, the time that is left for all of them, and the scale set, once it is needed."""

    def __init__(self, job: Job, clock: Clock, console: Console, connect: Connect) -> None:
        self.job = job
        self.clock = clock
        self.console = console
        self.until = clock.now() + PATIENCE
        self._connect = connect

    @cached_property
    def remote(self) -> RemoteScaleSet:
        """The scale set, signed in to. Raises InputError if the inputs do not say of which."""
        from vmss_upgrade.driver.remote import RemoteScaleSet
        from vmss_upgrade.inputs import parse_account

        account = parse_account(self.job.environ)
        self.console.line(account.signing_in)
        return RemoteScaleSet(self._connect(account, self.job, self.clock, self.console), self.clock)

    def watch(self, events: Generator[Event, None, T]) -> T:
        """Let a generator of the driver run to its end, say what it waits for and notices, and return its result."""
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                return cast("T", end.value)
            if isinstance(event, Waiting):
                self.console.line(f"waiting: {event.why} (next try in {duration(event.seconds)})")
            elif isinstance(event, Noticed):
                self.console.warning(f"{event.finding.message} {event.finding.remedy}".rstrip())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Duty:
    """What a main step may leave undone: `is_owed`, by what it saved.

    `carry_out` does it, and returns that in words; doing it twice does no harm. If it cannot be done, `title` says so
    in an annotation, and `by_hand` says what a user has to do (empty where that is not known).
    """

    title: str
    is_owed: Callable[[Job], bool]
    carry_out: Callable[[_PostStep], str]
    by_hand: Callable[[Job], str]


def _do_what_is_owed(step: _PostStep) -> tuple[list[str], list[tuple[str, str]]]:
    """Return what was done, in sentences, and what could not be done, each with the title of its annotation.

    One duty that fails stops no other.
    """
    job, console = step.job, step.console
    owed = [duty for duty in _DUTIES if duty.is_owed(job)]
    done: list[str] = []
    failures: list[tuple[str, str]] = []
    if owed or job.saved.get(ROLLOUT):  # mostly nothing, and then there is nothing to hide
        for secret in job.secrets:
            console.mask(secret)
    if _tell_of_kill(job, console) and not owed:
        done.append("Nothing had to be undone.")
    for duty in owed:
        try:
            done.append(duty.carry_out(step))
        except BaseException as error:
            failures.append((_in_words(error, console) + duty.by_hand(job), duty.title))
    return done, failures


def _tell_of_kill(job: Job, console: Console) -> bool:
    """Say what a killed main step left half-way, in the log and in the step summary. Returns False without a kill."""
    value = job.saved.get(ROLLOUT, "")
    progress = from_value(value)
    if not value or (progress is not None and progress.stage is Stage.ENDED):
        return False
    console.warning(" ".join(killed.in_sentences(progress)), killed.TITLE)
    try:
        if job.summary_file:
            append_whole(job.summary_file, killed.as_markdown(progress))
    except OSError as error:
        console.warning(f"Could not write the step summary: {reason_of(error)}")
    return True


def _are_repairs_suspended(job: Job) -> bool:
    return job.saved.get(REPAIRS) == SUSPENDED


def _resume_repairs(step: _PostStep) -> str:
    """Resume automatic repairs. Raises VmssUpgradeError if they may not be resumed."""
    from vmss_upgrade.driver.repairs import set_repairs

    try:
        step.watch(set_repairs(step.remote, suspended=False, until=step.until))
    except AzureError as error:
        raise VmssUpgradeError(f"Azure did not resume them: {error.code}, {error}", error.remedy) from error
    return "Automatic instance repairs, which the rollout had suspended, are resumed."


def _are_instances_drained(job: Job) -> bool:
    return bool(drained_in(job.saved.get(DRAINED, ""))[0])


def _undrain(step: _PostStep) -> str:
    """Undrain what was drained and not upgraded. Raises VmssUpgradeError where that fails."""
    from vmss_upgrade.driver.zero_downtime.drain import undrain_after_a_kill
    from vmss_upgrade.inputs import parse_drain

    ids, kept = drained_in(step.job.saved[DRAINED])
    drain = parse_drain(step.job.environ)
    if drain is None:
        raise VmssUpgradeError("The input `drain-command` is not there any more.")
    try:
        failures = step.watch(undrain_after_a_kill(step.remote, drain, ids, kept, step.until))
    except AzureError as error:
        raise VmssUpgradeError(f"Azure did not undrain them: {error.code}, {error}", error.remedy) from error
    if failures:
        raise VmssUpgradeError(f"Not every instance could be undrained: {failures[0].message}.")
    return "No instance is left drained."


def _undrain_by_hand(job: Job) -> str:
    """Return how a user undrains instances; their names alone if the inputs do not say of which scale set."""
    from vmss_upgrade.inputs import parse_account

    ids, _ = drained_in(job.saved[DRAINED])
    named = f" May still be drained: {instances_named(ids, 30)}."
    try:
        account = parse_account(job.environ)
    except InputError:
        return named
    command = undrain_by_hand(account.subscription_id, account.resource_group, account.scale_set, ids[0])
    return f"{named} Undrain each with the text of `drain-command` in a file: {command}"


def _in_words(error: BaseException, console: Console) -> str:
    """Return why the post step failed. The traceback of a bug goes to the log."""
    cause = as_ours(error)
    if isinstance(cause, InputError):
        return " ".join(map(str, cause.problems))
    if isinstance(cause, Interrupted):
        return str(cause)  # not its remedy, which is to run the workflow again
    if isinstance(cause, InternalError):
        console.traceback(error)
    return f"{cause} {cause.remedy}".rstrip()


def _resume_by_hand(job: Job) -> str:
    """Return how a user resumes repairs; empty if the inputs do not say of which scale set."""
    from vmss_upgrade.inputs import parse_account

    try:
        account = parse_account(job.environ)
    except InputError:
        return ""
    command = resume_repairs(account.subscription_id, account.resource_group, account.scale_set)
    return f" Resume them with: {command}"


# in the order in which they are done
_DUTIES: Final = (
    _Duty(
        title="Automatic instance repairs may still be suspended",
        is_owed=_are_repairs_suspended,
        carry_out=_resume_repairs,
        by_hand=_resume_by_hand,
    ),
    _Duty(
        title="Instances may still be drained",
        is_owed=_are_instances_drained,
        carry_out=_undrain,
        by_hand=_undrain_by_hand,
    ),
)
