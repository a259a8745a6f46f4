"""examples/workflows: whole workflows that are safe to copy. `make check` lints them, `make e2e` runs them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8"))
TEXTS = {file.name: file.read_text(encoding="utf-8") for file in sorted((PROJECT / "examples" / "workflows").iterdir())}
WORKFLOWS: dict[str, dict[Any, Any]] = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
OURS = "org/vmss-upgrade@v1"
FLEET = "org/vmss-upgrade/.github/workflows/fleet.yml@v1"
CALLED = yaml.safe_load((PROJECT / ".github" / "workflows" / "fleet.yml").read_text(encoding="utf-8"))

every_example = pytest.mark.parametrize("name", WORKFLOWS)


def problems_of(workflow: dict[Any, Any]) -> list[str]:
    """Return what is not safe, or does not exist, in a workflow."""
    problems = [] if workflow.get("permissions") == {} else ["the workflow grants permissions to every job"]
    for job_name, job in workflow["jobs"].items():
        if "uses" in job:
            problems += [f"{job_name} {problem}" for problem in problems_of_call(job)]
            continue
        mine = [step for step in job["steps"] if step.get("uses") == OURS]
        if len(mine) != 1:
            problems.append(f"{job_name} uses the action {len(mine)} times")
        if job.get("permissions", {}).get("id-token") != "write":
            problems.append(f"{job_name} cannot sign in")
        if (job.get("concurrency") or {}).get("cancel-in-progress") is not False:
            problems.append(f"{job_name} can run beside another rollout, or be cancelled by one")
        if "environment" not in job:
            problems.append(f"{job_name} has no environment, so its subject differs from branch to branch")
        writes = mine and mine[0]["with"].get("operation") != "plan"
        if writes and "timeout" not in mine[0]["with"] and job["timeout-minutes"] <= 330:
            problems.append(f"{job_name} ends before the default of `timeout`")
        unknown = {key for step in mine for key in step["with"]} - ACTION["inputs"].keys()
        problems += [f"no such input: {key}" for key in sorted(unknown)]
        read = {
            output for step in mine for output in re.findall(rf"steps\.{step.get('id')}\.outputs\.([\w-]+)", str(job))
        }
        problems += [f"no such output: {output}" for output in sorted(read - ACTION["outputs"].keys())]
        for step in job["steps"]:
            if "${{" in step.get("run", ""):
                problems.append(f"{job_name} puts a value into a script")
            if step.get("uses", OURS) != OURS and not re.search(r"@[0-9a-f]{40}$", step["uses"]):
                problems.append(f"{step['uses']} is not named by commit")
    return problems


def problems_of_call(job: dict[Any, Any]) -> list[str]:
    """Return what is not safe, or does not exist, in a job that calls the fleet."""
    problems = [] if job["uses"] == FLEET else [f"calls {job['uses']}"]
    if job.get("permissions") != {"contents": "read", "id-token": "write"}:
        problems.append("grants less than is needed, or more")
    concurrency = job.get("concurrency") or {}
    if concurrency.get("cancel-in-progress") is not False:
        problems.append("can run beside another fleet, or be cancelled by one")
    if str(concurrency.get("group", "")).startswith("vmss-"):
        problems.append("waits for itself, if a scale set has that name")
    if "environment" not in job.get("with", {}):
        problems.append("has no environment, so its subject differs from branch to branch")
    unknown = job.get("with", {}).keys() - CALLED[True]["workflow_call"]["inputs"].keys()
    return problems + [f"gives what the fleet does not take: {key}" for key in sorted(unknown)]


@every_example
def test_an_example_is_safe_to_copy(name: str) -> None:
    assert problems_of(WORKFLOWS[name]) == []


def test_each_problem_is_found() -> None:
    step = {"uses": OURS, "id": "rollout", "with": {"image-versoin": "${{ inputs.version }}"}}
    shell = {"run": "echo ${{ steps.rollout.outputs.headlin }}"}
    job = {"timeout-minutes": 60, "steps": [step, step, shell, {"uses": "actions/upload-artifact@v7"}]}
    assert len(problems_of({"jobs": {"rollout": job}})) == 10
    call = {"uses": f"{FLEET}.2", "concurrency": {"group": "vmss-fleet"}, "with": {"wave": 1}}
    assert len(problems_of({"permissions": {}, "jobs": {"fleet": call}})) == 6


# a person who sets these decides what runs on every instance, or who learns of it
NO_INPUTS = ("before-batch-url", "after-batch-url", "probe-url", "drain-command")


def taken_from_inputs(workflow: dict[Any, Any]) -> list[str]:
    """Return what a person who starts the workflow could set, although nobody should."""
    steps = [step for job in workflow["jobs"].values() for step in job.get("steps", ()) if step.get("uses") == OURS]
    given = [(name, str(step["with"].get(name, ""))) for step in steps for name in NO_INPUTS]
    return [name for name, value in given if re.search(r"\$\{\{[^}]*\b(inputs|github\.event)\b", value)]


@every_example
def test_no_address_and_no_command_comes_from_an_input(name: str) -> None:
    assert taken_from_inputs(WORKFLOWS[name]) == []


@pytest.mark.parametrize(
    "value", ["${{ inputs.url }}", "https://${{ github.event.inputs.host }}/", "${{ inputs['x'] }}"]
)
def test_an_address_from_an_input_is_found(value: str) -> None:
    step = {"uses": OURS, "with": {"probe-url": value, "before-batch-url": "https://a.test/${{ github.run_id }}"}}
    assert taken_from_inputs({"jobs": {"rollout": {"steps": [step]}}}) == ["probe-url"]


@every_example
def test_versions_of_other_actions_are_in_a_comment(name: str) -> None:
    pinned = re.findall(r"uses: (\S+@[0-9a-f]{40})(.*)", TEXTS[name])
    assert all(re.fullmatch(r" # v\d+\.\d+\.\d+", comment) for _, comment in pinned)


@pytest.mark.parametrize(("name", "first", "second"), [
    ("nightly-approval.yml", "plan", "rollout"),
    ("canary-approval.yml", "canary", "rest"),
])  # fmt: skip
def test_an_approval_stands_between_two_environments(name: str, first: str, second: str) -> None:
    jobs = WORKFLOWS[name]["jobs"]
    assert jobs[second]["environment"]["name"] == "production" != jobs[first]["environment"]
    assert jobs[second]["needs"] == first
    assert jobs[second]["if"].startswith(f"needs.{first}.outputs.outcome == '")
    [step] = jobs[second]["steps"]
    assert step["with"]["image"] == f"${{{{ needs.{first}.outputs.image }}}}"


def test_the_approved_plan_is_the_one_that_is_rolled_out() -> None:
    jobs = WORKFLOWS["nightly-approval.yml"]["jobs"]
    plan, rollout = (jobs[name]["steps"][0]["with"] for name in ("plan", "rollout"))
    of_the_plan = {"operation", "image-version"}
    assert rollout["expect-plan"] == "${{ needs.plan.outputs.plan-hash }}"
    assert {key: value for key, value in plan.items() if key not in of_the_plan} == {
        key: value for key, value in rollout.items() if key not in {"expect-plan", "image"}
    }


def test_a_fleet_of_six_takes_at_most_25_lines_of_workflow() -> None:
    assert len(TEXTS["fleet.yml"].splitlines()) <= 25


def test_the_message_and_the_record_come_however_the_run_ends() -> None:
    rollout, *after = WORKFLOWS["notify.yml"]["jobs"]["rollout"]["steps"]
    assert [step["if"].partition(" ")[0] for step in after] == ["always()", "always()"]
    kept = next(step["with"] for step in after if "uses" in step)
    fetch, rollback = WORKFLOWS["roll-back.yml"]["jobs"]["rollback"]["steps"]
    assert kept["name"].replace("${{ github.run_attempt }}", "1") == fetch["with"]["name"]
    assert rollout["with"]["report-path"] in rollback["with"]["record"]
