"""The one loop: carries a rollout out and yields what happened.

`run_rollout` reads as the story; each step of it is a generator that yields events and returns its result. One
thread, no callbacks: time passes only in `Clock.sleep`, and nothing is written but by `set_image` and `upgrade`.
What Azure refuses is waited out within bounds (patient_api.py); what cannot be waited out ends the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vmss_upgrade.batch_run import BatchRun
from vmss_upgrade.errors import AzureError, PlanRefused
from vmss_upgrade.model_update import update_model
from vmss_upgrade.patient_api import SETTLING_PAUSE, Halted, OutOfTime, PatientApi, Steps
from vmss_upgrade.ports import Clock, ImageState, ScaleSetApi
from vmss_upgrade.rollout import endings
from vmss_upgrade.rollout.events import (
    BatchFailed,
    BatchPassed,
    BatchStarted,
    Ending,
    Event,
    Holding,
    InstancesSeen,
    Noticed,
    Outcome,
    RolloutFinished,
    RolloutPlanned,
    ScaleSetRead,
)
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.health_gate import Pending
from vmss_upgrade.rollout.image import Image, ImageRequest, resolve_target
from vmss_upgrade.rollout.model_check import check_during_rollout
from vmss_upgrade.rollout.planner import Batch, RolloutPlan, plan_rollout, still_due
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.preflight import examine_model, examine_plan
from vmss_upgrade.rollout.scale_set import Model, ScaleSet, is_on
from vmss_upgrade.rollout.watch import must_stay_healthy, nobody_else_is_healthy, nobody_else_runs, trouble_outside

FRESH = 2.0  # a look this young need not be repeated


@dataclass(frozen=True, slots=True)
class Order:
    """What the workflow asked for. `plan_only`: read, check and plan, but write nothing."""

    image: ImageRequest
    policy: Policy
    plan_only: bool = False


def run_rollout(order: Order, api: ScaleSetApi, clock: Clock) -> Iterator[Event]:
    """Carry the order out. The last event is always RolloutFinished, unless an exception leaves the generator.

    Raises Interrupted from within `clock.sleep` or a call to Azure; every AzureError becomes the ending.
    """
    rollout = _Rollout(order, api, clock)
    try:
        ending = yield from rollout.story()
    except Halted as halt:
        ending = halt.ending
    except PlanRefused as refusal:
        ending = endings.by_refusal(refusal, wrote=rollout.wrote)
    except OutOfTime as error:
        ending = Ending(outcome=Outcome.TIMED_OUT, reason=str(error), remedy=error.remedy)
        yield from rollout.last_look()
    except AzureError as error:
        ending = endings.by_azure(error, wrote=rollout.wrote)
        yield from rollout.last_look()
    yield RolloutFinished(at=rollout.elapsed(), ending=ending)


class _Rollout:
    """The state of one run. The annotated attributes are set once there is a plan."""

    _target: Image
    _model: Model
    _counted_on: set[str]

    def __init__(self, order: Order, api: ScaleSetApi, clock: Clock) -> None:
        self._order = order
        self._policy = order.policy
        self._azure = PatientApi(api, clock, order.policy.timeout)
        self.elapsed = self._azure.elapsed
        self._passed: set[str] = set()

    @property
    def wrote(self) -> bool:
        """Whether anything was, or may have been, written to Azure."""
        return self._azure.wrote

    # -- the story ---------------------------------------------------------------------------------------------

    def story(self) -> Steps[Ending]:
        """Read, check, plan, update the model, upgrade batch by batch, look once more."""
        model = yield from self._settled_model()
        findings, plan, scale_set = yield from self._prepare(model)
        for finding in findings:
            yield Noticed(at=self.elapsed(), finding=finding)
        refusals = [finding for finding in findings if finding.severity is Severity.REFUSE]
        if refusals or plan is None:
            return endings.refused(refusals)
        yield RolloutPlanned(at=self.elapsed(), plan=plan, scale_set=scale_set, policy=self._policy)
        if self._order.plan_only:
            return Ending(outcome=Outcome.PLANNED, reason="Only the plan was asked for; nothing was written.")

        self._begin(plan, scale_set)
        if plan.update_model:
            self._model = yield from update_model(self._azure, self._model, self._target)
        return (yield from self._upgrade_everything(plan.batches))

    def _begin(self, plan: RolloutPlan, scale_set: ScaleSet) -> None:
        self._target = plan.target
        self._model = scale_set.model
        self._counted_on = set(must_stay_healthy(scale_set, plan.target, model_holds_target=not plan.update_model))

    def _upgrade_everything(self, batches: tuple[Batch, ...]) -> Steps[Ending]:
        """The planned batches, then one extra pass for instances that were born with the old image meanwhile."""
        ending = yield from self._upgrade(batches)
        if ending is not None:
            return ending
        unsettled = yield from self._settle()
        late = self._still_to_upgrade()
        if late and not unsettled:
            ids = ", ".join(id_ for batch in late for id_ in batch.instance_ids)
            yield self._note(f"Not on the target image after the planned batches, so one more pass: {ids}.")
            extra = tuple(Batch(len(batches) + b.number, b.domain, b.instance_ids) for b in late)
            ending = yield from self._upgrade(extra)
            if ending is not None:
                return ending
            unsettled = yield from self._settle()
        return self._conclusion(unsettled, did_anything=bool(batches) or self._azure.wrote)

    # -- before the first write ----------------------------------------------------------------------------------

    def _settled_model(self) -> Steps[Model]:
        """The model, once nobody is updating the scale set, or after `health_timeout` as it is."""
        model = yield from self._azure.read_model()
        yield ScaleSetRead(at=self.elapsed(), model=model)
        if model.provisioning_state.lower() != "updating":
            return model
        why = "the scale set is being updated (provisioningState Updating)"
        return (yield from self._azure.read_settled_model(why, self._azure.now() + self._policy.health_timeout))

    def _prepare(self, model: Model) -> Steps[tuple[list[Finding], RolloutPlan | None, ScaleSet]]:
        """All findings at once, and the plan where there can be one."""
        running = yield from self._azure.patiently(self._azure.api.is_rolling_upgrade_running)
        findings = list(examine_model(model, rolling_upgrade_running=running))
        # The instances of a Flexible set show nothing to plan by, and Azure refuses to list them with their views.
        flexible = model.orchestration_mode.lower() == "flexible"
        if not flexible:
            yield from self._look_when_all_have_a_place()
        scale_set = ScaleSet(model=model, instances=self._azure.seen)
        plan = None
        try:
            target = resolve_target(self._order.image, model.image)
            findings += yield from self._check_image(target, model)
            if not flexible:
                plan = plan_rollout(scale_set, target, self._policy)
                findings += examine_plan(scale_set, plan, self._policy)
        except PlanRefused as refusal:
            findings.append(Finding(Severity.REFUSE, str(refusal), refusal.remedy))
        return findings, plan, scale_set

    def _look_when_all_have_a_place(self) -> Steps[None]:
        """See all instances; those in the making show no update domain yet, and are waited for."""
        until = self._azure.now() + self._policy.health_timeout
        yield from self._azure.look()
        while self._azure.now() < until:
            made = [i.id for i in self._azure.seen if i.is_busy and not i.is_leaving and i.update_domain is None]
            if not made:
                return
            yield from self._azure.wait(f"instances are still being made ({', '.join(made)})", SETTLING_PAUSE)
            yield from self._azure.look()

    def _check_image(self, target: Image, model: Model) -> Steps[list[Finding]]:
        if model.image.same_as(target):
            return []
        state = yield from self._azure.patiently(lambda: self._azure.api.look_up(target, model.location))
        match state:
            case ImageState.FOUND:
                return []
            case ImageState.MISSING:
                return [
                    Finding(
                        Severity.REFUSE,
                        f"The target image {target} does not exist in {model.location}.",
                        "Correct the image inputs, or wait until the image is published or replicated to this region.",
                    )
                ]
            case ImageState.NOT_READABLE:
                return [Finding(Severity.NOTE, f"Whether {target} exists could not be checked beforehand.")]

    # -- the batches ---------------------------------------------------------------------------------------------

    def _upgrade(self, batches: tuple[Batch, ...]) -> Steps[Ending | None]:
        """Batch after batch; the ending when one of them must be the last."""
        for planned in batches:
            yield from self._hold(planned)
            batch = still_due(planned, self._scale_set(), self._target)
            yield from self._tell_dropped(planned, batch)
            if not batch.instance_ids:
                continue
            yield BatchStarted(at=self.elapsed(), batch=batch, of=batches[-1].number)
            run = BatchRun(self._azure, self._policy, self._target, self._model, batch, self._hold)
            gate = yield from run.run()
            self._model = run.model
            if gate.failures:
                yield BatchFailed(at=self.elapsed(), batch=batch, failures=gate.failures, instances=self._azure.seen)
                return endings.by_failed_batch(batch, gate)
            yield BatchPassed(at=self.elapsed(), batch=batch, instances=self._azure.seen)
            self._counted_on.update(batch.instance_ids)
            self._passed.update(batch.instance_ids)
        return None

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
            troubles = self._troubles(batch)
            if troubles and self._azure.now() >= until:
                raise Halted(endings.by_the_rest(troubles))
            if troubles:
                model_checked = False
                yield Holding(at=self.elapsed(), troubles=troubles, until=until - self._azure.started)
                self._azure.sleep(min(self._azure.look_interval(), until - self._azure.now()))
            elif model_checked:
                return
            else:
                check_during_rollout((yield from self._azure.read_model()), self._target)
                model_checked = True

    def _troubles(self, batch: Batch) -> tuple[Pending, ...]:
        scale_set = self._scale_set()
        if nobody_else_runs(scale_set, batch.instance_ids):
            return (Pending("", "NobodyElseRuns", "no instance outside the batch is running any more"),)
        if nobody_else_is_healthy(scale_set, batch.instance_ids):
            return (Pending("", "NobodyElseIsHealthy", "no instance outside the batch is healthy"),)
        return trouble_outside(scale_set, batch.instance_ids, self._counted_on)

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
            unsettled = self._unsettled()
            if not unsettled or self._azure.now() >= until:
                return unsettled
            yield Holding(at=self.elapsed(), troubles=unsettled, until=until - self._azure.started)
            self._azure.sleep(min(self._azure.look_interval(), until - self._azure.now()))

    def _unsettled(self) -> tuple[Pending, ...]:
        """Instances that are still being made, or run the target without being healthy (those of this run: at all)."""
        scale_set = self._scale_set()
        on_target = [
            i.id
            for i in scale_set.instances
            if is_on(i, self._target) and not i.is_leaving and (not i.is_off or i.id in self._passed)
        ]
        busy = [
            Pending(i.id, "StillUpdating", f"is {i.provisioning_state}")
            for i in scale_set.instances
            if i.is_busy and not i.is_leaving
        ]
        ill = trouble_outside(scale_set, (), on_target)
        return tuple({pending.instance_id: pending for pending in (*ill, *busy)}.values())

    def _conclusion(self, unsettled: tuple[Pending, ...], *, did_anything: bool) -> Ending:
        """How the rollout ended, by the last look."""
        if unsettled:
            return endings.by_last_look(unsettled)
        late = self._still_to_upgrade()
        if late:
            return endings.still_old(late)
        if not did_anything:
            return Ending(outcome=Outcome.NOTHING_TO_DO, reason="No instance is left to upgrade.")
        return Ending(outcome=Outcome.SUCCEEDED, reason="Every instance is on the target image, current and healthy.")

    def _still_to_upgrade(self) -> tuple[Batch, ...]:
        return plan_rollout(self._scale_set(), self._target, self._policy).batches

    def last_look(self) -> Steps[None]:
        """One try to see where the instances are, so that what is told of them is true; no waiting any more."""
        if not self._azure.seen:
            return
        try:
            instances = self._azure.api.read_instances().instances
        except AzureError:
            return
        yield InstancesSeen(at=self.elapsed(), instances=instances)

    # -- small words ---------------------------------------------------------------------------------------------

    def _scale_set(self) -> ScaleSet:
        return ScaleSet(model=self._model, instances=self._azure.seen)

    def _note(self, message: str) -> Noticed:
        return Noticed(at=self.elapsed(), finding=Finding(Severity.NOTE, message))
