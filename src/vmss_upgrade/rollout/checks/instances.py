"""Checks of the instances as they are before a rollout, and of what it would change in them."""

from __future__ import annotations

from collections.abc import Collection

from vmss_upgrade.rollout.az_commands import look_closer
from vmss_upgrade.rollout.checks.capacity import unhealthy_ids_on_target
from vmss_upgrade.rollout.findings import Finding, note, refuse, warn
from vmss_upgrade.rollout.planning.availability import updating_ids
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.scale_set import Health, ScaleSet, is_healthy
from vmss_upgrade.rollout.wording import clause, some


def being_updated(scale_set: ScaleSet, plan: RolloutPlan, hanging: Collection[str]) -> Finding | None:
    """Refuse a rollout while updates that were there before it keep every batch from starting.

    Azure accepts no other upgrade of those instances, so their own batch could not start either. A rollback is not
    refused: the instances that can return are to return.
    """
    updating = updating_ids(scale_set.instances)
    ids = [i.id for i in scale_set.made if i.id in updating & {*hanging}]
    if not ids or not plan.batches or plan.is_rollback:
        return None
    it = "it" if len(ids) == 1 else "each"
    return refuse(
        f"Somebody has been updating these since before this run, so that no batch could start: {some(ids)}.",
        f"Wait until that has ended, and run again. Where it hangs, see what Azure says of {it}: "
        f"{look_closer(scale_set.model, ids[0])}",
    )


def changed_individually(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """Warn when an upgrade would take back what somebody changed on single instances."""
    ids = [instance.id for instance in plan.moving(scale_set) if instance.changed_individually]
    what = "Changed individually (modelDefinitionApplied is VirtualMachine), so an upgrade takes their own changes back"
    return warn(f"{what}: {some(ids)}.") if ids else None


def ephemeral_disks(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """Warn when an upgrade loses what instances keep on ephemeral OS disks."""
    if not scale_set.model.ephemeral_os_disk or not plan.batches:
        return None
    return warn(
        "The OS disks are ephemeral (diffDiskSettings.option is Local): what an instance has stored on its OS disk or "
        "its temporary disk is lost when it is upgraded."
    )


def unhealthy_before(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """Note which of the moving instances are not healthy before the rollout."""
    signal = scale_set.model.health_signal
    known = [i for i in plan.moving(scale_set) if i.shows_view and not i.is_silent]
    ids = [i.id for i in known if not is_healthy(i, signal) and not i.is_stopped]
    at_rollback, at_rollout = "now, so they return first", "before the rollout, so first in their domain"
    return note(f"Not healthy {at_rollback if plan.is_rollback else at_rollout}: {some(ids)}.") if ids else None


def silent_before(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """Note which of the moving instances report no health, which makes them neither unhealthy nor healthy."""
    ids = [instance.id for instance in plan.moving(scale_set) if instance.is_silent]
    if not ids or not scale_set.model.health_signal.proves_health:
        return None
    what = "These report no health, so they are not known to be healthy and go first in their domain"
    return note(f"{what}: {some(ids)}.")


def failed_before(scale_set: ScaleSet) -> Finding | None:
    """Warn of instances that Azure calls Failed already: the reason is not this rollout's, but may meet it again."""
    failed: dict[tuple[str, str], list[str]] = {}
    words: dict[tuple[str, str], str] = {}
    for instance in scale_set.instances:
        for problem in instance.problems if instance.has_failed else ():
            failed.setdefault(problem.key, []).append(instance.id)
            words.setdefault(problem.key, f"{problem.code}, {problem}")
    failures = "; ".join(f"{clause(words[key])} ({some(ids)})" for key, ids in failed.items())
    return warn(f"Azure reports failures from before this run: {failures}.") if failed else None


def no_signal_yet(scale_set: ScaleSet) -> Finding | None:
    """Warn of instances that have not got the health signal yet: it reaches each with its next upgrade."""
    ids = [i.id for i in scale_set.instances if i.health is Health.NOT_YET]
    signal = scale_set.model.health_signal
    if not ids or not signal.proves_health:
        return None
    return warn(
        f"The model has a health signal ({signal.value}) that these instances have not got yet, so they report no "
        f"health: {some(ids)}. Until its upgrade each counts as healthy while it is provisioned and running; after it, "
        "by its health."
    )


def unhealthy_on_target(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """Warn of instances on the target image that are not healthy."""
    ids = unhealthy_ids_on_target(scale_set, plan)
    left_alone = plan.update_model or plan.is_rollback
    if len(ids) == 1:
        then = "It is left as it is." if left_alone else "Nothing more is upgraded until it is."
    else:
        then = "They are left as they are." if left_alone else "Nothing more is upgraded until they are."
    return warn(f"On the target image already, but not healthy: {some(ids)}. {then}") if ids else None


def stopped_included(scale_set: ScaleSet, plan: RolloutPlan) -> Finding | None:
    """Note which stopped instances are upgraded."""
    ids = [instance.id for instance in plan.moving(scale_set) if instance.is_stopped]
    then = "They stay as they are, so their health is not looked at."
    return note(f"Stopped, and upgraded all the same: {some(ids)}. {then}") if ids else None
