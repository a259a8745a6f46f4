"""What a PUT, a PATCH and a DELETE do to the set itself.

Durations are those of the contract's recordings: text of the model under a second, an image or the network
about 50 s, a creation two to five minutes.

A choice that no recording decides: whether new instances can be made from the image is asked only where some are to
be made, or where the image changes. So a set whose image is deprecated takes new tags, and no new instances (the
latter documented, "Deprecated images FAQ").
"""

import random
from dataclasses import dataclass
from typing import Any

from azure_simulator.errors import refusal
from azure_simulator.faults import OperationFate
from azure_simulator.fleet import FOREVER, Instance, Spell, leaving
from azure_simulator.generation import Generation
from azure_simulator.images import kinds_of
from azure_simulator.model_rules import (
    check_shape,
    check_whole,
    is_windows,
    merged_resource,
    profile_of,
    storage_image,
    with_policy,
    writable,
)
from azure_simulator.operations import Operation
from azure_simulator.scale_set import SimulatedScaleSet
from azure_simulator.set_defaults import completed, completed_update
from azure_simulator.set_description import InstanceDescription, has_health_signal, placement_group_id

SMALL_UPDATE = 0.4
CREATION = 120.0
SCALING = 40.0
DELETION = 12.0
# Overprovisioning's extras are gone a while after the others are ready.
EXTRAS_STAY = 60.0
FAULT_DOMAINS = 5
MOST_MODELS = 10
_ADDRESS = ("id", "name", "type", "location")


@dataclass(frozen=True, slots=True)
class Creation:
    """A creation that Azure accepts, before it happens. `counted`: how many instances it makes."""

    model: dict[str, Any]
    counted: int


@dataclass(frozen=True, slots=True)
class Update:
    """An update that Azure accepts, before it happens.

    `reached`: the instances that the upgrade mode works on by itself; `counted`: how many instances are touched.
    """

    model: dict[str, Any]
    reached: list[Instance]
    counted: int


def plan_creation(scale_set: SimulatedScaleSet, body: dict[str, Any], now: float, api_version: str) -> Creation:
    """A PUT where there is no set: the set of the body, completed as Azure completes it. Changes nothing.

    Raises Refusal for a malformed body (400), a missing image (404) and mode Rolling without a source of health
    (400).
    """
    check_shape(body)
    model = merged_resource(_before_creation(scale_set), writable(body))
    model = with_policy(model, scale_set.scenario.policy)
    check_whole(model)
    generation = Generation(scale_set.calendar.moment(now))
    model = completed(model, generation, api_version, scale_set.calendar.timestamp(now), created=True)
    _check_rolling(model)
    scale_set.scenario.catalog.check_deployable(_storage(model), str(model["location"]), now)
    capacity = int(model["sku"].get("capacity", 0))
    return Creation(model, capacity + _overprovisioned(model, capacity))


def create(
    scale_set: SimulatedScaleSet, creation: Creation, now: float, api_version: str, fate: OperationFate | None
) -> Operation:
    """Make the set and its instances."""
    if scale_set.deleted_at < FOREVER:
        scale_set.forget_deleted()
    scale_set.json = creation.model
    scale_set.created_at, scale_set.deleted_at, scale_set.updates = now, FOREVER, 1
    scale_set.note_model()
    scale_set.remember(now)
    ends = scale_set.ready_at = now + _seconds(fate, CREATION)
    _give_birth(scale_set, scale_set.capacity, now, ends)
    # Windows takes longer (recorded: 97 and 61).
    waits = 97 if is_windows(scale_set.profile) else 61
    later = 30 if _mode(creation.model) == "Rolling" else None
    return scale_set.operations.start(
        now, api_version, lambda: ends, fate=fate, retry_after=waits, later_retry_after=later
    )


def plan_update(
    scale_set: SimulatedScaleSet, patch: dict[str, Any], now: float, api_version: str, *, extensions_stay: bool
) -> Update:
    """Merge `patch` over the set, as the recorded PUTs and PATCHes do (model_rules.merged_resource). Changes
    nothing.

    Raises Refusal for a malformed body (400), a missing image (404), a change of the kind of image or of what
    never changes (409), an eleventh model (409), mode Rolling without a source of health (400) and a write at the
    same time (409).
    """
    check_shape(patch)
    if scale_set.operations.busy(now):
        raise refusal("conflict")
    generation = Generation(scale_set.calendar.moment(now))
    changed = merged_resource(scale_set.json, writable(patch), extensions_stay=extensions_stay)
    changed = with_policy(changed, scale_set.scenario.policy)
    check_whole(changed)
    stamp = scale_set.calendar.timestamp(now)
    changed = completed_update(changed, scale_set.json, generation, api_version, stamp)
    _check_update(scale_set, changed)
    _check_models(scale_set, changed, now)
    reached = _reached(scale_set, changed, now)
    born = int(changed["sku"].get("capacity", 0)) - scale_set.capacity
    if born > 0 or reached or storage_image(changed) != storage_image(scale_set.json):
        scale_set.scenario.catalog.check_deployable(_storage(changed), scale_set.location, now)
    return Update(changed, reached, len(reached) + abs(born))


def update(
    scale_set: SimulatedScaleSet, planned: Update, now: float, api_version: str, fate: OperationFate | None
) -> Operation:
    """Carry out an update: the model, the number of instances, and what the upgrade mode does by itself."""
    image_changes = storage_image(planned.model) != storage_image(scale_set.json)
    # An update that changes nothing leaves the etag as it is (uniform_update_image_sku_and_security_2024).
    scale_set.updates += planned.model != scale_set.json
    before, scale_set.json = scale_set.capacity, planned.model
    new_model = scale_set.note_model(now)
    scale_set.expect_after_update(now)
    ends = now + _seconds(fate, _duration(scale_set, image_changes, before))
    scale_set.conflict_until = ends + scale_set.conflict_seconds()
    _scale(scale_set, before, now, ends)
    if planned.reached:
        scale_set.reached_by_updates.append(ends)
    for instance in planned.reached if new_model else ():
        instance.upgrades.append(scale_set.replacement(now, ends))
    waits = 51 if is_windows(scale_set.profile) else 37
    return scale_set.operations.start(now, api_version, lambda: ends, fate=fate, retry_after=waits)


def delete(scale_set: SimulatedScaleSet, now: float, api_version: str, fate: OperationFate | None) -> Operation:
    """Delete the set and its instances; it is there until the operation ends. One that is being deleted already
    is gone no later for it.
    """
    ends = min(now + _seconds(fate, DELETION), scale_set.deleted_at)
    scale_set.deleted_at = ends
    for instance in scale_set.instances.values():
        instance.gone_at = min(instance.gone_at, ends)
    return scale_set.operations.start(now, api_version, lambda: ends, fate=fate, retry_after=10)


def extras(capacity: int) -> int:
    """How many instances overprovisioning adds: what the recorded charges of young sets show (1 for 1, 2 for 2,
    3 for 5), and for larger ones the documented fifth.
    """
    return min(capacity // 2 + 1, max(3, -(-capacity // 5))) if capacity else 0


# --- steps ---


def _before_creation(scale_set: SimulatedScaleSet) -> dict[str, Any]:
    """What a body is merged over: of a set that was deleted, its address alone."""
    if scale_set.deleted_at == FOREVER:
        return scale_set.json
    return {name: value for name, value in scale_set.json.items() if name in _ADDRESS}


def _seconds(fate: OperationFate | None, usual: float) -> float:
    return usual if fate is None or fate.seconds is None else fate.seconds


def _storage(model: dict[str, Any]) -> dict[str, Any]:
    storage: dict[str, Any] = profile_of(model).get("storageProfile") or {}
    return storage


def _mode(model: dict[str, Any]) -> str:
    return str((model["properties"].get("upgradePolicy") or {}).get("mode", ""))


def _check_rolling(model: dict[str, Any]) -> None:
    if _mode(model) == "Rolling" and not has_health_signal(model):
        raise refusal("rolling-without-probe")


def _check_update(scale_set: SimulatedScaleSet, changed: dict[str, Any]) -> None:
    for name, value in _unchangeable(scale_set.json).items():
        if _unchangeable(changed)[name] != value:
            raise refusal("property-change", property=name)
    if kinds_of(_storage(changed)) != kinds_of(_storage(scale_set.json)):
        raise refusal("image-kind-change")
    _check_rolling(changed)


def _check_models(scale_set: SimulatedScaleSet, changed: dict[str, Any], now: float) -> None:
    """No more models than ten, in a Uniform set: those that instances were made from, and the new one."""
    if scale_set.flexible or not scale_set.is_new_model(changed):
        return
    if len(scale_set.models_in_use(now)) + 1 > MOST_MODELS:
        raise refusal("too-many-models", name=scale_set.name)


def _unchangeable(model: dict[str, Any]) -> dict[str, str]:
    """What no update changes, whatever case it is written in."""
    mode = model["properties"].get("orchestrationMode", "Uniform")
    return {
        "location": str(model["location"]).replace(" ", "").lower(),
        "orchestrationMode": str(mode).lower(),
    }


def _duration(scale_set: SimulatedScaleSet, image_changes: bool, capacity_before: int) -> float:
    if image_changes:
        return scale_set.scenario.timing.model_update
    return SCALING if scale_set.capacity != capacity_before else SMALL_UPDATE


def _scale(scale_set: SimulatedScaleSet, before: int, now: float, ends: float) -> None:
    wanted, there = scale_set.capacity, len(scale_set.present(now))
    if wanted > before:
        _give_birth(scale_set, wanted - before, now, ends)
    elif wanted < before:
        for instance in leaving(scale_set.present(now), min(before - wanted, there)):
            instance.gone_at = ends
            instance.spells.append(Spell(now, ends, "Deleting"))


def _give_birth(scale_set: SimulatedScaleSet, count: int, now: float, ready_at: float) -> None:
    """New instances, and those that overprovisioning adds for a while: they take numbers too, so ids have gaps."""
    told, scale_set.births = scale_set.births[:count], scale_set.births[count:]
    for described in told:
        scale_set.instances[described.instance_id] = scale_set.born(described, now, ready_at)
    more = _overprovisioned(scale_set.json, count)
    numbers = _free_numbers(scale_set, count - len(told) + more)
    draw = random.Random(f"births:{scale_set.seed}:{len(scale_set.instances)}")
    hidden = set(draw.sample(numbers, more))
    for number in numbers:
        instance = scale_set.born(_described(scale_set, number), now, ready_at)
        if number in hidden:
            instance.hidden, instance.gone_at = True, ready_at + EXTRAS_STAY
        scale_set.instances[instance.instance_id] = instance


def _overprovisioned(model: dict[str, Any], count: int) -> int:
    return extras(count) if model["properties"].get("overprovision") else 0


def _free_numbers(scale_set: SimulatedScaleSet, count: int) -> list[int]:
    first = max((_number_of(each) for each in scale_set.instances), default=-1) + 1
    return list(range(first, first + count))


def _number_of(instance_id: str) -> int:
    """The number in an id, which in a Flexible set is the hexadecimal end of a name; -1 for another name."""
    of_a_set, _, number = instance_id.rpartition("_")
    try:
        return int(number, 16 if of_a_set else 10)
    except ValueError:
        return -1


def _described(scale_set: SimulatedScaleSet, number: int) -> InstanceDescription:
    zones = scale_set.json.get("zones") or []
    zone = zones[number % len(zones)] if zones else None
    domains = int(scale_set.json["properties"].get("platformFaultDomainCount", FAULT_DOMAINS))
    domain = number % domains if domains > 1 and not scale_set.flexible else None
    return InstanceDescription(
        instance_id=f"{scale_set.name}_{number:08x}" if scale_set.flexible else str(number),
        update_domain=domain,
        fault_domain=domain,
        zone=zone,
        placement_group=placement_group_id(0, zone),
    )


def _reached(scale_set: SimulatedScaleSet, changed: dict[str, Any], now: float) -> list[Instance]:
    """The instances that the upgrade mode works on by itself, at once, after an update.

    Automatic: a new model alone replaces every instance, all together. Rolling: a batch, which is looked at
    even where there is nothing to replace (uniform_rolling_upgrade_2023).
    """
    there, mode = scale_set.present(now), _mode(changed)
    if mode == "Automatic":
        return there if scale_set.is_new_model(changed) else []
    return there[: max(1, len(there) // 5)] if mode == "Rolling" else []
