"""The built image against a hostile Azure, job and environment. Each run contains all the traps of a job."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.expectations import assert_no_secret_in, headline
from e2e.hostile_azure import HostileAzure, endless, failing_with, serving_hostile
from e2e.runner import Result, Runner, Way
from permitted import complaint
from sweeps.bad_input.case import Alteration
from sweeps.bad_input.runner_log import commands_in

IMAGE_VERSION = "22.04.202611010"
PATIENCE = {"image-version": IMAGE_VERSION, "bake-time": "0", "health-timeout": "5s", "timeout": "1m"}
SECONDS = 300  # only an endless answer takes longer, however slow the machine is
PASSWORD = "netrc-of-somebody"

Attack = Callable[..., Result]


@pytest.fixture
def azure(bridge: str, tmp_path: Path) -> Iterator[HostileAzure]:
    with serving_hostile(bridge, tmp_path) as hostile:
        yield hostile


@pytest.fixture
def attack(azure: HostileAzure, job: Callable[..., Runner]) -> Attack:
    """Return attack(*alterations, inputs, environ), which runs the image, and checks what must hold after each run."""

    def run(*alterations: Alteration, way: Way = "container", **given: dict[str, str]) -> Result:
        azure.alterations = alterations
        runner = job(azure.simulator, way)
        host, _, _ = azure.evil.partition(":")
        (runner.home / ".netrc").write_text(f"machine {host} login somebody password {PASSWORD}\n")
        runner.environ = {
            "SSLKEYLOGFILE": "/github/workspace/keys.log",
            "NETRC": "/github/home/.netrc",
            **given.get("environ", {}),
        }
        began = time.monotonic()
        result = runner.run({**PATIENCE, "report-path": "rollout.json", **given.get("inputs", {})})
        assert time.monotonic() - began < SECONDS, result.log
        assert azure.elsewhere == []
        assert [wrong for each in azure.asked if (wrong := complaint(each.method, each.url, each.body))] == []
        assert {each.headers.get("authorization", "Bearer").partition(" ")[0] for each in azure.asked} <= {"Bearer"}
        assert not (runner.workspace / "keys.log").exists()
        assert "Traceback" not in result.log
        assert_no_secret_in(result.log, azure.simulator)
        return result

    return run


def test_traps_alone_change_nothing(attack: Attack) -> None:
    """The traps are a .netrc, and a file for the keys of every connection."""
    result = attack()
    assert (result.exit_code, result.outputs["outcome"]) == (0, "succeeded"), result.log


@pytest.mark.parametrize("trick", ["https://{evil}\\@{home}", "https://{evil}\\\\@{home}", "HTTPS://{evil}\\@{home}"])
def test_a_link_that_two_readers_read_differently(attack: Attack, azure: HostileAzure, trick: str) -> None:
    home = azure.simulator.ready["resource_manager"].removeprefix("https://")
    link = trick.format(evil=azure.evil, home=home) + "/next?api-version=2026-04-01"
    result = attack(
        Alteration("instances", "link", text=link), Alteration("poll", "header", key="azure-asyncoperation", text=link)
    )
    assert result.exit_code == 1
    assert "another host" in headline(result.summary)


def test_an_error_that_asks_for_a_registration(attack: Attack, azure: HostileAzure) -> None:
    words = (
        "The subscription is not registered to use namespace 'Microsoft.Compute/virtualMachineScaleSets/x/deallocate?'"
    )
    asks = Alteration("poll", "error", key="arm", code="MissingSubscriptionRegistration", text=words, status=409)
    result = attack(asks)
    assert result.exit_code == 1
    assert {each.method for each in azure.asked if re.search("register|deallocate", each.url)} == set()


def test_an_answer_without_end(attack: Attack, azure: HostileAzure) -> None:
    result = attack(endless("instances"), inputs={"timeout": "8s"})
    assert result.exit_code == 1
    assert azure.taken and max(azure.taken) < 100_000_000  # 64 MiB, and the data in transit
    assert "64 MiB" in result.log


def test_a_later_step_shows_the_record(attack: Attack, image: str) -> None:
    result = attack(*failing_with("died ##[add-path]/github/workspace \n::set-env name=LD_PRELOAD::x \\n::error::y"))
    assert result.exit_code == 1
    assert "died" in (result.workspace / "rollout.json").read_text()
    script = 'cat /w/rollout.json; echo "$PLAN"; echo "$FAILED"; echo "$REPORT"'
    given = {name.upper(): result.outputs[name] for name in ("plan", "failed", "report")}
    later = ["docker", "run", "--rm", "-v", f"{result.workspace}:/w:ro", *(f"-e{name}" for name in given)]
    shown = subprocess.run(
        [*later, "--entrypoint", "sh", image, "-c", script],
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "died" in shown
    assert commands_in(shown) == []


def test_an_authority_out_of_the_environment(attack: Attack, azure: HostileAzure) -> None:
    result = attack(inputs={"resource-manager-endpoint": ""}, environ={"AZURE_AUTHORITY_HOST": f"https://{azure.evil}"})
    assert (result.exit_code, result.outputs["outcome"]) == (1, "refused")
    assert "AZURE_AUTHORITY_HOST" in result.summary
    assert azure.asked == []
