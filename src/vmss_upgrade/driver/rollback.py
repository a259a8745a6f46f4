"""The way back: what a failed rollout did is undone, as far as asked for; and how an error becomes an ending."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from vmss_upgrade.driver.batch import Limits
from vmss_upgrade.driver.batches import Batches, Return
from vmss_upgrade.driver.model_update import update_model
from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import SECOND_LOOK, OutOfTime, Steps
from vmss_upgrade.driver.zero_downtime.probes import ProbesHalt
from vmss_upgrade.errors import AzureError, PlanRefused
from vmss_upgrade.ports import Web
from vmss_upgrade.rollout.checks.model_change import check_during_rollout
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import ModelRestoreStarted, ModelUpdated, RollbackStarted
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.planning.rollback import moved_by, not_back, plan_rollback
from vmss_upgrade.rollout.scale_set import ScaleSet
from vmss_upgrade.rollout.watching.watch import Returning, Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRollout:
    """A rollout that failed: as planned (from `before`), the batches it started (`done`), and why it ended.

    `web` reaches the services that its rollback has to do with as well.
    """

    plan: RolloutPlan
    before: ScaleSet
    done: tuple[Batch, ...]
    ending: Ending
    web: Web | None


def roll_back(remote: RemoteScaleSet, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[Ending]:
    """Return to `previous` every instance that has moved since the rollout began. The ending speaks of both ways."""
    policy = replace(limits.policy, stop_after=None)
    limits = replace(limits, policy=policy, stops_in_time=False, passes_stuck=True)
    second = yield from ending_of(_undo(remote, limits, failed, previous), remote)
    return endings.after_rollback(failed.ending, second, previous, instead_of=failed.plan.reaches)


def _undo(remote: RemoteScaleSet, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[Ending]:
    """Look, plan, put the image back into the model, return the instances."""
    yield from _look_again(remote, limits, failed, previous)
    now, before = remote.scale_set, failed.before
    goal = Goal(image=previous, in_model=now.model.image.same_as(previous), heals=True)
    touched = {id_ for batch in failed.done for id_ in batch.instance_ids}
    moved = moved_by(before, now, failed.plan.goal, touched, previous)
    plan = plan_rollback(now, goal, limits.policy, moved, left=failed.plan.reaches, done=failed.done)
    yield RollbackStarted(plan=plan, scale_set=now, failed=failed.ending)
    stay = frozenset(now.by_id) - moved.ids
    returning = Returning(ids=moved.ids, stopped_before=before.stopped_ids, bystanders=stay)
    watch = Watch(now, goal, limits.policy, returning)
    batches = Batches(remote, limits, plan, watch, Return(moved=moved, done=failed.done), failed.web)
    model = now.model
    if plan.update_model:
        model = yield from update_model(remote, model, previous)
    ending = yield from batches.run(model)
    left = not_back(remote.scale_set, previous, limits.policy, moved)
    return endings.not_returned(left, previous) if left and ending.outcome.exit_code == 0 else ending


def restore_model(remote: RemoteScaleSet, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[Ending]:
    """Put `previous` back into the model, and leave every instance as it is. The ending speaks of both ways."""
    second = yield from ending_of(_put_back(remote, limits, failed, previous), remote)
    return endings.after_restore(failed.ending, second)


def _put_back(remote: RemoteScaleSet, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[Ending]:
    """Write the previous image into the model. No instance is looked at again: of a VHD they would look as if none had
    been upgraded, once the model holds another.
    """
    yield ModelRestoreStarted(previous=previous, instead_of=failed.plan.reaches)
    model = yield from _settled_model(remote, limits, failed, previous)
    if model.image.same_as(previous):
        yield ModelUpdated(target=previous, seconds=0.0)
    else:
        yield from update_model(remote, model, previous)
    return Ending(outcome=Outcome.MODEL_UPDATED, reason="The model holds the previous image again.")


def _settled_model(remote: RemoteScaleSet, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[Model]:
    """Return the model once Azure has ended what the rollout began. It holds what that left, or `previous` again."""
    why = "Azure is still carrying out what the rollout began"
    model = yield from remote.read_settled_model(why, remote.clock.now() + limits.policy.batch_timeout)
    if model.image.same_as(previous):
        return model
    check = partial(check_during_rollout, expected=failed.plan.reaches)
    return (yield from remote.read_accepted_model(check, model))


def _look_again(remote: RemoteScaleSet, limits: Limits, failed: FailedRollout, previous: Image) -> Steps[None]:
    """Read model and instances once Azure has ended what the rollout began."""
    yield from _settled_model(remote, limits, failed, previous)
    yield from remote.look()
    yield from remote.clock.wait("the list of instances may lag behind, so it is read twice", SECOND_LOOK)
    yield from remote.look()


def ending_of(story: Steps[Ending], remote: RemoteScaleSet) -> Steps[Ending]:
    """Return the story's own ending, or that of the error which cut it short. Interrupted, and a bug of ours, pass."""
    try:
        return (yield from story)
    except Halted as halt:
        if isinstance(halt, ProbesHalt):  # in the middle of anything
            yield from _last_look(remote)
        return halt.ending
    except PlanRefused as refusal:
        return endings.by_refusal(refusal, wrote=remote.wrote)
    except OutOfTime as error:
        yield from _last_look(remote)
        return endings.out_of_time(error)
    except AzureError as error:
        yield from _last_look(remote)
        return endings.by_azure(error, wrote=remote.wrote)


def _last_look(remote: RemoteScaleSet) -> Steps[None]:
    """Try once to see where the instances are, so that what is said of them is true; no waiting any more."""
    if remote.instances:
        with suppress(AzureError):
            yield from remote.look_at_once()
