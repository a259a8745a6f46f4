"""Reads the faults of a scenario from YAML: one kind each, with the keys that scenarios/README.md lists."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal

from azure_simulator.scenario.events import (
    Appear,
    Evict,
    FallIll,
    ModelChange,
    RevokeTokens,
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

_EFFECTS = ("status", "drop", "hang", "without", "missing", "empty")


def read_failure(entry: Section) -> tuple[str, str] | None:
    """`code` and `message` of an operation that ends Failed; the text of a known code need not be given."""
    if not entry.has("code"):
        return None
    code = entry.text("code")
    return code, entry.text("message", OPERATION_ERRORS.get(code, code))


def read_faults(entry: Section) -> Sequence[Fault]:
    """The fault of one entry of a scenario's list; of a steady scale-out, one for each new instance."""
    kind = entry.choice("kind", (*_FAULTS, *_SERIES))
    faults = _SERIES[kind](entry) if kind in _SERIES else (_FAULTS[kind](entry),)
    entry.finish()
    return faults


def _trigger(entry: Section) -> Trigger:
    told = [key for key in ("at", "after_upgrade", "after_update") if entry.has(key)]
    if len(told) != 1:
        what = "`after_upgrade` or `after_update` (which one, with `delay` seconds)"
        raise entry.problem("", f"needs either `at` (seconds) or {what}")
    if entry.has("at"):
        return Trigger(at=entry.number("at"))
    delay = entry.number("delay", 0.0)
    if entry.has("after_update"):
        return Trigger(after_update=entry.whole("after_update"), delay=delay)
    return Trigger(after_upgrade=entry.whole("after_upgrade"), delay=delay)


def _window(entry: Section) -> Window | None:
    """`during`: when it begins, and for how many `seconds`."""
    if not entry.has("during"):
        return None
    section = entry.section("during")
    window = Window(_trigger(section), section.optional_number("seconds"))
    section.finish()
    return window


def _http_fault(entry: Section) -> HttpFault:
    effects = [key for key in _EFFECTS if entry.has(key)]
    if len(effects) != 1:
        known = ", ".join(f"`{key}`" for key in _EFFECTS[:-1])
        raise entry.problem("", f"needs exactly one of {known} and `{_EFFECTS[-1]}`")
    drop = entry.choice("drop", DROPS) if entry.has("drop") else None
    empty = entry.choice("empty", ("before", "after")) if entry.has("empty") else None
    return HttpFault(
        **_matching(entry),
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


def _matching(entry: Section, path: str | None = None) -> dict[str, Any]:
    return {
        "path": entry.text("path", path),
        "method": entry.optional_text("method"),
        "nth": entry.whole("nth", 1),
        "count": entry.whole("count", 1),
        "every": entry.whole("every", 1),
        "api_version": entry.optional_text("api_version"),
        "during": _window(entry),
    }


def _answer_error(entry: Section) -> AnswerError:
    error = ERRORS[entry.choice("error", tuple(ERRORS))]
    case = entry.section("case")
    told = {key: case.text(key) for key in case.names()}
    usual = {"subscription": SUBSCRIPTION, "client": CLIENT_ID, **error.usual, **told}
    error = dataclasses.replace(error, message=entry.text("message", error.message), usual=usual)
    return AnswerError(error=error, **_matching(entry))


def _operation_fate(entry: Section) -> OperationFate:
    return OperationFate(
        seconds=entry.optional_number("seconds"),
        failure=read_failure(entry),
        told_after=entry.optional_number("told_after"),
        cancelled=entry.flag("cancelled", False),
        **_matching(entry),
    )


def _sign_in_error(entry: Section) -> SignInError:
    """The words of a known number need not be given."""
    number = entry.whole("number")
    known = SIGN_IN_ERRORS.get(number)
    if known is None and not entry.has("message"):
        numbers = ", ".join(map(str, sorted(SIGN_IN_ERRORS)))
        raise entry.problem("message", f"is missing, for AADSTS{number} is none of those that are known: {numbers}")
    status, error, message = known or (400, "invalid_grant", "")
    matching = _matching(entry, path=TOKEN_PATH)
    return SignInError(status=status, error=error, number=number, message=entry.text("message", message), **matching)


def _provisioning_failure(entry: Section) -> ProvisioningFailure:
    ending = entry.choice("operation", ("failed", "succeeded"), "failed")
    return ProvisioningFailure(
        instance=entry.text("instance"),
        code=entry.text("code"),
        message=entry.text("message"),
        operation="failed" if ending == "failed" else "succeeded",
        image=_image(entry, "old"),
        extension=entry.text("extension", ""),
    )


def _image(entry: Section, usual: str) -> Literal["new", "old"]:
    return "new" if entry.choice("image", ("new", "old"), usual) == "new" else "old"


def _appear(entry: Section) -> Appear:
    return Appear(
        when=_trigger(entry),
        instance=entry.text("instance"),
        update_domain=entry.whole("update_domain") if entry.has("update_domain") else None,
        zone=entry.optional_text("zone"),
        **_birth(entry),
    )


def _birth(entry: Section) -> dict[str, Any]:
    """How a new instance begins."""
    failed = entry.section("failed")
    birth = {
        "image": _image(entry, "new"),
        "creating_seconds": entry.number("creating_seconds", 0.0),
        "healthy_after": entry.number("healthy_after_seconds", 0.0),
        "failure": read_failure(failed),
        "extension": failed.text("extension", ""),
    }
    failed.finish()
    return birth


def _scale_out(entry: Section) -> list[Appear]:
    """A new instance every so many seconds, with ids that count up from the first one's number."""
    first, every, birth = entry.text("instance"), entry.number("every"), _birth(entry)
    when, domains, zone = _trigger(entry), entry.list_of("update_domains", int), entry.optional_text("zone")
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
        instances.append(Appear(when=start, instance=name, update_domain=domain, zone=zone, scaled=True, **birth))
    return instances


def _stop(entry: Section) -> Stop:
    power = entry.choice("power", ("stopped", "deallocated"), "deallocated")
    return Stop(_trigger(entry), entry.text("instance"), "stopped" if power == "stopped" else "deallocated")


_FAULTS: dict[str, Callable[[Section], Fault]] = {
    "comes-up-unhealthy": lambda e: ComesUpUnhealthy(
        e.text("instance"),
        e.optional_number("seconds"),
        e.optional_number("flap_seconds"),
        e.optional_number("relapses_after"),
    ),
    "provisioning-failure": _provisioning_failure,
    "hangs": lambda e: Hangs(e.text("instance")),
    "stays-on-old-image": lambda e: StaysOnOldImage(e.text("instance")),
    "flag-lags": lambda e: FlagLags(e.text("instance"), e.number("seconds"), e.whole("nth", 1)),
    "http": _http_fault,
    "error": _answer_error,
    "sign-in-error": _sign_in_error,
    "operation": _operation_fate,
    "list-lags": lambda e: ListLags(e.number("seconds"), _window(e)),
    "model-lags": lambda e: ModelLags(e.number("seconds"), _window(e)),
    "health-lags": lambda e: HealthLags(e.text("instance", "*"), e.number("seconds"), e.flag("time", False)),
    "conflict-window": lambda e: ConflictWindow(e.number("seconds")),
    "vanish": lambda e: Vanish(_trigger(e), e.text("instance")),
    "appear": _appear,
    "scale-in": lambda e: ScaleIn(_trigger(e)),
    "evict": lambda e: Evict(_trigger(e), e.text("instance")),
    "fall-ill": lambda e: FallIll(_trigger(e), e.text("instance"), e.optional_number("seconds")),
    "stop": _stop,
    "updated-by-somebody": lambda e: UpdatedBySomebody(_trigger(e), e.text("instance"), e.number("seconds", 120.0)),
    "revoke-tokens": lambda e: RevokeTokens(_trigger(e)),
    "model-change": lambda e: ModelChange(_trigger(e), e.mapping("patch"), e.flag("new_model", False)),
}

_SERIES: dict[str, Callable[[Section], Sequence[Fault]]] = {"scale-out": _scale_out}
