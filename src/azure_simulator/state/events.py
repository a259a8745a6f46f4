"""What happens to a set and its instances without a request of the client: by Azure, autoscale, or another user."""

from azure_simulator.scenario.events import (
    Appear,
    BecomeUnhealthy,
    Event,
    Evict,
    ModelChange,
    RevokeTokens,
    ScaleIn,
    Stop,
    UpdatedBySomebody,
    Vanish,
)
from azure_simulator.scenario.set_description import placement_group_id
from azure_simulator.state.creation import leaving
from azure_simulator.state.instances import FOREVER, Instance, StatePeriod, UnhealthyPeriod
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.merging import merged


def settle(scale_set: SimulatedScaleSet, now: float) -> None:
    """Carry out, each at its own moment, what the scenario wants to happen up to `now`."""
    while (due := scale_set.agenda.take_due(now)) is not None:
        moment, event = due
        _carry_out(scale_set, event, moment)


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
            for instance in leaving(scale_set.present(moment), 1):
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
        case ModelChange(patch=patch, new_model=new_model):
            scale_set.json = merged(scale_set.json, patch)
            scale_set.updates += 1
            scale_set.note_model(moment, always=new_model)
            scale_set.remember(moment)


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
