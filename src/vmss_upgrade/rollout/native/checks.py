"""Checks of a rolling upgrade of Azure's own, before anything is written.

Sources: "Configure rolling upgrades on Virtual Machine Scale Sets" (health source; a write while one runs is refused);
rolls of Azure's own VM agent, Azure/telescope#1291.
"""

from __future__ import annotations

from typing import Final

from vmss_upgrade.rollout.az_commands import az_vmss
from vmss_upgrade.rollout.findings import Finding, note, refuse
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.native.roll import Roll, RollCode
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.policy import HealthUse, OnFailure

# input -> the settings of Azure's policy that decide instead (none: Azure upgrades the whole set)
DECIDED_BY: Final[dict[str, tuple[str, ...]]] = {
    "batch-size": ("maxBatchInstancePercent",),
    "canary": ("maxBatchInstancePercent",),
    "update-domains": (),
    "fault-domains": (),
    "zones": ("enableCrossZoneUpgrade",),
    "instance-ids": ("prioritizeUnhealthyInstances",),
    "stop-after": ("pauseTimeBetweenBatches",),
    "not-after": ("pauseTimeBetweenBatches",),
    "min-healthy": ("maxUnhealthyInstancePercent", "maxUnhealthyUpgradedInstancePercent"),
    "allow-downtime": ("maxUnhealthyInstancePercent",),
    "protected-instances": (),
    "stopped-instances": (),
    "drain-command": ("pauseTimeBetweenBatches",),
    "surge": ("maxSurge",),
    "before-batch-url": ("pauseTimeBetweenBatches",),
    "after-batch-url": ("pauseTimeBetweenBatches",),
}
TO_MANUAL: Final = "set the mode to Manual, in which this action makes the batches"


def examine_native(model: Model, order: Order, latest: Roll | None) -> tuple[Finding, ...]:
    """Return what speaks against a rolling upgrade of Azure's own. `latest`: the latest one, whatever started it."""
    if not model.rolls:
        return ()  # said already
    findings = (
        _running(model, latest),
        _without_post_step(model, order),
        _command(order),
        _no_health_source(model, order),
        _decided_by_azure(model, order),
        _restore_model(order),
        note("The scale set is in mode Rolling: Azure makes the batches (`strategy: native`)."),
    )
    return tuple(finding for finding in findings if finding is not None)


def unreadable(code: str) -> Finding:
    """Refuse where the latest rolling upgrade may not be read: none could be followed, or cancelled."""
    return refuse(
        f"Could not read the rolling upgrades of the scale set ({code}), so that one could not be followed.",
        "Give the identity the role in examples/roles/reader.json.",
    )


def _running(model: Model, latest: Roll | None) -> Finding | None:
    if latest is None or not latest.is_running:
        return None
    rolls_back = " It rolls failed instances back." if latest.code is RollCode.BACK else ""
    since = f" since {latest.started}" if latest.started else ""
    return refuse(
        f"A rolling upgrade is under way on the scale set{since} ({latest.word}): another client's, or Azure's own, as "
        f"of the VM agent.{rolls_back}",
        f"Wait for its end, or cancel it: {az_vmss('rolling-upgrade cancel', model)}",
    )


def _without_post_step(model: Model, order: Order) -> Finding | None:
    if order.has_post_step or order.command is Command.PLAN:
        return None
    return refuse(
        "`strategy: native` needs the post step of the action, which cancels the rolling upgrade of a run that is "
        "killed; outside GitHub there is none.",
        f"Run it as an action, or {TO_MANUAL}: {az_vmss('update', model, '--set', 'upgradePolicy.mode=Manual')}",
    )


def _command(order: Order) -> Finding | None:
    if order.command not in (Command.UPDATE_MODEL, Command.UPGRADE_INSTANCES):
        return None
    return refuse(
        f"`operation: {order.command.value}` cannot be had in mode Rolling: a change of the model begins to upgrade "
        "the instances at once, and nothing else does.",
        f"Use `operation: upgrade`, or {TO_MANUAL}.",
    )


def _no_health_source(model: Model, order: Order) -> Finding | None:
    if order.policy.health is HealthUse.IGNORE:
        message = "`health: ignore` cannot be had in mode Rolling: Azure goes by the instances' health."
        return refuse(message, f"Leave it out, or {TO_MANUAL}.")
    if model.health_signal.proves_health:
        return None
    return refuse(
        "The scale set has no health source, without which Azure refuses a rolling upgrade.",
        "Add the Application Health extension or a load balancer health probe to the model.",
    )


def _decided_by_azure(model: Model, order: Order) -> Finding | None:
    """Refuse all inputs at once that Azure's policy decides, even at their defaults, with what it says instead."""
    given = [name for name in DECIDED_BY if name in order.given]
    if not given:
        return None
    names = ", ".join(f"`{name}`" for name in given)
    settings = dict.fromkeys(setting for name in given for setting in DECIDED_BY[name])
    values = (f"{name} is {model.rolling.value(name) or 'not shown'}" for name in settings)
    said = "; ".join(values) or "it upgrades every instance that is behind the model"
    is_one = len(given) == 1
    return refuse(
        f"{names} cannot be had in mode Rolling, where Azure decides {'this' if is_one else 'these'}: {said}.",
        f"Leave {'it' if is_one else 'them'} out, and change the policy of the set where it does not suit; or "
        f"{TO_MANUAL}: {az_vmss('update', model, '--set', 'upgradePolicy.mode=Manual')}",
    )


def _restore_model(order: Order) -> Finding | None:
    if order.policy.on_failure is not OnFailure.RESTORE_MODEL:
        return None
    return refuse(
        "`on-failure: restore-model` cannot be had in mode Rolling: the previous image in the model would roll the "
        "instances back at once.",
        "Use `on-failure: rollback`, or `on-failure: stop`.",
    )
