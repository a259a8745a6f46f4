"""Runs a workflow under act exactly as people copy it, with `org/vmss-upgrade@v1` being this working tree.

Not the real ones are: Azure (e2e/named_azure.py), GitHub's token service (the simulator's), the runner (act, which asks
no reviewers, and ignores environments and concurrency), and the actions in stand_ins/.
"""

import os
import re
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from e2e.act import SECONDS_FOR_A_RUN, copy_project
from e2e.named_azure import NamedAzure
from e2e.simulator import PROJECT

STAND_INS = Path(__file__).with_name("stand_ins")
# The tag that act would give the action's image: where it exists, act does not build it again for every step.
ACTION_IMAGE = "act-org-vmss-upgrade-v1-dockeraction:latest"
FLEET = Path(".github", "workflows", "fleet.yml")
# What hosted runners have and the examples use.
JOB_IMAGE = "vmss-upgrade-job:e2e"
JOB_DOCKERFILE = """
FROM python:3.13-slim-trixie
RUN apt-get update -qq && apt-get install -qq --yes --no-install-recommends curl jq
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """`exit_code` of act, which fails with any job, and its `log`."""

    exit_code: int
    log: str

    @property
    def jobs(self) -> dict[str, str]:
        """Return how each job ended that was not skipped, by its name."""
        return dict(re.findall(r"^\[[^/\]]+/([^\]]+?)\s*\] 🏁  Job (\w+)", self.log, re.MULTILINE))


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with copied workflows. `action` is the folder of `org/vmss-upgrade@v1`."""

    folder: Path
    action: Path
    azure: NamedAzure
    variables: dict[str, str]
    secrets: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        """Write the workflow `name`."""
        file = self._workflows / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def configure(self, text: str) -> None:
        """Write the configuration file of a fleet."""
        (self.folder / ".github" / "vmss-upgrade.yml").write_text(text)

    def run(self, name: str, event: str = "workflow_dispatch", attempt: int = 1, **inputs: str) -> Ran:
        """Run the workflow `name` as `event` starts it; underscores in the inputs' names are hyphens."""
        if not (self.folder / ".git").exists():
            self._make_repository()
        done = subprocess.run(
            self._command(name, event, attempt, {key.replace("_", "-"): value for key, value in inputs.items()}),
            cwd=self.folder,
            # A separate home: act asks questions if it finds no configuration, and obeys any that it finds.
            env={"PATH": os.environ["PATH"], "HOME": str(self._home), "XDG_CONFIG_HOME": str(self._home / ".config")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS_FOR_A_RUN,
        )
        return Ran(exit_code=done.returncode, log=done.stdout)

    @property
    def artifacts(self) -> Path:
        """Return the folder of the artifacts: RUN/NAME/FILE."""
        return self.folder.with_name(self.folder.name + "-artifacts")

    @property
    def _home(self) -> Path:
        return self.folder.with_name(self.folder.name + "-home")

    @property
    def _workflows(self) -> Path:
        return self.folder / ".github" / "workflows"

    def _make_repository(self) -> None:
        self.artifacts.mkdir()
        self._home.mkdir()
        identity = ["-c", "user.name=e2e", "-c", "user.email=e2e@example.invalid"]
        for arguments in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "-m", "copy"]):
            subprocess.run(["git", *arguments], cwd=self.folder, check=True)

    def _command(self, name: str, event: str, attempt: int, inputs: dict[str, str]) -> list[str]:
        azure = self.azure.coordinates
        given = {
            "env": {
                "ACTIONS_ID_TOKEN_REQUEST_URL": azure["oidc_request_url"],
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": azure["oidc_request_token"],
                "REQUESTS_CA_BUNDLE": "/trust/ca.pem",
                "GITHUB_RUN_ATTEMPT": str(attempt),
            },
            "var": self.variables,
            "secret": self.secrets | {"GITHUB_TOKEN": "a-token"},
            "input": inputs,
            "local-repository": self._local_actions(),
        }
        mounts = {self.azure.ca: "/trust/ca.pem:ro", self.azure.hosts: "/etc/hosts:ro", self.artifacts: "/artifacts"}
        command = [str(Path(sys.executable).with_name("act")), event, "-W", str(self._workflows / name)]
        command += ["-P", f"ubuntu-latest={JOB_IMAGE}", "--pull=false", "--action-offline-mode", "--no-cache-server"]
        command += [
            "--rebuild=false",
            "--rm",
            "--container-options",
            " ".join(f"-v {here}:{there}" for here, there in mounts.items()),
        ]
        for option, pairs in given.items():
            for key, value in pairs.items():
                command += [f"--{option}", f"{key}={value}"]
        return command

    def _local_actions(self) -> dict[str, str]:
        """Return the folder of each action that the workflows use."""
        text = "\n".join(file.read_text() for file in (*self._workflows.iterdir(), self.action / FLEET))
        used = set(re.findall(r"uses: ([\w-]+/[\w-]+)[\w./-]*(@\S+)", text))
        return {
            name + commit: str(self.action if name.startswith("org/") else STAND_INS / name) for name, commit in used
        }


def copy_action(target: Path) -> None:
    """Copy the project to the folder of `org/vmss-upgrade@v1`, with the workflow of fleets in words that act knows.

    act has neither `$/` nor queues, and takes no expression for `max-parallel`. It names containers after the workflow,
    and removes those with the same name.
    """
    copy_project(target)
    text = (target / FLEET).read_text()
    for unknown, known in (
        (r"uses: \$/$", "uses: org/vmss-upgrade@v1"),
        (r"^ *queue: .*\n", ""),
        (r"max-parallel: .*$", "max-parallel: 2"),
        (r"^name: fleet$", f"name: fleet-{secrets.token_hex(3)}"),
    ):
        text = re.sub(unknown, known, text, flags=re.MULTILINE)
    (target / FLEET).write_text(text)


def example(name: str) -> str:
    """Return the text of a workflow in examples/workflows."""
    return (PROJECT / "examples" / "workflows" / name).read_text(encoding="utf-8")
