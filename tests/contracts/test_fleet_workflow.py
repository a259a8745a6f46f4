"""The reusable workflow of fleets: waves that are alike, few rights, and the action of its own commit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8"))
TEXT = (PROJECT / ".github" / "workflows" / "fleet.yml").read_text(encoding="utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
CALL = WORKFLOW[True]["workflow_call"]
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
PAGE = (PROJECT / "docs" / "fleets.md").read_text(encoding="utf-8")
WAVES = range(1, 7)
SIGNS_IN = {"contents": "read", "id-token": "write"}

every_wave = pytest.mark.parametrize("wave", WAVES)


def needs(job: str) -> set[str]:
    return set(JOBS[job]["needs"])


def test_the_waves_are_copies_of_the_first() -> None:
    command = [sys.executable, str(PROJECT / "tools" / "fleet_waves.py"), "--check"]
    assert subprocess.run(command).returncode == 0


@every_wave
def test_a_wave_needs_the_gates_and_checks_of_all_before_it(wave: int) -> None:
    """Those of the last one alone would not do: it may have been skipped because one before it failed."""
    before = {f"{job}-{number}" for number in range(1, wave) for job in ("gate", "check")}
    assert needs(f"gate-{wave}") == {"plan", *before}
    assert needs(f"roll-{wave}") == {"plan", f"gate-{wave}"}
    assert needs(f"check-{wave}") == {"plan", f"gate-{wave}", f"roll-{wave}"}


def test_the_report_comes_last_and_always() -> None:
    assert needs("report") == JOBS.keys() - {"report"}
    assert JOBS["report"]["if"].startswith("${{ always() && ")


@every_wave
def test_no_job_of_a_wave_asks_if_all_before_it_succeeded(wave: int) -> None:
    """GitHub skips a job without a status check of its own if any job before it, however far, was skipped."""
    for job in ("gate", "roll", "check"):
        assert re.match(r"\$\{\{ !cancelled\(\) && ", JOBS[f"{job}-{wave}"]["if"])


@every_wave
def test_reviewers_are_asked_once_and_sign_nothing_in(wave: int) -> None:
    assert (
        JOBS[f"gate-{wave}"]["environment"] == f"${{{{ fromJSON(needs.plan.outputs.waves)[{wave - 1}].environment }}}}"
    )
    assert JOBS[f"roll-{wave}"]["environment"] == "${{ inputs.environment }}"
    assert JOBS[f"gate-{wave}"]["permissions"] == JOBS[f"check-{wave}"]["permissions"] == {}


@every_wave
def test_a_failed_scale_set_does_not_cancel_the_others(wave: int) -> None:
    job = JOBS[f"roll-{wave}"]
    assert job["strategy"]["fail-fast"] is False
    assert job["concurrency"] == {
        "group": "${{ matrix.group }}",
        "cancel-in-progress": False,
        "queue": "max",
    }


def test_rights_are_few() -> None:
    assert WORKFLOW["permissions"] == {}
    granted = {name: job["permissions"] for name, job in JOBS.items() if job["permissions"]}
    assert granted == {"plan": SIGNS_IN, **{f"roll-{wave}": SIGNS_IN for wave in WAVES}}


def test_it_runs_the_action_of_its_own_commit_with_inputs_that_exist() -> None:
    assert not re.findall(r"uses: (?:\./|org/)", TEXT), "the caller's checkout, or another commit than this one"
    others = set(re.findall(r"uses: (?!\$/)(\S+)", TEXT))
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action) for action in others)
    ours = [step for job in JOBS.values() for step in job["steps"] if step.get("uses") == "$/"]
    assert len(ours) == 2 + 2 * len(WAVES)
    assert {name for step in ours for name in step.get("with", ())} <= ACTION["inputs"].keys()
    read = set(re.findall(r"steps\.(?:plan|report)\.outputs\.([\w-]+)", TEXT))
    assert read <= ACTION["outputs"].keys()


def test_no_value_is_put_into_a_script() -> None:
    assert not [step for job in JOBS.values() for step in job["steps"] if "${{" in step.get("run", "")]


def ran(step: dict[str, Any], **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a step, with values in place of its expressions."""
    return subprocess.run(["bash", "-e", "-c", step["run"]], env=environ, capture_output=True, text=True)


@every_wave
@pytest.mark.parametrize(
    ("listed", "stopped", "words"),
    [
        ("true", "false", ""),
        ("false", "false", "A secret of GitHub is in the list"),  # GitHub drops an output of a job that has one in it
        ("true", "true", "VMSS_UPGRADE_STOP is true, so wave canary does not begin"),
    ],
)
def test_a_wave_that_may_not_begin_says_why(wave: int, listed: str, stopped: str, words: str) -> None:
    (step,) = JOBS[f"gate-{wave}"]["steps"]
    assert step["env"]["LISTED"] == f"${{{{ needs.plan.outputs.matrix-{wave} != '' }}}}"
    assert step["env"]["STOPPED"] == "${{ vars.VMSS_UPGRADE_STOP == 'true' }}"
    done = ran(step, WAVE="canary", DUE="1", LISTED=listed, STOPPED=stopped)
    assert done.returncode == bool(words)
    assert ("::error::" in done.stdout) == bool(words) and words in done.stdout


@every_wave
def test_one_switch_keeps_the_jobs_of_scale_sets_from_their_work(wave: int) -> None:
    """A wave may have begun before: its jobs wait for each other."""
    first = JOBS[f"roll-{wave}"]["steps"][0]
    assert first["if"] == "vars.VMSS_UPGRADE_STOP == 'true'"
    done = ran(first)
    assert done.returncode == 1 and "::error::The variable VMSS_UPGRADE_STOP is true" in done.stdout
    assert [step.get("if") for step in JOBS[f"roll-{wave}"]["steps"][1:-1]] == [None, None], "skipped after a failure"


def test_a_job_that_runs_again_takes_any_plan() -> None:
    step = next(step for step in JOBS["roll-1"]["steps"] if step.get("uses") == "$/")
    assert step["with"]["expect-plan"] == "${{ github.run_attempt == 1 && matrix.plan-hash || '' }}"
    uploads = {
        step["with"]["name"] for job in JOBS.values() for step in job["steps"] if "upload" in str(step.get("uses"))
    }
    assert all(name.endswith("${{ github.run_attempt }}") for name in uploads), "a name is taken once in a run"


@pytest.mark.parametrize("name", ["plan", "plan.1", "plan-1", "report", "1"])
def test_no_scale_set_takes_the_name_of_the_plans_artifact(name: str) -> None:
    """A second artifact of a name fails its job, and a scale set may be called `plan`."""

    def uploaded(job: str) -> str:
        step = next(step for step in JOBS[job]["steps"] if "upload" in str(step.get("uses")))
        return str(step["with"]["name"])

    attempts = [str(attempt) for attempt in range(1, 51)]
    of_plans = {uploaded("plan").replace("${{ github.run_attempt }}", attempt) for attempt in attempts}
    of_set = uploaded("roll-1").replace("${{ matrix.name }}", name)
    assert of_plans.isdisjoint(of_set.replace("${{ github.run_attempt }}", attempt) for attempt in attempts)


@pytest.mark.parametrize("job", [*(f"check-{wave}" for wave in WAVES), "report"])
def test_no_report_counts_what_another_run_left_on_a_self_hosted_runner(job: str) -> None:
    """These jobs check nothing out, so that nothing clears their workspace."""
    steps = JOBS[job]["steps"]
    folder = "records/${{ github.run_id }}"
    assert [step["with"]["path"] for step in steps if "download" in str(step.get("uses"))] == [folder]
    ours = next(step["with"] for step in steps if step.get("uses") == "$/")
    assert ours["records"] == f"{folder}/**/*.json"
    assert all("${{ github.run_id }}" in ours[name] for name in ("report-path", "report-html") if name in ours)


def test_a_job_lasts_longer_than_its_rollout() -> None:
    assert all(JOBS[f"roll-{wave}"]["timeout-minutes"] > 330 for wave in WAVES)  # the default of `timeout`


@pytest.mark.parametrize("name", [*CALL["inputs"], *CALL["outputs"], *CALL["secrets"]])
def test_the_page_names_everything_that_a_caller_can_give_or_read(name: str) -> None:
    assert re.search(rf"`{name}`|\b{name}:", PAGE)


@pytest.mark.parametrize(("fence", "file"), [("yaml", "workflows/fleet.yml"), ("yml", "vmss-upgrade.yml")])
def test_the_page_shows_the_examples(fence: str, file: str) -> None:
    example = (PROJECT / "examples" / file).read_text(encoding="utf-8")
    assert f"```{fence}\n{example}```" in PAGE


REGIONS: dict[Any, Any] = next(
    found
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    if "region" in (found := yaml.safe_load(block))[True]["workflow_dispatch"]["inputs"]
)


def test_a_run_for_each_region_gets_the_image_of_one_plan(tmp_path: Path) -> None:
    jobs = REGIONS["jobs"]
    (step,) = jobs["start"]["steps"]
    log = tmp_path / "log"
    (tmp_path / "gh").write_text(f'#!/bin/sh\necho "$*" >>{log}\n')
    (tmp_path / "gh").chmod(0o755)
    started = ran(step, PATH=f"{tmp_path}:/usr/bin:/bin", GITHUB_REF_NAME="main", REGIONS="a b", IMAGE="p:o:s:1")
    assert started.returncode == 0, started.stderr
    command = "workflow run fleet-regions.yml --ref main -f region={} -f image=p:o:s:1"
    assert log.read_text().splitlines() == [command.format(region) for region in ("a", "b")]
    assert jobs["start"]["env"]["IMAGE"] == "${{ needs.plan.outputs.image }}" and "image" in CALL["outputs"]
    assert (jobs["plan"]["with"]["dry-run"], jobs["plan"]["if"]) == (True, "${{ !inputs.region }}")
    assert {*REGIONS[True]["workflow_dispatch"]["inputs"]} == {"image", "region"}


def test_the_fleet_of_a_region_is_called_as_one_fleet_is() -> None:
    jobs = REGIONS["jobs"]
    assert REGIONS["permissions"] == {} and jobs["start"]["permissions"] == {"actions": "write"}
    for name in ("plan", "fleet"):
        assert jobs[name]["permissions"] == SIGNS_IN
        assert jobs[name]["with"].keys() <= CALL["inputs"].keys()
        assert jobs[name]["concurrency"]["cancel-in-progress"] is False
    assert "${{ inputs.region }}" in jobs["fleet"]["concurrency"]["group"], "regions do not wait for each other"
