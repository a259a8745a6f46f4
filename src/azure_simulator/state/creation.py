"""What only other clients than the action ask of the set: create it, scale it, delete it.

Durations are those of the contract's recordings: a creation takes two to five minutes.
"""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from azure_simulator.scenario.request_faults import OperationFate
from azure_simulator.scenario.set_description import InstanceDescription, placement_group_id
from azure_simulator.state.companions.scaling import settle_new
from azure_simulator.state.instances import Instance
from azure_simulator.state.operations import Operation, lasting
from azure_simulator.state.periods import FOREVER, StatePeriod
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.body_shape import check_rolling, check_shape, check_whole
from azure_simulator.wire.generation import Generation
from azure_simulator.wire.merging import merged_resource, with_policy, writable
from azure_simulator.wire.set_defaults import completed
from azure_simulator.wire.set_model import is_windows, storage_of, upgrade_mode

CREATION = 120.0
DELETION = 12.0
# Overprovisioning's extras are deleted a while after the others are ready.
EXTRAS_STAY = 60.0
FAULT_DOMAINS = 5
_ADDRESS = ("id", "name", "type", "location")


@dataclass(frozen=True, slots=True)
class Creation:
    """A creation that Azure accepts, before it happens. `counted`: how many instances it makes."""

    model: dict[str, Any]
    counted: int


def plan_creation(scale_set: SimulatedScaleSet, body: dict[str, Any], now: float, api_version: str) -> Creation:
    """Return the set that a PUT makes where there is none, completed as Azure completes it. Changes nothing.

    Raises Refusal for a malformed body (400), a missing image (404) and mode Rolling without a source of health
    (400).
    """
    check_shape(body)
    model = merged_resource(_base_of_creation(scale_set), writable(body))
    model = with_policy(model, scale_set.scenario.policy)
    check_whole(model)
    generation = Generation(scale_set.calendar.moment(now))
    model = completed(model, generation, api_version, scale_set.calendar.timestamp(now), created=True)
    check_rolling(model)
    scale_set.scenario.catalog.check_deployable(storage_of(model), str(model["location"]), now)
    capacity = int(model["sku"].get("capacity", 0))
    return Creation(model, capacity + count_extras(model, capacity))


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
    ends = scale_set.ready_at = now + lasting(fate, CREATION)
    _create_instances(scale_set, scale_set.capacity, now, ends)
    # Windows takes longer (recorded: 97 and 61).
    retry_after = 97 if is_windows(scale_set.profile) else 61
    later = 30 if upgrade_mode(creation.model) == "Rolling" else None
    return scale_set.operations.start(
        now, api_version, lambda: ends, fate=fate, retry_after=retry_after, later_retry_after=later
    )


def delete(scale_set: SimulatedScaleSet, now: float, api_version: str, fate: OperationFate | None) -> Operation:
    """Delete the set and its instances; it exists until the operation ends. A second deletion delays nothing."""
    ends = min(now + lasting(fate, DELETION), scale_set.deleted_at)
    scale_set.deleted_at = ends
    for instance in scale_set.instances.values():
        instance.deleted_at = min(instance.deleted_at, ends)
    return scale_set.operations.start(now, api_version, lambda: ends, fate=fate, retry_after=10)


def scale(scale_set: SimulatedScaleSet, before: int, now: float, ends: float) -> list[str]:
    """Create or delete as many instances as the capacity has grown or shrunk, since it was `before`.

    Return the ids of new instances that find no room.
    """
    wanted, existing = scale_set.capacity, len(scale_set.present(now))
    if wanted > before:
        return settle_new(scale_set, _create_instances(scale_set, wanted - before, now, ends), ends)
    elif wanted < before:
        for instance in leaving(scale_set.present(now), min(before - wanted, existing)):
            instance.deleted_at = ends
            instance.state_periods.append(StatePeriod(now, ends, "Deleting"))
    return []


def leaving(instances: list[Instance], count: int) -> list[Instance]:
    """Return which instances a smaller capacity deletes: from the fullest zone and fault domain, newest first.

    Documented ("scale-in policy", Default); protected instances stay.
    """
    staying = [each for each in instances if each.protection is None or not each.protection.from_scale_in]
    chosen: list[Instance] = []
    for _ in range(min(count, len(staying))):
        sizes = Counter((each.zone, each.fault_domain) for each in staying)
        fullest = max(sizes.values())
        crowded = [each for each in staying if sizes[each.zone, each.fault_domain] == fullest]
        newest = max(crowded, key=lambda each: (len(each.instance_id), each.instance_id))
        next_one = next((each for each in staying if each.leaves_first), newest)
        staying.remove(next_one)
        chosen.append(next_one)
    return chosen


def create_instance(
    scale_set: SimulatedScaleSet, described: InstanceDescription, created_at: float, ready_at: float
) -> Instance:
    """Return a new instance on the model of this moment: Creating until it is ready."""
    instance = scale_set.make_instance(described)
    instance.created_at, instance.model = created_at, scale_set.model
    instance.image = scale_set.deployed(scale_set.profile, created_at)
    instance.state_periods.append(StatePeriod(created_at, ready_at, "Creating"))
    return instance


def describe_next(scale_set: SimulatedScaleSet) -> InstanceDescription:
    """Return the next instance that the set would create: its id, and where it is placed."""
    return _description(scale_set, _free_numbers(scale_set, 1)[0])


# --- steps ---


def _base_of_creation(scale_set: SimulatedScaleSet) -> dict[str, Any]:
    """Return what a body is merged over: of a set that was deleted, its address alone."""
    if scale_set.deleted_at == FOREVER:
        return scale_set.json
    return {name: value for name, value in scale_set.json.items() if name in _ADDRESS}


def _create_instances(scale_set: SimulatedScaleSet, count: int, now: float, ready_at: float) -> list[Instance]:
    """Create instances, and those that overprovisioning adds for a while: they take numbers too, so ids have gaps.

    Return those that stay.
    """
    before = set(scale_set.instances)
    described, scale_set.described = scale_set.described[:count], scale_set.described[count:]
    for each in described:
        scale_set.instances[each.instance_id] = create_instance(scale_set, each, now, ready_at)
    extras = count_extras(scale_set.json, count)
    numbers = _free_numbers(scale_set, count - len(described) + extras)
    draw = random.Random(f"births:{scale_set.seed}:{len(scale_set.instances)}")
    hidden = set(draw.sample(numbers, extras))
    for number in numbers:
        instance = create_instance(scale_set, _description(scale_set, number), now, ready_at)
        if number in hidden:
            instance.hidden = not scale_set.scenario.scaling.shows_extras
            instance.deleted_at = ready_at + EXTRAS_STAY
        scale_set.instances[instance.instance_id] = instance
    return [
        each for each in scale_set.instances.values() if each.instance_id not in before and each.deleted_at == FOREVER
    ]


def count_extras(model: dict[str, Any], count: int) -> int:
    """Return how many instances overprovisioning adds to `count` new ones.

    The recorded charges of young sets show 1 for 1, 2 for 2 and 3 for 5; larger ones get the documented fifth.
    """
    if not count or not model["properties"].get("overprovision"):
        return 0
    return min(count // 2 + 1, max(3, -(-count // 5)))


def _free_numbers(scale_set: SimulatedScaleSet, count: int) -> list[int]:
    first = max((_number_of(each) for each in scale_set.instances), default=-1) + 1
    return list(range(first, first + count))


def _number_of(instance_id: str) -> int:
    """Return the number in an id, which in a Flexible set is the hexadecimal end of a name; -1 for another name."""
    set_name, _, number = instance_id.rpartition("_")
    try:
        return int(number, 16 if set_name else 10)
    except ValueError:
        return -1


def _description(scale_set: SimulatedScaleSet, number: int) -> InstanceDescription:
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
