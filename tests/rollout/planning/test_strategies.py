"""By which domains a set is rolled, how large its batches are, and who goes first."""

from __future__ import annotations

import pytest

from builders import NEW, changed, fleet, plan_of, whole, without
from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.policy import Policy, Selection, Share, Strategy
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, ScaleSet

UPDATE, FAULT, ZONE, SET = DomainKind.UPDATE, DomainKind.FAULT, DomainKind.ZONE, DomainKind.SET


def batches(plan: RolloutPlan) -> list[str]:
    """Return the batches, each as ids with blanks between them."""
    return [" ".join(batch.instance_ids) for batch in plan.batches]


def rolled_by(strategy: str, scale_set: ScaleSet, **policy: object) -> RolloutPlan:
    return plan_of(scale_set, policy=Policy(strategy=Strategy(strategy), **policy))  # type: ignore[arg-type]


# Eleven instances make a fifth of the set two.
ELEVEN_ZONAL = fleet("-----------", zones="12312312312")
ELEVEN_BARE = fleet("-----------")
FAULTS_ONLY = fleet("000000", nowhere="0 1 2 3 4 5")


@pytest.mark.parametrize(
    ("strategy", "scale_set", "grouping", "expected"),
    [
        pytest.param("auto", fleet("001122"), UPDATE, ["0 1", "2 3", "4 5"], id="auto-by-update-domain"),
        pytest.param("auto", fleet("0101", zones="2211"), UPDATE, ["2", "3", "0", "1"], id="auto-update-before-zone"),
        pytest.param(
            "auto",
            ELEVEN_ZONAL,
            ZONE,
            ["0 3", "6 9", "1 4", "7 10", "2 5", "8"],
            id="auto-by-zone-in-fifths-of-the-set",
        ),
        pytest.param("auto", ELEVEN_BARE, SET, ["0 1", "2 3", "4 5", "6 7", "8 9", "10"], id="auto-the-set-in-fifths"),
        pytest.param("auto", fleet("----"), SET, ["0", "1", "2", "3"], id="auto-a-small-set-one-by-one"),
        pytest.param(
            "auto", FAULTS_ONLY, SET, ["0", "1", "2", "3", "4", "5"], id="auto-does-not-go-by-fault-domains-alone"
        ),
        pytest.param("auto", fleet(""), SET, [], id="auto-an-empty-set"),
        pytest.param("update-domain", fleet("210210"), UPDATE, ["2 5", "1 4", "0 3"], id="update-domain"),
        pytest.param("update-domain", fleet(""), UPDATE, [], id="update-domain-of-an-empty-set"),
        pytest.param(
            "update-domain", fleet("0000", zones="2211"), UPDATE, ["2 3", "0 1"], id="update-domains-of-a-zone-each"
        ),
        pytest.param(
            "update-domain", fleet("0000", groups="bbaa"), UPDATE, ["2 3", "0 1"], id="update-domains-of-a-group-each"
        ),
        pytest.param(
            "update-domain",
            fleet("00000000", zones="11112222", groups="abababab"),
            UPDATE,
            ["0 2", "1 3", "4 6", "5 7"],
            id="update-domains-of-zone-and-group-each",
        ),
        pytest.param(
            "fault-domain",
            fleet("0" * 12),  # fault domains 0 to 4, three instances in the first two
            FAULT,
            ["0 5", "10", "1 6", "11", "2 7", "3 8", "4 9"],
            id="fault-domain-in-fifths",
        ),
        pytest.param(
            "fault-domain",
            changed(fleet("0" * 4, groups="abab"), "0 1 2 3", fault_domain=0),
            FAULT,
            ["0", "2", "1", "3"],
            id="fault-domains-of-a-group-each",
        ),
        pytest.param("zone", fleet("0123", zones="2121"), ZONE, ["1", "3", "0", "2"], id="zone"),
        pytest.param("zone", fleet("--", zones="bA"), ZONE, ["1", "0"], id="zones-by-name"),
        pytest.param(
            "zone", fleet("0000", zones="1111", groups="abab"), ZONE, ["0", "1", "2", "3"], id="a-zone-has-no-groups"
        ),
        pytest.param(
            "batch", fleet("0011", zones="1111"), SET, ["0", "2", "1", "3"], id="batch-from-update-domains-of-a-zone"
        ),
        pytest.param(
            "batch", fleet("0011223344"), SET, ["0 2", "4 6", "8 1", "3 5", "7 9"], id="batch-from-update-domains"
        ),
    ],
)
def test_strategy(strategy: str, scale_set: ScaleSet, grouping: DomainKind, expected: list[str]) -> None:
    plan = rolled_by(strategy, scale_set)
    assert plan.grouping is grouping
    assert batches(plan) == expected
    assert {batch.domain.kind for batch in plan.batches} <= {grouping}


def test_a_zone_after_the_tenth_comes_after_the_ninth() -> None:
    scale_set = changed(changed(fleet("--"), "0", zone="10"), "1", zone="9")
    assert batches(rolled_by("zone", scale_set)) == ["1", "0"]


def test_the_key_of_a_domain() -> None:
    (one,) = fleet("3", zones="2", groups="b").instances
    assert one.domain(UPDATE) == Domain(kind=UPDATE, zone="2", placement_group="b", number=3)
    assert one.domain(FAULT) == Domain(kind=FAULT, zone="2", placement_group="b", number=0)
    assert one.domain(ZONE) == Domain(kind=ZONE, zone="2")
    assert one.domain(SET) == Domain(kind=SET)
    (bare,) = fleet("-").instances
    assert [bare.domain(kind) for kind in (UPDATE, FAULT, ZONE, SET)] == [None, None, None, Domain(kind=SET)]


SHOWN_BY_REGIONAL = "Update domains are shown by regional Uniform scale sets with more than one fault domain."
FAULTS_SHOWN_BY = "Fault domains are shown by regional scale sets with more than one of them."
SHOWN_BY_ZONAL = "Zones are shown by scale sets that were created with `zones`."


@pytest.mark.parametrize(
    ("strategy", "scale_set", "message", "remedy"),
    [
        pytest.param(
            "update-domain",
            fleet("--", zones="12"),
            "No instance shows an update domain, so `strategy: update-domain` has nothing to go by. "
            f"{SHOWN_BY_REGIONAL}",
            "Leave `strategy` out (it would go by zones), or use `strategy: batch`.",
            id="no-update-domains-but-zones",
        ),
        pytest.param(
            "fault-domain",
            fleet("--"),
            f"No instance shows a fault domain, so `strategy: fault-domain` has nothing to go by. {FAULTS_SHOWN_BY}",
            "Leave `strategy` out (it would go by the set as a whole, in batches), or use `strategy: batch`.",
            id="no-fault-domains-nor-anything",
        ),
        pytest.param(
            "zone",
            fleet("01"),
            f"No instance shows a zone, so `strategy: zone` has nothing to go by. {SHOWN_BY_ZONAL}",
            "Leave `strategy` out (it would go by update domains), or use `strategy: batch`.",
            id="no-zones-but-update-domains",
        ),
        pytest.param(
            "zone",
            fleet("01", new="0 1"),
            f"No instance shows a zone, so `strategy: zone` has nothing to go by. {SHOWN_BY_ZONAL}",
            "Leave `strategy` out (it would go by update domains), or use `strategy: batch`.",
            id="also-where-nobody-moves",
        ),
        pytest.param(
            "auto",
            fleet("0011", nowhere="1"),
            "Instance 1 shows no update domain, although others do, so that it has no place in the order.",
            f"Use `strategy: batch`, or leave the instance out by `instance-ids`. {SHOWN_BY_REGIONAL}",
            id="one-without-update-domain",
        ),
        pytest.param(
            "zone",
            fleet("0011", zones="1 12"),
            "Instance 1 shows no zone, although others do, so that it has no place in the order.",
            f"Use `strategy: batch`, or leave the instance out by `instance-ids`. {SHOWN_BY_ZONAL}",
            id="one-without-zone",
        ),
        pytest.param(
            "fault-domain",
            changed(fleet("0011"), "1", fault_domain=None),
            "Instance 1 shows no fault domain, although others do, so that it has no place in the order.",
            f"Use `strategy: batch`, or leave the instance out by `instance-ids`. {FAULTS_SHOWN_BY}",
            id="one-without-fault-domain",
        ),
    ],
)
def test_a_strategy_is_refused(strategy: str, scale_set: ScaleSet, message: str, remedy: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        rolled_by(strategy, scale_set)
    assert (str(refused.value), refused.value.remedy) == (message, remedy)


ONE_LOST = fleet("0011", nowhere="1")


@pytest.mark.parametrize(
    ("scale_set", "policy", "expected"),
    [
        pytest.param(ONE_LOST, Policy(strategy=Strategy.BATCH), ["2", "0", "1", "3"], id="batch-needs-no-place"),
        pytest.param(
            fleet("1100"), Policy(strategy=Strategy.BATCH), ["2", "0", "3", "1"], id="and-goes-by-update-domain-then-id"
        ),
        pytest.param(
            ONE_LOST, whole(selection=Selection(instance_ids=("0", "2", "3"))), ["0", "2 3"], id="left-out-by-id"
        ),
        pytest.param(fleet("0011", nowhere="1", new="1"), whole(), ["0", "2 3"], id="on-the-target-needs-no-place"),
        pytest.param(
            fleet("0011", nowhere="1", new="1"), whole(canary=2), ["0", "2 3"], id="nor-does-it-to-count-as-a-canary"
        ),
        pytest.param(fleet("0011", nowhere="1", deallocated="1"), whole(), ["0", "2 3"], id="nor-does-a-stopped-one"),
    ],
)
def test_the_way_out_for_an_instance_without_a_place(scale_set: ScaleSet, policy: Policy, expected: list[str]) -> None:
    assert batches(plan_of(scale_set, policy=policy)) == expected


# -- the size of a batch -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "scale_set", "size", "expected"),
    [
        pytest.param("update-domain", fleet("0" * 9 + "1" * 3), None, [9, 3], id="a-whole-update-domain"),
        pytest.param("auto", fleet("0" * 9 + "1" * 3), None, [3, 3, 3, 3], id="auto-at-most-a-fifth-of-the-set"),
        pytest.param("auto", fleet("0" * 8 + "1" * 8), None, [4, 4, 4, 4], id="auto-halves-of-a-set-in-even-parts"),
        pytest.param("auto", fleet("0" * 5 + "1" * 6), None, [3, 2, 3, 3], id="auto-a-fifth-rounded-up"),
        pytest.param("auto", fleet("0011"), None, [1, 1, 1, 1], id="auto-at-least-one"),
        pytest.param("auto", fleet("0" * 9 + "1" * 3), Share(100, True), [9, 3], id="unless-a-size-is-given"),
        pytest.param("fault-domain", fleet("0" * 15), None, [3] * 5, id="a-fifth-by-fault-domain"),
        pytest.param("zone", fleet("-" * 15, zones="111112222233333"), None, [3, 2, 3, 2, 3, 2], id="a-fifth-by-zone"),
        pytest.param("batch", fleet("0" * 14), None, [2] * 7, id="a-fifth-rounded-down"),
        pytest.param("batch", fleet("0" * 4), None, [1] * 4, id="a-fifth-at-least-one"),
        pytest.param("auto", fleet("-" * 10), None, [2] * 5, id="a-fifth-of-a-bare-set"),
        pytest.param("batch", fleet("0" * 5), Share(3), [3, 2], id="batch-by-count"),
        pytest.param("batch", fleet("0" * 5), Share(60, True), [3, 2], id="batch-by-percentage"),
        pytest.param("zone", fleet("-" * 6, zones="111122"), Share(3), [3, 1, 2], id="a-rest-stays-in-its-zone"),
        pytest.param("update-domain", fleet("0" * 6), Share(4), [4, 2], id="smaller-than-the-domain"),
    ],
)
def test_size_of_a_batch(strategy: str, scale_set: ScaleSet, size: Share | None, expected: list[int]) -> None:
    plan = rolled_by(strategy, scale_set, batch_size=size)
    assert [len(batch.instance_ids) for batch in plan.batches] == expected


# -- drawn evenly --------------------------------------------------------------------------------------------------


def drawn(scale_set: ScaleSet, size: int, letters: str) -> list[str]:
    """Return the batches of `strategy: batch`, each instance as the letter of its domain."""
    plan = rolled_by("batch", scale_set, batch_size=Share(size))
    return ["".join(sorted(letters[int(id_)] for id_ in batch.instance_ids)) for batch in plan.batches]


@pytest.mark.parametrize(
    ("letters", "size", "expected"),
    [
        pytest.param("000111222", 3, ["012", "012", "012"], id="equal"),
        pytest.param("012012012", 3, ["012", "012", "012"], id="whatever-the-ids"),
        pytest.param("000000111", 3, ["001", "001", "001"], id="two-to-one"),
        pytest.param("0000000012", 5, ["00001", "00002"], id="one-large-two-single"),
        pytest.param("000011", 2, ["00", "01", "01"], id="two-to-one-in-pairs"),
        pytest.param("0000011111", 4, ["0011", "0011", "01"], id="a-rest-at-the-end"),
    ],
)
def test_batches_are_drawn_evenly(letters: str, size: int, expected: list[str]) -> None:
    bare = "-" * len(letters)
    by_faults = fleet("0" * len(letters), nowhere=" ".join(map(str, range(len(letters)))))
    for number, letter in enumerate(letters):
        by_faults = changed(by_faults, str(number), fault_domain=int(letter))
    assert sorted(drawn(fleet(letters), size, letters)) == sorted(expected), "update domains"
    assert sorted(drawn(fleet(bare, zones=letters), size, letters)) == sorted(expected), "zones"
    assert sorted(drawn(by_faults, size, letters)) == sorted(expected), "fault domains, where nothing else is shown"
    grouped = fleet("0" * len(letters), groups=letters)
    assert sorted(drawn(grouped, size, letters)) == sorted(expected), "placement groups"


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        pytest.param({}, ["0 3", "6 1", "4 7", "2 5", "8"], id="at-first"),
        pytest.param({"new": "0 3"}, ["6 1", "4 7", "2 5", "8"], id="after-a-batch"),
        pytest.param({"new": "0 3 6 1 4 7"}, ["2 5", "8"], id="after-most"),
        pytest.param({"new": "0"}, ["3 6", "1 4", "7 2", "5 8"], id="after-half-a-batch-the-order-is-kept"),
        pytest.param({"stopped": "3"}, ["0 6", "1 4", "7 2", "5 8"], id="a-stopped-one-leaves-the-order"),
        pytest.param(
            {"unhealthy": "8 5"}, ["5 8", "0 3", "6 1", "4 7", "2"], id="unhealthy-ones-first-drawn-evenly-too"
        ),
    ],
)
def test_the_drawing_does_not_depend_on_what_is_done(then: dict[str, str], expected: list[str]) -> None:
    assert batches(rolled_by("batch", fleet("000111222", **then), batch_size=Share(2))) == expected


# -- canaries ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale_set", "policy", "expected", "canary"),
    [
        pytest.param(fleet("000111"), whole(canary=1), ["0", "1 2", "3 4 5"], 1, id="one-alone-first"),
        pytest.param(fleet("000111"), whole(canary=2), ["0 1", "2", "3 4 5"], 2, id="two"),
        pytest.param(fleet("000111"), whole(canary=3), ["0 1 2", "3 4 5"], 3, id="the-whole-domain"),
        pytest.param(fleet("000111"), whole(canary=9), ["0 1 2", "3 4 5"], 3, id="never-more-than-the-domain"),
        pytest.param(
            fleet("000111"), whole(canary=3, batch_size=Share(2)), ["0 1", "2", "3 4", "5"], 2, id="nor-than-a-batch"
        ),
        pytest.param(fleet("111000"), whole(canary=1), ["3", "4 5", "0 1 2"], 1, id="of-the-first-domain"),
        pytest.param(fleet("000111", unhealthy="2"), whole(canary=1), ["2", "0 1", "3 4 5"], 1, id="the-unhealthy-one"),
        pytest.param(fleet("000111", new="0"), whole(canary=1), ["1 2", "3 4 5"], 0, id="not-again"),
        pytest.param(fleet("000111", new="3"), whole(canary=1), ["0", "1 2", "4 5"], 1, id="one-elsewhere-is-none"),
        pytest.param(
            fleet("000111", stopped="0"),
            whole(canary=1, include_stopped=True),
            ["1", "2 0", "3 4 5"],
            1,
            id="who-runs",
        ),
        pytest.param(fleet("000111", new="0"), whole(canary=2), ["1", "2", "3 4 5"], 1, id="the-second-of-two"),
        pytest.param(fleet("000111", new="0 1 2"), whole(canary=5), ["3 4 5"], 0, id="the-first-domain-was-all"),
        pytest.param(fleet("00111", new="0 1"), whole(canary=5), ["2 3 4"], 0, id="a-small-first-domain-was-all"),
        pytest.param(
            fleet("000111", new="0", protected="1"),
            whole(canary=3),
            ["2", "3 4 5"],
            1,
            id="protected-ones-do-not-count",
        ),
        pytest.param(
            changed(fleet("000111", new="0"), "0", provisioning_state="Deleting"),
            whole(canary=1),
            ["1", "2", "3 4 5"],
            1,
            id="one-that-is-leaving-proves-nothing",
        ),
        pytest.param(
            fleet("000111", new="0"),
            whole(canary=1, selection=Selection(update_domains=(1,))),
            ["3", "4 5"],
            1,
            id="one-that-is-not-selected-proves-nothing",
        ),
        pytest.param(
            fleet("000111"),
            whole(canary=1, strategy=Strategy.BATCH, batch_size=Share(4)),
            ["0", "3 1 4 2", "5"],
            1,
            id="of-the-set-as-a-whole",
        ),
        pytest.param(
            fleet("------", zones="222111"),
            Policy(canary=1, batch_size=Share(3)),
            ["3", "4 5", "0 1 2"],
            1,
            id="of-the-first-zone",
        ),
        pytest.param(fleet("------"), Policy(canary=4), ["0", "1", "2", "3", "4", "5"], 1, id="a-fifth-of-the-set"),
        pytest.param(fleet("00", new="0 1"), whole(canary=1), [], 0, id="nothing-moves"),
        pytest.param(fleet(""), whole(canary=1), [], 0, id="empty-set"),
    ],
)
def test_canaries(scale_set: ScaleSet, policy: Policy, expected: list[str], canary: int) -> None:
    plan = plan_of(scale_set, policy=policy)
    assert batches(plan) == expected
    assert plan.canary == canary
    assert [batch.number for batch in plan.batches] == list(range(1, len(expected) + 1))


def test_a_failed_canary_that_vanished_is_replaced() -> None:
    policy = whole(canary=1)
    assert batches(plan_of(without(fleet("000111", new="0"), "0"), policy=policy)) == ["1", "2", "3 4 5"]


# -- stopping early ------------------------------------------------------------------------------------------------

FIVE_BY_TWO = fleet("0011223344")


@pytest.mark.parametrize(
    ("scale_set", "share", "stop_after", "due"),
    [
        pytest.param(FIVE_BY_TWO, None, None, "0 1|2 3|4 5|6 7|8 9", id="not-asked-for"),
        pytest.param(FIVE_BY_TWO, Share(1), 1, "0 1", id="one-batch"),
        pytest.param(FIVE_BY_TWO, Share(4), 4, "0 1|2 3|4 5|6 7", id="four-batches"),
        pytest.param(FIVE_BY_TWO, Share(5), None, "0 1|2 3|4 5|6 7|8 9", id="as-many-as-there-are"),
        pytest.param(FIVE_BY_TWO, Share(99), None, "0 1|2 3|4 5|6 7|8 9", id="beyond-the-end"),
        pytest.param(FIVE_BY_TWO, Share(20, True), 1, "0 1", id="a-fifth-is-one-batch"),
        pytest.param(FIVE_BY_TWO, Share(21, True), 2, "0 1|2 3", id="a-bit-more-is-another-batch"),
        pytest.param(FIVE_BY_TWO, Share(1, True), 1, "0 1", id="the-smallest-share-is-a-batch"),
        pytest.param(FIVE_BY_TWO, Share(100, True), None, "0 1|2 3|4 5|6 7|8 9", id="everything"),
        pytest.param(
            fleet("0011223344", new="0 1"), Share(20, True), 1, "2 3", id="what-an-earlier-run-did-does-not-count"
        ),
        pytest.param(
            fleet("0011223344", stopped="2 3 4 5 6 7 8 9"),
            Share(50, True),
            None,
            "0 1",
            id="of-the-set-not-of-who-moves",
        ),
        pytest.param(fleet("00", new="0 1"), Share(1), None, "", id="nothing-moves"),
        pytest.param(fleet("00", new="0 1"), Share(50, True), None, "", id="nothing-moves-by-percentage"),
    ],
)
def test_stop_after(scale_set: ScaleSet, share: Share | None, stop_after: int | None, due: str) -> None:
    plan = plan_of(scale_set, policy=Policy(stop_after=share))
    assert plan.stop_after == stop_after
    assert "|".join(" ".join(batch.instance_ids) for batch in plan.due_now) == due
    assert plan.largest_batch == max((len(batch.instance_ids) for batch in plan.due_now), default=0)


def test_a_canary_is_a_batch_for_stop_after() -> None:
    plan = plan_of(FIVE_BY_TWO, policy=Policy(canary=1, stop_after=Share(1)))
    assert [batch.instance_ids for batch in plan.due_now] == [("0",)]
    assert plan.largest_batch == 1
    assert plan.reaches == NEW
