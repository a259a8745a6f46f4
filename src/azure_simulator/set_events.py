"""What happens to a set and its instances by others than the client: Azure, autoscale, somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure_simulator import faults as f
from azure_simulator.fleet import FOREVER, Instance, Sickness, Spell, leaving
from azure_simulator.set_description import merged, placement_group_id

if TYPE_CHECKING:
    from azure_simulator.scale_set import SimulatedScaleSet


def happen(scale_set: SimulatedScaleSet, event: f.Event, moment: float) -> None:
    """Carry out what the scenario wants to happen at this moment."""
    match event:
        case f.Vanish(instance=instance_id):
            scale_set.instances[instance_id].gone_at = moment
        case f.FallIll(instance=instance_id, seconds=seconds):
            end = FOREVER if seconds is None else moment + seconds
            scale_set.instances[instance_id].sicknesses.append(Sickness(moment, end))
        case f.Stop(instance=instance_id, power=power):
            scale_set.instances[instance_id].power_changes.append((moment, power))
        case f.Evict(instance=instance_id):
            evict(scale_set, scale_set.instances[instance_id], moment)
        case f.ScaleIn():
            for leaves in leaving(scale_set.present(moment), 1):
                leaves.gone_at = moment
                _scale(scale_set, -1, moment)
        case f.Appear():
            scale_set.instances[event.instance] = _appeared(scale_set, event, moment)
            if event.scaled:
                _scale(scale_set, 1, moment)
        case f.UpdatedBySomebody(instance=instance_id, seconds=seconds):
            scale_set.instances[instance_id].upgrades.append(scale_set.replacement(moment, moment + seconds))
        case f.RevokeTokens():
            scale_set.tokens_revoked_at = moment
        case f.ModelChange(patch=patch, new_model=new_model):
            scale_set.json = merged(scale_set.json, patch)
            scale_set.updates += 1
            scale_set.note_model(moment, always=new_model)
            scale_set.remember(moment)


def _scale(scale_set: SimulatedScaleSet, change: int, now: float) -> None:
    """Somebody, or autoscale, has set another capacity."""
    scale_set.json = merged(scale_set.json, {"sku": {"capacity": scale_set.capacity + change}})
    scale_set.updates += 1
    scale_set.remember(now)


def evict(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> None:
    """Take the machine of a Spot instance away, as the set's `evictionPolicy` says."""
    if str(scale_set.profile.get("evictionPolicy", "")).lower() == "delete":
        instance.gone_at = min(instance.gone_at, now)
    else:
        instance.power_changes.append((now, "deallocated"))


def _appeared(scale_set: SimulatedScaleSet, event: f.Appear, moment: float) -> Instance:
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
        sicknesses=[Sickness(ready, FOREVER if event.failure else ready + event.healthy_after)],
        spells=[Spell(moment, ready, "Creating")] if event.creating_seconds else [],
        born_at=moment,
    )
