"""The input `operation`, and those that only an operation of a whole fleet has a use for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vmss_upgrade.errors import InputError
from vmss_upgrade.fleet.operation import FleetOperation
from vmss_upgrade.inputs.files import Files, files_of
from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.values import is_path_below
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


def fleet_operation_in(environ: Mapping[str, str]) -> FleetOperation | None:
    """Return what is asked for of many scale sets, whatever is wrong with other inputs; None if one set is meant."""
    given = Form(environ)["operation"].lower()
    return next((operation for operation in FleetOperation if operation.value == given), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInputs:
    """What a fleet's report is made of. `records`: a pattern below the workspace; `wave` empty: the whole fleet."""

    records: str
    wave: str
    files: Files


def parse_report(environ: Mapping[str, str]) -> ReportInputs:
    """Return the inputs of `operation: fleet-report`, which signs in nowhere. Raises InputError with every problem."""
    form = Form(environ)
    form.refuse_other_spellings()
    form.refuse_unknown()
    form.refuse_undecodable()
    pattern, example = form["records"], "Write where the jobs' records are, such as records/**/*.json."
    if not pattern:
        form.problem("records", "is needed by `operation: fleet-report`", example)
    elif not is_path_below(pattern):
        form.problem("records", f"{pattern!r} does not name files below the workspace", example)
    if form["waves"]:
        form.problem("waves", "is of no use with `operation: fleet-report`", "Leave it out, or name one in `wave`.")
    inputs = ReportInputs(records=pattern, wave=form["wave"], files=files_of(form))
    if form.problems:
        raise InputError(form.problems)
    return inputs
