"""The body types of api-version 2026-04-01 from Bicep, as JSON Schema.

Two parts of a resource's type belong to the template language and not to the wire, and are omitted: the property
`apiVersion`, and the fixed text of a `name`. A request here is a PATCH, so no property is required.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jsonschema.protocols import Validator

from schema_json import Schema, reference, validator_of, validators_for

Direction = Literal["patch", "answer"]

_REQUIRED, _READ_ONLY, _WRITE_ONLY = 1, 2, 4
_FLAGS = _REQUIRED | _READ_ONLY | _WRITE_ONLY | 8  # 8 concerns only templates


class BicepTypes:
    """The types of one file."""

    def __init__(self, file: Path) -> None:
        self._types: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        self._converters: dict[str, Callable[[dict[str, Any], Direction], Schema]] = {
            "AnyType": lambda _, __: {},
            "ArrayType": self._array,
            "BooleanType": lambda _, __: {"type": "boolean"},
            "IntegerType": lambda each, _: {
                "type": "integer",
                **({"minimum": each["minValue"]} if "minValue" in each else {}),
                **({"maximum": each["maxValue"]} if "maxValue" in each else {}),
            },
            "ObjectType": self._object,
            "StringLiteralType": lambda each, _: {"type": "string", "enum": [each["value"]]},
            "StringType": lambda _, __: {"type": "string"},
            "UnionType": self._union,
        }

    @cached_property
    def resource_types(self) -> dict[str, str]:
        """The described resources: their type without the provider, and their definition's name."""
        resources = (each for each in self._types if each["$type"] == "ResourceType")
        return {
            each["name"].partition("/")[2].partition("@")[0]: str(_index(each["body"]))
            for each in resources
            if each["name"].startswith("Microsoft.Compute/")
        }

    def validator(self, resource_type: str, direction: Direction) -> Validator:
        """Return the validator for a resource of this type. Raises KeyError if it is not described."""
        address = f"bicep-{direction}"
        return validator_of(reference(address, self.resource_types[resource_type]), self._registries[direction])

    def definitions(self, direction: Direction) -> dict[str, Schema]:
        """Return every type by its number."""
        roots = set(self.resource_types.values())
        return {
            str(index): self._converted(each, direction) if str(index) not in roots else self._root(each, direction)
            for index, each in enumerate(self._types)
            if not each["$type"].startswith("Resource")
        }

    @cached_property
    def _registries(self) -> dict[Direction, Any]:
        directions: tuple[Direction, ...] = ("patch", "answer")
        return {each: validators_for(f"bicep-{each}", self.definitions(each)) for each in directions}

    def _converted(self, written: dict[str, Any], direction: Direction) -> Schema:
        return self._converters[written["$type"]](written, direction)

    def _root(self, written: dict[str, Any], direction: Direction) -> Schema:
        schema = self._object(written, direction)
        schema["properties"] = {**schema["properties"], "name": {"type": "string"}}
        del schema["properties"]["apiVersion"]
        schema["required"] = [name for name in schema["required"] if name != "apiVersion"]
        return schema

    def _object(self, written: dict[str, Any], direction: Direction) -> Schema:
        properties = written["properties"]
        schema: Schema = {
            "type": "object",
            "properties": {name: self._property(each, direction) for name, each in properties.items()},
            "required": [name for name, each in properties.items() if each["flags"] & _REQUIRED],
            "additionalProperties": False,
        }
        if direction == "patch":
            schema["required"] = []
        if "additionalProperties" in written:
            schema["additionalProperties"] = self._reference(written["additionalProperties"], direction)
        return schema

    def _property(self, written: dict[str, Any], direction: Direction) -> Schema:
        flags = written["flags"]
        assert not flags & ~_FLAGS, f"a flag that is not understood here: {flags}"
        if flags & _READ_ONLY and direction == "patch":
            return {"forbidden": "readOnly"}
        if flags & _WRITE_ONLY and direction == "answer":
            return {"forbidden": "writeOnly"}
        return self._reference(written["type"], direction)

    def _array(self, written: dict[str, Any], direction: Direction) -> Schema:
        least = {"minItems": written["minLength"]} if "minLength" in written else {}
        return {"type": "array", "items": self._reference(written["itemType"], direction), **least}

    def _union(self, written: dict[str, Any], direction: Direction) -> Schema:
        """Return the schema of a union. Literals: one of them. With `string` among them: an open enum, so any text."""
        elements = [self._types[_index(each)] for each in written["elements"]]
        kinds = {each["$type"] for each in elements}
        assert kinds <= {"StringLiteralType", "StringType"}, f"a union that is not understood here: {kinds}"
        if "StringType" in kinds:
            return {"type": "string"}
        return {"type": "string", "enum": [each["value"] for each in elements]}

    def _reference(self, written: dict[str, str], direction: Direction) -> Schema:
        return reference(f"bicep-{direction}", str(_index(written)))


def _index(written: dict[str, str]) -> int:
    return int(written["$ref"].removeprefix("#/"))
