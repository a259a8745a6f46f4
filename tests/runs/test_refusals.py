"""Refusals before anything is written: the sentence, the command that fixes it, and no write at all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.playing import play
from harness.scenarios import Scenario, fleet_of, on_instance

FABRIC = {
    "name": "sf",
    "properties": {"publisher": "Microsoft.Azure.ServiceFabric", "type": "ServiceFabricLinuxNode"},
}

# setting of the model -> the sentence for the user, and the command to type
REFUSED = [
    ({"upgradePolicy": {"mode": "Automatic"}}, "upgradePolicy.mode is Automatic", "--set upgradePolicy.mode=Manual"),
    ({"upgradePolicy": {"mode": "Rolling"}}, "upgradePolicy.mode is Rolling", "--set upgradePolicy.mode=Manual"),
    (
        {"upgradePolicy": {"automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True}}},
        "enableAutomaticOSUpgrade is true",
        "enableAutomaticOSUpgrade=false",
    ),
    ({"virtualMachineProfile": {"extensionProfile": {"extensions": [FABRIC]}}}, "Service Fabric", "OS upgrade"),
    ({"provisioningState": "Creating"}, "provisioningState of the scale set is Creating", "az vmss show"),
    ({"provisioningState": "Deleting"}, "provisioningState of the scale set is Deleting", "az vmss show"),
    ({"provisioningState": "Updating"}, "stayed Updating", "az vmss show"),
]


@pytest.mark.parametrize(("properties", "sentence", "remedy"), REFUSED, ids=[row[1] for row in REFUSED])
def test_a_setting_that_forbids_a_rollout(properties: Scenario, sentence: str, remedy: str, tmp_path: Path) -> None:
    _assert_refused(fleet_of(model={"properties": properties}), {}, sentence, remedy, tmp_path)


def test_a_set_that_aks_manages(tmp_path: Path) -> None:
    scenario = fleet_of(model={"tags": {"aks-managed-poolName": "np1"}})
    _assert_refused(scenario, {}, "managed by AKS", "az aks nodepool upgrade", tmp_path)


def test_a_running_rolling_upgrade(tmp_path: Path) -> None:
    scenario = fleet_of(rolling_upgrade="RollingForward")
    _assert_refused(scenario, {}, "rolling upgrade of Azure's own is under way", "rolling-upgrade cancel", tmp_path)


def test_a_set_that_shows_no_update_domains(tmp_path: Path) -> None:
    scenario = fleet_of(fleet={"update_domains": None, "instances": [{"id": "0"}, {"id": "1"}]})
    inputs = {"strategy": "update-domain"}
    _assert_refused(scenario, inputs, "No instance shows an update domain", "use `strategy: batch`", tmp_path)


def test_a_plan_whose_one_batch_is_the_whole_set(tmp_path: Path) -> None:
    scenario = fleet_of([4])
    _assert_refused(
        scenario, {}, "Batch 1 holds all 4 running instances", "Set `batch-size` to a number below 4", tmp_path
    )


def test_a_plan_with_a_smaller_batch_is_carried_out(tmp_path: Path) -> None:
    played = play(fleet_of([4]), tmp_path, inputs={"batch-size": "2"})
    assert played.exit_code == 0
    assert [len(ids) for ids in played.upgrade_calls] == [2, 2]


def test_a_batch_of_all_running_instances(tmp_path: Path) -> None:
    scenario = fleet_of(instances={"1": {"power": "deallocated"}, "3": {"power": "stopped"}})
    _assert_refused(scenario, {}, "Batch 1 holds all 2 running instances", "batch-size", tmp_path)


def test_the_only_running_instance(tmp_path: Path) -> None:
    """The command must not scale in a set of three."""
    scenario = fleet_of([1, 1, 1], instances={"1": {"power": "deallocated"}, "2": {"power": "stopped"}})
    _assert_refused(scenario, {}, "Instance 0 is the only one that runs", "--new-capacity 4", tmp_path)


def test_an_image_that_does_not_exist(tmp_path: Path) -> None:
    _assert_refused(fleet_of(), {"image-version": "1.2.3"}, ":1.2.3 does not exist", "image inputs", tmp_path)


def test_another_kind_of_image(tmp_path: Path) -> None:
    group = "/subscriptions/00000000-0000-4000-8000-00000000005b/resourceGroups/g"
    inputs = {"image-version": "", "image-id": f"{group}/providers/Microsoft.Compute/images/i"}
    _assert_refused(fleet_of(), inputs, "does not let a scale set change the kind", "same kind", tmp_path)


def test_a_scale_set_that_does_not_exist(tmp_path: Path) -> None:
    _assert_refused(fleet_of(), {"scale-set": "elsewhere"}, "was not found", "`scale-set`", tmp_path)


def test_all_reasons_are_named_at_once(tmp_path: Path) -> None:
    automatic = {"properties": {"upgradePolicy": {"mode": "Automatic"}}}
    scenario = fleet_of(rolling_upgrade="RollingForward", model=automatic)
    played = play(scenario, tmp_path, inputs={"image-version": "1.2.3"})
    for sentence in ("upgradePolicy.mode is Automatic", "rolling upgrade of Azure's own", "does not exist"):
        assert sentence in played.log
        assert sentence in played.summary


def test_the_run_waits_for_a_set_that_somebody_is_updating(tmp_path: Path) -> None:
    updated = on_instance("updated-by-somebody", "3", at=0, seconds=120)
    played = play(fleet_of(faults=[updated]), tmp_path)
    assert played.exit_code == 0
    assert played.azure.upgrades[0].started_at >= 120


def test_stopped_deallocated_and_protected_instances_are_skipped_with_the_reason(tmp_path: Path) -> None:
    scenario = fleet_of(
        [4, 4], instances={"0": {"power": "stopped"}, "1": {"power": "deallocated"}, "2": {"protected": True}}
    )
    played = play(scenario, tmp_path)
    assert played.exit_code == 0
    reasons = {skipped["instance_id"]: skipped["reason"] for skipped in played.record["skipped"]}
    assert reasons == {"0": "stopped", "1": "deallocated", "2": "protected from scale set actions"}
    assert not {"0", "1", "2"} & {id_ for ids in played.upgrade_calls for id_ in ids}


def _assert_refused(scenario: Scenario, inputs: dict[str, str], sentence: str, remedy: str, folder: Path) -> None:
    played = play(scenario, folder, inputs=inputs)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused"), played.log
    assert sentence in played.log
    assert remedy in played.log
    assert sentence.partition("`")[0] in re.sub("</?code>", "", played.summary)
    assert played.writes == []
    assert json.loads(played.outputs["upgraded"]) == []
