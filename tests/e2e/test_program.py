"""The program outside GitHub: the wheel in an empty environment, and the image with a command line."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from e2e.expectations import assert_stopped_at_the_domain_of, assert_whole_set_upgraded, scenario_inputs
from e2e.simulator import PROJECT, Simulator, serving
from vmss_upgrade import __version__

Program = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[[str], Simulator]

SOURCES = ("LICENSE", "README.md", "action.yml", "pyproject.toml", "requirements.in")
UV = [sys.executable, "-m", "uv"]
SECRET = "e2e-secret-e2e-secret-e2e"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, made from a source distribution as `pip install` of an address makes it."""
    folder = tmp_path_factory.mktemp("build")
    for name in SOURCES:
        shutil.copy(PROJECT / name, folder)
    shutil.copytree(PROJECT / "src", folder / "src", symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([*UV, "build", "--quiet", "--out-dir", "dist"], cwd=folder, check=True)
    [made] = (folder / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the programs of an environment that holds the wheel and what it needs, and nothing else."""
    place = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([*UV, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
    install = ["pip", "install", "--quiet", "--python", str(place / "bin" / "python")]
    versions = str(PROJECT / "requirements-dev.txt")
    subprocess.run([*UV, *install, "--constraint", versions, str(wheel)], check=True)
    return place / "bin"


@pytest.fixture
def program(bin_folder: Path, tmp_path: Path) -> Program:
    """Return program(*words, **variables): `vmss-upgrade` in a folder of its own, without this project's modules."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": os.environ["PATH"], **variables}
        return subprocess.run(
            [str(bin_folder / "vmss-upgrade"), *words], env=environ, cwd=tmp_path, capture_output=True, text=True
        )

    return run


@pytest.fixture
def serve_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Return serve_here(scenario): a simulated Azure on this machine that ends with the test."""
    servers = []

    def serve(scenario: str) -> Simulator:
        servers.append(serving(scenario, host="127.0.0.1", folder=tmp_path_factory.mktemp("azure")))
        return servers[-1].__enter__()

    yield serve
    for server in servers:
        server.__exit__(None, None, None)


def flags_for(simulator: Simulator, scenario: str) -> list[str]:
    inputs = simulator.account_inputs() | {"authority-host": simulator.ready["authority"]} | scenario_inputs(scenario)
    return [word for name, value in inputs.items() for word in (f"--{name}", value)]


def signing_in(simulator: Simulator) -> dict[str, str]:
    return {"AZURE_CLIENT_SECRET": SECRET, "REQUESTS_CA_BUNDLE": simulator.ready["ca"]}


def test_the_wheel_rolls_an_image_out(serve_here: Serve, program: Program, tmp_path: Path) -> None:
    simulator = serve_here("happy")
    words = [
        "upgrade",
        *flags_for(simulator, "happy"),
        "--report-path",
        "rollout.json",
        "--report-html",
        "rollout.html",
    ]

    done = program(*words, **signing_in(simulator))

    assert done.returncode == 0, done.stdout + done.stderr
    assert not [line for line in done.stdout.splitlines() if "::" in line]
    assert SECRET not in done.stdout
    record = json.loads((tmp_path / "rollout.json").read_text())
    assert (record["outcome"], len(record["upgraded"])) == ("succeeded", 20)
    assert "20 of 20" in (tmp_path / "rollout.md").read_text()
    assert (tmp_path / "rollout.html").stat().st_size > 10_000
    assert_whole_set_upgraded(simulator, scenario_inputs("happy")["image-version"])


def test_an_unhealthy_domain_fails_it(serve_here: Serve, program: Program, tmp_path: Path) -> None:
    simulator = serve_here("sick-domain")
    words = ["upgrade", *flags_for(simulator, "sick-domain"), "--health-timeout", "15s", "--report-path", "r.json"]

    done = program(*words, **signing_in(simulator))

    assert done.returncode == 1, done.stdout + done.stderr
    [failed] = json.loads((tmp_path / "r.json").read_text())["failed"]
    assert any(line.startswith("ERROR: ") and failed in line for line in done.stdout.splitlines()), done.stdout
    assert_stopped_at_the_domain_of(simulator, failed)


def test_a_plan_writes_nothing(serve_here: Serve, program: Program) -> None:
    simulator = serve_here("happy")

    done = program("plan", *flags_for(simulator, "happy"), **signing_in(simulator))

    assert done.returncode == 0, done.stdout + done.stderr
    assert {request["method"] for request in simulator.state()["requests"]} == {"GET", "POST"}
    assert simulator.state()["upgrades"] == []


def test_the_wheel_has_the_demo_and_the_words_of_the_action(program: Program) -> None:
    assert program("--version").stdout == f"vmss-upgrade {__version__}\n"
    described = yaml.safe_load((PROJECT / "action.yml").read_text())["inputs"]["canary"]["description"]
    assert "".join(described.split()) in "".join(program("upgrade", "--help").stdout.split())
    assert program("demo", "--pace", "0").returncode == 0
    assert program("demo", "--pace", "0", "--scenario", "sick-domain").returncode == 1


def in_container(image: str, *words: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", "run", "--rm", *options, image, *words], capture_output=True, text=True)


def test_the_image_takes_a_command_line(image: str, serve: Serve, tmp_path: Path) -> None:
    simulator = serve("happy")
    shutil.copy(simulator.ready["ca"], tmp_path / "ca.pem")
    folder = ("-v", f"{tmp_path}:/data", "-w", "/data", "-e", "REQUESTS_CA_BUNDLE=/data/ca.pem")
    words = ["upgrade", *flags_for(simulator, "happy"), "--report-path", "rollout.json"]

    done = in_container(image, *words, options=(*folder, "-e", f"AZURE_CLIENT_SECRET={SECRET}"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "::" not in done.stdout.replace("https://", "")
    assert json.loads((tmp_path / "rollout.json").read_text())["outcome"] == "succeeded"
    assert_whole_set_upgraded(simulator, scenario_inputs("happy")["image-version"])


def test_the_image_describes_itself_and_has_no_demo(image: str) -> None:
    alone, version, demo = in_container(image), in_container(image, "--version"), in_container(image, "demo")
    assert (alone.returncode, "usage: vmss-upgrade" in alone.stderr) == (2, True)
    assert (version.returncode, version.stdout) == (0, f"vmss-upgrade {__version__}\n")
    assert (demo.returncode, "not in this image" in demo.stderr) == (2, True)
