"""The inputs of the workflow's author, parsed once; every problem is reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmss_upgrade.account import Account
from vmss_upgrade.errors import InputError
from vmss_upgrade.inputs.account import account_of
from vmss_upgrade.inputs.configuration.checking import read_configuration
from vmss_upgrade.inputs.configuration.file import layered
from vmss_upgrade.inputs.configuration.layers import Configured
from vmss_upgrade.inputs.files import Files, files_of
from vmss_upgrade.inputs.image import image_of
from vmss_upgrade.inputs.names import INPUTS, NO_POST_STEP
from vmss_upgrade.inputs.operation import command_of
from vmss_upgrade.inputs.policy import policy_of
from vmss_upgrade.inputs.record import plan_of, ready_within_of, recorded_of
from vmss_upgrade.inputs.zero_downtime.drain import drain_of
from vmss_upgrade.inputs.zero_downtime.hooks import hooks_of
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.zero_downtime.drain import Drain
from vmss_upgrade.rollout.zero_downtime.hooks import Hooks

__all__ = [
    "INPUTS",
    "Inputs",
    "parse_account",
    "parse_drain",
    "parse_hooks",
    "parse_inputs",
    "read_configuration",
    "usable_files",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that was asked for, as values of the action. `source`: what a configuration file gave, if one did."""

    account: Account
    order: Order
    files: Files
    source: Configured | None = None


def parse_inputs(environ: Mapping[str, str], *, now: float = 0.0) -> Inputs:
    """Return the inputs in `environ`. Raises InputError with every problem, each with its input and its remedy.

    `now`: the date, as seconds since 1970, from which a time of day is the next one.
    """
    found = layered(environ)
    form = found.form
    form.refuse_other_spellings()
    form.refuse_unknown()
    form.refuse_undecodable()
    if not found.is_usable:
        raise InputError(form.problems)
    account = account_of(form)
    command = command_of(form)
    image, policy = image_of(form, command), policy_of(form, now)
    recorded = recorded_of(form, command, policy)
    expected = plan_of(form, command)
    order = Order(
        command=command or Command.PLAN,
        image=image,
        policy=policy,
        recorded=recorded,
        expected_plan=expected,
        ready_within=ready_within_of(form, command, policy, recorded),
        has_post_step=not form.variable(NO_POST_STEP),
        given=form.all_given(),
    )
    inputs = Inputs(account=account, order=order, files=files_of(form), source=found.source)
    if form.problems:
        raise InputError(form.problems)
    return inputs


def parse_account(environ: Mapping[str, str]) -> Account:
    """Return the account alone, whatever is wrong with the other inputs. Raises InputError."""
    form = layered(environ).form
    account = account_of(form)
    if form.problems:
        raise InputError(form.problems)
    return account


def parse_drain(environ: Mapping[str, str]) -> Drain | None:
    """Return what runs in guests, whatever is wrong with the other inputs."""
    return drain_of(layered(environ).form)


def parse_hooks(environ: Mapping[str, str]) -> Hooks | None:
    """Return the hooks alone, whatever is wrong with the other inputs. Raises InputError."""
    form = layered(environ).form
    hooks = hooks_of(form)
    if form.problems:
        raise InputError(form.problems)
    return hooks


def usable_files(environ: Mapping[str, str]) -> Files:
    """Return the files that can be written, whatever is wrong with the other inputs."""
    return files_of(layered(environ).form)
