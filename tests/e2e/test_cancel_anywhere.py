"""A cancelled step ends in time wherever it is: in a hanging request, in a wait of ours, in a retry of the SDK."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.runner import Runner, Way
from e2e.simulator import Simulator

SECONDS_TO_END = 7.0

pytestmark = pytest.mark.alone

FLEET = """
description: A scale set with slow answers.
inputs: {image-version: "22.04.202611010"}
fleet: {update_domains: [2, 2], health: probe}
timing: {upgrade_seconds: 30, healthy_after_seconds: 5, model_update_seconds: 10}
faults:
  - %s
"""

# the place of the cancelled step -> the fault that keeps it there, and the request that brings it there
PLACES = {
    "a read that hangs": (
        "{kind: http, path: 'virtualMachines$', method: GET, nth: 1, hang: 36000}",
        "virtualMachineScaleSets",
    ),
    "a write that hangs": ("{kind: http, path: 'manualupgrade$', method: POST, nth: 1, hang: 36000}", "PATCH"),
    "a wait for a throttled read": (
        "{kind: http, path: 'virtualMachines$', method: GET, nth: 1, count: 9, status: 429, retry_after: 3000}",
        "virtualMachineScaleSets",
    ),
    "a retry of the request for GitHub's token": (
        "{kind: http, path: 'id-token', method: GET, nth: 1, count: 99, status: 503, retry_after: 3000}",
        "id-token",
    ),
}


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("place", PLACES)
def test_it_ends_in_time(
    place: str,
    sent: signal.Signals,
    serve: Callable[[str], Simulator],
    job: Callable[[Simulator, Way], Runner],
    tmp_path: Path,
) -> None:
    fault, request_before = PLACES[place]
    scenario = tmp_path / "slow.yml"
    scenario.write_text(FLEET % fault)
    simulator = serve(str(scenario))
    runner = job(simulator, "process")
    runner.start({"image-version": "22.04.202611010"})
    runner.wait_for(lambda: any(request_before in f"{r['method']} {r['path']}" for r in simulator.state()["requests"]))

    cancelled = runner.cancel(first=sent)

    assert cancelled.last_signal is sent, cancelled.result.log
    assert cancelled.seconds < SECONDS_TO_END
    assert cancelled.result.outputs["outcome"] == "interrupted", cancelled.result.log
    assert "cancelled" in cancelled.result.summary
