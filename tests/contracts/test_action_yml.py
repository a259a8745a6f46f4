"""action.yml, the contract with users, matches the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.vocabulary import ACTION
from vmss_upgrade.inputs import INPUTS
from vmss_upgrade.inputs.account import ENVIRONMENTS
from vmss_upgrade.inputs.operation import OPERATIONS
from vmss_upgrade.inputs.policy import PROTECTED_INSTANCES, STOPPED_INSTANCES
from vmss_upgrade.reporters.outputs import as_outputs
from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.policy import (
    BAKE_TIME,
    BAKE_TIME_WITHOUT_SIGNAL,
    DEFAULT_BATCH_SIZE,
    DEFAULT_MIN_HEALTHY,
    HealthUse,
    OnFailure,
    Strategy,
)

VALUES: dict[str, list[str]] = {
    "environment": list(ENVIRONMENTS),
    "operation": list(OPERATIONS),
    "on-failure": [what.value for what in OnFailure],
    "strategy": [strategy.value for strategy in Strategy],
    "protected-instances": list(PROTECTED_INSTANCES),
    "stopped-instances": list(STOPPED_INSTANCES),
    "health": [use.value for use in HealthUse],
}
PROJECT = Path(__file__).resolve().parents[2]


def quoted(description: str) -> set[str]:
    """Return the words in backticks."""
    return set(re.findall(r"`([^`]+)`", description))


def default_in(description: str) -> str:
    """Return the value that the last sentence of a description calls the default; empty if none does."""
    found = re.search(r" Default: `([^`]+)`\.$", description)
    return found[1] if found else ""


def test_inputs_and_their_defaults() -> None:
    assert {name: default_in(given["description"]) for name, given in ACTION["inputs"].items()} == dict(INPUTS)
    assert list(ACTION["inputs"]) == list(INPUTS), "in the same order"


def test_no_default_is_passed_by_the_runner() -> None:
    """It would look as if the author had written it, and win over the configuration file."""
    assert [name for name, given in ACTION["inputs"].items() if set(given) != {"description"}] == []


@pytest.mark.parametrize(
    ("description", "default"),
    [("How. Default: `20m`.", "20m"), ("How. Default: 1h, or `timeout`.", ""), ("`a`. Default: `b`. More.", "")],
)
def test_a_default_is_the_last_sentence(description: str, default: str) -> None:
    assert default_in(description) == default


def test_outputs() -> None:
    assert list(ACTION["outputs"]) == list(as_outputs(Report(), ""))


def test_outcomes() -> None:
    assert quoted(ACTION["outputs"]["outcome"]["description"]) == {outcome.value for outcome in Outcome}


def test_values_to_choose_from_are_named() -> None:
    for name, values in VALUES.items():
        assert set(values) <= quoted(ACTION["inputs"][name]["description"]), name
        assert INPUTS[name] in values, name


def test_defaults_that_the_code_has_are_described() -> None:
    shares = {"batch-size": f"{DEFAULT_BATCH_SIZE}", "min-healthy": f"{DEFAULT_MIN_HEALTHY}"}
    times = f"{BAKE_TIME:.0f}s with a health signal, {BAKE_TIME_WITHOUT_SIGNAL / 60:.0f}m without"
    for name, default in {**shares, "bake-time": times}.items():
        assert re.search(rf"Default:.* {default}|Default: {default}", ACTION["inputs"][name]["description"]), name


def test_everything_has_a_description() -> None:
    described = {"the action": ACTION, **ACTION["inputs"], **ACTION["outputs"]}
    assert [name for name, given in described.items() if len(given.get("description", "").split()) < 3] == []


def test_inputs_named_in_descriptions_exist() -> None:
    words = set().union(*(quoted(given["description"]) for given in ACTION["inputs"].values()))
    named = {word for word in words if re.fullmatch(r"[a-z]+(-[a-z]+)+", word)}
    values = {value for allowed in VALUES.values() for value in allowed}
    assert named - set(INPUTS) - values <= {"timeout-minutes", "id-token", "plan-hash"}


ENTRYPOINTS = {"main": ACTION["runs"]["entrypoint"], "post": ACTION["runs"]["post-entrypoint"]}


def test_it_runs_in_the_container_made_from_the_dockerfile() -> None:
    main, post = ENTRYPOINTS.values()
    assert ACTION["runs"] == {"using": "docker", "image": "Dockerfile", "entrypoint": main, "post-entrypoint": post}
    dockerfile = (PROJECT / "Dockerfile").read_text()
    assert json.loads(re.findall(r"^ENTRYPOINT (.*)$", dockerfile, re.MULTILINE)[0]) == [main]
    assert f"chmod 755 {main} {post} " in dockerfile


@pytest.mark.parametrize("entrypoint", ENTRYPOINTS.values(), ids=ENTRYPOINTS)
def test_an_entry_point_is_executed_isolated_and_unbuffered(entrypoint: str) -> None:
    """The kernel passes only one argument to a script's interpreter."""
    folder, _, file = entrypoint.rpartition("/")
    assert re.search(rf"^COPY .*\b{file}( .*)? {folder}/$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    assert (PROJECT / file).read_text().startswith("#!/opt/venv/bin/python -Iu\n")
    assert (PROJECT / file).stat().st_mode & 0o111 == 0o111, "git and most copies keep this mode"
