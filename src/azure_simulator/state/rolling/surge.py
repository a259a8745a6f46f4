"""A batch of a rolling upgrade with maxSurge: new instances take the places of old ones.

Documented ("Rolling upgrades with MaxSurge"): new instances are created from the latest model, batch by batch; once
they are healthy the old ones are deleted. They have other ids, and may be in other update domains. The quota is looked
at before every batch; if it is not enough, the batch is upgraded in place.

Choices that no source decides: a new instance is in the zone of the old one; what a scenario lets go wrong with an
upgrade of the old one goes wrong with the new one; after a failure both stay. A cancellation lets the batch that is
under way go on, as in place: its old instances are deleted when the new ones are healthy. A scale-in deletes no new
instance whose old one is there, which the capacity does not count, and with an old one the new one for its place.
"""

import dataclasses

from azure_simulator.state.companions.scaling import notice_seconds
from azure_simulator.state.creation import DELETION, create_instance, describe_next
from azure_simulator.state.instances import Instance
from azure_simulator.state.manual_upgrades import plan_upgrade
from azure_simulator.state.periods import StatePeriod
from azure_simulator.state.rolling_upgrades import Turn
from azure_simulator.state.scale_set import SimulatedScaleSet


def has_room(scale_set: SimulatedScaleSet, count: int, now: float) -> bool:
    """Return whether the quota and the subnet are enough for so many more instances."""
    limits, wanted = scale_set.scenario.scaling, len(scale_set.present(now)) + count
    return all(limit is None or wanted <= limit for limit in (limits.quota, limits.addresses))


def create_successor(scale_set: SimulatedScaleSet, turn: Turn, now: float) -> None:
    """Create the instance that takes the place of an old one."""
    old, decided = turn.instance, plan_upgrade(scale_set, turn.instance, now, None)
    described = dataclasses.replace(describe_next(scale_set), zone=old.zone, placement_group=old.placement_group)
    new = create_instance(scale_set, described, now, decided.ended_at)
    new.unhealthy_periods.append(decided.unhealthy)
    if decided.failure is not None:
        new.provisioning, new.failure, new.failed_extension = "Failed", decided.failure, decided.failed_extension
    elif decided.image is None and turn.before is not None:
        new.image, new.model = turn.before
    scale_set.instances[new.instance_id] = new
    turn.upgrade, turn.successor = decided, new


def places(scale_set: SimulatedScaleSet, now: float) -> list[Instance]:
    """Return the instances that the capacity counts: all but the new ones of a batch whose old ones are there."""
    turns = scale_set.rolling.current if scale_set.rolling is not None else []
    beyond = {turn.upgraded.instance_id for turn in turns if turn.successor is not None and turn.instance.exists(now)}
    return [each for each in scale_set.present(now) if each.instance_id not in beyond]


def delete_old(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> float:
    """Delete an instance whose successor is healthy, from `now` on. Return when it is gone."""
    gone_at = now + notice_seconds(scale_set) + DELETION
    if instance.deleted_at > gone_at:
        instance.deleted_at = gone_at
        instance.state_periods.append(StatePeriod(now, gone_at, "Deleting"))
    return instance.deleted_at


def let_go_on(scale_set: SimulatedScaleSet, turn: Turn) -> None:
    """Let an old instance be deleted after a cancellation, once its successor is healthy."""
    if turn.upgrade is not None and turn.successor is not None:
        delete_old(scale_set, turn.instance, turn.upgrade.healthy_at)
