"""lying_azure/ has a file for each way in which Azure lies a little. The table says how a run on each must end.

The letter is the kind of fault. The tests below the table compare the forbidden effects with the simulator's own state;
the action's own reports do not count there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import load_scenario
from harness.ends import FIRST, Ends, assert_ends, assert_says, halts, refuses, returns, succeeds
from harness.playing import Played, play
from harness.scenarios import NEW, OLD

FOLDER = Path(__file__).parent / "lying_azure"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))

BACK = "0,3 1,4 1 4 0,3"  # two batches forward, then back: first unhealthy instances, then the newest batch
MACHINES = "m0 m1 m2 m3"  # machines of a Flexible set, one after another


UNHEALTHY = r"0, 3: NotHealthy: health is unhealthy"
NO_BAD_HEALTH = (
    "repair the others",
    "--new-capacity",
)  # remedies for bad health, not for missing data
NO_WAY_BACK = ("rolling back", "No rollback")
ENDED_EARLY = r"Azure says that the operation failed \({}, .*\): the instances decide"
NOT_CURRENT = (
    r"Somebody changed the model \(not its image\)",
    "batch 1 passed in .*: 2 instances on the image and healthy",
    "Not current, because somebody changed the rest of the model during the rollout: 0, 3",
)
NO_ROLE = ("Give the identity the role", "lacks the action", "on the scale set or its resource group")
NO_CREDENTIAL = ("must have the same issuer, subject and audience", "secret")

TABLE: dict[str, Ends] = {
    # A: health that cannot be removed
    "a-comes-and-goes": halts(UNHEALTHY, failed="0 3", lacks=("batch 1 passed",)),
    "a-extension-missing-during-the-patch": halts(
        "SignalLost: the model no longer has the Application Health extension",
        "read once more",
        "Put the health signal back into the model",
        batches="",
        away=0,
    ),
    "a-extension-missing-in-a-batch": halts(UNHEALTHY, failed="0 3", lacks=("passed", "SignalLost")),
    "a-healthy-once": halts(UNHEALTHY, failed="0 3", lacks=("batch 1 passed",)),
    "a-ill-on-the-target-before": halts(
        "On the target image already, but not healthy: 1",
        "not every instance is healthy: instance 1",
        batches="0,3 4 2,5",
        upgraded="0 2 3 4 5",
        failed="1",
        away=3,
    ),
    "a-ill-recovered-and-ill-again": halts(
        "the next batch may not start: instance 5", upgraded="0 3", failed="5", lacks=("Batch 2",), away=3
    ),
    "a-old-health-of-a-good-image": succeeds("was last reported healthy at .*, before its upgrade had ended"),
    "a-old-health-with-its-time": halts(UNHEALTHY, failed="0 3", lacks=("baking", "passed")),
    "a-old-health": halts(UNHEALTHY, failed="0 3", lacks=("passed",)),
    "a-page-missing-from-a-look": succeeds(lacks=("vanished", "no longer exists", "left out")),
    "a-probe-missing-for-good-on-a-good-image": halts(
        "SignalLost: the model no longer has the load balancer health probe", upgraded="0 3"
    ),
    "a-probe-missing-for-good": halts("0, 3: (NotHealthy|SignalLost)", failed="0 3", lacks=("passed",)),
    "a-sick-member-missing-from-a-look": halts(
        "the next batch may not start: instance 5", upgraded="0 3", failed="5", lacks=("Batch 2", "vanished"), away=3
    ),
    # B: missing data does not mean bad health
    "b-a-look-without-views": succeeds(lacks=("holding", "Stopped or evicted")),
    "b-probe-not-yet-on-some": succeeds(
        r"\(load balancer health probe\) that these instances have not got yet, so they report no health: 0, 2, 4",
        "Until its upgrade each counts as healthy while it is provisioned and running; after it, by its health",
        lacks=("Not healthy before",),
    ),
    "b-signal-not-yet-on-instances-and-sick": halts(
        "have not got yet, so they report no health: 0, 1, 2, 3, 4, 5", UNHEALTHY, failed="0 3"
    ),
    "b-signal-not-yet-on-instances": succeeds(
        "have not got yet, so they report no health: 0, 1, 2, 3, 4, 5", lacks=("Not healthy before",)
    ),
    "b-silent-though-current": refuses(
        r"health signal \(Application Health extension\), but these instances report no health",
        "0, 1, 2, 3, 4, 5",
        "`health: ignore`",
        lacks=(*NO_BAD_HEALTH, "Not healthy"),
    ),
    "b-two-without-a-view": refuses("Azure shows no instance view of 0, 3", lacks=NO_BAD_HEALTH),
    # C: the instances decide, not the operation
    "c-another-operation": succeeds(r"another request is at work on the scale set \(409\)"),
    "c-cancelled": succeeds(ENDED_EARLY.format("OperationPreempted")),
    "c-empty-answer-patch-after": succeeds("the model update is still being carried out"),
    "c-empty-answer-patch-before": succeeds("updating the model: HTTP 200"),
    "c-empty-answer-upgrade-after": succeeds("upgrading instances: HTTP 200"),
    "c-empty-answer-upgrade-before": succeeds("upgrading instances: HTTP 200"),
    "c-failed-though-well": succeeds(ENDED_EARLY.format("InternalExecutionError"), lacks=("rolling back",)),
    "c-polls-denied": succeeds(r"may not read Azure's operations \(403\): the instances are watched instead"),
    "c-polls-not-found": succeeds(r"no record of the operation any more \(404\): the instances are watched instead"),
    "c-preempted-calls": succeeds(r"upgrading instances: another request is at work on the scale set \(409\)"),
    "c-succeeded-and-nothing-happened": halts("0, 3: NotOnTarget: still runs .*202610010", failed="0 3"),
    "c-succeeded-too-early": succeeds("provisioning state is still Updating"),
    "c-throttled-for-long": Ends(
        outcome="timed-out",
        batches=FIRST,
        upgraded="",
        says=(r"fewer requests \(429\)", r"when `batch-timeout` \(1h00m\) passed", "Healthy when last seen, 5.s after"),
        lacks=("Healthy now",),
    ),
    # D: other causes start no rollback and blame no image
    "d-evicted-and-deleted": succeeds(
        "Instance 0 vanished during batch 1", "batch 1 passed in .*: 1 instance current", upgraded="1 2 3 4 5", away=3
    ),
    "d-evicted-before": succeeds(r"1 deallocated \(5\)", batches="0,3 1,4 2", skipped="5", away=3),
    "d-evicted-elsewhere": succeeds(
        "Stopped or evicted during the rollout, so nothing more is expected of them: 5",
        batches="0,3 1,4 2",
        skipped="5",
        away=3,
    ),
    "d-evicted-in-a-batch-with-rollback": succeeds(
        "Instance 0 was stopped or evicted during batch 1",
        "batch 1 passed in .*: 1 instance current",
        "5 instances upgraded, 1 skipped",
        upgraded="1 2 3 4 5",
        skipped="0",
        lacks=("rolling back", "Not selected"),
        away=3,
    ),
    "d-evicted-in-a-batch": succeeds(
        "Instance 0 was stopped or evicted during batch 1",
        "batch 1 passed in .*: 1 instance current",
        "5 instances upgraded, 1 skipped",
        upgraded="1 2 3 4 5",
        skipped="0",
        lacks=("Not selected",),
        away=3,
    ),
    "d-model-three-seconds-late": succeeds(lacks=("Somebody changed", "not as expected")),
    "d-model-twenty-seconds-late": succeeds(lacks=("Somebody changed", "not as expected")),
    "d-scale-in": succeeds(batches="0,3 1,4 2", upgraded="0 1 2 3", lacks=("failed",), away=3),
    "d-scale-out-and-one-chosen": succeeds(
        "Created since planning, from the present model, and still starting: 11, 12",
        "Not selected, and still to be upgraded: 1, 2, 3, 4, 5",
        batches="0",
        skipped="10 11 12",
        away=1,
        lacks=("holding",),
    ),
    "d-scale-out-failing": returns(
        "instance 10: VMExtensionProvisioningError, is Failed: VM has reported a failure when processing extension",
        batches="0,3 10 0,3",
        failed="10",
        returned="0 3 10",
        skipped="1 2 4 5",
    ),
    "d-scale-out-fast": succeeds("still starting: 14, 15", skipped="10 11 12 13 14 15", lacks=("holding",)),
    "d-scale-out-of-old-ones": succeeds(
        "Not upgraded by the planned batches, so there is one more pass: 10, 11", batches="0,3 1,4 2,5 10 11"
    ),
    "d-scale-out": succeeds(skipped="10 11", lacks=("holding",)),
    "d-somebody-changes-capacity": succeeds(lacks=("Somebody changed", *NO_WAY_BACK)),
    "d-somebody-changes-extension": succeeds(*NOT_CURRENT, lacks=NO_WAY_BACK),
    "d-somebody-changes-identity": succeeds(*NOT_CURRENT, lacks=NO_WAY_BACK),
    "d-somebody-changes-size": succeeds(*NOT_CURRENT, lacks=NO_WAY_BACK),
    "d-somebody-changes-tags": succeeds(lacks=("Somebody changed", *NO_WAY_BACK)),
    "d-stopped-in-a-batch": succeeds(
        "Instance 0 was stopped or evicted during batch 1",
        upgraded="1 2 3 4 5",
        skipped="0",
        lacks=(*NO_WAY_BACK, "Not selected"),
        away=3,
    ),
    # E: a rollback returns every instance
    "e-failed-before": returns(
        r"Azure reports failures from before this run: OSProvisioningTimedOut, It did not come up \(5\)",
        batches="0,3 0 3",
        failed="0",
        returned="0 3",
        skipped="1 2 4 5",
        away=3,
    ),
    "e-failed-one-missing-from-a-look": returns(
        "instance 1: OSProvisioningTimedOut, It did not come up",
        batches="0,3 1,4 1,4 0,3",
        failed="1",
        returned="0 1 3 4",
        skipped="2 5",
    ),
    "e-list-lags-ten-seconds": returns(batches=BACK, failed="1", returned="0 1 3 4", skipped="2 5"),
    "e-list-lags": returns(batches=BACK, failed="1", returned="0 1 3 4", skipped="2 5"),
    "e-one-hangs": Ends(  # Azure accepts nothing while an upgrade has not ended
        outcome="rollback-failed",
        batches="0,3 1,4",
        upgraded="",
        failed="1 4",
        skipped="2 5",
        says=(
            r"Not returned: 4 instances \(0, 1, 3, 4\)",
            r"Azure goes on upgrading the instances of batch 2 \(1, 4\)",
            "Then go on with `operation: rollback`",
        ),
    ),
    # H: members that were not created from the model
    "h-attached-machine-named": refuses(
        "names db-restored, which is attached to the scale set", "no image", "Leave db-restored out"
    ),
    "h-attached-machines": succeeds(
        r"it shows no image that it was made from \(db-restored\)",
        r"its operating system is not the model's \(jumpbox\)",
        r"its image is of another line than the model's \(web-older\)",
        "Healthy now: 4 of 4",
        batches=MACHINES,
        skipped="db-restored jumpbox web-older",
        away=1,
    ),
    "h-no-model": refuses(r"no virtual machine profile \(virtualMachineProfile\)"),
    # I: sets that belong to other services
    "i-aks-by-its-extension": refuses("managed by AKS", "az aks nodepool upgrade --node-image-only"),
    "i-aks-by-its-old-tags": refuses("managed by AKS", "az aks nodepool upgrade --node-image-only"),
    "i-aks-engine": succeeds("WARNING: The scale set belongs to aks-engine, which puts its own image into the model"),
    "i-azure-devops": succeeds(r"WARNING: The scale set belongs to Azure DevOps \(Azure Pipelines\), which creates"),
    "i-cluster-api": succeeds(r"WARNING: The scale set belongs to Cluster API \(CAPZ\), which puts the image"),
    "i-rolling-back": refuses("A rolling upgrade of Azure's own is under way"),
    # J: known before, refused before
    "j-feature-not-registered": refuses(
        "not registered for ImageReferenceUpgradeForVmoVMs",
        "not registered for VMSSFlexRollingUpgrade",
        "az feature register",
    ),
    "j-hanging-before": refuses(
        "Somebody has been updating these since before this run, so that no batch could start: 0", away=1
    ),
    "j-image-larger-than-the-disk": refuses("has 127 GB, more than the 30 GB", "diskSizeGB=127"),
    "j-image-with-a-data-disk": refuses("data disks of its own at LUN 0"),
    "j-image-without-nvme": refuses("NVMe: its DiskControllerTypes are SCSI"),
    "j-may-not-read-operations": succeeds(
        "WARNING: The identity lacks the right to Microsoft.Compute/locations/operations/read on the subscription",
        "the instances are watched instead",
    ),
    "j-size-without-the-generation": refuses("has hypervisor generation V2, but the scale set runs V1"),
    "j-specialized-image": refuses("is specialized", "osState: Generalized"),
    "j-trusted-launch-image": refuses("its SecurityType is TrustedLaunch"),
    # K: Azure's reason reaches people
    "k-failed-before": succeeds(
        r"Azure reports failures from before this run: VMExtensionProvisioningError, .* \(0, 3\)",
        r"extension HealthExtension: .* \(0, 3\)",
        away=2,
    ),
    "k-fails-as-before": halts(
        "batch 1 failed: instance 0: VMExtensionProvisioningError, VM has reported a failure",
        "extension HealthExtension",
        upgraded="3",
        failed="0",
    ),
    # L: remedies by code and scope
    "l-allocation-failed": halts(
        "Instance 0: AllocationFailed",
        "Azure has no room for this VM size there just now, whatever the image: run again later",
        failed="0",
    ),
    "l-api-version-flickers": succeeds("NoRegisteredProviderFound.*next try"),
    "l-api-version-unknown": refuses("This cloud does not know the api-version 2026-04-01 yet"),
    "l-deny-assignment": refuses("No role helps against the deny assignment 'Managed application'", lacks=NO_ROLE),
    "l-linked-scope": refuses("lacks linked_action on what it is linked to, linked_scope", lacks=NO_ROLE),
    "l-lock": refuses("A lock at scope forbids it, whatever role the identity has", lacks=NO_ROLE),
    "l-one-odd-404": succeeds(
        "NotFound, although Azure answered this before, so it is read once more",
        "AuthorizationFailed, although Azure answered this before, so it is read once more",
    ),
    "l-policy": refuses("No role helps against the policy assignment 'Allowed images'", lacks=NO_ROLE),
    # M: the identity that signs in
    "m-aadsts-53003": refuses("A Conditional Access policy of the tenant blocks this sign-in", lacks=NO_CREDENTIAL),
    "m-aadsts-700016": refuses("Check `client-id`", "that tenant has no such application", lacks=NO_CREDENTIAL),
    "m-aadsts-700213": refuses("must have the same issuer, subject and audience", "sub=repo:", lacks=("secret",)),
    "m-aadsts-90002": refuses("Check `tenant-id`: there is no such tenant", lacks=NO_CREDENTIAL),
}


def rows(names: Iterable[str]) -> list[Any]:
    """Return the rows: every eighth lie of each kind for `make test`, the rest for `make sweeps`."""
    often = {name for kind in {name[0] for name in TABLE} for name in [n for n in TABLE if n[0] == kind][::8]}
    return [pytest.param(name, marks=[] if name in often else pytest.mark.nightly) for name in names]


@cache
def played(name: str) -> Played:
    return play(load_scenario(str(FOLDER / f"{name}.yml")), Path(tempfile.mkdtemp(prefix="vmss-upgrade-test-")))


def test_every_file_has_its_row() -> None:
    assert sorted(TABLE) == NAMES


@pytest.mark.parametrize("name", rows(TABLE))
def test_a_run_ends_as_expected(name: str) -> None:
    ends, run = TABLE[name], played(name)
    assert run.azure.scenario.description.endswith(".")
    assert_ends(run, ends)


@pytest.mark.parametrize("name", rows(TABLE))
def test_a_run_reports_as_expected(name: str) -> None:
    assert_says(played(name), TABLE[name])


@pytest.mark.parametrize("name", rows(TABLE))
def test_no_more_instances_are_away_than_allowed(name: str) -> None:
    """The simulator counts the available instances at the worst moment."""
    azure = played(name).azure
    assert azure.lowest_available() >= len(azure.instances(at=0.0)) - TABLE[name].away


# -- forbidden effects, whatever the row -----------------------------------------------------------------------------


ATTACHED = {"jumpbox", "db-restored", "web-older"}  # machines that somebody created separately


@pytest.mark.parametrize("name", rows(name for name in TABLE if TABLE[name].outcome == "succeeded"))
def test_success_means_every_instance_healthy_on_the_target(name: str) -> None:
    """This holds for instances that existed at the start, were selected, and run; newly created ones get
    time to start.
    """
    run = played(name)
    chosen = run.azure.scenario.inputs.get("instance-ids", "").split()
    there = {each.instance_id for each in run.azure.instances(at=0.0)} - ATTACHED
    reported_behind = "Not current, because somebody changed the rest of the model" in run.log
    for each in run.azure.instances():
        if each.instance_id in (chosen or there) and each.power_state == "running":
            assert (each.image_version, each.healthy) == (NEW, True), each
            assert each.latest_model_applied or reported_behind, each


@pytest.mark.parametrize("name", rows(name for name in TABLE if TABLE[name].outcome == "rolled-back"))
def test_rolled_back_means_every_moved_instance_on_the_previous_image(name: str) -> None:
    run = played(name)
    moved = {id_ for upgrade in run.azure.upgrades for id_ in upgrade.instance_ids}
    assert {each.image_version for each in run.azure.instances() if each.instance_id in moved} == {OLD}


@pytest.mark.parametrize("name", rows(name for name in TABLE if TABLE[name].outcome == "refused"))
def test_refused_means_nothing_written(name: str) -> None:
    assert [write for write in played(name).writes if write.status < 300] == []


@pytest.mark.parametrize("name", rows(TABLE))
def test_no_attached_machine_is_upgraded(name: str) -> None:
    assert ATTACHED.isdisjoint(id_ for upgrade in played(name).azure.upgrades for id_ in upgrade.instance_ids)
