"""The first and the last look of a run: like every look, neither is the whole truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.playing import play
from harness.scenarios import Scenario, fleet_of, on_request

DENIED: Scenario = on_request("upgrade", count=99, status=403, code="AuthorizationFailed", message="No.")


def test_an_instance_missing_from_the_last_look_is_not_gone(tmp_path: Path) -> None:
    after = {"after_update": 1, "delay": 50}  # the look before the upgrade is later than this
    missing = on_request("instances", missing=["1"], count=9, during=after)
    played = play(fleet_of((2, 2), faults=[DENIED, missing]), tmp_path)
    assert (played.outcome, played.ids("remaining")) == ("halted", ["0", "1", "2", "3"]), played.log


def test_an_instance_without_the_signal_is_reported_so(tmp_path: Path) -> None:
    begins = {"3": {"reports_health": False, "current": False}}
    played = play(fleet_of((2, 2), instances=begins, faults=[DENIED]), tmp_path)
    shown = {each["instance_id"]: each["health"] for each in played.record["instances"]}
    assert (played.outcome, shown["3"]) == ("halted", "no signal yet"), played.log


@pytest.mark.parametrize("upgrade", [1, 2], ids=["of-the-first-batch", "of-the-last-batch"])
def test_a_change_after_an_instance_has_passed_is_reported(upgrade: int, tmp_path: Path) -> None:
    """In the middle of a batch the gate notices the change. Afterwards only the flags show it, and the end must not
    lie.
    """
    patch = {"sku": {"name": "Standard_D4s_v5"}}
    changed = {"kind": "model-change", "patch": patch, "after_upgrade": upgrade, "delay": 35}
    played = play(fleet_of((2, 2), faults=[changed]), tmp_path)
    assert played.outcome == "succeeded"
    assert "instances are on the target image, but not on the newest model" in played.log
    assert "They are not current: somebody changed the rest of the model meanwhile." in played.record["reason"]


# -- the first look --------------------------------------------------------------------------------------------------


def test_the_plan_uses_the_signal_that_the_first_read_lacked(tmp_path: Path) -> None:
    hidden = on_request("set", without=["properties.virtualMachineProfile.extensionProfile"])
    unhealthy = fleet_of((2, 2), fleet={"health": "extension"}, instances={"3": {"unhealthy": True}}, faults=[hidden])
    played = play(unhealthy, tmp_path, inputs={"operation": "plan", "min-healthy": "1"})
    assert played.outputs["lowest-healthy"] == "3", played.log
    assert "HealthExtension is extra" not in played.log


def test_a_signal_that_the_first_read_lacked_is_not_missed(tmp_path: Path) -> None:
    hidden = on_request("set", without=["properties.virtualMachineProfile.networkProfile.healthProbe"])
    played = play(fleet_of((2, 2), {"health": "required"}, faults=[hidden]), tmp_path)
    assert played.outcome == "succeeded", played.log
    assert "so it is read once more" in played.log


def test_a_signal_that_no_read_shows_is_missed(tmp_path: Path) -> None:
    hidden = on_request("set", without=["properties.virtualMachineProfile.networkProfile.healthProbe"], count=99)
    played = play(fleet_of((2, 2), {"health": "required"}, faults=[hidden]), tmp_path)
    assert (played.outcome, played.writes) == ("refused", []), played.log
    assert "the scale set has no health signal" in played.log
