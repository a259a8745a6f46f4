"""What happens to a set and its instances without a request of the client: by Azure, autoscale, or another user."""

from typing import Any

from azure_simulator.scenario.events import (
    Appear,
    BecomeUnhealthy,
    CancelRollingUpgrade,
    Event,
    Evict,
    FaultRollingUpgrade,
    ModelChange,
    RevokeTokens,
    RollByAzure,
    ScaleIn,
    Stop,
    UpdatedBySomebody,
    Vanish,
)
from azure_simulator.scenario.set_description import placement_group_id
from azure_simulator.state.creation import leaving
from azure_simulator.state.instances import Instance
from azure_simulator.state.operations import Ending, Failure, Operation
from azure_simulator.state.periods import FOREVER, StatePeriod, UnhealthyPeriod
from azure_simulator.state.rolling import starting, steps, surge
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.answers import NotSimulated, Refusal
from azure_simulator.wire.merging import merged
from azure_simulator.wire.set_model import storage_image, storage_of, upgrade_mode


def settle(scale_set: SimulatedScaleSet, now: float) -> None:
    """Carry out, each at its own moment, what the scenario wants to happen up to `now`, and what Azure does then."""
    while True:
        step = steps.next_step(scale_set)
        due = scale_set.agenda.take_due(min(now, step))
        scale_set.touches += due is not None or step <= now
        if due is not None:
            moment, event = due
            _carry_out(scale_set, event, moment)
        elif step <= now:
            steps.take_step(scale_set, step)
        else:
            return


def evict(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> None:
    """Take the machine of a Spot instance away, as the set's `evictionPolicy` says."""
    if str(scale_set.profile.get("evictionPolicy", "")).lower() == "delete":
        instance.deleted_at = min(instance.deleted_at, now)
    else:
        instance.power_changes.append((now, "deallocated"))


def _carry_out(scale_set: SimulatedScaleSet, event: Event, moment: float) -> None:
    match event:
        case Vanish(instance=instance_id):
            scale_set.instances[instance_id].deleted_at = moment
        case BecomeUnhealthy(instance=instance_id, seconds=seconds):
            end = FOREVER if seconds is None else moment + seconds
            scale_set.instances[instance_id].unhealthy_periods.append(UnhealthyPeriod(moment, end))
        case Stop(instance=instance_id, power=power):
            scale_set.instances[instance_id].power_changes.append((moment, power))
        case Evict(instance=instance_id):
            evict(scale_set, scale_set.instances[instance_id], moment)
        case ScaleIn():
            for instance in leaving(surge.places(scale_set, moment), 1):
                instance.deleted_at = moment
                _change_capacity(scale_set, -1, moment)
        case Appear():
            scale_set.instances[event.instance] = _new_instance(scale_set, event, moment)
            if event.scaled:
                _change_capacity(scale_set, 1, moment)
        case UpdatedBySomebody(instance=instance_id, seconds=seconds):
            scale_set.instances[instance_id].upgrades.append(scale_set.replacement(moment, moment + seconds))
        case RevokeTokens():
            scale_set.tokens_revoked_at = moment
        case ModelChange():
            _change_model(scale_set, event, moment)
        case CancelRollingUpgrade() | FaultRollingUpgrade():
            _end_rolling_upgrade(scale_set, event, moment)
        case RollByAzure(seconds=seconds):
            starting.start_by_azure(scale_set, moment, seconds)


def _change_model(scale_set: SimulatedScaleSet, event: ModelChange, now: float) -> None:
    """Change the set as somebody's request does, unless Azure refuses it; in mode Rolling a rolling upgrade follows."""
    changed = merged(scale_set.json, event.patch)
    rolls = upgrade_mode(scale_set.json) == "Rolling"
    is_rolling = rolls and scale_set.rolling is not None and scale_set.rolling.running(now)
    if is_rolling or not _has_image(scale_set, changed, now):
        return
    scale_set.json = changed
    scale_set.updates += 1
    scale_set.note_model(now, always=event.new_model)
    scale_set.remember(now)

    def start_operation(ends_at: Ending, error: Failure | None) -> Operation:
        return scale_set.operations.start(now, "2026-04-01", ends_at, error=error)

    if rolls and (behind := starting.find_behind(scale_set, now)):
        starting.start_of_model(scale_set, behind, now, start_operation)


def _has_image(scale_set: SimulatedScaleSet, changed: dict[str, Any], now: float) -> bool:
    """Return whether new instances can be made from the image of the changed set, as far as that is known: captured
    files say it of few images.
    """
    if storage_image(changed) == storage_image(scale_set.json):
        return True
    try:
        scale_set.scenario.catalog.check_deployable(storage_of(changed), scale_set.location, now)
    except NotSimulated:
        return True
    except Refusal:
        return False
    return True


def _end_rolling_upgrade(
    scale_set: SimulatedScaleSet, event: CancelRollingUpgrade | FaultRollingUpgrade, now: float
) -> None:
    """Cancel the rolling upgrade that runs, or let it fail; where none runs, nothing happens."""
    rolling = scale_set.rolling
    if rolling is None or not rolling.running(now):
        return
    if isinstance(event, CancelRollingUpgrade):
        steps.cancel(scale_set, rolling, now)
    else:
        steps.break_off(scale_set, rolling, event.failure, now)


def _change_capacity(scale_set: SimulatedScaleSet, change: int, now: float) -> None:
    scale_set.json = merged(scale_set.json, {"sku": {"capacity": scale_set.capacity + change}})
    scale_set.updates += 1
    scale_set.remember(now)


def _new_instance(scale_set: SimulatedScaleSet, event: Appear, moment: float) -> Instance:
    model, profile = scale_set.first if event.image == "old" else (scale_set.model, scale_set.profile)
    ready = moment + event.creating_seconds
    return Instance(
        instance_id=event.instance,
        update_domain=event.update_domain,
        fault_domain=event.update_domain,
        zone=event.zone,
        placement_group="" if scale_set.flexible else placement_group_id(0, event.zone),
        image=scale_set.deployed(profile or scale_set.profile, moment),
        model=model,
        provisioning="Succeeded" if event.failure is None else "Failed",
        failure=event.failure,
        failed_extension=event.extension,
        unhealthy_periods=[UnhealthyPeriod(ready, FOREVER if event.failure else ready + event.healthy_after)],
        state_periods=[StatePeriod(moment, ready, "Creating")] if event.creating_seconds else [],
        created_at=moment,
    )
