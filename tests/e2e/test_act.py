"""`uses: ./` in a workflow under act, which builds the image from the Dockerfile."""

from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.act import run_workflow
from e2e.expectations import (
    assert_no_secret_in,
    assert_stopped_at_the_domain_of,
    assert_whole_set_upgraded,
    ids,
    scenario_inputs,
)
from e2e.simulator import Simulator

Serve = Callable[[str], Simulator]

pytestmark = pytest.mark.usefixtures("image")  # act builds the same layers


def test_happy(serve: Serve, tmp_path: Path) -> None:
    simulator = serve("happy")
    inputs = scenario_inputs("happy")

    result = run_workflow(tmp_path, simulator, simulator.account_inputs() | inputs)

    assert result.exit_code == 0, result.log
    assert result.outputs["outcome"] == "succeeded"
    assert len(ids(result.outputs, "upgraded")) == 20
    assert ids(result.outputs, "failed") == []
    assert int(result.outputs["lowest-healthy"]) >= 16
    assert "::error" not in result.log
    assert "Summary - " in result.log
    assert_whole_set_upgraded(simulator, inputs["image-version"])
    assert_no_secret_in(result.log, simulator)


def test_an_unhealthy_domain_fails_the_job(serve: Serve, tmp_path: Path) -> None:
    simulator = serve("sick-domain")
    # in real seconds, while the simulated Azure is sixty times as fast
    patience = {"health-timeout": "15s"}
    inputs = simulator.account_inputs() | scenario_inputs("sick-domain") | patience

    result = run_workflow(tmp_path, simulator, inputs)

    assert result.exit_code == 1, result.log
    assert result.outputs["outcome"] == "halted"
    [failed] = ids(result.outputs, "failed")
    assert any("::error" in line and failed in line for line in result.log.splitlines()), result.log
    assert_stopped_at_the_domain_of(simulator, failed)
    assert_no_secret_in(result.log, simulator)
