"""Checks of what a run may write, and when, judged by the real state of Azure at each request."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from azure_simulator import InstanceState
from harness.routes import route_of
from harness.wire import leaves
from sweeps.seeds.asked import at_least, is_off, seconds
from sweeps.seeds.drawing_inputs import ENDS
from sweeps.seeds.truth import State, Truth, Upgrade, named_in

ALLOWED = ("properties", "virtualMachineProfile", "storageProfile", "imageReference")
# Seconds that a write may take: it may need a token first, which has its own retries.
ON_ITS_WAY = 60.0


PATIENCE = 8.0  # seconds after which three probes must have failed


def away(truth: Truth) -> Iterator[str]:
    """Check that this run never has more instances away than batch-size, or a whole update domain, allows."""
    for upgrade in truth.upgrades:
        gone = set(upgrade.ids) | set(_away(truth, upgrade))
        fleets = [list(truth.shown[look].values()) for look in truth.looks if look <= upgrade.at]  # its size may change
        largest = max(map(truth.asked.largest_batch, fleets), default=1)
        if len(gone) > largest:
            yield f"at {upgrade.at}: {_listed(gone)} would be away at once, but only {largest} may be"


def min_healthy(truth: Truth) -> Iterator[str]:
    """Check that enough other instances are healthy at each request, and at least one unless downtime is allowed."""
    asked = truth.asked
    if asked["allow-downtime"] == "true":
        return
    for upgrade in truth.upgrades:
        serves = any(asked.is_healthy(instance) for _, instance in upgrade.seen_of_its_own)
        if upgrade in truth.upgrades_back and not serves:
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
        found = {truth.asked.domain(instance, fleet) for _, instance in upgrade.seen_of_its_own}
        if len(found) > 1:
            yield f"at {upgrade.at}: {_listed(upgrade.ids)} are of several domains"


def selected(truth: Truth) -> Iterator[str]:
    """Check that only selected instances are touched."""
    yield from _touched(truth, lambda instance: not truth.asked.is_selected(instance), "was not selected")


def protected(truth: Truth) -> Iterator[str]:
    """Check that no instance is touched that is protected from scale set actions."""
    yield from _touched(truth, lambda instance: truth.asked.is_protected(instance.instance_id), "is protected")


def stopped(truth: Truth) -> Iterator[str]:
    """Check that no stopped instance is touched, unless the inputs include them."""
    if truth.asked["stopped-instances"] != "include":
        yield from _touched(truth, is_off, "is stopped")


def needed(truth: Truth) -> Iterator[str]:
    """Check that no instance on the target is upgraded, unless Azure failed at it, and that every id exists."""
    for upgrade in truth.upgrades:
        yield from (f"at {upgrade.at}: there is no instance {id_}" for id_ in upgrade.ids if id_ not in upgrade.seen)
        for id_, seen in upgrade.seen_of_its_own:
            has_failed = seen.provisioning_state == "Failed" and not seen.latest_model_applied
            shows_failure = has_failed and not truth.asked.is_flexible  # a machine does not show whether it is current
            if upgrade.is_back and truth.is_ready(seen, back=True):
                yield f"at {upgrade.at}: {id_} has returned already"
            if not upgrade.is_back and not shows_failure and truth.asked.is_on_target(seen):
                yield f"at {upgrade.at}: {id_} is on the target already"


def one_at_a_time(truth: Truth) -> Iterator[str]:
    """Check that no upgrade is requested while the one before it is known to be running."""
    for upgrade in truth.upgrades:
        for before in upgrade.earlier[-1:]:
            has_ended = any(before.at < ended < upgrade.at for ended in truth.ended_operations)
            if before.is_under_way and not has_ended:
                yield f"at {upgrade.at}: the upgrade of {before.at} had not ended"


def gate(truth: Truth) -> Iterator[str]:
    """Check that a batch begins only when every instance of the earlier ones is healthy on the target."""
    for upgrade in truth.upgrades:
        for before in (each for each in upgrade.before_its_batch if each.accepted):
            for id_ in filter(upgrade.seen.__contains__, before.ids):
                seen = upgrade.seen[id_]
                if not truth.was_taken_away(seen) and not truth.is_ready(seen, back=upgrade.is_back):
                    yield f"at {upgrade.at}: {id_}, requested at {before.at}, is not ready: {seen}"


def halt(truth: Truth) -> Iterator[str]:
    """Check that nothing but a rollback is written after a failure or a cancellation, and that it stops at its own."""
    turned = truth.turn.at if truth.turn is not None else float("inf")
    stops = [(look, "an instance failed") for look in truth.looks if _has_failed(truth.shown[look])]
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


def outside_gates(truth: Truth) -> Iterator[str]:
    """Check that no batch of an upgrade begins after the moment of `not-after`, or once a read has shown the tag."""
    if truth.asked.goes_back:
        return
    end = ENDS.get(truth.asked["not-after"], float("inf"))
    tags = [(at, "stop" in (body.get("tags") or {}).values()) for at, body in truth.answers("set")]
    for upgrade in truth.upgrades:
        if upgrade.is_back or len(upgrade.before_its_batch) < len(upgrade.earlier):
            continue  # a batch that has begun is brought to its end
        if upgrade.at > end:
            yield f"at {upgrade.at}: {_listed(upgrade.ids)}, but not-after is at {end}"
        if next((shown for at, shown in reversed(tags) if at < upgrade.at), False):
            yield f"at {upgrade.at}: {_listed(upgrade.ids)}, although the tag was read"


def probed(truth: Truth) -> Iterator[str]:
    """Check that no batch begins once probes have failed for long, and that the record counts what was asked.

    A time in which Azure was slow may be unobserved.
    """
    books = truth.played.record.get("probes") or []
    if not truth.asked["probe-url"] and books:
        yield f"nothing was to be probed, but the record has {books}"
    for book in books:
        windows = [each["during"] for each in truth.case.document["probes"][0]["answers"]]
        if book["failed"] and not windows:
            yield f"no probe could fail, but the record has {book}"
        if book["sent"] > truth.played.record["duration"] + 2:
            yield f"more than one probe a second: {book}"
        if truth.asked.goes_back or book["unobserved"]:
            continue
        for window in windows:
            late = [each for each in truth.upgrades if not each.is_back and each.at > window["at"] + PATIENCE]
            began = truth.moving_writes and truth.moving_writes[0].at < window["at"]
            if began and window["seconds"] > PATIENCE and late:
                yield f"at {late[0].at}: {_listed(late[0].ids)}, although probes failed from {window['at']} on"


def drained(truth: Truth) -> Iterator[str]:
    """Check that no instance is left drained, and no run command is left, unless the log names the instance; that of a
    cancelled run the state for the post step does; and that a rollout upgrades nothing that may serve without a drain.
    """
    azure, is_asked = truth.played.azure, bool(truth.asked["drain-command"])
    if azure.commands and not is_asked:
        yield f"nothing was to be drained, but there was {azure.commands[0]}"
    here = {instance.instance_id for instance in azure.instances()}
    left = {*azure.drained, *(each.instance_id for each in azure.commands if each.exists)} & here
    for id_ in sorted(left):
        said = f"Instance {id_} may still be drained" in truth.played.log
        saved = truth.outcome == "interrupted" and f'"{id_}"' in truth.played.files["state.txt"]
        if not said and not saved:
            yield f"instance {id_} is left drained, or with a run command, and nothing says so"
    done = {(each.instance_id, each.put_at) for each in azure.commands if each.argument == "drain"}
    for upgrade in truth.upgrades if is_asked and truth.asked.operation != "rollback" else ():
        serving = [id_ for id_, seen in upgrade.seen_of_its_own if not is_off(seen) and not upgrade.is_back]
        missed = [id_ for id_ in serving if not any(each == id_ and at < upgrade.at for each, at in done)]
        if missed:
            yield f"at {upgrade.at}: {_listed(missed)} not drained before"


def hooked(truth: Truth) -> Iterator[str]:
    """Check that no batch begins without the hook before it, and that the hook after it follows."""
    web = truth.played.azure.web()
    if not truth.asked["before-batch-url"]:
        yield from (f"no hook was to be called, but {call} was" for call in web.hooks.calls)
        return
    befores = [call for call in web.hooks.calls if call.phase == "before" and call.status]
    asked = [(call.at, {each["id"] for each in json.loads(call.body)["instances"]}) for call in befores]
    for upgrade in truth.upgrades:
        if not any(at <= upgrade.at and ids >= set(upgrade.ids) for at, ids in asked):
            yield f"at {upgrade.at}: {_listed(upgrade.ids)}, which no hook was asked about"
    stops = [each for each in truth.case.document["hooks"]["answers"] if each.get("batch") == 2]
    if stops and not truth.asked.goes_back:
        late = [each for each in truth.upgrades if not each.is_back and each.before_its_batch]
        yield from (f"at {each.at}: {_listed(each.ids)}, although a hook asked to stop" for each in late)
    is_refused = any(each.get("fails") == "refused" for each in truth.case.document["hooks"]["answers"])
    left = [] if is_refused or truth.outcome == "interrupted" else web.hooks.befores_without_after()
    yield from (f"no hook was called after batch {call.batch}" for call in left)


def surplus(truth: Truth) -> Iterator[str]:
    """Check that no instance of `surge` is left, and the capacity is the former one, unless a run that ended otherwise
    names what is left; that nothing else is deleted; and that no deletion begins while another instance is updated.
    """
    raised = [write for write in truth.raises if write.status in (0, 200, 202)]  # 0: the answer was lost
    if not raised:
        return
    before = truth.shown[max(look for look in truth.looks if look <= raised[0].at)]
    now = truth.at(truth.played.azure.requests[-1].at)
    created = [fault for fault in truth.case.faults if fault["kind"] in ("appear", "scale-out")]
    others = {str(int(each["instance"]) + n) for each in created for n in range(each.get("count", 1))}
    left, log = now.keys() - before.keys() - others, truth.played.log
    said = next((line for line in log.splitlines() if "Created by `surge`, and still there: " in line), "")
    is_named = bool(said) and all(re.search(rf"\b{re.escape(id_)}\b", said) for id_ in left)
    if left and not is_named and "The capacity may still be" not in log:
        yield f"{_listed(left)} are left, and nothing says so"
    if truth.played.exit_code == 0 and (left or truth.played.azure.capacity > len(now)):
        yield f"{truth.outcome}, but {_listed(left)} are left, and the capacity is {truth.played.azure.capacity}"
    for write in (each for each in truth.writes if route_of(each.method, each.path) == "delete"):
        ids = set(json.loads(write.body)["instanceIds"])
        if ids & before.keys():
            yield f"at {write.at}: {_listed(ids & before.keys())} were deleted, but were there before"
        seen = truth.shown[max(look for look in truth.looks if look <= write.at)]
        changing = [id_ for id_ in seen.keys() - ids if seen[id_].provisioning_state in ("Updating", "Creating")]
        if changing:
            yield f"at {write.at}: {_listed(ids)} were deleted while {_listed(changing)} were being updated"


def as_asked(truth: Truth) -> Iterator[str]:
    """Check that each operation makes only its own writes, by known requests."""
    operation = truth.asked.operation
    writes_instances = operation in ("upgrade", "upgrade-instances", "rollback")
    allowed = {
        "patch": operation in ("upgrade", "update-model", "rollback") or truth.asked.may_turn_back,
        "upgrade": writes_instances,
        **dict.fromkeys(("run", "end-run"), writes_instances and bool(truth.asked["drain-command"])),
        **dict.fromkeys(("raise", "delete"), writes_instances and bool(truth.asked["surge"])),
        "repairs": writes_instances and truth.asked["suspend-repairs"] == "true",
        "cancel": writes_instances and truth.asked.rolls,
    }
    for write in truth.writes:
        ours = r"/virtualMachineScaleSets/simulated-set(/|$)|/virtualMachines/[^/]+/runCommands/"
        is_of_the_set = re.search(ours, write.path, re.IGNORECASE)
        route = "raise" if write in truth.raises else route_of(write.method, write.path)
        if not is_of_the_set or not allowed.get(route):
            yield f"{operation} wrote {write.method} {write.path}"


def image_only(truth: Truth) -> Iterator[str]:
    """Check that the model gets the target image and nothing else: no capacity, no tags, no network profile."""
    for patch in truth.patches:
        for path, value in leaves(json.loads(patch.body)):
            if path[:-1] != ALLOWED:
                yield f"the update of the model wrote {'.'.join(map(str, path))} = {value!r}"
        named, goes_back = named_in(patch), truth.turn is not None and patch.at >= truth.turn.at
        if not goes_back and named != [truth.asked.target]:
            yield f"the update of the model named {named}, but {truth.asked.target} was requested"


def _touched(truth: Truth, is_kept: Callable[[InstanceState], bool], why: str) -> Iterator[str]:
    """Report every requested instance that was to be left alone, as seen at the last look before the request."""
    for upgrade in truth.upgrades:
        yield from (f"at {upgrade.at}: {id_} {why}" for id_, seen in upgrade.seen_of_its_own if is_kept(seen))


def _away(truth: Truth, upgrade: Upgrade) -> Iterator[str]:
    """Yield the instances of earlier requests that were still away when last seen."""
    for before in (each for each in upgrade.earlier if each.accepted):
        for id_ in filter(upgrade.seen.__contains__, before.ids):
            instance = upgrade.seen[id_]
            is_unhealthy = truth.asked.has_signal and instance.healthy is not True
            if not is_off(instance) and (instance.provisioning_state != "Succeeded" or is_unhealthy):
                yield id_


def _stops_return(truth: Truth, at: float, why: str) -> bool:
    """Return True if an event stops the rollback; instances that failed before may stay failed for a while."""
    if why != "an instance failed":
        return True
    back = {id_ for each in truth.upgrades if each.is_back and each.accepted and each.at < at for id_ in each.ids}
    return any(id_ in back and each.provisioning_state == "Failed" for id_, each in truth.shown[at].items())


def _has_failed(state: State) -> bool:
    return any(each.upgrades and each.provisioning_state == "Failed" for each in state.values())


def _listed(ids: Any) -> str:
    return ", ".join(sorted(ids))
