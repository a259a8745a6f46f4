"""The post step: it completes what a killed main step left half-way, and reports it.

The runner starts it in a container of its own when the job ends, however it ends. Mostly nothing is left to do: then
nothing heavy is imported, and no request is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Final

from vmss_upgrade.errors import InputError, InternalError, Interrupted, as_ours
from vmss_upgrade.job import after_a_kill as killed
from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.job.duties.drained import UNDRAIN
from vmss_upgrade.job.duties.duty import PATIENCE, Connect, PostStep
from vmss_upgrade.job.duties.hook import CALL_HOOK
from vmss_upgrade.job.duties.repairs import RESUME_REPAIRS
from vmss_upgrade.job.duties.rolling import CANCEL_ROLL
from vmss_upgrade.job.duties.surplus import NAME_SURPLUS
from vmss_upgrade.job.progress import ROLLOUT, Stage, from_value
from vmss_upgrade.job.runner import Job, read_job
from vmss_upgrade.job.signals import NOT_CANCELLABLE, Interruption
from vmss_upgrade.main import connected
from vmss_upgrade.ports import Clock, Web
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.files import append_whole, reason_of

DUTIES: Final = (CANCEL_ROLL, RESUME_REPAIRS, UNDRAIN, CALL_HOOK, NAME_SURPLUS)  # in the order in which they are done

_connect: Connect = partial(connected, timeout=PATIENCE)


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Run the post step as the runner calls it. Returns the exit code."""
    clock = SystemClock()
    return run(environ, clock, cancellable=Interruption(clock))


def run(
    environ: Mapping[str, str],
    clock: Clock,
    *,
    connect: Connect = _connect,
    web: Callable[[Clock], Web] | None = None,
    cancellable: AbstractContextManager[None] = NOT_CANCELLABLE,
) -> int:
    """Run the post step on a given clock, a given connection and a given web. Returns the exit code.

    `cancellable` is entered for all but the last words.
    """
    job = read_job(environ)
    console = Console(github=job.in_github, colour=False)
    step = PostStep(job, clock, console, connect, web)
    try:
        with cancellable:
            last_words, failures = _do_what_is_owed(step)
    except BaseException as error:
        last_words, failures = [], [(_in_words(error, console), "The post step failed")]
    console.say_last_words()
    for message, title in failures:
        console.error(message, title)
    if not failures:
        console.line(" ".join(last_words) or "Nothing was left to do.")
    return 1 if failures else 0


def _do_what_is_owed(step: PostStep) -> tuple[list[str], list[tuple[str, str]]]:
    """Return what was done, in sentences, and what could not be done, each with the title of its annotation.

    One duty that fails stops no other.
    """
    job, console = step.job, step.console
    owed = [duty for duty in DUTIES if duty.is_owed(job)]
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
