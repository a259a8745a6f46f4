"""Whole runs with probes, and the proof: what halts, what does not, and what is said at the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, cancelled_at, play
from harness.scenarios import Scenario, fleet_of, on_instance

ADDRESS = "https://www.example.com/health?sig=s3cr3t"
PROBED = {"probe-url": ADDRESS}
SIX = [2, 2, 2]
UNHEALTHY = on_instance("comes-up-unhealthy", "1")
BACK = {"on-failure": "rollback", "health-timeout": "1m"}


def probed(*answers: dict[str, Any], faults: tuple[Scenario, ...] = (), **asked: str) -> Scenario:
    """Return six instances behind a service that is probed: 200 unless an answer says otherwise."""
    service = {"address": ADDRESS, "balanced": False, "answers": list(answers)}
    return fleet_of(
        SIX,
        {**PROBED, **{name.replace("_", "-"): value for name, value in asked.items()}},
        probes=[service],
        faults=list(faults),
        timing={"upgrade_seconds": 20, "healthy_after_seconds": 4},
    )


def down(status: int = 503, **during: Any) -> dict[str, Any]:
    return {"during": during, "status": status}


def book(played: Played) -> dict[str, Any]:
    (only,) = played.record["probes"]
    return dict(only)


def test_a_service_that_always_answers(tmp_path: Path) -> None:
    played = play(probed(), tmp_path)
    assert played.outcome == "succeeded", played.log
    only = book(played)
    assert only == {
        "address": "https://www.example.com/health",
        "sent": only["sent"],
        "failed": 0,
        "longest_gap": None,
        "unobserved": 0.0,
    }
    assert abs(only["sent"] - played.record["duration"]) < 10, "about every second"
    said = f"0 of {only['sent']:,} probes failed, never fewer than 4 of 6 healthy"
    assert played.record["proof"] == played.outputs["proof"] == said
    assert f"{said} (" in played.log
    assert said in played.summary
    assert played.record["lowest_healthy"]["floor"] == 3


def test_a_query_appears_nowhere(tmp_path: Path) -> None:
    played = play(probed(down(after_upgrade=1, seconds=99)), tmp_path, inputs={"report-html": "rollout.html"})
    page = (tmp_path / "rollout.html").read_text()
    assert "probes failed" in page
    assert "s3cr3t" not in played.log + page + "".join(played.files.values())


@pytest.mark.parametrize(
    ("answers", "asked", "outcome"),
    [
        pytest.param([down(after_upgrade=2, delay=5, seconds=30)], {}, "halted", id="for-long"),
        pytest.param([down(after_upgrade=2, delay=5, seconds=2)], {}, "succeeded", id="for-two-probes"),
        pytest.param([down(after_upgrade=2, delay=5, seconds=4)], {"probe_max_failures": "9"}, "succeeded", id="nine"),
        pytest.param([down(after_upgrade=2, delay=5, seconds=1)], {"probe_max_failures": "1"}, "halted", id="one"),
        pytest.param([{**down(after_upgrade=1), "fails": "silence"}], {}, "halted", id="silence"),
        pytest.param([{**down(after_upgrade=1), "fails": "certificate"}], {}, "halted", id="certificate"),
        pytest.param([down(302, after_upgrade=1)], {}, "halted", id="redirect"),
        pytest.param([down(204, after_upgrade=1)], {}, "succeeded", id="no-content"),
        pytest.param([{**down(200, after_upgrade=1), "slow": 1.5}], {}, "succeeded", id="slow"),
    ],
)
def test_failures_in_a_row_halt(
    answers: list[dict[str, Any]], asked: dict[str, str], outcome: str, tmp_path: Path
) -> None:
    played = play(probed(*answers, **asked), tmp_path)
    assert played.outcome == outcome, played.log
    assert played.bugs == []
    assert (book(played)["longest_gap"] is not None) == bool(book(played)["failed"])
    if outcome == "halted":
        assert played.record["failures"][0]["code"] == "ProbesFailed"
        assert "the probe of https://www.example.com/health fails: " in played.log
        assert "s3cr3t" not in played.outputs["reason"]


def test_it_says_when_and_in_which_batch(tmp_path: Path) -> None:
    played = play(probed(down(after_upgrade=2, delay=5, seconds=30)), tmp_path, inputs=BACK)
    assert played.outcome == "halted", "they never start a rollback"
    assert "while batch 2 was away: HTTP 503." in played.outputs["reason"]
    assert len(played.upgrade_calls) == 2
    assert book(played)["longest_gap"]["batch"] == 2


def test_a_gap_that_ends_is_reported(tmp_path: Path) -> None:
    played = play(probed(down(after_upgrade=2, delay=5, seconds=2)), tmp_path)
    assert "succeeds again, after 2 failures" in played.log
    assert f"2 of {book(played)['sent']} probes failed (longest gap 2s, " in played.outputs["proof"]


@pytest.mark.parametrize(
    ("operation", "outcome"), [("upgrade", "refused"), ("plan", "refused"), ("status", "reported"), ("", "refused")]
)
def test_a_silent_service_is_a_refusal(operation: str, outcome: str, tmp_path: Path) -> None:
    played = play(probed(down(at=0)), tmp_path, inputs={"operation": operation} if operation else {})
    assert played.outcome == outcome, played.log
    assert played.writes == []
    if outcome == "refused":
        assert "The probe of https://www.example.com/health fails before the rollout begins: HTTP 503." in played.log


def test_a_plan_asks_once_and_counts_nothing(tmp_path: Path) -> None:
    played = play(probed(), tmp_path, inputs={"operation": "plan"})
    assert (played.outcome, played.record["probes"]) == ("planned", [])
    assert "https://www.example.com/health, about every second; 3 failures in a row halt the rollout" in played.log


def test_a_rollback_is_never_halted(tmp_path: Path) -> None:
    """The service fails because of the image, so that the way back must not wait for it."""
    played = play(probed(down(after_upgrade=2), faults=(UNHEALTHY,)), tmp_path, inputs={**BACK, "update-domains": "1"})
    assert played.outcome == "rolled-back", played.log
    assert book(played)["failed"] > 3


def test_a_rollback_by_hand_warns_and_goes(tmp_path: Path) -> None:
    back = {"operation": "rollback", "image-version": "22.04.202610010"}
    described = probed(down(at=0))
    described["fleet"]["image"] = {
        "publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2",
        "version": "22.04.202611010",
    }  # fmt: skip
    played = play(described, tmp_path, inputs=back)
    assert played.outcome == "succeeded", played.log
    assert "Probes are only counted in a rollback" in played.log
    assert "failures are counted only" in played.log


@pytest.mark.parametrize("cancel_at", [10.0, 25.5, 40.0])
def test_a_cancelled_run_has_counted(cancel_at: float, tmp_path: Path) -> None:
    played = play(probed(), tmp_path, clock=cancelled_at(cancel_at))
    assert played.outcome == "interrupted"
    assert 0 < book(played)["sent"] <= cancel_at


def test_nothing_is_asked_without_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: Any, **__: Any) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr("azure_simulator.web.web.SimulatedWeb.ask", ask)
    played = play(probed(), tmp_path, inputs={"probe-url": ""})
    assert (played.outcome, played.record["probes"]) == ("succeeded", [])
    assert played.outputs["proof"] == "never fewer than 4 of 6 healthy"


def test_a_slow_azure_is_unobserved(tmp_path: Path) -> None:
    slow = {"kind": "http", "path": "/manualupgrade", "method": "POST", "nth": 2, "hang": 20}
    played = play(probed(faults=(slow,)), tmp_path)
    assert played.outcome == "succeeded", played.log
    assert book(played)["unobserved"] > 19
    assert "s unobserved)" in played.outputs["proof"]


# -- the floor -----------------------------------------------------------------------------------------------------


def ten(ids: str, seconds: float, **asked: str) -> Scenario:
    """Return ten instances, some of which are unhealthy for a time while the second batch is away."""
    faults = [on_instance("fall-ill", id_, after_upgrade=2, delay=5, seconds=seconds) for id_ in ids.split()]
    timing = {"upgrade_seconds": 60, "healthy_after_seconds": 4}
    return fleet_of(
        [2, 2, 2, 2, 2], {"min-healthy": "6", "health-timeout": "5m", **asked}, faults=faults, timing=timing
    )


@pytest.mark.parametrize(
    ("ids", "seconds", "asked", "outcome"),
    [
        pytest.param("2 3 4", 100, {}, "halted", id="undercut"),
        pytest.param("2 3", 100, {}, "succeeded", id="at-the-floor"),
        pytest.param("2 3 4", 2, {}, "succeeded", id="in-no-two-looks"),
        pytest.param("2 3 4", 100, {"stop-after": "2"}, "halted", id="a-partial-run"),
        pytest.param(
            "2 3 4", 100, {"allow-downtime": "true", "min-healthy": ""}, "succeeded", id="downtime-is-allowed"
        ),
        pytest.param("2 3 4", 100, BACK, "halted", id="nothing-is-rolled-back"),
    ],
)
def test_a_floor_that_was_undercut_halts(
    ids: str, seconds: float, asked: dict[str, str], outcome: str, tmp_path: Path
) -> None:
    played = play(ten(ids, seconds, **{"health-timeout": "5m", **asked}), tmp_path)
    assert played.outcome == outcome, played.log
    if outcome == "halted":
        assert played.exit_code == 1
        assert played.outputs["reason"].startswith("no upgrade failed, but only 5 instances were healthy ")
        assert "while batch 2 was away, and `min-healthy` needed 6." in played.outputs["reason"]
        expected = 4 if "stop-after" in asked else 10
        assert len(played.ids("upgraded")) == expected, "every upgrade succeeded"
    assert json.loads(played.outputs["lowest-healthy"]) == played.record["lowest_healthy"]["count"]
