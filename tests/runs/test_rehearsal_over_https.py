"""A rehearsal of what an Azure shows over HTTPS, and the real rollout in that Azure: they go alike."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import SimulatedAzure, Timing, VirtualClock, load_scenario
from azure_simulator.serving.server import SimulatorServer
from vmss_rehearsal import rehearse_copy
from vmss_upgrade.main import run
from vmss_upgrade.rehearsal import environment

pytestmark = pytest.mark.slow
TIMES = Timing(upgrade=(20.0, 240.0), healthy_after=(10.0, 60.0))


@contextmanager
def serving(name: str, clock: VirtualClock, folder: Path) -> Iterator[SimulatedAzure]:
    """Serve a scenario whose instances take what the documentation says, on the clock of its client."""
    scenario = replace(load_scenario(name), timing=TIMES)
    with SimulatorServer(scenario, "127.0.0.1", 0, 1.0, 0) as server:
        azure = SimulatedAzure(scenario, clock, base_url=server.azure.coordinates["resource_manager"])
        server.azure = azure
        server.authority.cert_pem.write_to_path(folder / "ca.pem")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield azure
        finally:
            server.shutdown()
            thread.join()


def ran(name: str, operation: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], set[str]]:
    """Return the record of a run in which nothing but its clock is simulated, and the methods of its requests."""
    folder.mkdir()
    clock = VirtualClock()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "ca.pem"))
    with serving(name, clock, folder) as azure:
        inputs = {**azure.scenario.inputs, "operation": operation}
        assert run(environment(azure, folder, inputs), clock, rehearse=rehearse_copy) == 0
        methods = {each.method for each in azure.requests if not each.path.endswith("/token")}
    return json.loads((folder / "record.json").read_text()), methods


@pytest.mark.parametrize(
    "name", ["zonal", *(pytest.param(each, marks=pytest.mark.sweep) for each in ("happy", "flexible"))]
)
def test_the_rollout_goes_as_rehearsed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsal, asked = ran(name, "rehearse", tmp_path / "rehearsed", monkeypatch)
    assert asked == {"GET"}
    real, _ = ran(name, "upgrade", tmp_path / "real", monkeypatch)
    first = rehearsal["rehearsal"]["trials"][0]
    assert first["batches"] == [batch["instance_ids"] for batch in real["batches"]]
    assert first["lowest_healthy"] == real["lowest_healthy"]["count"]
    assert (first["outcome"], real["outcome"]) == ("succeeded", "succeeded")
    assert first["seconds"] == pytest.approx(real["duration"], rel=0.05)
