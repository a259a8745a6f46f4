"""What in the rest of the scale set forbids the next batch to start."""

from __future__ import annotations

from collections.abc import Collection

from vmss_upgrade.rollout.health_gate import Pending
from vmss_upgrade.rollout.scale_set import Goal, Instance, ScaleSet, is_healthy, is_on


def must_stay_healthy(scale_set: ScaleSet, goal: Goal) -> frozenset[str]:
    """The instances whose health the rollout counts on.

    Those healthy at planning, and those that run the target already: a target that does not get healthy is a
    reason to stop, also when it was an earlier run that put it there.
    """
    signal = scale_set.model.health_signal

    def counted_on(instance: Instance) -> bool:
        on_target = goal.in_model and goal.is_reached_by(instance) and not instance.is_off
        return is_healthy(instance, signal) or on_target

    return frozenset(instance.id for instance in scale_set.instances if counted_on(instance))


def ill_on_another_s_target(scale_set: ScaleSet, goal: Goal) -> frozenset[str]:
    """The instances that run the target image already and are ill, where it is not this rollout's model that put it
    there: a rollout back to an older image finds some, and heals the others first.
    """
    if goal.in_model:
        return frozenset()
    signal = scale_set.model.health_signal
    there = [instance for instance in scale_set.instances if is_on(instance, goal.image)]
    return frozenset(instance.id for instance in there if not is_healthy(instance, signal))


def trouble_outside(
    scale_set: ScaleSet, batch_ids: Collection[str], counted_on: Collection[str]
) -> tuple[Pending, ...]:
    """Why no batch of `batch_ids` may start now: instances outside it that are ill or being updated by somebody."""
    signal = scale_set.model.health_signal
    troubles = []
    for instance in scale_set.instances:
        if instance.id in batch_ids:
            continue
        if instance.provisioning_state.lower() == "updating":
            troubles.append(Pending(instance.id, "UpdatedBySomebody", "is being updated by somebody"))
        elif instance.id in counted_on and not is_healthy(instance, signal):
            troubles.append(Pending(instance.id, "NotHealthyElsewhere", _condition(instance)))
    return tuple(troubles)


def _condition(instance: Instance) -> str:
    if not instance.is_up:
        return f"is {instance.provisioning_state}, power state {instance.power.value}"
    return f"health is {instance.health.value}"
