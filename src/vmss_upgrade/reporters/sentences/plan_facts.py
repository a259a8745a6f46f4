"""A plan in words: its facts, its batches, its blast radius."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from vmss_upgrade.reporters.heatmap import domain_labels
from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.planning.availability import expected_healthy, floor, stopped_ids
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan, Skipped
from vmss_upgrade.rollout.policy import OnFailure, Policy
from vmss_upgrade.rollout.scale_set import DomainKind, Instance, ScaleSet
from vmss_upgrade.rollout.wording import duration, listed
from vmss_upgrade.rollout.zero_downtime.drain import WRITES_PER_MINUTE, Drain, least_seconds
from vmss_upgrade.rollout.zero_downtime.hooks import Hooks, Phase
from vmss_upgrade.rollout.zero_downtime.probes import Probes, without_query

_DISKS = "every upgraded instance gets a new OS disk; data disks stay"
_DISKS_OF_NEW = "new instances take the places of the old ones, which are deleted with their disks (maxSurge)"


def blast_radius(report: Report) -> str:
    """Return how many instances are away at once, and what that does to their connections; empty without a plan."""
    if report.plan is None or report.model is None:
        return ""
    if report.plan.rolls is not None and report.plan.instance_ids:
        return "Azure makes the batches, and decides how many instances are away at once."
    if not report.plan.batches:
        return "No instance is upgraded."
    now = ScaleSet(model=report.model, instances=report.before)
    lowest = min(expected_healthy(now, report.plan.due_now, report.plan.surge))
    state = "healthy" if report.model.health_signal.proves_health else "running"
    largest = report.plan.largest_batch
    away = (
        f"At most {largest} of {count(len(report.before), 'instance')} {'is' if largest == 1 else 'are'} away at once"
    )
    drained = report.policy is not None and report.policy.drain is not None
    when = "that it was not drained of are cut when its upgrade starts" if drained else "are cut when it starts"
    connections = f"open connections to the instances of a batch {when}"
    return f"{away}, and the smallest {state} count expected is {lowest}; {connections}."


def plan_facts(report: Report) -> list[tuple[str, str]]:
    """Return the plan as names and values; nothing without a plan."""
    plan, policy, model, command = report.plan, report.policy, report.model, report.command
    if plan is None or policy is None or model is None:
        return []
    image = "that image" if plan.is_rollback else "the target image"
    holds = f"holds {image} already" if command is not Command.UPGRADE_INSTANCES else "stays as it stands"
    facts = [
        ("Scale set", f"{model.name} (resource group {model.resource_group}, {model.location})"),
        *_images(plan),
        ("Model", f"gets {image} first" if plan.update_model else holds),
    ]
    if model.is_flexible and model.time:
        facts.append(("Model's time", model.time))
    if command is not Command.UPDATE_MODEL:
        facts.append(("To return" if plan.is_rollback else "To upgrade", _size(plan)))
    if plan.rolls is not None:
        facts += [
            ("Strategy", f"native: Azure makes the batches, by the policy of the set ({plan.rolls})"),
            ("Health signal", model.health_signal.value),
            ("Bake time", f"{duration(policy.bake_time_for(model.health_signal))}, once, after the last batch"),
        ]
    if plan.batches:
        facts += [
            ("Strategy", _strategy(plan)),
            ("Min healthy", _floor_in_words(plan, policy, model, report.before)),
            ("Health signal", model.health_signal.value),
            ("Bake time", _bake_in_words(policy, model)),
        ]
    if policy.drain and plan.batches:
        facts.append(("Draining", _drain_in_words(policy.drain, plan.largest_batch)))
    if plan.surge:
        facts.append(("Surge", surge_in_words(plan)))
    if policy.not_after and plan.batches and not plan.is_rollback:
        facts.append(("Not after", f"{policy.not_after.text} ({policy.not_after.utc}): no batch that would end later"))
    if policy.hooks and plan.batches:
        facts.append(("Hooks", _hooks_in_words(policy.hooks)))
    if policy.probes:
        facts.append(("Probes", _probes_in_words(policy.probes, may_halt=not plan.is_rollback)))
    moves = bool(plan.batches or plan.by_azure)
    if policy.on_failure.goes_back and moves and not plan.is_rollback:
        is_rollback = policy.on_failure is OnFailure.ROLLBACK
        then = "every instance that moved returns to it" if is_rollback else "no instance is touched"
        facts.append(("On failure", f"{plan.leaves} is put back into the model, and {then}"))
    if moves:
        facts.append(("Disks", _DISKS_OF_NEW if plan.rolls and plan.rolls.surges else _DISKS))
    facts += _not_touched(plan)
    if plan.skipped:
        groups = skipped_by_reason(plan.skipped).items()
        facts.append(("Skipped", "; ".join(f"{len(ids)} {reason} ({listed(ids)})" for reason, ids in groups)))
    if command is Command.PLAN and report.planned is not None:
        facts.append(("Plan hash", report.planned.hash))
    return facts


def _hooks_in_words(hooks: Hooks) -> str:
    """Return which hooks there are, and at which hosts."""
    called = (f"`{p.input}` at {hooks.address(p).split('/')[2]}" for p in Phase if hooks.address(p))
    return f"{' and '.join(called)}, at most {duration(hooks.timeout)} each"


def _images(plan: RolloutPlan) -> list[tuple[str, str]]:
    """Return both images by their names; nothing of an image that no instance runs."""
    left, reached = ("Leaves", "Returns to") if plan.is_rollback else ("Previous image", "Target image")
    return [*([(left, str(plan.leaves))] if plan.leaves else []), (reached, str(plan.reaches))]


def rollback_facts(plan: RolloutPlan, because: str) -> list[tuple[str, str]]:
    """Return a rollback that follows a failed rollout as names and values."""
    model = "gets the previous image back first" if plan.update_model else "holds the previous image already"
    ways = [("Because", because), *_images(plan), ("Model", model), ("To return", _size(plan))]
    return [*ways, *_not_touched(plan)]


def surge_in_words(plan: RolloutPlan) -> str:
    """Return what `surge` does before the first batch, and at the end."""
    new = count(plan.surge, "new instance")
    them = "it is" if plan.surge == 1 else "they are"
    return f"{new} on the target image first; once every batch has passed, {them} deleted"


def _size(plan: RolloutPlan) -> str:
    batches = f" in {count(len(plan.batches), 'batch')}" if plan.batches else ""
    return f"{count(len(plan.instance_ids), 'instance') if plan.instance_ids else 'no instance'}{batches}"


def _not_touched(plan: RolloutPlan) -> list[tuple[str, str]]:
    left = plan.untouched
    return [("Not touched", f"{count(len(left), 'instance')} ({listed(left)})")] if left else []


def _strategy(plan: RolloutPlan) -> str:
    domain = plan.grouping.value
    batches = "batches across the set" if plan.grouping is DomainKind.SET else f"{domain} by {domain}"
    parts = [batches, f"at most {count(plan.largest_batch, 'instance')} at once"]
    if plan.canary:
        parts.append(f"{count(plan.canary, 'canary')} first")
    if plan.stop_after is not None:
        parts.append(f"this run stops after {count(plan.stop_after, 'batch')}")
    return ", ".join(parts)


def _floor_in_words(plan: RolloutPlan, policy: Policy, model: Model, instances: tuple[Instance, ...]) -> str:
    """Return the floor, and how far above it the plan stays."""
    if policy.allow_downtime:
        return "none: downtime is allowed"
    share = f" ({policy.min_healthy} of those that run)" if policy.min_healthy.is_percentage else ""
    least = floor(instances, policy, stopped_ids(instances))
    now = ScaleSet(model=model, instances=instances)
    lowest = min(expected_healthy(now, plan.due_now, plan.surge), default=least)
    spare = f"; the plan stays {lowest - least} above it" if lowest > least else ""
    return f"{least}{share}{spare}"


def _drain_in_words(drain: Drain, size: int) -> str:
    """Return what draining a batch takes, at least and at most."""
    least = least_seconds(size)
    text = f"`drain-command` runs in each instance before its batch, for at most {duration(drain.timeout)}"
    if not least:
        return text
    slow = f"draining {count(size, 'instance')} takes at least {duration(least)}"
    return f"{text}; {slow}, because Azure allows {WRITES_PER_MINUTE:.0f} such writes a minute"


def _bake_in_words(policy: Policy, model: Model) -> str:
    """Return how long a batch is watched, which is also how late an instance may fail and be noticed."""
    bake = duration(policy.bake_time_for(model.health_signal))
    if not policy.bake_time_for(model.health_signal):
        return f"{bake}: one healthy look lets a batch pass"
    return f"{bake}: an instance that fails later than that is noticed only between batches"


def _probes_in_words(probes: Probes, *, may_halt: bool) -> str:
    halts = f"{probes.max_failures} failures in a row halt the rollout" if may_halt else "failures are counted only"
    return f"{listed(map(without_query, probes.addresses))}, about every second; {halts}"


def skipped_by_reason(skipped: Iterable[Skipped]) -> dict[str, list[str]]:
    """Group the ids of skipped instances by the reason, in the order of its first appearance."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for each in skipped:
        by_reason[each.reason.value].append(each.instance_id)
    return by_reason


def batch_title(batch: Batch, instances: tuple[Instance, ...]) -> str:
    """Return the label of a batch's domain."""
    if batch.domain.kind is DomainKind.SET:
        return "across the set"
    labels = domain_labels(instances, batch.domain.kind)
    return labels.get(batch.domain, f"{batch.domain.kind.value} {batch.domain.number}")
