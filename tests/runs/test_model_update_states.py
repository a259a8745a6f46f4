"""The record and the post step distinguish three states of the model update: not requested, unanswered, accepted."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import pytest

from azure_simulator import Reply
from harness.playing import Played, play
from harness.scenarios import Scenario, fleet_of, on_request
from harness.wire import Request, Send
from vmss_upgrade.errors import Interrupted

DENIED = on_request("patch", count=99, status=403, code="AuthorizationFailed", message="No.")
LOST = on_request("patch", nth=1, drop="before")
CONFLICT = on_request("patch", nth=1, status=409, code="Conflict")
THROTTLED = on_request("patch", nth=1, status=429, retry_after=30)
FAILS = on_request("patch", "operation", nth=1, code="InternalError", message="It failed.")
LATER_DENIED = on_request("patch", nth=2, count=99, status=403, code="AuthorizationFailed", message="No.")


def stages(run: Played) -> list[str]:
    """Return the stages that were saved for the post step, in order, without repetitions in a row."""
    lines = run.files["state.txt"].splitlines()
    saved = [json.loads(line)["stage"] for line in lines if line.startswith("{")]
    return [stage for stage, _ in groupby(saved)]


@pytest.mark.parametrize(
    ("faults", "may_hold", "is_updated"),
    [
        pytest.param([DENIED], False, False, id="refused"),
        pytest.param([CONFLICT, LATER_DENIED], False, False, id="refused-twice"),
        pytest.param([LOST, LATER_DENIED], True, False, id="lost-and-then-refused"),
        pytest.param([THROTTLED], True, True, id="refused-and-then-accepted"),
        pytest.param([], True, True, id="accepted"),
        pytest.param([FAILS], True, True, id="accepted-although-reported-as-failed"),
    ],
)
def test_the_record_shows_the_state(faults: list[Scenario], may_hold: bool, is_updated: bool, tmp_path: Path) -> None:
    run = play(fleet_of((1, 1), faults=faults), tmp_path)
    assert (run.record["model_may_hold_target"], run.record["model_updated"]) == (may_hold, is_updated), run.log


def test_the_post_step_does_not_report_a_refused_update(tmp_path: Path) -> None:
    run = play(fleet_of((1, 1), faults=[DENIED]), tmp_path)
    assert stages(run)[:3] == ["reading", "updating-model", "reading"], run.files["state.txt"]


def test_a_request_interrupted_by_a_signal_may_have_been_accepted(tmp_path: Path) -> None:
    def cancelled(request: Request, send: Send) -> Reply:
        if request.route == "patch":
            send(request)
            raise Interrupted
        return send(request)

    run = play(fleet_of((1, 1)), tmp_path, interceptors=[cancelled])
    assert (run.outcome, run.record["model_may_hold_target"]) == ("interrupted", True), run.log
