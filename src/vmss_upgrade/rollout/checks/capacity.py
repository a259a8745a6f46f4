"""Checks that enough of a scale set stays healthy while a plan is carried out, and what to do if it would not."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from vmss_upgrade.rollout.az_commands import az_vmss, look_closer
from vmss_upgrade.rollout.findings import Finding, refuse, warn
from vmss_upgrade.rollout.planning.availability import (
    expected_healthy,
    floor,
    no_other_runs,
    takes_none_away,
)
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.planning.planner import batch_limit_of
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Health, Instance, Power, ScaleSet, is_healthy
from vmss_upgrade.rollout.wording import in_natural_order, some

MOST_INSTANCES = 1000  # in one scale set


def whole_set(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """Refuse a batch that holds every running instance; warn of it if downtime is allowed."""
    batch = next((b for b in plan.batches if no_other_runs(scale_set, b.instance_ids)), None)
    if batch is None or plan.surge or not _takes_away(batch, scale_set, plan):
        return None
    off = scale_set.stopped_ids
    running = [id_ for id_ in batch.instance_ids if id_ not in off]
    size = len(running)
    if policy.allow_downtime:
        which = "the only running instance" if size == 1 else f"all {size} running instances"
        return warn(f"Batch {batch.number} holds {which}: nothing serves while it is upgraded.")
    allow = "If nothing has to serve meanwhile, set `allow-downtime: true`."
    least = floor(scale_set.instances, policy, off)
    if size == 1:
        more = "" if floor_above_running(scale_set, plan, policy) else _scale_out(scale_set, plan, policy, 1)
        return refuse(
            f"Instance {running[0]} is the only one that runs: nothing would serve while it is upgraded.",
            f"{allow} Else {more}" if more else allow,
        )
    return refuse(
        f"Batch {batch.number} holds all {size} running instances: nothing would serve while it is upgraded.",
        f"Set `batch-size` to a number below {size}, such as {max(1, min(size // 2, size - least))}. {allow}",
    )


def all_that_is_healthy(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """Refuse a plan with a batch that holds every instance that is healthy by then, some of them healthy now."""
    batch = _takes_all_healthy(scale_set, plan, policy)
    if batch is None or _is_unknown_alone(scale_set, plan, policy):
        return None
    return refuse(
        f"Batch {batch.number} ({some(batch.instance_ids)}) holds every instance that is healthy: nothing would serve "
        "while it is upgraded.",
        "Repair the other instances first, or set a smaller `batch-size`. If nothing has to serve meanwhile, set "
        "`allow-downtime: true`.",
    )


def _takes_all_healthy(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Batch | None:
    if policy.allow_downtime or whole_set(scale_set, plan, policy) is not None:
        return None
    healthy = scale_set.healthy_ids
    takes_all = (batch for batch, left in _expected(scale_set, plan) if not left)
    return next((batch for batch in takes_all if not healthy.isdisjoint(batch.instance_ids)), None)


def floor_above_running(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """Refuse a count as `min-healthy` that all running instances together could not reach: its `%` was forgotten."""
    least, running = floor(scale_set.instances, policy, scale_set.stopped_ids), _running(scale_set)
    is_needed = any(_takes_away(batch, scale_set, plan) for batch in plan.batches)
    if policy.min_healthy.is_percentage or least <= running or not is_needed:
        return None
    run = "the one instance that runs" if running == 1 else f"the {running} instances that run"
    meant = f"Did you mean `{least}%`?" if least <= 100 else "Write a percentage, such as `75%`."
    count = f" As a count it has to be below {running}, so that a batch may be away." if running > 1 else ""
    return refuse(f"`min-healthy: {least}` is more than {run}.", f"{meant}{count}")


def _running(scale_set: ScaleSet) -> int:
    """Count the instances made from the model that run and stay."""
    return sum(1 for instance in scale_set.staying if not instance.is_stopped)


def below_floor(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """Refuse a plan with a batch that would leave fewer healthy instances than `min-healthy`."""
    found = _breaks_floor(scale_set, plan, policy)
    checks = (whole_set, _takes_all_healthy, floor_above_running)
    is_worse = any(check(scale_set, plan, policy) is not None for check in checks)
    if found is None or is_worse or _is_unknown_alone(scale_set, plan, policy):
        return None
    batch, left = found
    least = floor(scale_set.instances, policy, scale_set.stopped_ids)
    unhealthy = awaited_health(scale_set, plan, policy)
    basis = f"{policy.min_healthy} of those that run, {least}" if policy.min_healthy.is_percentage else str(least)
    return refuse(
        f"While batch {batch.number} ({some(batch.instance_ids)}) is upgraded, {left} of "
        f"{len(scale_set.instances)} instances would be healthy, below `min-healthy` ({basis}).",
        _way_back(unhealthy) if unhealthy else _room_for_batch(scale_set, plan, policy, least),
    )


def _breaks_floor(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> tuple[Batch, int] | None:
    """Return the first batch that does, and how many stay healthy while it is away."""
    least = floor(scale_set.instances, policy, scale_set.stopped_ids)
    risky = ((batch, left) for batch, left in _expected(scale_set, plan) if _takes_away(batch, scale_set, plan))
    return next(((batch, left) for batch, left in risky if left < least), None)


def _expected(scale_set: ScaleSet, plan: RolloutPlan) -> Iterable[tuple[Batch, int]]:
    """Return each batch with the number of instances that stay healthy while it is away."""
    return zip(plan.batches, expected_healthy(scale_set, plan.batches, plan.surge), strict=True)


def _way_back(unhealthy: Collection[str]) -> str:
    """Return what to do if the unhealthy instances run the target: no other batch size would help."""
    return (
        f"Instances on the target image are not healthy: {some(unhealthy)}. Repair them, or go back with "
        "`operation: rollback`."
    )


def _room_for_batch(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy, least: int) -> str:
    """Return what makes room for a batch. Each way is one that the plan passes with."""
    healthy, running = len(scale_set.healthy_ids), _running(scale_set)
    if healthy > least:
        room = healthy - least
        return f"Set `batch-size: {room}`{' or less' if room > 1 else ''}, or a lower `min-healthy`."
    ways = []
    if least < running:
        are = "is" if healthy == 1 else "are"
        ways.append(f"Only {healthy} of {running} {are} healthy now: repair the others")
    ways.append("lower `min-healthy`")
    largest = max(len(batch.instance_ids) for batch in plan.batches)
    more = _scale_out(scale_set, plan, policy, largest) or _scale_out(scale_set, plan, policy, 1)
    remedy = ", or ".join([*ways, more] if more else ways)
    return remedy[0].upper() + remedy[1:] + ("" if more else ".")


def _scale_out(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy, size: int) -> str:
    """Return how to make the set so large that batches of `size` may be away; empty if no set is that large."""
    have, running, healthy = len(scale_set.instances), _running(scale_set), len(scale_set.healthy_ids)
    for new in range(1, MOST_INSTANCES - have + 1):
        if healthy + new - size >= max(1, policy.min_healthy.at_least(running + new)):
            limit = batch_limit_of(len(scale_set.made) + new, policy, plan.grouping)
            smaller = f"set `batch-size: {size}` and " if limit > size else ""
            return f"{smaller}scale out first: {az_vmss('scale', scale_set.model, '--new-capacity', str(have + new))}"
    return ""


def _is_unknown_alone(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> bool:
    """Return whether what is missing is knowledge: `not_shown` or `not_reported` says it then, and no floor does."""
    return bool(not_shown(scale_set, plan, policy) or not_reported(scale_set, plan, policy))


def not_shown(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """Refuse to plan without instance views, if too few instances are known to be healthy only for want of their views.

    An instance of which Azure does not show whether it runs is not known to be unhealthy: advice to repair it would not
    help.
    """
    ids = _missing_alone({i.id for i in scale_set.instances if not i.shows_view}, scale_set, plan, policy)
    if not ids:
        return None
    return refuse(
        f"Azure shows no instance view of {some(ids)}, so it is not known whether they run and are healthy: with "
        f"{len(scale_set.healthy_ids)} of {len(scale_set.instances)} known to be healthy, no batch may be away.",
        f"Run again later. To see what Azure shows of one of them: {look_closer(scale_set.model, ids[0])}",
    )


def not_reported(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """Refuse to plan without reports of health, if too few instances are known to be healthy only for want of reports.

    They are the instances that run and have the model's health signal but report nothing.
    """
    silent = {i.id for i in scale_set.instances if i.is_silent}
    ids = _missing_alone(silent, scale_set, plan, policy)
    if not ids:
        return None
    signal, healthy = scale_set.model.health_signal.value, len(scale_set.healthy_ids)
    return refuse(
        f"The model has a health signal ({signal}), but these instances report no health, although they should have "
        f"got it: {some(ids)}. With {healthy} of {len(scale_set.instances)} known to be healthy, no batch may be away.",
        "Find out why nothing is reported, or use `health: ignore` to go by provisioning and power alone. To see what "
        f"Azure shows of one of them: {look_closer(scale_set.model, ids[0])}",
    )


def _missing_alone(ids: Collection[str], scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> list[str]:
    """Return those of `ids` made from the model, if too few are healthy only for want of knowledge of these."""
    unknown = {i.id for i in scale_set.made if i.id in ids}
    is_the_reason = _is_too_few(scale_set, plan, policy) and not _is_too_few(_healed(scale_set, unknown), plan, policy)
    return sorted(unknown, key=in_natural_order) if is_the_reason else []


def awaited_health(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> tuple[str, ...]:
    """Return the unhealthy instances on the target, if only for want of their health the plan cannot be carried out.

    None if the model is still to be written: then no earlier run of this rollout brought them there.
    """
    unhealthy = set() if plan.update_model else set(unhealthy_ids_on_target(scale_set, plan))
    if not _is_too_few(scale_set, plan, policy) or _is_too_few(_healed(scale_set, unhealthy), plan, policy):
        return ()
    return tuple(sorted(unhealthy, key=in_natural_order))


def _healed(scale_set: ScaleSet, ids: Collection[str]) -> ScaleSet:
    """Return the scale set as it would be if these instances were healthy, and shown to be."""

    def healed(instance: Instance) -> Instance:
        power = instance.power if instance.shows_view else Power.RUNNING
        return replace(instance, health=Health.HEALTHY, power=power)

    return replace(scale_set, instances=tuple(healed(i) if i.id in ids else i for i in scale_set.instances))


def _is_too_few(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> bool:
    return any((_takes_all_healthy(scale_set, plan, policy), _breaks_floor(scale_set, plan, policy)))


def unhealthy_ids_on_target(scale_set: ScaleSet, plan: RolloutPlan) -> list[str]:
    """Return the instances that run, on the target, and are not healthy."""
    signal = scale_set.model.health_signal
    there = [i for i in scale_set.instances if plan.goal.is_reached_by(i) and not i.is_being_deleted]
    return [instance.id for instance in there if not instance.is_stopped and not is_healthy(instance, signal)]


def _takes_away(batch: Batch, scale_set: ScaleSet, plan: RolloutPlan) -> bool:
    """Return whether the batch takes healthy instances away: some batches of a rollback hold none."""
    return not plan.is_rollback or not takes_none_away(scale_set, batch.instance_ids)
