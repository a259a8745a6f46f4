"""docs/outside-github.md and the examples for other pipelines: their commands are run as they stand, by a stand-in."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from vmss_upgrade import __version__
from vmss_upgrade.__main__ import environment
from vmss_upgrade.inputs import INPUTS, Inputs, parse_inputs
from vmss_upgrade.inputs.flags import read_action, read_command_line
from vmss_upgrade.inputs.operation import OPERATIONS
from vmss_upgrade.rollout.order import Command

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "outside-github.md").read_text(encoding="utf-8")
GITLAB: dict[str, Any] = yaml.safe_load((PROJECT / "examples/gitlab-ci/gitlab-ci.yml").read_text())
PIPELINE: dict[str, Any] = yaml.safe_load((PROJECT / "examples/azure-pipelines/azure-pipelines.yml").read_text())
[STEPS] = [job["steps"] for job in PIPELINE["jobs"]]
[ROLL_OUT] = [step for step in STEPS if "task" in step]
GUID = "00000000-0000-0000-0000-0000000000c1"
SIGN_IN = {"AZURE_CLIENT_SECRET": "not-a-secret", "AZURE_TENANT_ID": GUID, "AZURE_CLIENT_ID": GUID}
VALUES = {"$SUBSCRIPTION": GUID, "$TENANT": GUID, "$CLIENT": GUID}

RECORDER = '#!/bin/sh\nfor word in "$@"; do printf "%s\\0" "$word"; done > "$WORDS"\n'
AZ = f"#!/bin/sh\necho {GUID}\n"


def run(script: str, folder: Path, program: Path, environ: dict[str, str]) -> Inputs:
    """Run a script by bash in `folder`, with a stand-in for the program. Return the inputs that the program gets."""
    words = folder / "words"
    for file, text in ((program, RECORDER), (folder / "bin" / "az", AZ)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    given = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "WORDS": str(words), **environ}
    subprocess.run(["bash", "-euc", script], cwd=folder, env=given, check=True)
    return inputs_of(words.read_text().split("\0")[:-1])


def inputs_of(words: list[str]) -> Inputs:
    return parse_inputs(environment(read_command_line(words, read_action(), __version__), SIGN_IN))


@pytest.mark.parametrize("operation", next(p for p in PIPELINE["parameters"] if p["name"] == "operation")["values"])
def test_the_example_for_azure_pipelines_starts_the_program(operation: str, tmp_path: Path) -> None:
    environ = {"AGENT_TEMPDIRECTORY": str(tmp_path / "temp"), "OPERATION": operation, "VERSION": "latest"}
    program = tmp_path / "temp" / "vmss-upgrade" / "bin" / "vmss-upgrade"
    inputs = run(ROLL_OUT["inputs"]["inlineScript"], tmp_path, program, environ)
    assert inputs.order.command is Command(operation)
    assert (inputs.account.subscription_id, inputs.files.record) == (GUID, "rollout.json")
    assert set(ROLL_OUT["env"]) == {"OPERATION", "VERSION", "SYSTEM_ACCESSTOKEN"}


@pytest.mark.parametrize("job", [name for name in GITLAB if not name.startswith(".")])
def test_the_example_for_gitlab_starts_the_program(job: str, tmp_path: Path) -> None:
    template = GITLAB[GITLAB[job]["extends"]]
    environ = template["variables"] | GITLAB[job]["variables"]
    inputs = run("\n".join(template["script"]), tmp_path, tmp_path / ".vmss-upgrade" / "bin" / "vmss-upgrade", environ)
    assert inputs.order.command is Command(job)
    made = {inputs.files.record, inputs.files.summary, inputs.files.replay}
    assert set(template["artifacts"]["paths"]) == made


def test_a_job_may_take_longer_than_a_rollout() -> None:
    assert INPUTS["timeout"] == "5h30m"
    assert GITLAB[".rollout"]["timeout"] == "6h"
    assert [job["timeoutInMinutes"] for job in PIPELINE["jobs"]] == ["360"]


def commands_of_the_page() -> list[list[str]]:
    """Return the words behind each `vmss-upgrade` and each `docker run ... IMAGE`."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
    found = re.findall(r"^(?:\S*bin/)?vmss-upgrade (.*)$|^docker run .* IMAGE (.*)$", blocks, re.MULTILINE)
    return [[VALUES.get(word, word) for word in shlex.split(left or right)] for left, right in found]


def test_every_command_of_the_page_is_one() -> None:
    demo, of_the_image, plan = commands_of_the_page()
    assert demo == ["demo"]
    assert read_command_line(of_the_image, read_action(), __version__)["operation"] == "plan"
    assert inputs_of(plan).files.record == "rollout.json"


def test_the_page_names_every_operation() -> None:
    [sentence] = re.findall(r"The operations are (.*?)\.", PAGE, re.DOTALL)
    assert re.findall(r"`([a-z-]+)`", sentence) == list(OPERATIONS)


def test_every_link_of_the_page_within_the_project_leads_to_an_example() -> None:
    for link in re.findall(r"\]\(\.\./(.*?)\)", PAGE):
        assert (PROJECT / link).is_file(), link


@pytest.mark.parametrize("text", [PAGE, str(GITLAB), str(PIPELINE)], ids=["page", "gitlab", "azure-pipelines"])
def test_the_program_is_installed_from_the_major_version(text: str) -> None:
    assert re.findall(r"vmss-upgrade @ (\S+?)[\"'\\]", text) == ["git+https://github.com/org/vmss-upgrade@v1"]
