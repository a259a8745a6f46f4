"""Checks of what a run may write, and when, judged by the real state of Azure at each request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sweeps.seeds.asked import at_least, is_off, seconds
from sweeps.seeds.truth import State, Truth, Upgrade, body_of, leaves, named_in

ALLOWED = ("properties", "virtualMachineProfile", "storageProfile", "imageReference")
# Seconds that a write may take: it may need a token first, which has its own retries.
ON_ITS_WAY = 60.0
INSTANCES = ("upgrade", "upgrade-instances", "rollback")  # the operations that write them


def away(truth: Truth) -> Iterator[str]:
    """Check that this run never has more instances away than batch-size, or a whole update domain, allows."""
    for upgrade in truth.upgrades:
        gone = set(upgrade.ids) | set(_away(truth, upgrade))
        largest = max(truth.asked.largest_batch(list(truth.shown(look).values())) for look in _looks(truth, upgrade))
        if len(gone) > largest:
            yield f"at {upgrade.at}: {_listed(gone)} would be away at once, but only {largest} may be"


def min_healthy(truth: Truth) -> Iterator[str]:
    """Check that enough other instances are healthy at each request, and at least one unless downtime is allowed."""
    asked = truth.asked
    if asked["allow-downtime"] == "true":
        return
    for upgrade in truth.upgrades:
        serving = {id_ for id_ in upgrade.ids if id_ in upgrade.seen and asked.is_healthy(upgrade.seen[id_])}
        if upgrade in truth.upgrades_back and not serving:
            continue  # returning instances that do not serve takes nothing away
        made = asked.made(upgrade.seen.values())
        left = {i.instance_id for i in made if asked.is_healthy(i)} - set(upgrade.ids)
        counted = [i for i in made if not (is_off(i) and truth.was_off(i.instance_id))]
        least = at_least(asked["min-healthy"] or "50%", len(counted))
        if len(left) < least:
            yield f"at {upgrade.at}: {len(left)} healthy besides {_listed(upgrade.ids)}, but {least} are needed"
        healthy = any(asked.is_healthy(i) for i in made)
        if healthy and not left:
            yield f"at {upgrade.at}: no instance besides {_listed(upgrade.ids)} is healthy"


def domains(truth: Truth) -> Iterator[str]:
    """Check that a request never mixes domains."""
    for upgrade in truth.upgrades:
        fleet = list(truth.planned_from.values())
        found = {truth.asked.domain(upgrade.seen[id_], fleet) for id_ in upgrade.ids if id_ in upgrade.seen}
        if len(found) > 1:
            yield f"at {upgrade.at}: {_listed(upgrade.ids)} are of several domains"


def selected(truth: Truth) -> Iterator[str]:
    """Check that only selected instances are touched."""
    for upgrade, id_ in _asked_for(truth):
        if not truth.asked.is_selected(upgrade.seen[id_]):
            yield f"at {upgrade.at}: {id_} was not selected"


def protected(truth: Truth) -> Iterator[str]:
    """Check that no instance is touched that is protected from scale set actions."""
    for upgrade, id_ in _asked_for(truth):
        if truth.asked.is_protected(id_):
            yield f"at {upgrade.at}: {id_} is protected"


def stopped(truth: Truth) -> Iterator[str]:
    """Check that no stopped instance is touched, unless the inputs include them."""
    for upgrade, id_ in _asked_for(truth):
        if is_off(upgrade.seen[id_]) and truth.asked["stopped-instances"] != "include":
            yield f"at {upgrade.at}: {id_} is {upgrade.seen[id_].power_state}"


def needed(truth: Truth) -> Iterator[str]:
    """Check that no instance on the target is upgraded, unless Azure failed at it, and that every id exists."""
    for upgrade in truth.upgrades:
        for id_ in upgrade.ids:
            if id_ not in upgrade.seen:
                yield f"at {upgrade.at}: there is no instance {id_}"
            elif upgrade.is_back and truth.is_ready(upgrade.seen[id_], back=True):
                yield f"at {upgrade.at}: {id_} has returned already"
            elif upgrade.is_back or _has_failed_upgrade(upgrade.seen[id_], truth):
                continue
            elif truth.asked.is_on_target(upgrade.seen[id_]):
                yield f"at {upgrade.at}: {id_} is on the target already"


def _has_failed_upgrade(state: Any, truth: Truth) -> bool:
    """Return True if its last upgrade failed. A machine of a Flexible set does not show whether it is current."""
    is_shown = not truth.asked.is_flexible
    return is_shown and state.provisioning_state == "Failed" and not state.latest_model_applied


def one_at_a_time(truth: Truth) -> Iterator[str]:
    """Check that no upgrade is requested while the one before it is known to be running."""
    for upgrade in truth.upgrades:
        before = upgrade.earlier_on_way[-1] if upgrade.earlier_on_way else None
        if before is None or not before.is_under_way:
            continue
        if not any(before.at < ended < upgrade.at for ended, _ in truth.ended_operations):
            yield f"at {upgrade.at}: the upgrade of {before.at} had not ended"


def gate(truth: Truth) -> Iterator[str]:
    """Check that a batch begins only when every instance of the earlier ones is on the target, provisioned
    and healthy.
    """
    for upgrade in truth.upgrades:
        for before in (each for each in upgrade.before_its_batch if each.accepted):
            for id_ in before.ids:
                if id_ not in upgrade.seen or truth.was_taken_away(upgrade.seen[id_]):
                    continue
                if not truth.is_ready(upgrade.seen[id_], back=upgrade.is_back):
                    yield f"at {upgrade.at}: {id_}, requested at {before.at}, is not ready: {upgrade.seen[id_]}"


def halt(truth: Truth) -> Iterator[str]:
    """Check that neither the model nor instances are written after a failure or a cancellation.

    The writes of a rollback are allowed, until one of its instances fails, too.
    """
    turned = truth.turn.at if truth.turn is not None else float("inf")
    stops = [(look, "an instance failed") for look in truth.looks if _has_failed(truth.shown(look))]
    if truth.case.cancel_at is not None:
        stops.append((truth.case.cancel_at, "the run was cancelled"))
    there = [(at, why, turned) for at, why in sorted(stops)[:1] if at < turned]
    back = [(at, why, float("inf")) for at, why in sorted(stops) if at > turned and _stops_return(truth, at, why)]
    for at, why, until in [*there, *back[:1]]:
        for write in truth.moving_writes:
            if at < write.at < until:
                yield f"{write.method} at {write.at} although {why} at {at}"


def in_time(truth: Truth) -> Iterator[str]:
    """Check that neither the model nor instances are written after the rollout's timeout."""
    limit = seconds(truth.asked["timeout"] or "5h30m")
    for write in truth.moving_writes:
        if write.at > limit + ON_ITS_WAY:
            yield f"{write.method} at {write.at}, but the timeout is {limit}"


def as_asked(truth: Truth) -> Iterator[str]:
    """Check that each operation makes only its own writes, by known requests."""
    operation = truth.asked.operation
    for write in truth.writes:
        is_patch = write.method == "PATCH" and write.path.lower().endswith("/virtualmachinescalesets/simulated-set")
        is_post = write.method == "POST"
        turns_back = truth.asked.may_turn_back and operation == "upgrade-instances"
        allowed = {
            "model": is_patch and (operation in ("upgrade", "update-model", "rollback") or turns_back),
            "instances": is_post and write.path.endswith("/manualupgrade") and operation in INSTANCES,
            "repairs": is_post
            and write.path.endswith("/setOrchestrationServiceState")
            and truth.asked["suspend-repairs"] == "true"
            and operation in INSTANCES,
        }
        if not any(allowed.values()):
            yield f"{operation} wrote {write.method} {write.path}"


def image_only(truth: Truth) -> Iterator[str]:
    """Check that the model gets the target image and nothing else: no capacity, no tags, no network profile."""
    for patch in truth.patches:
        body = body_of(patch)
        for path, value in leaves(body):
            if path[:-1] != ALLOWED:
                yield f"the update of the model wrote {'.'.join(path)} = {value!r}"
        named, goes_back = named_in(patch), truth.turn is not None and patch.at >= truth.turn.at
        if not goes_back and named != [truth.asked.target]:
            yield f"the update of the model named {named}, but {truth.asked.target} was requested"


# -- small steps ---------------------------------------------------------------------------------------------------


def _asked_for(truth: Truth) -> Iterator[tuple[Upgrade, str]]:
    for upgrade in truth.upgrades:
        yield from ((upgrade, id_) for id_ in upgrade.ids if id_ in upgrade.seen)


def _looks(truth: Truth, upgrade: Upgrade) -> list[float]:
    """Return the earlier looks. The size of the set is taken from them, as it may change meanwhile."""
    return [look for look in truth.looks if look <= upgrade.at] or [upgrade.seen_at]


def _away(truth: Truth, upgrade: Upgrade) -> Iterator[str]:
    """Yield the instances of earlier requests that were still away when last seen."""
    for before in (each for each in upgrade.earlier_on_way if each.accepted):
        for id_ in before.ids:
            instance = upgrade.seen.get(id_)
            if instance is None or is_off(instance):
                continue
            is_unhealthy = truth.asked.has_signal and instance.healthy is not True
            if instance.provisioning_state != "Succeeded" or is_unhealthy:
                yield id_


def _stops_return(truth: Truth, at: float, why: str) -> bool:
    """Return True if an event stops the rollback; instances that failed before may stay failed for a while."""
    if why != "an instance failed":
        return True
    back = {id_ for each in truth.upgrades if each.is_back and each.accepted and each.at < at for id_ in each.ids}
    return any(id_ in back and each.provisioning_state == "Failed" for id_, each in truth.shown(at).items())


def _has_failed(state: State) -> bool:
    return any(each.upgrades and each.provisioning_state == "Failed" for each in state.values())


def _listed(ids: Any) -> str:
    return ", ".join(sorted(ids))
