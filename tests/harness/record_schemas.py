"""The schemas of the records that a fleet's plan and report write, as docs/ has them."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

_DOCS = Path(__file__).resolve().parents[2] / "docs"


@cache
def schema_of(name: str) -> dict[str, Any]:
    """Return docs/NAME.schema.json."""
    schema: dict[str, Any] = json.loads((_DOCS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return schema


@cache
def _closed(name: str) -> Draft202012Validator:
    """Return a judge who knows no key that the schema does not describe, although a reader must accept one."""
    schema = deepcopy(schema_of(name))
    _close(schema)
    return Draft202012Validator(schema)


def _close(part: Any) -> None:
    if isinstance(part, dict):
        if "properties" in part and part.get("type") == "object":
            part["additionalProperties"] = False
        for each in list(part.values()):
            _close(each)


def complaints(name: str, record: Any) -> list[str]:
    """Return what the schema has against a record, also keys that it does not describe."""
    return [f"{error.json_path}: {error.message}" for error in _closed(name).iter_errors(record)]


def fitting(name: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return a record that was written, once it is known to fit its schema."""
    assert complaints(name, record) == []
    return record
