"""The post step: it completes what a killed main step left half-way, and reports it.

The runner starts it in a container of its own when the job ends, however it ends. Mostly nothing is left to do: then
nothing heavy is imported, and no request is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from vmss_upgrade.errors import AzureError, InputError, InternalError, Interrupted, VmssUpgradeError, as_ours
from vmss_upgrade.job import after_a_kill as killed
from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.job.progress import REPAIRS, ROLLOUT, SUSPENDED, Stage, from_value
from vmss_upgrade.job.runner import Job, read_job
from vmss_upgrade.job.signals import Interruption
from vmss_upgrade.main import connected
from vmss_upgrade.ports import Clock, ScaleSetApi
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.files import append_whole, reason_of
from vmss_upgrade.rollout.az_commands import resume_repairs
from vmss_upgrade.rollout.history.events import Waiting
from vmss_upgrade.rollout.wording import duration

if TYPE_CHECKING:
    from vmss_upgrade.account import Account

PATIENCE = 270.0  # seconds in all; a cancelled job is given five minutes for everything that it still does

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
    failure, last_words = "", "Nothing was left to do."
    try:
        if job.saved.get(REPAIRS) or job.saved.get(ROLLOUT):  # mostly nothing, and then there is nothing to hide
            for secret in job.secrets:
                console.mask(secret)
        if _tell_of_kill(job, console):
            last_words = "Nothing had to be undone."
        if job.saved.get(REPAIRS) == SUSPENDED:
            _resume_repairs(job, clock, console, connect)
            last_words = "Automatic instance repairs, which the rollout had suspended, are resumed."
    except BaseException as error:
        failure = _in_words(error, console)
    on_end()
    console.say_last_words()
    if failure:
        console.error(failure + _by_hand(job), "Automatic instance repairs may still be suspended")
        return 1
    console.line(last_words)
    return 0


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


def _resume_repairs(job: Job, clock: Clock, console: Console, connect: Connect) -> None:
    """Resume automatic repairs; asking twice does no harm. Raises VmssUpgradeError if they may not be resumed."""
    from vmss_upgrade.driver.remote import RemoteScaleSet
    from vmss_upgrade.driver.repairs import set_repairs
    from vmss_upgrade.inputs import parse_account

    until = clock.now() + PATIENCE
    account = parse_account(job.environ)
    console.line(account.signing_in)
    remote = RemoteScaleSet(connect(account, job, clock, console), clock)
    try:
        for event in set_repairs(remote, suspended=False, until=until):
            if isinstance(event, Waiting):
                console.line(f"waiting: {event.why} (next try in {duration(event.seconds)})")
    except AzureError as error:
        raise VmssUpgradeError(f"Azure did not resume them: {error.code}, {error}", error.remedy) from error


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


def _by_hand(job: Job) -> str:
    """Return how a user resumes repairs; empty if the inputs do not say of which scale set."""
    from vmss_upgrade.inputs import parse_account

    try:
        account = parse_account(job.environ)
    except InputError:
        return ""
    command = resume_repairs(account.subscription_id, account.resource_group, account.scale_set)
    return f" Resume them with: {command}"
