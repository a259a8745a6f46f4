"""What wins over what: the inputs over a scale set's own values, these over the defaults of the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from vmss_upgrade.errors import InputProblem
from vmss_upgrade.inputs.configuration.notes import nearest, quoted
from vmss_upgrade.inputs.configuration.written import File, Section, Written
from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.scale_set import is_whole, scale_set_of
from vmss_upgrade.inputs.values import shown_address

_PARTS: Final = ("image-version", "image-sku", "image-offer", "image-publisher")
_WHOLE: Final = ("image", "image-id", "image-uri")
_IN_AN_ID: Final = ("resource-group", "subscription-id")
_NOT_SHOWN: Final = ("drain-command",)  # a secret may be in it

V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What a run takes from a configuration file: the values of its scale set's entry, if it has one, and defaults."""

    path: str
    entry: str
    own: Mapping[str, Written]
    defaults: Mapping[str, Written]

    @property
    def values(self) -> dict[str, Written]:
        """All values of the file that count."""
        return {**self.defaults, **self.own}

    def as_value(self) -> str:
        """Return the values and their places, as the main step saves them for its post step."""
        values = {name: [each.text, each.place.line, each.place.column] for name, each in self.values.items()}
        return json.dumps([self.path, values], separators=(",", ":"))

    def in_words(self) -> tuple[str, ...]:
        """Return lines for the log: the file, the entry, and which value came from which of them."""
        entry = f"its entry {self.entry}" if self.entry else "its defaults alone: no entry names this scale set"
        lines = [f"Configuration: {self.path}, {entry}"]
        for what, values in (("Of the entry", self.own), ("Of the defaults", self.defaults)):
            if values:
                lines.append(f"{what}: {', '.join(f'{name}: {_shown(name, values[name].text)}' for name in values)}")
        return tuple(lines)


def _shown(name: str, value: str) -> str:
    if name in _NOT_SHOWN:
        return "(not shown)"
    return " ".join(shown_address(word) if "://" in word and "#" not in word else word for word in value.split())


def below(above: Mapping[str, str], lower: Mapping[str, V]) -> dict[str, V]:
    """Return those of the lower values that still count below others, given as input -> text.

    An image is one wish, however many inputs name it, and a resource id names group and subscription.
    """
    gone = {name for name, text in above.items() if text}
    if gone & {*_WHOLE} or any(above.get(name, "").count(":") == 3 for name in _PARTS):
        gone |= {*_WHOLE, *_PARTS}
    elif gone & {*_PARTS}:
        gone |= {*_WHOLE}
    if is_whole(above.get("scale-set", "")):
        gone |= {*_IN_AN_ID}
    return {name: value for name, value in lower.items() if name not in gone}


def merged(section: Section, defaults: Section) -> dict[str, Written]:
    """Return the values of a scale set: its own, and the defaults below them."""
    return {**below(_texts(section.values), defaults.values), **section.values}


def _texts(values: Mapping[str, Written]) -> dict[str, str]:
    return {name: each.text for name, each in values.items()}


def scale_set_in(section: Section, defaults: Section, given: Mapping[str, str]) -> tuple[str, str, str]:
    """Return subscription, group and name of an entry's scale set in small letters, empty where they are not known."""
    texts = _texts(merged(section, defaults))
    texts.setdefault("scale-set", section.name)
    if not is_whole(texts["scale-set"]):
        texts |= {name: given[name] for name in _IN_AN_ID if given.get(name)}
    return _coordinates(texts)


def _agrees(coordinates: tuple[str, str, str], given: Mapping[str, str]) -> bool:
    """Return whether the file says of a scale set what the inputs say of it, if these say anything."""
    subscription, group, _ = coordinates
    wanted = {name: given.get(name, "").lower() for name in _IN_AN_ID}
    return wanted["resource-group"] in ("", group) and wanted["subscription-id"] in ("", subscription)


def _coordinates(texts: Mapping[str, str]) -> tuple[str, str, str]:
    names = ("scale-set", *_IN_AN_ID, "environment", "resource-manager-endpoint")
    form = Form({f"INPUT_{name.upper()}": texts[name] for name in names if name in texts})
    subscription, group, name = scale_set_of(form)
    return subscription.lower(), group.lower(), name.lower()


def configured(file: File, given: Mapping[str, str]) -> Configured | InputProblem:
    """Return what the file says for the scale set that the inputs name, or why it has nothing to say.

    `given`: input -> text of all inputs that were given.
    """
    wanted = given.get("scale-set", "")
    entry = _entry_for(wanted, file, given)
    if isinstance(entry, InputProblem):
        return entry
    above = dict(given)
    if entry is not None and not is_whole(wanted):
        above.pop("scale-set", None)  # it is the name of the entry, or of its scale set: the entry says which that is
    own = below(above, entry.values) if entry else {}
    if entry is not None and "scale-set" not in above and "scale-set" not in own:
        own["scale-set"] = Written(entry.name, entry.place)
    defaults = below({**_texts(own), **above}, file.defaults.values)
    return Configured(path=file.path, entry=entry.name if entry else "", own=own, defaults=defaults)


def _entry_for(wanted: str, file: File, given: Mapping[str, str]) -> Section | InputProblem | None:
    """Return the entry for the input `scale-set`: by its own name, else by that of its scale set, or by its id."""
    for entry in file.entries:
        if entry.name.lower() == wanted.lower():
            return entry
    sets = {entry.name: scale_set_in(entry, file.defaults, given) for entry in file.entries}
    if is_whole(wanted):
        found = _coordinates({**given, "scale-set": wanted, **dict.fromkeys(_IN_AN_ID, "")})
        return next((entry for entry in file.entries if found[2] and sets[entry.name] == found), None)
    if not wanted or not file.entries:
        return None
    named = [entry for entry in file.entries if sets[entry.name][2] == wanted.lower()]
    agreeing = [entry for entry in named if _agrees(scale_set_in(entry, file.defaults, {}), given)]
    if len(named) == 1 or len(agreeing) == 1:
        return (agreeing or named)[0]
    if named:
        names = " and ".join(f"`{entry.name}`" for entry in named)
        lack = f"{quoted(wanted)} is the scale set of several entries of {file.path}: {names}"
        return InputProblem("scale-set", lack, "Give the name of one of them.")
    some = ", ".join(entry.name for entry in file.entries[:10])
    more = ", ..." if len(file.entries) > 10 else ""
    otherwise = f"Give the name of one of its entries ({some}{more}), or a whole resource id."
    remedy = nearest(wanted, tuple(entry.name for entry in file.entries), otherwise)
    return InputProblem("scale-set", f"{quoted(wanted)} is no entry of {file.path}", remedy)
