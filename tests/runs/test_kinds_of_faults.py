"""The kinds of faults in lying_azure/, met in other ways: other inputs, two at once, during a rollback.

The letter is that of the kind. The tests below the table need a second run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import SimulatedAzure, VirtualClock
from harness.ends import FIRST, Ends, assert_ends, assert_says, halts, refuses, returns, succeeds
from harness.playing import Played, cancelled_at, play, play_job
from harness.rows import nightly_but
from harness.scenarios import (
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
from harness.wire import wired

TIMING = {"upgrade_seconds": 20, "healthy_after_seconds": 6}
EXTENSION = {"health": "extension"}
ROLLBACK = {"on-failure": "rollback", "health-timeout": "2m"}
TO_THE_MODEL = {"image-version": "", "operation": "upgrade-instances"}
STATUS = {"image-version": "", "operation": "status"}
BACK = "0,3 1,4 1 4 0,3"
MACHINES = "m0 m1 m2 m3"
SIX = "012345"


def uniform(asked: Mapping[str, str] | None = None, **more: Any) -> Scenario:
    """Return a set of three update domains of two instances."""
    fleet = {**EXTENSION, **more.pop("fleet", {})}
    return fleet_of([2, 2, 2], asked, **{"timing": TIMING, "fleet": fleet, **more})


def flexible(asked: Mapping[str, str] | None = None, **more: Any) -> Scenario:
    """Return a set of four machines m0 to m3, besides the attached ones."""
    fleet = {**EXTENSION, "orchestration": "Flexible", **more.pop("fleet", {})}
    return fleet_of([4], asked, **{"timing": TIMING, "fleet": fleet, **more})


def each(ids: str = SIX, **how: Any) -> Scenario:
    """Give each instance this first state."""
    return {(f"simulated-set_0000000{id_}" if len(ids) == 4 else id_): how for id_ in ids}


def behind() -> Scenario:
    """Return a set whose model holds the target, and whose instances do not run it."""
    return {"fleet": {"image": NEW_MODEL}, "instances": each(image=OLD, current=False)}


UNHEALTHY = on_instance("comes-up-unhealthy", "*")
ONE_UNHEALTHY = on_instance("comes-up-unhealthy", "1")
OLD_HEALTH = {"kind": "health-lags", "seconds": 25, "time": True}
LACKS_SIGNAL = {"reports_health": False, "behind": {"extensions": ["HealthExtension"]}}
EXTENSION_FAILED = {"code": "VMExtensionProvisioningError", "extension": "HealthExtension"}
SPOT = profile(priority="Spot", evictionPolicy="Deallocate")
ODD = ((1, 403), (3, 404), (5, 403))  # in this order: refused, tried again
LARGER = {"sku": {"name": "Standard_D4s_v5"}}
PETS = ["jumpbox", "db-restored", "web-older"]
OF_ANOTHER_LINE = {
    "storageProfile": {
        "imageReference": {
            "publisher": "Debian",
            "offer": "debian-12",
            "sku": "12",
            "version": "1",
            "exactVersion": "1",
        }
    }
}
WITH_PETS: Scenario = {
    "fleet": {"attached": PETS},
    "instances": {"web-older": {"shows": {"properties": OF_ANOTHER_LINE}}},
}


def without_extension(**when: Any) -> Scenario:
    path = {"path": "Sets/[^/]+$", "method": "GET", "without": ["properties.virtualMachineProfile.extensionProfile"]}
    return {"kind": "http", **path, **when}


def without_health(**when: Any) -> Scenario:
    lists = {"path": "Sets/[^/]+/virtualMachines$", "method": "GET", "count": 9999}
    return {"kind": "http", **lists, "without": ["value.properties.instanceView.vmHealth"], **when}


def created(instance: str, **failed: str) -> Scenario:
    """Return a fault: autoscale creates an instance from the current model during the first batch, and it fails."""
    when = {"update_domain": 1, "after_upgrade": 1, "delay": 7, "creating_seconds": 20}
    return on_instance("appear", instance, **when, failed=failed)


def preempted(**more: Any) -> Scenario:
    return on_request("upgrade", kind="operation", told_after=7, code="OperationPreempted", cancelled=True, **more)


def never_fits(code: str, message: str = "There is none.") -> Scenario:
    return on_instance("provisioning-failure", "0", code=code, message=message, image="new")


UNHEALTHY_WORDS = "NotHealthy: health is unhealthy"
NO_ROLLBACK = "No rollback: no instance was seen bad on"

TABLE: dict[str, tuple[Scenario, Ends]] = {
    "a: the signal of a Flexible set is gone for good": (
        flexible(faults=[without_extension(count=9999, during={"after_upgrade": 2})]),
        halts("SignalLost", batches="m0 m1", upgraded="m0 m1"),
    ),
    "a: it is missing from one look while instances get a bad model": (
        uniform(
            TO_THE_MODEL, **behind(), faults=[UNHEALTHY, without_extension(during={"after_upgrade": 1, "delay": 7})]
        ),
        halts(UNHEALTHY_WORDS, failed="0 3", lacks=("passed",)),
    ),
    "a: the only selected instance runs the target, and is unhealthy": (
        uniform({"instance-ids": "1"}, fleet={"image": NEW_MODEL}, instances={"1": {"unhealthy": True}}),
        halts("instance 1: NotHealthyElsewhere", batches="", failed="1", skipped="0 2 3 4 5", away=1),
    ),
    "a: a run after a failed one, with all instances on the target": (
        uniform(fleet={"image": NEW_MODEL}, instances={"4": {"unhealthy": True}}),
        halts("instance 4: NotHealthyElsewhere", batches="", failed="4", skipped="0 1 2 3 5", away=1),
    ),
    "a: old health with its time lets no batch pass, even without a bake": (
        uniform({"bake-time": "0"}, faults=[UNHEALTHY, OLD_HEALTH]),
        halts(UNHEALTHY_WORDS, failed="0 3", lacks=("passed",)),
    ),
    "a: an application that comes and goes is rolled back": (
        uniform(ROLLBACK, faults=[on_instance("comes-up-unhealthy", "*", flap_seconds=10)]),
        returns(batches="0,3 0,3", failed="0 3", returned="0 3", skipped="1 2 4 5"),
    ),
    "a: no instance reports health any more, which no image caused": (
        uniform(ROLLBACK, faults=[without_health(during={"after_upgrade": 1, "delay": 21})]),
        halts("no instance outside the batch reports health any more either", NO_ROLLBACK, failed="0 3"),
    ),
    "a: old health passes two batches of a bad image, and nothing else is healthy": (
        uniform(ROLLBACK, faults=[UNHEALTHY, {"kind": "health-lags", "seconds": 60}]),
        returns(
            "NobodyElseIsHealthy",
            batches="0,3 1,4 1,4 0,3",
            failed="0 1 3 4",
            returned="0 1 3 4",
            skipped="2 5",
            away=4,
        ),
    ),
    "b: the instances get the signal by an upgrade to the model": (
        uniform(TO_THE_MODEL, instances=each(**LACKS_SIGNAL)),
        succeeds("have not got yet, so they report no health: 0, 1, 2, 3, 4, 5", lacks=("Not healthy before",)),
    ),
    "b: machines of a Flexible set do not have the signal yet": (
        flexible(instances=each("0123", **LACKS_SIGNAL)),
        succeeds("have not got yet, so they report no health", batches=MACHINES, lacks=("Not healthy before",)),
    ),
    "b: such a machine that gets it and is unhealthy is rolled back": (
        flexible(ROLLBACK, instances=each("0123", **LACKS_SIGNAL), faults=[UNHEALTHY]),
        returns(batches="m0 m0", failed="m0", returned="m0", skipped="m1 m2 m3"),
    ),
    "b: ignored health is not reported": (
        uniform({"health": "ignore"}),
        succeeds(
            "Health was not proven", "current, provisioned and running", batches="0 3 1,4 2,5", lacks=("and healthy",)
        ),
    ),
    "b: no views at all": (
        uniform({"strategy": "batch"}, instances=each(shows={"properties": {"instanceView": None}})),
        refuses("Azure shows no instance view of 0, 1, 2, 3, 4, 5", lacks=("repair the others", "--new-capacity")),
    ),
    "c: the model update is reported as failed, but is in the model": (
        uniform(faults=[on_request("patch", kind="operation", told_after=5, code="OperationPreempted")]),
        succeeds("but it holds the target: the model decides"),
    ),
    "c: an operation of the rollback is preempted": (
        uniform(ROLLBACK, faults=[ONE_UNHEALTHY, preempted(nth=3)]),
        returns("the instances decide", batches=BACK, failed="1", returned="0 1 3 4", skipped="2 5"),
    ),
    "c: every operation is preempted, with rollback on failure": (
        flexible(ROLLBACK, faults=[preempted(count=99)]),
        succeeds("the instances decide", batches=MACHINES, lacks=("rolling back",)),
    ),
    "c: polls fail to the end": (
        uniform(faults=[{"kind": "http", "path": "/operations/", "method": "GET", "status": 500, "count": 9999}]),
        succeeds("Azure's record of the operation cannot be read: the instances are watched instead"),
    ),
    "c: another request is at work for ten minutes": (
        uniform(faults=[on_request("patch", status=409, code="AnotherOperationInProgress", count=20)]),
        succeeds(r"another request is at work on the scale set \(409\)"),
    ),
    "c: another request is at work all the time": (
        uniform(faults=[on_request("patch", status=409, code="AnotherOperationInProgress", count=99)]),
        Ends(outcome="refused", says=("its activity log says whose",), away=0),
    ),
    "c: reported as Succeeded too early, with a bad image": (
        uniform(
            {"health-timeout": "3m"}, faults=[UNHEALTHY, on_request("upgrade", kind="operation", told_after=5, count=9)]
        ),
        halts(UNHEALTHY_WORDS, failed="0 3", lacks=("passed",)),
    ),
    "d: a canary is evicted in its bake": (
        uniform({**ROLLBACK, "canary": "1"}, model=SPOT, faults=[on_instance("evict", "0", after_upgrade=1, delay=30)]),
        succeeds(
            "Instance 0 was stopped or evicted during batch 1",
            batches="0 3 1,4 2,5",
            upgraded="1 2 3 4 5",
            skipped="0",
            away=3,
            lacks=("rolling back", "Not selected"),
        ),
    ),
    "d: no room for an instance that shows the target": (
        uniform(ROLLBACK, faults=[never_fits("AllocationFailed")]),
        halts("whatever the image", NO_ROLLBACK, failed="0", lacks=("rolling back",)),
    ),
    "d: the subscription may not use the size": (
        uniform(ROLLBACK, faults=[never_fits("SkuNotAvailable")]),
        halts("az vm list-skus", NO_ROLLBACK, failed="0", lacks=("rolling back",)),
    ),
    "d: an instance shows that its upgrade gave way to another operation": (
        uniform(ROLLBACK, faults=[never_fits("OperationPreempted")]),
        halts("Instance 0: OperationPreempted", NO_ROLLBACK, failed="0", lacks=("rolling back",)),
    ),
    "d: an instance shows that a quota is used up": (
        uniform(ROLLBACK, faults=[never_fits("OperationNotAllowed", "It exceeds the approved Cores quota.")]),
        halts("az vm list-usage", NO_ROLLBACK, failed="0", lacks=("rolling back",)),
    ),
    "d: an upgrade that finds no room leaves its instance deallocated, which is no eviction": (
        uniform(
            ROLLBACK,
            faults=[
                never_fits("AllocationFailed"),
                on_instance("stop", "0", after_upgrade=1, delay=19, power="deallocated"),
            ],
        ),
        halts("Instance 0: AllocationFailed", NO_ROLLBACK, failed="0", lacks=("stopped or evicted",)),
    ),
    "d: no room for an instance that autoscale creates": (
        uniform(ROLLBACK, faults=[created("10", code="AllocationFailed", message="There is none.")]),
        halts("instance 10: AllocationFailed", "whatever the image", NO_ROLLBACK, upgraded="0 3", failed="10"),
    ),
    "d: the batch timeout passes before the application is healthy": (
        uniform(
            {**ROLLBACK, "batch-timeout": "90s", "health-timeout": "10m"},
            timing={"upgrade_seconds": 60, "healthy_after_seconds": 60},
        ),
        Ends(outcome="timed-out", batches=FIRST, upgraded="", failed="0 3", says=(NO_ROLLBACK,)),
    ),
    "d: the batch timeout passes": (
        uniform({**ROLLBACK, "batch-timeout": "3m"}, faults=[on_instance("hangs", "0")]),
        Ends(
            outcome="timed-out", batches=FIRST, upgraded="3", failed="0", says=(NO_ROLLBACK,), lacks=("rolling back",)
        ),
    ),
    "d: the size changes while instances are upgraded to the model": (
        uniform(TO_THE_MODEL, **behind(), faults=[model_change(LARGER, after_upgrade=1, delay=10)]),
        succeeds("Not current, because somebody changed .*: 0, 3", lacks=("is on its model as it stands",)),
    ),
    "d: the size of a Flexible set changes": (
        flexible(ROLLBACK, faults=[model_change(LARGER, after_upgrade=1, delay=10)]),
        succeeds(batches=MACHINES, lacks=("rolling back",)),
    ),
    "e: lists of a Flexible set lag during a rollback": (
        flexible(
            ROLLBACK,
            faults=[on_instance("comes-up-unhealthy", "simulated-set_00000001"), {"kind": "list-lags", "seconds": 5}],
        ),
        returns(batches="m0 m1 m1 m0", failed="m1", returned="m0 m1", skipped="m2 m3"),
    ),
    "e: lists and model lag at once": (
        uniform(
            ROLLBACK, faults=[ONE_UNHEALTHY, {"kind": "list-lags", "seconds": 5}, {"kind": "model-lags", "seconds": 5}]
        ),
        returns(batches=BACK, failed="1", returned="0 1 3 4", skipped="2 5"),
    ),
    "e: an instance that had failed before is in the failing batch": (
        uniform(
            ROLLBACK,
            instances={"0": {"failed": {"code": "OSProvisioningTimedOut", "message": "It did not."}}},
            faults=[on_instance("comes-up-unhealthy", "3")],
        ),
        returns(batches="0,3 3 0", failed="3", returned="0 3", skipped="1 2 4 5"),
    ),
    "g: two domains": (
        fleet_of([5, 5], {"strategy": "auto"}, fleet=EXTENSION, timing=TIMING),
        succeeds("at most 2 instances at once", batches="0,2 4,6 8 1,3 5,7 9"),
    ),
    "g: two domains, by their name": (
        fleet_of([5, 5], {"strategy": "update-domain"}, fleet=EXTENSION, timing=TIMING),
        succeeds(batches="0,2,4,6,8 1,3,5,7,9", away=5),
    ),
    "g: no health signal": (
        fleet_of([5, 5], {"strategy": "auto"}, fleet={"health": "none"}, timing=TIMING),
        succeeds("✅ Health was not proven", "1 canary first", batches="0 2,4 6,8 1,3 5,7 9"),
    ),
    "g: no health signal, and no canary is wanted": (
        fleet_of([5, 5], {"strategy": "auto", "canary": "0"}, fleet={"health": "none"}, timing=TIMING),
        succeeds("✅ Health was not proven", batches="0,2 4,6 8 1,3 5,7 9"),
    ),
    "h: attached machines stay during a rollback": (
        flexible(ROLLBACK, **WITH_PETS, faults=[on_instance("comes-up-unhealthy", "simulated-set_00000001")]),
        returns(
            batches="m0 m1 m1 m0",
            failed="m1",
            returned="m0 m1",
            skipped="m2 m3 jumpbox db-restored web-older",
        ),
    ),
    "h: many attached machines make the batch no larger": (
        flexible(fleet={"attached": [f"pet{number}" for number in range(16)]}),
        succeeds(batches=MACHINES, skipped=" ".join(f"pet{number}" for number in range(16)), away=1),
    ),
    "h: the log warns that a named machine of another line loses its disk": (
        flexible({"instance-ids": "web-older"}, **WITH_PETS),
        succeeds(
            "upgraded because `instance-ids` names them: web-older. Each loses what is on its OS disk",
            batches="web-older",
            skipped="db-restored jumpbox",
        ),
    ),
    "i: AKS by a tag, with any operation": (
        uniform(TO_THE_MODEL, model={"tags": {"aks-managed-poolName": "pool1"}}, **behind()),
        refuses("managed by AKS", away=0),
    ),
    "i: a set of Databricks": (
        uniform(model={"tags": {"Vendor": "Databricks"}}),
        succeeds("WARNING: The scale set belongs to Azure Databricks"),
    ),
    "i: Azure rolls forward": (uniform(rolling_upgrade="RollingForward"), refuses("rolling upgrade of Azure's own")),
    "j: an instance of a Flexible set already hangs": (
        flexible(instances={"simulated-set_00000002": {"provisioning_state": "Updating"}}),
        refuses(
            "Somebody has been updating these since before this run, so that no batch could start: "
            "simulated-set_00000002",
            away=1,
        ),
    ),
    "k: an earlier failure causes no rollback": (
        uniform(
            ROLLBACK,
            instances={"0": {"failed": {**EXTENSION_FAILED, "message": "It broke at 00:07."}}},
            faults=[on_instance("provisioning-failure", "0", image="new", message="At 01:23.", **EXTENSION_FAILED)],
        ),
        halts("extension HealthExtension: At 01:23", NO_ROLLBACK, upgraded="3", failed="0", lacks=("rolling back",)),
    ),
    "k: a new failure is rolled back, and reported once": (
        uniform(
            ROLLBACK,
            instances={"0": {"failed": {"code": "OSProvisioningTimedOut", "message": "It was slow."}}},
            timing={"upgrade_seconds": 60, "healthy_after_seconds": 10},  # 3 is healthy when the failure of 0 is seen
            faults=[on_instance("provisioning-failure", "0", image="new", message="At 01:23.", **EXTENSION_FAILED)],
        ),
        returns("2 of 2 instances returned", batches="0,3 0,3", failed="0", returned="0 3", skipped="1 2 4 5"),
    ),
    "k: an instance created as Failed ends the run with Azure's reason, without a long wait": (
        uniform(faults=[created("10", **EXTENSION_FAILED, message="It broke.")]),
        halts("instance 10: VMExtensionProvisioningError, is Failed: It broke", upgraded="0 3", failed="10"),
    ),
    "k: all instances had failed before": (
        uniform(instances=each(failed={**EXTENSION_FAILED, "message": "It broke."})),
        refuses(
            "Azure reports failures from before this run: VMExtensionProvisioningError, It broke",
            "HealthExtension",
            away=6,
        ),
    ),
    "k: the status names the extension": (
        uniform(STATUS, instances={"3": {"failed": {**EXTENSION_FAILED, "message": "It broke."}}}),
        Ends(outcome="reported", says=("VMExtensionProvisioningError", "extension HealthExtension: It broke"), away=1),
    ),
    "l: a policy forbids the second batch": (
        uniform(ROLLBACK, faults=[on_request("upgrade", kind="error", nth=2, error="disallowed-by-policy", count=99)]),
        halts("No role helps against the policy assignment", NO_ROLLBACK, upgraded="0 3", lacks=("rolling back",)),
    ),
    "l: a lock forbids the first upgrade": (
        uniform(faults=[on_request("upgrade", kind="error", error="scope-locked", count=99)]),
        halts("A lock at scope forbids it", batches="", lacks=("Give the identity",)),
    ),
    "l: one odd 403 and one odd 404 of an upgrade, and one of a rollback": (
        uniform(
            ROLLBACK,
            faults=[ONE_UNHEALTHY, *(on_request("upgrade", nth=nth, status=status, code="Odd") for nth, status in ODD)],
        ),
        returns("although Azure took an earlier write", batches=BACK, failed="1", returned="0 1 3 4", skipped="2 5"),
    ),
    "l: one odd 403 of the model update of a rollback": (
        uniform(ROLLBACK, faults=[ONE_UNHEALTHY, on_request("patch", nth=2, status=403, code="AuthorizationFailed")]),
        returns("although Azure took an earlier write", batches=BACK, failed="1", returned="0 1 3 4", skipped="2 5"),
    ),
    "l: the set disappears in the middle": (
        uniform(faults=[on_request("set", status=404, code="ResourceNotFound", count=99, during={"after_upgrade": 1})]),
        halts("Azure found it earlier in this run", upgraded="0 3", lacks=("Check `subscription-id`",)),
    ),
    "l: the right to read is lost for good": (
        uniform(
            faults=[
                on_request("instances", kind="error", error="not-authorized", count=999, during={"after_upgrade": 2})
            ]
        ),
        halts("although Azure answered this before", "AuthorizationFailed", batches="0,3 1,4", upgraded="0 3"),
    ),
}


KEPT = {name[0]: name for name in reversed(TABLE)}.values()  # the first of each kind


@pytest.mark.parametrize("name", nightly_but(KEPT, TABLE))
def test_a_run_ends_as_expected(name: str, tmp_path: Path) -> None:
    scenario, ends = TABLE[name]
    run = play(scenario, tmp_path)
    assert_ends(run, ends)
    assert_says(run, ends)
    assert run.azure.lowest_available() >= len(run.azure.instances(at=0.0)) - ends.away


def test_every_kind_has_a_row() -> None:
    assert {name[0] for name in TABLE} == set("abcdeghijkl")


# -- a second run after a killed one -------------------------------------------------------------------------


def killed_and_run_again(scenario: Scenario, at: float, folder: Path, **asked: str) -> tuple[SimulatedAzure, Played]:
    """Return the Azure, and the second run, which begins where the first was killed."""
    clock: VirtualClock = cancelled_at(at)
    azure = play(scenario, folder, clock=clock).azure
    (folder / "again").mkdir()
    inputs = {**azure.scenario.inputs, **asked}
    return azure, play_job(azure, clock, folder / "again", inputs, transport=wired(azure), name="test")


# without an input, the bake is 5m then
WITHOUT_A_SIGNAL = fleet_of([2, 2, 2], {"bake-time": ""}, fleet={"health": "none"}, timing=TIMING)


@pytest.mark.parametrize(
    ("scenario", "at", "bake"),
    [
        pytest.param(uniform({"canary": "1", "bake-time": "3m"}), 78.0, 180.0, id="canary-at-the-end-of-its-upgrade"),
        pytest.param(uniform({"canary": "1", "bake-time": "3m"}), 200.0, 180.0, id="canary-in-its-bake"),
        pytest.param(uniform({"bake-time": "3m"}), 200.0, 180.0, id="batch-in-its-bake"),
        pytest.param(WITHOUT_A_SIGNAL, 200.0, 300.0, id="without-a-signal"),
    ],
)
def test_f_a_bake_that_a_killed_run_began_is_completed(
    scenario: Scenario, at: float, bake: float, tmp_path: Path
) -> None:
    azure, second = killed_and_run_again(scenario, at, tmp_path)
    assert second.outcome == "succeeded", second.log
    assert "On the image already, but not known since when: 0" in second.log
    first, following = azure.upgrades[:2]
    assert following.started_at - first.healthy_at >= bake
    assert [state.upgrades for state in azure.instances()] == [1] * 6


@pytest.mark.parametrize("at", [330.0, *(pytest.param(at, marks=pytest.mark.nightly) for at in (263.0, 385.0))])
def test_e_a_killed_rollback_is_finished_by_hand(at: float, tmp_path: Path) -> None:
    by_hand = {"operation": "rollback", "image-version": OLD, "on-failure": "stop"}
    azure, second = killed_and_run_again(uniform(ROLLBACK, faults=[ONE_UNHEALTHY]), at, tmp_path, **by_hand)
    assert second.outcome == "succeeded", second.log
    assert {state.image_version for state in azure.instances()} == {OLD}
    assert {state.instance_id: state.upgrades for state in azure.instances()} == {
        **dict.fromkeys("0134", 2),
        **dict.fromkeys("25", 0),
    }


def test_e_a_run_after_a_killed_rollback_returns_every_instance(tmp_path: Path) -> None:
    """The model was already put back, so the target looks like somebody else's image. The second run goes back because
    of an instance of its own.
    """
    faults = [ONE_UNHEALTHY, on_instance("comes-up-unhealthy", "5")]
    azure, second = killed_and_run_again(uniform(ROLLBACK, faults=faults), 263.0, tmp_path)
    assert second.outcome == "rolled-back", second.log
    assert {state.image_version for state in azure.instances()} == {OLD}


def test_f_repairs_that_a_killed_run_left_suspended_are_reported(tmp_path: Path) -> None:
    """The run that was asked to suspend them reports them, with the command that resumes them."""
    suspended = uniform({"suspend-repairs": "true"}, model=REPAIRS, repairs_suspended=True)
    run = play(suspended, tmp_path)
    assert run.outcome == "succeeded", run.log
    assert "Automatic instance repairs are suspended already, perhaps by an earlier run that was killed." in run.log
    assert run.azure.repairs_suspended
    assert "set-orchestration-service-state" in run.log
