"""What became of a batch, and how a run ended and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.planning.plan import Batch


class Outcome(Enum):
    """How a run ended. The first seven exit 0, the others 1."""

    SUCCEEDED = "succeeded"
    NOTHING_TO_DO = "nothing-to-do"
    PLANNED = "planned"
    PARTIAL = "partial"
    REPORTED = "reported"
    MODEL_UPDATED = "model-updated"
    REHEARSED = "rehearsed"
    HALTED = "halted"
    TIMED_OUT = "timed-out"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"
    ROLLED_BACK = "rolled-back"
    ROLLBACK_FAILED = "rollback-failed"

    @property
    def exit_code(self) -> int:
        """0 if the user got what was asked for, else 1."""
        return 0 if self in _GOOD else 1


_GOOD = (
    Outcome.SUCCEEDED,
    Outcome.NOTHING_TO_DO,
    Outcome.PLANNED,
    Outcome.PARTIAL,
    Outcome.REPORTED,
    Outcome.MODEL_UPDATED,
    Outcome.REHEARSED,
)


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a run: one sentence, what to do next, and the errors behind it."""

    outcome: Outcome
    reason: str
    remedy: str = ""
    failures: tuple[Failure, ...] = ()

    @property
    def calls_for_rollback(self) -> bool:
        """True if an instance was seen bad on the target image, so that going back would help."""
        return any(failure.blames_image for failure in self.failures)

    @property
    def bad_before(self) -> tuple[str, ...]:
        """The instances that were bad on the target image before this run, which is one reason why it ended."""
        return tuple(failure.instance_id for failure in self.failures if failure.is_older)


class BatchResult(Enum):
    """What became of a batch that was started; the values are for people."""

    UNDER_WAY = "under way"
    PASSED = "passed"
    FAILED = "failed"
    NOT_ACCEPTED = "not taken on by Azure"


class AzureWork(Enum):
    """Azure's work on the upgrade of a batch: known, possible or none."""

    NONE = "none"
    POSSIBLE = "possible"  # the answer was lost
    CERTAIN = "certain"


@dataclass(slots=True)
class BatchRecord:
    """One batch that was started. `seconds` is None while it runs, or where the run ended first.

    `accepted`: Azure took the upgrade on, or may have; `azure_work` lasts until its operation ended. `is_back`: it is
    one of the rollback. `is_current` False: somebody changed the rest of the model while it was upgraded.
    `ready_after`: seconds after which an instance was seen ready, and stayed so.
    """

    batch: Batch
    started_at: float
    seconds: float | None = None
    result: BatchResult = BatchResult.UNDER_WAY
    accepted: bool = False
    azure_work: AzureWork = AzureWork.NONE
    is_back: bool = False
    is_current: bool = True
    ready_after: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class DrainRecord:
    """The instances of one batch that were drained, or were to be. `seconds` is None where that did not end well.

    `undrained`: those that were not upgraded, and drained no more; `left`: those that may still be drained.
    """

    batch: int
    instance_ids: tuple[str, ...]
    started_at: float
    seconds: float | None = None
    undrained: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
