"""The one loop: carries a rollout out and yields what happened.

`run_rollout` reads as the story; each step of it is a generator that yields events and returns its result. One
thread, no callbacks: time passes only in `Clock.sleep`, and nothing is written but by `set_image` and `upgrade`.
What Azure refuses is waited out within bounds (patient_api.py); what cannot be waited out ends the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from vmss_upgrade.errors import AzureError, PlanRefused, Trouble
from vmss_upgrade.patient_api import OutOfTime, PatientApi, Steps
from vmss_upgrade.ports import Clock, ImageState, Operation, OperationState, ScaleSetApi
from vmss_upgrade.rollout import pacing
from vmss_upgrade.rollout.durations import duration
from vmss_upgrade.rollout.events import (
    BatchFailed,
    BatchPassed,
    BatchProgressed,
    BatchStarted,
    Ending,
    Event,
    Holding,
    InstancesSeen,
    ModelUpdated,
    ModelUpdateStarted,
    Noticed,
    Outcome,
    Phase,
    RolloutFinished,
    RolloutPlanned,
    ScaleSetRead,
)
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.health_gate import Failure, HealthGate, Pending
from vmss_upgrade.rollout.image import Image, ImageRequest, resolve_target
from vmss_upgrade.rollout.patience import Patience
from vmss_upgrade.rollout.planner import Batch, RolloutPlan, plan_rollout, still_due
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.preflight import examine_model, examine_plan
from vmss_upgrade.rollout.scale_set import Model, ScaleSet, is_on
from vmss_upgrade.rollout.watch import must_stay_healthy, nobody_else_runs, trouble_outside

SETTLING_PAUSE = 15.0  # seconds between reads of a set that somebody else is updating
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
    except PlanRefused as refusal:
        ending = rollout.ended_by_refusal(refusal)
    except OutOfTime as error:
        ending = Ending(outcome=Outcome.TIMED_OUT, reason=str(error), remedy=error.remedy)
    except AzureError as error:
        ending = rollout.ended_by(error)
    yield RolloutFinished(at=rollout.elapsed(), ending=ending)


class _Rollout:
    """The state of one run: what is counted on, what was seen last, and how much may still be asked."""

    def __init__(self, order: Order, api: ScaleSetApi, clock: Clock) -> None:
        self._order = order
        self._policy = order.policy
        self._api = api
        self._azure = PatientApi(api, clock, order.policy.timeout)
        self.elapsed = self._azure.elapsed

    # -- the story ---------------------------------------------------------------------------------------------

    def story(self) -> Steps[Ending]:
        """Read, check, plan, update the model, upgrade batch by batch, look once more."""
        model = yield from self._settled_model()
        findings, plan, scale_set = yield from self._prepare(model)
        for finding in findings:
            yield Noticed(at=self.elapsed(), finding=finding)
        refusals = [finding for finding in findings if finding.severity is Severity.REFUSE]
        if refusals or plan is None:
            return _refused(refusals)
        yield RolloutPlanned(at=self.elapsed(), plan=plan, scale_set=scale_set, policy=self._policy)
        if self._order.plan_only:
            return Ending(outcome=Outcome.PLANNED, reason="Only the plan was asked for; nothing was written.")

        self._begin(plan, scale_set)
        if plan.update_model:
            yield from self._update_model()
        return (yield from self._upgrade_everything(plan.batches))

    def _begin(self, plan: RolloutPlan, scale_set: ScaleSet) -> None:
        self._plan = plan
        self._target = plan.target
        self._model = scale_set.model
        self._counted_on = set(must_stay_healthy(scale_set, plan.target, model_holds_target=not plan.update_model))

    def _upgrade_everything(self, batches: tuple[Batch, ...]) -> Steps[Ending]:
        """The planned batches, then one extra pass for instances that were born with the old image meanwhile."""
        ending = yield from self._upgrade(batches)
        if ending is not None:
            return ending
        late = yield from self._settle()
        if not late.failures and late.batches:
            ids = ", ".join(id_ for batch in late.batches for id_ in batch.instance_ids)
            yield self._note(f"Not on the target image after the planned batches, so one more pass: {ids}.")
            offset = len(batches)
            renumbered = tuple(Batch(offset + b.number, b.domain, b.instance_ids) for b in late.batches)
            ending = yield from self._upgrade(renumbered)
            if ending is not None:
                return ending
            late = yield from self._settle()
        return self._conclusion(late, did_anything=bool(batches) or self._azure.wrote)

    # -- before the first write ----------------------------------------------------------------------------------

    def _settled_model(self) -> Steps[Model]:
        """The model, once nobody is updating the scale set, or after `health_timeout` as it is."""
        model = yield from self._azure.read_model()
        yield ScaleSetRead(at=self.elapsed(), model=model)
        until = self._azure.now() + self._policy.health_timeout
        while model.provisioning_state.lower() == "updating" and self._azure.now() < until:
            yield from self._azure.wait("the scale set is being updated (provisioningState Updating)", SETTLING_PAUSE)
            model = yield from self._azure.read_model()
        return model

    def _prepare(self, model: Model) -> Steps[tuple[list[Finding], RolloutPlan | None, ScaleSet]]:
        """All findings at once, and the plan where there can be one."""
        running = yield from self._azure.patiently(self._api.is_rolling_upgrade_running)
        findings = list(examine_model(model, rolling_upgrade_running=running))
        yield from self._azure.look()
        scale_set = ScaleSet(model=model, instances=self._azure.seen)
        plan = None
        try:
            target = resolve_target(self._order.image, model.image)
            findings += yield from self._check_image(target, model)
            if model.orchestration_mode.lower() != "flexible":  # its instances show nothing to plan by
                plan = plan_rollout(scale_set, target, self._policy)
                findings += examine_plan(scale_set, plan, self._policy)
        except PlanRefused as refusal:
            findings.append(Finding(Severity.REFUSE, str(refusal), refusal.remedy))
        return findings, plan, scale_set

    def _check_image(self, target: Image, model: Model) -> Steps[list[Finding]]:
        if model.image.same_as(target):
            return []
        state = yield from self._azure.patiently(lambda: self._api.look_up(target, model.location))
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

    # -- the model -----------------------------------------------------------------------------------------------

    def _update_model(self) -> Steps[None]:
        """Write the image into the model and wait for the end of Azure's operation."""
        began = self._azure.now()
        operation = yield from self._submit_image()
        yield ModelUpdateStarted(at=self.elapsed(), target=self._target)
        if operation is not None:
            until = began + self._policy.batch_timeout
            state = yield from self._follow(operation, until, None)
            if state is not OperationState.SUCCEEDED:
                raise _operation_error(operation, state, "updating the model")
        self._model = yield from self._model_that_holds_the_target()
        yield ModelUpdated(at=self.elapsed(), target=self._target, seconds=self._azure.now() - began)

    def _submit_image(self) -> Steps[Operation | None]:
        """The accepted update; None when its answer was lost, but the model holds the target.

        The ETag is read immediately before each try, and the image compared: the write happens only on the model
        that was planned from.
        """
        patience = Patience()
        while True:
            model = yield from self._azure.read_model()
            if model.image.same_as(self._target):
                return None
            if not model.image.same_as(self._model.image):
                raise PlanRefused(
                    f"Somebody changed the model's image to {model.image} while this run was planning.",
                    "Make sure that only one rollout is at work on this scale set, and run again.",
                )
            try:
                return self._azure.write(partial(self._api.set_image, self._target, model.etag))
            except AzureError as error:
                patience = yield from self._azure.wait_after(error, patience)

    def _model_that_holds_the_target(self) -> Steps[Model]:
        model = yield from self._azure.read_model()
        while model.provisioning_state.lower() == "updating":
            yield from self._azure.wait("the model update is still being carried out", SETTLING_PAUSE)
            model = yield from self._azure.read_model()
        self._forbid_foreign_image(model)
        return model

    def _forbid_foreign_image(self, model: Model) -> None:
        if not model.image.same_as(self._target):
            raise AzureError(
                f"Somebody changed the model's image to {model.image} during the rollout.",
                trouble=Trouble.CHANGED,
                code="ModelChangedBySomebody",
                doing="checking the model",
                remedy="Make sure that only one rollout is at work on this scale set, and run again.",
            )

    # -- the batches ---------------------------------------------------------------------------------------------

    def _upgrade(self, batches: tuple[Batch, ...]) -> Steps[Ending | None]:
        """Batch after batch; the ending when one of them must be the last."""
        for planned in batches:
            troubles = yield from self._hold(planned)
            if troubles:
                return _halted_by_the_rest(troubles)
            batch = still_due(planned, self._scale_set(), self._target)
            yield from self._tell_dropped(planned, batch)
            if not batch.instance_ids:
                continue
            yield BatchStarted(at=self.elapsed(), batch=batch, of=batches[-1].number)
            gate = yield from self._run_batch(batch)
            if gate.failures:
                yield BatchFailed(at=self.elapsed(), batch=batch, failures=gate.failures, instances=self._azure.seen)
                return _halted_by(batch, gate)
            yield BatchPassed(at=self.elapsed(), batch=batch, instances=self._azure.seen)
            self._counted_on.update(batch.instance_ids)
        return None

    def _hold(self, batch: Batch) -> Steps[tuple[Pending, ...]]:
        """Wait until nothing outside the batch forbids its start; what still does after `health_timeout`."""
        until = self._azure.now() + self._policy.health_timeout
        while True:
            if self._azure.now() - self._azure.seen_at > FRESH:
                yield from self._azure.look()
                yield InstancesSeen(at=self.elapsed(), instances=self._azure.seen)
            troubles = self._troubles(batch)
            if not troubles:
                model = yield from self._azure.read_model()
                self._forbid_foreign_image(model)
                return ()
            if self._azure.now() >= until:
                return troubles
            yield Holding(at=self.elapsed(), troubles=troubles, until=until - self._azure.started)
            self._azure.sleep(min(self._azure.look_interval(), until - self._azure.now()))

    def _troubles(self, batch: Batch) -> tuple[Pending, ...]:
        scale_set = self._scale_set()
        if nobody_else_runs(scale_set, batch.instance_ids):
            return (Pending("", "NobodyElseRuns", "no instance outside the batch is running any more"),)
        return trouble_outside(scale_set, batch.instance_ids, self._counted_on)

    def _tell_dropped(self, planned: Batch, batch: Batch) -> Steps[None]:
        present = self._scale_set().by_id()
        for id_ in planned.instance_ids:
            if id_ not in batch.instance_ids:
                gone = "no longer exists" if id_ not in present else "no longer needs an upgrade or is stopped"
                yield self._note(f"Instance {id_} {gone}, so it is left out of batch {planned.number}.")

    def _run_batch(self, batch: Batch) -> Steps[HealthGate]:
        """One upgrade call for the whole batch, Azure's operation, then the health gate, decided at its return."""
        before = self._scale_set().by_id()
        deadline = self._azure.now() + self._policy.batch_timeout
        operation = yield from self._submit_upgrade(batch, deadline)
        state = OperationState.SUCCEEDED  # without an operation the gate alone judges
        if operation is not None:
            state = yield from self._follow(operation, deadline, batch)
        gate = HealthGate(
            instance_ids=batch.instance_ids,
            target=self._target,
            signal=self._model.health_signal,
            opened_at=self._azure.now(),
            health_timeout=self._policy.health_timeout,
            bake_time=self._policy.bake_time_for(self._model.health_signal),
            known_problems={id_: i.problem for id_, i in before.items() if i.problem is not None},
        )
        match state:
            case OperationState.SUCCEEDED:
                return (yield from self._pass_gate(gate, batch, deadline))
            case OperationState.FAILED:
                return (yield from self._blame(gate, batch, operation))
            case OperationState.RUNNING:
                return (yield from self._out_of_batch_time(gate, batch))

    def _submit_upgrade(self, batch: Batch, deadline: float) -> Steps[Operation | None]:
        """The accepted upgrade; None when no instance of the batch is left that needs one, or time is up.

        After any wait the instances are looked at before the call is made again, so that nothing is upgraded twice.
        Where the answer was lost, busy instances are most likely ours: they are waited for, then the rest is asked for.
        """
        patience = Patience()
        answer_lost = False
        while True:
            due = still_due(batch, self._scale_set(), self._target)
            if not due.instance_ids or self._azure.now() >= deadline:
                return None
            if answer_lost and self._is_any_busy(due):
                self._azure.sleep(self._azure.look_interval())
                yield from self._azure.look()
                yield self._progress(batch, Phase.UPGRADING, deadline)
                continue
            try:
                return self._azure.write(partial(self._api.upgrade, due.instance_ids))
            except AzureError as error:
                answer_lost = error.trouble is Trouble.UNCERTAIN
                patience = yield from self._azure.wait_after(error, patience)
                yield from self._azure.look()

    def _is_any_busy(self, batch: Batch) -> bool:
        present = self._scale_set().by_id()
        return any(present[id_].is_busy for id_ in batch.instance_ids)

    def _follow(self, operation: Operation, deadline: float, batch: Batch | None) -> Steps[OperationState]:
        """Poll until the operation ends or `deadline` passes (then RUNNING), with a look at the instances at times."""
        bucket = pacing.operation_bucket()
        next_look = self._azure.now() + pacing.LOOK_DURING_OPERATION
        state = OperationState.RUNNING
        while state is OperationState.RUNNING and self._azure.now() < deadline:
            delay = pacing.poll_delay(bucket, operation.asked_delay, self._azure.now())
            self._azure.sleep(min(delay, deadline - self._azure.now()))
            bucket.spend(1, self._azure.now())
            state = yield from self._azure.step(operation)
            if batch and state is OperationState.RUNNING and self._azure.now() >= next_look:
                yield from self._azure.look()
                yield self._progress(batch, Phase.UPGRADING, deadline)
                next_look = self._azure.now() + max(
                    pacing.LOOK_DURING_OPERATION, 2 * pacing.LOOK_WHILE_BAKING * self._azure.pages
                )
        return state

    def _pass_gate(self, gate: HealthGate, batch: Batch, deadline: float) -> Steps[HealthGate]:
        """Look until the gate is decided."""
        while True:
            yield from self._azure.look()
            gate = gate.advance(self._scale_set().by_id(), self._azure.now())
            if gate.only_the_flag_is_missing and gate.flag_matters:
                gate = yield from self._excuse_flag_if_model_changed(gate)
            if gate.is_decided:
                yield from self._tell_vanished(gate, batch)
                return gate
            if self._azure.now() >= deadline:
                message = f"not ready when `batch-timeout` ({duration(self._policy.batch_timeout)}) passed"
                return gate.out_of_time("BatchTimeout", message)
            yield self._gate_progress(batch, gate)
            self._azure.sleep(self._gate_delay(gate, deadline))

    def _gate_delay(self, gate: HealthGate, deadline: float) -> float:
        """Until the next look: sooner while something is awaited than while baking, and never past a bound."""
        now = self._azure.now()
        if gate.ready_since is None:
            return min(self._azure.look_interval(), deadline - now)
        baked = gate.ready_since + gate.bake_time
        return max(0.0, min(pacing.LOOK_WHILE_BAKING * self._azure.pages, baked - now, deadline - now))

    def _excuse_flag_if_model_changed(self, gate: HealthGate) -> Steps[HealthGate]:
        """`latestModelApplied` stays false when somebody changed the rest of the model: a finding, not a failure."""
        model = yield from self._azure.read_model()
        self._forbid_foreign_image(model)
        if model.fingerprint == self._model.fingerprint:
            return gate
        yield Noticed(
            at=self.elapsed(),
            finding=Finding(
                Severity.WARN,
                "Somebody changed the model (not its image) during the rollout: instances are on the target image, "
                "but not on the newest model.",
                "Run the rollout's instances through the changed model when it is meant for them.",
            ),
        )
        self._model = model
        return replace(gate, flag_matters=False).advance(self._scale_set().by_id(), self._azure.now())

    def _blame(self, gate: HealthGate, batch: Batch, operation: Operation | None) -> Steps[HealthGate]:
        """Azure's operation failed: find the instances behind it; where none shows, the batch as a whole."""
        yield from self._azure.look()
        gate = gate.advance(self._scale_set().by_id(), self._azure.now())
        problem = operation.problem if operation else None
        code = problem.code if problem else "OperationFailed"
        message = problem.message if problem else "Azure's operation failed without saying why"
        correlation_id = operation.correlation_id if operation else ""
        failures = gate.failures or gate.out_of_time(code, message).failures
        return replace(gate, failures=tuple(replace(f, correlation_id=correlation_id) for f in failures))

    def _out_of_batch_time(self, gate: HealthGate, batch: Batch) -> Steps[HealthGate]:
        """Azure's operation did not end within `batch_timeout`."""
        yield from self._azure.look()
        gate = gate.advance(self._scale_set().by_id(), self._azure.now())
        message = (
            f"Azure's operation had not ended when `batch-timeout` ({duration(self._policy.batch_timeout)}) passed"
        )
        return gate.out_of_time("BatchTimeout", message)

    def _tell_vanished(self, gate: HealthGate, batch: Batch) -> Steps[None]:
        for id_ in gate.vanished:
            yield self._note(f"Instance {id_} vanished during batch {batch.number}; nothing more is expected of it.")

    # -- the end -------------------------------------------------------------------------------------------------

    def _settle(self) -> Steps[_Late]:
        """One more look at everything, repeated until nothing is in the making, at most for `health_timeout`."""
        until = self._azure.now() + self._policy.health_timeout
        while True:
            yield from self._azure.look()
            yield InstancesSeen(at=self.elapsed(), instances=self._azure.seen)
            unsettled = self._unsettled()
            if not unsettled or self._azure.now() >= until:
                return self._late(unsettled)
            yield Holding(at=self.elapsed(), troubles=unsettled, until=until - self._azure.started)
            self._azure.sleep(min(self._azure.look_interval(), until - self._azure.now()))

    def _unsettled(self) -> tuple[Pending, ...]:
        """Instances that are still being made, or run the target without being healthy yet."""
        scale_set = self._scale_set()
        on_target = [i.id for i in scale_set.instances if is_on(i, self._target) and not i.is_off]
        busy = [Pending(i.id, "StillUpdating", f"is {i.provisioning_state}") for i in scale_set.instances if i.is_busy]
        ill = trouble_outside(scale_set, (), on_target)
        return tuple({pending.instance_id: pending for pending in (*ill, *busy)}.values())

    def _late(self, unsettled: tuple[Pending, ...]) -> _Late:
        failures = tuple(
            Failure(instance_id=p.instance_id, code=p.code, message=f"at the end of the rollout it {p.message}")
            for p in unsettled
        )
        plan = plan_rollout(self._scale_set(), self._target, self._policy)
        return _Late(failures=failures, batches=plan.batches)

    def _conclusion(self, late: _Late, *, did_anything: bool) -> Ending:
        if late.failures:
            return Ending(
                outcome=Outcome.HALTED,
                reason="Not every instance is healthy at the end of the rollout.",
                remedy="Look into the instances named here, then run again.",
                failures=late.failures,
            )
        if late.batches:
            ids = ", ".join(id_ for batch in late.batches for id_ in batch.instance_ids)
            return Ending(
                outcome=Outcome.HALTED,
                reason=f"Instances still run another image after the extra pass: {ids}.",
                remedy="Find out what creates instances with the old image, then run again.",
            )
        if not did_anything:
            return Ending(outcome=Outcome.NOTHING_TO_DO, reason="Every instance runs the target image already.")
        return Ending(outcome=Outcome.SUCCEEDED, reason="Every instance is on the target image, current and healthy.")

    def ended_by_refusal(self, refusal: PlanRefused) -> Ending:
        """The ending when the scale set turned out not to be fit for a rollout."""
        outcome = Outcome.HALTED if self._azure.wrote else Outcome.REFUSED
        return Ending(outcome=outcome, reason=str(refusal), remedy=refusal.remedy)

    def ended_by(self, error: AzureError) -> Ending:
        """The ending when Azure refused for good: refused where nothing was written, else halted."""
        failure = Failure(instance_id="", code=error.code, message=str(error), correlation_id=error.correlation_id)
        outcome = Outcome.HALTED if self._azure.wrote else Outcome.REFUSED
        return Ending(
            outcome=outcome, reason=f"Azure ended {error.doing}: {error}", remedy=error.remedy, failures=(failure,)
        )

    # -- small words ---------------------------------------------------------------------------------------------

    def _scale_set(self) -> ScaleSet:
        return ScaleSet(model=self._model, instances=self._azure.seen)

    def _note(self, message: str) -> Noticed:
        return Noticed(at=self.elapsed(), finding=Finding(Severity.NOTE, message))

    def _gate_progress(self, batch: Batch, gate: HealthGate) -> BatchProgressed:
        if gate.ready_since is None:
            return self._progress(batch, Phase.GETTING_READY, gate.opened_at + gate.health_timeout, gate.pending)
        return self._progress(batch, Phase.BAKING, gate.ready_since + gate.bake_time)

    def _progress(self, batch: Batch, phase: Phase, until: float, pending: tuple[Pending, ...] = ()) -> BatchProgressed:
        return BatchProgressed(
            at=self.elapsed(),
            batch=batch,
            phase=phase,
            until=until - self._azure.started,
            pending=pending,
            instances=self._azure.seen,
        )


@dataclass(frozen=True, slots=True)
class _Late:
    """What is left after the batches: instances that will not get well, and batches of such with the old image."""

    failures: tuple[Failure, ...]
    batches: tuple[Batch, ...]


def _refused(refusals: list[Finding]) -> Ending:
    first = refusals[0]
    more = f" ({len(refusals) - 1} more reason(s) above.)" if len(refusals) > 1 else ""
    return Ending(outcome=Outcome.REFUSED, reason=first.message + more, remedy=first.remedy)


def _halted_by(batch: Batch, gate: HealthGate) -> Ending:
    timed_out = all(failure.code == "BatchTimeout" for failure in gate.failures)
    return Ending(
        outcome=Outcome.TIMED_OUT if timed_out else Outcome.HALTED,
        reason=f"batch {batch.number} failed: {_first_of(gate.failures)}",
        remedy="Look into the instances named here; nothing further was touched.",
        failures=gate.failures,
    )


def _first_of(failures: tuple[Failure, ...]) -> str:
    """The first error in words, and how many more there are."""
    first = failures[0]
    who = f"instance {first.instance_id}: " if first.instance_id else ""
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return f"{who}{first.code}, {first.message.rstrip('.')}{more}."


def _halted_by_the_rest(troubles: tuple[Pending, ...]) -> Ending:
    failures = tuple(Failure(instance_id=t.instance_id, code=t.code, message=t.message) for t in troubles)
    return Ending(
        outcome=Outcome.HALTED,
        reason="Instances outside the next batch are not well, and did not recover in time.",
        remedy="Look into the instances named here, then run again.",
        failures=failures,
    )


def _operation_error(operation: Operation, state: OperationState, doing: str) -> AzureError:
    problem = operation.problem
    running = state is OperationState.RUNNING
    return AzureError(
        problem.message if problem else f"Azure's operation {'did not end in time' if running else 'failed'}.",
        trouble=Trouble.REJECTED,
        code=problem.code if problem else "OperationTimeout" if running else "OperationFailed",
        doing=doing,
        correlation_id=operation.correlation_id,
    )
