"""Whole runs with hooks: what they may do to a rollout, when they are called, and what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, cancelled_at, play
from harness.scenarios import Scenario, fleet_of, on_instance

ORIGIN = "https://hooks.example.com"
SECRET = "s3cr3t-of-the-hooks"
HOOKED = {
    "before-batch-url": f"{ORIGIN}/before?sig=s1gnature",
    "after-batch-url": f"{ORIGIN}/after",
    "hook-secret": SECRET,
}
UNHEALTHY = on_instance("comes-up-unhealthy", "1")


def hooked(*answers: dict[str, Any], faults: tuple[Scenario, ...] = (), **asked: str) -> Scenario:
    """Return six instances in three domains, with a receiver that goes on unless an answer says otherwise."""
    given = {name.replace("_", "-"): value for name, value in asked.items()}
    return fleet_of([2, 2, 2], {**HOOKED, **given}, hooks={"answers": list(answers)}, faults=list(faults))


def calls(played: Played) -> str:
    """Return every call that arrived: phase, batch and, after it, the result."""
    bodies = [json.loads(call.body) for call in played.azure.web().hooks.calls if call.method == "POST"]
    return " ".join(f"{each['phase']}{each['batch']['number']}:{each['result'] or ''}".rstrip(":") for each in bodies)


def nobody_is_left_waiting(played: Played) -> bool:
    return played.azure.web().hooks.befores_without_after() == []


def no_secret_is_shown(played: Played) -> bool:
    shown = [played.log, *played.files.values()]
    return not any(secret in text for secret in (SECRET, "s1gnature") for text in shown)


GOES_ON = "before1 after1:passed before2 after2:passed before3 after3:passed"


def test_each_batch_is_between_its_hooks(tmp_path: Path) -> None:
    played = play(hooked(), tmp_path)
    assert (played.outcome, calls(played)) == ("succeeded", GOES_ON), played.log
    first, last = (json.loads(played.azure.web().hooks.calls[at].body) for at in (0, 1))
    assert [(each["id"], each["current"], each["healthy"]) for each in first["instances"]] == [
        ("0", False, True),
        ("3", False, True),
    ]
    assert all(each["name"] and each["computer_name"] for each in first["instances"])
    assert [(each["current"], each["healthy"]) for each in last["instances"]] == [(True, True)] * 2
    assert first["target_image"] == played.outputs["target-image"]
    assert first["previous_image"] == played.outputs["previous-image"]
    assert "`before-batch-url` at hooks.example.com" in played.log
    assert no_secret_is_shown(played)


def test_without_hooks_nothing_is_called(tmp_path: Path) -> None:
    played = play(fleet_of([2, 2], hooks={}), tmp_path)
    assert (played.outcome, calls(played)) == ("succeeded", "")
    assert "hook" not in (played.log + played.summary).lower()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({"after-batch-url": ""}, "before1 before2 before3", id="before-alone"),
        pytest.param({"before-batch-url": ""}, "after1:passed after2:passed after3:passed", id="after-alone"),
        pytest.param({"operation": "plan"}, "", id="a-plan"),
        pytest.param({"operation": "update-model"}, "", id="the-model-alone"),
        pytest.param({"operation": "status"}, "", id="a-status"),
    ],
)
def test_hooks_are_called_around_batches_alone(asked: dict[str, str], expected: str, tmp_path: Path) -> None:
    played = play(hooked(**asked), tmp_path)
    assert (played.exit_code, calls(played)) == (0, expected), played.log


BEFORE2: dict[str, Any] = {"phase": "before", "batch": 2}
AFTER2: dict[str, Any] = {"phase": "after", "batch": 2}
TO_TWO = "before1 after1:passed before2"
REFUSED = f"{TO_TWO} after2:not-started"
ENDED = f"{TO_TWO} after2:passed"
EVIL = {"headers": {"Location": "https://evil.example.com/"}}
ALERT = {"decision": "stop", "reason": "##[error]alert"}


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        pytest.param({**BEFORE2, **ALERT}, REFUSED, "asks to stop: ## [error]alert", id="stop"),
        pytest.param({**BEFORE2, "polls": 2, **ALERT}, REFUSED, "asks to stop", id="work-that-stops"),
        pytest.param({**BEFORE2, "status": 404}, REFUSED, "failed: HTTP 404", id="not-found"),
        pytest.param({**BEFORE2, "status": 302, **EVIL}, REFUSED, "not followed", id="redirect"),
        pytest.param({**BEFORE2, "polls": 1, **EVIL}, REFUSED, "same scheme, host and port", id="poll-elsewhere"),
        pytest.param({**BEFORE2, "body": "{"}, REFUSED, "not JSON", id="no-json"),
        pytest.param({**BEFORE2, "body": "x", "body_times": 99999}, REFUSED, "64 KiB", id="too-large"),
        pytest.param(
            {**BEFORE2, "fails": "certificate"},
            REFUSED.replace(" before2", ""),
            "failed: certificate verify failed",
            id="certificate",
        ),
        pytest.param({**AFTER2, "status": 404}, ENDED, "(after batch 2) failed", id="after-fails"),
        pytest.param({**AFTER2, **ALERT}, ENDED, "(after batch 2) asks to stop", id="after-stops"),
        pytest.param({**AFTER2, "batch": 3, "status": 404}, GOES_ON, "(after batch 3) failed", id="the-last"),
    ],
)
def test_an_answer_halts(answer: dict[str, Any], expected: str, said: str, tmp_path: Path) -> None:
    played = play(hooked(answer), tmp_path)
    assert (played.outcome, calls(played)) == ("halted", expected), played.log
    assert played.exit_code == 1
    assert said in played.log
    assert nobody_is_left_waiting(played)
    assert no_secret_is_shown(played)
    assert "##[" not in played.log


NEVER = ({"status": 503}, {"decision": "wait"}, {"status": 409}, {"polls": 9999}, {"fails": "silence"})


def test_work_is_polled_until_it_is_done(tmp_path: Path) -> None:
    played = play(hooked({**BEFORE2, "polls": 3, "headers": {"Retry-After": "20"}}), tmp_path)
    assert (played.outcome, calls(played)) == ("succeeded", GOES_ON)
    polls = [call.at for call in played.azure.web().hooks.calls if call.method == "GET"]
    assert len(polls) == 4
    assert "`before-batch-url` is at work (next try in 20s" in played.log


@pytest.mark.parametrize("answer", NEVER, ids=str)
@pytest.mark.parametrize("phase", ["before", pytest.param("after", marks=pytest.mark.nightly)])
def test_a_hook_has_its_time_and_no_more(phase: str, answer: dict[str, Any], tmp_path: Path) -> None:
    played = play(hooked({"phase": phase, "batch": 2, **answer}, hook_timeout="3m"), tmp_path)
    assert played.outcome == "halted"
    assert "in its time" in played.log or "time was over" in played.log
    assert len(played.upgrade_calls) == (1 if phase == "before" else 2), "a batch is upgraded only if it may start"
    assert 180 <= played.record["duration"] < 330
    keys = {call.idempotency_key for call in played.azure.web().hooks.calls if (call.phase, call.batch) == (phase, 2)}
    assert len(keys) == 1
    assert phase == "after" or nobody_is_left_waiting(played)


def test_a_wait_holds_the_batch_and_the_set_is_looked_at_again(tmp_path: Path) -> None:
    wait = {**BEFORE2, "decision": "wait", "reason": "an alert", "retry_after": 60, "count": 3}
    played = play(hooked(wait), tmp_path)
    assert (played.outcome, len(played.upgrade_calls)) == ("succeeded", 3)
    assert "waiting: `before-batch-url` asks to wait: an alert (next try in 1m00s" in played.log
    assert played.record["batches"][1]["started_at"] - played.record["batches"][0]["started_at"] > 180


@pytest.mark.parametrize("change", ["not-after", "unhealthy"])
def test_a_change_during_a_wait_counts(change: str, tmp_path: Path) -> None:
    wait = {**BEFORE2, "decision": "wait", "retry_after": 300, "count": 4}
    if change == "not-after":
        played = play(hooked(wait, not_after="00:20 UTC", hook_timeout="1h"), tmp_path)
        assert played.outcome == "partial"
    else:
        relapse = on_instance("comes-up-unhealthy", "0", seconds=0, relapses_after=120)
        played = play(hooked(wait, faults=(relapse,), hook_timeout="1h"), tmp_path)
        assert played.outcome == "halted"
    assert len(played.upgrade_calls) == 1
    assert calls(played).endswith("after2:not-started")


def test_a_hook_that_fails_after_a_batch_that_came_too_late_is_red(tmp_path: Path) -> None:
    wait = {**BEFORE2, "decision": "wait", "retry_after": 300, "count": 4}
    scenario = hooked(wait, {**AFTER2, "status": 404}, not_after="00:20 UTC", hook_timeout="1h")
    played = play(scenario, tmp_path)
    assert (played.outcome, played.exit_code) == ("halted", 1), played.log
    assert "(after batch 2) failed: HTTP 404" in played.outputs["reason"]


SKIP = {"decision": "skip", "instances": ["1", "4"], "reason": "a job runs"}


def test_the_hook_is_asked_again_at_the_end(tmp_path: Path) -> None:
    played = play(hooked({**BEFORE2, **SKIP}), tmp_path)
    assert played.outcome == "succeeded"
    assert played.upgrade_calls == [["0", "3"], ["2", "5"], ["1", "4"]]
    assert (
        calls(played) == "before1 after1:passed before2 after2:not-started before3 after3:passed before4 after4:passed"
    )


def test_one_of_a_batch_is_put_off(tmp_path: Path) -> None:
    played = play(hooked({**BEFORE2, **SKIP, "instances": ["4"]}), tmp_path)
    assert (played.outcome, played.upgrade_calls) == ("succeeded", [["0", "3"], ["1"], ["2", "5"], ["4"]])


def test_instances_that_are_put_off_to_the_end_remain(tmp_path: Path) -> None:
    played = play(hooked({**BEFORE2, **SKIP}, {**BEFORE2, **SKIP, "batch": 4}, hook_timeout="5m"), tmp_path)
    assert (played.outcome, played.exit_code) == ("partial", 0), played.log
    assert played.ids("remaining") == ["1", "4"]
    assert (
        "`before-batch-url` left instances 1, 4 for later, the last time because of: a job runs"
        in played.outputs["reason"]
    )
    assert played.record["put_off"] == [{"instance_id": id_, "reason": "a job runs"} for id_ in ("1", "4")]
    assert nobody_is_left_waiting(played)
    assert calls(played).count("before4") in (5, 6, 7), "about every minute, for one `hook-timeout`"


def test_the_run_ends_in_time_whatever_is_put_off(tmp_path: Path) -> None:
    scenario = hooked({**BEFORE2, **SKIP}, {**BEFORE2, **SKIP, "batch": 4}, hook_timeout="2h", timeout="10m")
    played = play(scenario, tmp_path)
    assert (played.outcome, played.ids("remaining")) == ("partial", ["1", "4"]), played.log
    assert played.record["duration"] < 600


def test_the_hook_after_a_failed_batch_says_so(tmp_path: Path) -> None:
    played = play(hooked(faults=(UNHEALTHY,)), tmp_path)
    assert (played.outcome, calls(played)) == ("halted", f"{TO_TWO} after2:failed")
    assert played.ids("failed") == ["1"]


@pytest.mark.parametrize("answer", [{"decision": "stop"}, {**SKIP, "instances": ["0"]}, *NEVER], ids=str)
def test_a_rollback_is_never_stopped(answer: dict[str, Any], tmp_path: Path) -> None:
    on_the_way_back = {**answer, "during": {"at": 100, "seconds": 1e6}}
    back = {"on_failure": "rollback", "health_timeout": "1m", "hook_timeout": "5m"}
    played = play(hooked(on_the_way_back, faults=(UNHEALTHY,), **back), tmp_path)
    assert played.outcome == "rolled-back", played.log
    assert played.record["duration"] < 1200, "all hooks of it together have one `hook-timeout`"
    assert json.loads(played.azure.web().hooks.calls[-1].body or "{}").get("batch", {}).get("rollback") is not False
    assert nobody_is_left_waiting(played)


@pytest.mark.parametrize("asked", [{"timeout": "90s"}, {"batch_timeout": "5s", "bake_time": "0"}], ids=str)
def test_a_run_without_time_left_calls_the_hook(asked: dict[str, str], tmp_path: Path) -> None:
    played = play(hooked({**AFTER2, "slow": 5}, faults=(on_instance("hangs", "1"),), **asked), tmp_path)
    assert played.outcome == "timed-out", played.log
    assert nobody_is_left_waiting(played)


@pytest.mark.parametrize(
    "at", [pytest.param(at, marks=[] if at % 20 == 5 else [pytest.mark.nightly]) for at in range(5, 100, 5)]
)
def test_a_cancelled_run_leaves_its_hook_to_the_post_step(at: float, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.touch()
    played = play(hooked(), tmp_path, clock=cancelled_at(at), environ={"GITHUB_STATE": str(state)})
    hooks = played.azure.web().hooks
    owed, last = hooks.befores_without_after(), hooks.calls[-1] if hooks.calls else None
    saved = [line for line in state.read_text().splitlines() if line.startswith('{"scale_set"') or line == ""]
    is_unanswered = last is not None and last.phase == "after" and at - last.at < 1  # so it is called once more
    assert bool(owed) or is_unanswered or not (saved and saved[-1]), "only what is owed is in the state"
    assert not owed or saved[-1], "what is owed is in the state"
