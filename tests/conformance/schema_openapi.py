"""The OpenAPI description (Swagger 2.0, api-version 2024-07-01): its operations, and its schemas as JSON Schema.

A definition becomes two schemas, because requests and answers are read differently: `readOnly` properties are forbidden
in a request, secret ones in an answer. Objects with named properties are closed, `allOf` is merged into one object, and
an enum is closed unless `x-ms-enum` says `modelAsString`. The description has no `discriminator`; that keyword, and
every other unknown one, raises an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jsonschema.protocols import Validator

from schema_json import Schema, reference, validator_of, validators_for

Direction = Literal["request", "answer"]

_SAME_IN_BOTH = ("type", "pattern", "minimum", "maximum", "minItems", "maxLength")
_SAYS_NOTHING = {
    "default",
    "description",
    "readOnly",  # of a whole definition; that of a property is read with the property
    "required",  # read with the object's members; for a parameter it is true or false
    "title",
    "x-ms-azure-resource",
    "x-ms-client-flatten",
    "x-ms-client-name",
    "x-ms-external",
    "x-ms-identifiers",
    "x-ms-mutability",
    "x-ms-secret",
}
_READ = {*_SAME_IN_BOTH, "additionalProperties", "allOf", "enum", "format", "items", "properties", "x-ms-enum"}
_OF_A_PARAMETER = {"name", "in", "x-ms-parameter-location", "schema"}
_FORMATS: dict[str, Schema] = {
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"minimum": -(2**63), "maximum": 2**63 - 1},
    "double": {},
    "date-time": {"format": "date-time"},
    "arm-id": {"pattern": "^/"},
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `parameters` has keys (path, query or header; name); header names are in lower case.

    `body` is None if none may be sent; `answers` has None for a status without a body. `pages`: a nextLink may follow.
    `examples` are files, each with `parameters` (including the body) and `responses`.
    """

    id: str
    method: str
    template: str
    version: str
    parameters: dict[tuple[str, str], Validator]
    required: frozenset[tuple[str, str]]
    body: Validator | None
    needs_body: bool
    answers: dict[str, Validator | None]
    pages: bool
    pattern: re.Pattern[str]
    examples: tuple[Path, ...] = ()


class UnknownKeyword(Exception):
    """The description uses a keyword that this module does not understand."""


class OpenApi:
    """All files of one description."""

    def __init__(self, folder: Path) -> None:
        files = [path for path in sorted(folder.rglob("*.json")) if "examples" not in path.parts]
        self._folders = {path.stem: path.parent for path in files}
        self._files = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation of every file."""
        return tuple(self._operations())

    def matching(self, method: str, path: str) -> list[Operation]:
        """Return the operations that match a request; more than one is a fault of the description."""
        return [each for each in self.operations if each.method == method and each.pattern.fullmatch(path)]

    def definitions(self, direction: Direction) -> dict[str, Schema]:
        """Return every definition of every file, for requests or for answers."""
        return {
            f"{file}.{name}": self._converted(schema, file, direction)
            for file, document in self._files.items()
            for name, schema in document.get("definitions", {}).items()
        }

    def answer_validator(self, file: str, name: str) -> Validator:
        """Return the validator for an answer of this definition."""
        return validator_of(reference("answer", f"{file}.{name}"), self._registries["answer"])

    @cached_property
    def _registries(self) -> dict[Direction, Any]:
        directions: tuple[Direction, ...] = ("request", "answer")
        return {each: validators_for(each, self.definitions(each)) for each in directions}

    def _validator(self, schema: Schema, file: str, direction: Direction) -> Validator:
        return validator_of(self._converted(schema, file, direction), self._registries[direction])

    def _operations(self) -> Iterator[Operation]:
        for file, document in self._files.items():
            for template, methods in document["paths"].items():
                for method, operation in methods.items():
                    yield self._operation(file, document["info"]["version"], template, method, operation)

    def _operation(self, file: str, version: str, template: str, method: str, written: dict[str, Any]) -> Operation:
        parameters = [self._resolved(each, file) for each in written["parameters"]]
        bodies = [(each, where) for each, where in parameters if each["in"] == "body"]
        others = [(each, where) for each, where in parameters if each["in"] != "body"]
        return Operation(
            id=written["operationId"],
            method=method.upper(),
            template=template,
            version=version,
            parameters={_key(each): self._validator(_schema_of(each), where, "request") for each, where in others},
            required=frozenset(_key(each) for each, _ in others if each.get("required")),
            body=next((self._validator(each["schema"], where, "request") for each, where in bodies), None),
            needs_body=any(each.get("required", False) for each, _ in bodies),
            answers={
                status: self._validator(answer["schema"], file, "answer") if "schema" in answer else None
                for status, answer in written["responses"].items()
            },
            pages="x-ms-pageable" in written,
            pattern=path_pattern(template),
            examples=tuple(self._folders[file] / each["$ref"] for each in written["x-ms-examples"].values()),
        )

    def _resolved(self, schema: Schema, file: str) -> tuple[Schema, str]:
        """Return the target of a `$ref` in `file`, and the file that contains it."""
        while "$ref" in schema:
            address, _, pointer = schema["$ref"].partition("#/")
            file = Path(address).stem if address else file
            kind, name = pointer.split("/")
            schema = self._files[file][kind][name]
        return schema, file

    def _converted(self, schema: Schema, file: str, direction: Direction) -> Schema:
        if "$ref" in schema:
            address, _, pointer = schema["$ref"].partition("#/definitions/")
            return reference(direction, f"{Path(address).stem if address else file}.{pointer}")
        if unknown := schema.keys() - _READ - _SAYS_NOTHING:
            raise UnknownKeyword(f"{file}: {sorted(unknown)}")
        result: Schema = {key: schema[key] for key in _SAME_IN_BOTH if key in schema}
        result |= _FORMATS[schema["format"]] if "format" in schema else {}
        if "enum" in schema and not schema.get("x-ms-enum", {}).get("modelAsString"):
            result["enum"] = schema["enum"]
        if "items" in schema:
            result["items"] = self._converted(schema["items"], file, direction)
        if "additionalProperties" in schema:
            result["additionalProperties"] = self._converted(schema["additionalProperties"], file, direction)
        if "properties" in schema or "allOf" in schema:
            result |= self._closed_object(schema, file, direction)
        return result

    def _closed_object(self, schema: Schema, file: str, direction: Direction) -> Schema:
        members = list(self._members(schema, file))
        properties = {
            name: self._property(each, where, direction)
            for part, where in members
            for name, each in part.get("properties", {}).items()
        }
        required = {name for part, _ in members for name in part.get("required", ())}
        sendable = [name for name in sorted(required) if "forbidden" not in properties[name]]
        return {"type": "object", "properties": properties, "required": sendable, "additionalProperties": False}

    def _members(self, schema: Schema, file: str) -> Iterator[tuple[Schema, str]]:
        """Return an object's parts: those from its `allOf`, then its own."""
        for part in schema.get("allOf", ()):
            yield from self._members(*self._resolved(part, file))
        yield schema, file

    def _property(self, schema: Schema, file: str, direction: Direction) -> Schema:
        """Return one property. Keys beside a `$ref` count, against the letter of Swagger, because they are intended."""
        mutability = schema.get("x-ms-mutability", ("create", "read", "update"))
        if direction == "request" and (schema.get("readOnly") or list(mutability) == ["read"]):
            return {"forbidden": "readOnly"}
        if direction == "answer" and (schema.get("x-ms-secret") or "read" not in mutability):
            return {"forbidden": "secret"}
        return self._converted(schema, file, direction)


def path_pattern(template: str) -> re.Pattern[str]:
    """Return the pattern of a template's paths. Literal segments match without regard to case, as in Azure."""
    parts = re.split(r"\{(\w+)\}", template)
    pattern = "".join(f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    return re.compile(pattern, re.IGNORECASE)


def _key(parameter: dict[str, Any]) -> tuple[str, str]:
    name = parameter["name"]
    return parameter["in"], name.lower() if parameter["in"] == "header" else name


def _schema_of(parameter: dict[str, Any]) -> Schema:
    return {key: value for key, value in parameter.items() if key not in _OF_A_PARAMETER}
