"""The Azure actions that a run needs, and those of them that the identity lacks.

Source: permissions at a scope are lists of actions with wildcards, each entry minus its own `notActions`; an action
is allowed when any entry allows it, without regard to case ("Understand Azure role definitions").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Preview features without which Azure does not upgrade the image of a Flexible set's instances, the first one that it
# refuses for; the second one is named beside it ("Upgrade policy modes for Virtual Machine Scale Sets").
FLEXIBLE_FEATURES = ("ImageReferenceUpgradeForVmoVMs", "VMSSFlexRollingUpgrade")

# asked for at the subscription with every poll of an operation
POLL = "Microsoft.Compute/locations/operations/read"

_SET = "Microsoft.Compute/virtualMachineScaleSets"
CANCEL_ROLL = f"{_SET}/rollingUpgrades/cancel/action"


@dataclass(frozen=True, slots=True)
class Role:
    """One of the custom roles in examples/roles, by its name in Azure and its file."""

    name: str
    file: str


READER = Role("VM scale set image reader", "examples/roles/reader.json")
UPGRADER = Role("VM scale set image upgrader", "examples/roles/upgrader.json")
DRAINER = Role("VM scale set drainer", "examples/roles/drain.json")
SURGE = Role("VM scale set surge", "examples/roles/surge.json")
SURGE_READER = Role("VM scale set surge reader", "examples/roles/surge-reader.json")
NATIVE = Role("VM scale set rolling upgrader", "examples/roles/native.json")
REPAIRS = Role("VM scale set repairs suspender", "examples/roles/suspend-repairs.json")


@dataclass(frozen=True, slots=True)
class Permission:
    """One entry of what is permitted at a scope."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """Return whether this entry alone allows `action`."""
        return _matches(action, self.actions) and not _matches(action, self.not_actions)


def missing_actions(permissions: Iterable[Permission], needed: Iterable[str]) -> tuple[str, ...]:
    """Return those of `needed` that no entry allows, in their order."""
    entries = tuple(permissions)
    return tuple(action for action in needed if not any(entry.allows(action) for entry in entries))


def role_with(action: str) -> Role:
    """Return the role of examples/roles that has `action`, one of those that a run asks for."""
    if "/runcommands/" in action.lower():
        return DRAINER
    if action.lower().startswith(("microsoft.insights/", "microsoft.authorization/locks/")):
        return SURGE_READER
    if action.lower().endswith("/read"):
        return READER
    if action == CANCEL_ROLL:
        return NATIVE
    if action.lower().endswith("/virtualmachinescalesets/delete/action"):
        return SURGE
    return REPAIRS if "setorchestrationservicestate" in action.lower() else UPGRADER


def roles_with(actions: Iterable[str]) -> tuple[Role, ...]:
    """Return the roles that together have these actions, each once."""
    return tuple(dict.fromkeys(map(role_with, actions)))


def needed_actions(
    *,
    is_flexible: bool,
    writes_model: bool,
    upgrades_instances: bool,
    suspends_repairs: bool,
    drains: bool = False,
    surges: bool = False,
    rolls: bool = False,
) -> tuple[str, ...]:
    """Return the actions on the scale set itself that a run asks Azure for.

    Actions asked for elsewhere (operations, images, the machines of a Flexible set) are not among them: a role may be
    assigned there alone, and the permissions at the scale set would not show it.
    """
    actions = [f"{_SET}/read"]
    if not is_flexible:
        actions.append(f"{_SET}/virtualMachines/read")  # of the whole list, its views included
    if writes_model or surges:
        actions.append(f"{_SET}/write")
    if rolls:
        actions += [f"{_SET}/rollingUpgrades/read", CANCEL_ROLL]
    elif upgrades_instances:
        actions.append(f"{_SET}/manualUpgrade/action")
    if suspends_repairs:
        actions.append(f"{_SET}/setOrchestrationServiceState/action")
    if drains and not is_flexible:
        actions += [f"{_SET}/virtualMachines/runCommands/{verb}" for verb in ("read", "write", "delete")]
    if surges:
        actions.append(f"{_SET}/delete/action")
    return tuple(actions)


def _matches(action: str, patterns: Iterable[str]) -> bool:
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.IGNORECASE) for pattern in patterns
    )
