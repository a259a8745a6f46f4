"""Reads YAML strictly: every problem names the file, the key and what is wrong with it."""

import difflib
from collections.abc import Sequence
from datetime import datetime
from typing import Any


class ScenarioError(Exception):
    """A scenario that cannot be played; the text names the file, the key and what is wrong."""


class Section:
    """A mapping of a file, read key by key; `finish` refuses keys that were not read."""

    def __init__(self, source: str, where: str, value: object) -> None:
        self.source = source
        self.where = where
        if not isinstance(value, dict):
            raise self.problem("", f"must be a mapping, but is {_kind(value)}")
        self._values: dict[str, Any] = {str(key): entry for key, entry in value.items()}
        self._read: set[str] = set()

    def problem(self, key: str, what: str) -> ScenarioError:
        """Return the error to raise about `key` (or about the section itself, when empty)."""
        path = self._path(key) if key else self.where
        return ScenarioError(f"{self.source}: {path}: {what}" if path else f"{self.source}: {what}")

    def has(self, key: str) -> bool:
        """Return whether the key is there."""
        return key in self._values

    def raw(self, key: str) -> object:
        """Return the value as YAML gave it, None when absent."""
        self._read.add(key)
        return self._values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text."""
        value = self.raw(key)
        if value is None:
            if default is None:
                raise self.problem(key, "is missing")
            return default
        if not isinstance(value, str):
            raise self.problem(key, f"must be text (put it in quotes), but is {_kind(value)}")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, None when absent."""
        return self.text(key) if self.raw(key) is not None else None

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        """Return one of the allowed texts."""
        value = self.text(key, default)
        if value not in allowed:
            raise self.problem(key, f"must be one of {', '.join(allowed)}, but is {value!r}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """Return a number of 0 or more."""
        value = self.raw(key)
        if value is None:
            if default is None:
                raise self.problem(key, "is missing")
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise self.problem(key, f"must be a number of 0 or more, but is {_kind(value)}")
        return float(value)

    def optional_number(self, key: str) -> float | None:
        """Return a number of 0 or more, None when absent."""
        return self.number(key) if self.raw(key) is not None else None

    def whole(self, key: str, default: int | None = None) -> int:
        """Return a whole number of 0 or more."""
        value = self.number(key, default)
        if value != int(value):
            raise self.problem(key, f"must be a whole number, but is {value}")
        return int(value)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.problem(key, f"must be true or false, but is {_kind(value)}")
        return value

    def span(self, key: str, default: tuple[float, float]) -> tuple[float, float]:
        """Return the lowest and the highest of a range, which is a number or a list of two."""
        value = self.raw(key)
        if value is None:
            return default
        pair = value if isinstance(value, list) else [value, value]
        numbers = [entry for entry in pair if isinstance(entry, int | float) and not isinstance(entry, bool)]
        if len(pair) != 2 or len(numbers) != 2 or not 0 <= numbers[0] <= numbers[1]:
            raise self.problem(key, f"must be seconds, or [lowest, highest], but is {value!r}")
        return float(numbers[0]), float(numbers[1])

    def moment_text(self, key: str) -> str:
        """Return a moment as it is written; empty when absent."""
        text = self.text(key, "")
        try:
            if text:
                datetime.fromisoformat(text)
        except ValueError as error:
            raise self.problem(key, f"must be a moment such as 2024-08-26T08:30:00+00:00, but is {text!r}") from error
        return text

    def list_of(self, key: str, kind: type) -> list[Any]:
        """Return a list whose entries are all of `kind`; empty when absent."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.problem(key, f"must be a list, but is {_kind(value)}")
        for index, entry in enumerate(value):
            if not isinstance(entry, kind) or isinstance(entry, bool):
                raise self.problem(f"{key}[{index}]", f"must be {_NAMES[kind]}, but is {_kind(entry)}")
        return value

    def sections(self, key: str) -> list["Section"]:
        """Return a list of mappings; empty when absent."""
        entries = self.list_of(key, dict)
        return [Section(self.source, self._path(f"{key}[{index}]"), entry) for index, entry in enumerate(entries)]

    def section(self, key: str) -> "Section":
        """Return a mapping; an empty one when absent."""
        value = self.raw(key)
        return Section(self.source, self._path(key), {} if value is None else value)

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a mapping taken as it is; empty when absent."""
        section = self.section(key)
        return section._values

    def names(self) -> list[str]:
        """Return all keys."""
        return list(self._values)

    def finish(self) -> None:
        """Refuse keys that were not read, naming the nearest one that exists."""
        for key in self._values:
            if key not in self._read:
                near = difflib.get_close_matches(key, self._read, n=1)
                raise self.problem(key, "is not known" + (f"; did you mean {near[0]!r}?" if near else ""))

    def _path(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key


_NAMES: dict[type, str] = {dict: "a mapping", str: "text (put it in quotes)", int: "a whole number"}


def _kind(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value)
