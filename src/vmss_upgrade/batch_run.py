"""One batch: one upgrade call, Azure's operation, then the health gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.patient_api import Halted, PatientApi, Steps
from vmss_upgrade.ports import Operation, OperationState
from vmss_upgrade.rollout import endings, pacing
from vmss_upgrade.rollout.availability import off_ids
from vmss_upgrade.rollout.durations import duration
from vmss_upgrade.rollout.events import (
    BatchProgressed,
    InstancesSeen,
    Noticed,
    Phase,
    UpgradeAccepted,
    UpgradeEnded,
)
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.health_gate import BATCH_TIMEOUT, HealthGate, Pending, is_new_problem
from vmss_upgrade.rollout.model_check import check_during_rollout
from vmss_upgrade.rollout.patience import Patience
from vmss_upgrade.rollout.planner import Batch, still_due
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Goal, Model, Problem, ScaleSet

STOPPED_REMEDY = "Some of the batch are stopped; where Azure does not upgrade such, use `stopped-instances: skip`."
MODEL_PAUSE = 15.0  # seconds between reads of the model while only the flag is missing


class BatchRun:
    """One batch on its way to the goal. `model` is the model as last read; a changed one is told and taken over.

    `hold` waits until the rest of the scale set lets a batch start; it has been asked before the first call, and is
    asked again after every wait.
    """

    def __init__(
        self,
        azure: PatientApi,
        policy: Policy,
        goal: Goal,
        model: Model,
        batch: Batch,
        hold: Callable[[Batch], Steps[None]],
        *,
        repairs_at_work: bool,
    ) -> None:
        self._azure = azure
        self._hold = hold
        self._policy = policy
        self._goal = goal
        self._model_image = model.image
        self._batch = batch
        self._deadline = azure.now() + policy.batch_timeout
        self._off_before = off_ids(azure.seen)
        self._repairs_at_work = repairs_at_work
        self._known_problems = {i.id: i.problem for i in azure.seen if i.problem is not None}
        self._failed_at = float("inf")
        self.model = model

    def run(self) -> Steps[HealthGate]:
        """Upgrade the batch and pass it through the gate, which is decided at the return."""
        operation = yield from self._submit()
        state = OperationState.SUCCEEDED  # without an operation the gate alone judges
        if operation is not None:
            yield UpgradeAccepted(at=self._azure.elapsed(), batch=self._batch)
            state = yield from self._azure.follow(operation, self._deadline, meanwhile=self._look_meanwhile)
            if state is OperationState.LOST:
                state = yield from self._watch_instead()
            if state is not OperationState.RUNNING:
                yield UpgradeEnded(at=self._azure.elapsed(), batch=self._batch)
        gate = HealthGate(
            instance_ids=self._batch.instance_ids,
            target=self._goal.image,
            signal=self.model.health_signal,
            opened_at=self._azure.now(),
            health_timeout=self._policy.health_timeout,
            bake_time=self._policy.bake_time_for(self.model.health_signal),
            known_problems=self._known_problems,
            off_before=self._off_before,
            repairs_at_work=self._repairs_at_work,
        )
        match state:
            case OperationState.SUCCEEDED:
                gate = yield from self._pass(gate)
            case OperationState.FAILED:
                gate = yield from self._blame(gate, operation.problem if operation else None)
            case OperationState.RUNNING:
                gate = yield from self._out_of_time(gate)
        return _with_correlation_id(gate, operation)

    def _submit(self) -> Steps[Operation | None]:
        """The accepted upgrade; None when no instance of the batch is left that needs one, or one failed.

        After any wait everything is looked at before the call is made again, so that nothing is upgraded twice, or
        while the rest of the scale set is not well. Where the answer was lost, busy instances are most likely ours:
        they are waited for, then the rest is asked for.
        """
        patience = Patience()
        refusal: AzureError | None = None
        answer_lost = False
        while True:
            due = still_due(self._batch, self._scale_set(), self._goal, self._policy)
            if not due.instance_ids or self._has_new_failure():
                return None
            if self._azure.now() >= self._deadline and answer_lost:
                return None
            if self._azure.now() >= self._deadline and refusal is not None:
                raise Halted(endings.by_unaccepted_batch(self._batch, refusal, self._limit()))
            if answer_lost and self._is_any_busy(due):
                self._azure.sleep(self._azure.look_interval())
                yield from self._look_meanwhile()
                continue
            try:
                return self._azure.write(partial(self._azure.api.upgrade, due.instance_ids))
            except AzureError as error:
                refusal = error
                if error.trouble is Trouble.REJECTED and self._off_before & set(due.instance_ids):
                    error.remedy = error.remedy or STOPPED_REMEDY
                if error.trouble is Trouble.UNCERTAIN:
                    answer_lost = True
                    yield UpgradeAccepted(at=self._azure.elapsed(), batch=self._batch, certain=False)
                patience = yield from self._azure.wait_after(error, patience, until=self._deadline)
                yield from self._azure.look()
                yield InstancesSeen(at=self._azure.elapsed(), instances=self._azure.seen)
                yield from self._hold(self._batch)

    def _watch_instead(self) -> Steps[OperationState]:
        """An operation without a record is over when none of its instances is being updated any more."""
        yield self._notice(
            Severity.NOTE, "Azure has no record of the operation any more (404): the instances are watched instead."
        )
        while (yield from self._look_meanwhile()) and self._azure.now() < self._deadline:
            if not self._is_any_busy(self._batch):
                return OperationState.SUCCEEDED
            pause = pacing.LOOK_WHILE_BAKING * self._azure.pages  # there is no operation to poll in between
            self._azure.sleep(min(pause, self._deadline - self._azure.now()))
        return OperationState.RUNNING

    def _pass(self, gate: HealthGate) -> Steps[HealthGate]:
        """Look until the gate is decided."""
        while True:
            yield from self._azure.look()
            gate = gate.advance(self._scale_set().by_id(), self._azure.now())
            if gate.only_the_flag_is_missing and gate.flag_matters:
                yield InstancesSeen(at=self._azure.elapsed(), instances=self._azure.seen)
                gate = yield from self._excuse_flag_if_model_changed(gate)
            if gate.is_decided:
                yield from self._tell_vanished(gate)
                return gate
            if self._azure.now() >= self._deadline:
                return gate.out_of_time(BATCH_TIMEOUT, f"not ready when {self._limit()} passed")
            yield self._gate_progress(gate)
            self._azure.sleep(self._delay(gate))

    def _delay(self, gate: HealthGate) -> float:
        """Until the next look: sooner while something is awaited than while baking, and never past a bound."""
        now = self._azure.now()
        if gate.ready_since is None:
            return min(self._azure.look_interval(), self._deadline - now)
        baked = gate.ready_since + gate.bake_time
        return max(0.0, min(pacing.LOOK_WHILE_BAKING * self._azure.pages, baked - now, self._deadline - now))

    def _excuse_flag_if_model_changed(self, gate: HealthGate) -> Steps[HealthGate]:
        """`latestModelApplied` stays false when somebody changed the rest of the model: a finding, not a failure."""
        if self._azure.now() - self._azure.model_read_at < MODEL_PAUSE:
            return gate
        model = yield from self._azure.read_model()
        check_during_rollout(model, self._model_image)
        if model.fingerprint == self.model.fingerprint:
            return gate
        yield self._notice(
            Severity.WARN,
            "Somebody changed the model (not its image) during the rollout: instances are on the target image, but "
            "not on the newest model.",
            "Bring them to the changed model when it is meant for them.",
        )
        self.model = model
        return replace(gate, flag_matters=False).advance(self._scale_set().by_id(), self._azure.now())

    def _blame(self, gate: HealthGate, problem: Problem | None) -> Steps[HealthGate]:
        """Azure's operation failed: find the instances behind it; where none shows, the batch as a whole."""
        yield from self._azure.look()
        gate = gate.advance(self._scale_set().by_id(), self._azure.now())
        code = problem.code if problem else "OperationFailed"
        message = problem.message if problem else "Azure's operation failed without saying why"
        return gate if gate.failures else gate.out_of_time(code, message)

    def _out_of_time(self, gate: HealthGate) -> Steps[HealthGate]:
        """Azure's operation was left behind: an instance failed in it, or it did not end within `batch_timeout`."""
        yield from self._azure.look()
        gate = gate.advance(self._scale_set().by_id(), self._azure.now())
        if gate.failures:
            return gate
        return gate.out_of_time(BATCH_TIMEOUT, f"Azure's operation had not ended when {self._limit()} passed")

    def _look_meanwhile(self) -> Steps[bool]:
        """Look, tell, and answer whether to go on waiting: after a failure only so long as the others may need."""
        yield from self._azure.look()
        yield self._progress(Phase.UPGRADING, self._deadline)
        if self._has_new_failure():
            self._failed_at = min(self._failed_at, self._azure.now())
        return self._azure.now() - self._failed_at < self._policy.health_timeout

    def _has_new_failure(self) -> bool:
        """Whether an instance of the batch shows a failure that it did not show before."""
        present = self._scale_set().by_id()
        batch = [present[id_] for id_ in self._batch.instance_ids if id_ in present]
        return any(is_new_problem(instance, self._known_problems) for instance in batch)

    def _is_any_busy(self, batch: Batch) -> bool:
        return any(instance.is_busy for instance in self._azure.seen if instance.id in batch.instance_ids)

    def _scale_set(self) -> ScaleSet:
        return ScaleSet(model=self.model, instances=self._azure.seen)

    def _limit(self) -> str:
        return f"`batch-timeout` ({duration(self._policy.batch_timeout)})"

    # -- events --------------------------------------------------------------------------------------------------

    def _tell_vanished(self, gate: HealthGate) -> Steps[None]:
        failed = {failure.instance_id for failure in gate.failures}
        for id_ in (each for each in gate.vanished if each not in failed):
            message = f"Instance {id_} vanished during batch {self._batch.number}; nothing more is expected of it."
            yield self._notice(Severity.NOTE, message)

    def _notice(self, severity: Severity, message: str, remedy: str = "") -> Noticed:
        return Noticed(at=self._azure.elapsed(), finding=Finding(severity, message, remedy))

    def _gate_progress(self, gate: HealthGate) -> BatchProgressed:
        if gate.ready_since is None:
            return self._progress(Phase.GETTING_READY, gate.opened_at + gate.health_timeout, gate.pending)
        return self._progress(Phase.BAKING, gate.ready_since + gate.bake_time)

    def _progress(self, phase: Phase, until: float, pending: tuple[Pending, ...] = ()) -> BatchProgressed:
        return BatchProgressed(
            at=self._azure.elapsed(),
            batch=self._batch,
            phase=phase,
            until=until - self._azure.started,
            pending=pending,
            instances=self._azure.seen,
        )


def _with_correlation_id(gate: HealthGate, operation: Operation | None) -> HealthGate:
    if operation is None:
        return gate
    return replace(gate, failures=tuple(replace(f, correlation_id=operation.correlation_id) for f in gate.failures))
