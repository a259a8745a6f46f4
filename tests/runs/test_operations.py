"""Whole runs of each `operation`: their reads, their writes, and their ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, play
from harness.scenarios import NEW, NEW_MODEL, OLD, UBUNTU, Scenario, fleet_of, model_change, profile


def behind(*faults: Scenario, image: Scenario = NEW_MODEL, instances: Scenario | None = None, **more: Any) -> Scenario:
    """Return a set whose model holds the new image, and two of whose four instances do not run it."""
    old = {"1": {"image": OLD}, "3": {"image": OLD}}
    instances = {**old, **(instances or {})}
    return fleet_of(fleet={"image": image}, inputs={}, faults=list(faults), instances=instances, **more)


SMALLER = {"behind": {"vm_size": "Standard_D2s_v3"}}
FLEXIBLE = {"orchestration": "Flexible", "health": "extension"}


def versions(played: Played) -> dict[str, str]:
    return {state.instance_id: state.image_version for state in played.azure.instances()}


# -- status --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "image", [pytest.param({}, id="without-image"), pytest.param({"image-version": "1"}, id="not-looked-at")]
)
def test_status_reads_only_and_shows_every_instance(image: dict[str, str], tmp_path: Path) -> None:
    played = play(behind(), tmp_path, inputs={"operation": "status", **image})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "reported")
    assert played.writes == []
    assert "UD 0  ■■  2 on the model" in played.log
    assert "UD 1  □□  2 behind the model" in played.log
    for instance_id, version in (("0", NEW), ("1", OLD)):
        assert f"  {instance_id}         UD {instance_id}" in played.log
        assert version in played.log
    assert played.outputs["target-image"].endswith(NEW)
    assert {"instance_id": "3", "image": f"Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:{OLD}"}.items() <= (
        played.record["instances"][3].items()
    )


def test_status_works_without_the_right_to_write(tmp_path: Path) -> None:
    automatic = {"properties": {"upgradePolicy": {"mode": "Automatic"}}}
    played = play(behind(model=automatic, permissions="refused"), tmp_path, inputs={"operation": "status"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "reported")


# -- plan ----------------------------------------------------------------------------------------------------------


def test_a_plan_is_in_the_summary_and_in_json(tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={"operation": "plan", "canary": "1", "stop-after": "2"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "planned")
    assert played.writes == []
    plan = json.loads(played.outputs["plan"])
    assert [len(batch["instance_ids"]) for batch in plan["batches"]] == [1, 3, 4, 4, 4, 4]
    assert plan["batches"][0]["domain"] == {
        "kind": "update domain",
        "number": 0,
        "zone": "",
        "placement_group": "00000000-0000-4000-8000-000000000000",
    }
    assert (plan["stop_after"], plan["grouping"], plan["untouched"]) == (2, "update domain", [])
    assert "At most 3 of 20 instances are away at once, and the smallest healthy count expected is 17" in played.summary
    assert "this run stops after 2 batches" in played.summary


def test_a_plan_needs_no_right_to_write(tmp_path: Path) -> None:
    planned = play(fleet_of(permissions={"actions": ["*/read"]}), tmp_path, inputs={"operation": "plan"})
    assert planned.outputs["outcome"] == "planned"
    assert "The identity lacks the right to Microsoft.Compute/virtualMachineScaleSets/write" in planned.log
    assert "WARNING" not in planned.log


# -- update-model --------------------------------------------------------------------------------------------------


def test_update_model_writes_the_model_and_names_the_instances_behind(tmp_path: Path) -> None:
    played = play(fleet_of(), tmp_path, inputs={"operation": "update-model"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "model-updated")
    assert [write.method for write in played.writes] == ["PATCH"]
    assert set(versions(played).values()) == {OLD}
    assert json.loads(played.outputs["remaining"]) == ["0", "1", "2", "3"]
    assert "no instance was touched, 4 instances now behind it (0, 1, 2, 3)" in played.summary
    assert "operation: upgrade-instances" in played.summary


def test_update_model_needs_neither_health_nor_batches(tmp_path: Path) -> None:
    """No rollout would be allowed on this set: it has one domain, and no signal."""
    alone = fleet_of([2], fleet={"health": "none"})
    played = play(alone, tmp_path, inputs={"operation": "update-model"})
    assert played.outputs["outcome"] == "model-updated"
    assert "Health is not looked at" not in played.log


def test_update_model_without_anything_to_write(tmp_path: Path) -> None:
    played = play(behind(), tmp_path, inputs={"operation": "update-model", "image-version": NEW})
    assert (played.outputs["outcome"], played.writes) == ("nothing-to-do", [])
    assert f"the model of simulated-set holds 22_04-lts-gen2 {NEW} already. Still to be upgraded: 1, 3." in played.log


# -- upgrade-instances ---------------------------------------------------------------------------------------------


def test_upgrade_instances_brings_them_to_the_current_model(tmp_path: Path) -> None:
    played = play(behind(), tmp_path, inputs={"operation": "upgrade-instances"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded")
    assert played.upgrade_calls == [["1"], ["3"]]
    assert [write.method for write in played.writes] == ["POST", "POST"]
    assert set(versions(played).values()) == {NEW}
    reasons = {skipped["instance_id"]: skipped["reason"] for skipped in played.record["skipped"]}
    assert reasons == {"0": "already on the latest model", "2": "already on the latest model"}
    assert "is on its model as it stands" in played.summary


def test_upgrade_instances_applies_more_than_the_image(tmp_path: Path) -> None:
    """They run the model's image already, and yet are behind it."""
    scenario = behind(instances={"2": SMALLER})
    played = play(scenario, tmp_path, inputs={"operation": "upgrade-instances", "batch-size": "1"})
    assert played.exit_code == 0
    assert played.upgrade_calls == [["2"], ["1"], ["3"]]
    assert all(state.latest_model_applied for state in played.azure.instances())


def test_upgrade_instances_takes_only_selected_instances(tmp_path: Path) -> None:
    played = play(behind(), tmp_path, inputs={"operation": "upgrade-instances", "instance-ids": "3"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded")
    assert played.upgrade_calls == [["3"]]
    assert json.loads(played.outputs["remaining"]) == ["1"]
    assert "Not selected, and still to be upgraded: 1." in played.summary


def test_upgrade_instances_to_a_model_with_latest(tmp_path: Path) -> None:
    """The model stays as it is, and the flag shows the current instances: no version is known, and none is needed."""
    scenario = behind(image={**UBUNTU, "version": "latest"}, instances={"0": SMALLER})
    played = play(scenario, tmp_path, inputs={"operation": "upgrade-instances"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    assert [write.method for write in played.writes] == ["POST"]
    assert played.upgrade_calls == [["0"]]
    assert (
        "The model names no exact version (Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:latest)" in played.log
    )
    assert played.outputs["target-image"].endswith(":latest")
    assert "pinned" not in played.summary


def test_nothing_to_upgrade(tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={"operation": "upgrade-instances", "image-version": ""})
    assert (played.exit_code, played.outputs["outcome"], played.writes) == (0, "nothing-to-do", [])
    assert "is on the latest model already" in played.summary


def test_a_change_of_the_model_upgrades_no_instance_twice(tmp_path: Path) -> None:
    """The rest of the model counts here, and somebody changed it meanwhile: instances that passed are left
    as they are.
    """
    change = model_change(profile(storageProfile={"osDisk": {"caching": "ReadOnly"}}), after_upgrade=1, delay=5)
    played = play(behind(change), tmp_path, inputs={"operation": "upgrade-instances", "batch-size": "1"})
    assert played.upgrade_calls == [["1"], ["3"]]
    assert "Somebody changed the model (not its image) during the rollout" in played.log


def test_somebodys_image_is_noticed_after_the_last_batch_too(tmp_path: Path) -> None:
    image = profile(storageProfile={"imageReference": {"version": "22.04.202609010"}})
    flexible = fleet_of([2], fleet=FLEXIBLE, faults=[model_change(image, after_upgrade=2, delay=60)])
    played = play(flexible, tmp_path, inputs={"bake-time": "5m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "Somebody changed the model's image" in played.log


def test_an_image_that_the_model_already_holds_is_checked(tmp_path: Path) -> None:
    definition = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/i/providers/Microsoft.Compute"
    definition += "/galleries/golden/images/web"
    scenario = fleet_of(
        fleet={"image": {"id": f"{definition}/versions/1.1.0"}},
        inputs={"image-id": f"{definition}/versions/1.1.0"},
        images=[
            {"id": definition, "versions": ["1.0.0"]},
            {"id": definition, "versions": ["1.1.0"], "replication": "Failed"},
        ],
        instances={"1": {"image": {"id": f"{definition}/versions/1.0.0"}}},
    )
    played = play(scenario, tmp_path)
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert "The replication of the target image" in played.log


def test_a_flexible_set_whose_model_has_no_version(tmp_path: Path) -> None:
    floating = fleet_of([2], fleet={**FLEXIBLE, "image": {**UBUNTU, "version": "latest"}})
    status = play(floating, tmp_path, inputs={"operation": "status"})
    assert "2 not known" in status.log
    brought = play(floating, tmp_path, inputs={"operation": "upgrade-instances", "image-version": ""})
    assert brought.outputs["outcome"] == "nothing-to-do"
    assert "only their image is compared" in brought.log
