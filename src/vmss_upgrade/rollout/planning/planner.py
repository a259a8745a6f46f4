"""The planner: which instances move to the goal, in what order, in which batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from vmss_upgrade.rollout.goal import Goal, is_on
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.planning.grouping import check_places, drawn_evenly, finest_shown, grouping_of, place_of
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan, Skipped, SkipReason
from vmss_upgrade.rollout.planning.selection import is_named, is_selected
from vmss_upgrade.rollout.policy import DEFAULT_BATCH_SIZE, Policy, Strategy
from vmss_upgrade.rollout.scale_set import DomainKind, Instance, Origin, Power, ScaleSet, is_healthy
from vmss_upgrade.rollout.wording import in_natural_order


def plan_rollout(scale_set: ScaleSet, goal: Goal, policy: Policy) -> RolloutPlan:
    """Decide which instances move to `goal`, in what order, in which batches.

    A batch holds 1 to `batch_size` instances of one domain; the domains are those of `strategy`, in ascending order
    of (zone, placement group, number). Inside a domain unhealthy instances come first and stopped ones last, else they
    go by id; batches of the set as a whole are drawn evenly from its domains. Canaries are a batch of their own, the
    first of the first domain, unless as many there have reached the goal before.
    Every instance appears exactly once: in a batch, in `skipped` with a reason, or in `untouched`.
    Pure: planning again after a partial rollout yields what is left of it.

    Raises PlanRefused where the strategy finds no domains, or an instance that must move shows none.
    """
    reasons = {instance.id: reason_to_skip(instance, goal, policy) for instance in scale_set.instances}
    due = [instance for instance in scale_set.instances if reasons[instance.id] is None]
    selected = [instance for instance in due if is_selected(instance, policy.selection)]
    grouping = grouping_of(scale_set, policy.strategy)
    check_places(selected, grouping)
    order = _order(scale_set, grouping)
    canary = _canaries_left(scale_set, selected, grouping, goal, policy)
    batches = _batches(sorted(selected, key=order), grouping, _limit(scale_set, policy, grouping), canary, policy)
    taken = {instance.id for instance in selected}
    return RolloutPlan(
        goal=goal,
        leaves=_image_left(scale_set, goal.image, due),
        grouping=grouping,
        batches=batches,
        skipped=tuple(Skipped(id_, reason) for id_, reason in reasons.items() if reason is not None),
        untouched=tuple(instance.id for instance in due if instance.id not in taken),
        canary=canary,
        stop_after=batches_before_stop(batches, scale_set, policy),
        surge=surge_of(scale_set, policy) if batches else 0,
    )


def plan_model_update(scale_set: ScaleSet, goal: Goal) -> RolloutPlan:
    """Plan a run that only writes the model: every instance that will be behind it is left untouched."""
    skipped = []
    behind = []
    for instance in scale_set.instances:
        if instance.is_being_deleted:
            skipped.append(Skipped(instance.id, SkipReason.BEING_DELETED))
        elif goal.is_reached_by(instance):
            skipped.append(Skipped(instance.id, SkipReason.ON_TARGET))
        elif instance.is_attached:
            skipped.append(Skipped(instance.id, SkipReason[instance.origin.name]))
        else:
            behind.append(instance)
    return RolloutPlan(
        goal=goal,
        leaves=_image_left(scale_set, goal.image, behind),
        grouping=finest_shown(scale_set.instances),
        batches=(),
        skipped=tuple(skipped),
        untouched=tuple(instance.id for instance in behind),
    )


def still_due(batch: Batch, scale_set: ScaleSet, goal: Goal, policy: Policy) -> Batch:
    """Return the batch without the instances that have vanished, or have a reason to be skipped, since planning.

    It never grows. `goal` is that of the plan: if this run puts a VHD into the model, the flag that stands for it may
    still be about the model before, so no instance is dropped as current.
    """
    present = scale_set.by_id

    def is_due(instance_id: str) -> bool:
        instance = present.get(instance_id)
        return instance is not None and reason_to_skip(instance, goal, policy) is None

    return Batch(batch.number, batch.domain, tuple(filter(is_due, batch.instance_ids)))


def batches_of_a_full_rollout(scale_set: ScaleSet, policy: Policy) -> int:
    """Count the batches of a rollout of the whole selection, as if no instance had reached the goal yet."""
    grouping = grouping_of(scale_set, policy.strategy)
    selected = [
        instance
        for instance in scale_set.instances
        if is_selected(instance, policy.selection)
        and instance.domain(grouping) is not None
        and not instance.is_being_deleted
        and _reason_to_stay(instance, policy) is None
    ]
    limit = _limit(scale_set, policy, grouping)
    ordered = sorted(selected, key=_order(scale_set, grouping))
    first = [i for i in ordered if i.domain(grouping) == ordered[0].domain(grouping) and not i.is_stopped]
    canary = min(policy.canaries_for(scale_set.model.health_signal), len(first), limit)
    return len(_batches(ordered, grouping, limit, canary, policy))


def reason_to_skip(instance: Instance, goal: Goal, policy: Policy) -> SkipReason | None:
    """Return why the rollout leaves this instance alone; None when it is due."""
    if instance.is_being_deleted:
        return SkipReason.BEING_DELETED
    if instance.is_being_created:
        return SkipReason.BEING_CREATED
    if goal.is_reached_by(instance):
        return SkipReason.CURRENT if goal.whole_model else SkipReason.ON_TARGET
    if instance.is_surplus:
        return SkipReason.SURPLUS
    return _reason_to_stay(instance, policy)


def _reason_to_stay(instance: Instance, policy: Policy) -> SkipReason | None:
    """Return why the policy leaves an instance alone, whatever image it runs."""
    if instance.is_attached and not (instance.origin is Origin.OTHER_IMAGE and is_named(instance, policy.selection)):
        return SkipReason[instance.origin.name]
    if instance.protected:
        return SkipReason.PROTECTED
    if instance.is_stopped and not policy.include_stopped:
        return why_stopped(instance)
    return None


def why_stopped(instance: Instance) -> SkipReason:
    """Return the reason to leave a stopped instance alone."""
    return SkipReason.DEALLOCATED if instance.power is Power.DEALLOCATED else SkipReason.STOPPED


def batch_limit(scale_set: ScaleSet, policy: Policy, grouping: DomainKind) -> int:
    """Return the most instances of a batch: as asked, else a fifth of the set, at least one.

    `strategy: update-domain` without a batch size takes whole update domains; under `auto` the fifth is rounded up.
    Attached machines do not make the set larger.
    """
    return batch_limit_of(len(scale_set.lasting), policy, grouping)


def surge_of(scale_set: ScaleSet, policy: Policy) -> int:
    """Return how many new instances `surge` asks for; 0 without it."""
    return policy.surge.at_most(len(scale_set.lasting)) if policy.surge else 0


def _limit(scale_set: ScaleSet, policy: Policy, grouping: DomainKind) -> int:
    limit = batch_limit(scale_set, policy, grouping)
    return min(limit, surge_of(scale_set, policy) or limit)  # no more than stand in for them


def batch_limit_of(instances: int, policy: Policy, grouping: DomainKind) -> int:
    """Return the most instances of a batch in a set of so many."""
    if policy.batch_size is not None:
        return policy.batch_size.at_most(instances)
    if grouping is not DomainKind.UPDATE:
        return DEFAULT_BATCH_SIZE.at_most(instances)
    is_capped = policy.strategy is Strategy.AUTO
    return max(1, DEFAULT_BATCH_SIZE.at_least(instances) if is_capped else instances)


def batch_sizes(instances: int, limit: int, policy: Policy) -> list[int]:
    """Split a domain of so many instances into batches of at most `limit`: evenly, where no batch size was given."""
    if policy.batch_size is not None:
        return [min(limit, instances - start) for start in range(0, instances, limit)]
    parts = -(-instances // limit)
    return [instances // parts + (part < instances % parts) for part in range(parts)]


def _order(scale_set: ScaleSet, grouping: DomainKind) -> Callable[[Instance], Any]:
    """Return the sort key of the rollout."""
    signal = scale_set.model.health_signal
    position = drawn_evenly(scale_set)

    def key(instance: Instance) -> Any:
        domain = place_of(instance, grouping)
        # a stopped instance proves nothing about the image, so it comes last
        standing = (instance.is_stopped, is_healthy(instance, signal))
        return (domain.order, standing, drawn(instance), in_natural_order(instance.id))

    def drawn(instance: Instance) -> Any:
        if grouping is not DomainKind.SET:
            return ()
        return (position[instance.id], instance.zone, instance.placement_group, instance.update_domain or 0)

    return key


def _canaries_left(
    scale_set: ScaleSet, selected: Sequence[Instance], grouping: DomainKind, goal: Goal, policy: Policy
) -> int:
    """Return how many canaries still have to go.

    They are those asked for, as far as the first domain has running instances and a batch has room, without those of
    the domain that have reached the goal already.
    """
    wanted = policy.canaries_for(scale_set.model.health_signal)
    if not wanted or not selected:
        return 0
    reached = [
        instance
        for instance in scale_set.instances
        if goal.is_reached_by(instance) and not instance.is_being_deleted and is_selected(instance, policy.selection)
    ]
    placed = [instance for instance in reached if instance.domain(grouping) is not None]
    places = {place_of(instance, grouping) for instance in [*selected, *placed]}
    first = min(places, key=lambda domain: domain.order)

    def running(instances: Sequence[Instance]) -> int:
        return sum(1 for one in instances if one.domain(grouping) == first and not one.is_stopped)

    asked = min(wanted, running([*selected, *placed]), _limit(scale_set, policy, grouping))
    return max(0, asked - running(placed))


def _batches(
    ordered: Sequence[Instance], grouping: DomainKind, limit: int, canary: int, policy: Policy
) -> tuple[Batch, ...]:
    batches: list[Batch] = []
    for domain, members in groupby(ordered, key=lambda instance: place_of(instance, grouping)):
        ids = [instance.id for instance in members]
        if not batches and canary:
            batches.append(Batch(1, domain, tuple(ids[:canary])))
            ids = ids[canary:]
        for size in batch_sizes(len(ids), limit, policy):
            batches.append(Batch(len(batches) + 1, domain, tuple(ids[:size])))
            ids = ids[size:]
    return tuple(batches)


def batches_before_stop(batches: Sequence[Batch], scale_set: ScaleSet, policy: Policy) -> int | None:
    """Return after how many batches this run ends: a count, or those that complete the share; None: after all."""
    share = policy.stop_after
    if share is None:
        return None
    carried_out = share.number
    if share.is_percentage:
        wanted, moved, carried_out = share.at_least(len(scale_set.instances)), 0, 0
        for batch in batches:
            if moved >= wanted:
                break
            moved += len(batch.instance_ids)
            carried_out += 1
    return carried_out if carried_out < len(batches) else None


def _image_left(scale_set: ScaleSet, target: Image, due: Sequence[Instance]) -> Image | None:
    """Return the image of most of the due instances: on a re-run the model already holds the target."""
    behind = [i for i in due if not is_on(i, target)] or [i for i in scale_set.made if not is_on(i, target)]
    images = Counter(instance.image for instance in behind if instance.image is not None)
    if images:
        return images.most_common()[0][0]
    model_image = scale_set.model.image
    return None if model_image.same_as(target) else model_image
