"""Runs a workflow with `uses: ./` under act, a second implementation of GitHub's runner.

Unlike GitHub's runner, act mounts nothing at /github, shares the network of the job's container with the action, sets
inputs under further names, and cannot cancel: it leaves the container behind.
"""

import base64
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from e2e.simulator import PROJECT, Simulator

# act fakes the checkout by copying the folder; it only needs a well-formed reference.
CHECKOUT = "actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0"
# The job's own container: any local image with bash works.
JOB_IMAGE = "python:3.13-slim-trixie"
# act builds the image, too.
SECONDS_FOR_A_RUN = 420


@dataclass(frozen=True, slots=True, kw_only=True)
class ActResult:
    """`exit_code` of act, which fails with the job; its `log`; the `outputs` that a later step saw."""

    exit_code: int
    log: str
    outputs: dict[str, str]


def run_workflow(folder: Path, simulator: Simulator, inputs: dict[str, str]) -> ActResult:
    """Copy the project to `folder`, add a workflow that uses it, and run that."""
    copy = folder / "project"
    copy_project(copy)
    workflow = copy / ".github" / "workflows" / "e2e.yml"
    workflow.write_text(yaml.safe_dump(_workflow(inputs), sort_keys=False))
    trust = folder / "trust"
    trust.mkdir()
    shutil.copy(simulator.ready["ca"], trust / "ca.pem")
    done = subprocess.run(
        _command(workflow, trust, simulator),
        cwd=copy,
        # A separate home: act asks questions if it finds no configuration, and obeys any that it finds.
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / ".config")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_FOR_A_RUN,
    )
    return ActResult(exit_code=done.returncode, log=done.stdout, outputs=_outputs_seen_later(done.stdout))


def copy_project(target: Path, *paths: str) -> None:
    """Copy what a checkout of this working tree would have, including uncommitted changes; only `paths`, if given."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths],
        cwd=PROJECT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, target / name)
    identity = ["-c", "user.name=e2e", "-c", "user.email=e2e@example.invalid"]
    for arguments in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "-m", "copy"]):
        subprocess.run(["git", *arguments], cwd=target, check=True)


def _workflow(inputs: dict[str, str]) -> dict[str, object]:
    rollout = {"id": "rollout", "uses": "./", "with": inputs}
    # In base64, so that no decoration of the log can change it.
    later = {
        "if": "always()",
        "env": {"SEEN": "${{ toJSON(steps.rollout.outputs) }}"},
        "run": 'echo "outputs=$(printf %s "$SEEN" | base64 -w0)="',
    }
    return {
        "name": f"e2e-{secrets.token_hex(3)}",  # act names containers after it, and removes those with the same name.
        "on": "workflow_dispatch",
        "jobs": {"rollout": {"runs-on": "ubuntu-latest", "steps": [{"uses": CHECKOUT}, rollout, later]}},
    }


def _command(workflow: Path, trust: Path, simulator: Simulator) -> list[str]:
    environment = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": simulator.ready["oidc_request_url"],
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": simulator.ready["oidc_request_token"],
        "AZURE_AUTHORITY_HOST": simulator.ready["authority"],
        "REQUESTS_CA_BUNDLE": "/trust/ca.pem",
    }
    command = [str(Path(sys.executable).with_name("act")), "workflow_dispatch", "-W", str(workflow)]
    command += [
        "-P",
        f"ubuntu-latest={JOB_IMAGE}",
        "--pull=false",
        "--action-offline-mode",
        "--no-cache-server",
    ]
    command += ["--rm", "--container-options", f"-v {trust}:/trust:ro"]
    for name, value in environment.items():
        command += ["--env", f"{name}={value}"]
    return command


def _outputs_seen_later(log: str) -> dict[str, str]:
    seen = re.search(r"\| outputs=([A-Za-z0-9+/]+=*)=$", log, re.MULTILINE)
    if seen is None:
        return {}
    outputs: dict[str, str] = json.loads(base64.b64decode(seen.group(1)))
    return outputs
