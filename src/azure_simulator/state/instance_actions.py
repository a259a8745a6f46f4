"""What only other clients than the action ask of instances: start, power off, deallocate, delete, protect, evict.

Durations are within those recorded (README of the contract, section 6), drawn by the seed: start 5 to 10 s,
power off 6 to 36 s, deallocate 21 to 95 s, delete 1 to 26 s; a PUT of one instance takes 0.5 s.
"""

import random
from collections.abc import Iterable
from typing import Any, Literal

from azure_simulator.scenario.request_faults import OperationFate
from azure_simulator.state.companions.scaling import check_no_other, notice_seconds
from azure_simulator.state.events import evict as take_machine
from azure_simulator.state.instances import Instance, Protection
from azure_simulator.state.operations import Operation, lasting
from azure_simulator.state.periods import FOREVER, StatePeriod
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.merging import merged

Power = Literal["start", "poweroff", "deallocate"]

_SECONDS: dict[str, tuple[float, float]] = {
    "start": (5.0, 10.0),
    "poweroff": (6.0, 36.0),
    "deallocate": (21.0, 95.0),
    "delete": (1.0, 26.0),
}
_POWER = {
    "start": ("starting", "running"),
    "poweroff": ("stopping", "stopped"),
    "deallocate": ("deallocating", "deallocated"),
}
ONE_INSTANCE_UPDATED = 0.5
EVICTED_AFTER = 30.0


def change_power(
    scale_set: SimulatedScaleSet,
    verb: Power,
    instances: list[Instance],
    now: float,
    api_version: str,
    fate: OperationFate | None,
) -> Operation:
    """Start or stop instances, which takes until the operation ends."""
    ends = now + _seconds(scale_set, verb, now, fate)
    passing, final = _POWER[verb]
    for instance in instances:
        if scale_set.snapshot(instance, now).power != final:
            instance.power_changes += [(now, passing), (ends, final)]
        instance.state_periods.append(StatePeriod(now, ends))
    return scale_set.operations.start(now, api_version, lambda: ends, fate=fate)


def delete(
    scale_set: SimulatedScaleSet, instances: list[Instance], now: float, api_version: str, fate: OperationFate | None
) -> Operation:
    """Delete instances; the set's capacity is smaller at once. To delete none succeeds as well (recorded).

    Raises Refusal 409 while another request changes the capacity.
    """
    check_no_other(scale_set, now)
    ends = now + notice_seconds(scale_set) + _seconds(scale_set, "delete", now, fate)
    # Instances that are being deleted already have been subtracted.
    subtracted = sum(instance.deleted_at == FOREVER for instance in instances)
    for instance in instances:
        instance.deleted_at = min(instance.deleted_at, ends)
        instance.state_periods.append(StatePeriod(now, ends, "Deleting"))
    scale_set.json["sku"]["capacity"] = max(0, scale_set.capacity - subtracted)
    scale_set.remember(now)
    operation = scale_set.operations.start(now, api_version, lambda: ends, fate=fate)
    return scale_set.operations.mark_resizing(operation)


def update_one(
    scale_set: SimulatedScaleSet,
    instance: Instance,
    body: dict[str, Any],
    now: float,
    api_version: str,
    fate: OperationFate | None,
) -> Operation:
    """Carry out a PUT of one instance: it sets the protection; tags and model stay those of the set (recorded)."""
    policy = (body.get("properties") or {}).get("protectionPolicy")
    if isinstance(policy, dict):
        instance.protection = Protection(
            bool(policy.get("protectFromScaleIn")), bool(policy.get("protectFromScaleSetActions"))
        )
        if instance.shown is not None:
            instance.shown = merged(instance.shown, {"properties": {"protectionPolicy": policy}})
    ends = now + lasting(fate, ONE_INSTANCE_UPDATED)
    instance.state_periods.append(StatePeriod(now, ends))
    return scale_set.operations.start(now, api_version, lambda: ends, fate=fate)


def evict(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> None:
    """Take the machine of a Spot instance away after a while: it is deallocated or deleted, as the model says.

    Raises Refusal 409 for an instance that is not Spot (uniform_eviction_errors_2024).
    """
    profile = scale_set.profile
    if str(profile.get("priority", "Regular")) not in ("Spot", "Low"):
        error = refusal("not-allowed", verb="simulateEviction", name=instance.instance_id)
        error.error["message"] = "Operation 'simulateEviction' is allowed only for Spot Virtual Machines"
        raise error
    take_machine(scale_set, instance, now + EVICTED_AFTER)


def unprotected(instances: Iterable[Instance]) -> list[Instance]:
    """Return the instances that an action of the set reaches."""
    return [instance for instance in instances if not instance.protected]


def _seconds(scale_set: SimulatedScaleSet, verb: str, now: float, fate: OperationFate | None) -> float:
    return lasting(fate, random.Random(f"{verb}:{scale_set.seed}:{now}").uniform(*_SECONDS[verb]))
