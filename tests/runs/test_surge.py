"""Whole runs that begin with new instances, and delete them at the end."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import SimulatedAzure, VirtualClock
from azure_simulator.state.creation import scale
from harness.playing import Played, as_scenario, cancelled_at, play, play_job
from harness.rows import nightly_but
from harness.scenarios import NEW_MODEL, OLD, REPAIRS, UBUNTU, Scenario, fleet_of, on_instance, on_request
from harness.wire import wired

SIX = ["0", "1", "2", "3", "4", "5"]
BATCHES = [["0", "3"], ["1", "4"], ["2", "5"]]
QUICK = {"bake-time": "10s"}
BACK = {"on-failure": "rollback"}


def six(inputs: dict[str, str] | None = None, **more: Any) -> Scenario:
    return fleet_of([2, 2, 2], {"surge": "2", **QUICK, **(inputs or {})}, **more)


def ids(played: Played) -> list[str]:
    return sorted((each.instance_id for each in played.azure.instances()), key=int)


def capacities(played: Played) -> list[int]:
    """Return the capacity of every PATCH of the SKU, whatever became of it."""
    bodies = [json.loads(write.body) for write in played.writes if write.method == "PATCH"]
    return [body["sku"]["capacity"] for body in bodies if "sku" in body]


def deletions(played: Played) -> list[list[str]]:
    calls = [write for write in played.writes if write.path.endswith("/delete") and write.status == 202]
    return [json.loads(call.body)["instanceIds"] for call in calls]


def test_new_instances_stand_in_and_are_deleted(tmp_path: Path) -> None:
    played = play(six(), tmp_path)
    assert (played.outcome, played.exit_code) == ("succeeded", 0), played.log
    assert [write.path.rpartition("/")[2] for write in played.writes] == (
        ["simulated-set", "simulated-set", "manualupgrade", "manualupgrade", "manualupgrade", "delete"]
    )
    sku = json.loads(played.writes[1].body)
    assert sku == {"sku": {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 8}}, "nothing beside the SKU"
    (raised,) = [r for r in played.sent if r.method == "PATCH" and b"capacity" in (r.body or b"")]
    assert raised.headers["If-Match"]
    assert (played.upgrade_calls, deletions(played)) == (BATCHES, [["7", "9"]]), "6 and 8 were overprovisioned"
    assert (ids(played), played.azure.capacity, played.azure.lowest_available()) == (SIX, 6, 6)
    assert played.record["surge"] == {
        "former_capacity": 6,
        "added": 2,
        "floor": 6,
        "instance_ids": ["7", "9"],
        "was_taken_over": False,
        "started_at": played.record["surge"]["started_at"],
        "seconds": played.record["surge"]["seconds"],
        "result": "passed",
        "is_left": False,
    }
    assert played.ids("upgraded") == SIX
    assert "Surge: 2 new instances (7, 9) first; they are deleted, and the capacity is 6 again." in played.summary
    assert "the floor is 6 (<code>surge</code>)" in played.summary


@dataclass(frozen=True)
class Case:
    """A scenario, and how it ends: outcome, instances upgraded together, the ids that are there in the end, a text."""

    scenario: Scenario
    outcome: str
    upgraded: list[list[str]]
    there: list[str]
    says: str = ""
    lowest: int = 6


LEFT = "Created by `surge`, and still there: instances 7, 9"
RUNS = {
    "one-instance-alone": Case(
        fleet_of([1], {"surge": "1", **QUICK}), "succeeded", [["0"]], ["0"], "surge passed", lowest=1
    ),
    "percentage": Case(six({"surge": "20%"}), "succeeded", [[id_] for id_ in "031425"], SIX),
    "smaller-batches": Case(six({"batch-size": "1"}), "succeeded", [[id_] for id_ in "031425"], SIX),
    "extras-shown": Case(six({"health-timeout": "2m"}, scaling={"shows_extras": True}), "succeeded", BATCHES, SIX),
    "not-current-afterwards": Case(six(scaling={"clears_latest_model": True}), "succeeded", BATCHES, SIX),
    "whole-model": Case(
        six(
            {"operation": "upgrade-instances", "image-version": ""},
            fleet={"image": NEW_MODEL},
            instances={id_: {"behind": {"vm_size": "Standard_D2s_v3"}} for id_ in "0123"},
            scaling={"clears_latest_model": True},
        ),
        "succeeded",
        [["0", "3"], ["1"], ["2"]],
        SIX,
    ),
    "notice-of-deletion": Case(
        six(
            model={
                "properties": {
                    "virtualMachineProfile": {
                        "scheduledEventsProfile": {"terminateNotificationProfile": {"enable": True}}
                    }
                }
            }
        ),
        "succeeded",
        BATCHES,
        SIX,
        "Instances are given notice of their deletion (PT5M)",
    ),
    "stops-after-a-batch": Case(six({"stop-after": "1"}), "partial", BATCHES[:1], SIX, "the capacity is 6 again"),
    "stop-tag": Case(
        six(faults=[{"kind": "model-change", "patch": {"tags": {"vmss-upgrade": "stop"}}, "after_upgrade": 1}]),
        "partial",
        BATCHES[:1],
        SIX,
        "the capacity is 6 again",
    ),
    "repairs-suspended": Case(six({"suspend-repairs": "true"}, model=REPAIRS), "succeeded", BATCHES, SIX),
    "health-shown-since-when": Case(
        six(faults=[{"kind": "health-lags", "seconds": 20, "time": True}]), "succeeded", BATCHES, SIX
    ),
    "one-on-the-target-was-unhealthy-before": Case(
        six(fleet={"image": NEW_MODEL}, instances={"0": {"unhealthy": True}, **{i: {"image": OLD} for i in "12345"}}),
        "halted",
        [],
        SIX,
        "the capacity is 6 again",
        lowest=5,
    ),
    "new-ones-unhealthy": Case(
        six(scaling={"unhealthy": True}), "halted", [], SIX, "surge failed: instance 7: NotHealthy"
    ),
    "new-ones-unhealthy-and-back": Case(
        six(BACK, scaling={"unhealthy": True}), "rolled-back", [], SIX, "the capacity is 6 again"
    ),
    "no-room": Case(six(scaling={"without_room": 1}), "halted", [], SIX, "the surge failed"),
    "no-cores": Case(six(scaling={"quota": 7}), "halted", [], SIX, "Have the quota that Azure names raised"),
    "no-addresses": Case(six(scaling={"addresses": 7}), "halted", [], SIX, "SubnetIsFull"),
    "batch-fails": Case(
        six(faults=[on_instance("comes-up-unhealthy", "1")]), "halted", BATCHES[:2], [*SIX, "7", "9"], LEFT
    ),
    "batch-fails-and-goes-back": Case(
        six(BACK, faults=[on_instance("comes-up-unhealthy", "1")]),
        "rolled-back",
        [*BATCHES[:2], ["1"], ["4"], BATCHES[0]],
        SIX,
        "the capacity is 6 again",
        lowest=5,
    ),
    "write-lost": Case(six(faults=[on_request("patch", nth=2, drop="after")]), "succeeded", BATCHES, SIX),
    "write-never-arrived": Case(six(faults=[on_request("patch", nth=2, drop="before")]), "succeeded", BATCHES, SIX),
    "conflict": Case(six(faults=[on_request("patch", nth=2, status=409, code="Conflict")]), "succeeded", BATCHES, SIX),
    "etag-refused": Case(
        six(faults=[on_request("patch", nth=2, status=412, code="PreconditionFailed")]), "succeeded", BATCHES, SIX
    ),
    "deletion-lost": Case(six(faults=[on_request("delete", nth=1, drop="after")]), "succeeded", BATCHES, SIX),
    "deletion-conflicts": Case(
        six(faults=[on_request("delete", nth=1, count=2, status=409, code="Conflict")]), "succeeded", BATCHES, SIX
    ),
    "deletion-denied": Case(
        six(faults=[on_request("delete", nth=1, count=9, status=403, code="AuthorizationFailed")]),
        "halted",
        BATCHES,
        [*SIX, "7", "9"],
        LEFT,
    ),
    "deletion-fails": Case(
        six(faults=[on_request("delete", "operation", nth=1, told_after=5, code="InternalError")]),
        "succeeded",
        BATCHES,
        SIX,
    ),
    "an-old-one-fails-meanwhile": Case(
        six(faults=[on_instance("fall-ill", "5", seconds=3600, after_upgrade=1)]),
        "halted",
        BATCHES[:1],
        [*SIX, "7", "9"],
        LEFT,
    ),
    "out-of-time": Case(six({"timeout": "2m10s"}), "timed-out", BATCHES[:1], [*SIX, "7", "9"], LEFT),
}


# of the others, each is like one of these, at another call or with another reason
KEPT = (
    "one-instance-alone",
    "extras-shown",
    "whole-model",
    "stop-tag",
    "new-ones-unhealthy-and-back",
    "no-room",
    "batch-fails",
    "batch-fails-and-goes-back",
    "write-lost",
    "deletion-denied",
    "an-old-one-fails-meanwhile",
    "out-of-time",
)


@pytest.mark.parametrize("name", nightly_but(KEPT, RUNS))
def test_a_run_with_surge(name: str, tmp_path: Path) -> None:
    case = RUNS[name]
    played = play(case.scenario, tmp_path)
    assert (played.outcome, played.upgrade_calls) == (case.outcome, case.upgraded), played.log
    assert (ids(played), played.azure.capacity) == (case.there, len(case.there)), played.log
    assert case.says in played.log
    assert not played.bugs
    assert played.azure.lowest_available() >= case.lowest, "the set was below its former healthy count"
    assert len(deletions(played)) <= 1
    surge = played.record["surge"]
    assert surge["is_left"] == (len(case.there) > len(SIX))
    if surge["is_left"]:
        assert f"az vmss delete-instances --subscription {'1' * 8}-" in played.log
        assert "--instance-ids 7 9" in played.log


VHD = "https://golden.blob.core.windows.net/images/web-{}.vhd"
BEHIND_THE_LATEST = {
    "fleet": {"image": {**UBUNTU, "version": "latest"}},
    "instances": {"0": {"behind": {"vm_size": "Standard_D2s_v3"}}},
}
AUTOSCALE = {"name": "web-scale", "minimum": 2, "maximum": 9}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "autoscale": ({"autoscale": [AUTOSCALE]}, "web-scale targets the scale set (from 2 to 9 instances)"),
    "autoscale-unread": ({"autoscale": "refused"}, "Could not read the autoscale settings of the subscription"),
    "lock": ({"locks": [{"level": "CanNotDelete"}]}, "A lock (CanNotDelete) forbids to delete what `surge` creates"),
    "group-lock": ({"locks": [{"level": "CanNotDelete", "scope": "group"}]}, "az lock delete --ids"),
    "locks-unread": ({"locks_readable": False}, "Could not read the locks of the subscription"),
    "too-many": ({"inputs": {"surge": "95"}}, "has at most 100 instances; with `surge` this one would have 101"),
    "rebalancing": (
        {"model": {"properties": {"resiliencyPolicy": {"automaticZoneRebalancingPolicy": {"enabled": True}}}}},
        "Automatic zone rebalancing is on",
    ),
    "flexible": (
        {"fleet": {"orchestration": "Flexible", "health": "extension", "update_domains": [6]}},
        "`surge` is not made for Flexible scale sets",
    ),
    "spot-mix": (
        {"model": {"properties": {"priorityMixPolicy": {"baseRegularPriorityCount": 2}}}},
        "The scale set mixes Spot and regular priority",
    ),
    "floating-target": (
        {"inputs": {"operation": "upgrade-instances", "image-version": ""}, **BEHIND_THE_LATEST},
        "No instance shows that it runs",
    ),
    "vhd": (
        {"inputs": {"image-version": "", "image-uri": VHD.format(2)}, "fleet": {"image": {"uri": VHD.format(1)}}},
        "Name an exact version of an image, or leave `surge` out",
    ),
    "capacity-is-not-the-number": (
        {"model": {"sku": {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 7}}},
        "The capacity of the scale set is 7, but it has 6 instances",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_surge_that_is_not_possible_is_refused(name: str, tmp_path: Path) -> None:
    changed, says = REFUSED[name]
    asked = {"surge": "2", **changed.get("inputs", {})}
    rest = {key: value for key, value in changed.items() if key != "inputs"}
    played = play(fleet_of([2, 2, 2], asked, **rest), tmp_path)
    assert (played.outcome, played.exit_code, played.writes) == ("refused", 1, []), played.log
    assert says in played.log
    ways_out = ("eave `surge` out", "Leave it out", "surge: ", "Run again once they agree")
    assert any(way_out in played.log for way_out in ways_out)


def test_a_setting_that_is_disabled_or_of_another_set_is_no_obstacle(tmp_path: Path) -> None:
    settings = [{**AUTOSCALE, "enabled": False}, {**AUTOSCALE, "name": "b", "target": "/subscriptions/x/y"}]
    played = play(six(autoscale=settings), tmp_path)
    assert (played.outcome, ids(played)) == ("succeeded", SIX), played.log
    assert "The autoscale setting web-scale of the scale set is disabled" in played.log


def test_without_it_nothing_is_read_or_written_for_it(tmp_path: Path) -> None:
    played = play(fleet_of([2, 2, 2]), tmp_path)
    assert not [r for r in played.sent if re.search("autoscale|/locks|/delete", r.url, re.I)]
    assert (capacities(played), "surge" in played.record) == ([], False)


def test_a_plan_says_it_and_writes_nothing(tmp_path: Path) -> None:
    played = play(six({"operation": "plan"}), tmp_path)
    assert (played.outcome, played.writes) == ("planned", []), played.log
    assert "2 new instances on the target image first; once every batch has passed, they are deleted" in played.log


@pytest.mark.parametrize(
    ("extras", "capacity"), [pytest.param(20.0, 6, id="settled-soon"), pytest.param(900.0, 8, id="not-settled")]
)
def test_a_run_that_ends_while_extras_are_listed_deletes_or_names_the_new_ones(
    extras: float, capacity: int, tmp_path: Path
) -> None:
    probed = "https://www.example.com/health"
    down = {"address": probed, "answers": [{"status": 503, "during": {"at": 65, "seconds": 600}}]}
    scaling = {"shows_extras": True, "seconds": extras}
    played = play(six({"probe-url": probed}, scaling=scaling, probes=[down]), tmp_path)
    assert (played.outcome, played.upgrade_calls, played.azure.capacity) == ("halted", [], capacity), played.log
    if capacity > len(SIX):
        assert "The capacity may still be 8 instead of 6" in played.log
        assert "The new instances are deleted" not in played.log


def test_a_cancelled_run_names_what_it_leaves(tmp_path: Path) -> None:
    played = play(six(), tmp_path, clock=cancelled_at(130))
    assert (played.outcome, ids(played)) == ("interrupted", [*SIX, "7", "9"]), played.log
    assert f"{LEFT} (the run was cut short)" in played.log
    assert "--instance-ids 7 9" in played.log


# -- the next run --------------------------------------------------------------------------------------------------


def two_runs(scenario: Scenario, folder: Path, inputs: dict[str, str], *, pause: float = 60.0) -> Played:
    """Cancel a run in the middle of its first batch, and run again after a pause, with `inputs` besides its own."""
    clock = cancelled_at(140)
    whole = as_scenario(scenario)
    azure = SimulatedAzure(whole, clock)
    for name, more in (("first", {}), ("second", inputs)):
        (folder / name).mkdir()
        played = play_job(
            azure, clock, folder / name, {**whole.inputs, **more}, transport=wired(azure), name=whole.name
        )
        clock.sleep(pause)
    return played


@pytest.mark.parametrize(
    ("inputs", "outcome"),
    [
        pytest.param({}, "succeeded", id="same-inputs"),
        pytest.param({"operation": "rollback", "image-version": ""}, "succeeded", id="rollback"),
    ],
)
def test_the_next_run_takes_over_what_was_left(inputs: dict[str, str], outcome: str, tmp_path: Path) -> None:
    played = two_runs(six(), tmp_path, inputs)
    assert (played.outcome, ids(played), played.azure.capacity) == (outcome, SIX, 6), played.log
    assert "Created by the surge of an earlier run that did not end by itself: 7, 9." in played.log
    assert (capacities(played), deletions(played)) == ([8], [["7", "9"]])
    assert played.azure.lowest_available() == 6
    images = {each.image_version for each in played.azure.instances()}
    assert len(images) == 1


def test_instances_that_may_be_somebodys_are_named_and_kept(tmp_path: Path) -> None:
    scenario = as_scenario(six())
    clock = VirtualClock()
    azure = SimulatedAzure(scenario, clock)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    stop = {"surge": "", "stop-after": "1"}
    play_job(azure, clock, tmp_path / "a", {**scenario.inputs, **stop}, transport=wired(azure), name="x")
    clock.sleep(3600.0)
    azure._set.json["sku"]["capacity"] += 2
    scale(azure._set, 6, clock.now(), clock.now() + 40)
    clock.sleep(300.0)
    played = play_job(azure, clock, tmp_path / "b", scenario.inputs, transport=wired(azure), name="x")
    assert (played.outcome, len(ids(played)), azure.capacity) == ("succeeded", 8, 8), played.log
    assert "It is not certain that it did, so they are kept." in played.log
