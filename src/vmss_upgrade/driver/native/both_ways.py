"""A rollout that Azure rolls, and its way back where that was asked for and the rollout failed."""

from __future__ import annotations

from vmss_upgrade.driver.native.story import NativeRollout
from vmss_upgrade.driver.preparation import Prepared
from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.repairs import RepairsPause
from vmss_upgrade.driver.rollback import ending_of
from vmss_upgrade.driver.run_clock import SECOND_LOOK, Steps
from vmss_upgrade.rollout.checks.rollback import bad_before, no_image_to_blame, no_rollback
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import Noticed, RollbackStarted
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.native.endings import with_manual_mode
from vmss_upgrade.rollout.native.planning import left_to_azure
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.rollback import moved_by, not_back, plan_rollback
from vmss_upgrade.rollout.policy import Policy


def roll(
    remote: RemoteScaleSet, policy: Policy, plan: RolloutPlan, prepared: Prepared, repairs: RepairsPause
) -> Steps[Ending]:
    """Let Azure roll the set; and back, by a second rolling upgrade, where the rollout failed by its image."""
    if policy.suspend_repairs and prepared.repairs_on and plan.instance_ids:
        yield from repairs.suspend()
    ending = yield from ending_of(NativeRollout(remote, policy, plan, prepared.scale_set).run(), remote)
    asked, previous = policy.on_failure, prepared.way_back
    if plan.is_rollback and ending.outcome.exit_code != 0:
        return with_manual_mode(ending, remote.model)
    if not asked.goes_back or ending.outcome.exit_code == 0:
        return ending
    if not ending.calls_for_rollback:
        older = ending.bad_before
        found = bad_before(older, plan.reaches, previous, asked) if older else None
        yield Noticed(finding=found or no_image_to_blame(plan.reaches, asked))
        return ending
    if not remote.moved or previous is None:
        yield Noticed(finding=no_rollback(plan.reaches, previous, asked))
        return ending
    second = yield from ending_of(_roll_back(remote, policy, plan, prepared, ending, previous), remote)
    both = endings.after_rollback(ending, second, previous, instead_of=plan.reaches)
    return both if second.outcome.exit_code == 0 else with_manual_mode(both, remote.model)


def _roll_back(
    remote: RemoteScaleSet, policy: Policy, plan: RolloutPlan, prepared: Prepared, failed: Ending, previous: Image
) -> Steps[Ending]:
    """Look twice, plan, and let Azure roll the set to the image that it ran before."""
    until = remote.clock.now() + policy.health_timeout
    yield from remote.read_settled_model("Azure is still carrying out what the rollout began", until)
    yield from remote.look()
    yield from remote.clock.wait("the list of instances may lag behind, so it is read twice", SECOND_LOOK)
    yield from remote.look()
    now = remote.scale_set
    goal = Goal(image=previous, in_model=now.model.image.same_as(previous), heals=True)
    moved = moved_by(prepared.scale_set, now, plan.goal, (), previous)
    back = left_to_azure(plan_rollback(now, goal, policy, moved, left=plan.reaches), now.model)
    yield RollbackStarted(plan=back, scale_set=now, failed=failed)
    ending = yield from NativeRollout(remote, policy, back, now, counts_all=False).run()
    left = not_back(remote.scale_set, previous, policy, moved)
    return endings.not_returned(left, previous) if left and ending.outcome.exit_code == 0 else ending
