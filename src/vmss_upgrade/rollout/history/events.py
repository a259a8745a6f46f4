"""What happened, one frozen dataclass each; `instances` is a whole look."""

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
class Event:
    """Something that happened `at` seconds after the rollout began: the driver fills that in as it yields the event."""

    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSetRead(Event):
    """The model was read for the first time."""

    model: Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed(Event):
    """A finding came up that the user should know."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlanned(Event):
    """The plan stands; nothing has been written. `scale_set` is what it was planned from, for `command`."""

    plan: RolloutPlan
    scale_set: ScaleSet
    policy: Policy
    command: Command = Command.UPGRADE


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedAsFound(Event):
    """The scale set as it was when its rollout was refused."""

    scale_set: ScaleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSeen(Event):
    """The scale set as it is was all that was asked for. `goal` is the model as it stands."""

    scale_set: ScaleSet
    goal: Goal


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairsSuspending(Event):
    """Automatic repairs are about to be suspended: from now on they may be, and must be resumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairsResumed(Event):
    """Automatic repairs are resumed; `were_suspended` False: Azure had refused to suspend them."""

    were_suspended: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Event):
    """The run waits `seconds` before it tries again, because of `why`; `detail` is what changes from wait to wait.

    `until` bounds the waiting: no try is later than that, in seconds since the rollout began. `for_rest`: somebody is
    changing the scale set, and this waits until nobody is.
    """

    why: str
    seconds: float
    until: float
    detail: str = ""
    for_rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUpdateStarted(Event):
    """Azure is about to be asked for the new image in the model: from now on the model may hold it."""

    target: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUpdateRefused(Event):
    """Azure refused this request and every one before it: the model holds what it held."""

    target: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUpdateAccepted(Event):
    """Azure accepted the new image for the model; from now on new instances may get it.

    `certain` False: the answer was lost, so that Azure may have accepted it.
    """

    target: Image
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUpdated(Event):
    """The model holds the target image; it took `seconds`."""

    target: Image
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding(Event):
    """No batch may start while these instances outside it are in trouble; the wait ends at `until`."""

    troubles: tuple[Failure, ...]
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesSeen(Event):
    """A look at all instances, once the plan stands."""

    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStarted(Event):
    """The upgrade of the batch is about to be asked for. `of` is the number of batches."""

    batch: Batch
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeAccepted(Event):
    """Azure took the upgrade of the batch on; from now on its instances count as away.

    `certain` False: the answer was lost, so that it may have.
    """

    batch: Batch
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeEnded(Event):
    """Azure's operation on the batch ended, with success or without."""

    batch: Batch


class Phase(Enum):
    """What a running batch is waiting for."""

    UPGRADING = "Azure is upgrading"
    GETTING_READY = "waiting until current and healthy"
    BAKING = "healthy, baking"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgressed(Event):
    """A look at the instances while a batch is under way; this phase ends at `until` at the latest.

    `is_current` False: somebody changed the rest of the model, so that instances are on the target image alone.
    """

    batch: Batch
    phase: Phase
    until: float
    pending: tuple[Failure, ...]
    instances: tuple[Instance, ...]
    is_current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPassed(Event):
    """Every instance of the batch is on the target, current and healthy, and stayed so for the bake time.

    `is_current` False: not current, because somebody changed the rest of the model meanwhile.
    """

    batch: Batch
    instances: tuple[Instance, ...]
    is_current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPredicted(Event):
    """A batch has ended. By what the batches have taken so far, the `left` ones still to come end at `end`."""

    left: int
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFailed(Event):
    """The batch has an instance error, and no batch of the rollout follows it; a rollback may."""

    batch: Batch
    failures: tuple[Failure, ...]
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackStarted(Event):
    """The rollout failed, and what it did is about to be undone by `plan`. `failed` is how it would have ended.

    `scale_set` is what that was planned from. The batches that follow are those of the rollback.
    """

    plan: RolloutPlan
    scale_set: ScaleSet
    failed: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRestoreStarted(Event):
    """The rollout failed, and `previous` is about to be put back into the model `instead_of` the image that failed.

    No instance is touched any more.
    """

    previous: Image
    instead_of: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutFinished(Event):
    """The last event of every run."""

    ending: Ending
