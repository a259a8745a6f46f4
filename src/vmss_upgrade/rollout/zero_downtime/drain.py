"""Draining: a command in the guest of every instance of a batch before its upgrade, and again where no upgrade follows.

Source: "Run scripts in your Linux VM by using managed Run Commands", and the same for Windows: a parameter without a
name is an argument on Linux, one with a name is an argument on Windows; output and error are the last 4 KB; a deletion
ends a script that still runs. The provisioning state says only that the script was started (recorded: Succeeded with
exit code 3), so the instance view alone decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum

from vmss_upgrade.rollout.failures import Failure, FailureCode
from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.scale_set import Instance, ScaleSet, is_healthy
from vmss_upgrade.rollout.wording import duration

TIMEOUT = 15 * 60.0
LONGEST_TIMEOUT = 90 * 60.0  # Azure's own bound of a script
START = 5 * 60.0  # seconds that Azure may take to start a script, and to report its end (recorded: 38)
CLEAN_UP = 10 * 60.0  # seconds for undoing a drain, besides the pace of the writes
WRITES_PER_MINUTE, BURST = 4.0, 12.0  # of instances of one scale set, by Azure's published limits
_MOST_LINES, _LONGEST_LINE = 3, 200  # of what a script wrote, as a message shows it


class Action(Enum):
    """What the command has to do: its one argument."""

    DRAIN = "drain"
    UNDRAIN = "undrain"

    @property
    def resource(self) -> str:
        """The name of the run command in Azure: fixed, so that what a killed run has left is found."""
        return f"vmss-upgrade-{self.value}"


RESOURCES = frozenset(action.resource for action in Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """The text of the `command`, and how many seconds it may run."""

    command: str = field(repr=False)
    timeout: float = TIMEOUT

    @property
    def digest(self) -> str:
        """A short hash of the command, by which a plan can be held to it; the text itself is shown nowhere."""
        return hashlib.sha256(self.command.encode()).hexdigest()[:12]


class ExecutionState(Enum):
    """The states of a script, by Azure's words; WAITING is any other, or none."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timedout"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """The run of a script, as the instance view shows it. `message` is Azure's, the others are the script's own."""

    state: ExecutionState
    exit_code: int | None = None
    message: str = ""
    output: str = ""
    error: str = ""

    @property
    def has_ended(self) -> bool:
        """True once the script will not go on."""
        return self.state not in (ExecutionState.WAITING, ExecutionState.RUNNING)

    @property
    def has_succeeded(self) -> bool:
        """True if it ended with exit code 0, which Azure need not show."""
        return self.state is ExecutionState.SUCCEEDED and not self.exit_code


def failure_of(instance_id: str, action: Action, execution: Execution) -> Failure | None:
    """Return why the script did not do its work; None if it did, or has not ended."""
    if not execution.has_ended or execution.has_succeeded:
        return None
    code = "" if execution.exit_code is None else f" with exit code {execution.exit_code}"
    ended = {ExecutionState.TIMED_OUT: "did not end in time", ExecutionState.CANCELED: "was ended"}
    what = ended.get(execution.state, f"ended{code}")
    written = " / ".join(filter(None, map(last_lines, (execution.error, execution.output))))
    said = written or last_lines(execution.message)
    return _failure(instance_id, action, f"the command {what}{f': {said}' if said else ', without a word'}")


def no_answer(instance_id: str, action: Action, seconds: float) -> Failure:
    """Return the failure of a script whose end Azure does not report, as where the VM agent does not answer."""
    waited = f"Azure reported no end of the command within {duration(seconds)}"
    return _failure(instance_id, action, f"{waited}: the VM agent of the instance may not answer")


def not_run(instance_id: str, action: Action, code: str, message: str, correlation_id: str = "") -> Failure:
    """Return the failure of a command that Azure did not run."""
    return _failure(instance_id, action, f"Azure did not run the command ({code}, {message})", correlation_id)


def not_deleted(instance_id: str, code: str, message: str, correlation_id: str = "") -> Failure:
    """Return the failure of a run command that is, or may be, still there, and with it its script."""
    text = f"its run command {' or '.join(sorted(RESOURCES))} could not be deleted ({code}, {message})"
    return Failure(instance_id, FailureCode.UNDRAIN_FAILED, text, correlation_id=correlation_id)


def not_rested(instance_id: str) -> Failure:
    """Return the failure of an instance that Azure did not stop changing, so that no command could run there."""
    return Failure(instance_id, FailureCode.UNDRAIN_FAILED, "Azure was still changing it, so no command could run")


def _failure(instance_id: str, action: Action, message: str, correlation_id: str = "") -> Failure:
    code = FailureCode.DRAIN_FAILED if action is Action.DRAIN else FailureCode.UNDRAIN_FAILED
    return Failure(instance_id, code, message, correlation_id=correlation_id)


def last_lines(text: str) -> str:
    """Return the last lines of what a script wrote, as one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(line[-_LONGEST_LINE:] for line in lines[-_MOST_LINES:])


def to_drain(scale_set: ScaleSet, ids: Collection[str], *, is_rollback: bool) -> tuple[str, ...]:
    """Return the instances of a batch to be drained: those that may serve.

    A script cannot run in a stopped one. In a rollback only healthy ones are drained: the others are what it repairs.
    """
    signal = scale_set.model.health_signal
    there = [i for i in scale_set.instances if i.id in ids and not i.is_stopped and not i.is_being_deleted]
    return tuple(i.id for i in there if not is_rollback or is_healthy(i, signal))


def still_drained(
    instances: Iterable[Instance], drained: Collection[str], kept: Collection[str], target: Image
) -> tuple[str, ...]:
    """Return those of `drained` that run the system in which they were drained; the others are new, or gone.

    `kept`: those that ran the target before, so that what they show now proves no new system.
    """
    there = [i for i in instances if i.id in drained and not i.is_being_deleted]
    return tuple(i.id for i in there if i.id in kept or not is_on(i, target))


def least_seconds(size: int) -> float:
    """Return how long the writes of draining so many instances take at least: Azure allows a few a minute.

    A PUT and a DELETE for each; what a full bucket allows at once takes no time.
    """
    return max(0.0, 2 * size - BURST) / WRITES_PER_MINUTE * 60


def clean_up_time(size: int) -> float:
    """Return how long undoing the drain of so many instances may take: two DELETEs and a PUT for each, and the rest."""
    return CLEAN_UP + 3 * size / WRITES_PER_MINUTE * 60
