"""The action as GitHub's runner runs it: as a container, and as plain `python entrypoint.py`."""

import json
import signal
import time
from collections.abc import Callable

import pytest

from e2e.expectations import (
    assert_no_secret_in,
    assert_stopped_at_the_domain_of,
    assert_whole_set_upgraded,
    headline,
    ids,
    scenario_inputs,
)
from e2e.runner import Runner, Way
from e2e.simulator import Simulator

Serve = Callable[[str], Simulator]
Job = Callable[[Simulator, Way], Runner]

# The runner gives up after 7.5 s; the action promises less.
SECONDS_TO_END = 7.0

# The action's clock is the real one; only the simulated Azure is sixty times as fast.
IMPATIENT = {"health-timeout": "15s"}

both_ways = pytest.mark.parametrize("way", ["container", "process"])


@both_ways
def test_happy(serve: Serve, job: Job, way: Way) -> None:
    simulator = serve("happy")
    inputs = scenario_inputs("happy")

    result = job(simulator, way).run(inputs | {"report-path": "report.json"})

    assert result.exit_code == 0, result.log
    assert result.outputs["outcome"] == "succeeded"
    assert len(ids(result.outputs, "upgraded")) == 20
    assert ids(result.outputs, "failed") == ids(result.outputs, "remaining") == []
    assert int(result.outputs["lowest-healthy"]) >= 16
    assert result.outputs["target-image"].endswith(inputs["image-version"])
    assert json.loads((result.workspace / result.outputs["report"]).read_text())
    assert not result.commands("error"), result.commands("error")
    assert "20" in headline(result.summary)
    assert inputs["image-version"] in headline(result.summary)
    assert_whole_set_upgraded(simulator, inputs["image-version"])
    assert_no_secret_in(result.log, simulator)


@both_ways
def test_an_unhealthy_domain_stops_the_rollout(serve: Serve, job: Job, way: Way) -> None:
    simulator = serve("sick-domain")

    result = job(simulator, way).run(scenario_inputs("sick-domain") | IMPATIENT)

    assert result.exit_code == 1, result.log
    assert result.outputs["outcome"] == "halted"
    failed = ids(result.outputs, "failed")
    assert len(failed) == 1
    assert [line for line in result.commands("error") if failed[0] in line], result.log
    assert failed[0] in result.summary
    assert_stopped_at_the_domain_of(simulator, failed[0])
    assert_no_secret_in(result.log, simulator)


@pytest.mark.alone
@both_ways
def test_a_cancel_ends_it_in_time(serve: Serve, job: Job, way: Way) -> None:
    simulator = serve("happy")
    runner = job(simulator, way)
    runner.start(scenario_inputs("happy"))
    runner.wait_for(lambda: bool(simulator.state()["upgrades"]))

    cancelled = runner.cancel()

    upgrades = len(simulator.state()["upgrades"])
    assert cancelled.last_signal is signal.SIGINT, cancelled.result.log
    assert cancelled.seconds < SECONDS_TO_END
    assert cancelled.result.exit_code == 1
    assert cancelled.result.outputs["outcome"] == "interrupted"
    assert ids(cancelled.result.outputs, "remaining")
    assert headline(cancelled.result.summary)
    assert upgrades == 1
    assert not runner.container_exists()
    assert_no_secret_in(cancelled.result.log, simulator)


@pytest.mark.alone
def test_a_cancel_while_the_sdk_is_being_imported_ends_it_too(serve: Serve, job: Job) -> None:
    runner = job(serve("happy"), "container")
    runner.start(scenario_inputs("happy"))
    runner.wait_for(runner.container_is_running)
    # Python itself has started after a tenth of a second, the SDK after half a second.
    time.sleep(0.2)

    cancelled = runner.cancel()

    assert cancelled.last_signal is signal.SIGINT, cancelled.result.log
    assert cancelled.result.outputs["outcome"] == "interrupted"
    assert headline(cancelled.result.summary)
    assert not runner.container_exists()


def test_every_problem_with_the_inputs_is_reported_before_azure_is_asked(serve: Serve, job: Job) -> None:
    simulator = serve("happy")

    result = job(simulator, "container").run({"image-version": "", "bake-time": "soon", "resourcegroup": "x"})

    assert result.exit_code == 1
    errors = "\n".join(result.commands("error"))
    for name in ("image-version", "bake-time", "resourcegroup"):
        assert name in errors, result.log
    assert simulator.state()["requests"] == []
