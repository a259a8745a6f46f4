"""Checks of the scale set before anything is written. Each finding names the command that fixes it.

Sources: upgrade modes and automatic OS upgrade, "Upgrade policy modes for Virtual Machine Scale Sets"; `az`
commands, Azure CLI reference of `az vmss`.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from vmss_upgrade.rollout.az_commands import az_vmss, resume_repairs
from vmss_upgrade.rollout.checks.owners import owner_at_work, refused_owner
from vmss_upgrade.rollout.checks.rights import (
    FLEXIBLE_FEATURES,
    POLL,
    READER,
    Permission,
    missing_actions,
    needed_actions,
    roles_with,
)
from vmss_upgrade.rollout.findings import Finding, note, refuse, warn
from vmss_upgrade.rollout.gates import STOPS, how_to_release
from vmss_upgrade.rollout.model import HealthSignal, Model, ProvisioningState
from vmss_upgrade.rollout.native.choice import natively
from vmss_upgrade.rollout.native.mode import examine_mode
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.policy import HealthUse


def examine_model(model: Model, *, rolling_upgrade_running: bool | None, natively: bool = False) -> tuple[Finding, ...]:
    """Return what the model says against, or about, a rollout, whatever its target.

    `natively`: Azure rolls the set, and other checks judge its rolling upgrades.
    """
    rolling = None if natively else _rolling_upgrade(model, rolling_upgrade_running)
    passing = (owner_at_work(model), rolling, _provisioning_state(model))
    return (*unfit(model, natively=natively), *(finding for finding in passing if finding is not None))


def unfit(model: Model, *, natively: bool = False) -> tuple[Finding, ...]:
    """Return the settings that forbid every write, at planning and at any later moment.

    `natively`: the set is to be in mode Rolling, not Manual. If the scale set belongs to another service, only that is
    said: advice to change its settings would do harm.
    """
    if owner := refused_owner(model):
        return (owner,)
    if not model.shows_image:
        return (_no_image(model),)
    findings = (examine_mode(model, natively=natively), _automatic_os_upgrade(model))
    return tuple(finding for finding in findings if finding is not None)


def examine_asked_for(
    model: Model, order: Order, permissions: Sequence[Permission] | None, *, repairs_suspended: bool | None
) -> tuple[Finding, ...]:
    """Return what the order needs of the scale set: rights, a health signal, no interference of automatic repairs."""
    findings = (
        *_rights(model, order, permissions),
        _polls(model, permissions),
        _stop_tag(model, order),
        _health_signal(model, order),
        _repairs(model, order, suspended=repairs_suspended),
        _drain(model, order, repairs_suspended=repairs_suspended),
    )
    return tuple(finding for finding in findings if finding is not None)


def _no_image(model: Model) -> Finding:
    """Refuse a Flexible set without an image: an answer about a Uniform one without it counts as no answer."""
    lacks = "no image" if model.has_profile else "no virtual machine profile (virtualMachineProfile)"
    return refuse(
        f"The Flexible scale set has {lacks}: it only groups machines, and there is no model to roll out.",
        "Give the scale set a profile with an image first, or upgrade its machines one by one.",
    )


def examine_feature(model: Model, feature: str, state: str | None) -> tuple[Finding, ...]:
    """Return what a preview feature's registration says that image upgrades of Flexible sets need."""
    needed = f"{feature}, which image upgrades of Flexible scale sets need"
    command = f"az feature {{}} --subscription {model.subscription} --namespace Microsoft.Compute --name {feature}"
    match state.lower() if state else None:
        case "notregistered" | "unregistered" | "unregistering":
            message = f"The subscription is not registered for {needed}."
            remedy = f"Register it: {command.format('register')}"
        case "pending" | "registering":
            message = f"The registration for {needed}, is {state}."
            remedy = f"Wait until it is Registered: {command.format('show')}"
        case _:
            return ()
    is_refused_for = feature == FLEXIBLE_FEATURES[0]
    return (refuse(message, remedy) if is_refused_for else warn(message, remedy),)


def _automatic_os_upgrade(model: Model) -> Finding | None:
    if not model.automatic_os_upgrade:
        return None
    setting = "upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade"
    return refuse(
        f"{setting} is true: Azure replaces OS images by itself, at the same time.",
        f"Disable it: {az_vmss('update', model, '--set', f'{setting}=false')}",
    )


def _rolling_upgrade(model: Model, running: bool | None) -> Finding | None:
    if running is None:
        return note("Could not read whether a rolling upgrade of Azure's own is under way.")
    if not running:
        return None
    return refuse(
        "A rolling upgrade of Azure's own is under way on the scale set.",
        f"Wait for its end, or cancel it: {az_vmss('rolling-upgrade cancel', model)}",
    )


def _provisioning_state(model: Model) -> Finding | None:
    wait = f"Wait until it is Succeeded: {az_vmss('show', model, '--query', 'provisioningState')}"
    match model.provisioning.state:
        case ProvisioningState.CREATING | ProvisioningState.DELETING:
            return refuse(f"provisioningState of the scale set is {model.provisioning}.", wait)
        case ProvisioningState.UPDATING:
            return refuse("provisioningState of the scale set stayed Updating: somebody else is changing it.", wait)
        case ProvisioningState.FAILED:
            return note("provisioningState of the scale set is Failed, from an earlier change; the rollout goes on.")
    return None


def _rights(model: Model, order: Order, permissions: Sequence[Permission] | None) -> list[Finding]:
    """Refuse if rights are missing; only say so if nothing but the plan was asked for."""
    if permissions is None:
        return [note("Could not read the rights of the identity; Azure will say so if one is missing.")]
    needed = needed_actions(
        is_flexible=model.is_flexible,
        writes_model=order.writes_model,
        upgrades_instances=order.command.upgrades,
        suspends_repairs=order.policy.suspend_repairs and bool(model.repairs) and order.command.upgrades,
        drains=order.policy.drain is not None and order.command.upgrades,
        surges=order.policy.surge is not None and order.command.upgrades,
        rolls=natively(model, order),
    )
    missing = missing_actions(permissions, needed)
    if not missing:
        return []
    message = f"The identity lacks the right to {', '.join(missing)} on the scale set."
    if order.command in (Command.PLAN, Command.REHEARSE):
        return [note(f"{message} A plan does not need it, a rollout does.", _assign(missing, model))]
    return [refuse(message, _assign(missing, model))]


def _assign(missing: Sequence[str], model: Model) -> str:
    """Return how to give the identity the roles with the missing actions, each where it belongs."""
    roles = roles_with(missing)
    files = " and ".join(role.file for role in roles)
    commands = (
        shlex.join(["az", "role", "assignment", "create", "--assignee", "CLIENT-ID", "--role", role.name])
        + f" --scope {shlex.quote(f'/subscriptions/{model.subscription}' if role is READER else model.id)}"
        for role in roles
    )
    return f"Give it the {'roles' if len(roles) > 1 else 'role'} in {files}: {' && '.join(commands)}"


def _polls(model: Model, permissions: Sequence[Permission] | None) -> Finding | None:
    """Warn where operations cannot be followed: the subscription's roles are among the permissions at the scale set."""
    if permissions is None or not missing_actions(permissions, (POLL,)):
        return None
    return warn(
        f"The identity lacks the right to {POLL} on the subscription: Azure's operations cannot be followed, so the "
        "instances are watched instead, and Azure's reasons for a failure may not be seen.",
        _assign((POLL,), model),
    )


def _stop_tag(model: Model, order: Order) -> Finding | None:
    """Refuse to upgrade while the hand brake is on. It stops no way back."""
    if not model.stop_tag:
        return None
    if order.command is Command.ROLLBACK:
        return note(f"{STOPS} A rollback goes on.")
    return refuse(STOPS, how_to_release(model))


def _drain(model: Model, order: Order, *, repairs_suspended: bool | None) -> Finding | None:
    """Refuse to drain while automatic repairs are at work: they would replace what a drain makes unhealthy."""
    policy = order.policy
    is_safe = not model.repairs or repairs_suspended or policy.suspend_repairs
    if policy.drain is None or is_safe or not order.command.upgrades:
        return None
    return refuse(
        f"`drain-command` may make instances unhealthy, and automatic instance repairs ({model.repairs}) act on those: "
        "they would replace drained instances outside the batches.",
        "Set `suspend-repairs: true`.",
    )


def _health_signal(model: Model, order: Order) -> Finding | None:
    is_required = order.policy.health is HealthUse.REQUIRED and order.command.upgrades
    if not is_required or model.health_signal is not HealthSignal.NONE:
        return None
    return refuse(
        "`health: required`, but the scale set has no health signal.",
        "Add the Application Health extension or a load balancer health probe to the model, or use `health: auto`.",
    )


def _repairs(model: Model, order: Order, *, suspended: bool | None) -> Finding | None:
    """Say what automatic repairs do, because they act on unhealthy instances, as upgraded ones are for a while.

    Source: "Automatic instance repairs for Azure Virtual Machine Scale Sets" (a repair replaces the instance by one of
    the latest model; the service can be suspended and resumed).
    """
    if order.command is Command.UPDATE_MODEL:
        return None
    if not model.repairs:
        asked = order.policy.suspend_repairs
        return note("`suspend-repairs` has nothing to do: the scale set has no automatic repairs.") if asked else None
    if suspended and order.policy.suspend_repairs:
        resume = resume_repairs(model.subscription, model.resource_group, model.name)
        return warn(
            "Automatic instance repairs are suspended already, perhaps by an earlier run that was killed. This run "
            "leaves them so at its end.",
            f"If that was not intended, resume them: {resume}",
        )
    if suspended:
        return note("Automatic instance repairs are suspended already, and stay so.")
    if order.policy.suspend_repairs and suspended is None:
        return warn(
            "Could not read whether automatic instance repairs are suspended already; after the rollout they will "
            "be at work in any case.",
            "Where they are suspended on purpose, leave `suspend-repairs` out.",
        )
    if order.policy.suspend_repairs:
        return note("Automatic instance repairs are suspended during the rollout, and resumed at its end.")
    return warn(
        f"Automatic instance repairs are on ({model.repairs}): an instance that is unhealthy beyond the grace period "
        "is repaired by Azure, from the latest model and outside the batches, while the rollout is under way.",
        "Set `suspend-repairs: true` to suspend them meanwhile.",
    )
