"""The one loop: carries an order out and yields what happened.

`run_rollout` reads as the story; each step of it is a generator that yields events and returns its result. One
thread, no callbacks: time passes only in `Clock.sleep`, and nothing is written but by `set_image`, `upgrade` and
`set_repairs`. What is read and decided before the first write is in preparation.py. What Azure refuses is waited out
within bounds (patient_api.py); what cannot be waited out ends the run.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from vmss_upgrade.batch_run import BatchRun
from vmss_upgrade.errors import AzureError, PlanRefused
from vmss_upgrade.model_update import update_model
from vmss_upgrade.patient_api import Halted, OutOfTime, PatientApi, Steps
from vmss_upgrade.ports import Clock, ScaleSetApi
from vmss_upgrade.preparation import Preparation, Prepared
from vmss_upgrade.repairs import RepairsPause
from vmss_upgrade.rollout import endings
from vmss_upgrade.rollout.events import (
    BatchFailed,
    BatchPassed,
    BatchStarted,
    Ending,
    EndPredicted,
    Event,
    Holding,
    InstancesSeen,
    Noticed,
    Outcome,
    RolloutFinished,
    RolloutPlanned,
    ScaleSetRead,
    StatusSeen,
)
from vmss_upgrade.rollout.findings import note
from vmss_upgrade.rollout.health_gate import Pending
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model_check import check_during_rollout, check_nothing_to_do
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.planner import Batch, RolloutPlan, plan_rollout, still_due
from vmss_upgrade.rollout.prediction import expected_end, fits
from vmss_upgrade.rollout.scale_set import Goal, Model, ScaleSet, goal_of
from vmss_upgrade.rollout.watch import Watch

FRESH = 2.0  # a look this young need not be repeated


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
    """The state of one run. The annotated attributes are set once there is a plan."""

    _goal: Goal
    _model: Model
    _model_image: Image
    _watch: Watch
    _repairs_at_work: bool

    def __init__(self, order: Order, api: ScaleSetApi, clock: Clock) -> None:
        self._order = order
        self._policy = order.policy
        self._azure = PatientApi(api, clock, order.policy)
        self.repairs = RepairsPause(self._azure)
        self.elapsed = self._azure.elapsed
        self._taken: list[float] = []  # seconds of each batch that passed

    def to_its_end(self) -> Steps[Ending]:
        """The story, whatever ends it."""
        try:
            return (yield from self._story())
        except Halted as halt:
            return halt.ending
        except PlanRefused as refusal:
            return endings.by_refusal(refusal, wrote=self._azure.wrote)
        except OutOfTime as error:
            yield from self._last_look()
            return Ending(outcome=Outcome.TIMED_OUT, reason=str(error), remedy=error.remedy)
        except AzureError as error:
            yield from self._last_look()
            return endings.by_azure(error, wrote=self._azure.wrote)

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
        yield self._planned(prepared.plan, prepared.scale_set)
        if self._order.command is Command.PLAN:
            return Ending(outcome=Outcome.PLANNED, reason="Only the plan was asked for; nothing was written.")
        return (yield from self._carry_out(prepared.plan, prepared))

    def _carry_out(self, plan: RolloutPlan, prepared: Prepared) -> Steps[Ending]:
        """Everything that writes."""
        self._begin(plan, prepared.scale_set)
        self._repairs_at_work = prepared.repairs_on and not self._policy.suspend_repairs
        if self._policy.suspend_repairs and prepared.repairs_on and plan.batches:
            yield from self.repairs.suspend()
        if plan.update_model:
            self._model = yield from update_model(self._azure, self._model, plan.target)
            self._goal, self._model_image = replace(plan.goal, in_model=True), plan.target
        if self._order.command is Command.UPDATE_MODEL:
            return endings.model_updated(plan)
        return (yield from self._upgrade_everything(plan))

    def _begin(self, plan: RolloutPlan, scale_set: ScaleSet) -> None:
        self._goal = plan.goal
        self._model = scale_set.model
        self._model_image = scale_set.model.image
        self._watch = Watch(scale_set, plan.goal, self._policy)

    def _upgrade_everything(self, plan: RolloutPlan) -> Steps[Ending]:
        """The planned batches, then one extra pass for instances that were born with the old image meanwhile."""
        ending = yield from self._upgrade(plan.due_now)
        if ending is not None:
            return ending
        unsettled = yield from self._settle()
        if plan.stop_after is not None:
            return endings.by_last_look(unsettled) if unsettled else endings.partial(plan)
        late = self._still_to_upgrade()
        if late and not unsettled and self._policy.stop_after is not None:
            return endings.partial(plan)
        if late and not unsettled:
            ids = ", ".join(id_ for batch in late for id_ in batch.instance_ids)
            yield self._note(f"Not upgraded after the planned batches, so one more pass: {ids}.")
            extra = tuple(Batch(len(plan.batches) + b.number, b.domain, b.instance_ids) for b in late)
            ending = yield from self._upgrade(extra)
            if ending is not None:
                return ending
            unsettled = yield from self._settle()
        did_anything = bool(plan.batches) or self._azure.wrote
        model = yield from self._azure.read_model()
        check_during_rollout(model, self._model_image)
        if self._goal.whole_model and not did_anything:
            check_nothing_to_do(model, self._model)
        return self._conclusion(unsettled, did_anything=did_anything)

    def _show(self, model: Model) -> Steps[Ending]:
        """The scale set as it is, and nothing else."""
        yield from self._azure.look()
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
        if model.provisioning_state.lower() != "updating" or self._order.command is Command.STATUS:
            return model
        why = "the scale set is being updated (provisioningState Updating)"
        return (yield from self._azure.read_settled_model(why, self._azure.now() + self._policy.health_timeout))

    # -- the batches ---------------------------------------------------------------------------------------------

    def _upgrade(self, batches: tuple[Batch, ...]) -> Steps[Ending | None]:
        """Batch after batch; the ending when one of them must be the last."""
        for position, planned in enumerate(batches):
            if not fits(self.elapsed(), self._taken, self._policy.timeout):
                return self._no_time_for(planned)
            yield from self._hold(planned)
            batch = still_due(planned, self._scale_set(), self._goal, self._policy)
            yield from self._tell_dropped(planned, batch)
            if not batch.instance_ids:
                continue
            began = self.elapsed()
            yield BatchStarted(at=self.elapsed(), batch=batch, of=batches[-1].number)
            run = BatchRun(
                self._azure,
                self._policy,
                self._goal,
                self._model,
                batch,
                self._hold,
                repairs_at_work=self._repairs_at_work,
            )
            gate = yield from run.run()
            self._model = run.model
            if gate.failures:
                yield BatchFailed(at=self.elapsed(), batch=batch, failures=gate.failures, instances=self._azure.seen)
                return endings.by_failed_batch(batch, gate)
            yield BatchPassed(at=self.elapsed(), batch=batch, instances=self._azure.seen)
            self._watch.batch_passed(batch, self._scale_set())
            self._taken.append(self.elapsed() - began)
            yield from self._predict(len(batches) - position - 1)
        return None

    def _predict(self, left: int) -> Steps[None]:
        if left:
            yield EndPredicted(at=self.elapsed(), left=left, end=expected_end(self.elapsed(), self._taken, left))

    def _no_time_for(self, batch: Batch) -> Ending:
        timeout = self._policy.timeout
        return endings.no_time_for(batch, max(self._taken), timeout - self.elapsed(), timeout)

    def _hold(self, batch: Batch) -> Steps[None]:
        """Wait until nothing outside the batch forbids its start. Raises Halted where it still does after
        `health_timeout`, AzureError where somebody changed the model.

        What is seen last is younger than FRESH at the return, whatever the waits in between.
        """
        until = self._azure.now() + self._policy.health_timeout
        model_checked = False
        while True:
            if self._azure.now() - self._azure.seen_at > FRESH:
                yield from self._azure.look()
                yield InstancesSeen(at=self.elapsed(), instances=self._azure.seen)
            troubles = self._watch.troubles(batch, self._scale_set(), self._goal)
            if troubles and self._azure.now() >= until:
                raise Halted(endings.by_the_rest(troubles))
            if troubles:
                model_checked = False
                yield Holding(at=self.elapsed(), troubles=troubles, until=until - self._azure.started)
                self._azure.sleep(min(self._azure.look_interval(), until - self._azure.now()))
            elif model_checked:
                return
            else:
                check_during_rollout((yield from self._azure.read_model()), self._model_image)
                model_checked = True

    def _tell_dropped(self, planned: Batch, batch: Batch) -> Steps[None]:
        present = self._scale_set().by_id()
        for id_ in planned.instance_ids:
            if id_ not in batch.instance_ids:
                gone = "no longer exists" if id_ not in present else "no longer needs an upgrade or is stopped"
                yield self._note(f"Instance {id_} {gone}, so it is left out of batch {planned.number}.")

    # -- the end -------------------------------------------------------------------------------------------------

    def _settle(self) -> Steps[tuple[Pending, ...]]:
        """One more look at everything, repeated until nothing is in the making, at most for `health_timeout`.

        Returns what is still in the making, or not well, by then.
        """
        until = self._azure.now() + self._policy.health_timeout
        while True:
            yield from self._azure.look()
            yield InstancesSeen(at=self.elapsed(), instances=self._azure.seen)
            unsettled = self._watch.unsettled(self._scale_set(), self._goal)
            if not unsettled or self._azure.now() >= until:
                return unsettled
            yield Holding(at=self.elapsed(), troubles=unsettled, until=until - self._azure.started)
            self._azure.sleep(min(self._azure.look_interval(), until - self._azure.now()))

    def _conclusion(self, unsettled: tuple[Pending, ...], *, did_anything: bool) -> Ending:
        """How the rollout ended, by the last look."""
        if unsettled:
            return endings.by_last_look(unsettled)
        late = self._still_to_upgrade()
        if late:
            return endings.still_old(late)
        if not did_anything:
            return Ending(outcome=Outcome.NOTHING_TO_DO, reason="No instance is left to upgrade.")
        return Ending(
            outcome=Outcome.SUCCEEDED,
            reason="Every selected instance that can be upgraded is on the target image, current and healthy.",
        )

    def _still_to_upgrade(self) -> tuple[Batch, ...]:
        batches = plan_rollout(self._scale_set(), self._goal, self._policy).batches
        return self._watch.late(batches, self._goal)

    def _last_look(self) -> Steps[None]:
        """One try to see where the instances are, so that what is told of them is true; no waiting any more."""
        if not self._azure.seen:
            return
        try:
            instances = self._azure.api.read_instances(self._azure.model).instances
        except AzureError:
            return
        yield InstancesSeen(at=self.elapsed(), instances=instances)

    # -- small words ---------------------------------------------------------------------------------------------

    def _scale_set(self) -> ScaleSet:
        return ScaleSet(model=self._model, instances=self._azure.seen)

    def _note(self, message: str) -> Noticed:
        return Noticed(at=self.elapsed(), finding=note(message))
