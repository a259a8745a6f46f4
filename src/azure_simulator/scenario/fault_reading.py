"""Reads the faults of a scenario from YAML: one kind each, with the keys that scenarios/README.md lists."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal

from azure_simulator.scenario.events import (
    Appear,
    BecomeUnhealthy,
    CancelRollingUpgrade,
    Evict,
    FaultRollingUpgrade,
    ModelChange,
    RevokeTokens,
    RollByAzure,
    ScaleIn,
    Stop,
    UpdatedBySomebody,
    Vanish,
)
from azure_simulator.scenario.faults import (
    ComesUpUnhealthy,
    ConflictWindow,
    FlagLags,
    Hangs,
    HealthLags,
    ListLags,
    ModelLags,
    ProvisioningFailure,
    StaysOnOldImage,
    Trigger,
    Window,
)
from azure_simulator.scenario.request_faults import DROPS, AnswerError, HttpFault, OperationFate, SignInError
from azure_simulator.scenario.scenario import Fault
from azure_simulator.scenario.section import Section
from azure_simulator.scenario.set_description import CLIENT_ID, SUBSCRIPTION
from azure_simulator.wire.errors import ERRORS, OPERATION_ERRORS, SIGN_IN_ERRORS

TOKEN_PATH = "/oauth2/v2.0/token$"
_INTERNAL_ERROR = ("InternalExecutionError", OPERATION_ERRORS["InternalExecutionError"])
_EFFECTS = ("status", "drop", "hang", "without", "missing", "empty")


def read_failure(entry: Section) -> tuple[str, str] | None:
    """Read `code` and `message` of an operation that ends Failed; a known code has a text of its own."""
    if not entry.has("code"):
        return None
    code = entry.text("code")
    return code, entry.text("message", OPERATION_ERRORS.get(code, code))


def read_faults(entry: Section) -> Sequence[Fault]:
    """Read one entry of a scenario's list of faults. A scale-out yields one event for each new instance."""
    kind = entry.choice("kind", (*_FAULTS, *_SERIES))
    faults = _SERIES[kind](entry) if kind in _SERIES else (_FAULTS[kind](entry),)
    entry.finish()
    return faults


def _read_trigger(entry: Section) -> Trigger:
    given = [key for key in ("at", "after_upgrade", "after_update") if entry.has(key)]
    if len(given) != 1:
        what = "`after_upgrade` or `after_update` (which one, with `delay` seconds)"
        raise entry.problem("", f"needs either `at` (seconds) or {what}")
    if entry.has("at"):
        return Trigger(at=entry.number("at"))
    delay = entry.number("delay", 0.0)
    if entry.has("after_update"):
        return Trigger(after_update=entry.whole("after_update"), delay=delay)
    return Trigger(after_upgrade=entry.whole("after_upgrade"), delay=delay)


def read_window(entry: Section) -> Window | None:
    """Read `during`: when it begins, and for how many `seconds`."""
    if not entry.has("during"):
        return None
    section = entry.section("during")
    window = Window(_read_trigger(section), section.optional_number("seconds"))
    section.finish()
    return window


def _read_http_fault(entry: Section) -> HttpFault:
    effects = [key for key in _EFFECTS if entry.has(key)]
    if len(effects) != 1:
        known = ", ".join(f"`{key}`" for key in _EFFECTS[:-1])
        raise entry.problem("", f"needs exactly one of {known} and `{_EFFECTS[-1]}`")
    drop = entry.choice("drop", DROPS) if entry.has("drop") else None
    empty = entry.choice("empty", ("before", "after")) if entry.has("empty") else None
    return HttpFault(
        **_read_matching(entry),
        status=entry.whole("status") if entry.has("status") else None,
        code=entry.text("code", ""),
        message=entry.text("message", ""),
        retry_after=entry.optional_number("retry_after"),
        html=entry.text("html", ""),
        drop=next((each for each in DROPS if each == drop), None),
        hang=entry.optional_number("hang"),
        without=tuple(entry.list_of("without", str)),
        of=tuple(entry.list_of("of", str)),
        missing=tuple(entry.list_of("missing", str)),
        empty=None if empty is None else "before" if empty == "before" else "after",
    )


def _read_matching(entry: Section, path: str | None = None) -> dict[str, Any]:
    return {
        "path": entry.text("path", path),
        "method": entry.optional_text("method"),
        "nth": entry.whole("nth", 1),
        "count": entry.whole("count", 1),
        "every": entry.whole("every", 1),
        "api_version": entry.optional_text("api_version"),
        "during": read_window(entry),
    }


def _read_answer_error(entry: Section) -> AnswerError:
    error = ERRORS[entry.choice("error", tuple(ERRORS))]
    case = entry.section("case")
    given = {key: case.text(key) for key in case.names()}
    usual = {"subscription": SUBSCRIPTION, "client": CLIENT_ID, **error.usual, **given}
    error = dataclasses.replace(error, message=entry.text("message", error.message), usual=usual)
    return AnswerError(error=error, **_read_matching(entry))


def _read_operation_fate(entry: Section) -> OperationFate:
    return OperationFate(
        seconds=entry.optional_number("seconds"),
        failure=read_failure(entry),
        told_after=entry.optional_number("told_after"),
        cancelled=entry.flag("cancelled", False),
        **_read_matching(entry),
    )


def _read_sign_in_error(entry: Section) -> SignInError:
    """Read a refusal of Entra; a known number has a text of its own."""
    number = entry.whole("number")
    known = SIGN_IN_ERRORS.get(number)
    if known is None and not entry.has("message"):
        numbers = ", ".join(map(str, sorted(SIGN_IN_ERRORS)))
        raise entry.problem("message", f"is missing, since AADSTS{number} is not one of the known numbers: {numbers}")
    status, error, message = known or (400, "invalid_grant", "")
    matching = _read_matching(entry, path=TOKEN_PATH)
    return SignInError(status=status, error=error, number=number, message=entry.text("message", message), **matching)


def _read_provisioning_failure(entry: Section) -> ProvisioningFailure:
    ending = entry.choice("operation", ("failed", "succeeded"), "failed")
    return ProvisioningFailure(
        instance=entry.text("instance"),
        code=entry.text("code"),
        message=entry.text("message"),
        operation="failed" if ending == "failed" else "succeeded",
        image=_read_image(entry, "old"),
        extension=entry.text("extension", ""),
    )


def _read_image(entry: Section, usual: str) -> Literal["new", "old"]:
    return "new" if entry.choice("image", ("new", "old"), usual) == "new" else "old"


def _read_appear(entry: Section) -> Appear:
    return Appear(
        when=_read_trigger(entry),
        instance=entry.text("instance"),
        update_domain=entry.whole("update_domain") if entry.has("update_domain") else None,
        zone=entry.optional_text("zone"),
        **_read_beginning(entry),
    )


def _read_beginning(entry: Section) -> dict[str, Any]:
    """Read how a new instance begins."""
    failed = entry.section("failed")
    beginning = {
        "image": _read_image(entry, "new"),
        "creating_seconds": entry.number("creating_seconds", 0.0),
        "healthy_after": entry.number("healthy_after_seconds", 0.0),
        "failure": read_failure(failed),
        "extension": failed.text("extension", ""),
    }
    failed.finish()
    return beginning


def _read_scale_out(entry: Section) -> list[Appear]:
    """Read a new instance every so many seconds, with ids that count up from the first one's number."""
    first, every, beginning = entry.text("instance"), entry.number("every"), _read_beginning(entry)
    when, domains, zone = _read_trigger(entry), entry.list_of("update_domains", int), entry.optional_text("zone")
    digits = first[len(first.rstrip("0123456789")) :]
    if not digits:
        raise entry.problem("instance", f"must end in a number that the others count up from, but is {first!r}")
    instances = []
    for number in range(entry.whole("count")):
        later = number * every
        start = dataclasses.replace(
            when, at=None if when.at is None else when.at + later, delay=when.delay + (later if when.at is None else 0)
        )
        name = first[: -len(digits)] + str(int(digits) + number).zfill(len(digits))
        domain = domains[number % len(domains)] if domains else None
        instances.append(Appear(when=start, instance=name, update_domain=domain, zone=zone, scaled=True, **beginning))
    return instances


def _read_stop(entry: Section) -> Stop:
    power = entry.choice("power", ("stopped", "deallocated"), "deallocated")
    return Stop(_read_trigger(entry), entry.text("instance"), "stopped" if power == "stopped" else "deallocated")


_FAULTS: dict[str, Callable[[Section], Fault]] = {
    "comes-up-unhealthy": lambda e: ComesUpUnhealthy(
        e.text("instance"),
        e.optional_number("seconds"),
        e.optional_number("flap_seconds"),
        e.optional_number("relapses_after"),
    ),
    "provisioning-failure": _read_provisioning_failure,
    "hangs": lambda e: Hangs(e.text("instance")),
    "stays-on-old-image": lambda e: StaysOnOldImage(e.text("instance")),
    "flag-lags": lambda e: FlagLags(e.text("instance"), e.number("seconds"), e.whole("nth", 1)),
    "http": _read_http_fault,
    "error": _read_answer_error,
    "sign-in-error": _read_sign_in_error,
    "operation": _read_operation_fate,
    "list-lags": lambda e: ListLags(e.number("seconds"), read_window(e)),
    "model-lags": lambda e: ModelLags(e.number("seconds"), read_window(e)),
    "health-lags": lambda e: HealthLags(e.text("instance", "*"), e.number("seconds"), e.flag("time", False)),
    "conflict-window": lambda e: ConflictWindow(e.number("seconds")),
    "vanish": lambda e: Vanish(_read_trigger(e), e.text("instance")),
    "appear": _read_appear,
    "scale-in": lambda e: ScaleIn(_read_trigger(e)),
    "evict": lambda e: Evict(_read_trigger(e), e.text("instance")),
    "fall-ill": lambda e: BecomeUnhealthy(_read_trigger(e), e.text("instance"), e.optional_number("seconds")),
    "stop": _read_stop,
    "updated-by-somebody": lambda e: UpdatedBySomebody(
        _read_trigger(e), e.text("instance"), e.number("seconds", 120.0)
    ),
    "revoke-tokens": lambda e: RevokeTokens(_read_trigger(e)),
    "cancel-rolling-upgrade": lambda e: CancelRollingUpgrade(_read_trigger(e)),
    "fault-rolling-upgrade": lambda e: FaultRollingUpgrade(_read_trigger(e), read_failure(e) or _INTERNAL_ERROR),
    "roll-by-azure": lambda e: RollByAzure(_read_trigger(e), e.number("seconds")),
    "model-change": lambda e: ModelChange(_read_trigger(e), e.mapping("patch"), e.flag("new_model", False)),
}
_SERIES: dict[str, Callable[[Section], Sequence[Fault]]] = {"scale-out": _read_scale_out}
