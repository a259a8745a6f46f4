"""Whole runs with `on-failure: restore-model`: the model goes back, the instances stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import VirtualClock
from harness.playing import Played, cancelled_at, play, play_job
from harness.scenarios import (
    NEW,
    OLD,
    REPAIRS,
    UBUNTU,
    Scenario,
    fleet_of,
    model_change,
    on_instance,
    on_request,
    profile,
)
from harness.wire import wired

RESTORE = {"on-failure": "restore-model", "health-timeout": "3m"}
TIMING = {"upgrade_seconds": 30, "healthy_after_seconds": 10}  # the model goes back from 315 s to 368 s
UNHEALTHY = on_instance("comes-up-unhealthy", "4")
BACK = f"`operation: rollback` and `image-version: {OLD}`"
GOES_ON = "Another run with the same inputs goes on: instances on the target image are skipped."
FORBIDDEN = {"status": 403, "code": "AuthorizationFailed", "count": 2}


def six(*faults: Scenario, **more: Any) -> Scenario:
    return fleet_of([2, 2, 2], faults=list(faults), timing=TIMING, **more)


def versions(played: Played) -> dict[str, str]:
    return {state.instance_id: state.image_version for state in played.azure.instances()}


def models_written(played: Played) -> list[str]:
    """Return the image version of every accepted update of the model, in order."""
    bodies = [json.loads(w.body) for w in played.writes if w.method == "PATCH" and w.status < 300]
    return [b["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]["version"] for b in bodies]


def test_the_model_goes_back_and_no_instance_is_touched(tmp_path: Path) -> None:
    played = play(six(UNHEALTHY), tmp_path, inputs=RESTORE)
    assert (played.exit_code, played.outcome) == (1, "halted"), played.log
    assert (models_written(played), played.upgrade_calls) == ([NEW, OLD], [["0", "3"], ["1", "4"]])
    assert sorted(id_ for id_, version in versions(played).items() if version == NEW) == ["0", "1", "3", "4"]
    assert (played.ids("upgraded"), played.ids("failed"), played.ids("rolled-back")) == (["0", "1", "3"], ["4"], [])
    assert (played.record["model_may_hold_target"], played.record["model_restored"]) == (False, True)
    assert played.record["command_to_put_previous_image_back"] is None
    for words in (
        "is put back into the model, and no instance is touched",
        "↩ putting the previous image back into the model",
        "the model holds the previous image again, after",
        "The model holds the previous image again (22_04-lts-gen2 22.04.202610010): new instances will get it.",
        f"Look into what is named here; nothing further was touched. {GOES_ON}",
        f"To return the instances to the previous image, too, run this action with {BACK}.",
    ):
        assert words in played.log, played.log


@pytest.mark.parametrize(
    ("scenario", "inputs", "words"),
    [
        pytest.param(
            six(on_request("upgrade", nth=2, **FORBIDDEN)),
            {},
            "The model is not restored: no instance was seen bad on",
            id="no-image-to-blame",
        ),
        pytest.param(
            six(fleet={"image": {**UBUNTU, "version": NEW}}, instances={"4": {"unhealthy": True}, "1": {"image": OLD}}),
            {},
            "The model is not restored: the failure is older than this run",
            id="older-than-this-run",
        ),
        pytest.param(
            six(UNHEALTHY),
            {"on-failure": "stop"},
            "new instances will get it. `on-failure: restore-model`",
            id="plain-stop",
        ),
    ],
)
def test_the_model_is_kept_where_a_rollback_would_not_begin(
    scenario: Scenario, inputs: dict[str, str], words: str, tmp_path: Path
) -> None:
    played = play(scenario, tmp_path, inputs={**RESTORE, **inputs})
    assert (played.outcome, OLD in models_written(played)) == ("halted", False), played.log
    assert words in played.log, played.log
    assert played.record["model_restored"] is False


def test_a_plain_stop_says_first_what_would_have_taken_the_image_out(tmp_path: Path) -> None:
    played = play(six(UNHEALTHY), tmp_path, inputs={"health-timeout": "3m"})
    remedy = (
        "`on-failure: restore-model` would have put the previous image back into the model at once, `on-failure: "
        "rollback` would have returned the instances, too."
    )
    end = played.log[played.log.index("❌ ") :].splitlines()
    assert end[1].strip() == remedy
    assert played.record["remedy"].startswith(f"{remedy} Look into what is named here")


def test_a_stop_without_a_bad_instance_does_not_speak_of_going_back(tmp_path: Path) -> None:
    played = play(six(on_request("upgrade", nth=2, **FORBIDDEN)), tmp_path)
    assert played.outcome == "halted"
    assert "restore-model" not in played.log


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(
            on_request("patch", nth=2, **FORBIDDEN),
            "The previous image could not be put back into the model: updating the model failed: AuthorizationFailed",
            id="forbidden",
        ),
        pytest.param(
            model_change(profile(storageProfile={"imageReference": {"version": "22.04.202609010"}}), at=341.1),
            "could not be put back into the model: checking the model failed: ModelChangedBySomebody",
            id="somebody-changed-the-model",
        ),
    ],
)
def test_a_model_that_cannot_be_restored(fault: Scenario, words: str, tmp_path: Path) -> None:
    played = play(six(UNHEALTHY, fault), tmp_path, inputs=RESTORE)
    assert (played.exit_code, played.outcome) == (1, "halted")
    assert models_written(played) == [NEW]
    assert words.lower() in played.log.lower(), played.log
    assert played.record["model_restored"] is False
    is_ours = "ModelChanged" not in words
    assert ("az vmss update" in played.log) is is_ours
    assert (played.record["command_to_put_previous_image_back"] is not None) is is_ours


def test_a_lost_answer_is_looked_after(tmp_path: Path) -> None:
    played = play(six(UNHEALTHY, on_request("patch", nth=2, drop="after")), tmp_path, inputs=RESTORE)
    assert (played.outcome, played.record["model_restored"]) == ("halted", True), played.log


def test_upgrade_instances_puts_back_the_image_that_they_ran(tmp_path: Path) -> None:
    scenario = six(
        UNHEALTHY, fleet={"image": {**UBUNTU, "version": NEW}}, instances={i: {"image": OLD} for i in "012345"}
    )
    del scenario["inputs"]["image-version"]
    played = play(scenario, tmp_path, inputs={**RESTORE, "operation": "upgrade-instances"})
    assert (played.outcome, models_written(played)) == ("halted", [OLD]), played.log


def test_repairs_are_resumed_once_the_model_is_restored(tmp_path: Path) -> None:
    played = play(six(UNHEALTHY, model=REPAIRS), tmp_path, inputs={**RESTORE, "suspend-repairs": "true"})
    assert (played.outcome, played.azure.repairs_suspended) == ("halted", False)
    kinds = ["PATCH" if w.method == "PATCH" else w.path.rpartition("/")[2] for w in played.writes]
    assert kinds[-2:] == ["PATCH", "setOrchestrationServiceState"]


# -- the runs that follow --------------------------------------------------------------------------------------------


def again(played: Played, folder: Path, clock: VirtualClock, **inputs: str) -> Played:
    """Run once more on the Azure that a run left."""
    folder.mkdir(exist_ok=True)
    settings = {**played.azure.scenario.inputs, **{name.replace("_", "-"): value for name, value in inputs.items()}}
    settings = {name: value for name, value in settings.items() if value}
    return play_job(played.azure, clock, folder, settings, transport=wired(played.azure), name="again")


def restored(folder: Path, clock: VirtualClock) -> Played:
    folder.mkdir()
    played = play(six({**UNHEALTHY, "seconds": 600}), folder, inputs=RESTORE, clock=clock)
    clock.sleep(600)  # until it has recovered
    return played


def test_a_rerun_goes_on_with_the_upgrade(tmp_path: Path) -> None:
    clock = VirtualClock()
    played = again(restored(tmp_path / "first", clock), tmp_path / "second", clock, **RESTORE)
    assert played.outcome == "succeeded", played.log
    assert (set(versions(played).values()), models_written(played)) == ({NEW}, [NEW, OLD, NEW])
    assert played.upgrade_calls[2:] == [["2", "5"]], "those on the target are not upgraded again"


@pytest.mark.parametrize("named", [OLD, ""], ids=["named", "read-from-the-instances"])
def test_a_rollback_returns_the_rest(named: str, tmp_path: Path) -> None:
    clock = VirtualClock()
    first = restored(tmp_path / "first", clock)
    played = again(first, tmp_path / "second", clock, operation="rollback", image_version=named)
    assert played.outcome == "succeeded", played.log
    assert (set(versions(played).values()), models_written(played)) == ({OLD}, [NEW, OLD])


@pytest.mark.parametrize("at", [340.0, *(pytest.param(at, marks=pytest.mark.sweep) for at in (317.0, 362.0))])
def test_a_run_that_is_cancelled_while_it_restores_the_model(at: float, tmp_path: Path) -> None:
    clock = cancelled_at(at)
    killed = play(six({**UNHEALTHY, "seconds": 600}), tmp_path, inputs=RESTORE, clock=clock)
    assert (killed.outcome, models_written(killed)[:1]) == ("interrupted", [NEW]), killed.log
    assert "putting the previous image back into the model" in killed.log
    assert "The model may still hold the target image" in killed.log
    clock.sleep(600)
    played = again(killed, tmp_path / "second", clock, **RESTORE)
    assert played.outcome == "succeeded", played.log
    assert set(versions(played).values()) == {NEW}


def test_the_post_step_knows_of_it(tmp_path: Path) -> None:
    killed = play(six(UNHEALTHY), tmp_path, inputs=RESTORE, clock=cancelled_at(340.0))
    assert "restoring-model" in killed.files["state.txt"]
