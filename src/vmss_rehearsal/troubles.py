"""The troubles of a rehearsal: what goes wrong, and where, in the words of a scenario file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from azure_simulator import PAGE, Scenario
from vmss_upgrade.rollout.history.report import Report

Json = dict[str, Any]
_MOST_NEW = 5  # instances that a scale-out adds


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What goes wrong. `cut_after`: the job ends after so many seconds, and runs again. `why_not`: it cannot happen."""

    name: str
    words: str
    faults: tuple[Json, ...] = ()
    cut_after: float = 0.0
    why_not: str = ""


def troubles_of(scenario: Scenario, undisturbed: Report) -> list[Trouble]:
    """Return every trouble, by the rollout without any; none if it upgraded nothing."""
    played = sum(not record.is_back for record in undisturbed.batches)  # stop-after and not-after leave others out
    planned = undisturbed.plan.batches[:played] if undisturbed.plan else ()
    batches = [batch.instance_ids for batch in planned] or _batches_of_azure(scenario, undisturbed)
    if not batches:
        return []
    middle = batches[len(batches) // 2]
    halfway = {"after_upgrade": max(1, (len(batches) + 1) // 2), "delay": 5}
    if not planned:  # Azure makes the batches, and no request of ours begins one
        halfway = {"at": round(undisturbed.duration / 2)}
    return [
        _fails("first", "an instance fails in the first batch (the canary)", batches[0][0]),
        _fails("last", "an instance fails in the last batch", batches[-1][-1]),
        Trouble(
            name="unhealthy",
            words="an instance in the middle never gets healthy",
            faults=({"kind": "comes-up-unhealthy", "instance": middle[0]},),
        ),
        _throttled(scenario),
        _scale_out(scenario, halfway),
        Trouble(
            name="scale-in",
            words="autoscale deletes an instance in the middle",
            faults=({"kind": "scale-in", **halfway},),
        ),
        Trouble(name="cut", words="the job is cut off halfway, and run again", cut_after=undisturbed.duration / 2),
        _domain_lost(scenario, halfway),
    ]


def _batches_of_azure(scenario: Scenario, undisturbed: Report) -> list[tuple[str, ...]]:
    """Return the batches that Azure made; with maxSurge equal parts of the instances, whose places new ones take."""
    there = [each.instance_id for each in scenario.scale_set.instances]
    made = [record.batch.instance_ids for record in undisturbed.batches]
    if all(id_ in there for batch in made for id_ in batch):
        return made
    size = -(-len(there) // len(made))
    return [tuple(there[first : first + size]) for first in range(0, len(there), size)]


def _fails(name: str, words: str, instance: str) -> Trouble:
    message = "The VM did not start in the allotted time (rehearsed)."
    fault = {"kind": "provisioning-failure", "instance": instance, "code": "OSProvisioningTimedOut", "message": message}
    return Trouble(name=f"{name}-fails", words=words, faults=(fault,))


def _throttled(scenario: Scenario) -> Trouble:
    """Refuse one list of instances in three, by one of its pages, and two upgrades, as if others spent the quota."""
    pages = -(-len(scenario.scale_set.instances) // PAGE)
    lists = {"kind": "http", "method": "GET", "path": "/virtualMachines$", "nth": 2, "every": 3 * pages, "count": 1000}
    upgrades = {"kind": "http", "method": "POST", "path": "/manualupgrade$", "nth": 1, "count": 2}
    faults = ({**lists, "status": 429, "retry_after": 60}, {**upgrades, "status": 429, "retry_after": 120})
    return Trouble(name="throttled", words="others spend most of Azure's throttle", faults=faults)


def _scale_out(scenario: Scenario, halfway: Json) -> Trouble:
    """Add a tenth of the instances, spread over the update domains that the set shows."""
    described = scenario.scale_set.instances
    numbers = [each.instance_id for each in described]
    first = _next_id(numbers)
    domains = sorted({each.update_domain for each in described if each.update_domain is not None})
    zones = Counter(each.zone for each in described if each.zone)
    fault: Json = {
        "kind": "scale-out",
        **halfway,
        "instance": first,
        "every": 5,
        "count": max(1, min(_MOST_NEW, len(described) // 10)),
        "creating_seconds": 60,
        "healthy_after_seconds": 30,
        "update_domains": domains,
    }
    if zones:
        fault["zone"] = min(zones, key=lambda zone: (zones[zone], zone))
    return Trouble(name="scale-out", words="autoscale adds instances in the middle", faults=(fault,))


def _next_id(ids: list[str]) -> str:
    """Return an id that no instance has, and from which others can be counted up."""
    if all(each.isdecimal() for each in ids):
        return str(max(map(int, ids)) + 1)
    return "rehearsed_0"


def _domain_lost(scenario: Scenario, halfway: Json) -> Trouble:
    """Stop every instance of the largest fault domain; of a set that shows none, of the largest zone."""
    described = scenario.scale_set.instances
    words = "all instances of a {} are evicted in the middle"
    for kind, found in (
        ("fault domain", {each.instance_id: each.fault_domain for each in described}),
        ("zone", {each.instance_id: each.zone for each in described}),
    ):
        sizes = Counter(value for value in found.values() if value is not None)
        if len(sizes) > 1:
            lost = sizes.most_common(1)[0][0]
            ids = [id_ for id_, value in found.items() if value == lost]
            faults = tuple({"kind": "stop", **halfway, "instance": id_} for id_ in ids)
            return Trouble(name="domain-lost", words=words.format(kind), faults=faults)
    why_not = "the scale set shows fewer than two fault domains and zones"
    return Trouble(name="domain-lost", words=words.format("fault domain"), why_not=why_not)
