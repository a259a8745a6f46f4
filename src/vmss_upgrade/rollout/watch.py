"""What a rollout counts on in the scale set, and what of it forbids the next batch to start, or a good end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from vmss_upgrade.rollout.availability import (
    floor,
    healthy_without,
    ill_ids,
    nobody_else_is_healthy,
    nobody_else_runs,
    off_ids,
    takes_nobody_away,
)
from vmss_upgrade.rollout.health_gate import Pending
from vmss_upgrade.rollout.planner import Batch
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Goal, Instance, ScaleSet, is_healthy, is_on

NOT_HEALTHY_ELSEWHERE = "NotHealthyElsewhere"


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
    there = {instance.id for instance in scale_set.instances if is_on(instance, goal.image)}
    return ill_ids(scale_set) & there


def updating_ids(instances: Iterable[Instance]) -> frozenset[str]:
    """The instances that somebody is updating."""
    return frozenset(instance.id for instance in instances if instance.provisioning_state.lower() == "updating")


def trouble_outside(
    scale_set: ScaleSet, batch_ids: Collection[str], counted_on: Collection[str]
) -> tuple[Pending, ...]:
    """Why no batch of `batch_ids` may start now: instances outside it that are ill or being updated by somebody."""
    signal = scale_set.model.health_signal
    updating = updating_ids(scale_set.instances)
    troubles = []
    for instance in scale_set.instances:
        if instance.id in batch_ids or instance.is_attached:
            continue
        if instance.id in updating:
            troubles.append(Pending(instance.id, "UpdatedBySomebody", "is being updated by somebody"))
        elif instance.id in counted_on and not is_healthy(instance, signal):
            troubles.append(Pending(instance.id, NOT_HEALTHY_ELSEWHERE, _condition(instance)))
    return tuple(troubles)


def _condition(instance: Instance) -> str:
    if not instance.is_up:
        return f"is {instance.provisioning_state}, power state {instance.power.value}"
    return f"health is {instance.health.value}"


class Watch:
    """What one rollout has seen, and what it holds against the scale set as it is now.

    `passed` are the instances of batches that passed. An instance that was off before, or was ill on somebody else's
    target, is not counted on; one that was made since planning and runs the target is: how it fares says something
    about it.
    """

    def __init__(
        self,
        scale_set: ScaleSet,
        goal: Goal,
        policy: Policy,
        *,
        off_before: frozenset[str] | None = None,
        returning: Collection[str] | None = None,
    ) -> None:
        """`off_before`: who was off before it all began (None: who is off now). `returning`: whom a rollback returns;
        they run what is to be left, so they are not counted on before they have returned.
        """
        self.passed: set[str] = set()
        self._is_rollback = returning is not None
        self._policy = policy
        self._known = frozenset(scale_set.by_id())
        self._off_before = off_ids(scale_set.instances) if off_before is None else off_before
        self._current_before = frozenset(i.id for i in scale_set.instances if goal.is_reached_by(i))
        self._excused = ill_ids(scale_set) if self._is_rollback else ill_on_another_s_target(scale_set, goal)
        self._counted_on = set(must_stay_healthy(scale_set, goal)) - set(returning or ()) - self._excused
        self._lost_some = False

    def batch_passed(self, batch: Batch, scale_set: ScaleSet) -> None:
        """Count on the batch from now on; where it lost instances, on whoever is made in their place."""
        self._counted_on.update(set(batch.instance_ids) - self._off_before)
        self.passed.update(batch.instance_ids)
        self._lost_some = self._lost_some or not set(batch.instance_ids) <= scale_set.by_id().keys()

    def troubles(self, batch: Batch, scale_set: ScaleSet, goal: Goal) -> tuple[Pending, ...]:
        """Why the batch may not start now; empty where nothing forbids it."""
        if self._is_rollback and takes_nobody_away(scale_set, batch.instance_ids):
            return trouble_outside(scale_set, batch.instance_ids, ())
        if not self._policy.allow_downtime and nobody_else_runs(scale_set, batch.instance_ids):
            return (Pending("", "NobodyElseRuns", "no instance outside the batch is running any more"),)
        if not self._policy.allow_downtime and nobody_else_is_healthy(scale_set, batch.instance_ids):
            return (Pending("", "NobodyElseIsHealthy", "no instance outside the batch is healthy"),)
        outside = trouble_outside(scale_set, batch.instance_ids, self._counted_on | self._born(scale_set, goal))
        return self._below_floor(batch, scale_set) + outside + self._in_place_of_lost_ones(scale_set)

    def unsettled(self, scale_set: ScaleSet, goal: Goal) -> tuple[Pending, ...]:
        """Who is still being made, or runs the target without being healthy; of those that passed, who is not well."""
        on_target = [i.id for i in scale_set.instances if goal.is_reached_by(i) and self._must_be_well(i)]
        busy = [
            Pending(i.id, "StillUpdating", f"is {i.provisioning_state}")
            for i in scale_set.instances
            if i.is_busy and not i.is_leaving and not i.is_attached
        ]
        ill = trouble_outside(scale_set, (), on_target)
        return tuple({pending.instance_id: pending for pending in (*ill, *busy)}.values())

    def late(self, batches: Sequence[Batch], goal: Goal) -> tuple[Batch, ...]:
        """Of batches planned at the end, what is really left. Where the rest of the model counts too, somebody's change
        of it puts everybody behind anew: those that passed, or were current at planning, are not upgraded again for it.
        """
        if not goal.whole_model:
            return tuple(batches)
        settled = self.passed | self._current_before
        left = [(batch, tuple(id_ for id_ in batch.instance_ids if id_ not in settled)) for batch in batches]
        due = [(batch, ids) for batch, ids in left if ids]
        return tuple(Batch(number, batch.domain, ids) for number, (batch, ids) in enumerate(due, start=1))

    def _must_be_well(self, instance: Instance) -> bool:
        if instance.is_leaving:
            return False
        has_passed = instance.id in self.passed
        if instance.is_off:
            return has_passed and instance.id not in self._off_before
        return has_passed or instance.id not in self._excused

    def _born(self, scale_set: ScaleSet, goal: Goal) -> set[str]:
        new = [i for i in scale_set.instances if i.id not in self._known and not i.is_off]
        return {instance.id for instance in new if goal.is_reached_by(instance)}

    def _in_place_of_lost_ones(self, scale_set: ScaleSet) -> tuple[Pending, ...]:
        """Where a batch lost instances, those being made are waited for: they may be their replacements."""
        message = "is being created, perhaps in place of one that was upgraded"
        made = [i.id for i in scale_set.instances if i.provisioning_state.lower() == "creating"]
        return tuple(Pending(id_, "BeingCreated", message) for id_ in made if self._lost_some)

    def _below_floor(self, batch: Batch, scale_set: ScaleSet) -> tuple[Pending, ...]:
        """`min-healthy`, held against what is healthy now."""
        least = floor(scale_set.instances, self._policy, self._off_before)
        left = healthy_without(scale_set, batch.instance_ids)
        if left >= least:
            return ()
        message = f"healthy outside the batch: only {left}, and `min-healthy` needs {least}"
        return (Pending("", "BelowMinHealthy", message),)
