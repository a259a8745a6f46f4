"""Whole runs under a policy: selection, canaries, early stops, min-healthy, protected and stopped instances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.playing import cancelled_at, play
from harness.runner_files import read_outputs
from harness.scenarios import NEW, REPAIRS, Scenario, fleet_of, on_instance, on_request


def ten(*faults: Scenario, **more: Any) -> Scenario:
    return fleet_of([2, 2, 2, 2, 2], faults=list(faults), **more)


# -- selection -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "calls", "remaining"),
    [
        pytest.param({"update-domains": "1"}, [["1", "6"]], "02345789", id="one-update-domain"),
        pytest.param({"update-domains": "3, 1"}, [["1", "6"], ["3", "8"]], "024579", id="two-update-domains"),
        pytest.param({"fault-domains": "[2]"}, [["2", "7"]], "01345689", id="one-fault-domain"),
        pytest.param({"instance-ids": "7"}, [["7"]], "012345689", id="one-instance"),
        pytest.param({"instance-ids": '["7", "2", "9"]'}, [["2", "7"], ["9"]], "0134568", id="a-list-of-instances"),
        pytest.param({"update-domains": "1\n2", "instance-ids": "1,2,3"}, [["1"], ["2"]], "03456789", id="both"),
    ],
)
def test_only_selected_instances_are_touched(
    inputs: dict[str, str], calls: list[list[str]], remaining: str, tmp_path: Path
) -> None:
    played = play(ten(), tmp_path, inputs=inputs)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    assert played.upgrade_calls == calls
    assert json.loads(played.outputs["remaining"]) == list(remaining)
    assert "Not selected, and still to be upgraded" in played.summary


def test_zones_are_selected(tmp_path: Path) -> None:
    played = play("zonal", tmp_path, inputs={"zones": "2"})
    assert played.exit_code == 0
    states = {state.instance_id: state.zone for state in played.azure.instances()}
    assert {states[id_] for ids in played.upgrade_calls for id_ in ids} == {"2"}


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        pytest.param(
            {"instance-ids": "3, 42"},
            "`instance-ids` names 42, which the scale set does not have. It has 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.",
            id="instance",
        ),
        pytest.param(
            {"update-domains": "7"},
            "`update-domains` names 7, which the scale set does not have. It has 0, 1, 2, 3, 4.",
            id="update-domain",
        ),
        pytest.param(
            {"zones": "1"},
            "`zones` names 1, which the scale set does not have. It shows none, so leave `zones` out.",
            id="zone",
        ),
    ],
)
def test_selected_instances_must_exist(inputs: dict[str, str], sentence: str, tmp_path: Path) -> None:
    played = play(ten(), tmp_path, inputs=inputs)
    assert (played.exit_code, played.outputs["outcome"], played.writes) == (1, "refused", [])
    assert sentence in played.log


# -- canaries and early stops --------------------------------------------------------------------------------------


def test_a_canary_passes_the_whole_gate_before_anything_else(tmp_path: Path) -> None:
    played = play(ten(), tmp_path, inputs={"canary": "1", "bake-time": "5m"})
    assert played.exit_code == 0
    first, second, *_ = played.azure.upgrades
    assert (first.instance_ids, second.instance_ids) == (("0",), ("5",))
    assert second.started_at >= first.healthy_at + 300


def test_an_unhealthy_canary_harms_nothing_else(tmp_path: Path) -> None:
    played = play(ten(on_instance("comes-up-unhealthy", "0")), tmp_path, inputs={"canary": "1"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert played.upgrade_calls == [["0"]]


@pytest.mark.parametrize(
    ("stop_after", "moved"),
    [pytest.param("2", 4, id="batches"), pytest.param("30%", 4, id="share-of-the-set-in-whole-batches")],
)
def test_a_clean_stop_is_continued_by_running_again(stop_after: str, moved: int, tmp_path: Path) -> None:
    first = play(ten(), tmp_path, inputs={"stop-after": stop_after})
    assert (first.exit_code, first.outputs["outcome"]) == (0, "partial")
    assert len(json.loads(first.outputs["upgraded"])) == moved
    assert len(json.loads(first.outputs["remaining"])) == 10 - moved
    assert "Run the workflow again with the same inputs to go on" in first.summary
    done = {id_: {"image": NEW, "current": True} for id_ in first.ids("upgraded")}
    again = play(ten(instances=done), tmp_path, inputs={"stop-after": stop_after})
    assert again.outputs["outcome"] == "partial"
    assert not set(json.loads(first.outputs["upgraded"])) & {id_ for ids in again.upgrade_calls for id_ in ids}


def test_a_stop_after_the_end_has_no_effect(tmp_path: Path) -> None:
    played = play(ten(), tmp_path, inputs={"stop-after": "5"})
    assert played.outputs["outcome"] == "succeeded"


def test_a_stop_holds_for_instances_that_are_created_meanwhile(tmp_path: Path) -> None:
    """The run makes as many batches as requested, and no extra pass."""
    created = on_instance("appear", "40", update_domain=1, image="old", after_upgrade=5, delay=1)
    played = play(ten(created), tmp_path, inputs={"stop-after": "5"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "partial")
    assert len(played.upgrade_calls) == 5
    assert json.loads(played.outputs["remaining"]) == ["40"]


def test_a_stop_with_an_unhealthy_instance_is_not_clean(tmp_path: Path) -> None:
    unhealthy = on_instance("fall-ill", "0", after_upgrade=2, delay=5)
    played = play(ten(unhealthy), tmp_path, inputs={"stop-after": "2", "health-timeout": "2m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert json.loads(played.outputs["failed"]) == ["0"]


# -- min-healthy ----------------------------------------------------------------------------------------------------


def test_a_plan_below_min_healthy_is_refused(tmp_path: Path) -> None:
    played = play(ten(), tmp_path, inputs={"min-healthy": "90%"})
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert "8 of 10 instances would be healthy, below `min-healthy` (90% of those that run, 9)" in played.log
    assert "Set `batch-size: 1`, or a lower `min-healthy`." in played.log


def test_min_healthy_counts_the_instances_that_are_healthy_now(tmp_path: Path) -> None:
    """Two instances elsewhere become unhealthy before the second batch, which waits for them, but not longer."""
    unhealthy = (on_instance("fall-ill", id_, after_upgrade=1, delay=1, seconds=100) for id_ in ("4", "9"))
    played = play(ten(*unhealthy), tmp_path, inputs={"min-healthy": "8"})
    assert played.exit_code == 0, played.log
    assert "healthy outside the batch: only 6, and `min-healthy` needs 8" in played.log
    first, second, *_ = played.azure.upgrades
    assert second.started_at - first.started_at > 100


def test_a_run_halts_if_min_healthy_is_not_reached_again(tmp_path: Path) -> None:
    """Somebody stops an instance. This is not waited for as bad health would be, but it is below the limit all the
    same.
    """
    stopped = (on_instance("stop", id_, after_upgrade=1, delay=1) for id_ in ("3", "4", "8", "9"))
    played = play(ten(*stopped), tmp_path, inputs={"min-healthy": "50%", "health-timeout": "2m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert played.upgrade_calls == [["0", "5"]]
    assert "`min-healthy` needs 5" in played.log


def test_a_batch_of_the_whole_set_needs_permission(tmp_path: Path) -> None:
    one_domain = fleet_of([4])
    refused = play(one_domain, tmp_path)
    assert (refused.outputs["outcome"], refused.writes) == ("refused", [])
    assert "allow-downtime: true" in refused.log
    played = play(one_domain, tmp_path, inputs={"allow-downtime": "true"})
    assert (played.exit_code, played.upgrade_calls) == (0, [["0", "1", "2", "3"]])
    assert "nothing serves while it is upgraded" in played.log


# -- protected, stopped, changed individually ----------------------------------------------------------------------


def test_protected_instances_can_be_a_reason_to_refuse(tmp_path: Path) -> None:
    played = play(ten(instances={"3": {"protected": True}}), tmp_path, inputs={"protected-instances": "fail"})
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert "Protected from scale set actions, so an upgrade would pass them by: 3." in played.log


def test_stopped_instances_can_be_included_and_stay_stopped(tmp_path: Path) -> None:
    scenario = ten(instances={"0": {"power": "stopped"}, "6": {"power": "deallocated"}})
    played = play(scenario, tmp_path, inputs={"stopped-instances": "include"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    states = {state.instance_id: state for state in played.azure.instances()}
    assert {state.image_version for state in states.values()} == {"22.04.202611010"}
    assert (states["0"].power_state, states["6"].power_state) == ("stopped", "deallocated")
    assert "Stopped, and upgraded all the same: 0, 6." in played.log
    assert len(json.loads(played.outputs["upgraded"])) == 10


def test_an_azure_that_does_not_upgrade_stopped_instances(tmp_path: Path) -> None:
    """No recording shows whether Azure does. If it refuses, the log names the input that helps."""
    refused = on_request("upgrade", "error", error="not-allowed", case={"verb": "upgrade", "name": "0"})
    scenario = ten(refused, instances={"0": {"power": "stopped"}})
    played = play(scenario, tmp_path, inputs={"stopped-instances": "include"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "use `stopped-instances: skip`" in played.log


def test_health_can_be_required_or_ignored(tmp_path: Path) -> None:
    silent = ten(fleet={"health": "none"})
    refused = play(silent, tmp_path, inputs={"health": "required"})
    assert (refused.outputs["outcome"], refused.writes) == ("refused", [])
    assert "`health: required`, but the scale set has no health signal." in refused.log
    unhealthy = ten(on_instance("comes-up-unhealthy", "0"))
    ignored = play(unhealthy, tmp_path, inputs={"health": "ignore", "bake-time": "1m"})
    assert ignored.exit_code == 0, ignored.log
    assert "Health was not proven (signal: ignored, as `health: ignore` asks): simulated-set runs" in ignored.log


def test_missing_rights_are_named_before_anything_is_written(tmp_path: Path) -> None:
    rights = ["Microsoft.Compute/*/read", "Microsoft.Compute/virtualMachineScaleSets/write"]
    played = play(ten(permissions={"actions": rights}), tmp_path)
    assert (played.outputs["outcome"], played.writes) == ("refused", [])
    assert "lacks the right to Microsoft.Compute/virtualMachineScaleSets/manualUpgrade/action" in played.log
    unreadable = play(ten(permissions="refused"), tmp_path)
    assert unreadable.outputs["outcome"] == "succeeded"
    assert "Could not read the rights of the identity" in unreadable.log


# -- instances that are replaced -----------------------------------------------------------------------------------

REPLACED = (
    on_instance("comes-up-unhealthy", "0"),
    on_instance("vanish", "0", after_upgrade=1, delay=100),
    on_instance("appear", "40", update_domain=0, after_upgrade=1, delay=101),
    on_instance("fall-ill", "40", after_upgrade=1, delay=101),
)


def test_a_replacement_does_not_carry_a_bad_image_further(tmp_path: Path) -> None:
    """The unhealthy instance is gone, and its replacement has the same image: it must become healthy first."""
    played = play(ten(*REPLACED), tmp_path, inputs={"health-timeout": "3m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert played.upgrade_calls == [["0", "5"]]
    assert json.loads(played.outputs["failed"]) == ["40"]


def test_an_instance_that_automatic_repairs_delete_is_a_failure_at_once(tmp_path: Path) -> None:
    played = play(ten(*REPLACED, model=REPAIRS), tmp_path, inputs={"health-timeout": "3m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert played.upgrade_calls == [["0", "5"]]
    assert "automatic repairs have most likely replaced it" in played.log
    assert "nothing more is expected of it" not in played.log


def test_going_back_to_an_image_that_an_unhealthy_instance_already_runs(tmp_path: Path) -> None:
    """It was unhealthy before, so the rollout goes on; but not every instance is healthy at the end."""
    scenario = ten(instances={"7": {"image": NEW, "current": False, "unhealthy": True}})
    played = play(scenario, tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted"), played.log
    assert "On the target image already, but not healthy: 7. It is left as it is." in played.log
    assert (len(json.loads(played.outputs["upgraded"])), json.loads(played.outputs["failed"])) == (9, ["7"])


# -- automatic repairs ---------------------------------------------------------------------------------------------


REPAIRED = fleet_of(model=REPAIRS, asked={"suspend-repairs": "true"})  # the second batch starts after 96 s


def service_states(folder: Path, inputs: dict[str, str], at: float = 0.0) -> tuple[list[str], list[str]]:
    """Return the requests about repairs, and their saved states; at the end repairs must be on again."""
    played = play(REPAIRED, folder, inputs=inputs, clock=cancelled_at(at) if at else None)
    asked = [json.loads(w.body)["action"] for w in played.writes if w.path.endswith("setOrchestrationServiceState")]
    state = [line for line in played.files["state.txt"].splitlines() if line in ("suspended", "resumed")]
    assert not played.azure.repairs_suspended
    return asked, state


def test_repairs_are_suspended_and_resumed(tmp_path: Path) -> None:
    asked, state = service_states(tmp_path, {})
    assert asked == ["Suspend", "Resume"]
    assert state == ["suspended", "resumed"]


@pytest.mark.parametrize("at", [2.0, 10.0, 70.0, 120.0])
def test_repairs_are_resumed_when_the_job_is_cancelled(at: float, tmp_path: Path) -> None:
    asked, state = service_states(tmp_path, {}, at=at)
    assert asked in ([], ["Suspend", "Resume"])
    assert state in ([], ["suspended", "resumed"])


def test_repairs_are_resumed_after_a_halt(tmp_path: Path) -> None:
    asked, _ = service_states(tmp_path, {"timeout": "65s"})
    assert asked == ["Suspend", "Resume"]


@pytest.mark.parametrize(
    ("fault", "outcome", "actions"),
    [
        pytest.param({"kind": "error", "error": "not-authorized"}, "refused", ["Suspend"], id="refused"),
        pytest.param(
            {"kind": "operation", "code": "InternalExecutionError"}, "halted", ["Suspend", "Resume"], id="fails"
        ),
        pytest.param({"drop": "after"}, "succeeded", ["Suspend", "Resume"], id="answer-lost"),
        pytest.param({"status": 429, "retry_after": 5}, "succeeded", ["Suspend", "Suspend", "Resume"], id="429"),
    ],
)
def test_repairs_that_cannot_be_suspended(fault: Scenario, outcome: str, actions: list[str], tmp_path: Path) -> None:
    scenario = ten(on_request("repairs", nth=1, **fault), model=REPAIRS)
    played = play(scenario, tmp_path, inputs={"suspend-repairs": "true"})
    assert played.outputs["outcome"] == outcome, played.log
    asked = [json.loads(w.body)["action"] for w in played.writes if w.path.endswith("setOrchestrationServiceState")]
    assert asked == actions
    assert not played.azure.repairs_suspended
    assert read_outputs(played.files["state.txt"])["repairs"] == "resumed"
    assert "may still be suspended" not in played.log


def test_a_rollout_goes_on_without_its_state_file(tmp_path: Path) -> None:
    played = play(REPAIRED, tmp_path, environ={"GITHUB_STATE": str(tmp_path)})
    assert played.outputs["outcome"] == "succeeded"
    assert "could not write the state for the post step" in played.log.lower()
    assert not played.azure.repairs_suspended


def test_repairs_that_somebody_else_suspended_stay_suspended(tmp_path: Path) -> None:
    scenario = ten(model=REPAIRS, repairs_suspended=True)
    played = play(scenario, tmp_path, inputs={"suspend-repairs": "true"})
    assert played.outputs["outcome"] == "succeeded"
    assert played.azure.repairs_suspended
    assert "Automatic instance repairs are suspended already, perhaps by an earlier run that was killed." in played.log


def test_repairs_are_not_suspended_needlessly(tmp_path: Path) -> None:
    asked, state = service_states(tmp_path, {"image-version": "22.04.202610010"})
    assert (asked, state) == ([], [])


def test_repairs_are_left_alone_without_the_input(tmp_path: Path) -> None:
    asked, state = service_states(tmp_path, {"suspend-repairs": "false"})
    assert (asked, state) == ([], [])


# -- small rules of the driver ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "outcome"), [pytest.param(1, "succeeded", id="once"), pytest.param(2, "refused", id="twice")]
)
def test_a_412_is_retried_once(times: int, outcome: str, tmp_path: Path) -> None:
    played = play(ten(on_request("patch", "error", error="precondition-failed", count=times)), tmp_path)
    assert played.outputs["outcome"] == outcome, played.log
    assert len([write for write in played.writes if write.method == "PATCH"]) == 2
    if outcome == "refused":
        assert "Somebody else is changing the scale set: run again when they have done." in played.log


def test_a_write_that_may_have_happened_is_not_called_nothing(tmp_path: Path) -> None:
    played = play(ten(on_request("patch", status=500, code="InternalError", count=999)), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "nothing was written" not in played.log


def test_a_status_waits_for_nothing(tmp_path: Path) -> None:
    updating = ten(model={"properties": {"provisioningState": "Updating"}})
    played = play(updating, tmp_path, inputs={"operation": "status"})
    assert played.outputs["outcome"] == "reported"
    assert played.record["duration"] < 5


def test_no_extra_pass_while_an_instance_is_unhealthy(tmp_path: Path) -> None:
    faults = (
        on_instance("fall-ill", "0", after_upgrade=5, delay=5),
        on_instance("appear", "40", update_domain=1, image="old", after_upgrade=5, delay=5),
    )
    played = play(ten(*faults), tmp_path, inputs={"health-timeout": "2m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert len(played.upgrade_calls) == 5
    assert (json.loads(played.outputs["failed"]), json.loads(played.outputs["remaining"])) == (["0"], ["40"])
    assert "one more pass" not in played.log
