"""docs/outputs.md: its workflows can be copied, and it names what exists."""

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
from vmss_upgrade.reporters.record import as_record
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.planning.plan_hash import inputs_of
from vmss_upgrade.rollout.policy import Policy

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "outputs.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
STEPS, WORKFLOW = (yaml.safe_load(block) for block in BLOCKS)
JOBS = WORKFLOW["jobs"]
SELECTION = {"update-domains", "fault-domains", "zones", "instance-ids"}
TIMES = {"bake-time", "health-timeout", "batch-timeout", "timeout"}


@pytest.mark.parametrize("steps", [STEPS, JOBS["plan"]["steps"], JOBS["upgrade"]["steps"]])
def test_steps_use_inputs_that_exist(steps: list[dict[str, Any]]) -> None:
    used = [step for step in steps if step.get("uses", "").startswith("org/")]
    assert used
    for step in used:
        assert (step["uses"], step["id"]) == ("org/vmss-upgrade@v1", "rollout")
        assert set(step["with"]) <= set(ACTION["inputs"])


def test_outputs_that_are_read_exist() -> None:
    read = re.findall(r"steps\.rollout\.outputs\.([\w-]+)", PAGE)
    assert set(read) <= set(ACTION["outputs"])
    assert set(re.findall(r"needs\.plan\.outputs\.([\w-]+)", PAGE)) == set(JOBS["plan"]["outputs"])


def test_a_run_that_is_held_to_a_plan_has_its_inputs() -> None:
    plan, upgrade = (JOBS[name]["steps"][0]["with"] for name in ("plan", "upgrade"))
    differing = {"operation", "expect-plan", "image-version"}
    assert {name: value for name, value in plan.items() if name not in differing} == {
        name: value for name, value in upgrade.items() if name not in differing
    }


def test_the_workflow_is_one_that_github_accepts(tmp_path: Path) -> None:
    file = tmp_path / "workflow.yml"
    file.write_text(BLOCKS[1])
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_input_of_the_policy_is_named() -> None:
    how = re.findall(r"\*\*How\*\*.*?(?=\n\n)", PAGE, re.DOTALL)[0]
    assert set(re.findall(r"`([\w-]+)`", how)) == set(inputs_of(Policy())) - SELECTION - TIMES


def test_every_key_that_is_named_is_in_the_record() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE.partition("## The record")[2], re.MULTILINE)
    named = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert named
    assert named <= json.loads(json.dumps(as_record(Report()))).keys()
