"""action.yml, the contract with users, says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from vmss_upgrade.inputs import ENVIRONMENTS, INPUTS, OPERATIONS, STRATEGIES
from vmss_upgrade.reporters.outputs import OUTPUTS
from vmss_upgrade.rollout.events import Outcome

ACTION: dict[str, Any] = yaml.safe_load((Path(__file__).resolve().parents[1] / "action.yml").read_text())


def quoted(description: str) -> set[str]:
    """The words in backticks."""
    return set(re.findall(r"`([^`]+)`", description))


def test_inputs_and_their_defaults() -> None:
    assert {name: str(given.get("default", "")) for name, given in ACTION["inputs"].items()} == dict(INPUTS)
    assert list(ACTION["inputs"]) == list(INPUTS), "in the same order"


def test_outputs() -> None:
    assert tuple(ACTION["outputs"]) == OUTPUTS


def test_outcomes() -> None:
    assert quoted(ACTION["outputs"]["outcome"]["description"]) == {outcome.value for outcome in Outcome}


def test_values_to_choose_from_are_named() -> None:
    for name, values in (("environment", ENVIRONMENTS), ("operation", OPERATIONS), ("strategy", STRATEGIES)):
        assert set(values) <= quoted(ACTION["inputs"][name]["description"]), name


def test_only_what_can_never_be_left_out_is_required() -> None:
    assert [name for name, given in ACTION["inputs"].items() if given.get("required")] == ["scale-set"]


def test_nothing_is_left_unexplained() -> None:
    described = {"the action": ACTION, **ACTION["inputs"], **ACTION["outputs"]}
    assert [name for name, given in described.items() if len(given.get("description", "").split()) < 3] == []


def test_inputs_named_in_descriptions_exist() -> None:
    words = set().union(*(quoted(given["description"]) for given in ACTION["inputs"].values()))
    named = {word for word in words if re.fullmatch(r"[a-z]+(-[a-z]+)+", word)}
    assert named - set(INPUTS) <= {"update-domain", "timeout-minutes", "id-token"}


def test_it_runs_in_the_container_made_from_the_dockerfile() -> None:
    assert ACTION["runs"] == {"using": "docker", "image": "Dockerfile"}
