"""Does what GitHub's runner does around a container action: environment, mounts, command files, cancellation.

It follows the runner's source (ContainerActionHandler, DockerCommandManager.DockerRun, ProcessInvoker). `python
entrypoint.py` with the same environment is the second way to run the action, which other harnesses use.
"""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import yaml

from e2e.simulator import PROJECT, Simulator

# By the entry point that action.yml names, as a runner starts it; by the ENTRYPOINT of the image; without a container.
Way = Literal["container", "image", "process"]
ACTION: dict[str, Any] = yaml.safe_load((PROJECT / "action.yml").read_text())

SECONDS_FOR_A_RUN = 300
# After a cancel the runner sends these signals to its process, and waits so many seconds after each.
CANCEL_SCHEDULE = ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 5.0))
RUNNER_UID = 1001


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The end of a run, and the contents of the files that the runner reads afterwards."""

    exit_code: int
    log: str
    outputs: dict[str, str]
    summary: str
    workspace: Path

    def commands(self, name: str) -> list[str]:
        """Return the log commands `name` as whole lines, in order."""
        return [line for line in self.log.splitlines() if line.startswith(f"::{name}")]


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The end of a cancelled run: `seconds` after the first signal; `last_signal` was the last one sent."""

    result: Result
    seconds: float
    last_signal: signal.Signals


class Runner:
    """One job's folders on the host, and the step in it that runs the action."""

    def __init__(self, folder: Path, simulator: Simulator, way: Way, image: str) -> None:
        self.way, self.image, self.simulator = way, image, simulator
        self.name = f"vmss_upgrade_e2e_{secrets.token_hex(3)}"
        self.temp, self.workspace = folder / "_temp", folder / "workspace"
        self.home, self.workflow = self.temp / "_github_home", self.temp / "_github_workflow"
        self.commands = self.temp / "_runner_file_commands"
        self.log_file = folder / "step.log"
        self.environ: dict[str, str] = {}  # variables of the job, which override the runner's
        self.process: subprocess.Popen[bytes] | None = None
        self._make_folders()

    def run(self, inputs: dict[str, str] | None = None) -> Result:
        """Run the action to its end."""
        self.start(inputs or {})
        return self.run_to_its_end()

    def run_to_its_end(self) -> Result:
        """Wait until the step that was started has ended by itself."""
        return self.result(self._running().wait(SECONDS_FOR_A_RUN))

    def run_post(self, inputs: dict[str, str] | None = None) -> Result:
        """Run the post step to its end, with the main step's saved state and its own files."""
        state = parse_outputs((self.commands / "save_state").read_text())
        for name in ("set_output", "step_summary"):
            (self.commands / name).write_text("")
        self.start(inputs or {}, state={f"STATE_{name}": value for name, value in state.items()}, post=True)
        return self.result(self._running().wait(SECONDS_FOR_A_RUN))

    def save_state(self, text: str) -> None:
        """Save the text that a main step wrote into its state file."""
        (self.commands / "save_state").write_text(text)

    def start(self, inputs: dict[str, str], *, state: dict[str, str] | None = None, post: bool = False) -> None:
        """Start the step; its standard output and error go to one file, as on a runner."""
        environment = (state or {}) | self.environment(self.simulator.account_inputs() | inputs) | self.environ
        entrypoint = ACTION["runs"]["post-entrypoint" if post else "entrypoint"]
        if self.way == "process":
            script = PROJECT / PurePosixPath(entrypoint).name
            command, given = [sys.executable, str(script)], _host_basics() | environment
        else:
            # Values come from the environment of Docker's command line; a runner never writes them into the arguments.
            named = entrypoint if self.way == "container" or post else ""
            command, given = self._docker_run(list(environment), named), dict(os.environ) | environment
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=given, cwd=self.workspace, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def cancel(self, *, first: signal.Signals = signal.SIGINT) -> Cancelled:
        """Cancel as the runner does, from signal `first` on: it signals only the process that it started."""
        process, began = self._running(), time.monotonic()
        signals = [sent for sent, _ in CANCEL_SCHEDULE]
        for sent, patience in CANCEL_SCHEDULE[signals.index(first) :]:
            process.send_signal(sent)
            try:
                exit_code = process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            return Cancelled(self.result(exit_code), time.monotonic() - began, sent)
        raise AssertionError("the step outlived its cancellation")

    def kill(self) -> None:
        """Kill the action itself, as a machine without memory does: it gets no signal, and writes nothing."""
        if self.way != "process":
            subprocess.run(["docker", "kill", self.name], check=True, capture_output=True)
        else:
            self._running().kill()
        self._running().wait(10)

    def wait_for(self, what: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until `what` holds while the step runs."""
        deadline = time.monotonic() + seconds
        while not what():
            if self._running().poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the step did not get there:\n{self.log_file.read_text()}")
            time.sleep(0.02)

    def close(self) -> None:
        """Stop everything that still runs, however the test ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        if self.way != "process":
            subprocess.run(["docker", "rm", "--force", self.name], capture_output=True)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, "start() comes first"
        return self.process

    def container_is_running(self) -> bool:
        answer = subprocess.run(
            ["docker", "inspect", "--format", "{{.State.Running}}", self.name], capture_output=True, text=True
        )
        return answer.stdout.strip() == "true"

    def container_exists(self) -> bool:
        return subprocess.run(["docker", "inspect", self.name], capture_output=True).returncode == 0

    def result(self, exit_code: int) -> Result:
        """Read the files that the runner would read."""
        return Result(
            exit_code=exit_code,
            log=self.log_file.read_text(),
            outputs=parse_outputs((self.commands / "set_output").read_text()),
            summary=(self.commands / "step_summary").read_text(),
            workspace=self.workspace,
        )

    def _make_folders(self) -> None:
        for folder in (self.workspace, self.home, self.workflow, self.commands):
            folder.mkdir(parents=True)
        for name in ("set_output", "step_summary", "set_env", "add_path", "save_state"):
            (self.commands / name).touch(mode=0o644)
            if os.geteuid() == 0:
                # The runner is not root: only a container whose user is root can write to its files.
                os.chown(self.commands / name, RUNNER_UID, RUNNER_UID)
        (self.workflow / "event.json").write_text("{}")
        # A runner mounts nothing for a private CA; a step can put one into the job's temporary folder.
        (self.temp / "ca.pem").write_bytes(Path(self.simulator.ready["ca"]).read_bytes())
        # A job's own modules must not be imported in the action's container.
        (self.workspace / "azure.py").write_text("raise SystemExit('the workspace was imported')\n")

    def environment(self, inputs: dict[str, str]) -> dict[str, str]:
        """Return the runner's variables by name. Inputs keep their hyphens."""
        temp, workspace, home, commands, workflow = self._paths_as_seen_by_the_action()
        environment = {f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in inputs.items()}
        environment |= {
            "AZURE_AUTHORITY_HOST": self.simulator.ready["authority"],
            "REQUESTS_CA_BUNDLE": f"{temp}/ca.pem",
            "HOME": home,
            "GITHUB_ACTION": "__self",
            "GITHUB_ACTOR": "somebody",
            "GITHUB_API_URL": "https://api.github.invalid",
            "GITHUB_EVENT_NAME": "workflow_dispatch",
            "GITHUB_EVENT_PATH": f"{workflow}/event.json",
            "GITHUB_ENV": f"{commands}/set_env",
            "GITHUB_JOB": "rollout",
            "GITHUB_OUTPUT": f"{commands}/set_output",
            "GITHUB_PATH": f"{commands}/add_path",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REPOSITORY": "example/images",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": "1658821493",
            "GITHUB_SERVER_URL": "https://github.invalid",
            "GITHUB_SHA": "0" * 40,
            "GITHUB_STATE": f"{commands}/save_state",
            "GITHUB_STEP_SUMMARY": f"{commands}/step_summary",
            "GITHUB_WORKFLOW": "roll out",
            "GITHUB_WORKSPACE": workspace,
            "RUNNER_ARCH": "X64",
            "RUNNER_ENVIRONMENT": "github-hosted",
            "RUNNER_NAME": "e2e",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": temp,
            "ACTIONS_ID_TOKEN_REQUEST_URL": self.simulator.ready["oidc_request_url"],
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.simulator.ready["oidc_request_token"],
        }
        if self.way != "process":
            return environment | {"PYTHONPATH": workspace}
        return environment | {"GITHUB_ACTIONS": "true", "CI": "true"}

    def _paths_as_seen_by_the_action(self) -> tuple[str, str, str, str, str]:
        if self.way != "process":
            return (
                "/github/runner_temp",
                "/github/workspace",
                "/github/home",
                "/github/file_commands",
                "/github/workflow",
            )
        return str(self.temp), str(self.workspace), str(self.home), str(self.commands), str(self.workflow)

    def _docker_run(self, names: list[str], entrypoint: str) -> list[str]:
        command = ["docker", "run", "--name", self.name, "--label", self.name[-6:]]
        command += ["--workdir", "/github/workspace", "--rm"]
        for name in names:
            command += ["-e", name]
        command += ["-e", "GITHUB_ACTIONS=true", "-e", "CI=true"]
        if entrypoint:
            command += ["--entrypoint", entrypoint]
        for host, container in (
            ("/var/run/docker.sock", "/var/run/docker.sock"),
            (self.temp, "/github/runner_temp"),
            (self.home, "/github/home"),
            (self.workflow, "/github/workflow"),
            (self.commands, "/github/file_commands"),
            (self.workspace, "/github/workspace"),
        ):
            command += ["-v", f"{host}:{container}"]
        return [*command, self.image]


def _host_basics() -> dict[str, str]:
    """Return what a process needs from this host, without the caller's own Azure or GitHub settings."""
    return {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}


def parse_outputs(text: str) -> dict[str, str]:
    """Read a command file as the runner does: `name=value`, or `name<<DELIMITER`, lines, DELIMITER."""
    outputs: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        if heredoc := re.fullmatch(r"([^=]+?)<<(.+)", line):
            name, delimiter = heredoc.groups()
            value = []
            for part in lines:
                if part == delimiter:
                    break
                value.append(part)
            else:
                raise ValueError(f"no end of output {name}")
            outputs[name] = "\n".join(value)
        else:
            name, equals, simple = line.partition("=")
            if not equals:
                raise ValueError(f"not an output: {line}")
            outputs[name] = simple
    return outputs
