"""Whole runs of sets in mode Rolling: Azure makes the batches, and cancels nothing of another client's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, cancelled_at, play
from harness.scenarios import NEW, NEW_MODEL, OLD, Scenario, fleet_of, on_instance, on_request

POLICY = {"maxBatchInstancePercent": 34, "pauseTimeBetweenBatches": "PT5S"}
LENIENT = {**POLICY, "maxUnhealthyInstancePercent": 100, "maxUnhealthyUpgradedInstancePercent": 100}


def rolling(asked: dict[str, str] | None = None, policy: Scenario | None = None, **more: Any) -> Scenario:
    settings = {"upgradePolicy": {"mode": "Rolling", "rollingUpgradePolicy": policy or POLICY}}
    model = {"properties": {**settings, **more.pop("properties", {})}}
    inputs = {"strategy": "native", "health-timeout": "2m", "bake-time": "10s", **(asked or {})}
    return fleet_of([2, 2, 2], inputs, model=model, **more)


def called(played: Played) -> list[str]:
    """Return the writes that Azure accepted, in order: PATCH for the image, `cancel` for a rolling upgrade."""
    return [
        "PATCH" if write.method == "PATCH" else write.path.rpartition("/")[2]
        for write in played.writes
        if write.status in (200, 202, 0, None)
    ]


def images(played: Played) -> list[str]:
    return [json.loads(w.body)["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]["version"]
            for w in played.writes if w.method == "PATCH"]  # fmt: skip


def test_azure_rolls_the_set_and_the_image_alone_is_written(tmp_path: Path) -> None:
    played = play(rolling(), tmp_path)
    assert (played.outcome, called(played)) == ("succeeded", ["PATCH"]), played.log
    assert [batch["instance_ids"] for batch in played.record["batches"]] == [["0", "3"], ["1", "4"], ["2", "5"]]
    assert played.ids("upgraded") == ["0", "1", "2", "3", "4", "5"]
    assert "Azure makes the batches, by the policy of the set (maxBatchInstancePercent 34" in played.log


def test_auto_rolls_such_a_set_natively(tmp_path: Path) -> None:
    played = play(rolling({"strategy": "auto"}), tmp_path)
    assert (played.outcome, called(played)) == ("succeeded", ["PATCH"])
    assert "NOTICE: The scale set is in mode Rolling: Azure makes the batches (`strategy: native`)." in played.log


def test_a_plan_writes_nothing_and_invents_no_batches(tmp_path: Path) -> None:
    played = play(rolling({"operation": "plan"}), tmp_path)
    assert (played.outcome, called(played)) == ("planned", [])
    assert json.loads(played.outputs["plan"])["batches"] == []


REFUSED = {
    "manual-mode": (rolling(properties={"upgradePolicy": {"mode": "Manual"}}), "needs a scale set in mode Rolling"),
    "another-strategy": (rolling({"strategy": "batch"}), "(or let Azure roll it: `strategy: native`)"),
    "batch-size": (rolling({"batch-size": "2"}), "maxBatchInstancePercent is 34"),
    "several": (rolling({"canary": "1", "surge": "1"}), "`canary`, `surge` cannot be had in mode Rolling"),
    "at-its-default": (rolling({"min-healthy": "50%"}), "`min-healthy` cannot be had in mode Rolling"),
    "flag-at-its-default": (rolling({"allow-downtime": "false"}), "`allow-downtime` cannot be had in mode Rolling"),
    "restore-model": (rolling({"on-failure": "restore-model"}), "would roll the instances back at once"),
    "update-model": (rolling({"operation": "update-model"}), "begins to upgrade the instances at once"),
    "no-health": (rolling(fleet={"health": "none"}), "has no health source"),
    "health-ignore": (rolling({"health": "ignore"}), "Azure goes by the instances' health"),
    "roll-under-way": (rolling(rolling_upgrade="RollingForward"), "A rolling upgrade is under way"),
    "rolling-back": (rolling(rolling_upgrade="RollingBack"), "It rolls failed instances back"),
    "unreadable": (
        rolling(faults=[on_request("rolling", status=403, code="AuthorizationFailed", count=99)]),
        "could not be followed",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str, tmp_path: Path) -> None:
    scenario, words = REFUSED[name]
    played = play(scenario, tmp_path)
    assert (played.outcome, called(played)) == ("refused", []), played.log
    assert words in played.log


def test_without_a_post_step_it_is_refused(tmp_path: Path) -> None:
    played = play(rolling(), tmp_path, environ={"VMSS_UPGRADE_NO_POST_STEP": "1"})
    assert (played.outcome, called(played)) == ("refused", [])
    assert "needs the post step" in played.log


def test_the_first_bad_instance_cancels(tmp_path: Path) -> None:
    played = play(rolling(policy=LENIENT, faults=[on_instance("comes-up-unhealthy", "3")]), tmp_path)
    assert (played.outcome, called(played)) == ("halted", ["PATCH", "cancel"]), played.log
    assert played.ids("failed") == ["3"]
    assert played.ids("remaining") == ["1", "2", "4", "5"]


def test_a_failed_instance_cancels_with_azures_code(tmp_path: Path) -> None:
    fault = on_instance("provisioning-failure", "3", code="OSProvisioningTimedOut", message="Too late.")
    played = play(rolling(policy=LENIENT, faults=[fault]), tmp_path)
    assert (played.outcome, called(played)) == ("halted", ["PATCH", "cancel"]), played.log
    assert "OSProvisioningTimedOut" in played.log


def test_a_second_roll_returns_the_instances(tmp_path: Path) -> None:
    fault = on_instance("comes-up-unhealthy", "3")
    played = play(rolling({"on-failure": "rollback"}, LENIENT, faults=[fault]), tmp_path)
    assert called(played) == ["PATCH", "cancel", "PATCH"], played.log
    assert images(played)[1] == OLD
    assert played.outcome == "rolled-back", played.log
    assert {each.image_version for each in played.azure.instances()} == {OLD}


def test_a_second_roll_that_azure_refuses_leads_to_mode_manual(tmp_path: Path) -> None:
    policy = {**LENIENT, "maxUnhealthyInstancePercent": 5}
    played = play(
        rolling({"on-failure": "rollback"}, policy, faults=[on_instance("comes-up-unhealthy", "3")]), tmp_path
    )
    assert (played.outcome, called(played)) == ("rollback-failed", ["PATCH", "cancel", "PATCH"]), played.log
    assert "MaxUnhealthyInstancePercentExceededBeforeRollingUpgrade" in played.outputs["reason"]
    assert (
        "mode Manual, in which this action makes the batches, unhealthy instances first: az vmss update" in played.log
    )


def test_a_rollback_by_hand_is_a_roll(tmp_path: Path) -> None:
    scenario = rolling({"operation": "rollback", "image-version": OLD}, fleet={"image": NEW_MODEL})
    played = play(scenario, tmp_path)
    assert (played.outcome, images(played)) == ("succeeded", [OLD]), played.log


def test_a_repeated_run_goes_on_with_a_write_without_a_change(tmp_path: Path) -> None:
    scenario = rolling(fleet={"image": NEW_MODEL}, instances={"1": {"image": OLD}, "3": {"image": OLD}})
    played = play(scenario, tmp_path)
    assert (played.outcome, called(played), played.ids("upgraded")) == ("succeeded", ["PATCH"], ["1", "3"]), played.log


def test_nothing_to_do_writes_nothing(tmp_path: Path) -> None:
    played = play(rolling(fleet={"image": NEW_MODEL}), tmp_path)
    assert (played.outcome, called(played)) == ("nothing-to-do", []), played.log


def test_a_timeout_cancels(tmp_path: Path) -> None:
    played = play(rolling({"timeout": "30s"}), tmp_path)
    assert (played.outcome, called(played)) == ("timed-out", ["PATCH", "cancel"]), played.log


@pytest.mark.parametrize("at", [3.0, 8.0, 20.0])
def test_a_cancelled_job_cancels(at: float, tmp_path: Path) -> None:
    clock = cancelled_at(at)
    played = play(rolling(), tmp_path, clock=clock)
    assert (played.outcome, called(played)) == ("interrupted", ["PATCH", "cancel"]), played.log


def test_a_hanging_roll_is_given_up(tmp_path: Path) -> None:
    played = play(rolling({"batch-timeout": "10m", "timeout": "1h"}, faults=[on_instance("hangs", "3")]), tmp_path)
    assert (played.outcome, called(played)) == ("timed-out", ["PATCH", "cancel"]), played.log


def test_one_that_azure_refuses_before_the_first_batch(tmp_path: Path) -> None:
    scenario = rolling(instances={id_: {"unhealthy": True} for id_ in "012"})
    played = play(scenario, tmp_path)
    assert (played.outcome, called(played)) == ("halted", ["PATCH"]), played.log
    assert "MaxUnhealthyInstancePercentExceededBeforeRollingUpgrade" in played.outputs["reason"]


def test_old_health_with_its_time_is_no_success_even_without_a_bake(tmp_path: Path) -> None:
    faults = [on_instance("comes-up-unhealthy", "5"), {"kind": "health-lags", "seconds": 60, "time": True}]
    played = play(rolling({"bake-time": "0"}, LENIENT, faults=faults), tmp_path)
    assert (played.outcome, called(played), played.ids("failed")) == ("halted", ["PATCH"], ["5"]), played.log


HALF_WAY: Scenario = {"fleet": {"image": NEW_MODEL}}
NOT_YET = {"reports_health": False, "current": False}  # the signal is newer than the instance
NO_PROBE = on_request("set", without=["properties.virtualMachineProfile.networkProfile.healthProbe"], nth=1)
AUTOSCALE = {"kind": "scale-out", "creating_seconds": 20, "healthy_after_seconds": 20}
NOTHING_WRONG = {
    "a-stopped-instance": rolling(instances={"4": {"power": "stopped"}}, policy=LENIENT),
    "no-health-source-at-one-read": rolling(faults=[NO_PROBE]),
    "a-signal-newer-than-what-is-on-the-target": rolling(
        policy=LENIENT, instances={**{id_: {"image": OLD} for id_ in "0134"}, "2": NOT_YET, "5": NOT_YET}, **HALF_WAY
    ),
    "autoscale-creates-one-after-another": rolling(
        faults=[{**AUTOSCALE, "instance": "6", "at": 60, "every": 45, "count": 6, "update_domains": [0]}],
    ),
    "domains-of-two-groups-at-once": rolling(
        policy={**POLICY, "maxBatchInstancePercent": 100},
        fleet={"placement_groups": 2},
        timing={"upgrade_seconds": [20, 60], "healthy_after_seconds": [1, 40]},
    ),
}


@pytest.mark.parametrize("name", NOTHING_WRONG)
def test_nothing_is_wrong_with(name: str, tmp_path: Path) -> None:
    played = play(NOTHING_WRONG[name], tmp_path)
    assert (played.outcome, called(played), played.ids("failed")) == ("succeeded", ["PATCH"], []), played.log
    assert {batch["result"] for batch in played.record["batches"]} == {"passed"}


def test_an_unhealthy_instance_that_was_on_the_target_before_is_no_success(tmp_path: Path) -> None:
    before = {"5": {"image": NEW, "unhealthy": True, "protected": True}}
    played = play(rolling({"on-failure": "rollback"}, LENIENT, instances=before), tmp_path)
    assert (played.outcome, called(played), played.ids("failed")) == ("halted", ["PATCH"], ["5"]), played.log
    assert "not every instance is healthy: instance 5" in played.outputs["reason"]


OLDER_FRONT_ENDS = {"kind": "error", "path": "Microsoft.Compute", "error": "no-registered-provider", "count": 9999}
LIES = {
    "one request in four meets an older front end": {**OLDER_FRONT_ENDS, "nth": 2, "every": 4},
    "the answer of the write is lost": on_request("patch", nth=1, drop="after"),
    "the write never arrives": on_request("patch", nth=1, drop="before"),
    "latest is not readable for a while": on_request("rolling", nth=3, count=2, status=500, code="InternalServerError"),
    "latest is denied meanwhile": on_request("rolling", nth=3, count=99, status=403, code="AuthorizationFailed"),
    "the poll is not known": on_request("poll", nth=1, count=99, status=404, code="NotFound"),
    "throttled": on_request("rolling", nth=3, status=429, retry_after=20),
}


@pytest.mark.parametrize("name", LIES)
def test_it_succeeds_although(name: str, tmp_path: Path) -> None:
    played = play(rolling(faults=[LIES[name]]), tmp_path)
    tries = 2 if name == "the write never arrives" else 1
    assert (played.outcome, called(played)) == ("succeeded", ["PATCH"] * tries), played.log


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_lost_answer_of_the_cancellation(drop: str, tmp_path: Path) -> None:
    lost = {"kind": "http", "method": "POST", "path": "/rollingUpgrades/cancel$", "nth": 1, "drop": drop}
    faults = [on_instance("comes-up-unhealthy", "3"), lost]
    played = play(rolling(policy=LENIENT, faults=faults), tmp_path)
    assert played.outcome == "halted", played.log
    assert played.log.count("cancelling Azure's rolling upgrade, because an instance is bad") == 1
    assert played.ids("remaining") == ["1", "2", "4", "5"]


def in_replay(folder: Path) -> dict[str, Any]:
    """Return what the only page of a replay in the folder shows."""
    (page,) = [path.read_text(encoding="utf-8") for path in folder.rglob("run.html")]
    found = re.search(r'<script type="application/json" id="record">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def turns_of(played: Played) -> list[list[str]]:
    """Return Azure's batches by its own state: the instances that are there after each, in order."""
    rolling_upgrade = played.azure._set.rolling
    assert rolling_upgrade is not None
    batches: dict[float, list[str]] = {}
    for turn in rolling_upgrade.turns:
        batches.setdefault(turn.started_at, []).append(turn.upgraded.instance_id)
    return [sorted(ids) for at, ids in sorted(batches.items()) if at < float("inf")]


SLOW = {"timing": {"upgrade_seconds": [30, 90], "healthy_after_seconds": [5, 40]}}
SHOWN = {
    "in-place": (rolling(**SLOW), ["passed"] * 3),
    "with-new-instances": (rolling(policy={**POLICY, "maxSurge": True}, **SLOW), ["passed"] * 3),
    "an-instance-is-bad": (
        rolling(policy=LENIENT, faults=[on_instance("comes-up-unhealthy", "4")], **SLOW),
        ["passed", "failed"],
    ),
    "cancelled-by-another": (
        rolling(faults=[{"kind": "cancel-rolling-upgrade", "after_update": 1, "delay": 150}], **SLOW),
        ["passed", "passed"],
    ),
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_replay_shows_the_batches_as_azure_made_them(name: str, tmp_path: Path) -> None:
    scenario, results = SHOWN[name]
    scenario["inputs"]["report-html"] = "run.html"
    played = play(scenario, tmp_path)
    shown = in_replay(tmp_path)
    assert [sorted(batch["instance_ids"]) for batch in shown["batches"]] == turns_of(played), played.log
    assert [batch["result"] for batch in shown["batches"]] == results
    changes = shown["changes"]
    upgraded = {
        each["instance_id"]
        for row in changes["rows"]
        for each in row["instances"]
        if any((changes["states"][state] or {}).get("cell") == "upgrading" for state in each["state"])
    }
    assert upgraded == {id_ for batch in shown["batches"] for id_ in batch["instance_ids"]}
    assert (changes["healthy_floor"], changes["floor"]["count"]) == (0, [])


def test_summary_and_record_show_the_batches(tmp_path: Path) -> None:
    played = play(rolling(), tmp_path)
    assert "Azure makes the batches" in played.summary
    assert "Azure made the batches" in played.summary
    assert [batch["result"] for batch in played.record["batches"]] == ["passed"] * 3
    assert "floor" not in played.log
