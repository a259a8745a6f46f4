"""The way back: the previous image into the model, then the instances that left it, newest batch first."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vmss_upgrade.driver.batches import BatchLoop, Limits
from vmss_upgrade.driver.carrying_out import carry_out
from vmss_upgrade.driver.conclusion import ending_of
from vmss_upgrade.driver.remote import SECOND_LOOK, PatientApi, Steps
from vmss_upgrade.rollout.checks.model_change import check_during_rollout
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import RollbackStarted
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.planning.availability import off_ids
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.planning.rollback import Moved, moved_by, not_back, plan_rollback
from vmss_upgrade.rollout.scale_set import ScaleSet
from vmss_upgrade.rollout.watching.watch import Returning, Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRollout:
    """A rollout that failed: as planned (from `before`), the batches it started (`done`), and why it ended."""

    plan: RolloutPlan
    before: ScaleSet
    done: tuple[Batch, ...]
    ending: Ending


def roll_back(azure: PatientApi, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[Ending]:
    """Return to `previous` every instance that has moved since the rollout began. The ending tells of both ways."""
    policy = replace(limits.policy, stop_after=None)
    limits = replace(limits, policy=policy, stops_in_time=False, passes_stuck=True)
    second = yield from ending_of(_way_back(azure, limits, failed, previous), azure)
    return endings.after_rollback(failed.ending, second, previous, instead_of=failed.plan.reaches)


def _way_back(azure: PatientApi, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[Ending]:
    """Look, plan, put the image back into the model, return the instances."""
    why = "Azure is still at work on what the rollout began"
    model = yield from azure.read_settled_model(why, azure.now() + limits.policy.batch_timeout)
    if not model.image.same_as(previous):
        model = yield from azure.read_accepted_model(lambda m: check_during_rollout(m, failed.plan.reaches), model)
    yield from azure.look()
    yield from azure.wait("the list of instances may lag behind, so it is read twice", SECOND_LOOK)
    yield from azure.look()
    now = ScaleSet(model=model, instances=azure.seen)
    goal = Goal(image=previous, in_model=model.image.same_as(previous), heals=True)
    touched = {id_ for batch in failed.done for id_ in batch.instance_ids}
    moved = moved_by(failed.before, now, failed.plan.goal, touched, previous)
    plan = plan_rollback(now, goal, limits.policy, moved, left=failed.plan.reaches, done=failed.done)
    yield RollbackStarted(at=azure.elapsed(), plan=plan, scale_set=now, failed=failed.ending)
    off_before = off_ids(failed.before.instances)
    stay = frozenset(now.by_id()) - moved.ids
    loop = return_loop(azure, limits, now, goal, moved, done=failed.done, off_before=off_before, bystanders=stay)
    if plan.update_model:
        yield from loop.update_model()
    ending = yield from carry_out(plan, loop, azure, limits.policy)
    left = not_back(ScaleSet(model=model, instances=azure.seen), previous, limits.policy, moved)
    return endings.not_returned(left, previous) if left and ending.outcome.exit_code == 0 else ending


def return_loop(
    azure: PatientApi,
    limits: Limits,
    now: ScaleSet,
    goal: Goal,
    moved: Moved,
    *,
    done: tuple[Batch, ...] = (),
    off_before: frozenset[str] | None = None,
    bystanders: frozenset[str] = frozenset(),
) -> BatchLoop:
    """The batches of a rollback to `goal`, of a rollout that had started `done`."""
    policy = limits.policy
    returning = Returning(ids=moved.ids, off_before=off_before, bystanders=bystanders)
    watch = Watch(now, goal, policy, returning)

    def replan(scale_set: ScaleSet, goal: Goal) -> RolloutPlan:
        return plan_rollback(scale_set, goal, policy, moved, left=None, done=done)

    return BatchLoop(azure, limits, now.model, goal, watch, replan)
