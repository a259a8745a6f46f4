"""Whole runs that go back: automatically after a failure, and by hand."""

from __future__ import annotations

import json
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

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

OTHER = "22.04.202609010"
IMAGE = "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2"
BACK = {"on-failure": "rollback", "health-timeout": "1m"}
LATER = {**BACK, "health-timeout": "3m", "bake-time": "30s"}
SIX = [2, 2, 2]
UNHEALTHY = on_instance("comes-up-unhealthy", "4")


def scenario(*faults: Scenario, **more: Any) -> Scenario:
    return fleet_of(SIX, faults=list(faults), **more)


def slower(*faults: Scenario, **more: Any) -> Scenario:
    """Return such a set for tests whose faults come at a certain time of a rollback."""
    return scenario(*faults, timing={"upgrade_seconds": 12, "healthy_after_seconds": 4}, **more)


def on(version: str, *faults: Scenario, old: str = "", new: str = "", third: str = "", **more: Any) -> Scenario:
    """Return six instances that run `version`, which the model holds, with exceptions by their ids."""
    others = {id_: {"image": image} for image, ids in ((OLD, old), (NEW, new), (OTHER, third)) for id_ in ids.split()}
    instances = {id_: {**others.get(id_, {}), **begins} for id_, begins in more.pop("instances", {}).items()}
    model = {"image": {**UBUNTU, "version": version}}
    return scenario(*faults, fleet=model, instances={**others, **instances}, **more)


def half_way(*faults: Scenario, **more: Any) -> Scenario:
    """Return a rollout that stopped half-way, to be undone by hand."""
    return on(NEW, *faults, old="1 4 2 5", inputs={}, **more)


def versions(played: Played) -> dict[str, str]:
    return {state.instance_id: state.image_version for state in played.azure.instances()}


def model_version(played: Played) -> str:
    writes = [json.loads(write.body) for write in played.writes if write.method == "PATCH"]
    profile = writes[-1]["properties"]["virtualMachineProfile"]["storageProfile"]
    return str(profile["imageReference"]["version"])


# -- automatic ----------------------------------------------------------------------------------------------------


@cache
def rolled_back() -> Played:
    """Play the rollback at which several tests look, once."""
    return play(scenario(UNHEALTHY), Path(tempfile.mkdtemp(prefix="vmss-upgrade-test-")), inputs=BACK)


def test_everything_that_moved_returns_newest_batch_first() -> None:
    played = rolled_back()
    assert (played.exit_code, played.outputs["outcome"]) == (1, "rolled-back")
    assert played.upgrade_calls == [["0", "3"], ["1", "4"], ["4"], ["1"], ["0", "3"]]
    assert (set(versions(played).values()), model_version(played)) == ({OLD}, OLD)
    assert json.loads(played.outputs["rolled-back"]) == ["0", "1", "3", "4"]
    assert json.loads(played.outputs["failed"]) == ["4"]
    assert json.loads(played.outputs["skipped"]) == ["2", "5"]
    assert (played.outputs["upgraded"], played.outputs["remaining"]) == ("[]", "[]")
    assert played.azure.lowest_available() == 4


def test_the_model_is_put_back_before_any_instance() -> None:
    played = rolled_back()
    assert [write.method for write in played.writes] == ["PATCH", "POST", "POST", "PATCH", "POST", "POST", "POST"]


def test_a_run_stops_by_default(tmp_path: Path) -> None:
    played = play(scenario(UNHEALTHY), tmp_path, inputs={"health-timeout": "3m"})
    assert (played.outputs["outcome"], played.outputs["rolled-back"]) == ("halted", "[]")
    assert [write.method for write in played.writes] == ["PATCH", "POST", "POST"]
    assert f"run this action with `operation: rollback` and `image-version: {OLD}`" in played.log


def test_log_and_summary_show_both_ways() -> None:
    played = rolled_back()
    assert (
        "On failure      Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:22.04.202610010 is put back"
        in played.log
    )
    assert "↩ rolling back" in played.log
    assert "Because         batch 2 failed: instance 4: NotHealthy" in played.log
    assert "the model holds the previous image again" in played.log
    assert "Rollback batch 3 of 3: UD 0, 2 instances" in played.log
    assert "failed and was rolled back" in played.summary
    assert "<br>4 of 4 returned · " in played.summary
    assert played.summary.index("### Batches") < played.summary.index("### Rollback")
    there, back = played.summary.split("### Rollback")
    assert re.search(r"- Batch 2, UD 1, at 00:0\d UTC: <code>1, 4</code>", there)
    assert re.search(r"- Batch 3, UD 0, at 00:0\d UTC: <code>0, 3</code>", back)
    assert "; the model holds the previous image again." in back
    assert [batch["instance_ids"] for batch in played.record["rollback"]["batches"]] == [["4"], ["1"], ["0", "3"]]
    assert [batch["instance_ids"] for batch in played.record["batches"]] == [["0", "3"], ["1", "4"]]
    assert played.record["rollback"]["model_restored"] is True


def test_an_instance_created_with_the_target_returns_too(tmp_path: Path) -> None:
    created = on_instance("appear", "9", after_upgrade=2, delay=20, update_domain=2, image="new")
    late = on_instance("appear", "10", after_upgrade=2, delay=240, update_domain=0, image="new")
    wait = on_request("patch", nth=2, status=429, retry_after=60)
    played = play(slower(UNHEALTHY, created, late, wait), tmp_path, inputs=LATER)
    assert played.outputs["outcome"] == "rolled-back", played.log
    assert set(versions(played).values()) == {OLD}
    assert {"9", "10"} <= set(json.loads(played.outputs["rolled-back"]))


def test_an_instance_that_ran_the_target_before_returns_too(tmp_path: Path) -> None:
    """This is the state after a run that died during its rollback: the model holds the previous image, but not every
    instance runs it.
    """
    played = play(on(OLD, UNHEALTHY, new="5"), tmp_path, inputs=BACK)
    assert played.outputs["outcome"] == "rolled-back"
    assert set(versions(played).values()) == {OLD}
    reasons = {one["instance_id"]: one["reason"] for one in played.record["skipped"]}
    assert reasons == {"2": "on the image that the others return to"}


def test_after_a_killed_rollback_the_next_run_returns_every_instance(tmp_path: Path) -> None:
    """The reason is an instance of the next run: the one that was unhealthy before is no evidence of it."""
    clock = cancelled_at(330.0)
    killed = play(slower(UNHEALTHY, on_instance("comes-up-unhealthy", "5")), tmp_path, inputs=LATER, clock=clock)
    assert [write.method for write in killed.writes].count("PATCH") == 2, "the previous image is in the model"
    assert NEW in versions(killed).values()
    inputs = {**killed.azure.scenario.inputs, **LATER}
    again = play_job(killed.azure, clock, tmp_path, inputs, transport=wired(killed.azure), name="test")
    assert again.outputs["outcome"] == "rolled-back", again.log
    assert set(versions(again).values()) == {OLD}


def test_a_second_run_also_returns_the_instances_of_the_first(tmp_path: Path) -> None:
    """The model already holds the target: every instance that runs it has moved since the rollout began."""
    played = play(on(NEW, UNHEALTHY, old="1 4 2 5"), tmp_path, inputs=BACK)
    assert played.outputs["outcome"] == "rolled-back"
    assert played.upgrade_calls == [["1", "4"], ["4"], ["1"], ["0", "3"]]
    assert (set(versions(played).values()), model_version(played)) == ({OLD}, OLD)
    assert played.outputs["previous-image"].endswith(OLD)


def test_a_floating_model_gets_the_exact_version(tmp_path: Path) -> None:
    """`latest` would be the version that has just failed."""
    played = play(on("latest", UNHEALTHY, old="0 1 2 3 4 5"), tmp_path, inputs=BACK)
    assert (played.outputs["outcome"], model_version(played)) == ("rolled-back", OLD), played.log


def test_only_selected_instances_return(tmp_path: Path) -> None:
    created = on_instance("appear", "9", after_upgrade=1, delay=20, update_domain=2, image="new")
    played = play(scenario(UNHEALTHY, created), tmp_path, inputs={**BACK, "instance-ids": "0,4"})
    assert played.upgrade_calls == [["0"], ["4"], ["4"], ["0"]]
    assert played.outputs["outcome"] == "rolled-back"
    assert json.loads(played.outputs["remaining"]) == ["9"], "it runs the target, and was not selected"
    assert "Not returned: 1 instance (9)." in played.log


def test_a_protected_instance_is_never_returned(tmp_path: Path) -> None:
    played = play(on(NEW, UNHEALTHY, old="1 4 2 5", instances={"0": {"protected": True}}), tmp_path, inputs=BACK)
    assert played.upgrade_calls == [["1", "4"], ["4"], ["1"], ["3"]]
    assert (played.outputs["outcome"], played.ids("skipped")) == ("rollback-failed", ["2", "5"])
    assert f"Instance 0: NotReturned: does not run {IMAGE}:{OLD} again: it is protected" in played.log


def test_an_instance_that_failed_to_provision_is_repaired(tmp_path: Path) -> None:
    failure = on_instance("provisioning-failure", "4", code="OSProvisioningTimedOut", message="timed out")
    played = play(scenario(failure), tmp_path, inputs=BACK)
    assert played.outputs["outcome"] == "rolled-back", played.log
    assert {state.provisioning_state for state in played.azure.instances()} == {"Succeeded"}
    assert "4" in json.loads(played.outputs["rolled-back"])


def test_an_instance_that_becomes_unhealthy_after_its_batch_starts_it(tmp_path: Path) -> None:
    played = play(slower(on_instance("fall-ill", "0", after_upgrade=1, delay=80)), tmp_path, inputs=LATER)
    assert played.outputs["outcome"] == "rolled-back"
    assert played.upgrade_calls == [["0", "3"], ["1", "4"], ["0"], ["1", "4"], ["3"]]


def test_bad_health_at_the_very_end_starts_it(tmp_path: Path) -> None:
    played = play(slower(on_instance("fall-ill", "0", after_upgrade=3, delay=41)), tmp_path, inputs=LATER)
    assert played.outputs["outcome"] == "rolled-back", played.log
    assert played.upgrade_calls[3:] == [["0"], ["2", "5"], ["1", "4"], ["3"]]


def test_a_bad_image_is_left_although_few_instances_are_healthy(tmp_path: Path) -> None:
    """`min-healthy` is already broken: unhealthy instances may return, and then the others as it allows."""
    unhealthy = [on_instance("fall-ill", id_, after_upgrade=2, delay=30) for id_ in "0134"]
    played = play(scenario(*unhealthy), tmp_path, inputs={**BACK, "min-healthy": "4"})
    assert played.outputs["outcome"] == "rolled-back", played.log
    assert set(versions(played).values()) == {OLD}


def test_a_failed_rollback_names_both_failures_and_how_to_continue(tmp_path: Path) -> None:
    unhealthy_again = on_instance("fall-ill", "4", after_upgrade=3, delay=13)
    played = play(scenario(UNHEALTHY, unhealthy_again), tmp_path, inputs=BACK)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "rollback-failed")
    assert "The rollback failed, too: batch 1 failed: instance 4: NotHealthy" in played.summary
    assert f"Then go on with `operation: rollback` and `image-version: {OLD}`" in played.log
    assert json.loads(played.outputs["remaining"]) == ["0", "1", "3"]
    assert json.loads(played.outputs["failed"]) == ["4"]
    assert "The model holds the previous image" in played.log


def test_a_model_that_cannot_be_put_back_is_reported(tmp_path: Path) -> None:
    denied = on_request("patch", nth=2, count=9, status=403, code="AuthorizationFailed")
    played = play(scenario(UNHEALTHY, denied), tmp_path, inputs=BACK)
    assert played.outputs["outcome"] == "rollback-failed"
    assert json.loads(played.outputs["remaining"]) == ["0", "1", "3"]
    assert json.loads(played.outputs["failed"]) == ["4"]
    assert "The model holds the target image" in played.log
    assert "AuthorizationFailed" in played.summary
    assert played.record["rollback"]["model_restored"] is False
    assert len(played.upgrade_calls) == 2


def test_bad_days_are_waited_out_during_a_rollback_too(tmp_path: Path) -> None:
    days = (
        on_request("patch", nth=2, status=429, retry_after=40),
        on_request("upgrade", nth=3, drop="after"),
        on_request("upgrade", nth=4, status=409, code="Conflict"),
    )
    played = play(scenario(UNHEALTHY, *days), tmp_path, inputs=BACK)
    assert played.outputs["outcome"] == "rolled-back", played.log
    assert {state.instance_id: state.upgrades for state in played.azure.instances()} == {
        **dict.fromkeys("0134", 2),
        **dict.fromkeys("25", 0),
    }


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(on_request("upgrade", nth=2, count=9, status=403, code="AuthorizationFailed"), id="role-removed"),
        pytest.param(
            model_change(profile(storageProfile={"imageReference": {"version": OTHER}}), after_upgrade=1, delay=5),
            id="somebody-else-s-model",
        ),
    ],
)
def test_other_failures_than_of_the_image_start_none(fault: Scenario, tmp_path: Path) -> None:
    played = play(scenario(fault), tmp_path, inputs=BACK)
    assert (played.outputs["outcome"], played.outputs["rolled-back"]) == ("halted", "[]"), played.log
    assert "rolling back" not in played.log


def test_the_end_of_the_time_starts_none(tmp_path: Path) -> None:
    played = play(scenario(), tmp_path, inputs={**BACK, "timeout": "90s"})
    assert played.outputs["outcome"] == "timed-out"
    assert "rolling back" not in played.log


def test_stop_after_does_not_apply_to_a_rollback(tmp_path: Path) -> None:
    played = play(scenario(UNHEALTHY), tmp_path, inputs={**BACK, "stop-after": "2"})
    assert (played.outputs["outcome"], played.outputs["remaining"]) == ("rolled-back", "[]")


def test_a_rollback_starts_batches_that_may_end_too_late(tmp_path: Path) -> None:
    """A rollout would stop cleanly before. In a rollback every instance that is asked to return counts."""
    played = play(slower(UNHEALTHY), tmp_path, inputs={**LATER, "timeout": "8m"})
    assert played.outputs["outcome"] == "rollback-failed", played.log
    assert "The rollback failed, too: The rollout's `timeout` (8m00s) passed." in played.record["reason"]
    last = max(request.at for request in played.writes)
    assert 480 - last < 45, "a batch takes longer than what was left"


def test_min_healthy_in_a_rollback_is_that_of_the_start(tmp_path: Path) -> None:
    """Two of six were evicted meanwhile: three of the remaining four must stay."""
    gone = [on_instance("stop", id_, after_upgrade=2, delay=5) for id_ in "25"]
    played = play(scenario(UNHEALTHY, *gone), tmp_path, inputs=BACK)
    assert played.outputs["outcome"] == "rollback-failed", played.log
    assert "only 2, and `min-healthy` needs 3" in played.log.split("rolling back")[1]


def test_a_cancelled_rollback_says_how_to_continue(tmp_path: Path) -> None:
    played = play(slower(UNHEALTHY), tmp_path, inputs=LATER, clock=cancelled_at(360.0))
    assert played.outputs["outcome"] == "interrupted"
    assert "The rollback of simulated-set was cancelled" in played.summary
    assert f"To go on, run this action with `operation: rollback` and `image-version: {OLD}`." in played.log


def test_suspended_repairs_are_resumed_after_a_rollback(tmp_path: Path) -> None:
    played = play(scenario(UNHEALTHY, model=REPAIRS), tmp_path, inputs={**BACK, "suspend-repairs": "true"})
    assert played.outputs["outcome"] == "rolled-back"
    assert not played.azure.repairs_suspended
    assert "setOrchestrationServiceState" in played.writes[-1].path


# -- refusals because there is no way back ------------------------------------------------------------------------

DISK = "https://golden.blob.core.windows.net/images/web-{}.vhd"


def of_disks(*faults: Scenario, model: int = 2, **more: Any) -> Scenario:
    """Return a set whose model holds a VHD, by default the target; two of four instances were created from the first
    one.
    """
    first = {"image": {"uri": DISK.format(1)}, "current": False}
    inputs = {"image-uri": DISK.format(2), "on-failure": "rollback"}
    others = {"inputs": inputs, "instances": {"1": first, "3": first}, **more}
    return fleet_of(fleet={"image": {"uri": DISK.format(model)}}, faults=list(faults), **others)


def test_nothing_moves_if_the_previous_image_is_unknown(tmp_path: Path) -> None:
    played = play(of_disks(), tmp_path)
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert (
        "needs to know which exact image the instances ran before, and they do not show it. Give `record`" in played.log
    )


def test_the_record_of_the_first_run_names_it(tmp_path: Path) -> None:
    first = play(of_disks(model=1, instances={}), tmp_path)
    (tmp_path / "first.json").write_text(json.dumps(first.record))
    assert first.record["previous_image"].endswith("web-1.vhd")
    played = play(
        of_disks(on_instance("comes-up-unhealthy", "3")),
        tmp_path,
        inputs={"record": "first.json", "health-timeout": "3m"},
    )
    assert played.outputs["outcome"] == "rolled-back", played.log
    assert {version.rpartition("/")[2] for version in versions(played).values()} == {"web-1.vhd"}


def test_refused_if_the_previous_image_is_deprecated(tmp_path: Path) -> None:
    images = [{**UBUNTU, "versions": [NEW]}, {**UBUNTU, "versions": [OLD], "state": "Deprecated"}]
    played = play(on(NEW, old="0 1 2 3 4 5", images=images), tmp_path, inputs=BACK)
    assert (played.outputs["outcome"], played.writes) == ("refused", []), played.log
    assert f"22_04-lts-gen2:{OLD} is deprecated: no instance can be made from it any more. Use `on-failure: stop`." in (
        played.log
    )


def test_refused_if_the_previous_image_is_gone(tmp_path: Path) -> None:
    gone = on_request("image", status=404, code="NotFound", count=9) | {"path": f"versions/{OLD}$"}
    played = play(scenario(gone), tmp_path, inputs=BACK)
    assert (played.outputs["outcome"], played.writes) == ("refused", []), played.log
    assert f"{OLD} does not exist in westeurope any more. Use `on-failure: stop`." in played.log


SET_ID = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/simulated-group/providers/Microsoft.Compute/"
    "virtualMachineScaleSets/simulated-set"
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"scale_set": {"id": f"{SET_ID}-2"}}, f"`record` is of another scale set ({SET_ID}-2).", id="set"),
        pytest.param(
            {"previous_image": f"{SET_ID.partition('/virtual')[0]}/images/1"},
            "`record` names a managed or gallery image",
            id="kind",
        ),
    ],
)
@pytest.mark.parametrize("inputs", [BACK, {"operation": "rollback", "image-version": ""}], ids=["by-itself", "by-hand"])
def test_a_record_that_does_not_fit_is_refused(
    change: dict[str, object], said: str, inputs: dict[str, str], tmp_path: Path
) -> None:
    record = {
        "schema": "vmss-upgrade/record/1",
        "scale_set": {"id": SET_ID.upper()},
        "previous_image": f"Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:{OLD}",
        "target_image": f"Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:{NEW}",
    }
    (tmp_path / "other.json").write_text(json.dumps({**record, **change}))
    played = play(scenario(), tmp_path, inputs={**inputs, "record": "other.json"})
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert said in played.log


def test_several_previous_images_give_a_warning(tmp_path: Path) -> None:
    played = play(on(OLD, third="2"), tmp_path, inputs={**BACK, "operation": "plan"})
    assert played.outputs["outcome"] == "planned"
    assert (
        f"also those that run another one now: Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:{OTHER} (2)."
        in (played.log)
    )


# -- by hand -------------------------------------------------------------------------------------------------------

BY_HAND = {"operation": "rollback"}


@pytest.mark.parametrize("named", [{}, {"image-version": OLD}], ids=["read-from-the-others", "named"])
def test_a_rollout_that_was_left_half_way_is_undone(named: dict[str, str], tmp_path: Path) -> None:
    played = play(half_way(), tmp_path, inputs={**BY_HAND, **named})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    assert played.upgrade_calls == [["0", "3"]]
    assert (set(versions(played).values()), model_version(played)) == ({OLD}, OLD)
    assert json.loads(played.outputs["upgraded"]) == ["0", "3"]
    assert played.outputs["target-image"].endswith(OLD)
    assert played.outputs["previous-image"].endswith(NEW)
    assert "simulated-set returned to an earlier image" in played.summary
    assert "<br>2 of 2 returned · " in played.summary


def test_a_rollback_that_stopped_half_way_continues(tmp_path: Path) -> None:
    """The model holds the previous image again: the other image is the newer one, and must not be mistaken for it."""
    never_moved = {"5": {"current": False}}  # the model is another one than it was created from
    played = play(on(OLD, new="0 3", inputs={}, instances=never_moved), tmp_path, inputs=BY_HAND)
    assert (played.outputs["outcome"], played.upgrade_calls) == ("succeeded", [["0", "3"]])
    assert (set(versions(played).values()), [w.method for w in played.writes]) == ({OLD}, ["POST"])


def test_a_rollback_that_was_killed_waits_for_the_instance_that_it_left_starting(tmp_path: Path) -> None:
    """Without a wait, too few would be healthy for any batch, and the run be refused."""
    starting = [on_instance("fall-ill", id_, at=0, seconds=100) for id_ in "1245"]
    played = play(on(OLD, *starting, new="0 3", inputs={}), tmp_path, inputs={**BY_HAND, "image-version": OLD})
    assert (played.outputs["outcome"], played.upgrade_calls) == ("succeeded", [["0", "3"]]), played.log
    assert "not healthy yet (1, 2, 4, 5)" in played.log


def test_a_third_image_is_left_alone_and_named(tmp_path: Path) -> None:
    played = play(half_way(instances={"5": {"image": OTHER}}), tmp_path, inputs=BY_HAND)
    assert played.outputs["outcome"] == "succeeded"
    assert json.loads(played.outputs["remaining"]) == ["5"]
    assert versions(played)["5"] == OTHER
    assert (
        "It is not known whether these have moved since the rollout began, so they are left as they are: 5."
        in played.log
    )


def test_nothing_to_return_to(tmp_path: Path) -> None:
    played = play(on(NEW, inputs={}), tmp_path, inputs=BY_HAND)
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert "Could not find out which image to return to" in played.log
    assert "Name it as `image` (log and summary" in played.log


MANAGED = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.Compute/images"
TWO_MANAGED = fleet_of(
    fleet={"image": {"id": f"{MANAGED}/second"}},
    inputs={"operation": "rollback"},
    images=[{"id": f"{MANAGED}/first"}, {"id": f"{MANAGED}/second"}],
    instances={id_: {"image": {"id": f"{MANAGED}/first"}} for id_ in ("1", "3")},
)


def test_one_of_two_incomparable_images_must_be_named(tmp_path: Path) -> None:
    """The model could hold either because of a rollout or because of a rollback, if one of them stopped half-way."""
    played = play(TWO_MANAGED, tmp_path)
    assert (played.outputs["outcome"], played.writes) == ("refused", []), played.log


def test_a_named_managed_image(tmp_path: Path) -> None:
    played = play(TWO_MANAGED, tmp_path, inputs={"image-id": f"{MANAGED}/first"})
    assert (played.outputs["outcome"], played.upgrade_calls) == ("succeeded", [["0"], ["2"]]), played.log
    assert set(versions(played).values()) == {f"{MANAGED}/first"}


def test_by_hand_most_instances_may_be_unhealthy(tmp_path: Path) -> None:
    """The rollout made all domains but one unhealthy: no upgrade would be allowed on this set."""
    unhealthy = {id_: {"unhealthy": True} for id_ in "0134"}
    played = play(
        on(NEW, old="2 5", inputs={}, instances=unhealthy), tmp_path, inputs={**BY_HAND, "health-timeout": "3m"}
    )
    assert played.outputs["outcome"] == "succeeded", played.log
    assert played.upgrade_calls == [["1", "4"], ["0", "3"]]
    assert set(versions(played).values()) == {OLD}


def test_by_hand_with_stop_after(tmp_path: Path) -> None:
    played = play(on(NEW, old="2 5", inputs={}), tmp_path, inputs={**BY_HAND, "stop-after": "1"})
    assert (played.outputs["outcome"], played.upgrade_calls) == ("partial", [["1", "4"]])
    assert json.loads(played.outputs["remaining"]) == ["0", "3"]


def test_a_failed_set_is_rolled_back(tmp_path: Path) -> None:
    failed = {"0": {"failed": {"code": "X", "message": "broken"}}}
    left = half_way(instances=failed, model={"properties": {"provisioningState": "Failed"}})
    played = play(left, tmp_path, inputs=BY_HAND)
    assert played.outputs["outcome"] == "succeeded", played.log
    assert set(versions(played).values()) == {OLD}


def test_the_record_names_both_images(tmp_path: Path) -> None:
    first = play(scenario(UNHEALTHY), tmp_path, inputs={"health-timeout": "3m"})
    (tmp_path / "first.json").write_text(json.dumps(first.record))
    played = play(on(NEW, inputs={}), tmp_path, inputs={**BY_HAND, "record": "first.json"})
    assert played.outputs["outcome"] == "succeeded", played.log
    assert set(versions(played).values()) == {OLD}


def test_a_failed_rollback_by_hand_is_halted_and_not_undone(tmp_path: Path) -> None:
    played = play(
        half_way(on_instance("comes-up-unhealthy", "0")),
        tmp_path,
        inputs={**BY_HAND, "on-failure": "rollback", "health-timeout": "3m"},
    )
    assert played.outputs["outcome"] == "halted"
    assert "The rollback of simulated-set failed and stopped" in played.summary
    assert f"To go on, run this action with `operation: rollback` and `image-version: {OLD}`." in played.log


def test_a_cancelled_rollback_by_hand_names_its_image(tmp_path: Path) -> None:
    """Equal inputs would not be enough: the instances no longer show for certain which image is the earlier one."""
    played = play(half_way(), tmp_path, inputs=BY_HAND, clock=cancelled_at(70.0))
    assert played.outputs["outcome"] == "interrupted"
    assert f"To go on, run this action with `operation: rollback` and `image-version: {OLD}`." in played.log


# -- other kinds of set, image and order ---------------------------------------------------------------------------


def test_instances_that_were_upgraded_to_the_model_return_as_well(tmp_path: Path) -> None:
    """`upgrade-instances` has not written the model, but its image has failed."""
    behind = on(NEW, UNHEALTHY, old="0 1 2 3 4 5", inputs={})
    played = play(behind, tmp_path, inputs={**BACK, "operation": "upgrade-instances"})
    assert (played.outputs["outcome"], model_version(played)) == ("rolled-back", OLD), played.log
    assert set(versions(played).values()) == {OLD}


def test_upgrade_instances_needs_the_right_to_write_only_for_a_rollback(tmp_path: Path) -> None:
    rights = {"actions": ["*"], "not_actions": ["Microsoft.Compute/virtualMachineScaleSets/write"]}
    behind = on(NEW, old="0 1", inputs={}, permissions=rights)
    order = {"operation": "upgrade-instances"}
    assert play(behind, tmp_path, inputs=order).outputs["outcome"] == "succeeded"
    refused = play(behind, tmp_path / "back", inputs={**order, "on-failure": "rollback"})
    assert refused.outputs["outcome"] == "refused"
    assert "lacks the right to Microsoft.Compute/virtualMachineScaleSets/write" in refused.log


FLEXIBLE = fleet_of([6], fleet={"orchestration": "Flexible", "health": "extension"})
ZONAL = fleet_of([3], {"strategy": "auto"}, fleet={"zones": ["1", "2"], "fault_domains": 1})
GALLERY = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/images/providers/Microsoft.Compute/galleries/"
    "golden/images/web"
)
OF_A_GALLERY = fleet_of(
    fleet={"image": {"id": f"{GALLERY}/versions/1.0.0"}},
    inputs={"image-id": f"{GALLERY}/versions/2.0.0"},
    images=[{"id": GALLERY, "versions": ["1.0.0", "2.0.0"]}],
)


@pytest.mark.parametrize(
    ("kind", "unhealthy"),
    [
        pytest.param(FLEXIBLE, "simulated-set_00000003", id="flexible"),
        pytest.param(ZONAL, "4", id="zonal"),
        pytest.param(OF_A_GALLERY, "1", id="gallery"),
    ],
)
def test_every_kind_goes_back(kind: Scenario, unhealthy: str, tmp_path: Path) -> None:
    played = play({**kind, "faults": [on_instance("comes-up-unhealthy", unhealthy)]}, tmp_path, inputs=BACK)
    assert played.outputs["outcome"] == "rolled-back", played.log
    assert len(set(versions(played).values())) == 1
    assert set(versions(played).values()) == {played.outputs["previous-image"].rpartition(":")[2]}
    assert played.azure.lowest_available() >= len(versions(played)) // 2


def test_never_back_to_an_image_without_a_version(tmp_path: Path) -> None:
    played = play(OF_A_GALLERY, tmp_path, inputs={"operation": "rollback", "image-id": GALLERY})
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert f"A rollback needs an exact version, and {GALLERY} names none." in played.log


def test_the_record_overrides_the_images_that_the_instances_show(tmp_path: Path) -> None:
    record = {
        "schema": "vmss-upgrade/record/1",
        "scale_set": {"id": SET_ID},
        "previous_image": f"Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:{OTHER}",
        "target_image": f"Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:{NEW}",
    }
    (tmp_path / "first.json").write_text(json.dumps(record))
    played = play(scenario(UNHEALTHY), tmp_path, inputs={**BACK, "record": "first.json"})
    assert (played.outputs["outcome"], model_version(played)) == ("rolled-back", OTHER)
    assert played.outputs["previous-image"].endswith(OTHER)


# -- misleading records and sets ----------------------------------------------------------------------------------


def a_record(previous: str, target: str, **more: str) -> str:
    name = "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2"
    images = {"previous_image": f"{name}:{previous}", "target_image": f"{name}:{target}"}
    return json.dumps({"schema": "vmss-upgrade/record/1", "scale_set": {"id": SET_ID}, **images, **more})


@pytest.mark.parametrize(
    ("fleet", "inputs", "record"),
    [
        pytest.param(scenario(), BACK, a_record(NEW, OLD), id="by-itself-reversed"),
        pytest.param(scenario(), BACK, a_record(OTHER, OLD), id="by-itself-an-earlier-one"),
        pytest.param(scenario(), BACK, a_record(NEW, NEW), id="by-itself-to-where-it-is"),
        pytest.param(
            on(NEW, old="1 4", inputs={}),
            {"operation": "rollback", "image-version": ""},
            a_record(OTHER, OLD),
            id="by-hand",
        ),
    ],
)
def test_the_record_of_another_rollout_is_refused(
    fleet: Scenario, inputs: dict[str, str], record: str, tmp_path: Path
) -> None:
    (tmp_path / "r.json").write_text(record)
    played = play(fleet, tmp_path, inputs={**inputs, "record": "r.json"})
    assert (played.outputs["outcome"], played.writes) == ("refused", []), played.log
    assert "`record` is of another rollout, from " in played.log


def test_the_record_of_a_rollback_is_refused(tmp_path: Path) -> None:
    """It would lead forward, to the failed image."""
    back = play(half_way(), tmp_path, inputs=BY_HAND)
    (tmp_path / "back.json").write_text(json.dumps(back.record))
    played = play(on(OLD, inputs={}), tmp_path, inputs={**BY_HAND, "record": "back.json"})
    assert (played.exit_code, played.writes) == (1, [])
    assert "was written by a rollback, so its previous and its target image are swapped" in played.log


@pytest.mark.parametrize(
    "others",
    [
        pytest.param({"5": {"image": OTHER, "protected": True}}, id="protected"),
        pytest.param({"5": {"image": OTHER, "power": "stopped"}}, id="stopped"),
        pytest.param({"5": {"image": OTHER}, "1": {"current": False}}, id="after-a-rollback"),
    ],
)
def test_a_straggler_does_not_count_as_unmoved(others: Scenario, tmp_path: Path) -> None:
    played = play(on(OLD, inputs={}, instances=others), tmp_path, inputs=BY_HAND)
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert "Could not find out which image to return to" in played.log


def test_a_rollback_to_a_newer_image_is_refused(tmp_path: Path) -> None:
    """A workflow that offers `operation` as a choice still gives the version of the upgrade that failed."""
    played = play(on(OLD, new="2 5", inputs={}), tmp_path, inputs={**BY_HAND, "image-version": NEW})
    assert (played.outputs["outcome"], set(versions(played).values())) == ("refused", {OLD, NEW})
    assert f"{NEW} is newer than " in played.log
    assert played.writes == []


def test_the_log_says_that_instances_of_an_earlier_run_return_too(tmp_path: Path) -> None:
    played = play(on(NEW, third="2 5"), tmp_path, inputs={**BACK, "operation": "plan"})
    assert (
        "On the target image already, by an earlier run: 0, 1, 3, 4. A rollback would bring these, too, to"
        in played.log
    )


# -- no rollback, and the state before one -------------------------------------------------------------------------


def test_a_run_without_changes_undoes_nothing(tmp_path: Path) -> None:
    """An instance that was unhealthy before this run is no reason to undo healthy upgrades."""
    played = play(on(NEW, on_instance("fall-ill", "0", at=0), old="2 5"), tmp_path, inputs=BACK)
    assert (played.outputs["outcome"], played.writes) == ("halted", [])
    assert "No rollback: the failure is older than this run" in played.log
    assert f"use `operation: rollback` and `image-version: {OLD}`" in played.log


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(on_instance("fall-ill", "5", after_upgrade=1, delay=41), id="never-moved"),
        pytest.param(
            on_instance("updated-by-somebody", "0", after_upgrade=3, delay=20, seconds=400),
            id="somebody-at-work",
        ),
        pytest.param(
            on_request("upgrade", nth=2, status=409, code="OperationNotAllowed"), id="azure-refuses-an-upgrade"
        ),
    ],
)
def test_other_causes_than_the_target_image_start_none(fault: Scenario, tmp_path: Path) -> None:
    played = play(slower(fault), tmp_path, inputs=LATER)
    assert (played.outputs["outcome"], played.outputs["rolled-back"]) == ("halted", "[]"), played.log
    assert f"No rollback: no instance was seen bad on {IMAGE}:{NEW}" in played.log
    assert [write.method for write in played.writes].count("PATCH") == 1


def test_a_stopped_instance_does_not_end_the_run(tmp_path: Path) -> None:
    played = play(scenario(on_instance("stop", "0", after_upgrade=3, delay=20)), tmp_path, inputs=BACK)
    assert (played.outputs["outcome"], played.ids("upgraded")) == ("succeeded", ["1", "2", "3", "4", "5"]), played.log
    assert (played.ids("skipped"), played.ids("remaining")) == (["0"], [])
    assert "Stopped or evicted during the rollout, so nothing more is expected of them: 0." in played.log


def test_a_model_update_that_azure_reports_as_failed_is_judged_by_the_model(tmp_path: Path) -> None:
    failing = on_request("patch", kind="operation", code="InternalExecutionError", message="Something.")
    played = play(scenario(failing), tmp_path, inputs=BACK)
    assert (played.outputs["outcome"], model_version(played)) == ("succeeded", NEW), played.log
    assert "failed (InternalExecutionError, Something), but it holds the target: the model decides." in played.log


def test_a_refused_model_update_leaves_nothing_to_undo(tmp_path: Path) -> None:
    refused = on_request("patch", nth=1, status=400, code="InvalidParameter")
    played = play(scenario(refused, model=REPAIRS), tmp_path, inputs={**BACK, "suspend-repairs": "true"})
    assert (played.outputs["outcome"], played.outputs["rolled-back"]) == ("halted", "[]")
    assert "rolling back" not in played.log


def test_a_rollback_waits_for_a_hanging_upgrade(tmp_path: Path) -> None:
    failing = on_instance("provisioning-failure", "4", code="OSProvisioningTimedOut", message="x")
    played = play(
        scenario(failing, on_instance("hangs", "1")),
        tmp_path,
        inputs={"on-failure": "rollback", "batch-timeout": "20m"},
    )
    assert "Azure is still carrying out what the rollout began" in played.log
    _, back, *_ = [write for write in played.writes if write.method == "PATCH"]
    failed = next(batch for batch in played.record["batches"] if batch["result"] == "failed")
    assert back.at - failed["started_at"] - failed["seconds"] > 20 * 60


def test_an_update_by_somebody_else_fails_no_rollback(tmp_path: Path) -> None:
    updating = on_instance("updated-by-somebody", "5", after_upgrade=2, delay=100, seconds=1500)
    played = play(scenario(updating, UNHEALTHY), tmp_path, inputs=BACK)
    assert (played.outputs["outcome"], played.ids("rolled-back")) == ("rolled-back", ["0", "1", "3", "4"]), played.log


def test_a_rollback_by_hand_waits_for_an_instance_that_somebody_updates(tmp_path: Path) -> None:
    """It is unknown what the instance will run afterwards."""
    updating = on_instance("updated-by-somebody", "5", after_upgrade=1, delay=30, seconds=200)
    played = play(half_way(updating), tmp_path, inputs=BY_HAND)
    assert played.outputs["outcome"] == "succeeded", played.log
    assert "5: is Updating" in played.log


def test_a_rollback_repairs_an_instance_that_an_earlier_run_could_not_provision(tmp_path: Path) -> None:
    failed = {"image": OLD, "current": False, "failed": {"code": "OSProvisioningTimedOut", "message": "x"}}
    played = play(on(NEW, UNHEALTHY, old="4 2 5", instances={"1": failed}), tmp_path, inputs=BACK)
    assert played.outputs["outcome"] == "rolled-back", played.log
    assert {state.provisioning_state for state in played.azure.instances()} == {"Succeeded"}


def test_an_untouchable_instance_on_the_bad_image_is_named(tmp_path: Path) -> None:
    played = play(scenario(UNHEALTHY, on_instance("stop", "3", after_upgrade=2, delay=5)), tmp_path, inputs=BACK)
    assert (played.outputs["outcome"], played.ids("rolled-back")) == ("rollback-failed", ["0", "1", "4"]), played.log
    assert f"Instance 3: NotReturned: does not run {IMAGE}:{OLD} again: it is deallocated" in played.log


def test_the_log_says_that_there_is_no_way_back(tmp_path: Path) -> None:
    """A second run finds every instance on the target, and one unhealthy: no instance shows the previous image."""
    played = play(on(NEW, on_instance("fall-ill", "0", at=0)), tmp_path, inputs=BACK)
    assert played.outputs["outcome"] == "halted"
    assert "No rollback: the failure is older than this run. When it began, instance 0 was not healthy" in played.log
    assert "use `operation: rollback` with the image" in played.log


def test_other_settings_of_the_model_are_not_rolled_back(tmp_path: Path) -> None:
    smaller = {"current": False, "behind": {"vm_size": "Standard_D2s_v3"}}
    played = play(
        on(NEW, inputs={}, instances={"0": smaller}), tmp_path, inputs={**BACK, "operation": "upgrade-instances"}
    )
    assert played.outputs["outcome"] == "refused"
    assert "has no image to go back to: what the instances lack is other settings of the model" in played.log


def test_an_instance_that_becomes_unhealthy_outside_the_batch_is_reported_as_returned(tmp_path: Path) -> None:
    played = play(slower(on_instance("fall-ill", "0", after_upgrade=1, delay=80)), tmp_path, inputs=LATER)
    assert json.loads(played.outputs["rolled-back"]) == ["0", "1", "3", "4"]
    assert json.loads(played.outputs["failed"]) == ["0"]
    assert "4 of 4 instances returned" in played.log


def test_a_vhd_in_the_model_again_does_not_show_which_instances_moved(tmp_path: Path) -> None:
    inputs = {"operation": "rollback", "image-uri": DISK.format(1)}
    played = play(of_disks(model=1, inputs=inputs), tmp_path)
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert "use `operation: upgrade` with it" in played.log


def test_a_rollback_repairs_a_machine_without_a_flag_too(tmp_path: Path) -> None:
    failing = on_instance("provisioning-failure", "simulated-set_00000003", code="OSProvisioningTimedOut", message="x")
    played = play({**FLEXIBLE, "faults": [failing]}, tmp_path, inputs=BACK)
    assert played.outputs["outcome"] == "rolled-back", played.log
    assert {state.provisioning_state for state in played.azure.instances()} == {"Succeeded"}


def test_a_rollback_by_hand_that_stops_leaves_the_previous_image_in_the_model(tmp_path: Path) -> None:
    stuck = on_instance("comes-up-unhealthy", "0")
    inputs = {"operation": "rollback", "image-version": OLD}
    played = play(on(NEW, stuck, new="0 3", old="1 2 4 5"), tmp_path, inputs=inputs)
    assert played.outputs["outcome"] == "halted", played.log
    assert "The model holds the previous image" in played.log
    assert "holds the target image" not in played.log + played.summary
