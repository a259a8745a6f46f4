"""The floor: when the looks of a run show that fewer instances were healthy than had to be."""

from __future__ import annotations

import pytest

from builders import NEW, changed, fleet, instance, whole, without
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.policy import Policy, Share
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, Health, ScaleSet
from vmss_upgrade.rollout.zero_downtime.proof import FloorBook, Undercut

FLEET = fleet("0011223344")  # 10 instances, so that the floor is 5
AWAY = Batch(1, Domain(kind=DomainKind.SET), ("0", "1"))
FOUR_DOWN = changed(FLEET, "4 5 6 7", health=Health.UNHEALTHY)  # 4 healthy outside the batch
THREE_DOWN = changed(FLEET, "4 5 6", health=Health.UNHEALTHY)
FIVE_DOWN = changed(FLEET, "4 5 6 7 8", health=Health.UNHEALTHY)
BACK = changed(FOUR_DOWN, "0", image=NEW)


def grown(by: int, health: Health) -> ScaleSet:
    """Return the fleet with more instances."""
    new = tuple(instance(str(100 + number), image=NEW, health=health) for number in range(by))
    return ScaleSet(model=FLEET.model, instances=(*FLEET.instances, *new))


def book_of(*looks: tuple[ScaleSet, Batch | None], policy: Policy | None = None) -> FloorBook:
    book = FloorBook(before=FLEET, policy=policy or whole())
    for number, (seen, batch) in enumerate(looks):
        book = book.after(seen, batch, NEW, at=10.0 * number)
    return book


def found(healthy: int, at: float, least: int = 5) -> Undercut:
    return Undercut(healthy=healthy, floor=least, at=at, batch=1)


COUNT = whole(min_healthy=Share(8))
TWO_DOWN = changed(FLEET, "8 9", health=Health.UNHEALTHY)
SMALLER = changed(without(FLEET, "7 8 9"), "6", health=Health.UNHEALTHY)
# name -> (looks, policy, what is found)
LOOKS = {
    "never": ([(FLEET, None), (FLEET, AWAY), (FLEET, AWAY)], whole(), None),
    "at-the-floor": ([(THREE_DOWN, AWAY)] * 3, whole(), None),
    "twice": ([(FOUR_DOWN, AWAY)] * 2, whole(), found(4, 0.0)),
    "one-look-is-not-the-truth": ([(FOUR_DOWN, AWAY), (FLEET, AWAY), (FOUR_DOWN, AWAY)], whole(), None),
    "no-batch-is-away": ([(FIVE_DOWN, None)] * 3, whole(), None),
    "the-batch-ended-in-between": ([(FOUR_DOWN, AWAY), (FOUR_DOWN, None), (FOUR_DOWN, AWAY)], whole(), None),
    "the-batch-is-back": ([(BACK, AWAY)] * 2, whole(), None),
    "what-both-looks-show": ([(FOUR_DOWN, AWAY), (FIVE_DOWN, AWAY)], whole(), found(4, 0.0)),
    "the-worst-stays": (
        [(FOUR_DOWN, AWAY), (FIVE_DOWN, AWAY), (FIVE_DOWN, AWAY), (FLEET, None)], whole(), found(3, 10.0),
    ),
    "downtime-is-allowed": ([(FIVE_DOWN, AWAY)] * 2, whole(allow_downtime=True), None),
    "nothing-has-to-be-healthy": (
        [(changed(FLEET, "2 3 4 5 6 7 8 9", health=Health.UNHEALTHY), AWAY)] * 2, whole(allow_downtime=True), None,
    ),
    "by-a-count": ([(changed(FLEET, "9", health=Health.UNHEALTHY), AWAY)] * 2, COUNT, found(7, 0.0, 8)),
    "others-scale-in": ([(without(FLEET, "7 8 9"), AWAY)] * 2, COUNT, None),
    "others-scale-in-and-one-fails": ([(SMALLER, AWAY)] * 2, COUNT, found(4, 0.0, 5)),
    "the-furthest-below-its-floor": (
        [(TWO_DOWN, AWAY), (TWO_DOWN, AWAY), (SMALLER, AWAY), (SMALLER, AWAY)], COUNT, found(6, 0.0, 8),
    ),
    "others-scale-in-a-share": ([(without(FLEET, "4 5 6 7 8 9"), AWAY)] * 2, whole(), None),
    "others-scale-out": ([(grown(20, Health.NO_SIGNAL), AWAY)] * 2, whole(), None),
    "new-ones-count-once-healthy": ([(grown(20, Health.HEALTHY), AWAY)] * 2, whole(), None),
}  # fmt: skip


@pytest.mark.parametrize(("looks", "policy", "undercut"), LOOKS.values(), ids=LOOKS)
def test_two_looks_in_a_row_are_believed(
    looks: list[tuple[ScaleSet, Batch | None]], policy: Policy, undercut: Undercut | None
) -> None:
    assert book_of(*looks, policy=policy).undercut == undercut


def test_a_drained_instance_counts_for_nothing_although_it_shows_the_target() -> None:
    book = FloorBook(before=FLEET, policy=whole())
    for at in (0.0, 10.0):
        book = book.after(BACK, AWAY, NEW, at, drained=("0",))
    assert book.undercut == found(4, 0.0)


@pytest.mark.parametrize(
    ("seen", "undercut"),
    [
        pytest.param(
            changed(FLEET, "9", health=Health.UNHEALTHY),
            Undercut(healthy=7, floor=8, at=0.0, batch=1, asked_by="surge"),
            id="fewer",
        ),
        pytest.param(without(FLEET, "8 9"), None, id="others-scale-in"),
        pytest.param(
            changed(without(FLEET, "8 9"), "7", health=Health.UNHEALTHY),
            Undercut(healthy=5, floor=6, at=0.0, batch=1, asked_by="surge"),
            id="others-scale-in-and-one-fails",
        ),
    ],
)
def test_a_surge_keeps_more_healthy_than_the_inputs_ask_for(seen: ScaleSet, undercut: Undercut | None) -> None:
    book = FloorBook(before=FLEET, policy=whole(), least=8)
    for at in (0.0, 10.0):
        book = book.after(seen, AWAY, NEW, at)
    assert book.undercut == undercut
