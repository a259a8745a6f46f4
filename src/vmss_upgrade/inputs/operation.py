"""The input `operation`, and those that only an operation of a whole fleet has a use for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vmss_upgrade.fleet.operation import FleetOperation
from vmss_upgrade.inputs.form import Form
from vmss_upgrade.rollout.order import Command

OPERATIONS: Final = tuple(operation.value for kind in (Command, FleetOperation) for operation in kind)
_OF_FLEETS: Final = {
    "waves": FleetOperation.PLAN,
    "wave": FleetOperation.REPORT,
    "records": FleetOperation.REPORT,
}


def operation_of(form: Form) -> Command | FleetOperation | None:
    """Return what is to be done; None, with a problem, for a word that is no operation."""
    found = form.choice("operation", OPERATIONS)
    if found is None:
        return None
    return FleetOperation(found) if found in [operation.value for operation in FleetOperation] else Command(found)


def command_of(form: Form) -> Command | None:
    """Return what is to be done with one scale set; None, with a problem, for anything else.

    Notes inputs that belong to a fleet, too: they would be passed over unseen.
    """
    operation = operation_of(form)
    if isinstance(operation, FleetOperation):
        lack = f"{operation.value!r} concerns a whole fleet, and no single scale set"
        form.problem("operation", lack, "Use another operation.")
        return None
    for name, of_a_fleet in _OF_FLEETS.items():
        if operation and form[name]:
            lack = f"is of no use with `operation: {operation.value}`"
            form.problem(name, lack, f"Leave it out, or use `operation: {of_a_fleet.value}`.")
    return operation


def is_fleet_plan(environ: Mapping[str, str]) -> bool:
    """Return whether the plan of a fleet is asked for, whatever is wrong with the other inputs."""
    return Form(environ)["operation"].lower() == FleetOperation.PLAN.value
