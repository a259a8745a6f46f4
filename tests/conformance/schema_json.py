"""JSON Schema as the descriptions need it: closed objects, strict types, one problem for each property.

Two keywords are our own. `forbidden` marks a property that must be absent, and its value is the reason (`readOnly`,
`secret`). `additionalProperties` and `required` report each property at its own place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, TypeChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Schema = dict[str, Any]

# The `rule` of a problem, if it differs from the broken keyword.
_RULES = {"additionalProperties": "unknown", "const": "enum", "minimum": "range", "maximum": "range"}

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One violation in a value. `where` is a path of property names, with `[]` for the elements of a list."""

    rule: str
    where: str
    what: str


def find_problems(validator: Validator, value: Any) -> list[Problem]:
    """Return all problems of a JSON value, in a fixed order; a problem of many list elements only once."""
    return sorted({_to_problem(error) for error in validator.iter_errors(value)})


def validators_for(name: str, definitions: Mapping[str, Schema]) -> Registry[Any]:
    """Return the definitions under one address, which `reference` points into."""
    resource: Resource[Any] = Resource(contents={"$defs": dict(definitions)}, specification=DRAFT202012)
    return Registry().with_resource(f"{name}:", resource)


def reference(name: str, definition: str) -> Schema:
    """Return a schema that refers to the definition, among those that `validators_for(name, ..)` holds."""
    return {"$ref": f"{name}:#/$defs/{definition}"}


def validator_of(schema: Schema, registry: Registry[Any] | None = None) -> Validator:
    """Return a validator that knows the keywords above and checks formats."""
    return _Strict(schema, registry=registry or Registry(), format_checker=_FORMATS)


@cache
def is_date_time(text: str) -> bool:
    """Return True for a moment in the form of RFC 3339, with up to Azure's seven decimals."""
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _to_problem(error: ValidationError) -> Problem:
    where = ""
    for part in error.absolute_path:
        where += "[]" if isinstance(part, int) else f".{part}"
    rule = str(error.validator_value if error.validator == "forbidden" else error.validator)
    return Problem(_RULES.get(rule, rule), where.removeprefix("."), error.message[:200])


def _additional(validator: Validator, allowed: Any, instance: Any, schema: Schema) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for name in sorted(instance.keys() - schema.get("properties", {}).keys()):
        if allowed is False:
            yield ValidationError(f"{name!r} is not known: {instance[name]!r}", path=(name,))
        else:
            yield from validator.descend(instance[name], allowed, path=name)


def _required(validator: Validator, names: list[str], instance: Any, schema: Schema) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name in names:
            if name not in instance:
                yield ValidationError(f"{name!r} is missing", path=(name,))


def _forbidden(validator: Validator, reason: str, instance: Any, schema: Schema) -> Iterator[ValidationError]:
    yield ValidationError(f"must be absent ({reason}): {instance!r}")


def _is_integer(checker: TypeChecker, instance: Any) -> bool:
    return isinstance(instance, int) and not isinstance(instance, bool)


_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time")
def _check_date_time(value: object) -> bool:
    return not isinstance(value, str) or is_date_time(value)


_Strict = extend(
    Draft202012Validator,
    {"additionalProperties": _additional, "required": _required, "forbidden": _forbidden},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)
