"""The selection: which instances a run may touch, as the workflow named them."""

from __future__ import annotations

from vmss_upgrade.rollout.policy import Selection
from vmss_upgrade.rollout.scale_set import Instance, ScaleSet
from vmss_upgrade.rollout.wording import in_natural_order


def is_selected(instance: Instance, selection: Selection) -> bool:
    """Return whether the instance fits every list that is not empty. Ids and zones compare without regard to case."""
    return all(
        not wanted or value in wanted
        for wanted, value in (
            (selection.update_domains, instance.update_domain),
            (selection.fault_domains, instance.fault_domain),
            (_lower(selection.zones), instance.zone.lower()),
            (_lower(selection.instance_ids), instance.id.lower()),
        )
    )


def is_named(instance: Instance, selection: Selection) -> bool:
    """Return whether `instance-ids` names the instance."""
    return instance.id.lower() in _lower(selection.instance_ids)


def unknown_names(scale_set: ScaleSet, selection: Selection) -> list[tuple[str, list[str], list[str]]]:
    """Return what was selected that the scale set does not have: (input, names that are not there, names that are)."""
    instances = scale_set.instances
    update_domains = {i.update_domain for i in instances if i.update_domain is not None}
    fault_domains = {i.fault_domain for i in instances if i.fault_domain is not None}
    looked_for = (
        ("update-domains", map(str, selection.update_domains), map(str, update_domains)),
        ("fault-domains", map(str, selection.fault_domains), map(str, fault_domains)),
        ("zones", selection.zones, {i.zone for i in instances if i.zone}),
        ("instance-ids", selection.instance_ids, {i.id for i in instances}),
    )
    unknown = []
    for name, wanted, there in looked_for:
        present = sorted(there, key=in_natural_order)
        known = _lower(tuple(present))
        missing = [value for value in wanted if value.lower() not in known]
        if missing:
            unknown.append((name, missing, present))
    return unknown


def _lower(values: tuple[str, ...]) -> frozenset[str]:
    return frozenset(value.lower() for value in values)
