"""Makes schema/vmss-upgrade.schema.json, with which editors complete and check a configuration file.

The inputs, their descriptions and defaults are those of action.yml, their choices those of the code. A schema sees one
value at a time: what two of them say together, and names that must exist, are left to the action.
`python tools/config_schema.py` writes it; with `--check` it only compares it, and exits with 1 if it differs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "src"))

from vmss_upgrade.inputs.account import ENVIRONMENTS  # noqa: E402
from vmss_upgrade.inputs.configuration import waves  # noqa: E402
from vmss_upgrade.inputs.configuration.keys import FOR_DEFAULTS, FOR_ENTRIES, LISTS  # noqa: E402
from vmss_upgrade.inputs.names import INPUTS  # noqa: E402
from vmss_upgrade.inputs.policy import PROTECTED_INSTANCES, STOPPED_INSTANCES  # noqa: E402
from vmss_upgrade.rollout.policy import HealthUse, OnFailure, Strategy  # noqa: E402

FILE = PROJECT / "schema" / "vmss-upgrade.schema.json"
CHOICES: dict[str, tuple[str, ...]] = {
    "environment": ENVIRONMENTS,
    "on-failure": tuple(each.value for each in OnFailure),
    "strategy": tuple(each.value for each in Strategy),
    "protected-instances": PROTECTED_INSTANCES,
    "stopped-instances": STOPPED_INSTANCES,
    "health": tuple(each.value for each in HealthUse),
}
FLAGS = tuple(name for name, default in INPUTS.items() if default == "false")
DURATIONS = (
    *("wait-for-replication", "health-timeout", "batch-timeout", "timeout", "drain-timeout", "hook-timeout"),
)  # fmt: skip
IN_SECONDS = ("bake-time",)
SHARES = {"batch-size": 1, "surge": 1, "min-healthy": 0, "stop-after": 0}  # with the least number
COUNTS = {"canary": 0, "probe-max-failures": 1}

NAME = {"type": "string", "pattern": "^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?$", "maxLength": waves.LONGEST_NAME}
# neither blank, nor with an expression of a workflow, nor with a signature
_NO_SECRET = r"^(?![\s\S]*\$\{\{)(?![\s\S]*[?&][Ss][Ii][Gg]=)"
PLAIN = rf"{_NO_SECRET}[\s\S]*\S"
DURATION = r"^(?:[Pp][Tt])?(?=[0-9])(?:[0-9]{1,9}[hH])?(?:[0-9]{1,9}[mM])?(?:[0-9]{1,9}[sS])?$"
SHARE = {
    0: r"^(?:[0-9]{1,9}|0*(?:100|[0-9]{1,2})\s*%)$",
    1: r"^(?:0*[1-9][0-9]{0,8}|0*(?:100|[1-9][0-9]?)\s*%)$",
}
ITEM = {"type": ["string", "number", "boolean"], "pattern": rf"{_NO_SECRET}[^\s,]+$"}


def main(arguments: list[str]) -> int:
    """Write or compare the schema. Return the exit code."""
    action = yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8"))
    text = json.dumps(schema_of(action["inputs"]), indent=2, ensure_ascii=False) + "\n"
    if FILE.is_file() and FILE.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in arguments:
        print(f"{FILE.name} does not match action.yml; run: python tools/config_schema.py", file=sys.stderr)
        return 1
    FILE.write_text(text, encoding="utf-8")
    return 0


def schema_of(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the schema, made from the inputs of action.yml."""
    values = {name: value_of(name, inputs[name]["description"]) for name in FOR_ENTRIES}
    references = {name: {"$ref": f"#/definitions/{name}"} for name in values}
    entry = {
        "type": ["object", "null"],
        "description": "Values of this scale set alone. Without `scale-set`, the entry has the scale set's name.",
        "additionalProperties": False,
        "properties": references,
    }
    defaults = {name: references[name] for name in FOR_DEFAULTS}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of vmss-upgrade",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            "defaults": {
                "description": "Values of inputs for every scale set.",
                **_object(defaults),
            },
            "scale-sets": {
                "description": "The scale sets, each by a name of your choice.",
                "type": "object",
                "propertyNames": NAME,
                "additionalProperties": entry,
            },
            "waves": {
                "description": "Scale sets that are rolled out to side by side, wave after wave.",
                "type": "array",
                "minItems": 1,
                "items": wave(),
            },
        },
        "definitions": values,
    }


def value_of(name: str, description: str) -> dict[str, Any]:
    """Return the schema of an input's value."""
    about: dict[str, Any] = {"description": " ".join(description.split())}
    if INPUTS[name]:
        about["default"] = INPUTS[name]
    text = {"type": ["string", "number", "boolean"], "pattern": PLAIN}
    if name in CHOICES:
        return about | {"enum": list(CHOICES[name])}
    if name in FLAGS:
        return about | {"enum": [True, False, "true", "false"]}
    if name in DURATIONS:
        return about | {"type": "string", "pattern": DURATION}
    if name in IN_SECONDS:
        return about | {"type": ["string", "integer"], "pattern": f"^[0-9]{{1,9}}$|{DURATION}", "minimum": 0}
    if name in SHARES:
        return about | {"type": ["string", "integer"], "pattern": SHARE[SHARES[name]], "minimum": SHARES[name]}
    if name in COUNTS:
        return about | {"type": ["string", "integer"], "pattern": "^[0-9]{1,9}$", "minimum": COUNTS[name]}
    if name in LISTS:
        return about | {"anyOf": [text, {"type": "array", "minItems": 1, "items": ITEM}]}
    return about | text


def wave() -> dict[str, Any]:
    """Return the schema of a wave."""
    tag = {"type": "string", "pattern": r"^\s*[^\s<>%&\\?/=][^<>%&\\?/=]*=.*$"}
    properties = {
        "name": {"description": "Name of the wave, by which inputs name it.", **NAME, "not": {"pattern": "^[0-9]+$"}},
        "scale-sets": {
            "description": "Names of scale sets in this file.",
            "type": "array",
            "minItems": 1,
            "items": NAME,
        },
        "tag": {
            "description": "Tags, as NAME=VALUE: every scale set that bears one of them belongs to the wave.",
            "anyOf": [tag, {"type": "array", "minItems": 1, "items": tag}],
        },
        "max-parallel": {
            "description": "How many scale sets are rolled out to at once. Default: all of the wave.",
            "type": "integer",
            "minimum": 1,
            "maximum": waves.MOST_PARALLEL,
        },
        "environment": {
            "description": "Environment of GitHub whose reviewers approve the wave.",
            "type": "string",
            "pattern": PLAIN,
            "maxLength": waves.LONGEST_ENVIRONMENT,
        },
        "bake-time": {
            "description": "How long to wait after the wave before the next begins, at most 5h. Default: not at all.",
            "type": ["string", "integer"],
            "pattern": f"^[0-9]{{1,9}}$|{DURATION}",
            "minimum": 0,
            "maximum": int(waves.LONGEST_BAKE),
        },
        "stop-after-failures": {
            "description": "The next wave does not begin if so many scale sets of this one did not end well.",
            "type": "integer",
            "minimum": 1,
            "default": 1,
        },
    }
    assert tuple(properties) == waves.KEYS
    return {
        **_object(properties),
        "required": ["name"],
        "anyOf": [{"required": [key]} for key in ("scale-sets", "tag")],
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
