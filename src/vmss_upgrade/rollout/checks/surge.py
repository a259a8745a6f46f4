"""Checks that a scale set may have more instances for the time of a rollout, and fewer again at its end.

Sources: autoscale puts a count outside its bounds back within a minute ("Autoscale overview"); a change of the capacity
cancels automatic zone balance ("Automatic zone balance"); limits of placement groups ("Large scale sets"); locks forbid
deletions, or all writes ("Lock your resources"); a notice of deletion is waited for ("Terminate notification").
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from vmss_upgrade.rollout.az_commands import az_vmss, delete_instances
from vmss_upgrade.rollout.checks.rights import SURGE_READER
from vmss_upgrade.rollout.findings import Finding, note, refuse, warn
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.model import AutoscaleSetting, Lock, Model
from vmss_upgrade.rollout.scale_set import ScaleSet
from vmss_upgrade.rollout.wording import listed, some
from vmss_upgrade.rollout.zero_downtime.surge import Leftover

IN_ONE_GROUP, IN_ONE_SET, OF_A_MANAGED_IMAGE = 100, 1000, 600  # instances
_OR_WITHOUT = "Or leave `surge` out."


def examine_surge(
    scale_set: ScaleSet,
    target: Image,
    surge: int,
    settings: Sequence[AutoscaleSetting] | None,
    locks: Sequence[Lock] | None,
) -> tuple[Finding, ...]:
    """Return what forbids, or delays, `surge` new instances and their deletion, refusals first.

    `settings` and `locks`: those of the scale set; None if they could not be read.
    """
    model = scale_set.model
    findings = (
        _flexible(model),
        _spot_mix(model),
        _zone_rebalancing(model),
        _unproven_target(target),
        _capacity(scale_set),
        _placement_group(model, target, surge),
        *_autoscale(model, settings),
        *_locks(locks),
        _notice(model),
        _overprovisioning(model),
    )
    return tuple(finding for finding in findings if finding is not None)


def taken_over(scale_set: ScaleSet, left: Leftover) -> Finding:
    """Say what becomes of instances that look as if an earlier run's surge had created them."""
    ids = some(left.instance_ids)
    if left.is_certain:
        return warn(
            f"Created by the surge of an earlier run that did not end by itself: {ids}. They stay until the end of "
            "this run, and are deleted then."
        )
    return warn(
        f"Created after the model got its image, as many as the surge of an earlier run creates: {ids}. It is "
        "not certain that it did, so they are kept.",
        f"If nobody else created them, delete them: {delete_instances(scale_set.model, left.instance_ids)}",
    )


def on_another_image(scale_set: ScaleSet, ids: Sequence[str]) -> Finding:
    """Refuse to roll another image out while instances of an earlier run's surge are there: they do not prove it."""
    return refuse(
        f"Instances of an earlier run's surge ({some(ids)}) run {scale_set.model.image}, not the target image.",
        f"Delete them first: {delete_instances(scale_set.model, ids)}",
    )


def _flexible(model: Model) -> Finding | None:
    if not model.is_flexible:
        return None
    return refuse(
        "`surge` is not made for Flexible scale sets, whose machines are deleted one by one.", "Leave it out."
    )


def _spot_mix(model: Model) -> Finding | None:
    if not model.scaling.mixes_priorities:
        return None
    why = "The scale set mixes Spot and regular priority: Azure decides which of them a new instance is."
    return refuse(f"{why} `surge` cannot count on it.", "Leave `surge` out.")


def _zone_rebalancing(model: Model) -> Finding | None:
    if not model.scaling.rebalances_zones:
        return None
    setting = "resiliencyPolicy.automaticZoneRebalancingPolicy.enabled"
    command = az_vmss("update", model, "--set", f"{setting}=false")
    return refuse(
        "Automatic zone rebalancing is on: Azure creates and deletes instances by itself, and `surge` would not know "
        "its own any more.",
        f"Disable it for the time of the rollout: {command}. {_OR_WITHOUT}",
    )


def _unproven_target(target: Image) -> Finding | None:
    if not (target.is_vhd or target.is_floating):
        return None
    return refuse(
        f"No instance shows that it runs {target}, only that it is on the latest model, and a change of the capacity "
        "may take that from all of them.",
        "Name an exact version of an image, or leave `surge` out.",
    )


def _capacity(scale_set: ScaleSet) -> Finding | None:
    capacity, there = scale_set.model.scaling.capacity, len(scale_set.staying)
    if capacity == there:
        return None
    shown = "not shown" if capacity is None else str(capacity)
    return refuse(
        f"The capacity of the scale set is {shown}, but it has {there} instances: `surge` could not tell its own from "
        "those that Azure still creates or deletes.",
        f"Run again once they agree: {az_vmss('show', scale_set.model, '--query', 'sku.capacity')}",
    )


def _placement_group(model: Model, target: Image, surge: int) -> Finding | None:
    capacity = model.scaling.capacity or 0
    is_single = model.scaling.single_placement_group is not False
    is_managed = target.kind is ImageKind.RESOURCE and "/galleries/" not in target.reference.lower()
    most = IN_ONE_GROUP if is_single else OF_A_MANAGED_IMAGE if is_managed else IN_ONE_SET
    if capacity + surge <= most:
        return None
    what = "with a single placement group" if is_single else "of a managed image" if is_managed else "of any kind"
    fewer = f"Set `surge: {most - capacity}` or less." if most > capacity else "Leave `surge` out."
    return refuse(
        f"A scale set {what} has at most {most} instances; with `surge` this one would have {capacity + surge}.", fewer
    )


def _autoscale(model: Model, settings: Sequence[AutoscaleSetting] | None) -> list[Finding]:
    if settings is None:
        return [_unread("autoscale settings", "one that targets the scale set would delete what `surge` creates")]
    return [_setting(model, each) for each in settings]


def _unread(what: str, risk: str) -> Finding:
    role = SURGE_READER
    return refuse(
        f"Could not read the {what} of the subscription: {risk}.",
        f"Give the identity the role {role.name} ({role.file}) on the subscription. {_OR_WITHOUT}",
    )


def _setting(model: Model, setting: AutoscaleSetting) -> Finding:
    if not setting.enabled:
        return note(f"The autoscale setting {setting.name} of the scale set is disabled; `surge` counts on that.")
    where = ("--subscription", model.subscription, "-g", setting.resource_group, "-n", setting.name)
    command = shlex.join(["az", "monitor", "autoscale", "update", *where, "--enabled"])
    return refuse(
        f"The autoscale setting {setting.name} targets the scale set (from {setting.minimum or 'no minimum'} to "
        f"{setting.maximum or 'no maximum'} instances): it changes the number of instances at the same time.",
        f"Disable it for the time of the rollout: {command} false (then {command} true). {_OR_WITHOUT}",
    )


def _locks(locks: Sequence[Lock] | None) -> list[Finding]:
    if locks is None:
        return [_unread("locks", "one on the scale set would forbid to delete what `surge` creates")]
    if not locks:
        return []
    ids = [lock.id for lock in locks]
    levels = listed(sorted({lock.level for lock in locks}))
    command = shlex.join(["az", "lock", "delete", "--ids", *ids])
    return [
        refuse(
            f"A lock ({levels}) forbids to delete what `surge` creates: {listed(ids, 5)}.",
            f"Have its owner remove it for the time of the rollout: {command}. {_OR_WITHOUT}",
        )
    ]


def _overprovisioning(model: Model) -> Finding | None:
    if not model.scaling.overprovisions:
        return None
    return note(
        "The scale set overprovisions: for the surge Azure creates a few more instances than asked for, and deletes "
        "them again, perhaps after clients have connected to them. `overprovision: false` in the model prevents it."
    )


def _notice(model: Model) -> Finding | None:
    if not model.scaling.notice:
        return None
    return warn(
        f"Instances are given notice of their deletion ({model.scaling.notice}): the end of the rollout waits 5 to 15 "
        "minutes for the new instances to go, unless they approve it."
    )
