"""What a plan would do to the scale set that a user must know, or that is not allowed."""

from __future__ import annotations

from collections.abc import Collection

from vmss_upgrade.rollout.az_commands import look_closer
from vmss_upgrade.rollout.checks.capacity import (
    all_that_is_healthy,
    below_floor,
    ill_on_target,
    not_reported,
    not_shown,
    whole_set,
)
from vmss_upgrade.rollout.findings import Finding, Severity, note, refuse, warn
from vmss_upgrade.rollout.image import is_older
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.availability import updating_ids
from vmss_upgrade.rollout.planning.plan import RolloutPlan, SkipReason
from vmss_upgrade.rollout.planning.selection import is_named, is_selected, names_nobody
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Health, Instance, Origin, ScaleSet, is_healthy
from vmss_upgrade.rollout.wording import duration, in_natural_order, some

MODELS_AT_ONCE = 10  # distinct models in a set at a time (MicrosoftDocs/azure-docs#103472)


def examine_plan(
    scale_set: ScaleSet, plan: RolloutPlan, policy: Policy, *, hanging: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Every finding about the plan, refusals first. `hanging`: who was being updated all the time before planning."""
    findings = (
        *_unknown_selection(scale_set, policy),
        *_attached(scale_set, plan, policy),
        _hanging(scale_set, plan, hanging),
        not_shown(scale_set, plan, policy),
        not_reported(scale_set, plan, policy),
        _protected(scale_set, plan, policy),
        whole_set(scale_set, plan, policy),
        all_that_is_healthy(scale_set, plan, policy),
        below_floor(scale_set, plan, policy),
        _bake_too_long(scale_set, plan, policy),
        _no_health_signal(scale_set, plan, policy),
        _older(plan),
        _pins_floating_model(scale_set, plan),
        _many_models(scale_set, plan),
        _pending_changes(scale_set, plan),
        _changed_individually(scale_set, plan),
        _ephemeral(scale_set, plan),
        _ill_before(scale_set, plan),
        _silent_before(scale_set, plan),
        _failed_before(scale_set),
        _no_signal_yet(scale_set),
        _told_ill_on_target(scale_set, plan),
        _stopped_included(scale_set, plan),
        _canary_too_large(plan, policy),
    )
    found = [finding for finding in findings if finding is not None]
    return tuple(sorted(found, key=lambda finding: finding.severity is not Severity.REFUSE))


# -- refusals ------------------------------------------------------------------------------------------------------


def _unknown_selection(scale_set: ScaleSet, policy: Policy) -> list[Finding]:
    return [
        refuse(
            f"`{name}` names {', '.join(missing)}, which the scale set does not have.",
            f"It has {some(present)}." if present else f"It shows none, so leave `{name}` out.",
        )
        for name, missing, present in names_nobody(scale_set, policy.selection)
    ]


def _attached(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> list[Finding]:
    """Machines that were never made from the model, and that `instance-ids` names all the same."""
    named = [i for i in scale_set.instances if i.is_attached and is_named(i, policy.selection)]
    unfit = [i for i in named if i.origin is not Origin.OTHER_IMAGE]
    moving = [i.id for i in named if i.id in plan.instance_ids]
    findings = [
        refuse(
            f"`instance-ids` names {i.id}, which is attached to the scale set and cannot be brought to its model: "
            f"{i.origin.value}.",
            f"Leave {i.id} out of `instance-ids`.",
        )
        for i in unfit
    ]
    if moving:
        findings.append(
            warn(
                f"Attached to the scale set, never made from its model, and upgraded because `instance-ids` names "
                f"them: {some(moving)}. Each loses what is on its OS disk.",
                "Leave out whichever is not meant.",
            )
        )
    return findings


def _hanging(scale_set: ScaleSet, plan: RolloutPlan, hanging: Collection[str]) -> Finding | None:
    """Updates that would keep every batch from starting, the one in which they are included: Azure takes no other
    upgrade of them on. A rollback is not refused for it: whoever can return is to return.
    """
    updating = updating_ids(scale_set.instances)
    ids = [i.id for i in scale_set.instances if i.id in updating & {*hanging} and not i.is_attached]
    if not ids or not plan.batches or plan.is_rollback:
        return None
    it = "it" if len(ids) == 1 else "each"
    return refuse(
        f"Being updated by somebody since before this run, so that no batch could start: {some(ids)}.",
        f"Wait until that has ended, and run again. Where it hangs, see what Azure says of {it}: "
        f"{look_closer(scale_set.model, ids[0])}",
    )


def _protected(scale_set: ScaleSet, plan: RolloutPlan, policy: Policy) -> Finding | None:
    """Of those that were asked for; nobody would have touched the others anyway."""
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
    if plan.is_rollback or plan.leaves is None or not plan.batches or not is_older(plan.reaches, plan.leaves):
        return None
    message = f"The target image {plan.reaches} is older than what the instances run ({plan.leaves})."
    if plan.pinned is None:
        return note(message)
    return warn(message, "Where that is not meant, find out why a newer version does not count as the latest.")


def _pins_floating_model(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """What becomes of a model whose words meant a newer image by themselves."""
    floating = scale_set.model.image
    if not plan.update_model or not floating.is_floating or plan.reaches.is_floating:
        return None
    return note(
        f"The model names no exact version now ({floating}), and names {plan.reaches} from this rollout on: instances "
        "that are created later, by autoscale too, get this version until the next rollout, however old it is by then."
    )


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
    told = "; ".join(f"{change} (instances {some(ids)})" for change, ids in pending.items())
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
        f"{some(ids)}."
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
    known = [i for i in _moving(scale_set, plan) if i.shows_view and not _is_silent(i)]
    ill = [i.id for i in known if not is_healthy(i, signal) and not i.is_off]
    if not ill:
        return None
    if plan.is_rollback:
        return note(f"Not healthy now, so they return first: {some(ill)}.")
    return note(f"Not healthy before the rollout, so first in their domain: {some(ill)}.")


def _silent_before(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """No report is no illness, and no health either."""
    ids = [instance.id for instance in _moving(scale_set, plan) if _is_silent(instance)]
    if not ids or not scale_set.model.health_signal.proves_health:
        return None
    return note(f"Report no health, so they are not known to be healthy and go first in their domain: {some(ids)}.")


def _is_silent(instance: Instance) -> bool:
    """Return whether it runs and should have the health signal, but reports nothing."""
    return instance.is_up and instance.health is Health.NO_SIGNAL


def _failed_before(scale_set: ScaleSet) -> Finding | None:
    """What Azure says of instances that are Failed already: the reason is not this rollout's, but may meet it again."""
    failed: dict[tuple[str, str], list[str]] = {}
    words: dict[tuple[str, str], str] = {}
    for instance in scale_set.instances:
        for problem in instance.problems if instance.has_failed else ():
            failed.setdefault(problem.key, []).append(instance.id)
            words.setdefault(problem.key, f"{problem.code}, {problem}")
    if not failed:
        return None
    told = "; ".join(f"{words[key].rstrip('.')} ({some(ids)})" for key, ids in failed.items())
    return warn(f"Failed before this run, says Azure: {told}.")


def _no_signal_yet(scale_set: ScaleSet) -> Finding | None:
    """A signal that was added to the model reaches an instance with its next upgrade."""
    ids = [i.id for i in scale_set.instances if i.health is Health.NOT_YET]
    signal = scale_set.model.health_signal
    if not ids or not signal.proves_health:
        return None
    return warn(
        f"The model has a health signal ({signal.value}) that these instances have not got yet, so they report no "
        f"health: {some(ids)}. Until its upgrade each counts as well while it is provisioned and running; from then on "
        "by its health.",
    )


def _told_ill_on_target(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    ill = ill_on_target(scale_set, plan)
    if not ill:
        return None
    left_alone = plan.update_model or plan.is_rollback
    then = "They are left as they are." if left_alone else "Nothing more is upgraded until they are."
    return warn(f"On the target image already, but not healthy: {some(ill)}. {then}")


def _stopped_included(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    ids = [instance.id for instance in _moving(scale_set, plan) if instance.is_off]
    if not ids:
        return None
    return note(
        f"Stopped, and upgraded all the same: {some(ids)}. They stay as they are, so their health is not looked at."
    )


def _canary_too_large(plan: RolloutPlan, policy: Policy) -> Finding | None:
    if policy.canary is None or plan.canary >= policy.canary or not plan.batches:
        return None
    return note(
        f"`canary` asks for {policy.canary}; {plan.canary} go first, because the first domain, or a batch, holds "
        "no more, or others run the target already."
    )


# -- small steps ---------------------------------------------------------------------------------------------------


def _moving(scale_set: ScaleSet, plan: RolloutPlan) -> list[Instance]:
    present = scale_set.by_id()
    return [present[id_] for id_ in sorted(plan.instance_ids, key=in_natural_order)]
