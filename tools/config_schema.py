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

import config_patterns as patterns  # noqa: E402

from vmss_upgrade.inputs.account import ENVIRONMENTS  # noqa: E402
from vmss_upgrade.inputs.configuration import waves  # noqa: E402
from vmss_upgrade.inputs.configuration.keys import FOR_DEFAULTS, FOR_ENTRIES, LISTS  # noqa: E402
from vmss_upgrade.inputs.names import INPUTS  # noqa: E402
from vmss_upgrade.inputs.policy import PROTECTED_INSTANCES, STOPPED_INSTANCES  # noqa: E402
from vmss_upgrade.rollout.policy import HealthUse, OnFailure, Strategy  # noqa: E402
from vmss_upgrade.rollout.zero_downtime.drain import LONGEST_TIMEOUT  # noqa: E402

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
# input -> what its duration must be besides one
DURATIONS: dict[str, dict[str, int]] = {
    **{name: {"least": 1} for name in ("health-timeout", "batch-timeout", "timeout", "hook-timeout")},
    "drain-timeout": {"least": 1, "minutes": int(LONGEST_TIMEOUT / 60)},
    "wait-for-replication": {},
}
IN_SECONDS = ("bake-time",)
SHARES = {"batch-size": 1, "surge": 1, "min-healthy": 0, "stop-after": 0}  # with the least number
COUNTS = {"canary": 0, "probe-max-failures": 1}
LARGEST = 10**9 - 1
NAME = {"type": "string", "pattern": patterns.ENTRY, "maxLength": waves.LONGEST_NAME}


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
    if name in CHOICES:
        return about | {"enum": list(CHOICES[name])}
    if name in FLAGS:
        return about | {"enum": [True, False, "true", "false"]}
    if name in DURATIONS:
        return about | _duration(**DURATIONS[name])
    if name in IN_SECONDS:
        return about | _seconds()
    if name in SHARES:
        return about | _number(patterns.SHARES, SHARES[name])
    if name in COUNTS:
        return about | _number(patterns.COUNTS, COUNTS[name])
    if name in LISTS:
        return about | _list(name)
    if name in patterns.TEXTS:
        return about | patterns.text(name, *patterns.TEXTS[name])
    return about | {"type": ["string", "number", "boolean"], "pattern": patterns.PLAIN}


def _duration(least: int = 0, minutes: int | None = None) -> dict[str, Any]:
    """Return the schema of a duration with its units; a number without one is none, but for 0."""
    pattern = {
        "pattern": patterns.duration(least=least, minutes=minutes),
        "patternErrorMessage": "Write 90s, 5m or 1h30m.",
    }
    return (
        {"type": "string", **pattern}
        if least
        else {"type": ["string", "integer"], "maximum": 0, "minimum": 0, **pattern}
    )


def _seconds(most: int | None = None) -> dict[str, Any]:
    """Return the schema of a duration that may be plain seconds."""
    with_units = patterns.duration(minutes=None if most is None else most // 60)
    return {
        "type": ["string", "integer"],
        "pattern": f"{patterns.seconds(most)}|{with_units}",
        "patternErrorMessage": "Write 90s, 5m, 1h30m or plain seconds"
        + (f", at most {most // 3600}h." if most else "."),
        "minimum": 0,
        "maximum": LARGEST if most is None else most,
    }


def _number(forms: dict[int, str], least: int, most: int = LARGEST) -> dict[str, Any]:
    return {"type": ["string", "integer"], "pattern": forms[least], "minimum": least, "maximum": most}


def _list(name: str) -> dict[str, Any]:
    """Return the schema of a list of YAML, or of a text that holds one."""
    item, items, message = patterns.LISTS[name]
    one, several = patterns.text(name, item, message), patterns.text(name, items, message)
    return {"anyOf": [several, {"type": "array", "minItems": 1, "items": one}]}


def wave() -> dict[str, Any]:
    """Return the schema of a wave."""
    tag = {"type": "string", "pattern": patterns.TAG, "patternErrorMessage": "Write NAME=VALUE, such as role=web."}
    properties = {
        "name": {"description": "Name of the wave, by which inputs name it.", **NAME, "not": {"pattern": "^[0-9]+$"}},
        "scale-sets": {
            "description": "Names of scale sets in this file.",
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": NAME,
        },
        "tag": {
            "description": "Tags, as NAME=VALUE: every scale set that bears one of them belongs to the wave.",
            "anyOf": [tag, {"type": "array", "minItems": 1, "items": tag}],
        },
        "max-parallel": {
            "description": "How many scale sets are rolled out to at once. Default: all of the wave.",
            **_number(patterns.COUNTS, 1, waves.MOST_PARALLEL),
        },
        "environment": {
            "description": "Environment of GitHub whose reviewers approve the wave.",
            "type": "string",
            "pattern": patterns.WAVE,
            "maxLength": waves.LONGEST_ENVIRONMENT,
        },
        "bake-time": {
            "description": "How long to wait after the wave before the next begins, at most 5h. Default: not at all.",
            **_seconds(int(waves.LONGEST_BAKE)),
        },
        "stop-after-failures": {
            "description": "The next wave does not begin if so many scale sets of this one did not end well.",
            **_number(patterns.COUNTS, 1),
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
