"""Checks that hold after every run, however it was started."""

import json
import re
from collections import Counter
from typing import Any

import yaml

from e2e.simulator import PROJECT, Simulator

TOKEN = re.compile(r"eyJ[\w-]{10,}\.[\w-]+\.[\w-]*")


def scenario_inputs(scenario: str) -> dict[str, str]:
    """Return the inputs that a scenario was written for, without a bake: the action's clock is the real one here."""
    file = PROJECT / "src" / "azure_simulator" / "scenarios" / f"{scenario}.yml"
    inputs: dict[str, str] = yaml.safe_load(file.read_text())["inputs"]
    return {"bake-time": "0", **inputs}


def ids(outputs: dict[str, str], name: str) -> list[str]:
    """Return an output that is a JSON list of instance ids."""
    value = json.loads(outputs[name])
    assert isinstance(value, list) and all(isinstance(item, str) for item in value), f"{name}: {value}"
    return value


def headline(summary: str) -> str:
    """Return the summary's heading and the sentence below it, both of which must exist."""
    paragraphs = summary.split("\n\n")
    assert len(paragraphs) > 2, summary
    assert paragraphs[0].startswith("#") and paragraphs[1].strip(), summary
    return f"{paragraphs[0]} {paragraphs[1]}"


def assert_no_secret_in(log: str, simulator: Simulator) -> None:
    """Check that neither GitHub's request token nor the tokens it gave appear, except in the command that
    masks them.
    """
    for line in log.splitlines():
        if line.startswith("::add-mask::"):
            continue
        assert simulator.ready["oidc_request_token"] not in line
        assert not TOKEN.search(line), line


def assert_whole_set_upgraded(simulator: Simulator, version: str) -> None:
    """Check in the simulated Azure that all instances are current and healthy, a domain at a time, each
    touched once.
    """
    state = simulator.state()
    instances: list[dict[str, Any]] = state["instances"]
    assert {(each["image_version"], each["healthy"], each["upgrades"]) for each in instances} == {(version, True, 1)}
    assert state["lowest_available"] >= len(instances) - largest_domain(instances)


def assert_stopped_at_the_domain_of(simulator: Simulator, failed: str) -> None:
    """Check that no instance of a later update domain was touched, and that the failed one's domain was the last."""
    instances: list[dict[str, Any]] = simulator.state()["instances"]
    touched = {each["update_domain"] for each in instances if each["upgrades"]}
    [domain] = [each["update_domain"] for each in instances if each["instance_id"] == failed]
    assert touched == set(range(domain + 1))
    assert domain < max(each["update_domain"] for each in instances), "the scenario proves nothing"


def largest_domain(instances: list[dict[str, Any]]) -> int:
    return max(Counter(each["update_domain"] for each in instances).values())
