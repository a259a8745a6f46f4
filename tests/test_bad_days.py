"""Azure's bad days: what is waited out, what ends the rollout, and that nothing is written twice without need."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from azure_simulator import VirtualClock
from playing import HAPPY_FLEET, play

UPGRADE = "path: 'manualupgrade$', method: POST"
PATCH = "path: 'virtualMachineScaleSets/[^/]+$', method: PATCH"
LIST = "path: 'virtualMachines$', method: GET"
MODEL = "path: 'virtualMachineScaleSets/[^/]+$', method: GET"
POLL = "path: '/operations/', method: GET"

# fault -> what is said while it is waited out
WAITED_OUT = {
    "a read is throttled": (
        f"{{kind: http, {LIST}, nth: 2, count: 2, status: 429, retry_after: 20}}",
        "fewer requests",
    ),
    "a read fails": (f"{{kind: http, {LIST}, nth: 2, count: 3, status: 503, code: ServerTimeout}}", "ServerTimeout"),
    "a read is cut off": (f"{{kind: http, {LIST}, nth: 2, drop: after}}", "no answer"),
    "the model cannot be read": (
        f"{{kind: http, {MODEL}, nth: 2, status: 504, code: GatewayTimeout}}",
        "GatewayTimeout",
    ),
    "a poll fails": (f"{{kind: http, {POLL}, nth: 3, status: 500, code: MultipleErrorsOccurred}}", "MultipleErrors"),
    "the model update is throttled": (
        f"{{kind: http, {PATCH}, nth: 1, status: 429, retry_after: 40}}",
        "fewer requests",
    ),
    "the model update fails before": (
        f"{{kind: http, {PATCH}, nth: 1, status: 500, code: InternalError}}",
        "InternalError",
    ),
    "the model update's request is lost": (f"{{kind: http, {PATCH}, nth: 1, drop: before}}", "no answer"),
    "the model update's answer is lost": (f"{{kind: http, {PATCH}, nth: 1, drop: after}}", "no answer"),
    "the upgrade is throttled": (f"{{kind: http, {UPGRADE}, nth: 1, status: 429}}", "fewer requests"),
    "the upgrade conflicts": (
        f"{{kind: http, {UPGRADE}, nth: 1, count: 3, status: 409, code: Conflict}}",
        "another request",
    ),
    "the upgrade fails": (f"{{kind: http, {UPGRADE}, nth: 2, status: 502, code: BadGateway}}", "BadGateway"),
    "the upgrade's request is lost": (f"{{kind: http, {UPGRADE}, nth: 2, drop: before}}", "no answer"),
    "the upgrade's answer is lost": (f"{{kind: http, {UPGRADE}, nth: 1, drop: after}}", "no answer"),
}

# fault -> the code that a user reads, and the outcome
ENDED = {
    "no right to write the model": (
        f"{{kind: http, {PATCH}, nth: 1, status: 403, code: AuthorizationFailed}}",
        "refused",
    ),
    "no right to upgrade": (f"{{kind: http, {UPGRADE}, nth: 1, status: 403, code: AuthorizationFailed}}", "halted"),
    "the upgrade is not allowed": (
        f"{{kind: http, {UPGRADE}, nth: 2, status: 409, code: OperationNotAllowed}}",
        "halted",
    ),
    "the set vanishes": (f"{{kind: http, {LIST}, nth: 3, count: 99, status: 404, code: ResourceNotFound}}", "halted"),
    "a read fails for ever": (
        f"{{kind: http, {LIST}, nth: 3, count: 9999, status: 500, code: InternalError}}",
        "halted",
    ),
}


def scenario(fault: str) -> str:
    return f"{HAPPY_FLEET}faults:\n  - {fault}\n"


@pytest.mark.parametrize("name", WAITED_OUT)
def test_waited_out_and_nothing_is_upgraded_twice(name: str, tmp_path: Path) -> None:
    fault, said = WAITED_OUT[name]
    played = play(scenario(fault), tmp_path)
    assert played.exit_code == 0, played.log
    assert re_waiting(played.log, said), played.log
    assert {instance.upgrades for instance in played.azure.instances()} == {1}
    assert len(played.upgrade_calls) <= 2
    assert played.azure.lowest_available() == 2


@pytest.mark.parametrize("name", ENDED)
def test_what_cannot_be_waited_out_ends_the_rollout_with_azures_code(name: str, tmp_path: Path) -> None:
    fault, outcome = ENDED[name]
    played = play(scenario(fault), tmp_path)
    code = fault.partition("code: ")[2].rstrip("}")
    assert (played.exit_code, played.outputs["outcome"]) == (1, outcome), played.log
    assert code in played.log
    assert code in played.summary
    last_error = max(i for i, request in enumerate(played.azure.requests) if request.status >= 400)
    assert not [r for r in played.azure.requests[last_error + 1 :] if r.method in ("PATCH", "POST")]


def test_a_lost_answer_is_looked_after_before_anything_is_sent_again(tmp_path: Path) -> None:
    """The upgrade is under way: asking again would only be answered 409."""
    played = play(scenario(WAITED_OUT["the upgrade's answer is lost"][0]), tmp_path)
    posts = [request for request in played.azure.requests if request.path.endswith("manualupgrade")]
    assert [json.loads(post.body)["instanceIds"] for post in posts] == [["0", "2"], ["1", "3"]]


def test_an_instance_that_falls_ill_after_its_batch_is_seen_by_the_last_look(tmp_path: Path) -> None:
    played = play(scenario("{kind: fall-ill, instance: '0', after_upgrade: 2, delay: 35}"), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert json.loads(played.outputs["failed"]) == ["0"]
    assert json.loads(played.outputs["upgraded"]) == ["1", "2", "3"]


def test_an_instance_that_vanishes_between_look_and_upgrade(tmp_path: Path) -> None:
    gone = "status: 400, code: InstanceIdsListInstanceIdNotActiveVM"
    faults = f"{{kind: http, {UPGRADE}, nth: 1, {gone}}}\n  - {{kind: vanish, instance: '0', at: 54.1}}"
    played = play(scenario(faults), tmp_path)
    assert played.exit_code == 0, played.log
    assert played.upgrade_calls == [["2"], ["1", "3"]]


def test_somebody_elses_image_in_the_model_ends_the_rollout(tmp_path: Path) -> None:
    image = "{properties: {virtualMachineProfile: {storageProfile: {imageReference: {version: '22.04.202609010'}}}}}"
    played = play(scenario(f"{{kind: model-change, after_upgrade: 1, delay: 5, patch: {image}}}"), tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "Somebody changed the model's image" in played.log
    assert len(played.upgrade_calls) == 1


def test_another_change_of_the_model_is_told_but_no_failure(tmp_path: Path) -> None:
    """The flag `latestModelApplied` goes false for instances that do have the image."""
    change = "{properties: {virtualMachineProfile: {licenseType: Windows_Server}}}"
    played = play(scenario(f"{{kind: model-change, after_upgrade: 1, delay: 25, patch: {change}}}"), tmp_path)
    assert played.exit_code == 0, played.log
    assert "Somebody changed the model (not its image)" in played.log


def test_a_batch_does_not_start_while_somebody_updates_another_instance(tmp_path: Path) -> None:
    """Instance 2 is of the third domain, and being updated when the second could start."""
    fault = "{kind: updated-by-somebody, instance: '2', after_upgrade: 1, delay: 20, seconds: 200}"
    played = play(scenario(fault).replace("[2, 2]", "[2, 2, 2]"), tmp_path)
    assert played.exit_code == 0, played.log
    assert "is being updated by somebody" in played.log
    assert played.azure.upgrades[1].started_at >= played.azure.upgrades[0].started_at + 220


def test_an_instance_of_the_batch_itself_that_somebody_updates_is_waited_for(tmp_path: Path) -> None:
    """Azure answers 409, which must not be taken for an upgrade of ours that is under way."""
    fault = "{kind: updated-by-somebody, instance: '1', after_upgrade: 1, delay: 41, seconds: 180}"
    played = play(scenario(fault), tmp_path)
    assert played.exit_code == 0, played.log
    assert played.upgrade_calls == [["0", "2"], ["3"]]  # somebody's update brought 1 to the model
    assert {instance.image_version for instance in played.azure.instances()} == {"22.04.202611010"}


def test_a_rollout_outlives_its_access_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + clock.now())
    slow = HAPPY_FLEET.replace("upgrade_seconds: 30", "upgrade_seconds: 3000") + "access_token_seconds: 1200\n"
    played = play(slow, tmp_path, clock=clock)
    assert played.exit_code == 0, played.log
    asked = [request for request in played.azure.requests if request.path.endswith("/oauth2/v2.0/token")]
    assert len(asked) >= 5
    assert not [request for request in played.azure.requests if request.status == 401]


def test_a_refused_sign_in_names_what_the_token_claims(tmp_path: Path) -> None:
    played = play(HAPPY_FLEET + "audience: api://somebody-else\n", tmp_path)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused")
    for claim in ("iss=https://token.actions.githubusercontent.com", "sub=", "aud=api://AzureADTokenExchange"):
        assert claim in played.log
    assert "eyJ" not in played.log
    assert json.loads(played.outputs["upgraded"]) == []


def test_a_token_service_that_fails_later_is_not_taken_for_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock()
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + clock.now())
    slow = HAPPY_FLEET.replace("upgrade_seconds: 30", "upgrade_seconds: 3000") + "access_token_seconds: 1200\n"
    fault = "faults:\n  - {kind: http, path: 'id-token', nth: 2, count: 999, status: 403}\n"
    played = play(slow + fault, tmp_path, clock=clock)
    assert (played.exit_code, played.outputs["outcome"]) == (1, "halted")
    assert "GitHub's token service answered 403" in played.log
    assert "federated credential of the application must" not in played.log


def re_waiting(log: str, said: str) -> bool:
    """Whether a line of the log says that it waits, and why."""
    return any("waiting" in line and said in line for line in log.splitlines())
