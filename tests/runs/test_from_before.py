"""Problems from before a rollout: no rollback has to solve them, and yet the run is no success."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.playing import play
from harness.scenarios import NEW_MODEL, OLD, Scenario, fleet_of, on_instance

BACK = {"on-failure": "rollback", "health-timeout": "2m", "min-healthy": "0%"}
FAILED = {"failed": {"code": "OSProvisioningTimedOut", "message": "OS provisioning did not finish."}}


@pytest.mark.parametrize("begins", [{"unhealthy": True}, FAILED], ids=["unhealthy", "failed"])
def test_a_rollback_ignores_an_unhealthy_instance_that_never_moved(begins: Scenario, tmp_path: Path) -> None:
    unhealthy = on_instance("comes-up-unhealthy", "0")
    played = play(fleet_of((2, 2, 2), BACK, instances={"5": begins}, faults=[unhealthy]), tmp_path)
    assert (played.outcome, played.ids("rolled-back")) == ("rolled-back", ["0", "3"]), played.log


@pytest.mark.parametrize("begins", [{"unhealthy": True}, FAILED], ids=["unhealthy", "failed"])
def test_a_rollback_by_hand_is_no_success_with_an_unhealthy_instance(begins: Scenario, tmp_path: Path) -> None:
    asked = {"operation": "rollback", "image-version": OLD, "health-timeout": "2m"}
    there = {"5": {"image": OLD, **begins}}
    played = play(fleet_of((2, 2, 2), asked, fleet={"image": NEW_MODEL}, instances=there), tmp_path)
    assert (played.outcome, played.ids("failed")) == ("halted", ["5"]), played.log
    assert ["5"] not in played.upgrade_calls


def test_an_unhealthy_returned_instance_does_not_count_as_stuck(tmp_path: Path) -> None:
    """The previous image does not help them either: returning more would take away instances that still serve."""
    asked = {"on-failure": "rollback", "health-timeout": "10m", "batch-timeout": "3m", "min-healthy": "0%"}
    unhealthy = [on_instance("comes-up-unhealthy", id_) for id_ in ("0", "5")]
    earlier = {"image": NEW_MODEL}
    played = play(
        fleet_of((2, 2, 2), asked, fleet=earlier, instances={"0": {"image": OLD}}, faults=unhealthy), tmp_path
    )
    assert played.outcome in ("rollback-failed", "timed-out"), played.log
    assert ["1", "4"] not in played.upgrade_calls
