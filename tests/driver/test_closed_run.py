"""run_rollout as a generator: events carry their time, and closing it half-way leaves no repairs suspended."""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise
from pathlib import Path

import pytest

from azure_simulator import SimulatedAzure, VirtualClock
from harness.playing import as_scenario, job_environment
from harness.scenarios import REPAIRS, fleet_of
from harness.wire import wired
from vmss_upgrade.azure_api.connection import Connector
from vmss_upgrade.driver.run import run_rollout
from vmss_upgrade.inputs import parse_inputs
from vmss_upgrade.rollout.history.events import BatchStarted, Event, InstancesSeen, RolloutPlanned

REPAIRED = as_scenario(fleet_of(model=REPAIRS, asked={"suspend-repairs": "true"}))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def azure(clock: VirtualClock) -> SimulatedAzure:
    return SimulatedAzure(REPAIRED, clock)


@pytest.fixture
def rollout(azure: SimulatedAzure, clock: VirtualClock, tmp_path: Path) -> Generator[Event]:
    inputs = parse_inputs(job_environment(azure, tmp_path, REPAIRED.inputs))
    api = Connector(wired(azure)(clock), clock, user_agent="test", mask=str).scale_set(inputs.account, timeout=3600.0)
    return run_rollout(inputs.order, api, clock)


def actions(azure: SimulatedAzure) -> list[str]:
    """Return the requested actions on automatic repairs, in order."""
    asked = [request.body for request in azure.requests if request.path.endswith("/setOrchestrationServiceState")]
    return [action for body in asked for action in ("Suspend", "Resume") if action in body]


def test_events_carry_their_time(rollout: Generator[Event]) -> None:
    events = list(rollout)
    assert all(first.at <= then.at for first, then in pairwise(events))
    planned = next(position for position, event in enumerate(events) if isinstance(event, RolloutPlanned))
    looks = [position for position, event in enumerate(events) if isinstance(event, InstancesSeen)]
    assert events[planned].at > 0
    assert planned < min(looks), "what was seen before the plan is part of it"


def test_a_run_that_nobody_listens_to_any_more_resumes_repairs(
    azure: SimulatedAzure, rollout: Generator[Event]
) -> None:
    assert any(isinstance(event, BatchStarted) for event in rollout)
    assert actions(azure) == ["Suspend"]
    rollout.close()
    assert actions(azure) == ["Suspend", "Resume"]
