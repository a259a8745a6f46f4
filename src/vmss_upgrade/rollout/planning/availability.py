"""How many instances must stay healthy, and how many would while a batch is away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Instance, ScaleSet


def unhealthy_ids(scale_set: ScaleSet) -> frozenset[str]:
    """Return the instances that do not serve now, for whatever reason."""
    return frozenset(scale_set.by_id) - scale_set.healthy_ids


def stopped_ids(instances: Iterable[Instance]) -> frozenset[str]:
    """Return the instances that are stopped or deallocated."""
    return frozenset(instance.id for instance in instances if instance.is_stopped)


def floor(instances: Iterable[Instance], policy: Policy, stopped_before: Collection[str]) -> int:
    """Return the fewest instances that must stay healthy: `min-healthy`, a percentage of the instances that run.

    Instances that were stopped before the rollout (`stopped_before`) and still are do not count. Those stopped or
    evicted since do count, because a set that loses instances during a rollout must not lower its own floor. Those
    that are there for the time of the rollout only do not count. 0 if downtime is allowed.
    """
    if policy.allow_downtime:
        return 0
    counted = [
        i
        for i in instances
        if not (i.is_surplus or i.is_attached or i.is_being_deleted or (i.id in stopped_before and i.is_stopped))
    ]
    return policy.min_healthy.at_least(len(counted))


def healthy_without(scale_set: ScaleSet, batch_ids: Collection[str]) -> int:
    """Count the instances outside the batch that are healthy now."""
    return len(scale_set.healthy_ids - set(batch_ids))


def takes_none_away(scale_set: ScaleSet, batch_ids: Collection[str]) -> bool:
    """Return whether no instance in the batch serves now, so that upgrading it can only make things better."""
    return scale_set.healthy_ids.isdisjoint(batch_ids)


def expected_healthy(scale_set: ScaleSet, batches: Sequence[Batch], surge: int = 0) -> tuple[int, ...]:
    """Return, for each batch, how many instances stay healthy while it is away, if all before it came back healthy.

    `surge`: so many new instances are there beside those that last.
    """
    off = scale_set.stopped_ids  # an upgrade does not start them
    healthy = set(scale_set.healthy_ids) - {i.id for i in scale_set.instances if i.is_surplus}
    expected = []
    for batch in batches:
        ids = set(batch.instance_ids)
        expected.append(len(healthy - ids) + surge)
        healthy |= ids - off
    return tuple(expected)


def no_other_runs(scale_set: ScaleSet, batch_ids: Collection[str]) -> bool:
    """Return whether the batch holds every instance that is neither stopped nor being deleted."""
    running = {instance.id for instance in scale_set.staying} - scale_set.stopped_ids
    return bool(running) and running <= set(batch_ids)


def no_other_is_healthy(scale_set: ScaleSet, batch_ids: Collection[str]) -> bool:
    """Return whether the batch holds every instance that is healthy now (if any is)."""
    healthy = scale_set.healthy_ids
    return bool(healthy) and healthy <= set(batch_ids)


def updating_ids(instances: Iterable[Instance]) -> frozenset[str]:
    """Return the instances that are being updated."""
    return frozenset(instance.id for instance in instances if instance.is_updating)
