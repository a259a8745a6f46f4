"""Reduces an answer to the parts that decide about its validity, so that equal ones are validated only once."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from schema_json import Schema, is_date_time

_LOOKED_AT = ("enum", "format", "pattern", "maxLength")
_PAGE = '{"value":['


class Shapes:
    """Shapes of values: two values of the same shape are both valid or both invalid, for every schema in `definitions`.

    The keys of `definitions` are the addresses in a `$ref`. A text counts only under a name whose schema looks at its
    text; all such moments are alike.
    """

    def __init__(self, definitions: dict[str, Schema]) -> None:
        self._definitions = definitions
        self._exact = {name for schema in definitions.values() for name in self._exact_names(schema)}

    def of(self, value: Any, name: str = "") -> Hashable:
        """Return the shape of a JSON value under the name `name`."""
        match value:
            case dict():
                return ("{}", *[(each, self.of(below, each)) for each, below in value.items()])
            case list():
                return ("[]", *[self.of(each, name) for each in value])
            case str() if name not in self._exact:
                return str
            case str() if is_date_time(value):
                return is_date_time
            case str():
                return value
            case _:
                return type(value), value

    def _exact_names(self, schema: Schema) -> Iterator[str]:
        values = schema.get("additionalProperties", False)
        assert values is False or not self._looks_at_text(values), "the texts of a map have no name to know them by"
        for name, each in schema.get("properties", {}).items():
            yield from self._exact_names(each)
            if self._looks_at_text(each):
                yield name

    def _looks_at_text(self, schema: Schema) -> bool:
        if "$ref" in schema:
            target = self._definitions[schema["$ref"]]
            return "properties" not in target and self._looks_at_text(target)
        if "items" in schema:
            return self._looks_at_text(schema["items"])
        return any(key in schema for key in _LOOKED_AT)


class Pages:
    """Reads the pages of lists whose elements repeat exactly.

    A page of 120 instances has half a megabyte, and differs from the last one in an instance or two.
    """

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}

    def new_in(self, text: str) -> Iterable[Any]:
        """Return the JSON values to judge: for a page its frame, and each new element as a page of its own.

        For any other text, return its value. Raises ValueError for a text that is not JSON.
        """
        if not text.startswith(_PAGE):
            return [json.loads(text)]
        at, values = len(_PAGE), []
        while text.startswith("{", at):
            end = self._end_of_known(text, at)
            if end is None:
                value, end = _DECODER.raw_decode(text, at)
                values.append({"value": [value]})
                self._known.setdefault(_beginning(text, at), []).append(text[at:end])
            at = end + text.startswith(",{", end)
            if at == end and not text.startswith("]", at):
                return [json.loads(text)]
        return [json.loads(_PAGE + text[at:]), *values]

    def _end_of_known(self, text: str, at: int) -> int | None:
        """Return the end of the known element that comes next in the text. No object's text begins another object's."""
        for known in self._known.get(_beginning(text, at), ()):
            if text.startswith(known, at):
                return at + len(known)
        return None


_DECODER = json.JSONDecoder()


def _beginning(text: str, at: int) -> str:
    """Return the first member of an element, which is its name or its id."""
    return text[at : text.find(",", at)]
