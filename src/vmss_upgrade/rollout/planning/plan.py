"""The plan of a rollout: which instances move, in which batches, and why the others stay."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.native.roll import RollingPolicy
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, Instance, Origin, ScaleSet
from vmss_upgrade.rollout.wording import in_natural_order

SURGE_NUMBER = 0  # of the batch that the new instances of a surge are
_ATTACHED = "attached, not made from the model"


class SkipReason(Enum):
    """The reason why a rollout leaves an instance alone; the values are for people."""

    ON_TARGET = "already on the target image"
    CURRENT = "already on the latest model"
    ON_PREVIOUS = "on the image that the others return to"
    NOT_MOVED = "did not move to the target image"
    PROTECTED = "protected from scale set actions"
    BEING_DELETED = "being deleted"
    BEING_CREATED = "being created"
    STOPPED = "stopped"
    DEALLOCATED = "deallocated"
    OTHER_IMAGE = f"{_ATTACHED}: {Origin.OTHER_IMAGE.value}"
    OTHER_SYSTEM = f"{_ATTACHED}: {Origin.OTHER_SYSTEM.value}"
    SURPLUS = "created for the time of the rollout (`surge`)"
    NO_IMAGE = f"{_ATTACHED}: {Origin.NO_IMAGE.value}"

    @property
    def is_settled(self) -> bool:
        """True where nothing is left to do for the instance."""
        return self in (SkipReason.ON_TARGET, SkipReason.CURRENT, SkipReason.ON_PREVIOUS)


@dataclass(frozen=True, slots=True)
class Batch:
    """Instances that are upgraded together, all of `domain`; `number` counts from 1."""

    number: int
    domain: Domain
    instance_ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the batch is called in a sentence."""
        return f"batch {self.number}" if self.number != SURGE_NUMBER else "the surge"


@dataclass(frozen=True, slots=True)
class Skipped:
    """An instance that this rollout does not touch, and why."""

    instance_id: str
    reason: SkipReason


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """The whole rollout, decided before the first write.

    `leaves` is the image that most of the moving instances run (None where nothing moves and the model holds the
    image that the plan reaches already, or where Azure does not show it); `reaches` is the image that they get.
    `grouping` is what batches are made of. `untouched` are the instances that are due, but that this run was not asked
    to move. Only the first `stop_after` batches are carried out (None: all). `pinned` is the floating image that
    `reaches` was resolved from (None: it was named exactly). `is_rollback`: instances return to an image that they ran
    before, which is said in other words, and holds other rules for what is not healthy. `surge`: so many new instances
    are there before the first batch, until the end. `by_azure`: the instances that Azure upgrades in its
    own batches, by the policy `rolls` (None: this run makes the batches).
    """

    goal: Goal
    leaves: Image | None
    grouping: DomainKind
    batches: tuple[Batch, ...]
    skipped: tuple[Skipped, ...]
    untouched: tuple[str, ...] = ()
    canary: int = 0
    stop_after: int | None = None
    pinned: Image | None = None
    is_rollback: bool = False
    surge: int = 0
    rolls: RollingPolicy | None = None
    by_azure: tuple[str, ...] = ()

    @property
    def reaches(self) -> Image:
        """The image that is rolled out, or returned to."""
        return self.goal.image

    @property
    def update_model(self) -> bool:
        """True if the model has to be written first."""
        return not self.goal.in_model

    @property
    def due_now(self) -> tuple[Batch, ...]:
        """The batches that this run carries out."""
        return self.batches[: self.stop_after]

    @property
    def instance_ids(self) -> tuple[str, ...]:
        """Every instance that moves, in the order of the rollout."""
        return self.by_azure or tuple(id_ for batch in self.batches for id_ in batch.instance_ids)

    def moving(self, scale_set: ScaleSet) -> list[Instance]:
        """Return the instances that move, in natural order."""
        present = scale_set.by_id
        return [present[id_] for id_ in sorted(self.instance_ids, key=in_natural_order)]

    @property
    def largest_batch(self) -> int:
        """The most instances that are away at once because of this rollout."""
        return max((len(batch.instance_ids) for batch in self.due_now), default=0)
