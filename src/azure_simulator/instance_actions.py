"""What is asked of instances: upgrade, start, power off, deallocate, delete, protect, evict.

Durations are within those recorded (README of the contract, section 6), drawn by the seed: start 5 to 10 s,
power off 6 to 36 s, deallocate 21 to 95 s, delete 1 to 26 s; a PUT of one instance takes 0.5 s.

Choices that no recording decides: an instance that is already current is not touched by a manualupgrade; a
protected one named in an action of the set stays as it is; one that is stopped or deallocated is upgraded as any
other, that is its OS disk is replaced, and stays stopped or deallocated, with the health of such an instance
(fleet.py).
"""

import random
from collections.abc import Iterable
from typing import Any, Literal

from azure_simulator import faults as f
from azure_simulator import set_events
from azure_simulator.errors import refusal
from azure_simulator.faults import OperationFate
from azure_simulator.fleet import FOREVER, Instance, Protection, Spell, Upgrade
from azure_simulator.operations import Operation
from azure_simulator.rolling_upgrade import POLICY, SECONDS_A_BATCH, RollingUpgrade, Turn, batches
from azure_simulator.scale_set import AcceptedUpgrade, SimulatedScaleSet
from azure_simulator.set_description import merged
from azure_simulator.upgrade_fate import decide

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


def upgrade(
    scale_set: SimulatedScaleSet, instance_ids: list[str], now: float, api_version: str, fate: OperationFate | None
) -> Operation:
    """Bring instances to the set's model: `["*"]` is all of them.

    Raises Refusal for ids that do not exist (400), for a write at the same time (409) and for an upgrade
    mode other than Manual (409).
    """
    _check_upgrade(scale_set, now)
    named = scale_set.named(instance_ids, now)
    due = [each for each in named if _is_due(scale_set, each, now)]
    jobs = [(instance, _planned(scale_set, instance, now, fate)) for instance in due]
    for instance, planned in jobs:
        instance.upgrades.append(planned)
    accepted = AcceptedUpgrade(now, tuple(each.instance_id for each in named), tuple(jobs))
    scale_set.accepted.append(accepted)
    scale_set.expect_after_upgrade(now)
    error = _operation_error(scale_set, accepted)
    return scale_set.operations.start(now, api_version, accepted.ends_at, fate=fate, error=error)


def change_power(
    scale_set: SimulatedScaleSet,
    verb: Power,
    instances: list[Instance],
    now: float,
    api_version: str,
    fate: OperationFate | None,
) -> Operation:
    """Start or stop instances: on the way from now on, there when the operation ends."""
    ends = now + _seconds(scale_set, verb, now, fate)
    passing, final = _POWER[verb]
    for instance in instances:
        if scale_set.snapshot(instance, now).power != final:
            instance.power_changes += [(now, passing), (ends, final)]
        instance.spells.append(Spell(now, ends))
    return scale_set.operations.start(now, api_version, lambda: ends, fate=fate)


def delete(
    scale_set: SimulatedScaleSet, instances: list[Instance], now: float, api_version: str, fate: OperationFate | None
) -> Operation:
    """Delete instances; the set's capacity is smaller at once. No instance at all ends well, too (recorded)."""
    ends = now + _seconds(scale_set, "delete", now, fate)
    # Who is leaving already has been subtracted.
    subtracted = sum(instance.gone_at == FOREVER for instance in instances)
    for instance in instances:
        instance.gone_at = min(instance.gone_at, ends)
        instance.spells.append(Spell(now, ends, "Deleting"))
    scale_set.json["sku"]["capacity"] = max(0, scale_set.capacity - subtracted)
    scale_set.remember(now)
    return scale_set.operations.start(now, api_version, lambda: ends, fate=fate)


def update_one(
    scale_set: SimulatedScaleSet,
    instance: Instance,
    body: dict[str, Any],
    now: float,
    api_version: str,
    fate: OperationFate | None,
) -> Operation:
    """A PUT of one instance: its protection is taken, its tags and its model stay those of the set (recorded)."""
    policy = (body.get("properties") or {}).get("protectionPolicy")
    if isinstance(policy, dict):
        instance.protection = Protection(
            bool(policy.get("protectFromScaleIn")), bool(policy.get("protectFromScaleSetActions"))
        )
        if instance.shown is not None:
            instance.shown = merged(instance.shown, {"properties": {"protectionPolicy": policy}})
    ends = now + (ONE_INSTANCE_UPDATED if fate is None or fate.seconds is None else fate.seconds)
    instance.spells.append(Spell(now, ends))
    return scale_set.operations.start(now, api_version, lambda: ends, fate=fate)


def evict(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> None:
    """Take the machine of a Spot instance away: it is deallocated, or deleted, as the model says.

    Raises Refusal 409 for an instance that is not Spot (uniform_eviction_errors_2024).
    """
    profile = scale_set.profile
    if str(profile.get("priority", "Regular")) not in ("Spot", "Low"):
        error = refusal("not-allowed", verb="simulateEviction", name=instance.instance_id)
        error.error["message"] = "Operation 'simulateEviction' is allowed only for Spot Virtual Machines"
        raise error
    set_events.evict(scale_set, instance, now + EVICTED_AFTER)


def start_rolling_upgrade(
    scale_set: SimulatedScaleSet, now: float, api_version: str, fate: OperationFate | None
) -> Operation:
    """Azure's own roll: all instances, batch after batch. One that is to fail does so in its first batch.

    Raises Refusal 409 for a write at the same time.
    """
    if scale_set.operations.busy(now):
        raise refusal("conflict")
    policy = {**POLICY, **(scale_set.json["properties"].get("upgradePolicy", {}).get("rollingUpgradePolicy") or {})}
    rolling = RollingUpgrade(scale_set.calendar, now, policy, scale_set.name)
    due = [each for each in scale_set.present(now) if not each.protected]
    rolling.failed = fate is not None and fate.failure is not None
    parts = batches(len(due), int(policy["maxBatchInstancePercent"]))[: 1 if rolling.failed else None]
    seconds = SECONDS_A_BATCH if fate is None or fate.seconds is None else fate.seconds / max(1, len(parts))
    turns = [
        _turn(scale_set, due[position], scale_set.is_stale(due[position], now), now + number * seconds, seconds)
        for number, batch in enumerate(parts)
        for position in batch
    ]
    never = [Turn(instance, FOREVER, FOREVER, None) for instance in due[len(turns) :]]
    rolling.turns, rolling.ended_at = [*turns, *never], now + len(parts) * seconds
    scale_set.rolling = rolling
    return scale_set.operations.start(now, api_version, lambda: rolling.ended_at, fate=fate)


def _turn(scale_set: SimulatedScaleSet, instance: Instance, stale: bool, starts: float, seconds: float) -> Turn:
    """One instance's turn; one that is current is only looked at."""
    upgrade = scale_set.replacement(starts, starts + seconds) if stale else None
    if upgrade is not None:
        instance.upgrades.append(upgrade)
    return Turn(instance, starts, starts + seconds, upgrade)


def running_rolling_upgrade(scale_set: SimulatedScaleSet, now: float) -> RollingUpgrade:
    """The one to cancel. Raises Refusal 409 where none runs."""
    if scale_set.rolling is None or not scale_set.rolling.running(now):
        raise refusal("nothing-to-cancel")
    return scale_set.rolling


def cancel_rolling_upgrade(
    scale_set: SimulatedScaleSet,
    rolling: RollingUpgrade,
    now: float,
    api_version: str,
    fate: OperationFate | None,
) -> Operation:
    """Cancel it; its own operation and that of the cancellation both end Succeeded
    (rolling_upgrade_start_cancel_2020).
    """
    rolling.cancel(now)
    return scale_set.operations.start(now, api_version, lambda: rolling.ended_at, fate=fate)


# --- steps ---


def unprotected(instances: Iterable[Instance]) -> list[Instance]:
    """Those that an action asked of the set reaches."""
    return [instance for instance in instances if not instance.protected]


def _seconds(scale_set: SimulatedScaleSet, verb: str, now: float, fate: OperationFate | None) -> float:
    if fate is not None and fate.seconds is not None:
        return fate.seconds
    return random.Random(f"{verb}:{scale_set.seed}:{now}").uniform(*_SECONDS[verb])


def _check_upgrade(scale_set: SimulatedScaleSet, now: float) -> None:
    mode = scale_set.json["properties"].get("upgradePolicy", {}).get("mode", "Manual")
    if mode != "Manual":
        error = refusal("not-allowed", verb="manualupgrade", name=scale_set.name)
        error.error["message"] = (
            f"Operation 'manualupgrade' is not allowed on a scale set whose upgrade mode is '{mode}'."
        )
        raise error
    if scale_set.operations.busy(now) or now < scale_set.conflict_until:
        raise refusal("conflict")


def _is_due(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> bool:
    snapshot = scale_set.snapshot(instance, now)
    if snapshot.provisioning == "Updating":
        raise refusal("conflict")
    return not instance.protected and not scale_set.is_current(snapshot)


def _planned(scale_set: SimulatedScaleSet, instance: Instance, now: float, fate: OperationFate | None) -> Upgrade:
    return decide(
        instance.instance_id,
        sum(upgrade.by_manualupgrade for upgrade in instance.upgrades) + 1,
        now,
        image=scale_set.deployed(scale_set.profile, now),
        model=scale_set.model,
        timing=scale_set.scenario.timing,
        faults=scale_set.faults_of(instance.instance_id),
        has_signal=scale_set.has_signal,
        seed=scale_set.seed,
        seconds=None if fate is None else fate.seconds,
    )


def _operation_error(scale_set: SimulatedScaleSet, accepted: AcceptedUpgrade) -> tuple[str, str] | None:
    for instance, planned in accepted.jobs:
        for fault in scale_set.faults_of(instance.instance_id):
            if isinstance(fault, f.ProvisioningFailure) and planned.failure and fault.operation == "failed":
                return planned.failure
    return None
