"""Whole runs that drain and surge together: what clients see of them, and what becomes of the new instances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, play, play_once
from harness.rows import scenario_rows
from harness.scenarios import Scenario, fleet_of, on_request

BOTH = {"drain-command": 'systemctl "$1" web', "surge": "2", "bake-time": "10s"}
NEW = ["4", "5"]


def four(**more: Any) -> Scenario:
    return fleet_of((2, 2), BOTH, **{"model": {"properties": {"overprovision": False}}, **more})


def commands_in_new(played: Played) -> list[str]:
    return [each.argument for each in played.azure.commands if each.instance_id in NEW]


@pytest.mark.parametrize("scenario", scenario_rows(["traffic-surge"]))
def test_with_both_no_request_fails_and_no_connection_is_cut(scenario: str) -> None:
    seen = play_once(scenario).azure.seen_by_clients()
    assert seen is not None and seen.requests > 20_000
    assert (seen.failed, seen.cut) == (0, 0)


@pytest.mark.parametrize("scenario", scenario_rows(["traffic", "traffic-drained"]))
def test_a_drain_alone_keeps_connections(scenario: str) -> None:
    lost = scenario == "traffic"
    seen = play_once(scenario).azure.seen_by_clients()
    assert seen is not None and seen.overload > 0, "a batch is away, and nobody stands in for it"
    assert (seen.cut > 0, seen.unanswered > 0) == (lost, lost)


def test_new_instances_are_drained_before_they_are_deleted(tmp_path: Path) -> None:
    played = play(four(), tmp_path)
    assert played.outcome == "succeeded", played.log
    assert commands_in_new(played) == ["drain", "drain"]
    assert "draining instances 4, 5 before their deletion" in played.log
    assert [each for each in played.azure.commands if each.exists] == []
    assert (played.azure.capacity, played.azure.drained) == (4, [])


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param({"guest": [{"instance": "5", "argument": "drain", "exit_code": 3}]}, id="one-is-not-drained"),
        pytest.param(
            {"faults": [on_request("delete", status=403, code="AuthorizationFailed", count=99)]}, id="not-deleted"
        ),
    ],
)
def test_new_instances_that_stay_are_undrained_and_named(tmp_path: Path, trouble: dict[str, Any]) -> None:
    played = play(four(**trouble), tmp_path)
    assert (played.outcome, played.exit_code) == ("halted", 1), played.log
    assert (played.azure.capacity, played.azure.drained) == (6, []), played.log
    assert "undrain" in commands_in_new(played)
    assert [each for each in played.azure.commands if each.exists] == []
    assert "az vmss delete-instances" in played.log
