"""Whole runs on a scale set in which an earlier run left an instance that is bad on the target image."""

from __future__ import annotations

from pathlib import Path

import pytest

from azure_simulator import VirtualClock
from harness.playing import Played, play
from harness.scenarios import NEW, OLD, on_instance
from runs.test_restore_model import BACK, RESTORE, UNHEALTHY, again, models_written, six, versions

IMAGE = "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2"
SINCE = f"When it began, instance 4 was not healthy on {IMAGE}:{NEW} already, and was not touched."
REPAIR = (
    "Repair, restart or reimage instance 4, which was not healthy on the target image already when this run began, and "
    "run again; or go back, with `operation: rollback` and the earlier image as `image`."
)


def left_by_a_first_run(folder: Path, clock: VirtualClock, unhealthy: str = "4") -> Played:
    """Let a run restore the model because of an instance that stays unhealthy."""
    folder.mkdir()
    first = play(six({**UNHEALTHY, "instance": unhealthy}), folder, inputs=RESTORE, clock=clock)
    assert models_written(first) == [NEW, OLD], first.log
    clock.sleep(600)
    return first


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        pytest.param("restore-model", f"The model is not restored: the failure is older than this run. {SINCE}"),
        pytest.param("rollback", f"No rollback: the failure is older than this run. {SINCE}"),
        pytest.param("stop", ""),
    ],
)
def test_an_instance_that_was_bad_before_does_not_undo_batches_that_pass(asked: str, kept: str, tmp_path: Path) -> None:
    clock = VirtualClock()
    first = left_by_a_first_run(tmp_path / "first", clock)
    played = again(first, tmp_path / "second", clock, **{**RESTORE, "on-failure": asked})
    assert (played.outcome, models_written(played)) == ("halted", [NEW, OLD, NEW]), played.log
    assert (set(versions(played).values()), played.record["model_restored"]) == ({NEW}, False)
    assert played.record["remedy"] == REPAIR
    assert kept in played.log, played.log
    assert f"run this action with {BACK}" in played.log
    assert "restore-model` would have" not in played.log
    assert "settings that instances do not show" not in played.log, "this action's own writes are no change of settings"


def test_a_bad_instance_of_this_run_counts_beside_it(tmp_path: Path) -> None:
    clock = VirtualClock()
    (tmp_path / "first").mkdir()
    scenario = six(UNHEALTHY, on_instance("comes-up-unhealthy", "5"))
    first = play(scenario, tmp_path / "first", inputs=RESTORE, clock=clock)
    clock.sleep(600)
    played = again(first, tmp_path / "second", clock, **RESTORE)
    assert (played.outcome, models_written(played)) == ("halted", [NEW, OLD, NEW, OLD]), played.log
    assert "older than this run" not in played.log


def test_the_advice_to_go_back_can_be_followed(tmp_path: Path) -> None:
    """Once every instance runs the target, nothing but the user knows the earlier image."""
    clock = VirtualClock()
    first = left_by_a_first_run(tmp_path / "first", clock)
    again(first, tmp_path / "second", clock, **RESTORE)
    refused = again(first, tmp_path / "third", clock, operation="rollback", image_version="")
    assert (refused.outcome, refused.record["remedy"]) == (
        "refused",
        "Name it as `image` (log and summary of the run that began the rollout give it as the previous image), or give "
        "`record`, the JSON record of the run that began the rollout (its `report-path`).",
    )
    played = again(first, tmp_path / "fourth", clock, operation="rollback", image_version="", image=f"{IMAGE}:{OLD}")
    assert (played.outcome, set(versions(played).values())) == ("succeeded", {OLD}), played.log


def test_a_rollback_after_every_instance_moved_names_the_image_in_the_model(tmp_path: Path) -> None:
    clock = VirtualClock()
    first = left_by_a_first_run(tmp_path / "first", clock, unhealthy="5")
    assert set(versions(first).values()) == {NEW}
    refused = again(first, tmp_path / "second", clock, operation="rollback", image_version="")
    assert refused.outcome == "refused", refused.log
    assert refused.record["remedy"].startswith(
        f"If a run has put the earlier image back into the model, give `image: {IMAGE}:{OLD}`. Otherwise name it as "
        "`image` (log and summary of the run that began the rollout give it as the previous image), or give `record`"
    )
    played = again(first, tmp_path / "third", clock, operation="rollback", image_version="", image=f"{IMAGE}:{OLD}")
    assert (played.outcome, set(versions(played).values())) == ("succeeded", {OLD}), played.log
