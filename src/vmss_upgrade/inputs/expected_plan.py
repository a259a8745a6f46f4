"""The hash of the plan that was approved."""

from __future__ import annotations

import re
from typing import Final

from vmss_upgrade.inputs.form import Form
from vmss_upgrade.rollout.order import Command

_UNPLANNED: Final = (Command.UPDATE_MODEL, Command.UPGRADE_INSTANCES, Command.ROLLBACK)
_EXAMPLE: Final = "0a1b2c3d-4e5f6071"
_REMEDY: Final = f"Give the output `plan-hash` of the run that planned, such as {_EXAMPLE}."


def plan_of(form: Form, command: Command | None) -> str:
    """Return the hash in `expect-plan`; empty if none was given. A status writes nothing, and does not look at it."""
    value = form["expect-plan"].lower()
    if value and command in _UNPLANNED:
        lack = f"is of no use with `operation: {command.value}`: what `operation: plan` plans is an upgrade"
        form.problem("expect-plan", lack, "Leave `expect-plan` out, or use `operation: upgrade`.")
        return value
    if value and (lack := _lack_of(value)):
        form.problem("expect-plan", f"{form['expect-plan']!r} is not the hash of a plan: {lack}", _REMEDY)
    return value


def _lack_of(value: str) -> str:
    """Return what is wrong with the hash; empty if nothing is."""
    wrong = re.search(r"[^0-9a-f-]", value)
    if wrong:
        return f"{wrong.group()!r} is neither a digit, a letter from a to f, nor a hyphen"
    if len(value) != len(_EXAMPLE):
        return f"it has {len(value)} characters instead of {len(_EXAMPLE)}"
    if not re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{8}", value):
        return "it is not eight digits or letters, a hyphen, and eight again"
    return ""
