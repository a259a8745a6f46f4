"""The domains by which a scale set is rolled, and the order of its instances.

Source: update and fault domain numbers mean something inside one placement group, and one zone, only ("Working with
large Virtual Machine Scale Sets"); zonal and Flexible sets show no update domain (wire facts, sections 4 and 12).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction

from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.policy import Strategy
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, Instance, ScaleSet
from vmss_upgrade.rollout.wording import in_natural_order, listed

_KINDS = {
    Strategy.UPDATE_DOMAIN: DomainKind.UPDATE,
    Strategy.FAULT_DOMAIN: DomainKind.FAULT,
    Strategy.ZONE: DomainKind.ZONE,
    Strategy.BATCH: DomainKind.SET,
}
_SHOWN_BY = {
    DomainKind.UPDATE: "Update domains are shown by regional Uniform scale sets with more than one fault domain.",
    DomainKind.FAULT: "Fault domains are shown by regional scale sets with more than one of them.",
    DomainKind.ZONE: "Zones are shown by scale sets that were created with `zones`.",
}


def grouping_of(scale_set: ScaleSet, strategy: Strategy) -> DomainKind:
    """Return the kind of domain that batches are made of; AUTO: the finest that the set shows, else the set as a whole.

    Raises PlanRefused if the strategy asks for domains of which the set shows none.
    """
    if strategy in (Strategy.AUTO, Strategy.NATIVE):
        return finest_shown(scale_set.instances)
    kind = _KINDS[strategy]
    if scale_set.instances and not scale_set.shows(kind):
        article = "an" if kind is DomainKind.UPDATE else "a"
        raise PlanRefused(
            f"No instance shows {article} {kind.value}, so `strategy: {strategy.value}` has nothing to go by. "
            f"{_SHOWN_BY[kind]}",
            f"Leave `strategy` out (it would go by {_in_words(finest_shown(scale_set.instances))}), or use "
            "`strategy: batch`.",
        )
    return kind


def finest_shown(instances: Collection[Instance]) -> DomainKind:
    """Return update domains if any instance shows one, else zones, else the set as a whole."""

    def is_shown(kind: DomainKind) -> bool:
        return any(instance.domain(kind) is not None for instance in instances)

    return next(filter(is_shown, (DomainKind.UPDATE, DomainKind.ZONE)), DomainKind.SET)


def place_of(instance: Instance, grouping: DomainKind) -> Domain:
    """Return the instance's domain. Raises PlanRefused if Azure shows none in a set that has them."""
    check_places([instance], grouping)
    return instance.domain(grouping) or Domain(kind=grouping)


def check_places(instances: Iterable[Instance], grouping: DomainKind) -> None:
    """Raise PlanRefused if instances show no domain in a set that has them; all of them are named."""
    missing = [instance for instance in instances if instance.domain(grouping) is None]
    if not missing:
        return
    ids, several = listed(i.id for i in missing), len(missing) > 1
    who, have = (f"Instances {ids} show", "have no places") if several else (f"Instance {ids} shows", "has no place")
    they, leave = ("they", "the instances") if several else ("it", "the instance")
    without_view = listed(i.id for i in missing if not i.shows_view)
    cause = f" Azure shows no instance view of {without_view}, where it would stand." if without_view else ""
    raise PlanRefused(
        f"{who} no {grouping.value}, although others do, so that {they} {have} in the order.{cause}",
        f"Use `strategy: batch`, or leave {leave} out by `instance-ids`. {_SHOWN_BY[grouping]}",
    )


def drawn_evenly(scale_set: ScaleSet) -> dict[str, Fraction]:
    """Return each instance's relative position in its own domain, so that sorting by it draws evenly from all domains.

    All instances are counted, whatever became of them, so that a later plan keeps the order of an earlier one.
    """
    kinds = (DomainKind.UPDATE, DomainKind.ZONE, DomainKind.FAULT)
    kind = next(filter(scale_set.shows, kinds), DomainKind.SET)
    members: dict[Domain | None, list[str]] = {}
    for instance in sorted(scale_set.instances, key=lambda i: in_natural_order(i.id)):
        members.setdefault(instance.domain(kind), []).append(instance.id)
    return {id_: Fraction(2 * rank + 1, len(ids)) for ids in members.values() for rank, id_ in enumerate(ids)}


def _in_words(kind: DomainKind) -> str:
    return "the set as a whole, in batches" if kind is DomainKind.SET else f"{kind.value}s"
