"""The inputs of the workflow's author, parsed once; every problem is reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from vmss_upgrade.account import Account
from vmss_upgrade.errors import InputError
from vmss_upgrade.inputs.account import account_of
from vmss_upgrade.inputs.expected_plan import plan_of
from vmss_upgrade.inputs.form import INPUTS, Form
from vmss_upgrade.inputs.image import image_of
from vmss_upgrade.inputs.policy import policy_of
from vmss_upgrade.inputs.record import recorded_of
from vmss_upgrade.inputs.values import is_path_below
from vmss_upgrade.rollout.order import Command, Order

__all__ = ["INPUTS", "Inputs", "parse_account", "parse_inputs", "usable_replay_path", "usable_report_path"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that was asked for, as values of the action."""

    account: Account
    order: Order
    report_path: str
    replay_path: str


def parse_inputs(environ: Mapping[str, str]) -> Inputs:
    """Return the inputs in `environ`. Raises InputError with every problem, each with its input and its remedy."""
    form = Form(environ)
    form.refuse_other_spellings()
    form.refuse_unknown()
    form.refuse_undecodable()
    account = account_of(form)
    command = form.member("operation", Command)
    image, policy = image_of(form, command), policy_of(form)
    recorded = recorded_of(form, command, policy)
    expected = plan_of(form, command)
    order = Order(
        command=command or Command.PLAN, image=image, policy=policy, recorded=recorded, expected_plan=expected
    )
    inputs = Inputs(account=account, order=order, report_path=_report_path(form), replay_path=_replay_path(form))
    if form.problems:
        raise InputError(form.problems)
    return inputs


def parse_account(environ: Mapping[str, str]) -> Account:
    """Return the account alone, whatever is wrong with the other inputs. Raises InputError."""
    form = Form(environ)
    account = account_of(form)
    if form.problems:
        raise InputError(form.problems)
    return account


def usable_report_path(environ: Mapping[str, str]) -> str:
    """Return `report-path` if it can be used, whatever is wrong with the other inputs; else empty."""
    form = Form(environ)
    path = _report_path(form)
    return "" if form.problems else path


def usable_replay_path(environ: Mapping[str, str]) -> str:
    """Return `report-html` if it can be used, whatever is wrong with the other inputs; else empty."""
    form = Form(environ)
    path = _replay_path(form)
    return "" if form.problems else path


def _report_path(form: Form) -> str:
    return _path(form, "report-path", "out/report.json")


def _replay_path(form: Form) -> str:
    path = _path(form, "report-html", "out/rollout.html")
    if path and PurePosixPath(path) == PurePosixPath(form["report-path"]):
        form.problem("report-html", f"{path!r} is the file of `report-path` as well", "Give each a file of its own.")
    return path


def _path(form: Form, name: str, example: str) -> str:
    """Return the path of a file that is to be written below the workspace; empty if there is none, or a problem."""
    value = form[name]
    if value and not is_path_below(value):
        lack = f"{value!r} does not name a file below the workspace"
        form.problem(name, lack, f"Write a relative path, such as {example}.")
        return ""
    if any(part.lower() == ".git" for part in PurePosixPath(value).parts):
        lack = f"{value!r} is below a .git folder, whose files later steps may execute"
        form.problem(name, lack, f"Write it to another folder, such as {example}.")
        return ""
    return value
