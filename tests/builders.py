"""Builders that keep a case of a table to one line: scale sets, instances, gates and whole runs.

`fleet("001122")` is a scale set of six instances; the digit at position i is the update domain of instance i. By
default every instance is healthy, running and on the old image. The keywords of `fleet` name the exceptions, as ids
separated by spaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import settings

from vmss_upgrade.rollout.failures import Failure, Problem
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history.events import (
    BatchFailed,
    BatchPassed,
    BatchStarted,
    Event,
    ModelUpdated,
    ModelUpdateStarted,
    RolloutFinished,
    RolloutPlanned,
    ScaleSetRead,
    UpgradeAccepted,
    UpgradeEnded,
)
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.model import HealthSignal, Model, Provisioning, ProvisioningState
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.planner import plan_rollout
from vmss_upgrade.rollout.policy import Policy, Strategy
from vmss_upgrade.rollout.scale_set import DomainKind, Health, Instance, Power, ScaleSet

# Properties draw the same examples on every machine, however slow it is.
STEADY = settings(derandomize=True, deadline=None, database=None)

SUBSCRIPTION = "00000000-1111-2222-3333-444444444444"
GALLERY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/images/providers/Microsoft.Compute/galleries/g/images/web"


def platform(version: str, sku: str = "22_04-lts", offer: str = "jammy", publisher: str = "Canonical") -> Image:
    """Return a platform image."""
    return Image(kind=ImageKind.PLATFORM, publisher=publisher, offer=offer, sku=sku, version=version)


def resource(reference: str) -> Image:
    """Return a managed image, or a version of a gallery image."""
    return Image(kind=ImageKind.RESOURCE, reference=reference)


def vhd(uri: str) -> Image:
    """Return a custom VHD."""
    return Image(kind=ImageKind.VHD, reference=uri)


OLD = platform("1.0.0")
NEW = platform("2.0.0")
BROKEN = Problem("OSProvisioningTimedOut", "OS provisioning did not finish.")


def model(**fields: Any) -> Model:
    """Return the model of a Uniform scale set in mode Manual, with a health probe and the old image."""
    resource_id = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/web"
    )
    usual: dict[str, Any] = {
        "id": resource_id,
        "name": "web",
        "resource_group": "rg",
        "subscription": SUBSCRIPTION,
        "location": "westeurope",
        "image": OLD,
        "etag": '"1"',
        "provisioning_state": "Succeeded",
        "upgrade_mode": "Manual",
        "health_signal": HealthSignal.PROBE,
        "fingerprint": "f",
    }
    return Model(**_in_nouns({**usual, **fields}))


def instance(instance_id: str = "0", **fields: Any) -> Instance:
    """Return a healthy, running, current instance on the old image, in update and fault domain 0."""
    usual: dict[str, Any] = {
        "id": instance_id,
        "image": OLD,
        "latest_model_applied": True,
        "provisioning_state": "Succeeded",
        "power": Power.RUNNING,
        "health": Health.HEALTHY,
        "update_domain": 0,
        "fault_domain": 0,
    }
    return Instance(**_in_nouns({**usual, **fields}))


def provisioning(word: str) -> Provisioning:
    """Return the provisioning state for Azure's word."""
    state = next((each for each in ProvisioningState if each.value == word.lower()), ProvisioningState.OTHER)
    return Provisioning(state, word)


def _in_nouns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Replace Azure's word for a provisioning state by the noun, in the fields of a model or an instance."""
    nouns = dict(fields)
    if "provisioning_state" in nouns:
        nouns["provisioning"] = provisioning(nouns.pop("provisioning_state"))
    return nouns


def whole(**fields: Any) -> Policy:
    """Return a policy that takes whole update domains, unless the fields say otherwise."""
    return Policy(**{"strategy": Strategy.UPDATE_DOMAIN, **fields})


def fleet(
    domains: str,
    *,
    new: str = "",
    unhealthy: str = "",
    silent: str = "",
    protected: str = "",
    stopped: str = "",
    deallocated: str = "",
    updating: str = "",
    broken: str = "",
    nowhere: str = "",
    behind: str = "",
    individual: str = "",
    zones: str = "",
    groups: str = "",
    target: Image = NEW,
    old: Image | None = OLD,
    **model_fields: Any,
) -> ScaleSet:
    """Return a scale set. `zones` and `groups` have a character per instance, like `domains`; the other keywords take
    ids.

    In `domains`, `-` is an instance that shows neither update nor fault domain, as in zonal and Flexible sets.

    `new`: on `target`. `silent`: reports no health. `updating`: Updating. `broken`: provisioning failed. `nowhere`:
    shows no update domain. `behind`: latestModelApplied is false. `individual`: changed individually.
    """

    def fields(number: int) -> dict[str, Any]:
        name = str(number)
        changes: dict[str, Any] = {
            "image": old,
            "update_domain": int(domains[number]) if domains[number].isdecimal() else None,
            "fault_domain": number % 5 if domains[number].isdecimal() else None,
            "zone": zones[number].strip() if zones else "",
            "placement_group": groups[number].strip() if groups else "",
        }
        for names, change in (
            (new, {"image": target}),
            (unhealthy, {"health": Health.UNHEALTHY}),
            (silent, {"health": Health.NO_SIGNAL}),
            (protected, {"protected": True}),
            (stopped, {"power": Power.STOPPED, "health": Health.NO_SIGNAL}),
            (deallocated, {"power": Power.DEALLOCATED, "health": Health.NO_SIGNAL}),
            (updating, {"provisioning_state": "Updating"}),
            (broken, {"provisioning_state": "Failed", "problems": (BROKEN,)}),
            (nowhere, {"update_domain": None}),
            (behind, {"latest_model_applied": False}),
            (individual, {"changed_individually": True, "latest_model_applied": False}),
        ):
            if name in names.split():
                changes |= change
        return changes

    return ScaleSet(
        model=model(**model_fields),
        instances=tuple(instance(str(number), **fields(number)) for number in range(len(domains))),
    )


def changed(scale_set: ScaleSet, ids: str | Iterable[str], **fields: Any) -> ScaleSet:
    """Return the scale set with these fields changed in the instances with these ids."""
    names = ids.split() if isinstance(ids, str) else list(ids)
    fields = _in_nouns(fields)
    return replace(
        scale_set, instances=tuple(replace(i, **fields) if i.id in names else i for i in scale_set.instances)
    )


def without(scale_set: ScaleSet, ids: str) -> ScaleSet:
    """Return the scale set after these instances were deleted."""
    return replace(scale_set, instances=tuple(i for i in scale_set.instances if i.id not in ids.split()))


def by_id(*instances: Instance) -> Mapping[str, Instance]:
    """Map each instance's id to the instance."""
    return {one.id: one for one in instances}


def goal_to(target: Image, scale_set: ScaleSet) -> Goal:
    """Return the goal of a rollout of `target`."""
    return Goal(image=target, in_model=scale_set.model.image.same_as(target))


def plan_of(scale_set: ScaleSet, target: Image = NEW, policy: Policy | None = None) -> RolloutPlan:
    """Plan a rollout of `target`, by whole update domains if the scale set shows them."""
    usual = whole() if scale_set.shows(DomainKind.UPDATE) else Policy()
    return plan_rollout(scale_set, goal_to(target, scale_set), policy or usual)


def run_of(
    scale_set: ScaleSet,
    *,
    target: Image = NEW,
    policy: Policy | None = None,
    failures: tuple[Failure, ...] = (),
    ending: Ending | None = None,
    batches: int | None = None,
) -> list[Event]:
    """Return the events of a run: every batch takes 100 s and passes, until the first one with a failed instance.

    `batches` ends the run after that many batches, and `ending` is the reason.
    """
    policy = policy or (whole() if scale_set.shows(DomainKind.UPDATE) else Policy())
    plan = plan_of(scale_set, target, policy)
    failed = {failure.instance_id for failure in failures}
    events: list[Event] = [
        ScaleSetRead(at=0.0, model=scale_set.model),
        RolloutPlanned(at=1.0, plan=plan, scale_set=scale_set, policy=policy),
    ]
    if plan.update_model:
        events += [ModelUpdateStarted(at=2.0, target=target), ModelUpdated(at=10.0, target=target, seconds=8.0)]
    at, seen = 10.0, scale_set
    for batch in plan.batches[:batches]:
        events.append(BatchStarted(at=at, batch=batch, of=len(plan.batches)))
        events.append(UpgradeAccepted(at=at, batch=batch))
        events.append(UpgradeEnded(at=at, batch=batch))
        at += 100.0
        good = [id_ for id_ in batch.instance_ids if id_ not in failed]
        seen = changed(seen, good, image=target, health=Health.HEALTHY)
        if len(good) < len(batch.instance_ids):
            here = tuple(failure for failure in failures if failure.instance_id in batch.instance_ids)
            events.append(BatchFailed(at=at, batch=batch, failures=here, instances=seen.instances))
            ending = ending or Ending(
                outcome=Outcome.HALTED,
                reason=f"batch {batch.number} has an instance error.",
                remedy="See what failed.",
                failures=here,
            )
            break
        events.append(BatchPassed(at=at, batch=batch, instances=seen.instances))
    return [*events, RolloutFinished(at=at, ending=ending or Ending(outcome=Outcome.SUCCEEDED, reason="All done."))]


def report_of(events: Iterable[Event]) -> Report:
    """Return the report of a whole run."""
    report = Report()
    for event in events:
        report.add(event)
    return report
