"""The inputs of `operation: fleet-plan`, and those that the file gives each scale set of the fleet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from vmss_upgrade.account import Account
from vmss_upgrade.errors import InputError
from vmss_upgrade.fleet.configuration import Configuration, Entry, Wave, entries_of_one_set, waves_asked_for
from vmss_upgrade.fleet.operation import FleetOperation
from vmss_upgrade.inputs.account import cloud_of
from vmss_upgrade.inputs.configuration.checking import read_configuration
from vmss_upgrade.inputs.configuration.layers import below
from vmss_upgrade.inputs.files import files_of
from vmss_upgrade.inputs.form import EMPTY, Form
from vmss_upgrade.inputs.names import INPUTS
from vmss_upgrade.inputs.scale_set import scale_set_of
from vmss_upgrade.inputs.signing_in.sign_in import sign_in_of
from vmss_upgrade.inputs.values import NO_GUID, is_guid
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.policy import Policy

MOST_WAVES: Final = 6  # of a run: so many has fleet.yml
_PREFIX: Final = "INPUT_"
# of the fleet, and nothing that the run of one scale set asks for
_OF_FLEETS: Final = ("operation", "waves", "wave", "records", "report-path", "report-html")
_USELESS: Final = ("scale-set", "wave", "records", "record", "expect-plan", "report-html")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOrder:
    """What is to be planned: the sets of `waves`, which are some of the file's. `ids`: entry -> id of its scale set.

    An id is empty if the entry does not name one set. `finder` is the account that looks for tags in `subscriptions`
    (None: no wave has a tag). `timeout`: seconds for all of it.
    """

    configuration: Configuration
    waves: tuple[Wave, ...]
    ids: Mapping[str, str]
    finder: Account | None
    subscriptions: tuple[str, ...]
    timeout: float


def parse_fleet_plan(environ: Mapping[str, str], *, now: float = 0.0) -> FleetOrder:
    """Return what is to be planned. Raises InputError with every problem that is not one scale set's alone.

    `now`: the date, as seconds since 1970, from which a time of day is the next one.
    """
    form = Form(environ)
    form.refuse_other_spellings()
    form.refuse_unknown()
    form.refuse_undecodable()
    for name in _USELESS:
        if form[name]:
            lack = f"is of no use with `operation: {FleetOperation.PLAN.value}`"
            form.problem(name, lack, "Leave it out: `config` names the scale sets.")
    files_of(form)
    try:
        configuration = read_configuration(environ, now=now)
    except InputError as error:
        raise InputError([*form.problems, *error.problems]) from error
    order = _order(form, environ, configuration)
    if form.problems:
        raise InputError(form.problems)
    return order


def _order(form: Form, environ: Mapping[str, str], configuration: Configuration) -> FleetOrder:
    ids = {entry.name: _id_of(environ, entry) for entry in configuration.entries}
    for names in entries_of_one_set(ids):
        lack = f"{' and '.join(map(repr, names))} name one scale set ({ids[names[0]]}) together with the inputs"
        form.problem("config", lack, "Keep one of them: two rollouts of one set would be in each other's way.")
    common = _below_inputs(environ, configuration.defaults)
    timeout = common.time_limit("timeout")
    finder, subscriptions = None, tuple[str, ...]()
    if any(wave.tags for wave in configuration.waves):
        subscriptions = _subscriptions(common, ids.values())
        finder = _finder(common, subscriptions)
    form.problems += [each for each in common.problems if each not in form.problems]
    return FleetOrder(
        configuration=configuration,
        waves=_waves(form, configuration.waves),
        ids=ids,
        finder=finder,
        subscriptions=subscriptions,
        timeout=timeout or Policy().timeout,
    )


def _waves(form: Form, waves: tuple[Wave, ...]) -> tuple[Wave, ...]:
    """Return the waves of this run; a problem for more than there can be, and for words that name none."""
    if not waves:
        form.problem("config", f"{form['config']!r} has no `waves`", "Name the waves, in order, and their scale sets.")
    asked = form.names("waves", "the name or number of a wave", "Write names or numbers such as canary,2.")
    chosen, unknown = waves_asked_for(waves, asked)
    for word in unknown:
        near = get_close_matches(word.lower(), [wave.name.lower() for wave in waves], n=1, cutoff=0.5)
        known = ", ".join(wave.name for wave in waves)
        remedy = f"Did you mean `{near[0]}`?" if near else f"The waves are: {known}."
        form.problem("waves", f"{word!r} is neither the name nor the number of a wave", remedy)
    if len(chosen) > MOST_WAVES:
        first = ",".join(wave.name for wave in chosen[:MOST_WAVES])
        lack = f"{len(chosen)} waves are asked for, and a run has {MOST_WAVES} at most"
        form.problem("waves", lack, f"Begin with `waves: {first}`, and go on with the others in another run.")
    return chosen


def _id_of(environ: Mapping[str, str], entry: Entry) -> str:
    """Return the id of an entry's scale set; empty if it does not name one, which its own plan says."""
    form = _below_inputs(environ, entry.values)
    subscription, group, name = scale_set_of(form)
    if form.problems:
        return ""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute"
        f"/virtualMachineScaleSets/{name}"
    )


def _subscriptions(common: Form, ids: Iterable[str]) -> tuple[str, ...]:
    """Return every subscription that the inputs and the file name, each once."""
    remedy = "Copy it from `az account show --query id`."
    own = common.matching("subscription-id", is_guid, remedy, lack=NO_GUID)
    named = {each.lower(): each for each in (own, *(id_.split("/")[2] for id_ in ids if id_)) if each}
    if not named:
        lack = f"is missing {EMPTY}, and `tag` is looked for in the subscriptions that the file names"
        common.problem("subscription-id", lack, "Give it among the `defaults` of the file.")
    return tuple(named.values())


def _finder(common: Form, subscriptions: tuple[str, ...]) -> Account:
    cloud, (sign_in, unused) = cloud_of(common), sign_in_of(common)
    subscription = subscriptions[0] if subscriptions else ""
    return Account(
        cloud=cloud,
        sign_in=sign_in,
        subscription_id=subscription,
        resource_group="",
        scale_set="",
        unused=unused,
    )


def environ_of(environ: Mapping[str, str], scale_set: str) -> dict[str, str]:
    """Return the environment of a run that plans one scale set, named by its id, or else by that of its entry."""
    dropped = [_variable(name) for name in _OF_FLEETS]
    inputs = {name: value for name, value in environ.items() if name not in dropped}
    return {**inputs, _variable("scale-set"): scale_set, _variable("operation"): Command.PLAN.value}


def _below_inputs(environ: Mapping[str, str], values: Mapping[str, str]) -> Form:
    """Return the inputs, with values of the file below them."""
    form = Form(environ)
    given = {name: text for name in INPUTS if (text := form.given(name))}
    return Form({**environ, **{_variable(name): text for name, text in below(given, values).items()}})


def _variable(name: str) -> str:
    return f"{_PREFIX}{name.upper()}"
