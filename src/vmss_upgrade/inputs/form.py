"""The inputs as they came, and the problems found with them.

Values arrive as `INPUT_<NAME>`, hyphens kept (the runner's `AddInputsToEnvironment`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Final, TypeVar

from vmss_upgrade.errors import InputProblem
from vmss_upgrade.inputs.configuration.notes import CONFIG
from vmss_upgrade.inputs.configuration.written import Written
from vmss_upgrade.inputs.names import INPUTS
from vmss_upgrade.inputs.values import (
    has_quotes,
    is_name,
    nearest_duration,
    parse_duration,
    parse_list,
    parse_number,
    parse_share,
    shown_address,
    unquoted,
    with_unit,
)
from vmss_upgrade.rollout.policy import Share

_PREFIX = "INPUT_"
_OF_THE_RUNNER = ("entrypoint", "args")  # `with: entrypoint:` and `with: args:` are always allowed

# often copied from the output of az, which is JSON, in quotes, unless another format is asked for
_COPIED = (
    *("resource-group", "scale-set", "subscription-id", "tenant-id", "client-id", "audience"),
    *("resource-manager-endpoint", "image-version", "image-sku", "image-offer", "image-publisher"),
    *("image", "image-id", "image-uri"),
)
# in these, quotes may be around the items, or a part of the value
_MAY_HAVE_QUOTES = (
    *("update-domains", "fault-domains", "zones", "instance-ids", "client-secret", "hook-secret", "drain-command"),
)
_WITHOUT_QUOTES = "Write it without the quotes."
# the runner passes an empty text for what is not given, too
EMPTY = "(empty: is the variable set in this repository or environment?)"
_EMPTY_ELSEWHERE = "(not given, or the variable is empty)"  # on a command line

_NOTHING_WRITTEN: Final[Mapping[str, Written]] = {}

E = TypeVar("E", bound=Enum)


class Form:
    """The inputs, read one by one. A problem is noted, and a stand-in returned, so that all problems are found."""

    def __init__(self, environ: Mapping[str, str], written: Mapping[str, Written] = _NOTHING_WRITTEN) -> None:
        """Read inputs of the job's environment, and below them what is `written` in a configuration file."""
        self._environ = environ
        ours = {name: value.strip() for name, value in environ.items() if name.startswith(_PREFIX)}
        given = {name[len(_PREFIX) :].lower(): value for name, value in ours.items() if name == name.upper()}
        self._spelled_otherwise = [name for name in ours if name != name.upper()]
        self._given = {name: value for name, value in given.items() if name not in _OF_THE_RUNNER}
        self._places = {name: each.place for name, each in written.items() if not self._given.get(name)}
        self._given |= {name: written[name].text.strip() for name in self._places}
        self._given |= {name: unquoted(value) for name, value in self._given.items() if name in _COPIED}
        self.problems: list[InputProblem] = []

    def __getitem__(self, name: str) -> str:
        return self._given.get(name) or INPUTS[name]

    def given(self, name: str) -> str:
        """Return what was given or written, without a default; may be empty."""
        return self._given.get(name, "")

    def all_given(self) -> frozenset[str]:
        """Return the names of the inputs that were given or written, whatever their values."""
        return frozenset(name for name, value in self._given.items() if value)

    def variable(self, name: str) -> str:
        """Return another variable of the job's environment; empty if it is not set."""
        return self._environ.get(name, "")

    @property
    def is_of_github(self) -> bool:
        """True if a runner of GitHub's gave the inputs, and not a command line."""
        return self.variable("GITHUB_ACTIONS") == "true" or bool(self.variable("RUNNER_ENVIRONMENT"))

    def replace(self, name: str, value: str, *, part_of: str) -> None:
        """Read an input from now on as if this had been given; it is a part of the value of another input."""
        self._given[name] = value
        if part_of in self._places:
            self._places.setdefault(name, self._places[part_of])

    def problem(self, name: str, message: str, remedy: str) -> None:
        """Note a problem; parsing goes on, to find the others. Quotes around the value are the first to go."""
        value = self._given.get(name, "")
        place = self._places.get(name)
        if not self.is_of_github:
            message = message.replace(EMPTY, _EMPTY_ELSEWHERE)
        if name not in _MAY_HAVE_QUOTES and has_quotes(value):
            remedy = _WITHOUT_QUOTES
        if place is None:
            self.problems.append(InputProblem(name, message, remedy))
        else:
            self.problems.append(InputProblem(CONFIG, f"{place} {name}: {message}", remedy, place))

    def refuse_other_spellings(self) -> None:
        """Refuse a variable that is named like an input but for the case of its letters: the runner writes capitals."""
        for name in self._spelled_otherwise:
            remedy = f"Leave it out. The runner passes an input as {name.upper()}: give it by `with:`."
            self.problem(name, "(in the environment) looks like an input, but is not one", remedy)

    def refuse_unknown(self) -> None:
        """Refuse a name that is not an input: the runner only warns of a typo, and the default would be used."""
        for name in self._given:
            if name not in INPUTS:
                near = get_close_matches(name.replace("_", "-"), INPUTS, n=1, cutoff=0.5)
                remedy = f"Did you mean `{near[0]}`?" if near else f"The inputs are: {', '.join(INPUTS)}."
                self.problem(name, "there is no input of this name", remedy)

    def refuse_undecodable(self) -> None:
        """Refuse a value whose bytes are not UTF-8: it can neither be sent nor be shown."""
        for name, value in self._given.items():
            if any("\ud800" <= character <= "\udfff" for character in value):
                self.problem(name, "holds bytes that are not UTF-8", "Write it as UTF-8.")

    def choice(self, name: str, allowed: Iterable[str]) -> str | None:
        """Return the value out of `allowed`, whatever its case; None if it is not among them."""
        by_name = {value.lower(): value for value in allowed}
        found = by_name.get(self[name].lower())
        if found is None:
            values = ", ".join(by_name.values())
            self.problem(name, f"{self[name]!r} is not one of its values", f"Use one of: {values}.")
        return found

    def member(self, name: str, kind: type[E]) -> E | None:
        """Return the member of `kind` that the input names by its value."""
        found = self.choice(name, [member.value for member in kind])
        return None if found is None else kind(found)

    def flag(self, name: str) -> bool:
        """Return True or False."""
        return self.choice(name, ("true", "false")) == "true"

    def duration(self, name: str, *, takes_seconds: bool = False) -> float | None:
        """Return seconds; None if the input is empty, or a number without a unit where these are not taken."""
        value = self[name]
        if not value:
            return None
        seconds = parse_duration(value)
        if seconds is None:
            empty = f" {EMPTY}" if value.lower() in ("h", "m", "s") else ""
            ways = "90s, 5m, 1h30m, PT5M or plain seconds" if takes_seconds else "90s, 5m, 1h30m or PT5M"
            near = nearest_duration(value)
            remedy = f"Did you mean `{near}`?" if near else f"Write {ways}."
            self.problem(name, f"{value!r} is not a duration{empty}", remedy)
        elif seconds and not takes_seconds and parse_number(value) is not None:
            self.problem(name, f"{value!r} has no unit", with_unit(int(value)))
            return None
        return seconds

    def time_limit(self, name: str) -> float | None:
        """Return seconds, more than none; None if the input is empty, or of no use."""
        seconds = self.duration(name)
        if seconds == 0:
            self.problem(name, "0 leaves no time at all", "Write a duration such as 20m.")
        return seconds or None

    def share(self, name: str, *, least: int, what: str) -> Share | None:
        """Return a count or a percentage, at least `least`; None if it is empty. `what` names both, for a problem."""
        if not self[name]:
            return None
        share = parse_share(self[name])
        if share is not None and share.number >= least:
            return share
        empty = f" {EMPTY}" if self[name] == "%" else ""
        remedy = f"Write a number from {least} on, or {least}% to 100%."
        self.problem(name, f"{self[name]!r} is neither {what}{empty}", remedy)
        return None

    def matching(
        self, name: str, is_one: Callable[[str], bool], remedy: str, *, lack: str = "is not a valid name"
    ) -> str:
        """Return a value that `is_one`, or empty; `lack` says what is wrong with another value.

        An address in the wrong place is shown without its query, which may be a signature.
        """
        value = self[name]
        if value and not is_one(value):
            shown = shown_address(value) if "://" in value else value
            self.problem(name, f"{shown!r} {lack}", remedy)
        return value

    def sendable(self, name: str) -> str:
        """Return a text of printable ASCII, or empty. Another text is not shown: it may be a secret."""
        value = self[name]
        if value and not (value.isascii() and value.isprintable()):
            lack = "holds line breaks, control characters or letters other than those of ASCII"
            self.problem(name, lack, "Copy it again, without the extra characters.")
        return value

    def numbers(self, name: str) -> tuple[int, ...]:
        """Return a list of numbers, each once, in the order given."""
        items, wrong = self._items(name)
        numbers = {item: parse_number(item) for item in items}
        wrong += [repr(item) for item, number in numbers.items() if number is None]
        if wrong:
            lack = f"{', '.join(wrong)} in the list cannot be the number of a domain"
            remedy = "Write whole numbers from 0 on, each by itself, such as 0,1,4."
            self.problem(name, lack, _WITHOUT_QUOTES if any(map(has_quotes, items)) else remedy)
        return tuple(dict.fromkeys(number for number in numbers.values() if number is not None))

    def names(self, name: str, what: str, remedy: str) -> tuple[str, ...]:
        """Return a list of names, each once whatever its case, in the order given."""
        items, wrong = self._items(name)
        names: dict[str, str] = {}
        for item in items:
            names.setdefault(item.lower(), item)
        wrong += [repr(item) for item in names.values() if not is_name(item)]
        if wrong:
            lack = f"{', '.join(wrong)} in the list cannot be {what}"
            self.problem(name, lack, _WITHOUT_QUOTES if any(map(has_quotes, items)) else remedy)
        return tuple(names.values())

    def _items(self, name: str) -> tuple[list[str], list[str]]:
        """Return the items of a list, and the parts that cannot be items."""
        parsed = parse_list(self[name])
        if parsed is None:
            lack = f"{self[name]!r} begins like a JSON array, but is not one"
            self.problem(name, lack, 'Write ["0", "1"], or separate the items with commas, blanks or line breaks.')
        items, wrong = parsed or ([], [])
        if parsed is not None and self[name] and not items and not wrong:
            # an output such as `failed` of a run without failures: to take it for all would touch the whole set
            self.problem(name, f"{self[name]!r} names nothing", f"Leave `{name}` out to select all.")
        return [unquoted(item) for item in items], wrong
