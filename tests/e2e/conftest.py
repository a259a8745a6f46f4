"""The image is built once for all tests; each test gets its own simulated Azure and its own runner."""

import fcntl
import ipaddress
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from e2e.copied_workflow import ACTION_IMAGE, JOB_DOCKERFILE, JOB_IMAGE, Repository, copy_action
from e2e.docker_cli import docker
from e2e.named_azure import serving_by_name, set_id
from e2e.runner import Runner, Way
from e2e.simulator import PROJECT, Simulator, serving

IMAGE = "vmss-upgrade:e2e"
Copy = Callable[..., Repository]
LOCK = Path(tempfile.gettempdir()) / "vmss-upgrade-e2e.lock"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: the test measures real seconds, so nothing else may run beside it")
    config.addinivalue_line("markers", "example: a copied workflow; it waits for whole bake times, beside the others")


@pytest.fixture(scope="session")
def image() -> str:
    """Return the action's image, built as a runner builds it: no arguments, no target, any builder.

    One process builds it, and the others find each layer built. E2E_IMAGE names one to pull instead.
    """
    if released := os.environ.get("E2E_IMAGE"):
        docker("pull", "--quiet", released)
        return released
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        docker("build", "--quiet", "-t", IMAGE, "-f", str(PROJECT / "Dockerfile"), str(PROJECT))
    return IMAGE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.config.getoption("collectonly"):  # as in other tests, which run without Docker
        return
    try:
        size = docker("image", "ls", "--format", "{{.Size}}", IMAGE)
    except (OSError, CalledProcessError):  # the tests of pages need no Docker
        return
    measured = [
        f"{name} {value}"
        for report in terminalreporter.stats.get("passed", ())
        for name, value in report.user_properties
    ]
    terminalreporter.write_line(f"image size: {', '.join([size or 'none was built', *measured])} ({IMAGE})")


@pytest.fixture(scope="session")
def bridge() -> str:
    """Return the host's address on Docker's bridge, the only one of its addresses that a container can rely on.

    It is the first of the network; Docker does not report the gateway of a new bridge.
    """
    network = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}")
    return str(next(ipaddress.ip_network(network).hosts()))


@pytest.fixture
def serve(bridge: str, tmp_path: Path) -> Iterator[Callable[[str], Simulator]]:
    """Return serve(scenario): a simulated Azure that ends with the test."""
    with ExitStack() as servers:
        yield lambda scenario: servers.enter_context(serving(scenario, host=bridge, folder=tmp_path))


@pytest.fixture
def job(image: str, tmp_path: Path) -> Iterator[Callable[[Simulator, Way], Runner]]:
    """Return job(simulator, way): the runner of one job, with its own folders, which are removed after the test."""
    numbers = count(1)
    with ExitStack() as runners:

        def make(simulator: Simulator, way: Way) -> Runner:
            runner = Runner(tmp_path / f"job-{next(numbers)}", simulator, way, image)
            runners.callback(runner.close)
            return runner

        yield make


@pytest.fixture(scope="session")
def images(image: str) -> None:
    """Make the image of the jobs, and give the action's image, built once, the name by which act looks for it."""
    docker("tag", image, ACTION_IMAGE)
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(
            ["docker", "build", "--quiet", "-t", JOB_IMAGE, "-"], input=JOB_DOCKERFILE, text=True, check=True
        )


@pytest.fixture
def copy(images: None, tmp_path: Path) -> Iterator[Copy]:
    """Return copy(files, scale sets): a repository with the workflows of these files, and an Azure with these sets."""
    with ExitStack() as servers:

        def make(files: dict[str, str], sets: dict[str, str]) -> Repository:
            azure = servers.enter_context(serving_by_name(sets, tmp_path))
            copy_action(tmp_path / "action")
            account = azure.coordinates
            variables = {
                "SCALE_SET_ID": set_id("my-scale-set"),
                "AZURE_SUBSCRIPTION_ID": account["subscription"],
                "AZURE_TENANT_ID": account["tenant"],
                "AZURE_CLIENT_ID": account["client_id"],
            }
            repository = Repository(tmp_path / "repository", tmp_path / "action", azure, variables)
            for name, text in files.items():
                repository.add(name, text)
            return repository

        yield make
