"""What in the rest of the scale set forbids the next batch."""

from __future__ import annotations

import pytest

from builders import NEW, OLD, changed, fleet, goal_to, vhd, without
from vmss_upgrade.rollout.health_gate import Pending
from vmss_upgrade.rollout.planner import Batch
from vmss_upgrade.rollout.policy import Policy, Share
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, Goal, Health, HealthSignal, Power, ScaleSet
from vmss_upgrade.rollout.watch import Watch, must_stay_healthy, trouble_outside


@pytest.mark.parametrize(
    ("scale_set", "model_holds_target", "expected"),
    [
        pytest.param(fleet("0011"), False, "0 1 2 3", id="healthy-at-planning"),
        pytest.param(fleet("0011", unhealthy="1", silent="2"), False, "0 3", id="ill-before-is-not-counted-on"),
        pytest.param(
            fleet("0011", unhealthy="1", health_signal=HealthSignal.NONE), False, "0 1 2 3", id="no-signal-up-is-enough"
        ),
        pytest.param(fleet("0011", broken="1", stopped="2"), False, "0 3", id="failed-and-stopped"),
        pytest.param(fleet("0011", new="1", unhealthy="1"), True, "0 1 2 3", id="ill-on-the-target-stops-a-re-run"),
        pytest.param(fleet("0011", new="1", unhealthy="1"), False, "0 2 3", id="unless-the-model-is-not-on-it"),
        pytest.param(fleet("0011", new="1", stopped="1"), True, "0 2 3", id="a-stopped-one-on-the-target"),
    ],
)
def test_whose_health_is_counted_on(scale_set: ScaleSet, model_holds_target: bool, expected: str) -> None:
    counted_on = must_stay_healthy(scale_set, Goal(image=NEW, in_model=model_holds_target))
    assert " ".join(sorted(counted_on)) == expected


def test_the_flag_of_a_vhd_counts_only_while_the_model_holds_it() -> None:
    image = vhd("https://account.blob.core.windows.net/images/new.vhd")
    ill = fleet("0011", old=None, unhealthy="1")
    assert "1" not in must_stay_healthy(ill, Goal(image=image, in_model=False))
    assert "1" in must_stay_healthy(ill, Goal(image=image, in_model=True))


@pytest.mark.parametrize(
    ("scale_set", "troubles"),
    [
        pytest.param(fleet("0011"), {}, id="all-well"),
        pytest.param(fleet("0011", unhealthy="0"), {}, id="ill-in-the-batch"),
        pytest.param(fleet("0011", busy="0"), {}, id="busy-in-the-batch"),
        pytest.param(fleet("0011", unhealthy="2"), {"2": "health is unhealthy"}, id="ill-outside"),
        pytest.param(fleet("0011", silent="2"), {"2": "health is no signal"}, id="silent-outside"),
        pytest.param(fleet("0011", stopped="2"), {"2": "is Succeeded, power state stopped"}, id="stopped-outside"),
        pytest.param(fleet("0011", broken="2"), {"2": "is Failed, power state running"}, id="failed-outside"),
        pytest.param(fleet("0011", busy="2"), {"2": "is being updated by somebody"}, id="updated-outside"),
        pytest.param(fleet("0011", unhealthy="3"), {}, id="ill-but-never-counted-on"),
        pytest.param(fleet("0011", busy="3"), {"3": "is being updated by somebody"}, id="updated-always-matters"),
        pytest.param(
            changed(fleet("0011"), "3", provisioning_state="Creating"), {}, id="a-new-instance-is-not-waited-for"
        ),
        pytest.param(fleet("0011", unhealthy="2", busy="3"), {"2": "unhealthy", "3": "updated"}, id="all-are-told"),
    ],
)
def test_trouble_outside_the_batch(scale_set: ScaleSet, troubles: dict[str, str]) -> None:
    pending = trouble_outside(scale_set, ("0", "1"), {"0", "1", "2"})
    found = {trouble.instance_id: trouble.message for trouble in pending}
    assert found.keys() == troubles.keys()
    for instance_id, part in troubles.items():
        assert part in found[instance_id]


def test_without_a_signal_only_up_matters() -> None:
    ill = fleet("0011", unhealthy="2", health_signal=HealthSignal.NONE)
    assert trouble_outside(ill, ("0", "1"), {"2"}) == ()


# -- what one rollout has seen -------------------------------------------------------------------------------------

BEFORE = fleet("001122", deallocated="5", unhealthy="4")


def watching(before: ScaleSet = BEFORE, policy: Policy | None = None, *, passed: str = "") -> Watch:
    watch = Watch(before, goal_to(NEW, before), policy or Policy(min_healthy=Share(1)))
    for id_ in passed.split():
        watch.batch_passed(Batch(1, Domain(kind=DomainKind.UPDATE), (id_,)), before)
    return watch


def codes(pendings: tuple[Pending, ...]) -> dict[str, str]:
    return {pending.instance_id: pending.code for pending in pendings}


GOAL = Goal(image=NEW, in_model=True)
FIRST = Batch(1, Domain(kind=DomainKind.UPDATE), ("0", "1"))


@pytest.mark.parametrize(
    ("watch", "now", "expected"),
    [
        pytest.param(watching(), BEFORE, {}, id="as-before"),
        pytest.param(watching(), changed(BEFORE, "2", health=Health.UNHEALTHY), {"2": "NotHealthyElsewhere"}, id="ill"),
        pytest.param(watching(), changed(BEFORE, "4", provisioning_state="Failed"), {}, id="ill-before"),
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
            changed(fleet("0011220", unhealthy="4 6", deallocated="5"), "6", image=NEW),
            {"6": "NotHealthyElsewhere"},
            id="born-ill-on-the-target",
        ),
        pytest.param(
            watching(), fleet("0011220", unhealthy="4 6", deallocated="5"), {}, id="born-ill-on-the-old-image"
        ),
        pytest.param(
            watching(),
            changed(fleet("0011220", unhealthy="4", deallocated="5"), "6", provisioning_state="Creating"),
            {},
            id="being-made",
        ),
    ],
)
def test_why_a_batch_may_not_start(watch: Watch, now: ScaleSet, expected: dict[str, str]) -> None:
    assert codes(watch.troubles(FIRST, now, GOAL)) == expected


def test_who_is_being_made_matters_once_a_batch_has_lost_somebody() -> None:
    watch = watching()
    watch.batch_passed(Batch(1, Domain(kind=DomainKind.UPDATE), ("2",)), without(BEFORE, "2"))
    now = changed(fleet("0011220", unhealthy="4", deallocated="5"), "6", provisioning_state="Creating")
    assert codes(watch.troubles(FIRST, without(now, "2"), GOAL)) == {"6": "BeingCreated"}


@pytest.mark.parametrize(
    ("watch", "now", "expected"),
    [
        pytest.param(watching(passed="0"), changed(BEFORE, "0", image=NEW), {}, id="well"),
        pytest.param(
            watching(passed="0"),
            changed(BEFORE, "0", image=NEW, power=Power.STOPPED),
            {"0": "NotHealthyElsewhere"},
            id="stopped-since",
        ),
        pytest.param(watching(passed="5"), changed(BEFORE, "5", image=NEW), {}, id="stopped-before"),
        pytest.param(watching(), changed(BEFORE, "4", image=NEW), {"4": "NotHealthyElsewhere"}, id="ill-on-the-target"),
        pytest.param(
            watching(changed(BEFORE, "4", image=NEW)),
            changed(BEFORE, "4", image=NEW),
            {},
            id="excused-it-was-so-before",
        ),
        pytest.param(
            watching(), changed(BEFORE, "3", provisioning_state="Creating"), {"3": "StillUpdating"}, id="made"
        ),
        pytest.param(watching(), changed(BEFORE, "3", provisioning_state="Deleting"), {}, id="leaving"),
    ],
)
def test_who_is_not_settled_at_the_end(watch: Watch, now: ScaleSet, expected: dict[str, str]) -> None:
    assert codes(watch.unsettled(now, GOAL)) == expected


@pytest.mark.parametrize(
    ("whole_model", "expected"),
    [pytest.param(False, ["0 1", "2"], id="image"), pytest.param(True, ["1", "2"], id="whole-model")],
)
def test_who_is_left_for_the_extra_pass(whole_model: bool, expected: list[str]) -> None:
    before = changed(BEFORE, "0 1 2 4 5", latest_model_applied=False)
    watch = Watch(before, Goal(image=OLD, in_model=True, whole_model=whole_model), Policy())
    watch.batch_passed(Batch(1, Domain(kind=DomainKind.UPDATE), ("0",)), before)
    planned = (FIRST, Batch(2, Domain(kind=DomainKind.UPDATE), ("2", "3") if whole_model else ("2",)))
    late = watch.late(planned, Goal(image=OLD, in_model=True, whole_model=whole_model))
    assert [" ".join(batch.instance_ids) for batch in late] == expected
    assert [batch.number for batch in late] == [1, 2]
