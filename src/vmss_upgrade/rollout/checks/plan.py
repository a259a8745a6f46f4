"""Checks of a plan: what it would do to the scale set that a user must know, or that is not allowed."""

from __future__ import annotations

from collections.abc import Collection

from vmss_upgrade.rollout.checks.capacity import (
    all_that_is_healthy,
    below_floor,
    floor_above_running,
    not_reported,
    not_shown,
    whole_set,
)
from vmss_upgrade.rollout.checks.instances import (
    being_updated,
    changed_individually,
    ephemeral_disks,
    failed_before,
    no_signal_yet,
    silent_before,
    stopped_included,
    unhealthy_before,
    unhealthy_on_target,
)
from vmss_upgrade.rollout.findings import Finding, Severity, note, refuse, warn
from vmss_upgrade.rollout.gates import GO_ON_LATER, is_too_late, too_late
from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.image import is_older
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.plan import RolloutPlan, SkipReason
from vmss_upgrade.rollout.planning.planner import batches_of_a_full_rollout
from vmss_upgrade.rollout.planning.selection import is_named, is_selected, unknown_names
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Instance, Origin, ScaleSet
from vmss_upgrade.rollout.wording import duration, instances_named, some

SURELY_MEANT = 10  # batches; a greater number that is never reached is taken for a percentage
MODELS_AT_ONCE = 10  # distinct models in a set at a time (MicrosoftDocs/azure-docs#103472)


def examine_plan(
    scale_set: ScaleSet, plan: RolloutPlan, policy: Policy, *, hanging: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Return every finding about the plan, refusals first. `hanging`: updated at every look before planning."""
    findings = (
        *_unknown_selection(scale_set, policy),
        *_attached(scale_set, plan, policy),
        being_updated(scale_set, plan, hanging),
        not_shown(scale_set, plan, policy),
        not_reported(scale_set, plan, policy),
        _protected(scale_set, plan, policy),
        whole_set(scale_set, plan, policy),
        all_that_is_healthy(scale_set, plan, policy),
        floor_above_running(scale_set, plan, policy),
        below_floor(scale_set, plan, policy),
        _never_stops(scale_set, plan, policy),
        _bake_too_long(scale_set, plan, policy),
        _no_health_signal(scale_set, plan, policy),
        _older(plan),
        _pins_floating_model(scale_set, plan),
        _many_models(scale_set, plan),
        _pending_changes(scale_set, plan),
        changed_individually(scale_set, plan),
        ephemeral_disks(scale_set, plan),
        unhealthy_before(scale_set, plan),
        silent_before(scale_set, plan),
        failed_before(scale_set),
        no_signal_yet(scale_set),
        unhealthy_on_target(scale_set, plan),
        stopped_included(scale_set, plan),
        _canary_too_large(plan, policy),
    )
    found = [finding for finding in findings if finding is not None]
    return tuple(sorted(found, key=lambda finding: finding.severity is not Severity.REFUSE))


def _unknown_selection(scale_set: ScaleSet, policy: Policy) -> list[Finding]:
    return [
        refuse(
            f"`{name}` names {', '.join(missing)}, which the scale set does not have.",
            f"It has {some(present)}." if present else f"It shows none, so leave `{name}` out.",
        )
        for name, missing, present in unknown_names(scale_set, policy.selection)
    ]


def _attached(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> list[Finding]:
    """Refuse or warn of machines that were not made from the model, if `instance-ids` names them all the same."""
    named = [i for i in scale_set.instances if i.is_attached and is_named(i, policy.selection)]
    moving = [i.id for i in named if i.id in plan.instance_ids]
    findings = [
        refuse(
            f"`instance-ids` names {i.id}, which is attached to the scale set and cannot be brought to its model: "
            f"{i.origin.value}.",
            f"Leave {i.id} out of `instance-ids`.",
        )
        for i in named
        if i.origin is not Origin.OTHER_IMAGE
    ]
    if moving:
        what = "Attached to the scale set, never made from its model, and upgraded because `instance-ids` names them"
        message = f"{what}: {some(moving)}. Each loses what is on its OS disk."
        findings.append(warn(message, "Leave out whichever is not meant."))
    return findings


def _protected(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """Refuse protected instances among those that were asked for; the others would not be touched anyway."""
    selected = {instance.id for instance in scale_set.instances if is_selected(instance, policy.selection)}
    ids = [s.instance_id for s in plan.skipped if s.reason is SkipReason.PROTECTED and s.instance_id in selected]
    if not policy.refuse_protected or not ids:
        return None
    return refuse(
        f"Protected from scale set actions, so an upgrade would pass them by: {some(ids)}.",
        "Take the protection off, or use `protected-instances: skip`; this action never clears a protection.",
    )


def _bake_too_long(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    bake = policy.bake_time_for(scale_set.model.health_signal)
    if not plan.batches or bake < policy.batch_timeout:
        return None
    limit = "batch-timeout" if policy.batch_timeout < policy.timeout else "timeout"
    return refuse(
        f"The bake time ({duration(bake)}) never ends within `{limit}` ({duration(policy.batch_timeout)}).",
        f"Set a shorter `bake-time` or a longer `{limit}`.",
    )


def no_batch_in_time(plan: RolloutPlan, policy: Policy, takes: float, now: float) -> Finding | None:
    """Refuse a rollout whose first batch, which `takes` so long, would most likely end after `not-after`.

    Otherwise the model would get the image, although no instance does.
    """
    end = policy.not_after
    if end is None or not plan.batches or not is_too_late(end, takes, now):
        return None
    return refuse(f"No batch would end in time: {too_late(end, takes, now)}", GO_ON_LATER)


def _never_stops(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """Refuse a `stop-after` that a full rollout of the selection would not reach: its `%` was forgotten.

    Never measured by what remains, so that a run that resumes a rollout is judged as the first one was.
    """
    share = policy.stop_after
    if share is None or share.is_percentage or not plan.batches:
        return None
    full = max(batches_of_a_full_rollout(scale_set, policy), len(plan.batches))
    if share.number <= full:
        return None
    has = "one batch" if full == 1 else f"{full} batches"
    message = f"`stop-after: {share}` never stops: a rollout of the whole selection has {has}."
    meant = f"Did you mean `{share}%`? " if share.number < 100 else ""
    if share.number < SURELY_MEANT:
        return warn(message, "Write a smaller number, or a percentage such as `25%`.")
    return refuse(message, f"{meant}To go on to the end, leave `stop-after` out.")


def _no_health_signal(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    signal = scale_set.model.health_signal
    if signal.proves_health or not plan.batches:
        return None
    is_ignored = signal is HealthSignal.IGNORED
    return warn(
        f"Health is not looked at ({signal.value}): an instance counts as healthy once it is provisioned and running "
        f"for {duration(policy.bake_time_for(signal))}, which does not prove that the application works.",
        "Leave `health` out to go by the scale set's own signal."
        if is_ignored
        else "Add the Application Health extension or a load balancer health probe to the model.",
    )


def _older(plan: RolloutPlan) -> Finding | None:
    """Tell that the target is older: a note if it was asked for by its version's name, else a warning."""
    if plan.is_rollback or plan.leaves is None or not plan.batches or not is_older(plan.reaches, plan.leaves):
        return None
    message = f"The target image {plan.reaches} is older than what the instances run ({plan.leaves})."
    if plan.pinned is None:
        return note(message)
    return warn(message, "Where that is not meant, find out why a newer version does not count as the latest.")


def _pins_floating_model(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """Note that a model whose words meant a newer image by themselves is pinned to one version."""
    floating = scale_set.model.image
    if not plan.update_model or not floating.is_floating or plan.reaches.is_floating:
        return None
    return note(
        f"The model names no exact version now ({floating}), and names {plan.reaches} from this rollout on: instances "
        "that are created later, by autoscale too, get this version until the next rollout, however old it is by then."
    )


def _many_models(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """Warn near Azure's limit of models in one set: each image that its instances run was a model of its own."""
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
    """Warn of changes of the model besides its image that wait for the next upgrade of an instance."""
    if plan.goal.whole_model:
        return None
    pending: dict[str, list[str]] = {}
    for instance in plan.moving(scale_set):
        for change in _behind_in(instance, scale_set, plan):
            pending.setdefault(change, []).append(instance.id)
    changes = "; ".join(f"{change} ({instances_named(ids, 20)})" for change, ids in pending.items())
    what = "An upgrade also brings in what else has changed in the model since"
    return warn(f"{what}: {changes}.") if pending else None


def _behind_in(instance: Instance, scale_set: ScaleSet, plan: RolloutPlan) -> tuple[str, ...]:
    if instance.behind_in or instance.changed_individually:
        return instance.behind_in
    on_model_image = instance.image is not None and instance.image.same_as(scale_set.model.image)
    if instance.latest_model_applied is False and on_model_image and not _was_put_back(scale_set, plan):
        return ("settings that instances do not show, or only how the image is named or that it was put back",)
    return ()


def _was_put_back(scale_set: ScaleSet, plan: RolloutPlan) -> bool:
    """Return whether the model has held the target and then an earlier image again, so that nothing else need have
    changed for instances on that image not to count as current.
    """
    has_held_it = plan.update_model and any(is_on(i, plan.reaches) for i in scale_set.made)
    return has_held_it and not is_older(plan.reaches, scale_set.model.image)


def _canary_too_large(plan: RolloutPlan, policy: Policy) -> Finding | None:
    if policy.canary is None or plan.canary >= policy.canary or not plan.batches:
        return None
    return note(
        f"`canary` asks for {policy.canary}; {plan.canary} go first, because the first domain, or a batch, holds "
        "no more, or others run the target already."
    )
