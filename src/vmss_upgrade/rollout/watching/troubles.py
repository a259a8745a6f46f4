"""Troubles: what keeps an instance from being ready, and what is wrong outside a batch where a rollout counts on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from vmss_upgrade.rollout.failures import Failure, FailureCode, Problem, is_never_the_images
from vmss_upgrade.rollout.goal import Goal, is_on
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.availability import unhealthy_ids, updating_ids
from vmss_upgrade.rollout.scale_set import Health, Instance, Power, ScaleSet, is_healthy


def not_ready(
    instance: Instance, target: Image, signal: HealthSignal, *, flag_matters: bool, may_be_stopped: bool = False
) -> Failure | None:
    """Return the first reason why `instance` cannot pass yet; None when it is ready.

    `flag_matters` False: `latestModelApplied` is not asked for, because the rest of the model changed meanwhile.
    `may_be_stopped`: the instance was stopped before, and an upgrade does not start it; then it need not be healthy.
    """

    def pending(code: FailureCode, message: str, *, blames_image: bool = False) -> Failure:
        return Failure(instance.id, code, message, blames_image=blames_image)

    if not instance.seen:
        return pending(FailureCode.NOT_SEEN, "is missing from Azure's latest list of instances")
    if instance.is_changing:
        return pending(FailureCode.STILL_UPDATING, f"provisioning state is still {instance.provisioning}")
    if not instance.is_provisioned:
        return pending(FailureCode.NOT_PROVISIONED, f"provisioning state is {instance.provisioning}")
    if not is_on(instance, target):
        return pending(FailureCode.NOT_ON_TARGET, f"still runs {instance.image or 'an image that Azure does not show'}")
    is_off_as_before = may_be_stopped and instance.is_stopped
    if instance.power is not Power.RUNNING and not is_off_as_before:
        return pending(FailureCode.NOT_RUNNING, f"power state is {instance.power.value}")
    if flag_matters and instance.latest_model_applied is False:
        return pending(FailureCode.NOT_CURRENT, "has the image, but latestModelApplied is still false")
    if signal.proves_health and instance.health is not Health.HEALTHY and not is_off_as_before:
        return pending(
            FailureCode.NOT_HEALTHY,
            f"health is {instance.health.value} (signal: {signal.value})",
            blames_image=instance.health is Health.UNHEALTHY,
        )
    return None


def new_problems(instance: Instance, known: Mapping[str, tuple[Problem, ...]]) -> tuple[Problem, ...]:
    """Return the failures that the instance shows while Azure leaves it alone, besides those `known` by its id."""
    old = {problem.key for problem in known.get(instance.id, ())}
    return () if instance.is_changing else tuple(each for each in instance.problems if each.key not in old)


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
