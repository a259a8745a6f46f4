"""How the container starts: by its ENTRYPOINT, by action.yml's entry point, and by the runner's hooks for Kubernetes.

`runs.entrypoint` is one file, executed; the hooks override a container's entry point anyway, and run the file in it.
"""

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.docker_cli import docker
from e2e.expectations import headline, scenario_inputs
from e2e.runner import ACTION, Runner, Way
from e2e.simulator import Simulator

Serve = Callable[[str], Simulator]
Job = Callable[[Simulator, Way], Runner]

# The runner sends the next signal after 7.5 s.
SECONDS_TO_END = 7.0
MAIN, POST = ACTION["runs"]["entrypoint"], ACTION["runs"]["post-entrypoint"]


@pytest.mark.alone
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("way", ["container", "image"])
def test_the_program_is_alone_isolated_unbuffered_and_hears_signals(
    way: Way, sent: signal.Signals, serve: Serve, job: Job
) -> None:
    simulator = serve("happy")
    runner = job(simulator, way)
    # Each of these would end Python before the program starts, were it not isolated; the workspace has an azure.py.
    runner.environ = {"PYTHONPATH": "/github/workspace", "PYTHONHOME": "/nowhere", "PYTHONSAFEPATH": ""}
    runner.start(scenario_inputs("happy"))
    runner.wait_for(lambda: bool(simulator.state()["upgrades"]))

    assert "Batch 1" in runner.log_file.read_text(), "what it printed so far is in a buffer"
    started = docker("exec", runner.name, "cat", "/proc/1/cmdline")
    assert started.rstrip("\0").split("\0") == ["/opt/venv/bin/python", "-Iu", MAIN]
    assert runner.process
    runner.process.send_signal(sent)
    result = runner.result(runner.process.wait(SECONDS_TO_END))

    assert result.outputs["outcome"] == "interrupted", result.log
    assert headline(result.summary)


def test_env_starts_it_without_a_shell(image: str) -> None:
    inputs = ["INPUT_SCALE-SET=a b", "INPUT_RESOURCE-GROUP=fleet"]
    done = subprocess.run(
        ["docker", "run", "--rm", "--entrypoint", "env", image, "GITHUB_ACTIONS=true", *inputs, MAIN],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 1
    assert "scale-set: 'a b' is not a valid name" in done.stdout
    assert "resource-group" not in done.stdout, "an input whose name has a hyphen was lost"


# From actions/runner-container-hooks, packages/k8s: run-container-step.ts copies the job's folders into a pod of the
# action's image that only waits, and executes in it this script of utils.ts, writeContainerStepScript.
SCRIPT = """#!/bin/sh -l
rm "$0" # remove script after running
mv /__w/_temp/_github_home /github/home && \\
mv /__w/_temp/_github_workflow /github/workflow && \\
mv /__w/_temp/_runner_file_commands /github/file_commands || true && \\
mv /__w/images/images/ /github/workspace && \\
cd /github/workspace && \\
exec %s  %s
"""


@pytest.fixture
def pod(image: str) -> Iterator[str]:
    """Return the container of a step, which waits."""
    waiting = ["--entrypoint", "tail", image, "-f", "/dev/null"]
    name = docker("run", "--detach", "--volume", "/github", "--workdir", "/__w", *waiting)
    yield name
    docker("rm", "--force", "--volumes", name)


@pytest.mark.parametrize("entrypoint", [MAIN, POST], ids=["main", "post"])
def test_the_hooks_for_kubernetes_start_it(entrypoint: str, serve: Serve, job: Job, pod: str, tmp_path: Path) -> None:
    simulator = serve("happy")
    runner = job(simulator, "container")
    inputs = {"scale-set": "a b", "image-id": 'with "$quotes` \\'}
    environment = runner.environment(simulator.account_inputs() | inputs) | {"REQUESTS_CA_BUNDLE": "/__w/_temp/ca.pem"}
    (runner.temp / "step.sh").write_text(SCRIPT % (script_env(environment), entrypoint))
    shutil.copytree(runner.temp, tmp_path / "__w" / "_temp")
    shutil.copytree(runner.workspace, tmp_path / "__w" / "images" / "images")
    docker("cp", f"{tmp_path / '__w'}/.", f"{pod}:/__w")

    done = subprocess.run(["docker", "exec", pod, "sh", "-e", "/__w/_temp/step.sh"], stdout=subprocess.PIPE, text=True)

    if entrypoint == POST:
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Nothing was left to do.")
        return
    assert done.returncode == 1
    assert "scale-set: 'a b' is not a valid name" in done.stdout
    assert "resource-group" not in done.stdout, "an input whose name has a hyphen was lost"
    assert "refused" in docker("exec", pod, "cat", "/github/file_commands/set_output")


def script_env(environment: dict[str, str]) -> str:
    """Quote the variables as utils.ts, scriptEnv, does."""
    for sign in ("\\", '"', "$", "`"):
        environment = {name: value.replace(sign, f"\\{sign}") for name, value in environment.items()}
    return "env " + " ".join(f'"{name}={value}"' for name, value in environment.items())
