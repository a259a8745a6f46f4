"""Which instances move to the target image, in what order, in which batches."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import (
    Domain,
    Instance,
    ScaleSet,
    in_natural_order,
    is_healthy,
    is_on,
)

ON_TARGET = "already on the target image"
PROTECTED = "protected from scale set actions"
LEAVING = "being deleted"
STOPPED = "stopped"
DEALLOCATED = "deallocated"


@dataclass(frozen=True, slots=True)
class Batch:
    """Instances of one update domain that are upgraded together; `number` counts from 1."""

    number: int
    domain: Domain
    instance_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """An instance that this rollout does not touch, and why."""

    instance_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """The whole rollout, decided before the first write.

    `previous` is the image that most of the moving instances run (None where nothing moves and the model holds
    the target already, or where Azure does not show it).
    """

    target: Image
    previous: Image | None
    update_model: bool
    batches: tuple[Batch, ...]
    skipped: tuple[Skipped, ...]

    @property
    def instance_ids(self) -> tuple[str, ...]:
        """Every instance that moves, in the order of the rollout."""
        return tuple(id_ for batch in self.batches for id_ in batch.instance_ids)

    @property
    def largest_batch(self) -> int:
        """The most instances that are away at once because of this rollout."""
        return max((len(batch.instance_ids) for batch in self.batches), default=0)


def plan_rollout(scale_set: ScaleSet, target: Image, policy: Policy) -> RolloutPlan:
    """Decide which instances move to `target`, in what order, in which batches.

    A batch never mixes update domains and holds 1 to `policy.batch_size` instances. Domains run in ascending
    order of (zone, placement group, number); inside a domain unhealthy instances come first, then by id.
    Every instance appears exactly once: in a batch, or in `skipped` with a reason.
    Pure: planning again after a partial rollout yields what is left of it.

    Raises PlanRefused if an instance that must move shows no update domain.
    """
    update_model = not scale_set.model.image.same_as(target)
    reasons = {i.id: reason_to_skip(i, target, model_holds_target=not update_model) for i in scale_set.instances}
    due = [instance for instance in scale_set.instances if reasons[instance.id] is None]
    return RolloutPlan(
        target=target,
        previous=_previous_image(scale_set, target, due),
        update_model=update_model,
        batches=_batches(due, scale_set, policy),
        skipped=tuple(Skipped(id_, reason) for id_, reason in reasons.items() if reason is not None),
    )


def still_due(batch: Batch, scale_set: ScaleSet, target: Image) -> Batch:
    """The batch without the instances that since planning vanished, are leaving, were stopped, or moved to the target.

    It never grows. The flag that stands for a VHD may lag behind the model, so there nobody is dropped as current.
    """
    present = scale_set.by_id()

    def is_due(instance_id: str) -> bool:
        instance = present.get(instance_id)
        if instance is None:
            return False
        flag_is_fresh = target.kind is not ImageKind.VHD
        return reason_to_skip(instance, target, model_holds_target=flag_is_fresh) is None

    return Batch(batch.number, batch.domain, tuple(filter(is_due, batch.instance_ids)))


def runs_target(instance: Instance, target: Image, *, model_holds_target: bool) -> bool:
    """Whether the instance runs `target`; the flag that stands for a VHD means it only while the model holds it."""
    return is_on(instance, target) and (model_holds_target or target.kind is not ImageKind.VHD)


def reason_to_skip(instance: Instance, target: Image, *, model_holds_target: bool) -> str | None:
    """Why the rollout leaves this instance alone; None when it is due."""
    if instance.is_leaving:
        return LEAVING
    if runs_target(instance, target, model_holds_target=model_holds_target):
        return ON_TARGET
    if instance.protected:
        return PROTECTED
    if instance.is_off:
        return instance.power.value  # STOPPED or DEALLOCATED
    return None


def _previous_image(scale_set: ScaleSet, target: Image, due: list[Instance]) -> Image | None:
    """Read from the instances, because on a re-run the model already holds the target."""
    behind = due or [i for i in scale_set.instances if not is_on(i, target)]
    images = Counter(instance.image for instance in behind if instance.image is not None)
    if images:
        return images.most_common(1)[0][0]
    model_image = scale_set.model.image
    return None if model_image.same_as(target) else model_image


def _batches(due: list[Instance], scale_set: ScaleSet, policy: Policy) -> tuple[Batch, ...]:
    signal = scale_set.model.health_signal
    limit = policy.batch_size.of(len(scale_set.instances)) if policy.batch_size else len(due)

    def order(instance: Instance) -> tuple[Domain, bool, tuple[int, int | str]]:
        return (domain_of(instance), is_healthy(instance, signal), in_natural_order(instance.id))

    batches: list[Batch] = []
    for domain, members in groupby(sorted(due, key=order), key=domain_of):
        ids = [instance.id for instance in members]
        for start in range(0, len(ids), limit):
            batches.append(Batch(len(batches) + 1, domain, tuple(ids[start : start + limit])))
    return tuple(batches)


def domain_of(instance: Instance) -> Domain:
    """The instance's update domain. Raises PlanRefused where Azure shows none."""
    if instance.update_domain is None:
        raise PlanRefused(
            f"Instance {instance.id} shows no update domain, so `strategy: update-domain` cannot place it.",
            "Update domains are shown by regional Uniform scale sets with more than one fault domain.",
        )
    return instance.update_domain
