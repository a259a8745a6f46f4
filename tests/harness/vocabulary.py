"""The vocabulary of action.yml: inputs, their choices, outputs, outcomes."""

import re
from pathlib import Path

import yaml

_ACTION = yaml.safe_load((Path(__file__).resolve().parents[2] / "action.yml").read_text(encoding="utf-8"))
_WITH_CHOICES = (
    "operation", "on-failure", "environment", "strategy", "health", "allow-downtime", "suspend-repairs",
    "protected-instances", "stopped-instances",
)  # fmt: skip

INPUTS: tuple[str, ...] = tuple(_ACTION["inputs"])
OUTPUTS: tuple[str, ...] = tuple(_ACTION["outputs"])


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"`([A-Za-z-]+)`", text))


def _choices(name: str) -> frozenset[str]:
    entry = _ACTION["inputs"][name]
    return (_words(entry["description"]) | {entry["default"]}) - {*INPUTS}


# input -> its allowed words, as action.yml writes them
CHOICES: dict[str, frozenset[str]] = {name: _choices(name) for name in _WITH_CHOICES}
OUTCOMES = _words(_ACTION["outputs"]["outcome"]["description"])
