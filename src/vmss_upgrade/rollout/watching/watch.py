"""The watch over the whole scale set: what a rollout counts on, and what keeps the next batch or a good end back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vmss_upgrade.rollout.failures import Failure, FailureCode
from vmss_upgrade.rollout.goal import Goal, is_on
from vmss_upgrade.rollout.planning.availability import (
    floor,
    healthy_without,
    no_other_is_healthy,
    no_other_runs,
    takes_none_away,
    unhealthy_ids,
)
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.planning.selection import is_selected
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Instance, Power, ScaleSet, is_healthy
from vmss_upgrade.rollout.watching.health_gate import OLD_FAILURE_FADES
from vmss_upgrade.rollout.watching.troubles import (
    must_stay_healthy,
    not_healthy,
    unhealthy_on_foreign_target,
    updated_by_somebody,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """The instances (`ids`) that a rollback returns: their health counts only once they have returned.

    `stopped_before` were stopped before the rollout began (None: those that are now). Nothing is expected at the end of
    `bystanders`, which do not move, unless their health counts.
    """

    ids: frozenset[str]
    stopped_before: frozenset[str] | None = None
    bystanders: frozenset[str] = frozenset()


class Watch:
    """What one rollout has seen, and what it holds against the scale set as it is now.

    `passed` are the instances of batches that passed. An instance that was bad on the target before this run is no
    evidence against it, until it is seen healthy. Not counted on are instances that were stopped before, and those
    that were unhealthy on a target that is not this rollout's, until they are seen healthy. An instance created since
    planning may take `health-timeout` to start; after that, or once it has been healthy, its health says something
    about the target.
    """

    def __init__(self, scale_set: ScaleSet, goal: Goal, policy: Policy, rollback: Returning | None = None) -> None:
        returning = rollback or Returning(ids=frozenset())
        stopped_before = returning.stopped_before
        self.passed: set[str] = set()
        self._is_rollback = rollback is not None
        self._returning = returning.ids
        self._bystanders = returning.bystanders
        self._policy = policy
        self._known = frozenset(scale_set.by_id)
        self._stopped_before = scale_set.stopped_ids if stopped_before is None else stopped_before
        self._current_before = frozenset(i.id for i in scale_set.instances if goal.is_reached_by(i))
        self._excused = unhealthy_ids(scale_set) if self._is_rollback else unhealthy_on_foreign_target(scale_set, goal)
        self._counted_on = set(must_stay_healthy(scale_set, goal)) - self._returning - self._excused
        bad = () if self._is_rollback else not_healthy(scale_set, self._known, goal)
        self._bad_before = {failure.instance_id for failure in bad if failure.blames_image}
        self._created_at: dict[str, float] = {}
        self._failed_since: dict[str, float] = {}
        self._stopped_seen = set(self._stopped_before)
        self._least_healthy = 0
        self._lost = 0
        self._replacements: set[str] = set()  # as many of those made since as batches have lost

    def keep_healthy(self, least: int) -> None:
        """Let no batch start that would leave fewer than so many healthy, whatever `min-healthy` says."""
        self._least_healthy = least

    def observe(self, scale_set: ScaleSet, now: float) -> None:
        """Take a look into account: which instances were created since, became healthy, or stay Failed."""
        for instance in scale_set.instances:
            if instance.id not in self._known:
                self._created_at.setdefault(instance.id, now)
        failed = [instance.id for instance in scale_set.instances if instance.has_failed and instance.seen]
        self._failed_since = {id_: self._failed_since.get(id_, now) for id_ in failed}
        not_yet = self._returning - self.passed
        signal = scale_set.model.health_signal
        seen = [instance for instance in scale_set.made if instance.seen]
        healthy = {instance.id for instance in seen if is_healthy(instance, signal)}
        self._counted_on |= healthy - not_yet
        self._bad_before -= healthy
        starting = [id_ for id_ in self.still_starting(scale_set) if id_ not in self._replacements]
        self._replacements.update(starting[: self._lost - len(self._replacements)])

    def newly_stopped(self, scale_set: ScaleSet) -> tuple[str, ...]:
        """Return the instances that were stopped or evicted since this was asked last."""
        off = scale_set.stopped_ids
        new = tuple(instance.id for instance in scale_set.instances if instance.id in off - self._stopped_seen)
        self._stopped_seen = set(off)
        return new

    def batch_passed(self, batch: Batch, scale_set: ScaleSet) -> None:
        """Count on the batch from now on; if it lost instances, on those created in their place."""
        self._counted_on.update(set(batch.instance_ids) - self._stopped_before)
        self.passed.update(batch.instance_ids)
        self._stopped_seen |= scale_set.stopped_ids & set(batch.instance_ids)  # the batch has said so
        self._lost += len(set(batch.instance_ids) - scale_set.by_id.keys())

    def count_on(self, batch: Batch, scale_set: ScaleSet, goal: Goal) -> None:
        """Count on those of a failed batch that reached the goal: no other starts until they are healthy."""
        there = {i.id for i in scale_set.instances if i.id in batch.instance_ids and goal.is_reached_by(i)}
        self._counted_on |= there - self._stopped_before

    def troubles(self, batch: Batch, scale_set: ScaleSet, goal: Goal, now: float) -> tuple[Failure, ...]:
        """Return why the batch may not start now; empty if nothing forbids it."""
        if self._is_rollback and takes_none_away(scale_set, batch.instance_ids):
            return ()
        outside = self._counted_on | self._due_to_be_healthy(scale_set, goal, now) | self._replacements
        outside -= set(batch.instance_ids)
        unhealthy = self._dated(not_healthy(scale_set, outside, goal))
        if not self._policy.allow_downtime and no_other_runs(scale_set, batch.instance_ids):
            message = "no instance outside the batch is running any more"
            return (Failure("", FailureCode.NONE_ELSE_RUNS, message), *unhealthy)
        if not self._policy.allow_downtime and no_other_is_healthy(scale_set, batch.instance_ids):
            message = "no instance outside the batch is healthy"
            return (Failure("", FailureCode.NONE_ELSE_IS_HEALTHY, message), *unhealthy)
        changing = () if self._is_rollback else updated_by_somebody(scale_set, batch.instance_ids)
        return self._below_floor(batch, scale_set) + changing + unhealthy

    def is_hopeless(self, troubles: Sequence[Failure], now: float) -> bool:
        """Return whether one of these instances has stayed Failed: waiting does not help it."""
        since = (self._failed_since.get(each.instance_id, now) for each in troubles)
        return any(now - at >= OLD_FAILURE_FADES for at in since)

    def earlier(self, scale_set: ScaleSet) -> tuple[str, ...]:
        """Return the instances that an earlier run brought to the goal, and that run."""
        return tuple(i.id for i in scale_set.instances if i.id in self._current_before and not i.is_stopped)

    def unsettled(self, scale_set: ScaleSet, goal: Goal, now: float) -> tuple[Failure, ...]:
        """Return the instances, selected or counted on, that are unhealthy on the target or still being changed.

        An instance created since planning is waited for only if another image than the target may come of it.
        """
        there = [i for i in scale_set.instances if goal.is_reached_by(i) or (i.has_failed and is_on(i, goal.image))]
        on_target = [i.id for i in there if self._must_be_healthy(i, now)]
        changing = [
            Failure(i.id, FailureCode.STILL_UPDATING, f"is {i.provisioning}")
            for i in scale_set.instances
            if i.is_changing and not i.is_being_deleted and self._is_awaited(i, goal)
        ]
        unhealthy = (*self._dated(not_healthy(scale_set, on_target, goal)), *self._halted_since(scale_set))
        return tuple({pending.instance_id: pending for pending in (*unhealthy, *changing)}.values())

    def _dated(self, failures: Iterable[Failure]) -> tuple[Failure, ...]:
        """Return the failures, those of instances that were bad on the target before this run marked as older."""

        def is_older(failure: Failure) -> bool:
            return failure.blames_image and failure.instance_id in self._bad_before - self.passed

        return tuple(replace(f, blames_image=False, is_older=True) if is_older(f) else f for f in failures)

    def _halted_since(self, scale_set: ScaleSet) -> tuple[Failure, ...]:
        """Return what is stopped, not deallocated, after its batch passed: its system may have halted by itself."""
        passed = self.passed - self._stopped_before
        stopped = [i.id for i in scale_set.instances if i.id in passed and i.power is Power.STOPPED]
        return tuple(Failure(id_, FailureCode.NOT_RUNNING, "power state is stopped") for id_ in stopped)

    def still_starting(self, scale_set: ScaleSet) -> tuple[str, ...]:
        """Return the instances that were created since planning and do not serve yet."""
        signal = scale_set.model.health_signal
        return tuple(i.id for i in scale_set.instances if i.id in self._created_at and not is_healthy(i, signal))

    def late(self, batches: Sequence[Batch], goal: Goal) -> tuple[Batch, ...]:
        """Return what is really left of batches planned at the end.

        If the rest of the model counts too, a change of it puts all instances behind anew: those that passed, or were
        current at planning, are not upgraded again for it.
        """
        if not goal.whole_model:
            return tuple(batches)
        settled = self.passed | self._current_before
        left = [(batch, tuple(id_ for id_ in batch.instance_ids if id_ not in settled)) for batch in batches]
        due = [(batch, ids) for batch, ids in left if ids]
        return tuple(Batch(number, batch.domain, ids) for number, (batch, ids) in enumerate(due, start=1))

    def _must_be_healthy(self, instance: Instance, now: float) -> bool:
        if instance.is_being_deleted:
            return False
        if instance.id in self.passed:
            return instance.id not in self._stopped_before
        if instance.is_attached or (instance.id in self._created_at and not self._should_be_healthy(instance, now)):
            return False
        is_expected = instance.id not in self._bystanders and is_selected(instance, self._policy.selection)
        return instance.id in self._counted_on or is_expected

    def _is_awaited(self, instance: Instance, goal: Goal) -> bool:
        if instance.is_attached or not is_selected(instance, self._policy.selection):
            return False
        if instance.id not in self._created_at:
            return instance.id not in self._bystanders
        return instance.image is not None and not instance.image.same_as(goal.image)

    def _due_to_be_healthy(self, scale_set: ScaleSet, goal: Goal, now: float) -> set[str]:
        """Return the instances created since planning, on the target, that should be healthy by now."""
        created = [i for i in scale_set.made if i.id in self._created_at and not i.is_stopped]
        return {i.id for i in created if self._should_be_healthy(i, now) and (i.has_failed or goal.is_reached_by(i))}

    def _should_be_healthy(self, instance: Instance, now: float) -> bool:
        waited = now - self._created_at[instance.id]
        return instance.has_failed or instance.id in self._counted_on or waited >= self._policy.health_timeout

    def _below_floor(self, batch: Batch, scale_set: ScaleSet) -> tuple[Failure, ...]:
        """Hold `min-healthy` against what is healthy now."""
        asked = floor(scale_set.instances, self._policy, self._stopped_before)
        least = max(asked, self._least_healthy)
        left = healthy_without(scale_set, batch.instance_ids)
        if left >= least:
            return ()
        who = "`min-healthy` needs" if least == asked else "`surge` keeps"
        message = f"healthy outside the batch: only {left}, and {who} {least}"
        return (Failure("", FailureCode.BELOW_MIN_HEALTHY, message),)
