"""Reading a scale set while nothing in it is being created or updated, so that the plan is made from the truth."""

from __future__ import annotations

from vmss_upgrade.driver.remote import SETTLING_PAUSE, RemoteScaleSet
from vmss_upgrade.driver.run_clock import SECOND_LOOK, Steps
from vmss_upgrade.rollout.checks.capacity import awaited_health
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.availability import updating_ids
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.planner import plan_rollout
from vmss_upgrade.rollout.planning.selection import is_selected
from vmss_upgrade.rollout.policy import Policy, Selection
from vmss_upgrade.rollout.scale_set import Health
from vmss_upgrade.rollout.wording import listed


def look_at_rest(remote: RemoteScaleSet, policy: Policy) -> Steps[frozenset[str]]:
    """See all instances, at rest if that can be had within `health_timeout`. Returns those that were being updated at
    every look.

    An instance that is being created shows no domain yet, and one that is being upgraded, perhaps by an earlier run, is
    not healthy: a plan made from them would not be the true one. An instance that appears meanwhile is not waited for:
    a scale set that grows steadily would never be at rest.
    """
    until = remote.clock.now() + policy.health_timeout
    yield from remote.look()
    awaited = _awaited(remote, policy.selection)
    hanging = updating_ids(remote.instances)
    while awaited and remote.clock.now() < until:
        why = f"instances are being created or updated ({listed(awaited)})"
        yield from remote.clock.wait(why, SETTLING_PAUSE, until=until)
        yield from remote.look()
        awaited = [id_ for id_ in _awaited(remote, policy.selection) if id_ in awaited]
        hanging &= updating_ids(remote.instances)
    return hanging


def _awaited(remote: RemoteScaleSet, selection: Selection) -> list[str]:
    """Return the instances that are being updated, and of the selected those that are being created."""
    changing = [i for i in remote.instances if i.is_changing and not i.is_being_deleted and not i.is_attached]
    updating = updating_ids(changing)
    return [i.id for i in changing if i.id in updating or is_selected(i, selection)]


def read_signal_again(remote: RemoteScaleSet) -> Steps[None]:
    """Read the model and the instances once more where it shows no health signal although instances report it."""
    reporting = any(i.health not in (Health.NO_SIGNAL, Health.NOT_YET) for i in remote.instances)
    if remote.model.health_signal is HealthSignal.NONE and reporting:
        why = "instances report their health, but the model shows no health signal, so it is read once more"
        yield from remote.clock.wait(why, SECOND_LOOK)
        yield from remote.read_model()
        yield from remote.look()


def plan_when_allowed(remote: RemoteScaleSet, goal: Goal, policy: Policy) -> Steps[RolloutPlan]:
    """Return the plan from a look at which it is allowed, if waiting for instances on the target to become healthy
    makes it so within `health_timeout`: after an earlier run that was killed they may be still starting.
    """
    until = remote.clock.now() + policy.health_timeout
    while True:
        plan = plan_rollout(remote.scale_set, goal, policy)
        awaited = awaited_health(remote.scale_set, plan, policy)
        if not awaited or remote.clock.now() >= until:
            return plan
        why = f"instances on the target image are not healthy yet ({listed(awaited)})"
        yield from remote.clock.wait(why, SETTLING_PAUSE, until=until)
        yield from remote.look()
