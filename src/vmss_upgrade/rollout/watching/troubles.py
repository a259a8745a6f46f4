"""Troubles outside a batch, of the instances that a rollout counts on."""

from __future__ import annotations

from collections.abc import Collection

from vmss_upgrade.rollout.failures import Failure, FailureCode, is_never_the_images
from vmss_upgrade.rollout.goal import Goal, is_on
from vmss_upgrade.rollout.planning.availability import unhealthy_ids, updating_ids
from vmss_upgrade.rollout.scale_set import Health, Instance, ScaleSet, is_healthy


def must_stay_healthy(scale_set: ScaleSet, goal: Goal) -> frozenset[str]:
    """Return the instances whose health the rollout counts on.

    They are those healthy at planning, and those that run the target already: a target that does not get healthy is a
    reason to stop, even if an earlier run put it there. Attached machines are not the rollout's.
    """
    signal = scale_set.model.health_signal

    def counted_on(instance: Instance) -> bool:
        on_target = goal.in_model and goal.is_reached_by(instance) and not instance.is_stopped
        return is_healthy(instance, signal) or on_target

    return frozenset(i.id for i in scale_set.made if counted_on(i))


def unhealthy_on_foreign_target(scale_set: ScaleSet, goal: Goal) -> frozenset[str]:
    """Return the unhealthy instances that run the target already, if it was not this rollout's model that put it there.

    A rollout back to an older image finds some, and upgrades the others first.
    """
    if goal.in_model:
        return frozenset()
    there = {instance.id for instance in scale_set.instances if is_on(instance, goal.image)}
    return unhealthy_ids(scale_set) & there


def updated_by_somebody(scale_set: ScaleSet, batch_ids: Collection[str]) -> tuple[Failure, ...]:
    """Return the instances outside the batch that somebody is updating, without attached ones."""
    updating = updating_ids(scale_set.instances)
    return tuple(
        Failure(instance.id, FailureCode.UPDATED_BY_SOMEBODY, "is being updated by somebody")
        for instance in scale_set.made
        if instance.id in updating and instance.id not in batch_ids
    )


def not_healthy(scale_set: ScaleSet, ids: Collection[str], goal: Goal) -> tuple[Failure, ...]:
    """Return those of `ids` that do not serve now. Stopped and evicted ones are gone, and `min-healthy` judges that."""
    signal = scale_set.model.health_signal
    unhealthy = [i for i in scale_set.instances if i.id in ids and not i.is_stopped and not is_healthy(i, signal)]
    updating = updating_ids(unhealthy)
    return tuple(_in_trouble(instance, goal) for instance in unhealthy if instance.id not in updating)


def _in_trouble(instance: Instance, goal: Goal) -> Failure:
    """Say why the instance does not serve, in Azure's words if its provisioning failed."""
    is_never_the_image = any(is_never_the_images(each.code, each.message) for each in instance.problems[:1])
    is_bad = not is_never_the_image if instance.has_failed else instance.health is Health.UNHEALTHY
    blames_image = is_bad and instance.seen and is_on(instance, goal.image)
    if instance.has_failed and instance.problems:
        first, *others = instance.problems
        more = f" (and {len(others)} more)" if others else ""
        return Failure(instance.id, first.code, f"is Failed: {first}{more}", blames_image=blames_image)
    if instance.is_being_created:
        message = "is being created, perhaps in place of one that was upgraded"
        return Failure(instance.id, FailureCode.BEING_CREATED, message)
    if not instance.is_running:
        message = f"is {instance.provisioning}, power state {instance.power.value}"
    else:
        message = f"health is {instance.health.value}"
    return Failure(instance.id, FailureCode.NOT_HEALTHY_ELSEWHERE, message, blames_image=blames_image)
