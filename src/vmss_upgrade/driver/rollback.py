"""The way back: the previous image into the model, then the instances that left it, newest batch first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from vmss_upgrade.driver.batches import Batches, Limits, Return
from vmss_upgrade.driver.conclusion import ending_of
from vmss_upgrade.driver.model_update import update_model
from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import SECOND_LOOK, Steps
from vmss_upgrade.rollout.checks.model_change import check_during_rollout
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import RollbackStarted
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.planning.availability import stopped_ids
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.planning.rollback import moved_by, not_back, plan_rollback
from vmss_upgrade.rollout.scale_set import ScaleSet
from vmss_upgrade.rollout.watching.watch import Returning, Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRollout:
    """A rollout that failed: as planned (from `before`), the batches it started (`done`), and why it ended."""

    plan: RolloutPlan
    before: ScaleSet
    done: tuple[Batch, ...]
    ending: Ending


def roll_back(remote: RemoteScaleSet, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[Ending]:
    """Return to `previous` every instance that has moved since the rollout began. The ending speaks of both ways."""
    policy = replace(limits.policy, stop_after=None)
    limits = replace(limits, policy=policy, stops_in_time=False, passes_stuck=True)
    second = yield from ending_of(_undo(remote, limits, failed, previous), remote)
    return endings.after_rollback(failed.ending, second, previous, instead_of=failed.plan.reaches)


def _undo(remote: RemoteScaleSet, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[Ending]:
    """Look, plan, put the image back into the model, return the instances."""
    yield from _look(remote, limits, failed, previous)
    now, before = remote.scale_set, failed.before
    goal = Goal(image=previous, in_model=now.model.image.same_as(previous), heals=True)
    touched = {id_ for batch in failed.done for id_ in batch.instance_ids}
    moved = moved_by(before, now, failed.plan.goal, touched, previous)
    plan = plan_rollback(now, goal, limits.policy, moved, left=failed.plan.reaches, done=failed.done)
    yield RollbackStarted(plan=plan, scale_set=now, failed=failed.ending)
    stay = frozenset(now.by_id()) - moved.ids
    returning = Returning(ids=moved.ids, stopped_before=stopped_ids(before.instances), bystanders=stay)
    watch = Watch(now, goal, limits.policy, returning)
    batches = Batches(remote, limits, plan, watch, Return(moved=moved, done=failed.done))
    model = now.model
    if plan.update_model:
        model = yield from update_model(remote, model, previous)
    ending = yield from batches.run(model)
    left = not_back(remote.scale_set, previous, limits.policy, moved)
    return endings.not_returned(left, previous) if left and ending.outcome.exit_code == 0 else ending


def _look(remote: RemoteScaleSet, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[None]:
    """Read model and instances once Azure has ended what the rollout began."""
    why = "Azure is still carrying out what the rollout began"
    model = yield from remote.read_settled_model(why, remote.clock.now() + limits.policy.batch_timeout)
    if not model.image.same_as(previous):
        check = partial(check_during_rollout, expected=failed.plan.reaches)
        yield from remote.read_accepted_model(check, model)
    yield from remote.look()
    yield from remote.clock.wait("the list of instances may lag behind, so it is read twice", SECOND_LOOK)
    yield from remote.look()
