"""The files that tell people and GitHub how the project is kept: issue forms, nightly jobs, versions of actions."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.order import Command

PROJECT = Path(__file__).resolve().parents[2]
GITHUB = PROJECT / ".github"
FORM = {
    each["id"]: each["attributes"]
    for each in yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "rollout.yml").read_text(encoding="utf-8"))["body"]
    if "id" in each
}


def test_the_form_names_every_operation() -> None:
    assert sorted(FORM["operation"]["options"]) == sorted(command.value for command in Command)


def test_the_form_names_every_outcome() -> None:
    *outcomes, none = FORM["outcome"]["options"]
    assert outcomes == [outcome.value for outcome in Outcome]
    assert none.startswith("none ")


def test_the_form_asks_for_the_record_and_the_run() -> None:
    assert {"record", "run", "step", "version"} <= FORM.keys()


def test_an_action_has_one_version_everywhere() -> None:
    files = [*(GITHUB / "workflows").iterdir(), *(PROJECT / "examples" / "workflows").iterdir()]
    used = {
        (action.split("/")[1], commit, version)
        for file in files
        for action, commit, version in re.findall(r"uses: ([\w/-]+)@([0-9a-f]{40}) # (\S+)", file.read_text())
    }
    names = [name for name, _, _ in used]
    assert len(names) == len(set(names)), sorted(used)


def test_each_scheduled_run_of_tests_reports_its_failure() -> None:
    workflow = yaml.safe_load((GITHUB / "workflows" / "sweeps.yml").read_text(encoding="utf-8"))
    report = workflow["jobs"]["report"]
    assert report["needs"] == "sweeps"
    assert report["if"].startswith("always() && needs.sweeps.result != 'success' "), "a timeout is no failure()"
    assert report["permissions"]["issues"] == "write"


@pytest.mark.parametrize(
    ("open_issue", "asked"),
    [
        pytest.param("", "issue create --title It fails --body The log of https://run says what", id="the first night"),
        pytest.param("7", "issue comment 7 --body It failed again: https://run", id="the second night"),
    ],
)
def test_a_failure_opens_one_issue(open_issue: str, asked: str, tmp_path: Path) -> None:
    gh = tmp_path / "gh"
    gh.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\n[ "$2" != list ] || echo "{open_issue}"\n')
    gh.chmod(0o755)
    environ = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run([PROJECT / "tools" / "report-failure.sh", "It fails", "https://run"], env=environ, check=True)
    looked, acted = (tmp_path / "asked").read_text().splitlines()
    assert looked.startswith("issue list --state open")
    assert acted.startswith(asked)
