"""The plan of a rollback, which image, which instances, in what order: tables, and what holds for every fleet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import GALLERY, NEW, OLD, STEADY, changed, fleet, plan_of, platform, resource, vhd, whole, without
from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.az_commands import rollback_to
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.image import Image, ImageKind, image_from_text
from vmss_upgrade.rollout.planning.plan import Batch, SkipReason
from vmss_upgrade.rollout.planning.rollback import (
    Moved,
    image_before,
    image_of_the_others,
    image_that_is_left,
    moved_by,
    moved_from,
    not_back,
    other_images,
    plan_rollback,
)
from vmss_upgrade.rollout.policy import Policy, Selection, Share, Strategy
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, ScaleSet
from vmss_upgrade.rollout.watching.watch import Returning, Watch

BACK = Goal(image=OLD, in_model=True, heals=True)
THIRD = platform("1.5.0")
MINIMAL = platform("3.0.0", sku="minimal")
VHD_1, VHD_2 = vhd("https://s.blob/1.vhd"), vhd("https://s.blob/2.vhd")
MANAGED_1, MANAGED_2 = resource("/subscriptions/s/images/1"), resource("/subscriptions/s/images/2")
LATEST = platform("latest")


def there(ids: str, domain: int = 0, number: int = 1) -> Batch:
    return Batch(number, Domain(kind=DomainKind.UPDATE, number=domain), tuple(ids.split()))


def moved(ids: str, scale_set: ScaleSet, unknown: str = "") -> Moved:
    return Moved(ids=frozenset(ids.split()), known=frozenset(scale_set.by_id), unknown=frozenset(unknown.split()))


# -- which image ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale_set", "target", "image"),
    [
        pytest.param(fleet("0011"), NEW, OLD, id="first-run"),
        pytest.param(fleet("0011", new="0 1", image=NEW), NEW, OLD, id="second-run"),
        pytest.param(fleet("0011", image=LATEST), NEW, OLD, id="floating-model"),
        pytest.param(fleet("0011", old=None, image=LATEST), NEW, None, id="floating-and-not-shown"),
        pytest.param(fleet("0011", old=None), NEW, OLD, id="not-shown-but-current"),
        pytest.param(fleet("0011", old=None, behind="3"), NEW, None, id="not-shown-and-not-current"),
        pytest.param(fleet("0011", old=None, behind="3", protected="3"), NEW, OLD, id="not-current-and-does-not-move"),
        pytest.param(fleet("0011", behind="3"), NEW, OLD, id="shown-and-not-current"),
        pytest.param(fleet("0011", new="0 1 2 3", image=NEW), NEW, None, id="nothing-moves"),
        pytest.param(changed(fleet("0011"), "3", image=THIRD), NEW, OLD, id="most-of-them"),
        pytest.param(fleet("0011", old=None, image=VHD_1), VHD_2, VHD_1, id="vhd-first-run"),
        pytest.param(fleet("0011", old=None, image=VHD_1, behind="2"), VHD_2, None, id="vhd-one-not-current"),
        pytest.param(fleet("0011", old=None, image=VHD_2, behind="2 3"), VHD_2, None, id="vhd-second-run"),
    ],
)
def test_the_image_before(scale_set: ScaleSet, target: Image, image: Image | None) -> None:
    assert image_before(scale_set, plan_of(scale_set, target)) == image


@pytest.mark.parametrize(
    ("scale_set", "image"),
    [
        pytest.param(fleet("0011", new="0 1", image=NEW), OLD, id="rollout-left-half-way"),
        pytest.param(fleet("0011", new="0 1", behind="3"), OLD, id="rollback-left-half-way"),
        pytest.param(fleet("0011", new="0 1"), None, id="newer-and-nothing-shows-that-the-model-was-put-back"),
        pytest.param(changed(fleet("0011", behind="2"), "3", image=THIRD), OLD, id="put-back-and-another-is-newer"),
        pytest.param(
            changed(fleet("0011", new="0 1 2", image=NEW, behind="2"), "3", image=OLD), None, id="put-back-and-older"
        ),
        pytest.param(fleet("0011", new="0 1 2", image=NEW, protected="3"), None, id="only-a-protected-one"),
        pytest.param(fleet("0011", new="0 1 2", image=NEW, stopped="3"), None, id="only-a-stopped-one"),
        pytest.param(fleet("0011"), None, id="no-other"),
        pytest.param(fleet("0011", new="0 1", target=MINIMAL, image=MINIMAL), None, id="not-to-be-compared"),
        pytest.param(fleet("0011", new="0 1", image=LATEST), None, id="floating-model"),
        pytest.param(fleet("0011", old=None, new="0 1", image=NEW), None, id="not-shown"),
        pytest.param(changed(fleet("0011", new="0", image=NEW), "1", image=THIRD), OLD, id="the-most-common"),
        pytest.param(
            changed(fleet("0011", new="0 1 2", image=NEW), "3", provisioning_state="Deleting"), None, id="leaving"
        ),
    ],
)
def test_the_image_of_those_that_have_not_moved(scale_set: ScaleSet, image: Image | None) -> None:
    assert image_of_the_others(scale_set, Policy()) == image


@pytest.mark.parametrize(
    ("scale_set", "left"),
    [
        pytest.param(fleet("0011", new="0 1", image=NEW), NEW, id="the-model-s"),
        pytest.param(fleet("0011", new="0 1"), NEW, id="put-back-already"),
        pytest.param(changed(fleet("0011", new="0 1"), "1", image=THIRD), None, id="two-others"),
        pytest.param(
            changed(fleet("0011", new="0 1"), "1", image=platform("2.0.0", publisher="CANONICAL")), NEW, id="case"
        ),
        pytest.param(fleet("0011"), None, id="nobody"),
    ],
)
def test_the_image_that_is_left(scale_set: ScaleSet, left: Image | None) -> None:
    assert image_that_is_left(scale_set, OLD) == left


def test_an_instance_with_another_previous_image_is_listed() -> None:
    scale_set = changed(fleet("0011"), "1 3", image=THIRD)
    assert other_images(scale_set, plan_of(scale_set), OLD) == {"Canonical:jammy:22_04-lts:1.5.0": ["1", "3"]}


# -- who -----------------------------------------------------------------------------------------------------------

TO_NEW = Goal(image=NEW, in_model=True)


@pytest.mark.parametrize(
    ("before", "now", "touched", "ids"),
    [
        pytest.param(fleet("0011"), fleet("0011", new="0 1", image=NEW), "0 1", "0 1", id="by-this-run"),
        pytest.param(
            fleet("0011", new="0", image=NEW), fleet("0011", new="0 1", image=NEW), "1", "0 1", id="by-an-earlier-run"
        ),
        pytest.param(
            fleet("0011", new="0"), fleet("0011", new="0 1", image=NEW), "1", "0 1", id="as-after-a-way-back-that-died"
        ),
        pytest.param(
            fleet("0011"), fleet("0011", broken="1", behind="1", image=NEW), "0 1", "0 1", id="a-list-may-lag"
        ),
        pytest.param(fleet("0011"), fleet("0011", updating="1", image=NEW), "1", "1", id="still-under-way"),
        pytest.param(fleet("0011"), fleet("0011", updating="3", image=NEW), "1", "1", id="somebody-else-s"),
        pytest.param(
            fleet("0011", new="0", image=NEW),
            fleet("0011", new="0", broken="3", behind="3", image=NEW),
            "1",
            "0 1",
            id="failed-before-on-the-old-image",
        ),
        pytest.param(
            fleet("0011", new="0", image=NEW),
            changed(fleet("0011", new="0", broken="3", behind="3", image=NEW), "3", image=None),
            "1",
            "0 1 3",
            id="failed-in-an-earlier-run-perhaps",
        ),
        pytest.param(fleet("0011"), fleet("0011", broken="3", behind="3", image=NEW), "1", "1", id="failed-before"),
        pytest.param(fleet("0011"), fleet("00111", new="4", image=NEW), "0", "0 4", id="created-since"),
        pytest.param(fleet("0011"), fleet("00111", image=NEW), "0", "0", id="created-with-the-old-one"),
    ],
)
def test_the_instances_that_moved_are_found(before: ScaleSet, now: ScaleSet, touched: str, ids: str) -> None:
    found = moved_by(before, now, TO_NEW, touched.split(), OLD)
    assert sorted(found.ids) == ids.split()
    assert found.known == {*before.by_id, *now.by_id}


def test_the_flag_shows_who_moved_to_a_vhd() -> None:
    before = fleet("0011", old=None, image=VHD_1)
    now = fleet("0011", old=None, image=VHD_2, behind="2 3")
    assert moved_by(before, now, Goal(image=VHD_2, in_model=True), ["0", "1"], VHD_1).ids == {"0", "1"}


@pytest.mark.parametrize(
    ("scale_set", "left", "in_model", "ids", "unknown"),
    [
        pytest.param(fleet("0011", new="0 1", image=NEW), NEW, False, "0 1", "", id="by-image"),
        pytest.param(fleet("0011", new="0 1"), NEW, True, "0 1", "", id="put-back-already"),
        pytest.param(changed(fleet("0011", new="0 1"), "3", image=THIRD), NEW, True, "0 1", "3", id="a-third"),
        pytest.param(changed(fleet("0011", new="0 1"), "3", image=None), NEW, True, "0 1", "3", id="not-shown"),
        pytest.param(fleet("0011", new="0 1"), None, True, "", "0 1", id="nobody-knows"),
        pytest.param(
            fleet("0011", new="0", broken="3", behind="3"),
            NEW,
            True,
            "0",
            "3",
            id="failed-there",
        ),
        pytest.param(fleet("0011", new="0", broken="3"), NEW, True, "0", "", id="failed-and-current"),
        pytest.param(
            fleet("0011", new="0", updating="3", behind="3"), NEW, True, "0 3", "", id="half-way-from-the-goal-or-to-it"
        ),
        pytest.param(fleet("0011", new="0 1", image=LATEST), LATEST, False, "0 1", "", id="a-floating-model"),
    ],
)
def test_the_instances_on_the_image_that_is_left_are_found(
    scale_set: ScaleSet, left: Image | None, in_model: bool, ids: str, unknown: str
) -> None:
    found = moved_from(scale_set, left, replace(BACK, in_model=in_model))
    assert (sorted(found.ids), sorted(found.unknown)) == (ids.split(), unknown.split())
    assert found.known == scale_set.by_id.keys()


def test_nobody_knows_who_moved_if_the_model_holds_the_previous_vhd() -> None:
    """Expect no answer, because the flag means the previous image by then."""
    scale_set = fleet("0011", old=None, image=VHD_1, behind="2 3")
    found = moved_from(scale_set, VHD_2, Goal(image=VHD_1, in_model=True))
    assert (found.ids, found.unknown) == (frozenset(), frozenset("23"))


@pytest.mark.parametrize(
    ("scale_set", "previous", "left"),
    [
        pytest.param(fleet("0011"), OLD, {}, id="all-are-back"),
        pytest.param(fleet("0011", new="0 1 2"), OLD, {"0": None, "1": None}, id="three-are-not-and-one-never-moved"),
        pytest.param(fleet("00111", new="4"), OLD, {"4": None}, id="created-since"),
        pytest.param(
            fleet("0011", new="0 1", protected="0", stopped="1"),
            OLD,
            {"0": SkipReason.PROTECTED, "1": SkipReason.STOPPED},
            id="why-they-were-left",
        ),
        pytest.param(changed(fleet("0011", new="0"), "0", provisioning_state="Deleting"), OLD, {}, id="being-deleted"),
        pytest.param(fleet("0011", old=None), OLD, {}, id="not-shown"),
        pytest.param(fleet("0011", old=None, image=VHD_1, behind="0"), VHD_1, {"0": None}, id="vhd"),
        pytest.param(fleet("0011", old=None, image=VHD_1, behind="3"), VHD_1, {}, id="vhd-that-was-not-asked-for"),
    ],
)
def test_instances_that_are_not_back_are_found(
    scale_set: ScaleSet, previous: Image, left: dict[str, SkipReason | None]
) -> None:
    policy = Policy(selection=Selection(instance_ids=("0", "1", "2", "4")))
    assert not_back(scale_set, previous, policy, moved("0 1 3", fleet("0011"))) == left


# -- in what order -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale_set", "ids", "done", "batches"),
    [
        pytest.param(
            fleet("001122", new="0 1 2 3"), "0 1 2 3", [there("0 1"), there("2 3", 1, 2)], "2 3|0 1", id="newest-first"
        ),
        pytest.param(
            fleet("001122", new="0 1 2 3", unhealthy="3"),
            "0 1 2 3",
            [there("0 1"), there("2 3", 1, 2)],
            "3|2|0 1",
            id="unhealthy-first",
        ),
        pytest.param(
            fleet("001122", new="0 1 2 3", unhealthy="0 3"),
            "0 1 2 3",
            [there("0 1"), there("2 3", 1, 2)],
            "3|0|2|1",
            id="unhealthy-first-newest-first",
        ),
        pytest.param(fleet("001122", new="0 1 2 3"), "0 1 2 3", [], "2 3|0 1", id="earlier-runs-last-domain-first"),
        pytest.param(
            fleet("001122", new="0 1 2 3"), "0 1 2 3", [there("0 1")], "0 1|2 3", id="this-run-s-before-earlier-ones"
        ),
        pytest.param(
            fleet("001122", new="0 1", broken="1", behind="1"), "0 1", [there("0 1")], "1|0", id="failed-ones-too"
        ),
        pytest.param(fleet("00112", new="4"), "", [], "", id="nobody-moved"),
    ],
)
def test_the_order_of_the_way_back(scale_set: ScaleSet, ids: str, done: list[Batch], batches: str) -> None:
    plan = plan_rollback(scale_set, BACK, Policy(), moved(ids, scale_set), left=NEW, done=done)
    assert "|".join(" ".join(batch.instance_ids) for batch in plan.batches) == batches
    assert [batch.number for batch in plan.batches] == list(range(1, len(plan.batches) + 1))
    assert (plan.is_rollback, plan.leaves, plan.grouping) == (True, NEW, DomainKind.UPDATE)


def test_batches_are_no_larger_than_asked_for() -> None:
    scale_set = fleet("0000", new="0 1 2 3")
    plan = plan_rollback(scale_set, BACK, Policy(batch_size=Share(3)), moved("0 1 2 3", scale_set), left=NEW)
    assert [len(batch.instance_ids) for batch in plan.batches] == [3, 1]


def test_stopped_ones_come_last_where_they_are_included() -> None:
    scale_set = fleet("0011", new="0 1 2 3", stopped="2")
    plan = plan_rollback(
        scale_set, BACK, whole(include_stopped=True), moved("0 1 2 3", scale_set), left=NEW, done=[there("2 3", 1)]
    )
    assert [batch.instance_ids for batch in plan.batches] == [("3",), ("0", "1"), ("2",)]


def test_instances_being_updated_come_after_stopped_ones() -> None:
    scale_set = fleet("0011", new="0 1 2 3", stopped="1", updating="2")
    plan = plan_rollback(scale_set, BACK, whole(include_stopped=True), moved("0 1 2 3", scale_set), left=NEW)
    assert [batch.instance_ids for batch in plan.batches] == [("3",), ("0",), ("1",), ("2",)]


def test_one_that_shows_no_domain_returns_too() -> None:
    scale_set = fleet("0011", new="0 3", nowhere="3")
    plan = plan_rollback(scale_set, BACK, Policy(), moved("0 3", scale_set), left=NEW)
    assert plan.batches == (there("0"), Batch(2, Domain(kind=DomainKind.SET), ("3",)))


def test_a_way_back_stops_as_asked() -> None:
    scale_set = fleet("001122", new="0 1 2 3")
    policy = Policy(stop_after=Share(30, is_percentage=True))
    assert plan_rollback(scale_set, BACK, policy, moved("0 1 2 3", scale_set), left=NEW).stop_after == 1


def test_a_rollback_skips_instances_with_a_reason() -> None:
    scale_set = changed(fleet("001122", new="0 1 2", protected="1"), "3", image=THIRD)
    policy = Policy(selection=Selection(instance_ids=("0", "1")))
    plan = plan_rollback(scale_set, BACK, policy, moved("0 1 2", scale_set), left=NEW)
    assert {skipped.instance_id: skipped.reason for skipped in plan.skipped} == {
        "1": SkipReason.PROTECTED,
        "3": SkipReason.NOT_MOVED,
        "4": SkipReason.ON_PREVIOUS,
        "5": SkipReason.ON_PREVIOUS,
    }
    assert (plan.untouched, plan.instance_ids) == (("2",), ("0",))


def test_one_that_nobody_knows_of_stays_and_is_named() -> None:
    scale_set = changed(fleet("0011", new="0 1"), "3", image=THIRD)
    plan = plan_rollback(scale_set, BACK, Policy(), moved("0 1", scale_set, unknown="3"), left=NEW)
    assert (plan.instance_ids, plan.untouched) == (("0", "1"), ("3",))


def test_one_that_is_created_later_returns() -> None:
    known = moved("0", fleet("0011", new="0"))
    plan = plan_rollback(fleet("00111", new="0 4"), BACK, Policy(), known, left=NEW)
    assert plan.instance_ids == ("4", "0")


def test_a_strategy_without_domains_is_refused() -> None:
    scale_set = fleet("0011", new="0")
    with pytest.raises(PlanRefused, match="No instance shows a zone"):
        plan_rollback(scale_set, BACK, Policy(strategy=Strategy.ZONE), moved("0", scale_set), left=NEW)


IDS = st.sets(st.sampled_from([str(n) for n in range(9)]))


@STEADY
@given(new=IDS, unhealthy=IDS, protected=IDS, ids=IDS, unknown=IDS, done=IDS, size=st.integers(1, 4))
def test_everybody_appears_exactly_once(
    new: set[str], unhealthy: set[str], protected: set[str], ids: set[str], unknown: set[str], done: set[str], size: int
) -> None:
    scale_set = fleet(
        "000111222", new=" ".join(new), unhealthy=" ".join(unhealthy), protected=" ".join(protected), image=NEW
    )
    known = Moved(ids=frozenset(ids), known=frozenset(scale_set.by_id), unknown=frozenset(unknown))
    policy = Policy(batch_size=Share(size))
    plan = plan_rollback(scale_set, BACK, policy, known, left=NEW, done=[there(" ".join(sorted(done)))])
    everybody = [*plan.instance_ids, *plan.untouched, *(skipped.instance_id for skipped in plan.skipped)]
    assert sorted(everybody) == sorted(scale_set.by_id)
    assert set(plan.instance_ids) <= (ids & new) - protected - unknown
    assert all(1 <= len(batch.instance_ids) <= size for batch in plan.batches)
    domains = {id_: i.domain(DomainKind.UPDATE) for id_, i in scale_set.by_id.items()}
    assert all({domains[id_] for id_ in batch.instance_ids} == {batch.domain} for batch in plan.batches)


# -- what a rollback counts on -------------------------------------------------------------------------------------


def watch(scale_set: ScaleSet, returning: str, policy: Policy | None = None) -> Watch:
    return Watch(scale_set, BACK, policy or Policy(), Returning(ids=frozenset(returning.split())))


def test_one_that_is_still_to_return_may_be_unhealthy() -> None:
    """Return it all the same: it would never get healthy on the image that made it unhealthy."""
    before = fleet("001122", new="0 1 2 3")
    now = changed(before, "0 1", health=fleet("0", unhealthy="0").instances[0].health)
    policy = Policy(min_healthy=Share(2))
    assert watch(before, "0 1 2 3", policy).troubles(there("2 3", 1), now, BACK, 0.0) == ()
    assert watch(before, "", policy).troubles(there("2 3", 1), now, BACK, 0.0) != ()


def test_one_that_has_returned_is_counted_on() -> None:
    before = fleet("001122", new="0 1 2 3")
    back = changed(before, "2 3", image=OLD)
    counting = watch(before, "0 1 2 3")
    counting.batch_passed(there("2 3", 1), back)
    unhealthy = changed(back, "3", health=fleet("0", unhealthy="0").instances[0].health)
    assert [trouble.code for trouble in counting.troubles(there("0 1"), unhealthy, BACK, 0.0)] == [
        "NotHealthyElsewhere"
    ]


def test_a_batch_of_unhealthy_ones_may_start_below_the_floor_and_no_other() -> None:
    scale_set = fleet("001122", new="0 1 2 3", unhealthy="0 1 2 4")
    strict = watch(scale_set, "0 1 2 3", Policy(min_healthy=Share(3)))
    assert strict.troubles(there("0 1"), scale_set, BACK, 0.0) == ()
    assert [trouble.code for trouble in strict.troubles(there("2 3", 1), scale_set, BACK, 0.0)] == ["BelowMinHealthy"]


def test_one_that_is_stuck_keeps_nobody_from_returning() -> None:
    scale_set = fleet("001122", new="0 1", unhealthy="0 1", updating="5")
    assert watch(scale_set, "0 1").troubles(there("0 1"), scale_set, BACK, 0.0) == ()
    healthy = fleet("001122", new="0 1", updating="5")
    assert watch(healthy, "0 1").troubles(there("0 1"), healthy, BACK, 0.0) == ()
    late = changed(fleet("001122", new="0 1 4"), "4", provisioning_state="Updating")
    plan = plan_rollback(late, BACK, Policy(), moved("0 1 4", late), left=NEW, done=[there("4", 2)])
    assert plan.batches[-1].instance_ids == ("4",), "though the newest, it comes last"


def test_the_floor_is_that_of_the_beginning() -> None:
    """Instances that were evicted during the rollout must not lower it."""
    now = fleet("001122", new="0 1", deallocated="2 3")
    policy = Policy(min_healthy=Share(50, is_percentage=True))
    lowered = Watch(now, BACK, policy, Returning(ids=frozenset("01")))
    held = Watch(now, BACK, policy, Returning(ids=frozenset("01"), stopped_before=frozenset()))
    assert lowered.troubles(there("0 1"), now, BACK, 0.0) == ()
    assert [trouble.code for trouble in held.troubles(there("0 1"), now, BACK, 0.0)] == ["BelowMinHealthy"]


# -- in words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "image",
    [
        platform("1.0.0"),
        resource(f"{GALLERY}/versions/1.0.0"),
        MANAGED_1,
        Image(kind=ImageKind.SHARED_GALLERY, reference="/SharedGalleries/g/Images/i"),
        Image(kind=ImageKind.COMMUNITY_GALLERY, reference="/CommunityGalleries/g/Images/i"),
        VHD_1,
        vhd("http://s.blob/1.vhd"),
    ],
    ids=["platform", "gallery", "managed", "shared", "community", "vhd", "vhd-without-tls"],
)
def test_an_image_is_read_as_it_is_written(image: Image) -> None:
    assert image_from_text(str(image)) == image


@pytest.mark.parametrize("text", ["", "a:b:c", "a:b:c:d:e", "a::c:d", "web", "ftp://x/y.vhd"])
def test_a_text_without_an_image_is_not_read(text: str) -> None:
    assert image_from_text(text) is None


@pytest.mark.parametrize(
    ("image", "inputs"),
    [
        pytest.param(OLD, "`operation: rollback` and `image-version: 1.0.0`", id="version"),
        pytest.param(
            MINIMAL, "`operation: rollback` and `image-sku: minimal` and `image-version: 3.0.0`", id="sku-and-version"
        ),
        pytest.param(MANAGED_1, "`operation: rollback` and `image-id: /subscriptions/s/images/1`", id="id"),
        pytest.param(VHD_1, "`operation: rollback` and `image-uri: https://s.blob/1.vhd`", id="vhd"),
    ],
)
def test_the_inputs_that_go_back(image: Image, inputs: str) -> None:
    assert rollback_to(image, instead_of=NEW) == inputs


def test_a_vanished_instance_is_not_returned() -> None:
    scale_set = fleet("0011", new="0 1")
    plan = plan_rollback(without(scale_set, "0"), BACK, Policy(), moved("0 1", scale_set), left=NEW)
    assert plan.instance_ids == ("1",)
