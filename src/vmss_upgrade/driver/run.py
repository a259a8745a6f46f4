"""The one loop: carries an order out and yields what happened.

`run_rollout` reads as the story; each step of it is a generator that yields events and returns its result. One
thread, no callbacks: time passes only in `Clock.sleep`, and nothing is written but by `set_image`, `upgrade` and
`set_repairs`. What is read and decided before the first write is in preparation.py, the batches in batch_loop.py, the
way back in rollback.py. What Azure refuses is waited out within bounds (patient_api.py); what cannot be waited out ends
the run.
"""

from __future__ import annotations

from collections.abc import Generator

from vmss_upgrade.driver.batches import BatchLoop, Limits
from vmss_upgrade.driver.carrying_out import carry_out
from vmss_upgrade.driver.conclusion import ending_of
from vmss_upgrade.driver.preparation import Preparation, Prepared
from vmss_upgrade.driver.remote import PatientApi, Steps
from vmss_upgrade.driver.repairs import RepairsPause
from vmss_upgrade.driver.rollback import FailedRollout, return_loop, roll_back
from vmss_upgrade.ports import Clock, ScaleSetApi
from vmss_upgrade.rollout.checks.rollback import no_image_to_blame, no_rollback
from vmss_upgrade.rollout.goal import Goal, goal_of
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import (
    Event,
    Noticed,
    RolloutFinished,
    RolloutPlanned,
    ScaleSetRead,
    StatusSeen,
)
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.planner import plan_rollout
from vmss_upgrade.rollout.policy import OnFailure
from vmss_upgrade.rollout.scale_set import ScaleSet
from vmss_upgrade.rollout.watching.watch import Watch


def run_rollout(order: Order, api: ScaleSetApi, clock: Clock) -> Generator[Event]:
    """Carry the order out. The last event is always RolloutFinished, unless an exception leaves the generator.

    Raises Interrupted from within `clock.sleep` or a call to Azure; every AzureError becomes the ending. Automatic
    repairs that were suspended are resumed on every way out.
    """
    rollout = _Rollout(order, api, clock)
    try:
        ending = yield from rollout.to_its_end()
        yield from rollout.repairs.resume()
    except GeneratorExit:  # whoever listened has gone
        rollout.repairs.resume_unheard()
        raise
    except BaseException:  # cancelled, or a bug of ours
        yield from rollout.repairs.resume_at_once()
        raise
    yield RolloutFinished(at=rollout.elapsed(), ending=ending)


class _Rollout:
    """One run."""

    def __init__(self, order: Order, api: ScaleSetApi, clock: Clock) -> None:
        self._order = order
        self._policy = order.policy
        self._azure = PatientApi(api, clock, order.policy)
        self.repairs = RepairsPause(self._azure)
        self.elapsed = self._azure.elapsed

    def to_its_end(self) -> Steps[Ending]:
        """The story, whatever ends it."""
        return (yield from ending_of(self._story(), self._azure))

    # -- the story ---------------------------------------------------------------------------------------------

    def _story(self) -> Steps[Ending]:
        """Read, check, plan, update the model, upgrade batch by batch, look once more; or the part of it asked for."""
        model = yield from self._settled_model()
        if self._order.command is Command.STATUS:
            return (yield from self._show(model))
        prepared = yield from Preparation(self._azure, self._order).prepare(model)
        for finding in prepared.findings:
            yield Noticed(at=self.elapsed(), finding=finding)
        if prepared.refusals or prepared.plan is None:
            return endings.refused(prepared.refusals)
        self._azure.fix_health_signal()
        yield self._planned(prepared.plan, prepared.scale_set)
        if self._order.command is Command.PLAN:
            return Ending(outcome=Outcome.PLANNED, reason="Only the plan was asked for; nothing was written.")
        return (yield from self._carry_out(prepared.plan, prepared))

    def _carry_out(self, plan: RolloutPlan, prepared: Prepared) -> Steps[Ending]:
        """Everything that writes: there, and back where that was asked for and the rollout failed."""
        limits = Limits(
            policy=self._policy,
            stops_in_time=True,
            repairs_at_work=prepared.repairs_on and not self._policy.suspend_repairs,
        )
        loop = self._loop(limits, plan, prepared)
        ending = yield from ending_of(self._there(loop, plan, prepared), self._azure)
        is_asked_for = self._policy.on_failure is OnFailure.ROLLBACK and not plan.is_rollback
        if not is_asked_for or ending.outcome.exit_code == 0:
            return ending
        if not ending.calls_for_rollback:
            yield Noticed(at=self.elapsed(), finding=no_image_to_blame(plan.reaches))
            return ending
        if not self._azure.moved or prepared.way_back is None:
            yield Noticed(at=self.elapsed(), finding=no_rollback(plan.reaches, prepared.way_back))
            return ending
        failed = FailedRollout(plan=plan, before=prepared.scale_set, done=tuple(loop.started), ending=ending)
        return (yield from roll_back(self._azure, limits, failed, prepared.way_back))

    def _there(self, loop: BatchLoop, plan: RolloutPlan, prepared: Prepared) -> Steps[Ending]:
        """Suspend repairs, write the model, upgrade the instances: as far as the order and the plan ask for it."""
        if self._policy.suspend_repairs and prepared.repairs_on and plan.batches:
            yield from self.repairs.suspend()
        if plan.update_model:
            yield from loop.update_model()
        if self._order.command is Command.UPDATE_MODEL:
            return endings.model_updated(plan)
        return (yield from carry_out(plan, loop, self._azure, self._policy))

    def _loop(self, limits: Limits, plan: RolloutPlan, prepared: Prepared) -> BatchLoop:
        """The batches to come: of a rollout, or of a rollback that was asked for by hand."""
        scale_set = prepared.scale_set
        if prepared.moved is not None:
            return return_loop(self._azure, limits, scale_set, plan.goal, prepared.moved)
        watch = Watch(scale_set, plan.goal, self._policy)

        def replan(scale_set: ScaleSet, goal: Goal) -> RolloutPlan:
            return plan_rollout(scale_set, goal, self._policy)

        return BatchLoop(self._azure, limits, scale_set.model, plan.goal, watch, replan)

    def _show(self, model: Model) -> Steps[Ending]:
        """The scale set as it is, and nothing else."""
        yield from self._azure.look()
        self._azure.compare()
        scale_set = ScaleSet(model=model, instances=self._azure.seen)
        yield StatusSeen(at=self.elapsed(), scale_set=scale_set, goal=goal_of(model))
        return Ending(outcome=Outcome.REPORTED, reason="Only the status was asked for; nothing was written.")

    def _planned(self, plan: RolloutPlan, scale_set: ScaleSet) -> RolloutPlanned:
        return RolloutPlanned(
            at=self.elapsed(), plan=plan, scale_set=scale_set, policy=self._policy, command=self._order.command
        )

    def _settled_model(self) -> Steps[Model]:
        """The model, once nobody is updating the scale set, or after `health_timeout` as it is."""
        model = yield from self._azure.read_model()
        yield ScaleSetRead(at=self.elapsed(), model=model)
        if not model.is_updating or self._order.command is Command.STATUS:
            return model
        why = "the scale set is being updated (provisioningState Updating)"
        return (yield from self._azure.read_settled_model(why, self._azure.now() + self._policy.health_timeout))
