"""Azure's bad days: some faults are waited out, others end the rollout, and no write is repeated needlessly."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import VirtualClock
from builders import NEW as NEW_IMAGE
from builders import changed, fleet, report_of, run_of
from harness.playing import play
from harness.rows import nightly_but
from harness.scenarios import (
    NEW,
    NEW_MODEL,
    OLD,
    REPAIRS,
    Scenario,
    fleet_of,
    model_change,
    on_instance,
    on_request,
    profile,
)
from vmss_upgrade.rollout.history.events import InstancesSeen

OLDER = {
    "status": 400,
    "code": "NoRegisteredProviderFound",
    "message": "No registered resource provider found for location 'we' and API version '2026-04-01' for type 't'. "
    "The supported api-versions are '2025-04-01, 2023-09-01'.",
}

# fault -> the reason that the log gives for the wait
WAITED_OUT = {
    "a read is throttled": (
        on_request("instances", nth=2, count=2, status=429, retry_after=20),
        "fewer requests",
    ),
    "a read fails": (on_request("instances", nth=2, count=3, status=503, code="ServerTimeout"), "ServerTimeout"),
    "a read is cut off": (on_request("instances", nth=2, drop="after"), "no answer"),
    "a read hangs": (on_request("instances", nth=2, hang=60), "Read timed out"),
    "the upgrade's answer hangs": (on_request("upgrade", nth=1, hang=60), "Read timed out"),
    "Entra hangs": (on_request("token", hang=60), "Read timed out"),
    "the model cannot be read": (
        on_request("set", nth=2, status=504, code="GatewayTimeout"),
        "GatewayTimeout",
    ),
    "a poll fails": (on_request("poll", nth=3, status=500, code="MultipleErrorsOccurred"), "MultipleErrors"),
    "a poll finds no record for a moment": (
        on_request("poll", nth=3, count=3, status=404, code="NotFound"),
        "NotFound",
    ),
    "the model update is throttled": (
        on_request("patch", nth=1, status=429, retry_after=40),
        "fewer requests",
    ),
    "the model update fails before": (
        on_request("patch", nth=1, status=500, code="InternalError"),
        "InternalError",
    ),
    "the model update's request is lost": (on_request("patch", nth=1, drop="before"), "no answer"),
    "the model update's answer is lost": (on_request("patch", nth=1, drop="after"), "no answer"),
    "the upgrade is throttled": (on_request("upgrade", nth=1, status=429), "fewer requests"),
    "the upgrade conflicts": (
        on_request("upgrade", nth=1, count=3, status=409, code="Conflict"),
        "another request",
    ),
    "the upgrade fails": (on_request("upgrade", nth=2, status=502, code="BadGateway"), "BadGateway"),
    "the upgrade's request is lost": (on_request("upgrade", nth=2, drop="before"), "no answer"),
    "the upgrade's answer is lost": (on_request("upgrade", nth=1, drop="after"), "no answer"),
    "a read meets an older front end": (on_request("instances", nth=2, count=2, **OLDER), "NoRegistered"),
    "the model read meets an older front end": (on_request("set", nth=3, **OLDER), "NoRegistered"),
    "a poll meets an older front end": (on_request("poll", nth=2, **OLDER), "NoRegistered"),
    "the model update meets an older front end": (
        on_request("patch", nth=1, count=2, **OLDER),
        "NoRegistered",
    ),
    "the upgrade meets an older front end": (on_request("upgrade", nth=2, **OLDER), "NoRegistered"),
    "a list is not found once": (
        on_request("instances", nth=3, status=404, code="ResourceNotFound"),
        "ResourceNotFound, although Azure answered this before",
    ),
    "a list is denied once": (
        on_request("instances", nth=2, status=403, code="AuthorizationFailed"),
        "AuthorizationFailed, although Azure answered this before",
    ),
    "the model is not found once": (
        on_request("set", nth=2, status=404, code="ResourceNotFound"),
        "ResourceNotFound, although Azure answered this before",
    ),
    "the model is denied once": (
        on_request("set", nth=4, status=403, code="AuthorizationFailed"),
        "AuthorizationFailed, although Azure answered this before",
    ),
}

# fault -> the code that the user reads, and the outcome
ENDED = {
    "no right to write the model": (
        on_request("patch", nth=1, status=403, code="AuthorizationFailed"),
        "refused",
    ),
    "no right to upgrade": (on_request("upgrade", count=9, status=403, code="AuthorizationFailed"), "halted"),
    "the upgrade is not allowed": (
        on_request("upgrade", nth=2, status=409, code="OperationNotAllowed"),
        "halted",
    ),
    "the set vanishes": (on_request("instances", nth=3, count=99, status=404, code="ResourceNotFound"), "halted"),
    "a read always fails": (
        on_request("instances", nth=3, count=9999, status=500, code="InternalError"),
        "halted",
    ),
}


OTHER_IMAGE = profile(storageProfile={"imageReference": {"version": "22.04.202609010"}})


def scenario(*faults: Scenario, **more: Any) -> Scenario:
    return fleet_of(faults=list(faults), **more)


# each kind of fault once, and of those that a write can meet, once at a write
KEPT = (
    "a read fails",
    "a read is cut off",
    "Entra hangs",
    "a poll finds no record for a moment",
    "the model update is throttled",
    "the model update's answer is lost",
    "the upgrade conflicts",
    "the upgrade's request is lost",
    "the upgrade's answer is lost",
    "the upgrade's answer hangs",
    "the upgrade meets an older front end",
    "a list is not found once",
    "the model is denied once",
)


@pytest.mark.parametrize("name", nightly_but(KEPT, WAITED_OUT))
def test_a_fault_is_waited_out_and_nothing_is_upgraded_twice(name: str, tmp_path: Path) -> None:
    fault, said = WAITED_OUT[name]
    played = play(scenario(fault), tmp_path)
    assert played.exit_code == 0, played.log
    assert wait_pattern(played.log, said), played.log
    assert {instance.upgrades for instance in played.azure.instances()} == {1}
    assert len(played.upgrade_calls) <= 2
    assert played.azure.lowest_available() == 2


@pytest.mark.parametrize("name", ENDED)
def test_a_lasting_fault_ends_the_rollout_with_azures_code(name: str, tmp_path: Path) -> None:
    fault, outcome = ENDED[name]
    played = play(scenario(fault), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, outcome), played.log
    assert fault["code"] in played.log
    assert fault["code"] in played.summary
    last_error = max(i for i, request in enumerate(played.azure.requests) if request.status >= 400)
    assert not [r for r in played.azure.requests[last_error + 1 :] if r.method in ("PATCH", "POST")]


def test_after_a_lost_answer_the_set_is_read_before_another_write(tmp_path: Path) -> None:
    """The upgrade is in progress, so Azure would answer another request only with 409."""
    played = play(scenario(WAITED_OUT["the upgrade's answer is lost"][0]), tmp_path)
    posts = [request for request in played.azure.requests if request.path.endswith("manualupgrade")]
    assert [json.loads(post.body)["instanceIds"] for post in posts] == [["0", "2"], ["1", "3"]]


@pytest.mark.parametrize("image", [OLD, NEW], ids=["on-the-old-image", "on-the-target"])
def test_a_rollout_of_a_failed_set_is_resumed(image: str, tmp_path: Path) -> None:
    """A run retries what an earlier run could not provision, whatever image it shows by now."""
    failed = {"code": "OSProvisioningTimedOut", "message": "timed out"}
    left = fleet_of(
        fleet={"image": NEW_MODEL},
        instances={"1": {"image": image, "current": False, "failed": failed}, "3": {"image": OLD}},
        model={"properties": {"provisioningState": "Failed"}},
    )
    played = play(left, tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    assert {state.instance_id: state.upgrades for state in played.azure.instances()} == {"0": 0, "1": 1, "2": 0, "3": 1}
    assert {state.provisioning_state for state in played.azure.instances()} == {"Succeeded"}


def test_the_instances_are_watched_if_azure_forgets_its_operations(tmp_path: Path) -> None:
    """From the second poll on no poll is answered: neither of the model update, nor of an upgrade, nor of
    the repairs.
    """
    gone = on_request("poll", nth=2, count=9999, status=404, code="NotFound")
    slow = scenario(gone, model=REPAIRS, timing={"upgrade_seconds": 600, "healthy_after_seconds": 10})
    played = play(slow, tmp_path, inputs={"suspend-repairs": "true"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    assert played.log.count("Azure has no record of the operation any more (404): the instances are watched") == 2
    assert [len(write.body) > 0 and write.status for write in played.writes] == [202, 200, 202, 202, 202]
    first, second = played.azure.upgrades
    assert second.started_at > first.healthy_at
    assert not played.azure.repairs_suspended


def test_a_failed_instance_is_reported_although_azure_forgot_the_operation(tmp_path: Path) -> None:
    gone = on_request("poll", nth=6, count=9999, status=404, code="NotFound")
    failing = on_instance("provisioning-failure", "0", code="DiskGone", message="gone", operation="failed")
    played = play(scenario(gone, failing), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "DiskGone" in played.log
    assert len(played.upgrade_calls) == 1


def test_a_hanging_upgrade_that_azure_forgot_ends_with_the_batch_timeout(tmp_path: Path) -> None:
    gone = on_request("poll", nth=6, count=9999, status=404, code="NotFound")
    played = play(scenario(gone, on_instance("hangs", "0")), tmp_path, inputs={"batch-timeout": "10m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "timed-out")
    assert played.record["batches"][0]["seconds"] == pytest.approx(600, abs=5)


@pytest.mark.parametrize(("nth", "action"), [(1, "Suspend"), (2, "Resume")])
def test_after_a_lost_answer_about_repairs_their_state_is_read(nth: int, action: str, tmp_path: Path) -> None:
    lost = on_request("repairs", nth=nth, drop="after")
    played = play(scenario(lost, model=REPAIRS), tmp_path, inputs={"suspend-repairs": "true"})
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    asked = [json.loads(w.body)["action"] for w in played.writes if w.path.endswith("setOrchestrationServiceState")]
    assert asked == ["Suspend", "Resume"]
    assert f"{'suspending' if action == 'Suspend' else 'resuming'} automatic repairs: " in played.log
    assert not played.azure.repairs_suspended


def test_the_last_look_notices_an_instance_that_becomes_unhealthy_after_its_batch(tmp_path: Path) -> None:
    played = play(
        scenario(on_instance("fall-ill", "0", after_upgrade=2, delay=35)), tmp_path, inputs={"health-timeout": "2m"}
    )
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert json.loads(played.outputs["failed"]) == ["0"]
    assert json.loads(played.outputs["upgraded"]) == ["1", "2", "3"]


def test_an_instance_is_deleted_between_the_look_and_the_upgrade(tmp_path: Path) -> None:
    refused = on_request("upgrade", nth=1, status=400, code="InstanceIdsListInstanceIdNotActiveVM")
    played = play(scenario(refused, on_instance("vanish", "0", at=54.1)), tmp_path, inputs={"min-healthy": "1"})
    assert played.exit_code == 0, played.log
    assert played.upgrade_calls == [["2"], ["1", "3"]]


def test_somebody_elses_image_in_the_model_ends_the_rollout(tmp_path: Path) -> None:
    played = play(scenario(model_change(OTHER_IMAGE, after_upgrade=1, delay=5)), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "Somebody changed the model's image" in played.log
    assert len(played.upgrade_calls) == 1


@pytest.mark.parametrize(
    ("change", "what"),
    [
        pytest.param(profile(storageProfile={"imageReference": {"version": NEW}}), "the model's image", id="image"),
        pytest.param(
            profile(osProfile={"allowExtensionOperations": False}), "the model (not its image)", id="the-rest"
        ),
    ],
)
def test_a_changed_model_is_not_reported_as_nothing_to_do(change: Scenario, what: str, tmp_path: Path) -> None:
    """There was nothing to upgrade, but an unhealthy instance on the target was waited for; meanwhile the model
    changed.
    """
    faults = model_change(change, at=60), on_instance("updated-by-somebody", "0", at=100, seconds=10)
    on_model = scenario(*faults, inputs={"operation": "upgrade-instances"}, instances={"0": {"unhealthy": True}})
    played = play(on_model, tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused"), played.log
    assert f"Somebody changed {what}" in played.log


def test_another_change_of_the_model_is_reported_but_is_no_failure(tmp_path: Path) -> None:
    """The flag `latestModelApplied` becomes false for instances that do have the image."""
    change = profile(licenseType="Windows_Server")
    played = play(scenario(model_change(change, after_upgrade=1, delay=25)), tmp_path)
    assert played.exit_code == 0, played.log
    assert "Somebody changed the model (not its image)" in played.log


def test_a_batch_does_not_start_while_somebody_updates_another_instance(tmp_path: Path) -> None:
    """Instance 2 is in the third domain, and was being updated when the second could have started."""
    fault = on_instance("updated-by-somebody", "2", after_upgrade=1, delay=20, seconds=90)
    played = play(scenario(fault, domains=[2, 2, 2]), tmp_path)
    assert played.exit_code == 0, played.log
    assert "is being updated by somebody" in played.log
    assert played.azure.upgrades[1].started_at >= played.azure.upgrades[0].started_at + 110


def test_a_batch_waits_for_its_instance_that_somebody_updates(tmp_path: Path) -> None:
    """Azure answers 409, which must not be mistaken for a running upgrade of our own."""
    fault = on_instance("updated-by-somebody", "1", after_upgrade=1, delay=33, seconds=90)
    played = play(scenario(fault), tmp_path)
    assert played.exit_code == 0, played.log
    assert played.upgrade_calls == [["0", "2"], ["3"]]  # somebody's update brought 1 to the model
    assert {instance.image_version for instance in played.azure.instances()} == {"22.04.202611010"}


# upgrades that take longer than a token is valid
OUTLIVING: Scenario = {
    "timing": {"upgrade_seconds": 800, "healthy_after_seconds": 10},
    "access_token_seconds": 600,
}


def test_a_rollout_outlives_its_access_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + clock.now())
    played = play(fleet_of(**OUTLIVING), tmp_path, clock=clock)
    assert played.exit_code == 0, played.log
    asked = [request for request in played.azure.requests if request.path.endswith("/oauth2/v2.0/token")]
    assert len(asked) >= 5
    assert not [request for request in played.azure.requests if request.status == 401]


def test_a_revoked_token_is_replaced_once(tmp_path: Path) -> None:
    """The SDK would continue with its cached token, which Azure refuses."""
    played = play(scenario({"kind": "revoke-tokens", "after_upgrade": 1, "delay": 10}), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    assert "no longer accepts the access token (InvalidAuthenticationToken): one try with a fresh one" in played.log
    assert [r.status for r in played.azure.requests if r.path.endswith("/oauth2/v2.0/token")] == [200, 200]
    assert [r.status for r in played.azure.requests if r.status == 401] == [401]
    assert played.upgrade_calls == [["0", "2"], ["1", "3"]]


def test_a_401_without_a_code_gets_one_fresh_token(tmp_path: Path) -> None:
    """A gateway in front of Resource Manager gives no more information."""
    once = on_request("instances", nth=2, status=401, html="<html>Unauthorized</html>")
    played = play(scenario(once), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    assert "no longer accepts the access token (HTTP 401): one try with a fresh one" in played.log
    assert [r.status for r in played.azure.requests if r.path.endswith("/oauth2/v2.0/token")] == [200, 200]


@pytest.mark.parametrize("route", ["set", "instances"])
@pytest.mark.parametrize("status", [403, 404])
def test_a_real_refusal_at_the_start_is_reported_at_once(route: str, status: int, tmp_path: Path) -> None:
    played = play(scenario(on_request(route, count=99, status=status, code="Refused")), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused"), played.log
    assert "waiting:" not in played.log
    refused = [request.path for request in played.azure.requests if request.status == status]
    assert [request.path for request in played.azure.requests].count(refused[-1]) == 1


@pytest.mark.parametrize("status", [403, 404])
def test_a_second_refusal_ends_the_run(status: int, tmp_path: Path) -> None:
    played = play(scenario(on_request("instances", nth=3, count=2, status=status, code="Refused")), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted"), played.log
    assert played.log.count("although Azure answered this before") == 1


def test_a_cloud_without_the_api_version_ends_the_run_after_ten_minutes(tmp_path: Path) -> None:
    clock = VirtualClock()
    for_ever = {"kind": "http", "path": "virtualMachineScaleSets", "count": 9999, **OLDER}
    played = play(scenario(for_ever), tmp_path, clock=clock)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused"), played.log
    assert played.writes == []
    assert (
        "This cloud does not know the api-version 2026-04-01 yet (the newest that it names is 2025-04-01)" in played.log
    )
    assert 8 * 60 < clock.now() < 11 * 60


def test_an_optional_read_with_an_unknown_api_version_is_not_waited_for(tmp_path: Path) -> None:
    played = play(scenario(on_request("permissions", count=9999, **OLDER)), tmp_path)
    assert played.outputs["outcome"] == "succeeded", played.log
    assert "Could not read the rights of the identity" in played.log
    assert "waiting:" not in played.log


def test_denied_polls_do_not_stop_the_rollout(tmp_path: Path) -> None:
    rights = [
        "Microsoft.Compute/virtualMachineScaleSets/*",
        "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read",
    ]
    denied = on_request("poll", count=9999, status=403, code="AuthorizationFailed")
    played = play(scenario(denied, permissions={"actions": rights}), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    warned = played.log.index("lacks the right to Microsoft.Compute/locations/operations/read on the subscription")
    assert warned < played.log.index("batch 1")
    assert {instance.upgrades for instance in played.azure.instances()} == {1}


@pytest.mark.parametrize("operation", ["failed", "succeeded"])
def test_all_known_details_of_a_failed_instance_are_reported(operation: str, tmp_path: Path) -> None:
    words = {"code": "ZonalAllocationFailed", "message": "No capacity in the zone."}
    played = play(scenario(on_instance("provisioning-failure", "0", **words, operation=operation)), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted"), played.log
    assert "has no room for this VM size" in played.log
    assert "Nothing further was touched." in played.log


def test_a_refused_sign_in_shows_the_claims_of_the_token(tmp_path: Path) -> None:
    played = play(fleet_of(audience="api://somebody-else"), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused")
    for claim in ("iss=https://token.actions.githubusercontent.com", "sub=", "aud=api://AzureADTokenExchange"):
        assert claim in played.log
    assert "eyJ" not in played.log
    assert json.loads(played.outputs["upgraded"]) == []


def test_a_later_failure_of_the_token_service_is_not_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + clock.now())
    fault = on_request("oidc", nth=2, count=999, status=403)
    played = play(scenario(fault, **OUTLIVING), tmp_path, clock=clock)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "GitHub's token service answered 403" in played.log
    assert "federated credential of the application must" not in played.log


# -- changes by somebody else -----------------------------------------------------------------------------------

AUTOMATIC = {"properties": {"upgradePolicy": {"mode": "Automatic"}}}
SLOW_UPGRADE = on_request("upgrade", nth=2, status=429, retry_after=300)
FAILING_UPGRADE = on_request("upgrade", nth=2, count=4, status=503, retry_after=30)
SLOW_MODEL = on_request("set", nth=5, status=429, retry_after=300)


def test_the_model_is_not_written_if_it_became_unfit_after_planning(tmp_path: Path) -> None:
    """In upgrade mode Automatic the update would reboot every instance at once."""
    throttled = on_request("patch", nth=1, status=429, retry_after=30)
    played = play(scenario(throttled, model_change(AUTOMATIC, at=10)), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused")
    assert "upgradePolicy.mode is Automatic" in played.log
    assert not [write for write in played.writes if write.status < 300]


def test_no_batch_starts_if_the_set_became_unfit(tmp_path: Path) -> None:
    played = play(scenario(model_change(AUTOMATIC, after_upgrade=1, delay=5)), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "upgradePolicy.mode is Automatic" in played.log
    assert len([write for write in played.writes if write.method == "POST"]) == 1


@pytest.mark.parametrize("wait", [SLOW_UPGRADE, SLOW_MODEL, FAILING_UPGRADE], ids=["upgrade", "model", "failure"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (on_instance("fall-ill", "2", after_upgrade=1, delay=60), "instance 2"),
        (model_change(OTHER_IMAGE, after_upgrade=1, delay=60), "Somebody changed the model's"),
    ],
    ids=["illness", "model"],
)
def test_after_a_long_wait_everything_is_read_again_before_a_batch_starts(
    wait: Scenario, change: Scenario, said: str, tmp_path: Path
) -> None:
    played = play(scenario(wait, change, domains=[2, 2, 2]), tmp_path, inputs={"health-timeout": "2m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted"), played.log
    assert said in played.log
    assert played.upgrade_calls == [["0", "3"]]


def test_somebody_elses_image_is_not_reported_as_ours(tmp_path: Path) -> None:
    played = play(scenario(model_change(OTHER_IMAGE, after_upgrade=1, delay=5)), tmp_path)
    assert "holds the target image" not in played.log.partition("batch 1 passed")[2]
    assert "To put the previous image back" not in played.log


def test_the_only_healthy_domain_is_not_taken_down(tmp_path: Path) -> None:
    played = play(fleet_of(instances={"1": {"unhealthy": True}, "3": {"unhealthy": True}}), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused")
    assert "holds every instance that is healthy" in played.log
    assert played.writes == []


# -- single instances ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"cancelled": True, "told_after": 20}, id="canceled"),
        pytest.param({"code": "OperationPreempted", "message": "A more recent operation."}, id="preempted"),
    ],
)
def test_a_model_update_that_another_operation_preempts_is_judged_by_the_model(
    answer: Scenario, tmp_path: Path
) -> None:
    played = play(scenario(on_request("patch", "operation", nth=1, **answer)), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    assert [write.method for write in played.writes].count("PATCH") == 1
    assert played.upgrade_calls == [["0", "2"], ["1", "3"]]


def test_an_upgraded_instance_that_stops_is_no_success(tmp_path: Path) -> None:
    """It is stopped and not deallocated: its system may have halted by itself."""
    stopped = on_instance("stop", "0", power="stopped", after_upgrade=2, delay=10)
    played = play(scenario(stopped), tmp_path, inputs={"health-timeout": "2m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert json.loads(played.outputs["failed"]) == ["0"]


def test_an_instance_error_behind_a_lost_answer_is_an_error(tmp_path: Path) -> None:
    failing = on_instance("provisioning-failure", "0", code="DiskGone", message="gone", operation="failed")
    played = play(scenario(on_request("upgrade", nth=1, drop="after"), failing), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "DiskGone" in played.log
    assert len([write for write in played.writes if write.method == "POST"]) == 1


def test_an_instance_error_is_reported_although_another_instance_hangs(tmp_path: Path) -> None:
    failing = on_instance("provisioning-failure", "0", code="DiskGone", message="gone", operation="failed")
    played = play(scenario(failing, on_instance("hangs", "2")), tmp_path, inputs={"health-timeout": "2m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert json.loads(played.outputs["failed"]) == ["0"]
    assert "DiskGone" in played.summary
    assert played.record["duration"] < 1200  # not the whole `batch-timeout`


def test_every_failed_instance_has_the_correlation_id_of_its_upgrade(tmp_path: Path) -> None:
    failing = on_instance("provisioning-failure", "0", code="DiskGone", message="gone", operation="succeeded")
    played = play(scenario(failing), tmp_path)
    assert [len(failure["correlation_id"]) for failure in played.record["failures"]] == [36]


def test_a_long_message_does_not_hide_the_rest(tmp_path: Path) -> None:
    failing = on_instance("provisioning-failure", "0", code="Long", message="x" * 9000, operation="failed")
    played = play(scenario(failing), tmp_path, environ={"GITHUB_ACTIONS": "true"})
    (error,) = [line for line in played.log.splitlines() if line.startswith("::error")]
    assert len(error) <= 4096
    for part in ("Correlation id ", "Left undone", "The model holds"):
        assert part in error


# -- reports of a run that ended early ----------------------------------------------------------------------------


def test_an_upgrade_that_azure_never_accepted_is_not_reported_as_running(tmp_path: Path) -> None:
    fault = on_request("upgrade", nth=1, count=999, status=429, retry_after=5000)
    played = play(scenario(fault), tmp_path, inputs={"batch-timeout": "5m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "timed-out")
    assert "Azure goes on" not in played.log
    assert played.outputs["lowest-healthy"] == "4"
    assert json.loads(played.outputs["failed"]) == []
    assert json.loads(played.outputs["remaining"]) == ["0", "1", "2", "3"]
    assert "not taken on by Azure" in played.summary


def test_nothing_is_requested_after_the_batch_timeout(tmp_path: Path) -> None:
    """The wait for a throttled call ends just when `batch-timeout` passes, so nobody would watch that upgrade."""
    fault = on_request("upgrade", nth=1, status=429, retry_after=300)
    played = play(scenario(fault), tmp_path, inputs={"batch-timeout": "5m"})
    assert played.outputs["outcome"] == "timed-out"
    assert played.upgrade_calls == []


def test_an_instance_deleted_before_its_batch_is_accepted_is_not_listed(tmp_path: Path) -> None:
    """The log still reports what the wait showed, although the batch never starts."""
    inputs = {"batch-timeout": "2m", "min-healthy": "0%"}
    faults = {"kind": "conflict-window", "seconds": 600}, on_instance("vanish", "3", at=140)
    played = play(scenario(*faults), tmp_path, inputs=inputs)
    assert played.outputs["outcome"] == "timed-out", played.log
    assert json.loads(played.outputs["remaining"]) == ["0", "1", "2"]


def test_an_upgrade_whose_answer_was_lost_may_go_on(tmp_path: Path) -> None:
    faults = on_request("upgrade", nth=1, drop="after"), on_instance("hangs", "0")
    played = play(scenario(*faults), tmp_path, inputs={"timeout": "5m"})
    assert played.outputs["outcome"] == "timed-out"
    assert "Azure may go on upgrading the instances of batch 1" in played.log
    assert "not taken on" not in played.summary


def test_a_finished_upgrade_is_not_reported_as_running(tmp_path: Path) -> None:
    for operation in ("failed", "succeeded"):
        folder = tmp_path / operation
        folder.mkdir()
        failing = on_instance("provisioning-failure", "0", code="Gone", message="gone", operation=operation)
        assert "Azure goes on" not in play(scenario(failing), folder).log


def test_a_refused_batch_is_not_drawn_as_upgrading(tmp_path: Path) -> None:
    fault = on_request("upgrade", count=9, status=403, code="AuthorizationFailed")
    played = play(scenario(fault), tmp_path)
    assert "upgrading  " not in played.log.partition("upgrading instances")[2]
    assert "4 upgrading" not in played.summary
    assert "2 upgrading" not in played.summary


@pytest.mark.parametrize(
    ("route", "status", "secret"),
    [
        ("oidc", 502, ""),
        ("token", 503, ""),
        ("token", 429, ""),
        ("token", 503, "client-secret-value"),
        ("token", 429, "client-secret-value"),
    ],
)
def test_an_outage_of_the_sign_in_is_waited_out(
    route: str, status: int, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock()
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + clock.now())  # MSAL itself repeats a bad answer for a minute
    fault = on_request(route, nth=1, count=2, status=status)
    inputs = {"client-secret": secret, "operation": "plan"}
    played = play(scenario(fault), tmp_path, inputs=inputs, clock=clock)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "planned"), played.log
    assert "not available" in played.log


def test_a_model_that_may_hold_the_target_is_reported_after_a_lost_answer(tmp_path: Path) -> None:
    denied = on_request("set", nth=3, count=99, status=403, code="AuthorizationFailed")
    played = play(scenario(on_request("patch", nth=1, drop="after"), denied), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "may hold the target image" in played.log


def test_the_instances_decide_if_the_operation_cannot_be_polled(tmp_path: Path) -> None:
    fault = on_request("poll", nth=6, count=9999, status=500, code="InternalError")
    played = play(scenario(fault), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded")
    assert "Azure's record of the operation cannot be read: the instances are watched instead" in played.log


def test_the_last_look_reports_the_state_of_the_instances(tmp_path: Path) -> None:
    fault = on_request("upgrade", nth=2, count=9999, status=500, code="InternalError")
    played = play(scenario(fault), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert json.loads(played.outputs["upgraded"]) == ["0", "2"]


def test_a_wait_does_not_outlast_the_batch(tmp_path: Path) -> None:
    fault = on_request("poll", nth=6, count=999, status=429, retry_after=1200)
    played = play(scenario(fault), tmp_path, inputs={"batch-timeout": "5m"})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "timed-out")
    assert played.record["batches"][0]["seconds"] == pytest.approx(300, abs=5)


def test_an_endless_update_has_a_limit(tmp_path: Path) -> None:
    stuck = model_change({"properties": {"provisioningState": "Updating"}}, at=30)
    played = play(scenario(stuck), tmp_path)
    assert played.record["duration"] < 3600
    assert played.log.count("being carried out") < 20


def test_the_token_service_may_be_down_for_a_while(tmp_path: Path) -> None:
    played = play(scenario(on_request("oidc", nth=1, count=4, status=503, retry_after=20)), tmp_path)
    assert played.exit_code == 0, played.log
    assert "GitHub's token service is not available" in played.log


def test_a_bake_that_does_not_fit_into_the_batch_is_refused(tmp_path: Path) -> None:
    """Without a health signal the bake is 5m unless an input sets it."""
    played = play(fleet_of(fleet={"health": "none"}), tmp_path, inputs={"batch-timeout": "4m", "bake-time": ""})
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused")
    assert "never ends within `batch-timeout`" in played.log


def test_planning_waits_for_an_instance_that_is_being_created(tmp_path: Path) -> None:
    """It shows no update domain yet, which says nothing about the scale set."""
    places = [{"id": id_, "update_domain": domain} for id_, domain in (("0", 0), ("1", 1), ("2", 0))]
    making = fleet_of(
        fleet={"update_domains": None, "instances": [*places, {"id": "3"}]},
        instances={"3": {"provisioning_state": "Creating"}},
    )
    played = play(making, tmp_path, inputs={"health-timeout": "2m"})
    assert "instances are being created or updated (3)" in played.log


def test_an_instance_that_is_being_deleted_is_left_alone(tmp_path: Path) -> None:
    """It may stay listed for a while, and Azure refuses an upgrade that names it."""
    leaving = fleet_of([3, 3], instances={"3": {"provisioning_state": "Deleting"}})
    played = play(leaving, tmp_path, inputs={"min-healthy": "1"})
    assert played.exit_code == 0, played.log
    assert played.record["skipped"] == [{"instance_id": "3", "reason": "being deleted"}]
    assert "3" not in [id_ for ids in played.upgrade_calls for id_ in ids]


def test_an_ephemeral_disk_on_the_old_image_halts_the_rollout(tmp_path: Path) -> None:
    """The action never reimages it: it only ever sends manualupgrade."""
    model = profile(storageProfile={"osDisk": {"diffDiskSettings": {"option": "Local"}}})
    played = play(
        scenario(on_instance("stays-on-old-image", "0"), model=model), tmp_path, inputs={"health-timeout": "2m"}
    )
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "The OS disks are ephemeral" in played.log
    assert json.loads(played.outputs["failed"]) == ["0"]
    assert [write.path.rsplit("/", 1)[1] for write in played.writes if write.method == "POST"] == ["manualupgrade"]


def test_the_extra_instances_of_overprovisioning_come_and_go(tmp_path: Path) -> None:
    """A scale-out in the middle creates too many instances from the new model, and then deletes the surplus."""
    came = (on_instance("appear", id_, update_domain=0, image="new", after_upgrade=1, delay=5) for id_ in ("40", "41"))
    gone = on_instance("vanish", "41", after_upgrade=1, delay=30)
    played = play(scenario(*came, gone, model={"properties": {"overprovision": True}}), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded"), played.log
    assert played.upgrade_calls == [["0", "2"], ["1", "3"]]
    reasons = {skipped["instance_id"]: skipped["reason"] for skipped in played.record["skipped"]}
    assert reasons == {"40": "already on the target image"}


def test_an_upgraded_instance_that_is_being_deleted_is_in_no_list() -> None:
    scale_set = fleet("0011")
    going = changed(changed(scale_set, "0 1 2 3", image=NEW_IMAGE), "0", provisioning_state="Deleting")
    report = report_of([*run_of(scale_set)[:-1], InstancesSeen(at=500.0, instances=going.instances)])
    assert [skipped.instance_id for skipped in report.skipped] == ["0"]
    assert report.remaining == []


def test_the_log_does_not_claim_the_target_if_everything_is_skipped(tmp_path: Path) -> None:
    played = play(fleet_of(instances={id_: {"protected": True} for id_ in "0123"}), tmp_path)
    assert played.exit_code == 0
    assert "The model of simulated-set now holds" in played.log
    assert "simulated-set runs" not in played.log


def test_a_deleted_batch_did_not_pass_as_healthy(tmp_path: Path) -> None:
    gone = (on_instance("vanish", id_, after_upgrade=2, delay=5) for id_ in ("1", "4"))
    played = play(scenario(*gone, domains=[2, 2, 2]), tmp_path)
    assert "batch 2 passed" in played.log
    assert "none of its instances is left" in played.log


def wait_pattern(log: str, said: str) -> bool:
    """Return the pattern of a line that reports a wait: why, how long, until when."""
    return (
        re.search(rf"waiting: .*{re.escape(said)}.*\(next try in \d\w+, until \d+:\d\d:\d\d at most\)", log) is not None
    )


@pytest.mark.parametrize(
    ("inputs", "fault", "bound"),
    [
        pytest.param({}, on_request("instances", nth=2, count=2, status=503), "0:10:54", id="its-own"),
        pytest.param(
            {"timeout": "8m"}, on_request("instances", nth=2, count=2, status=503), "0:08:00", id="the-rollouts"
        ),
        pytest.param({"batch-timeout": "6m"}, on_request("upgrade", nth=1, status=429), "0:06:54", id="the-batchs"),
    ],
)
def test_a_wait_names_the_limit_that_ends_it(
    inputs: dict[str, str], fault: Scenario, bound: str, tmp_path: Path
) -> None:
    played = play(scenario(fault), tmp_path, inputs=inputs)
    assert f"until {bound} at most)" in played.log, played.log


@pytest.mark.parametrize("status", [500, 429], ids=["failing", "throttling"])
def test_no_try_is_later_than_the_reported_limit(status: int, tmp_path: Path) -> None:
    played = play(scenario(on_request("instances", nth=2, count=9999, status=status)), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    answer = max(re.findall(r"until (\d+):(\d\d):(\d\d) at most\)", played.log))
    hours, minutes, seconds = map(int, answer)
    started = next(i for i, request in enumerate(played.azure.requests) if "/subscriptions/" in request.path)
    lists = [r.at for r in played.azure.requests if r.path.endswith("virtualMachines") and r.status == status]
    assert lists[-2] - played.azure.requests[started].at <= hours * 3600 + minutes * 60 + seconds + 1


def still_starting(seconds: int) -> Scenario:
    """Return two instances. A killed run has upgraded the first, which is still starting."""
    return scenario(
        on_instance("fall-ill", "0", at=0, seconds=seconds),
        domains=[1, 1],
        asked={"health-timeout": "2m"},
        fleet={"image": NEW_MODEL},
        instances={"1": {"image": OLD}},
    )


def test_a_plan_waits_until_instances_of_an_earlier_run_are_healthy(tmp_path: Path) -> None:
    """Without them nothing would serve during the first batch, but that is no reason to refuse yet."""
    played = play(still_starting(60), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (0, "succeeded")
    assert "waiting: instances on the target image are not healthy yet (0)" in played.log
    assert played.upgrade_calls == [["1"]]
    assert played.azure.lowest_available() >= 1


def test_a_plan_waits_for_them_until_the_health_timeout(tmp_path: Path) -> None:
    played = play(still_starting(6000), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused")
    assert "nothing would serve while it is upgraded" in played.log
    assert played.writes == []
