"""Whole runs that end between two batches because of a moment (`not-after`) or a tag on the scale set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, play
from harness.scenarios import NEW, OLD, REPAIRS, UBUNTU, Scenario, fleet_of, on_instance

STOP = {"vmss-upgrade": "stop"}
RELEASE = (
    "To go on, have the tag removed, and run again with the same inputs: instances on the target image are skipped. "
    "The activity log of the scale set says who set it; anybody with the role Tag Contributor on the scale set can "
    "remove it: az tag update --resource-id /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/"
    "simulated-group/providers/Microsoft.Compute/virtualMachineScaleSets/simulated-set "
    "--operation Delete --tags vmss-upgrade=stop"
)
LATER = (
    "Run again at another time with the same inputs (a date in `not-after` must be a later one): instances on the "
    "target image are skipped."
)
BACK = {"on-failure": "rollback"}
RETURNED = [["0", "3"], ["1", "4"], ["1"], ["4"], ["0", "3"]]  # the unhealthy instance first


def six(*faults: Scenario, inputs: dict[str, str] | None = None, **more: Any) -> Scenario:
    return fleet_of([2, 2, 2], inputs, faults=list(faults), **more)


def tagged(tags: dict[str, str], **when: Any) -> Scenario:
    return {"kind": "model-change", "patch": {"tags": tags}, **when}


def old(ids: str) -> dict[str, Scenario]:
    return {id_: {"image": OLD, "current": False} for id_ in ids.split()}


def ended(played: Played) -> tuple[str, int, list[list[str]]]:
    return played.outcome, played.exit_code, played.upgrade_calls


# -- the tag -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param(STOP, id="plain"),
        pytest.param({"owner": "web", "VMSS-Upgrade": "Stop"}, id="another-case"),
    ],
)
def test_the_tag_ends_a_run_before_the_next_batch(tags: dict[str, str], tmp_path: Path) -> None:
    played = play(six(tagged(tags, after_upgrade=1, delay=5)), tmp_path)
    assert ended(played) == ("partial", 0, [["0", "3"]]), played.log
    assert (played.ids("upgraded"), played.ids("remaining")) == (["0", "3"], ["1", "2", "4", "5"])
    assert played.outputs["reason"] == (
        "batch 2 was not started: the tag `vmss-upgrade: stop` on the scale set stops upgrades."
    )
    written = next(f"{name}={value}" for name, value in tags.items() if value.lower() == "stop")
    assert RELEASE.replace("vmss-upgrade=stop", written) in played.log
    assert "az tag update" in played.summary


@pytest.mark.parametrize("tags", [{"vmss-upgrade": "go"}, {"vmss-upgrade": "stop!"}, {"upgrade": "stop"}, {"stop": ""}])
def test_another_tag_stops_nothing(tags: dict[str, str], tmp_path: Path) -> None:
    played = play(six(tagged(tags, after_upgrade=1, delay=5)), tmp_path)
    assert (played.outcome, len(played.upgrade_calls)) == ("succeeded", 3), played.log


@pytest.mark.parametrize("operation", ["upgrade", "plan", "upgrade-instances", "update-model"])
def test_nothing_is_written_while_the_tag_is_there(operation: str, tmp_path: Path) -> None:
    image = {"image-version": ""} if operation == "upgrade-instances" else {}
    played = play(six(model={"tags": STOP}), tmp_path, inputs={"operation": operation, **image})
    assert (played.outcome, played.exit_code, played.writes) == ("refused", 1, []), played.log
    assert f"The tag `vmss-upgrade: stop` on the scale set stops upgrades. {RELEASE}" in played.log


def test_the_status_is_shown_while_the_tag_is_there(tmp_path: Path) -> None:
    assert play(six(model={"tags": STOP}), tmp_path, inputs={"operation": "status"}).outcome == "reported"


@pytest.mark.parametrize("step", [8, pytest.param(2, marks=pytest.mark.sweep)])
@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        pytest.param({}, "refused", id="nothing-written"),
        pytest.param({"suspend-repairs": "true"}, "partial", id="repairs-suspended"),
    ],
)
def test_a_tag_that_is_set_after_the_checks_stops_the_write_of_the_model(
    more: dict[str, str], outcome: str, step: int, tmp_path: Path
) -> None:
    """Every read takes 0.2 s; the model is read again before it is written."""
    outcomes = set()
    for tenths in range(4, 60, step):
        scenario = six(tagged(STOP, at=tenths / 10), inputs=more, model=REPAIRS)
        played = play(scenario, tmp_path)
        patched = [write for write in played.writes if write.method == "PATCH"]
        assert played.upgrade_calls == [], "no batch begins after the tag is set"
        outcomes.add((played.outcome, bool(patched)))
        if more:
            assert not played.azure.repairs_suspended, played.log
    assert (outcome, False) in outcomes, outcomes
    assert ("partial", True) in outcomes, outcomes


def test_the_tag_stops_no_rollback(tmp_path: Path) -> None:
    bad = on_instance("comes-up-unhealthy", "1")
    played = play(six(bad, tagged(STOP, after_upgrade=2, delay=20)), tmp_path, inputs=BACK)
    assert ended(played) == ("rolled-back", 1, RETURNED), played.log


def test_the_tag_stops_no_rollback_by_hand(tmp_path: Path) -> None:
    scenario = six(model={"tags": STOP}, fleet={"image": {**UBUNTU, "version": NEW}}, instances=old("1 2 4 5"))
    played = play(scenario, tmp_path, inputs={"operation": "rollback", "image-version": OLD})
    assert ended(played) == ("succeeded", 0, [["0", "3"]]), played.log
    assert "The tag `vmss-upgrade: stop` on the scale set stops upgrades. A rollback goes on." in played.log


def test_the_tag_after_the_last_batch_changes_nothing(tmp_path: Path) -> None:
    assert play(six(tagged(STOP, after_upgrade=3, delay=5)), tmp_path).outcome == "succeeded"


def test_a_run_without_the_tag_goes_on(tmp_path: Path) -> None:
    first = play(six(tagged(STOP, after_upgrade=1, delay=5)), tmp_path)
    done = {id_: {"image": NEW, "current": True} for id_ in first.ids("upgraded")}
    again = play(six(instances=done), tmp_path)
    assert ended(again) == ("succeeded", 0, [["1", "4"], ["2", "5"]])


# -- not-after -----------------------------------------------------------------------------------------------------


def slow(**more: Any) -> Scenario:
    """Return a set whose batches take about five minutes; the simulation begins at 00:00 UTC."""
    return six(timing={"upgrade_seconds": 250, "healthy_after_seconds": 2}, **more)


def test_no_batch_starts_that_would_end_too_late(tmp_path: Path) -> None:
    played = play(slow(), tmp_path, inputs={"not-after": "01:14 Europe/Berlin", "bake-time": "30s"})
    assert ended(played) == ("partial", 0, [["0", "3"], ["1", "4"]]), played.log
    assert played.outputs["reason"] == (
        "batch 3 was not started: a batch may take 4m43s, and `not-after` (01:14 Europe/Berlin, that is 2026-01-01 "
        "00:14 UTC) is in 3m40s."
    )
    assert LATER in played.log
    assert LATER in played.summary.replace("<code>", "`").replace("</code>", "`")
    assert float(played.record["duration"]) < 14 * 60


@pytest.mark.parametrize(
    ("inputs", "outcome"),
    [
        pytest.param({"not-after": "00:10 UTC"}, "refused", id="less-than-a-first-batch-may-take"),
        pytest.param({"not-after": "00:11 UTC", "bake-time": "2m"}, "refused", id="bake-time-counts"),
        pytest.param({"not-after": "00:10 UTC", "batch-timeout": "9m"}, "partial", id="a-batch-may-take-less"),
        pytest.param({"not-after": "2026-01-01T00:12Z"}, "partial", id="date"),
        pytest.param({"not-after": "23:00 UTC"}, "succeeded", id="far-away"),
        pytest.param({"not-after": "00:00 UTC"}, "succeeded", id="tomorrow"),
    ],
)
def test_the_first_batch_is_not_started_in_vain(inputs: dict[str, str], outcome: str, tmp_path: Path) -> None:
    played = play(slow(), tmp_path, inputs=inputs)
    assert played.outcome == outcome, played.log
    assert outcome != "refused" or (played.writes == [] and LATER in played.log)


def test_a_plan_is_made_at_any_time_and_shows_the_moment(tmp_path: Path) -> None:
    played = play(six(), tmp_path, inputs={"operation": "plan", "not-after": "00:01 UTC"})
    assert played.outcome == "planned", played.log
    assert "Not after       00:01 UTC (2026-01-01 00:01 UTC): no batch that would end later" in played.log
    assert "| <code>not-after</code> | 00:01 UTC (2026-01-01 00:01 UTC) |" in played.summary
    assert "None starts that would most likely end after 2026-01-01 00:01 UTC" in played.summary


def test_an_approved_plan_holds_for_the_moment_it_names(tmp_path: Path) -> None:
    plan = play(six(), tmp_path, inputs={"operation": "plan", "not-after": "06:00 UTC"})
    expected = {"expect-plan": plan.outputs["plan-hash"]}
    assert play(six(), tmp_path, inputs={"not-after": "06:00 UTC", **expected}).outcome == "succeeded"
    other = play(six(), tmp_path, inputs={"not-after": "07:00 UTC", **expected})
    assert (other.outcome, other.writes) == ("refused", [])
    assert "not-after" in other.log


def test_a_rollback_goes_on_after_the_moment(tmp_path: Path) -> None:
    bad = on_instance("comes-up-unhealthy", "1")
    played = play(six(bad), tmp_path, inputs={**BACK, "not-after": "00:04 UTC", "batch-timeout": "3m"})
    assert ended(played) == ("rolled-back", 1, RETURNED), played.log
    assert float(played.record["duration"]) > 4 * 60


def test_a_rollback_by_hand_goes_on_after_the_moment(tmp_path: Path) -> None:
    scenario = six(fleet={"image": {**UBUNTU, "version": NEW}}, instances=old("2 5"))
    inputs = {"operation": "rollback", "image-version": OLD, "not-after": "00:01 UTC"}
    played = play(scenario, tmp_path, inputs=inputs)
    assert (played.outcome, len(played.upgrade_calls)) == ("succeeded", 2), played.log
    assert "Not after" not in played.log
