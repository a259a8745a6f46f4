"""What happened, one frozen dataclass each. `at` is seconds since the rollout began; `instances` is a whole look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Instance, ScaleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSetRead:
    """The model was read for the first time."""

    at: float
    model: Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """Something that the user should know came up."""

    at: float
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlanned:
    """The plan stands; nothing has been written. `scale_set` is what it was planned from, for `command`."""

    at: float
    plan: RolloutPlan
    scale_set: ScaleSet
    policy: Policy
    command: Command = Command.UPGRADE


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSeen:
    """The scale set as it is was all that was asked for. `goal` is the model as it stands."""

    at: float
    scale_set: ScaleSet
    goal: Goal


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairsSuspending:
    """Automatic repairs are about to be suspended: from now on they may be, and must be resumed."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairsResumed:
    """Automatic repairs are resumed; `were_suspended` False: Azure had refused to suspend them."""

    at: float
    were_suspended: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The run waits `seconds` before it tries again, because of `why`; `detail` is what changes from wait to wait.

    `until` bounds the waiting: no try is later than that, in seconds since the rollout began.
    """

    at: float
    why: str
    seconds: float
    until: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUpdateStarted:
    """Azure is about to be asked for the new image in the model: from now on the model may hold it."""

    at: float
    target: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUpdateRefused:
    """Azure refused this request and every one before it: the model holds what it held."""

    at: float
    target: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUpdateAccepted:
    """Azure accepted the new image for the model; from now on new instances may get it.

    `certain` False: the answer was lost, so that Azure may have accepted it.
    """

    at: float
    target: Image
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUpdated:
    """The model holds the target image; it took `seconds`."""

    at: float
    target: Image
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """No batch may start while these instances outside it are in trouble; the wait ends at `until`."""

    at: float
    troubles: tuple[Failure, ...]
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesSeen:
    """A look at all instances between batches."""

    at: float
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStarted:
    """The upgrade of the batch is about to be asked for. `of` is the number of batches."""

    at: float
    batch: Batch
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeAccepted:
    """Azure took the upgrade of the batch on; from now on its instances count as away.

    `certain` False: the answer was lost, so that it may have.
    """

    at: float
    batch: Batch
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeEnded:
    """Azure's operation on the batch ended, well or not."""

    at: float
    batch: Batch


class Phase(Enum):
    """What a running batch is waiting for."""

    UPGRADING = "Azure is upgrading"
    GETTING_READY = "waiting until current and healthy"
    BAKING = "healthy, baking"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgressed:
    """A look at the instances while a batch is under way; this phase ends at `until` at the latest.

    `is_current` False: somebody changed the rest of the model, so that instances are on the target image alone.
    """

    at: float
    batch: Batch
    phase: Phase
    until: float
    pending: tuple[Failure, ...]
    instances: tuple[Instance, ...]
    is_current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPassed:
    """Every instance of the batch is on the target, current and healthy, and stayed so for the bake time.

    `is_current` False: not current, because somebody changed the rest of the model meanwhile.
    """

    at: float
    batch: Batch
    instances: tuple[Instance, ...]
    is_current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPredicted:
    """By what the batches have taken so far, the `left` ones still to come end at `end`."""

    at: float
    left: int
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFailed:
    """The batch has an instance error, and no batch of the rollout follows it; a rollback may."""

    at: float
    batch: Batch
    failures: tuple[Failure, ...]
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackStarted:
    """The rollout failed, and what it did is about to be undone by `plan`. `failed` is how it would have ended.

    `scale_set` is what that was planned from. The batches that follow are those of the rollback.
    """

    at: float
    plan: RolloutPlan
    scale_set: ScaleSet
    failed: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutFinished:
    """The last event of every run."""

    at: float
    ending: Ending


Event = (
    ScaleSetRead
    | Noticed
    | RolloutPlanned
    | StatusSeen
    | RepairsSuspending
    | RepairsResumed
    | Waiting
    | ModelUpdateStarted
    | ModelUpdateRefused
    | ModelUpdateAccepted
    | ModelUpdated
    | Holding
    | InstancesSeen
    | BatchStarted
    | UpgradeAccepted
    | UpgradeEnded
    | BatchProgressed
    | BatchPassed
    | EndPredicted
    | BatchFailed
    | RollbackStarted
    | RolloutFinished
)
