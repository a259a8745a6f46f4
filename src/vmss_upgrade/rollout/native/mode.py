"""Checks of the upgrade mode: the one in which this run, or Azure, makes the batches."""

from __future__ import annotations

from vmss_upgrade.rollout.az_commands import az_vmss
from vmss_upgrade.rollout.findings import Finding, refuse
from vmss_upgrade.rollout.model import Model


def examine_mode(model: Model, *, natively: bool) -> Finding | None:
    """Refuse another mode than Manual; `natively`: another one than Rolling."""
    return _other_mode(model) if natively else _upgrade_mode(model)


def _upgrade_mode(model: Model) -> Finding | None:
    mode = model.upgrade_mode.lower()
    if mode == "manual" or (model.is_flexible and not mode):  # a Flexible set need not show it, and defaults to Manual
        return None
    effects = {
        "automatic": "a change of the model would reboot all instances at once, in no order",
        "rolling": "a change of the model would start Azure's own rolling upgrade",
    }
    effect = effects.get(mode, "only Manual leaves the instances to this action")
    other = " (or let Azure roll it: `strategy: native`)" if mode == "rolling" else ""
    return refuse(
        f"upgradePolicy.mode is {model.upgrade_mode or 'not shown'}: {effect}.",
        f"Set it to Manual: {az_vmss('update', model, '--set', 'upgradePolicy.mode=Manual')}{other}",
    )


def _other_mode(model: Model) -> Finding | None:
    if model.rolls:
        return None
    return refuse(
        f"`strategy: native` needs a scale set in mode Rolling, and upgradePolicy.mode is "
        f"{model.upgrade_mode or 'not shown'}.",
        "Use another strategy, which makes the batches itself (`auto` does), or set the mode to Rolling, with a "
        f"health source: {az_vmss('update', model, '--set', 'upgradePolicy.mode=Rolling')}",
    )
