"""README.md matches action.yml: the tables, and every workflow that people will copy."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.vocabulary import ACTION
from vmss_upgrade.inputs import INPUTS
from vmss_upgrade.rollout.history.outcome import Outcome

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]


def test_the_tables_are_those_of_action_yml() -> None:
    command = [sys.executable, str(PROJECT / "tools" / "readme_tables.py"), "--check"]
    assert subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_use_inputs_and_outputs_that_exist(example: Any) -> None:
    steps = [s for s in steps_of(example) if "vmss-upgrade" in s.get("uses", "")]
    assert steps
    for used in steps:
        assert set(used["with"]) <= set(INPUTS)
        assert used["uses"] == "org/vmss-upgrade@v1"
    for output in re.findall(r"steps\.rollout\.outputs\.([\w-]+)", json.dumps(example, default=str)):
        assert output in ACTION["outputs"]


def test_the_workflow_has_what_a_safe_rollout_needs() -> None:
    workflow = EXAMPLES[0]
    job = workflow["jobs"]["rollout"]
    assert set(workflow[True]) == {"workflow_dispatch", "workflow_call"}
    assert job["concurrency"]["cancel-in-progress"] is False
    assert job["permissions"] == {"id-token": "write"}
    assert job["timeout-minutes"] > 330  # longer than the default of `timeout`


def test_the_workflow_is_one_that_github_accepts(tmp_path: Path) -> None:
    file = tmp_path / "workflow.yml"
    file.write_text(re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0])
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_outcome_is_explained() -> None:
    explained = re.findall(r"^\| `([\w-]+)` \| (?:passes|fails) \|", README, re.MULTILINE)
    assert sorted(explained) == sorted(outcome.value for outcome in Outcome)


def test_the_role_is_json_with_nothing_that_deletes() -> None:
    role = json.loads(re.findall(r"```json\n(.*?)```", README, re.DOTALL)[0])
    assert not [action for action in role["Actions"] if "delete" in action.lower() or "*" in action]


def steps_of(example: Any) -> list[dict[str, Any]]:
    """Return the steps of a workflow, or of a part of one."""
    if isinstance(example, list):
        return example
    return [step for job in example["jobs"].values() for step in job["steps"]]
