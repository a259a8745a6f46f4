"""What in the rest of the scale set forbids the next batch."""

from __future__ import annotations

from typing import Any

import pytest

from builders import BROKEN, NEW, OLD, changed, fleet, goal_to, vhd, without
from vmss_upgrade.rollout.failures import Failure, FailureCode, Problem
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.policy import Policy, Selection, Share
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, Health, Origin, Power, ScaleSet
from vmss_upgrade.rollout.watching.troubles import (
    must_stay_healthy,
    not_healthy,
    unhealthy_on_foreign_target,
    updated_by_somebody,
)
from vmss_upgrade.rollout.watching.watch import Watch


@pytest.mark.parametrize(
    ("scale_set", "model_holds_target", "expected"),
    [
        pytest.param(fleet("0011"), False, "0 1 2 3", id="healthy-at-planning"),
        pytest.param(fleet("0011", unhealthy="1", silent="2"), False, "0 3", id="unhealthy-before-is-not-counted-on"),
        pytest.param(
            fleet("0011", unhealthy="1", health_signal=HealthSignal.NONE), False, "0 1 2 3", id="no-signal-up-is-enough"
        ),
        pytest.param(fleet("0011", broken="1", stopped="2"), False, "0 3", id="failed-and-stopped"),
        pytest.param(
            fleet("0011", new="1", unhealthy="1"), True, "0 1 2 3", id="unhealthy-on-the-target-stops-a-re-run"
        ),
        pytest.param(fleet("0011", new="1", unhealthy="1"), False, "0 2 3", id="unless-the-model-is-not-on-it"),
        pytest.param(fleet("0011", new="1", stopped="1"), True, "0 2 3", id="a-stopped-one-on-the-target"),
    ],
)
def test_whose_health_is_counted_on(scale_set: ScaleSet, model_holds_target: bool, expected: str) -> None:
    counted_on = must_stay_healthy(scale_set, Goal(image=NEW, in_model=model_holds_target))
    assert " ".join(sorted(counted_on)) == expected


def test_the_flag_of_a_vhd_counts_only_while_the_model_holds_it() -> None:
    image = vhd("https://account.blob.core.windows.net/images/new.vhd")
    unhealthy = fleet("0011", old=None, unhealthy="1")
    assert "1" not in must_stay_healthy(unhealthy, Goal(image=image, in_model=False))
    assert "1" in must_stay_healthy(unhealthy, Goal(image=image, in_model=True))


GOAL = Goal(image=NEW, in_model=True)


@pytest.mark.parametrize(
    ("scale_set", "troubles"),
    [
        pytest.param(fleet("0011"), {}, id="all-well"),
        pytest.param(fleet("0011", unhealthy="0"), {}, id="unhealthy-in-the-batch"),
        pytest.param(fleet("0011", updating="0"), {}, id="updating-in-the-batch"),
        pytest.param(fleet("0011", unhealthy="2"), {"2": "health is unhealthy"}, id="unhealthy-outside"),
        pytest.param(fleet("0011", silent="2"), {"2": "health is no signal"}, id="silent-outside"),
        pytest.param(fleet("0011", stopped="2"), {}, id="stopped-outside-is-for-min-healthy-to-judge"),
        pytest.param(fleet("0011", deallocated="2"), {}, id="and-so-is-evicted"),
        pytest.param(fleet("0011", broken="2"), {"2": "is Failed: OS provisioning did not"}, id="failed-outside"),
        pytest.param(
            changed(fleet("0011"), "2", power=Power.OTHER), {"2": "is Succeeded, power state other"}, id="not-running"
        ),
        pytest.param(changed(fleet("0011"), "2", health=Health.NOT_YET), {}, id="has-no-signal-yet"),
        pytest.param(fleet("0011", updating="2"), {"2": "is being updated by somebody"}, id="updated-outside"),
        pytest.param(fleet("0011", unhealthy="3"), {}, id="unhealthy-but-never-counted-on"),
        pytest.param(fleet("0011", updating="3"), {"3": "is being updated by somebody"}, id="updated-always-matters"),
        pytest.param(
            changed(fleet("0011"), "3", provisioning_state="Creating"), {}, id="a-new-instance-is-not-waited-for"
        ),
        pytest.param(fleet("0011", unhealthy="2", updating="3"), {"2": "unhealthy", "3": "updated"}, id="all-are-said"),
    ],
)
def test_trouble_outside_the_batch(scale_set: ScaleSet, troubles: dict[str, str]) -> None:
    pending = updated_by_somebody(scale_set, ("0", "1")) + not_healthy(scale_set, {"2"}, GOAL)
    found = {trouble.instance_id: trouble.message for trouble in pending}
    assert found.keys() == troubles.keys()
    for instance_id, part in troubles.items():
        assert part in found[instance_id]


NO_ROOM = Problem("OperationNotAllowed", "It exceeds the quota.")
FAILED = {"image": NEW, "provisioning_state": "Failed"}


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        pytest.param(
            {"health": Health.UNHEALTHY},
            Failure("2", FailureCode.NOT_HEALTHY_ELSEWHERE, "health is unhealthy"),
            id="unhealthy-on-the-old-image",
        ),
        pytest.param(
            {"health": Health.UNHEALTHY, "image": NEW, "problems": (BROKEN,)},
            Failure("2", FailureCode.NOT_HEALTHY_ELSEWHERE, "health is unhealthy", blames_image=True),
            id="unhealthy-on-the-target",
        ),
        pytest.param(
            {"health": Health.UNHEALTHY, "image": NEW, "seen": False},
            Failure("2", FailureCode.NOT_HEALTHY_ELSEWHERE, "health is unhealthy"),
            id="unhealthy-when-it-was-last-seen",
        ),
        pytest.param(
            {"health": Health.NO_SIGNAL, "image": NEW},
            Failure("2", FailureCode.NOT_HEALTHY_ELSEWHERE, "health is no signal"),
            id="silent-on-the-target",
        ),
        pytest.param(
            FAILED,
            Failure("2", FailureCode.NOT_HEALTHY_ELSEWHERE, "is Failed, power state running", blames_image=True),
            id="failed-and-nothing-says-why",
        ),
        pytest.param(
            {**FAILED, "problems": (BROKEN,)},
            Failure("2", BROKEN.code, f"is Failed: {BROKEN.message}", blames_image=True),
            id="failed-on-the-target",
        ),
        pytest.param(
            {**FAILED, "problems": (NO_ROOM,)},
            Failure("2", NO_ROOM.code, f"is Failed: {NO_ROOM.message}"),
            id="failed-for-want-of-room",
        ),
        pytest.param(
            {**FAILED, "problems": (BROKEN, NO_ROOM, NO_ROOM)},
            Failure("2", BROKEN.code, f"is Failed: {BROKEN.message} (and 2 more)", blames_image=True),
            id="the-first-failure-decides",
        ),
        pytest.param(
            {"provisioning_state": "Creating"},
            Failure("2", FailureCode.BEING_CREATED, "is being created, perhaps in place of one that was upgraded"),
            id="being-created",
        ),
    ],
)
def test_an_unhealthy_instance_has_a_failure(fields: dict[str, Any], failure: Failure) -> None:
    assert not_healthy(changed(fleet("0011"), "2", **fields), {"2"}, GOAL) == (failure,)


def test_without_a_signal_only_up_matters() -> None:
    unhealthy = fleet("0011", unhealthy="2", health_signal=HealthSignal.NONE)
    assert not_healthy(unhealthy, {"2"}, GOAL) == ()


# -- what one rollout has seen -------------------------------------------------------------------------------------

BEFORE = fleet("001122", deallocated="5", unhealthy="4")


def watching(before: ScaleSet = BEFORE, policy: Policy | None = None, *, passed: str = "") -> Watch:
    watch = Watch(before, goal_to(NEW, before), policy or Policy(min_healthy=Share(1)))
    for id_ in passed.split():
        watch.batch_passed(Batch(1, Domain(kind=DomainKind.UPDATE), (id_,)), before)
    return watch


def codes(pendings: tuple[Failure, ...]) -> dict[str, str]:
    return {pending.instance_id: pending.code for pending in pendings}


FIRST = Batch(1, Domain(kind=DomainKind.UPDATE), ("0", "1"))


@pytest.mark.parametrize(
    ("watch", "now", "expected"),
    [
        pytest.param(watching(), BEFORE, {}, id="as-before"),
        pytest.param(
            watching(), changed(BEFORE, "2", health=Health.UNHEALTHY), {"2": "NotHealthyElsewhere"}, id="unhealthy"
        ),
        pytest.param(watching(), changed(BEFORE, "4", provisioning_state="Failed"), {}, id="unhealthy-before"),
        pytest.param(
            watching(),
            changed(BEFORE, "1 3", provisioning_state="Updating"),
            {"3": "UpdatedBySomebody"},
            id="updated-by-somebody",
        ),
        pytest.param(
            watching(policy=Policy(min_healthy=Share(3))), BEFORE, {"": "BelowMinHealthy"}, id="two-of-three-that-must"
        ),
        pytest.param(
            watching(policy=Policy(min_healthy=Share(3), allow_downtime=True)),
            BEFORE,
            {},
            id="where-downtime-is-allowed",
        ),
        pytest.param(
            watching(),
            changed(BEFORE, "2 3", power=Power.STOPPED, health=Health.NO_SIGNAL),
            {"": "NobodyElseIsHealthy"},
            id="nobody-else-is-healthy",
        ),
        pytest.param(
            watching(),
            changed(BEFORE, "2 3 5 6", health=Health.UNHEALTHY),
            {"": "NobodyElseIsHealthy", "2": "NotHealthyElsewhere", "3": "NotHealthyElsewhere"},
            id="nobody-else-is-healthy-and-who-is-unhealthy",
        ),
        pytest.param(
            watching(),
            changed(fleet("0011220", unhealthy="4 6", deallocated="5"), "6", image=NEW),
            {},
            id="created-on-the-target-and-starting",
        ),
        pytest.param(
            watching(),
            changed(fleet("0011220", unhealthy="4", broken="6", deallocated="5"), "6", image=NEW),
            {"6": "OSProvisioningTimedOut"},
            id="created-failed-in-azure-s-words",
        ),
        pytest.param(
            watching(),
            changed(fleet("0011220", unhealthy="4", broken="6", deallocated="5"), "6", image=None),
            {"6": "OSProvisioningTimedOut"},
            id="created-failed-and-its-image-not-shown",
        ),
        pytest.param(
            watching(), fleet("0011220", unhealthy="4 6", deallocated="5"), {}, id="created-unhealthy-on-the-old-image"
        ),
        pytest.param(
            watching(),
            changed(fleet("0011220", unhealthy="4", deallocated="5"), "6", provisioning_state="Creating"),
            {},
            id="being-made",
        ),
    ],
)
def test_a_trouble_elsewhere_holds_the_next_batch(watch: Watch, now: ScaleSet, expected: dict[str, str]) -> None:
    watch.observe(now, 100.0)
    assert codes(watch.troubles(FIRST, now, GOAL, 100.0)) == expected


@pytest.mark.parametrize(
    ("now", "policy", "failure"),
    [
        pytest.param(
            changed(BEFORE, "2 3 4", power=Power.STOPPED),
            Policy(),
            Failure("", FailureCode.NONE_ELSE_RUNS, "no instance outside the batch is running any more"),
            id="none-else-runs",
        ),
        pytest.param(
            changed(BEFORE, "2 3", power=Power.STOPPED),
            Policy(),
            Failure("", FailureCode.NONE_ELSE_IS_HEALTHY, "no instance outside the batch is healthy"),
            id="none-else-is-healthy",
        ),
        pytest.param(
            changed(BEFORE, "3", provisioning_state="Updating"),
            Policy(min_healthy=Share(1)),
            Failure("3", FailureCode.UPDATED_BY_SOMEBODY, "is being updated by somebody"),
            id="updated-by-somebody",
        ),
        pytest.param(
            BEFORE,
            Policy(min_healthy=Share(3)),
            Failure("", FailureCode.BELOW_MIN_HEALTHY, "healthy outside the batch: only 2, and `min-healthy` needs 3"),
            id="below-the-floor",
        ),
    ],
)
def test_a_batch_that_may_not_start_has_a_message(now: ScaleSet, policy: Policy, failure: Failure) -> None:
    assert watching(policy=policy).troubles(FIRST, now, GOAL, 0.0) == (failure,)


def test_new_instances_of_a_surge_keep_more_healthy_than_min_healthy_asks_for() -> None:
    watch = watching(policy=Policy(min_healthy=Share(1)))
    healthy = len(BEFORE.healthy_ids.difference(FIRST.instance_ids))
    watch.keep_healthy(healthy)
    assert watch.troubles(FIRST, BEFORE, GOAL, 0.0) == ()
    watch.keep_healthy(healthy + 1)
    message = f"healthy outside the batch: only {healthy}, and `surge` keeps {healthy + 1}"
    assert watch.troubles(FIRST, BEFORE, GOAL, 0.0) == (Failure("", FailureCode.BELOW_MIN_HEALTHY, message),)


def test_one_that_reached_the_goal_in_a_batch_that_failed_is_counted_on() -> None:
    watch = Watch(
        fleet("001122", unhealthy="0 1 2 4", deallocated="5"), goal_to(NEW, BEFORE), Policy(min_healthy=Share(1))
    )
    unhealthy = changed(BEFORE, "0 1 2 5", health=Health.UNHEALTHY, power=Power.RUNNING)
    there = changed(unhealthy, "0 2 5", image=NEW)
    next_one = Batch(2, Domain(kind=DomainKind.UPDATE), ("2",))
    assert watch.troubles(next_one, there, GOAL, 0.0) == (), "all were unhealthy, or stopped, before"
    watch.count_on(Batch(1, Domain(kind=DomainKind.UPDATE), ("0", "1", "5")), there, GOAL)
    assert codes(watch.troubles(next_one, there, GOAL, 0.0)) == {"0": "NotHealthyElsewhere"}
    now = changed(changed(there, "3", health=Health.UNHEALTHY), "4", health=Health.HEALTHY)
    assert codes(watch.troubles(next_one, now, GOAL, 0.0)) == {"0": "NotHealthyElsewhere", "3": "NotHealthyElsewhere"}


LEFT_BAD = fleet("001122", image=NEW, new="2 3 5", unhealthy="2 4", broken="3")


@pytest.mark.parametrize(
    ("looks", "passed", "older", "new"),
    [
        pytest.param([LEFT_BAD], "", {"2", "3"}, set(), id="bad-before"),
        pytest.param([changed(LEFT_BAD, "5", health=Health.UNHEALTHY)], "", {"2", "3"}, {"5"}, id="one-more-since"),
        pytest.param([changed(LEFT_BAD, "2", health=Health.HEALTHY), LEFT_BAD], "", {"3"}, {"2"}, id="healthy-between"),
        pytest.param([LEFT_BAD], "2", {"3"}, {"2"}, id="passed-in-this-run"),
    ],
)
def test_an_instance_that_was_bad_on_the_target_before_is_no_evidence(
    looks: list[ScaleSet], passed: str, older: set[str], new: set[str]
) -> None:
    watch = watching(LEFT_BAD, passed=passed)
    for look in looks:
        watch.observe(look, 100.0)
    for found in (watch.troubles(FIRST, looks[-1], GOAL, 200.0), watch.unsettled(looks[-1], GOAL, 200.0)):
        assert {failure.instance_id for failure in found if failure.is_older} == older
        assert {failure.instance_id for failure in found if failure.blames_image} == new


def test_one_that_is_unhealthy_on_the_target_is_excused_where_no_rollout_put_it_there() -> None:
    mixed = fleet("0011", new="0 1", unhealthy="1 2")
    assert unhealthy_on_foreign_target(mixed, Goal(image=NEW, in_model=False)) == {"1"}
    assert unhealthy_on_foreign_target(mixed, GOAL) == frozenset()
    by_an_earlier_run = fleet("001122", image=NEW, new="2", unhealthy="2 4")
    troubles = watching(by_an_earlier_run).troubles(FIRST, by_an_earlier_run, GOAL, 0.0)
    assert codes(troubles) == {"2": "NotHealthyElsewhere"}


def test_running_instances_of_an_earlier_run_are_found() -> None:
    watch = watching(changed(BEFORE, "0 1 2", image=NEW))
    assert watch.earlier(changed(BEFORE, "0 3", image=NEW, power=Power.STOPPED)) == ("1", "2")


def test_an_instance_being_created_matters_once_a_batch_has_lost_one() -> None:
    watch = watching()
    watch.batch_passed(Batch(1, Domain(kind=DomainKind.UPDATE), ("2",)), without(BEFORE, "2"))
    now = changed(fleet("0011220", unhealthy="4", deallocated="5"), "6", provisioning_state="Creating")
    watch.observe(without(now, "2"), 100.0)
    assert codes(watch.troubles(FIRST, without(now, "2"), GOAL, 100.0)) == {"6": "BeingCreated"}
    more = changed(fleet("00112200", unhealthy="4", deallocated="5"), "6 7", provisioning_state="Creating")
    watch.observe(without(more, "2"), 200.0)
    said = codes(watch.troubles(FIRST, without(more, "2"), GOAL, 200.0))
    assert said == {"6": "BeingCreated"}, "one was lost, so one is awaited"
    watch.batch_passed(Batch(2, Domain(kind=DomainKind.UPDATE), ("3",)), without(BEFORE, "2 3"))
    watch.observe(without(more, "2 3"), 300.0)
    said = codes(watch.troubles(FIRST, without(more, "2 3"), GOAL, 300.0))
    assert said == {"6": "BeingCreated", "7": "BeingCreated", "": "NobodyElseIsHealthy"}, "one more was lost"


def test_one_that_was_made_since_has_the_health_timeout_to_become_healthy() -> None:
    watch, now = watching(), changed(fleet("0011220", unhealthy="4 6", deallocated="5"), "6", image=NEW)
    timeout = Policy().health_timeout
    watch.observe(now, 100.0)
    assert watch.troubles(FIRST, now, GOAL, 99.0 + timeout) == ()
    assert codes(watch.troubles(FIRST, now, GOAL, 100.0 + timeout)) == {"6": "NotHealthyElsewhere"}


def test_one_that_recovers_is_counted_on_from_then_on() -> None:
    watch = watching()
    assert watch.troubles(FIRST, BEFORE, GOAL, 0.0) == (), "4 was unhealthy at planning"
    watch.observe(changed(BEFORE, "4", health=Health.HEALTHY), 10.0)
    watch.observe(BEFORE, 20.0)
    assert codes(watch.troubles(FIRST, BEFORE, GOAL, 20.0)) == {"4": "NotHealthyElsewhere"}


def test_only_one_that_stays_failed_makes_waiting_hopeless() -> None:
    watch, unhealthy = watching(), changed(BEFORE, "2", provisioning_state="Failed", problems=(BROKEN,))
    for now, expected in ((0.0, False), (59.0, False), (60.0, True)):
        watch.observe(unhealthy, now)
        troubles = watch.troubles(FIRST, unhealthy, GOAL, now)
        assert codes(troubles) == {"2": BROKEN.code}
        assert watch.is_hopeless(troubles, now) is expected
    watch.observe(BEFORE, 70.0)
    watch.observe(unhealthy, 80.0)
    assert not watch.is_hopeless(watch.troubles(FIRST, unhealthy, GOAL, 80.0), 80.0), "it was provisioned in between"
    watch.observe(changed(BEFORE, "2", health=Health.UNHEALTHY), 1000.0)
    assert not watch.is_hopeless((Failure("2", FailureCode.NOT_HEALTHY_ELSEWHERE, ""),), 1000.0)


def test_a_newly_stopped_instance_is_reported_once() -> None:
    watch, off = watching(), changed(BEFORE, "2", power=Power.DEALLOCATED)
    assert watch.newly_stopped(BEFORE) == ()
    assert watch.newly_stopped(off) == ("2",)
    assert watch.newly_stopped(off) == ()
    assert watch.newly_stopped(BEFORE) == ()
    assert watch.newly_stopped(off) == ("2",)


def test_one_that_was_stopped_in_a_batch_that_passed_is_not_named_again() -> None:
    watch, now = watching(), changed(BEFORE, "1 2", power=Power.STOPPED)
    watch.batch_passed(FIRST, now)
    assert watch.newly_stopped(now) == ("2",), "5 was stopped before, 1 was in the batch"


FAILED_UPGRADE = {"provisioning_state": "Failed", "latest_model_applied": False}


@pytest.mark.parametrize(
    ("watch", "now", "expected"),
    [
        pytest.param(watching(passed="0"), changed(BEFORE, "0", image=NEW), {}, id="well"),
        pytest.param(
            watching(passed="0"),
            changed(BEFORE, "0", image=NEW, power=Power.STOPPED),
            {"0": "NotRunning"},
            id="stopped-since",
        ),
        pytest.param(
            watching(passed="0"), changed(BEFORE, "0", image=NEW, power=Power.DEALLOCATED), {}, id="evicted-since"
        ),
        pytest.param(watching(passed="5"), changed(BEFORE, "5", image=NEW), {}, id="stopped-before"),
        pytest.param(
            watching(), changed(BEFORE, "4", image=NEW), {"4": "NotHealthyElsewhere"}, id="unhealthy-on-the-target"
        ),
        pytest.param(
            watching(changed(BEFORE, "4", image=NEW)),
            changed(BEFORE, "4", image=NEW),
            {"4": "NotHealthyElsewhere"},
            id="unhealthy-there-before-is-unhealthy-all-the-same",
        ),
        pytest.param(
            watching(policy=Policy(selection=Selection(instance_ids=("0",)))),
            changed(BEFORE, "4", image=NEW),
            {},
            id="unhealthy-and-not-selected",
        ),
        pytest.param(
            watching(policy=Policy(selection=Selection(instance_ids=("0",)))),
            changed(BEFORE, "3", image=NEW, health=Health.UNHEALTHY),
            {"3": "NotHealthyElsewhere"},
            id="not-selected-but-well-before",
        ),
        pytest.param(
            watching(),
            changed(fleet("0011220", unhealthy="4", deallocated="5"), "6", provisioning_state="Creating", image=NEW),
            {},
            id="being-made-with-the-target",
        ),
        pytest.param(
            watching(),
            changed(fleet("0011220", unhealthy="4", deallocated="5"), "6", provisioning_state="Creating"),
            {"6": "StillUpdating"},
            id="being-made-with-the-old-image",
        ),
        pytest.param(
            watching(), changed(BEFORE, "3", provisioning_state="Creating"), {"3": "StillUpdating"}, id="made"
        ),
        pytest.param(watching(), changed(BEFORE, "3", provisioning_state="Deleting"), {}, id="leaving"),
        pytest.param(
            watching(passed="3"),
            changed(BEFORE, "3", image=NEW, provisioning_state="Deleting"),
            {},
            id="leaving-after-it-passed",
        ),
        pytest.param(
            watching(passed="0"),
            changed(BEFORE, "0", image=NEW, health=Health.UNHEALTHY),
            {"0": "NotHealthyElsewhere"},
            id="unhealthy-after-it-passed",
        ),
        pytest.param(
            watching(passed="5"),
            changed(BEFORE, "5", image=NEW, power=Power.RUNNING, health=Health.UNHEALTHY),
            {},
            id="stopped-before-and-started-since",
        ),
        pytest.param(
            watching(passed="0"),
            changed(BEFORE, "0", image=NEW, problems=(BROKEN,), **FAILED_UPGRADE),
            {"0": BROKEN.code},
            id="failed-on-the-target",
        ),
        pytest.param(
            watching(), changed(BEFORE, "3", problems=(BROKEN,), **FAILED_UPGRADE), {}, id="failed-on-the-old-image"
        ),
        pytest.param(
            watching(),
            changed(BEFORE, "3", provisioning_state="Updating", origin=Origin.OTHER_IMAGE),
            {},
            id="attached-and-being-updated",
        ),
        pytest.param(
            watching(policy=Policy(selection=Selection(instance_ids=("0",)))),
            changed(BEFORE, "3", provisioning_state="Updating"),
            {},
            id="not-selected-and-being-updated",
        ),
    ],
)
def test_unsettled_instances_are_found_at_the_end(watch: Watch, now: ScaleSet, expected: dict[str, str]) -> None:
    watch.observe(now, 100.0)
    assert codes(watch.unsettled(now, GOAL, 100.0)) == expected


def test_an_unsettled_instance_has_a_message() -> None:
    now = changed(changed(BEFORE, "0", image=NEW, power=Power.STOPPED), "3", provisioning_state="Creating")
    assert watching(passed="0").unsettled(now, GOAL, 100.0) == (
        Failure("0", FailureCode.NOT_RUNNING, "power state is stopped"),
        Failure("3", FailureCode.STILL_UPDATING, "is Creating"),
    )


@pytest.mark.parametrize(
    ("whole_model", "expected"),
    [pytest.param(False, ["0 1", "2"], id="image"), pytest.param(True, ["1", "2"], id="whole-model")],
)
def test_outdated_instances_are_left_for_the_extra_pass(whole_model: bool, expected: list[str]) -> None:
    before = changed(BEFORE, "0 1 2 4 5", latest_model_applied=False)
    watch = Watch(before, Goal(image=OLD, in_model=True, whole_model=whole_model), Policy())
    watch.batch_passed(Batch(1, Domain(kind=DomainKind.UPDATE), ("0",)), before)
    planned = (FIRST, Batch(2, Domain(kind=DomainKind.UPDATE), ("2", "3") if whole_model else ("2",)))
    late = watch.late(planned, Goal(image=OLD, in_model=True, whole_model=whole_model))
    assert [" ".join(batch.instance_ids) for batch in late] == expected
    assert [(batch.number, batch.domain) for batch in late] == [(1, FIRST.domain), (2, FIRST.domain)]
