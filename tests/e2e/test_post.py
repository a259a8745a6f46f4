"""The post step: a container of its own with a one-word entry point, under the runner's docker run and under act."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.act import run_workflow
from e2e.runner import Runner, Way
from e2e.simulator import Simulator

Serve = Callable[[str], Simulator]
Job = Callable[[Simulator, Way], Runner]

both_ways = pytest.mark.parametrize("way", ["container", "process"])


@both_ways
@pytest.mark.parametrize(
    "state",
    ["", "repairs<<d\nsuspended\nd\nrepairs<<e\nresumed\ne\n", 'rollout<<d\n{"stage":"ended"}\nd\n'],
    ids=["none", "resumed", "ended"],
)
def test_nothing_to_do(serve: Serve, job: Job, way: Way, state: str) -> None:
    simulator = serve("happy")
    runner = job(simulator, way)
    runner.save_state(state)

    result = runner.run_post()

    said = [line for line in result.log.splitlines() if not line.startswith("::add-mask::")]
    assert (result.exit_code, said) == (0, ["Nothing was left to do."])
    assert simulator.state()["requests"] == []


@both_ways
def test_a_wrong_account_is_reported(serve: Serve, job: Job, way: Way) -> None:
    runner = job(serve("happy"), way)
    runner.save_state("repairs<<d\nsuspended\nd\n")

    result = runner.run_post({"scale-set": "a b"})

    assert result.exit_code == 1
    [error] = result.commands("error")
    assert "scale-set: 'a b' is not a valid name" in error


@pytest.mark.usefixtures("image")
def test_it_runs_in_a_workflow_however_the_main_step_ended(serve: Serve, tmp_path: Path) -> None:
    simulator = serve("happy")

    result = run_workflow(tmp_path, simulator, simulator.account_inputs() | {"timeout": "never"})

    assert result.exit_code == 1, result.log
    assert re.search(r"Failure - Main ./", result.log), result.log
    assert re.search(r"\| Nothing was left to do\.$", result.log, re.MULTILINE), result.log
    assert re.search(r"Success - Post ./", result.log), result.log


@both_ways
def test_repairs_are_resumed_after_the_main_step_was_killed(serve: Serve, job: Job, way: Way) -> None:
    """A killed step can write nothing more; the contents of its state file are enough."""
    simulator = serve("repairs")
    runner = job(simulator, way)
    runner.start({"image-version": "22.04.202611010", "suspend-repairs": "true"})
    runner.wait_for(lambda: bool(simulator.state()["upgrades"]))
    assert simulator.state()["repairs_suspended"]
    runner.kill()
    assert simulator.state()["repairs_suspended"]

    result = runner.run_post()

    assert result.exit_code == 0, result.log
    assert "Automatic instance repairs, which the rollout had suspended, are resumed." in result.log
    [warning] = result.commands("warning")
    assert "Batch 1 of 5 (2 instances: 0, 5) was being upgraded" in warning
    assert result.summary.startswith("## ❌ The main step was killed")
    assert not simulator.state()["repairs_suspended"]
