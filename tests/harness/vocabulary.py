"""The vocabulary of action.yml: inputs, their choices, outputs, outcomes."""

import re
from pathlib import Path
from typing import Any

import yaml

ACTION: dict[str, Any] = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "action.yml").read_text(encoding="utf-8")
)
_WITH_CHOICES = (
    "operation", "on-failure", "environment", "strategy", "health", "allow-downtime", "suspend-repairs",
    "protected-instances", "stopped-instances",
)  # fmt: skip

INPUTS: tuple[str, ...] = tuple(ACTION["inputs"])
OUTPUTS: tuple[str, ...] = tuple(ACTION["outputs"])


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"`([A-Za-z-]+)`", text))


def _choices(name: str) -> frozenset[str]:
    return _words(ACTION["inputs"][name]["description"]) - {*INPUTS}


# input -> its allowed words, as action.yml writes them
CHOICES: dict[str, frozenset[str]] = {name: _choices(name) for name in _WITH_CHOICES}
OUTCOMES = _words(ACTION["outputs"]["outcome"]["description"])
