"""What a plan would do to the scale set that a user must know, or that is not allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vmss_upgrade.rollout.availability import (
    expected_healthy,
    floor,
    healthy_ids,
    nobody_else_runs,
    off_ids,
    takes_nobody_away,
)
from vmss_upgrade.rollout.commands import az_vmss
from vmss_upgrade.rollout.durations import duration
from vmss_upgrade.rollout.findings import Finding, Severity, note, refuse, warn
from vmss_upgrade.rollout.image import is_older
from vmss_upgrade.rollout.listing import listed
from vmss_upgrade.rollout.planner import PROTECTED, Batch, RolloutPlan
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Health, HealthSignal, Instance, ScaleSet, in_natural_order, is_healthy
from vmss_upgrade.rollout.selection import is_selected, names_nobody

MOST_INSTANCES = 1000  # in one scale set
MODELS_AT_ONCE = 10  # distinct models in a set at a time (MicrosoftDocs/azure-docs#103472)


def examine_plan(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> tuple[Finding, ...]:
    """Every finding about the plan, refusals first."""
    findings = (
        *_unknown_selection(scale_set, policy),
        _protected(scale_set, plan, policy),
        _whole_set(scale_set, plan, policy),
        _all_that_is_healthy(scale_set, plan, policy),
        _below_floor(scale_set, plan, policy),
        _bake_too_long(scale_set, plan, policy),
        _no_health_signal(scale_set, plan, policy),
        _older(plan),
        _many_models(scale_set, plan),
        _pending_changes(scale_set, plan),
        _changed_individually(scale_set, plan),
        _ephemeral(scale_set, plan),
        _ill_before(scale_set, plan),
        _ill_on_target(scale_set, plan),
        _stopped_included(scale_set, plan),
        _canary_too_large(plan, policy),
    )
    found = [finding for finding in findings if finding is not None]
    return tuple(sorted(found, key=lambda finding: finding.severity is not Severity.REFUSE))


def awaited_health(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> tuple[str, ...]:
    """The instances on the target that are not healthy, where for want of their health, and of nothing else, too few
    would be healthy to carry the plan out. None where the model is still to be written: then it was no earlier run of
    this rollout that brought them there.
    """
    ill = set() if plan.update_model else set(_ill_there(scale_set, plan))
    healed = ScaleSet(
        model=scale_set.model,
        instances=tuple(replace(i, health=Health.HEALTHY) if i.id in ill else i for i in scale_set.instances),
    )
    if not _too_few_healthy(scale_set, plan, policy) or _too_few_healthy(healed, plan, policy):
        return ()
    return tuple(sorted(ill, key=in_natural_order))


def _too_few_healthy(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> bool:
    return any((_all_that_is_healthy(scale_set, plan, policy), _below_floor(scale_set, plan, policy)))


# -- refusals ------------------------------------------------------------------------------------------------------


def _unknown_selection(scale_set: ScaleSet, policy: Policy) -> list[Finding]:
    return [
        refuse(
            f"`{name}` names {', '.join(missing)}, which the scale set does not have.",
            f"It has {_some(present)}." if present else f"It shows none, so leave `{name}` out.",
        )
        for name, missing, present in names_nobody(scale_set, policy.selection)
    ]


def _protected(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """Of those that were asked for; nobody would have touched the others anyway."""
    selected = {instance.id for instance in scale_set.instances if is_selected(instance, policy.selection)}
    ids = [s.instance_id for s in plan.skipped if s.reason == PROTECTED and s.instance_id in selected]
    if not policy.refuse_protected or not ids:
        return None
    return refuse(
        f"Protected from scale set actions, so an upgrade would pass them by: {_some(ids)}.",
        "Take the protection off, or use `protected-instances: skip`; this action never clears a protection.",
    )


def _whole_set(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    batch = next((b for b in plan.batches if nobody_else_runs(scale_set, b.instance_ids)), None)
    if batch is None or not _takes_away(batch, scale_set, plan):
        return None
    off = off_ids(scale_set.instances)
    running = [id_ for id_ in batch.instance_ids if id_ not in off]
    size = len(running)
    if policy.allow_downtime:
        return warn(f"Batch {batch.number} holds all {size} running instances: nothing serves while it is upgraded.")
    allow = "If nothing has to serve meanwhile, set `allow-downtime: true`."
    if size == 1:
        more = str(len(scale_set.instances) + 1)
        return refuse(
            f"Instance {running[0]} is the only one that runs: nothing would serve while it is upgraded.",
            f"{allow} Else scale out first: {az_vmss('scale', scale_set.model, '--new-capacity', more)}",
        )
    return refuse(
        f"Batch {batch.number} holds all {size} running instances: nothing would serve while it is upgraded.",
        f"Set `batch-size` to a number below {size}, such as {size // 2}. {allow}",
    )


def _all_that_is_healthy(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """The first batch that holds whoever is healthy by then, some of them healthy now."""
    healthy = healthy_ids(scale_set)
    expected = zip(plan.batches, expected_healthy(scale_set, plan.batches), strict=True)
    batch = next((batch for batch, left in expected if not left and not healthy.isdisjoint(batch.instance_ids)), None)
    if batch is None or policy.allow_downtime or _whole_set(scale_set, plan, policy) is not None:
        return None
    return refuse(
        f"Batch {batch.number} ({_some(batch.instance_ids)}) holds every instance that is healthy: nothing would serve "
        "while it is upgraded.",
        "Heal the other instances first, or set a smaller `batch-size`. If nothing has to serve meanwhile, set "
        "`allow-downtime: true`.",
    )


def _below_floor(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """The first batch that would leave fewer healthy instances than `min-healthy`."""
    least = floor(scale_set.instances, policy, off_ids(scale_set.instances))
    expected = zip(plan.batches, expected_healthy(scale_set, plan.batches), strict=True)
    risky = ((batch, left) for batch, left in expected if _takes_away(batch, scale_set, plan))
    found = next(((batch, left) for batch, left in risky if left < least), None)
    worse = (_whole_set(scale_set, plan, policy), _all_that_is_healthy(scale_set, plan, policy))
    if found is None or any(worse):
        return None
    batch, left = found
    basis = f"{policy.min_healthy} of those that run, {least}" if policy.min_healthy.is_percentage else str(least)
    return refuse(
        f"While batch {batch.number} ({_some(batch.instance_ids)}) is upgraded, {left} of "
        f"{len(scale_set.instances)} instances would be healthy, below `min-healthy` ({basis}).",
        _room_for_batch(scale_set, policy, least),
    )


def _room_for_batch(scale_set: ScaleSet, policy: Policy, least: int) -> str:
    healthy = len(healthy_ids(scale_set))
    if healthy > least:
        return f"Set `batch-size: {healthy - least}` or less, or a lower `min-healthy`."
    running = sum(1 for instance in scale_set.instances if not instance.is_off and not instance.is_leaving)
    ways = [f"Only {healthy} are healthy now: heal the others"] if healthy < running else []
    ways.append("lower `min-healthy`")
    have = len(scale_set.instances)
    more = next(
        (n for n in range(1, MOST_INSTANCES - have) if healthy + n > policy.min_healthy.at_least(running + n)), 0
    )
    if more:
        ways.append(f"scale out first: {az_vmss('scale', scale_set.model, '--new-capacity', str(have + more))}")
    told = ", or ".join(ways)
    return told[0].upper() + told[1:] + ("" if more else ".")


def _bake_too_long(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    bake = policy.bake_time_for(scale_set.model.health_signal)
    if not plan.batches or bake < policy.batch_timeout:
        return None
    return refuse(
        f"The bake time ({duration(bake)}) never ends within `batch-timeout` ({duration(policy.batch_timeout)}).",
        "Set a shorter `bake-time` or a longer `batch-timeout`.",
    )


# -- warnings and notes --------------------------------------------------------------------------------------------


def _no_health_signal(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    signal = scale_set.model.health_signal
    if signal.proves_health or not plan.batches:
        return None
    is_ignored = signal is HealthSignal.IGNORED
    return warn(
        f"Health is not looked at ({signal.value}): an instance counts as fine once it is provisioned and running for "
        f"{duration(policy.bake_time_for(signal))}, which does not prove that the application works.",
        "Leave `health` out to go by the scale set's own signal."
        if is_ignored
        else "Add the Application Health extension or a load balancer health probe to the model.",
    )


def _older(plan: RolloutPlan) -> Finding | None:
    """Going back is a use like any other, where it was asked for by the version's name."""
    if plan.is_rollback or plan.previous is None or not plan.batches or not is_older(plan.target, plan.previous):
        return None
    message = f"The target image {plan.target} is older than what the instances run ({plan.previous})."
    if plan.pinned is None:
        return note(message)
    return warn(message, "Where that is not meant, find out why a newer version does not count as the latest.")


def _many_models(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """How many models a set runs is not shown; each image that its instances run was a model of its own."""
    images = {str(i.image).lower() for i in scale_set.instances if i.image is not None}
    images.add(str(scale_set.model.image).lower())
    if not plan.update_model or len(images) < MODELS_AT_ONCE:
        return None
    return warn(
        f"The scale set may run {MODELS_AT_ONCE} distinct models already ({len(images)} different images are in use); "
        "Azure refuses an eleventh.",
        "If it does, bring the instances to the model as it stands first, with `operation: upgrade-instances`.",
    )


def _pending_changes(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """Changes of the model besides its image that wait for the next upgrade of an instance."""
    if plan.goal.whole_model:
        return None
    pending: dict[str, list[str]] = {}
    for instance in _moving(scale_set, plan):
        for change in _behind_in(instance, scale_set):
            pending.setdefault(change, []).append(instance.id)
    if not pending:
        return None
    told = "; ".join(f"{change} (instances {_some(ids)})" for change, ids in pending.items())
    return warn(f"An upgrade also brings in what else has changed in the model since: {told}.")


def _behind_in(instance: Instance, scale_set: ScaleSet) -> tuple[str, ...]:
    if instance.behind_in or instance.changed_individually:
        return instance.behind_in
    on_model_image = instance.image is not None and instance.image.same_as(scale_set.model.image)
    if instance.latest_model_applied is False and on_model_image:
        return ("settings that instances do not show, or only how the image is named",)
    return ()


def _changed_individually(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    ids = [instance.id for instance in _moving(scale_set, plan) if instance.changed_individually]
    if not ids:
        return None
    return warn(
        f"Changed individually (modelDefinitionApplied is VirtualMachine), so an upgrade takes their own changes back: "
        f"{_some(ids)}."
    )


def _ephemeral(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    if not scale_set.model.ephemeral_os_disk or not plan.batches:
        return None
    return warn(
        "The OS disks are ephemeral (diffDiskSettings.option is Local): what an instance has stored on its OS disk or "
        "its temporary disk is lost when it is upgraded."
    )


def _ill_before(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    signal = scale_set.model.health_signal
    ill = [i.id for i in _moving(scale_set, plan) if not is_healthy(i, signal) and not i.is_off]
    if not ill:
        return None
    if plan.is_rollback:
        return note(f"Not healthy now, so they return first: {_some(ill)}.")
    return note(f"Not healthy before the rollout, so first in their domain: {_some(ill)}.")


def _ill_on_target(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    ill = _ill_there(scale_set, plan)
    if not ill:
        return None
    left_alone = plan.update_model or plan.is_rollback
    then = "They are left as they are." if left_alone else "Nothing more is upgraded until they are."
    return warn(f"On the target image already, but not healthy: {_some(ill)}. {then}")


def _stopped_included(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    ids = [instance.id for instance in _moving(scale_set, plan) if instance.is_off]
    if not ids:
        return None
    return note(
        f"Stopped, and upgraded all the same: {_some(ids)}. They stay as they are, so their health is not looked at."
    )


def _canary_too_large(plan: RolloutPlan, policy: Policy) -> Finding | None:
    if plan.canary >= policy.canary or not plan.batches:
        return None
    return note(
        f"`canary` asks for {policy.canary}; {plan.canary} go first, because the first domain, or a batch, holds "
        "no more, or others run the target already."
    )


# -- small steps ---------------------------------------------------------------------------------------------------


def _takes_away(batch: Batch, scale_set: ScaleSet, plan: RolloutPlan) -> bool:
    """Whether the batch takes somebody away who serves: a rollback also has batches that can only heal."""
    return not plan.is_rollback or not takes_nobody_away(scale_set, batch.instance_ids)


def _ill_there(scale_set: ScaleSet, plan: RolloutPlan) -> list[str]:
    """Who runs, on the target, and is not healthy."""
    signal = scale_set.model.health_signal
    there = [i for i in scale_set.instances if plan.goal.is_reached_by(i) and not i.is_leaving]
    return [instance.id for instance in there if not instance.is_off and not is_healthy(instance, signal)]


def _moving(scale_set: ScaleSet, plan: RolloutPlan) -> list[Instance]:
    present = scale_set.by_id()
    return [present[id_] for id_ in sorted(plan.instance_ids, key=in_natural_order)]


def _some(ids: Iterable[str]) -> str:
    return listed(ids, limit=20)
