"""The post step: puts right what the main step began and could not end any more, because it was killed, and says what
was left half-way.

The runner starts it in a container of its own when the job ends, however it ends. Mostly nothing is left to do: then
nothing heavy is imported, and nobody is asked anything.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from vmss_upgrade.errors import AzureError, InputError, Interrupted, VmssUpgradeError
from vmss_upgrade.handover import after_a_kill as killed
from vmss_upgrade.handover.progress import Stage, from_value
from vmss_upgrade.handover.state_file import REPAIRS, ROLLOUT, SUSPENDED, saved_state
from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.job.signals import Interruption
from vmss_upgrade.ports import Clock, ScaleSetApi
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.files import append_whole
from vmss_upgrade.reporters.sanitiser.masks import mask_secrets
from vmss_upgrade.rollout.az_commands import resume_repairs
from vmss_upgrade.rollout.history.events import Waiting
from vmss_upgrade.rollout.wording import duration

if TYPE_CHECKING:
    from vmss_upgrade.account import Account

PATIENCE = 270.0  # seconds in all; a cancelled job is given five minutes for everything that it still does
ISSUES = "Please open an issue with this traceback."

Connect = Callable[["Account", Mapping[str, str], Clock, Console], ScaleSetApi]


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Run the post step as the runner calls it. Returns the exit code."""
    clock = SystemClock()
    interruption = Interruption(clock)
    return run(environ, clock, on_end=interruption.disarm)


def _connect(account: Account, environ: Mapping[str, str], clock: Clock, console: Console) -> ScaleSetApi:
    """The scale set, over the real SDK."""
    from vmss_upgrade.azure_api.connection import ClockedTransport, connect
    from vmss_upgrade.job.user_agent import user_agent
    from vmss_upgrade.reporters.sdk_log import listen_to_sdk

    listen_to_sdk(console)
    return connect(
        account,
        ClockedTransport(clock),
        clock,
        user_agent=user_agent(environ),
        mask=console.mask,
        timeout=PATIENCE,
        trace=console.debug if environ.get("RUNNER_DEBUG") == "1" else None,
    )


def run(
    environ: Mapping[str, str],
    clock: Clock,
    *,
    connect: Connect = _connect,
    on_end: Callable[[], None] = lambda: None,
) -> int:
    """The same on a given clock and a given connection. `on_end` is called before the last words."""
    console = Console(github=environ.get("GITHUB_ACTIONS") == "true", colour=False)
    failure, last_words = "", "Nothing was left to do."
    try:
        if _is_anything_left(environ):
            mask_secrets(environ, console)
        if _tell_of_kill(environ, console):
            last_words = "Nothing had to be undone."
        if saved_state(environ, REPAIRS) == SUSPENDED:
            _resume_repairs(environ, clock, console, connect)
            last_words = "Automatic instance repairs, which the rollout had suspended, are resumed."
    except BaseException as error:
        failure = _in_words(error, console)
    on_end()
    console.say_last_words()
    if failure:
        console.error(failure + _by_hand(environ), "Automatic instance repairs may still be suspended")
        return 1
    console.line(last_words)
    return 0


def _is_anything_left(environ: Mapping[str, str]) -> bool:
    """Whether there is anything to say; mostly not, and then nothing need be hidden."""
    return any(saved_state(environ, name) for name in (REPAIRS, ROLLOUT))


def _tell_of_kill(environ: Mapping[str, str], console: Console) -> bool:
    """Say what a killed main step left half-way, in the log and in the step summary. False where it was not killed."""
    value = saved_state(environ, ROLLOUT)
    under_way = from_value(value)
    if not value or (under_way is not None and under_way.stage is Stage.ENDED):
        return False
    console.warning(" ".join(killed.in_sentences(under_way)), killed.TITLE)
    try:
        if environ.get("GITHUB_STEP_SUMMARY"):
            append_whole(environ["GITHUB_STEP_SUMMARY"], killed.as_markdown(under_way))
    except OSError as error:
        console.warning(f"Could not write the step summary: {type(error).__name__}: {error}")
    return True


def _resume_repairs(environ: Mapping[str, str], clock: Clock, console: Console, connect: Connect) -> None:
    """Resume automatic repairs; asking twice does no harm. Raises VmssUpgradeError where they may not be resumed."""
    from vmss_upgrade.driver.remote import RemoteScaleSet
    from vmss_upgrade.driver.repairs import set_repairs
    from vmss_upgrade.inputs import parse_account

    until = clock.now() + PATIENCE
    account = parse_account(environ)
    console.line(f"Signing in with {account.sign_in} at {account.signs_in_at}")
    remote = RemoteScaleSet(connect(account, environ, clock, console), clock)
    try:
        for event in set_repairs(remote, suspended=False, until=until):
            if isinstance(event, Waiting):
                console.line(f"waiting: {event.why} (next try in {duration(event.seconds)})")
    except AzureError as error:
        raise VmssUpgradeError(f"Azure did not resume them: {error.code}, {error}", error.remedy) from error


# -- in words ------------------------------------------------------------------------------------------------------


def _in_words(error: BaseException, console: Console) -> str:
    """Why it failed. The traceback of a bug goes to the log."""
    match error:
        case InputError():
            return " ".join(f"{problem.input}: {problem.message}. {problem.remedy}" for problem in error.problems)
        case Interrupted() | KeyboardInterrupt():
            return str(Interrupted())
        case VmssUpgradeError():
            return f"{error} {error.remedy}".rstrip()
    console.lines("".join(traceback.format_exception(error)))
    return f"Internal error: {type(error).__name__}: {error}. {ISSUES}"


def _by_hand(environ: Mapping[str, str]) -> str:
    """How a user resumes repairs; nothing where the inputs do not say of which scale set."""
    from vmss_upgrade.inputs import parse_account

    try:
        account = parse_account(environ)
    except InputError:
        return ""
    command = resume_repairs(account.subscription_id, account.resource_group, account.scale_set)
    return f" Resume them with: {command}"
