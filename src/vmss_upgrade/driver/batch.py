"""One batch: one upgrade call, Azure's operation, then the health gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from vmss_upgrade.driver.remote import Halted, PatientApi, Steps
from vmss_upgrade.errors import ASK_AGAIN, AzureError, Trouble
from vmss_upgrade.ports import Operation, OperationState
from vmss_upgrade.rollout.checks.model_change import changed_beside_the_image, check_during_rollout
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.goal import Goal, is_on
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import (
    BatchProgressed,
    InstancesSeen,
    Noticed,
    Phase,
    UpgradeAccepted,
    UpgradeEnded,
)
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.availability import off_ids
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.planning.planner import still_due
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Health, Instance, Problem, ScaleSet
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.health_gate import Before, HealthGate
from vmss_upgrade.rollout.watching.patience import Patience
from vmss_upgrade.rollout.watching.readiness import new_problems
from vmss_upgrade.rollout.wording import clause, duration

STOPPED_REMEDY = "Some of the batch are stopped; where Azure does not upgrade such, use `stopped-instances: skip`."
MODEL_PAUSE = 15.0  # seconds between reads of the model while only the flag is missing
TRIES = 3  # how often a batch is asked for whose operation was preempted
LOOKS_WHILE_BAKING = 3  # at least, besides the one that begins the bake
# An operation that gave way to a newer one, such as a scaling (Azure/azure-rest-api-specs#22434)


class BatchRun:
    """One batch on its way to the goal. `model` is the model as last read; a changed one is told and taken over, and
    `is_current` is False from then on.

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
        self._before = _before(azure.seen, goal.image)
        self._repairs_at_work = repairs_at_work
        self._failed_at = float("inf")
        self._ill_since: dict[str, float] = {}
        self.model = model
        self.is_current = True

    def run(self) -> Steps[HealthGate]:
        """Upgrade the batch and pass it through the gate, which is decided at the return."""
        tries, refusal = 0, None
        while True:
            tries += 1
            operation = yield from self._submit()
            state = OperationState.SUCCEEDED  # without an operation the gate alone judges
            if operation is not None:
                state = yield from self._follow(operation)
                refusal = operation.problem
            if tries == TRIES or not self._was_preempted(refusal, state):
                break
            refusal = None
        gate = self._gate(operation, refusal)
        try:
            is_left_behind = state is OperationState.RUNNING
            gate = yield from (self._out_of_time(gate) if is_left_behind else self._pass(gate))
        except AzureError as error:
            if self._azure.now() < self._deadline or error.trouble not in ASK_AGAIN:
                raise
            message = f"what became of it could not be read when {self._limit()} passed: {error.code}, {error}"
            gate = gate.out_of_time(message, self._ill_for_long())
        return _with_correlation_id(gate, operation)

    def _follow(self, operation: Operation) -> Steps[OperationState]:
        """Until Azure's operation has ended and nothing of the batch is being updated (SUCCEEDED), or there is no time
        left (RUNNING). How it ended is a hint, and no more: the instances decide.
        """
        yield UpgradeAccepted(at=self._azure.elapsed(), batch=self._batch)
        self._azure.sightings.expect_reports(self._batch.instance_ids)
        state = yield from self._azure.follow(operation, self._deadline, meanwhile=self._look_meanwhile)
        if state is OperationState.LOST:
            yield self._notice(Severity.NOTE, f"{self._azure.lost_because}: the instances are watched instead.")
            state = yield from self._watch_instead()
        elif state is OperationState.FAILED:
            problem = operation.problem
            why = f"{problem.code}, {problem.message}" if problem else "without a reason"
            told = f"Azure says that the operation failed ({clause(why)}): the instances decide."
            yield self._notice(Severity.WARN, told)
            state = yield from self._watch_instead()
        if state is not OperationState.RUNNING:
            yield UpgradeEnded(at=self._azure.elapsed(), batch=self._batch)
        return state

    def _was_preempted(self, refusal: Problem | None, state: OperationState) -> bool:
        """Whether the upgrade gave way to another operation before it reached every instance: it is asked for again."""
        if refusal is None or state is not OperationState.SUCCEEDED or not refusal.says_preempted:
            return False
        due = still_due(self._batch, self._scale_set(), self._goal, self._policy)
        return bool(due.instance_ids) and not self._has_new_failure() and self._azure.now() < self._deadline

    def _gate(self, operation: Operation | None, refusal: Problem | None) -> HealthGate:
        return HealthGate(
            instance_ids=self._batch.instance_ids,
            target=self._goal.image,
            signal=self.model.health_signal,
            opened_at=self._azure.now(),
            health_timeout=self._policy.health_timeout,
            bake_time=self._policy.bake_time_for(self.model.health_signal),
            before=self._before,
            upgraded_at=operation.ended_at if operation else "",
            refusal=refusal,
            repairs_at_work=self._repairs_at_work,
        )

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
                if error.trouble is Trouble.REJECTED and self._before.off & set(due.instance_ids):
                    error.remedy = error.remedy or STOPPED_REMEDY
                if error.trouble is Trouble.UNCERTAIN:
                    answer_lost = True
                    yield UpgradeAccepted(at=self._azure.elapsed(), batch=self._batch, certain=False)
                patience = yield from self._azure.wait_after_write(error, patience, until=self._deadline)
                yield from self._azure.look(until=self._deadline)
                yield InstancesSeen(at=self._azure.elapsed(), instances=self._azure.seen)
                yield from self._hold(self._batch)

    def _watch_instead(self) -> Steps[OperationState]:
        """An upgrade is over (SUCCEEDED) when none of the batch is being updated any more; RUNNING: out of time."""
        while (yield from self._look_meanwhile()) and self._azure.now() < self._deadline:
            if not self._is_any_busy(self._batch):
                return OperationState.SUCCEEDED
            pause = pacing.LOOK_WHILE_BAKING * self._azure.pages  # there is no operation to poll in between
            self._azure.sleep(min(pause, self._deadline - self._azure.now()))
        return OperationState.RUNNING

    def _pass(self, gate: HealthGate) -> Steps[HealthGate]:
        """Look until the gate is decided."""
        while True:
            yield from self._azure.look(until=self._deadline)
            self._note_who_is_ill()
            gate = gate.advance(self._scale_set().by_id(), self._azure.now())
            if gate.only_the_flag_is_missing and gate.flag_matters:
                yield InstancesSeen(at=self._azure.elapsed(), instances=self._azure.seen)
                gate = yield from self._excuse_flag_if_model_changed(gate)
            if gate.is_decided:
                yield from self._tell_vanished(gate)
                return gate
            if self._azure.now() >= self._deadline:
                return gate.out_of_time(f"not ready when {self._limit()} passed", self._ill_for_long())
            yield self._gate_progress(gate)
            self._azure.sleep(self._delay(gate))

    def _delay(self, gate: HealthGate) -> float:
        """Until the next look: sooner while something is awaited than while baking, and never past a bound."""
        now = self._azure.now()
        if gate.ready_since is None:
            return min(self._azure.look_interval(), self._deadline - now)
        baked = gate.ready_since + gate.bake_time
        pause = min(pacing.LOOK_WHILE_BAKING * self._azure.pages, gate.bake_time / LOOKS_WHILE_BAKING)
        return max(0.0, min(pause, baked - now, self._deadline - now))

    def _excuse_flag_if_model_changed(self, gate: HealthGate) -> Steps[HealthGate]:
        """`latestModelApplied` stays false when somebody changed the rest of the scale set: a finding, no failure."""
        if self._azure.now() - self._azure.model_read_at < MODEL_PAUSE:
            return gate
        model = yield from self._azure.read_accepted_model(lambda model: check_during_rollout(model, self._model_image))
        if (model.fingerprint, model.surroundings) == (self.model.fingerprint, self.model.surroundings):
            return gate
        yield Noticed(at=self._azure.elapsed(), finding=changed_beside_the_image())
        self.model, self.is_current = model, False
        return replace(gate, flag_matters=False).advance(self._scale_set().by_id(), self._azure.now())

    def _out_of_time(self, gate: HealthGate) -> Steps[HealthGate]:
        """Azure's operation was left behind: an instance failed in it, or it did not end within `batch_timeout`."""
        yield from self._azure.look(until=self._deadline)
        gate = gate.advance(self._scale_set().by_id(), self._azure.now())
        if gate.failures:
            return gate
        message = f"Azure's operation had not ended when {self._limit()} passed"
        return gate.out_of_time(message, self._ill_for_long())

    def _look_meanwhile(self) -> Steps[bool]:
        """Look, tell, and answer whether to go on waiting: after a failure only so long as the others may need."""
        yield from self._azure.look(until=self._deadline)
        self._note_who_is_ill()
        yield self._progress(Phase.UPGRADING, self._deadline)
        if self._has_new_failure():
            self._failed_at = min(self._failed_at, self._azure.now())
        return self._azure.now() - self._failed_at < self._policy.health_timeout

    def _note_who_is_ill(self) -> None:
        """Note since when each of the batch is up on the target and unhealthy, by the latest look."""
        batch = [instance for instance in self._azure.seen if instance.id in self._batch.instance_ids]
        on_target = [i for i in batch if i.is_up and is_on(i, self._goal.image)]
        ill = [i.id for i in on_target if i.health is Health.UNHEALTHY]
        self._ill_since = {id_: self._ill_since.get(id_, self._azure.now()) for id_ in ill}

    def _ill_for_long(self) -> tuple[str, ...]:
        now = self._azure.now()
        return tuple(id_ for id_, since in self._ill_since.items() if now - since >= self._policy.health_timeout)

    def _has_new_failure(self) -> bool:
        """Whether an instance of the batch shows a failure that it did not show before."""
        present = self._scale_set().by_id()
        batch = [present[id_] for id_ in self._batch.instance_ids if id_ in present]
        return any(new_problems(instance, self._before.problems) for instance in batch)

    def _is_any_busy(self, batch: Batch) -> bool:
        return any(instance.is_busy for instance in self._azure.seen if instance.id in batch.instance_ids)

    def _scale_set(self) -> ScaleSet:
        return ScaleSet(model=self.model, instances=self._azure.seen)

    def _limit(self) -> str:
        return f"`batch-timeout` ({duration(self._policy.batch_timeout)})"

    # -- events --------------------------------------------------------------------------------------------------

    def _tell_vanished(self, gate: HealthGate) -> Steps[None]:
        failed = {failure.instance_id for failure in gate.failures}
        for ids, what in ((gate.vanished, "vanished"), (gate.evicted, "was stopped or evicted")):
            for id_ in (each for each in ids if each not in failed):
                message = f"Instance {id_} {what} during batch {self._batch.number}; nothing more is expected of it."
                yield self._notice(Severity.NOTE, message)

    def _notice(self, severity: Severity, message: str) -> Noticed:
        return Noticed(at=self._azure.elapsed(), finding=Finding(severity, message))

    def _gate_progress(self, gate: HealthGate) -> BatchProgressed:
        if gate.ready_since is None:
            return self._progress(Phase.GETTING_READY, gate.opened_at + gate.health_timeout, gate.pending)
        return self._progress(Phase.BAKING, gate.ready_since + gate.bake_time)

    def _progress(self, phase: Phase, until: float, pending: tuple[Failure, ...] = ()) -> BatchProgressed:
        return BatchProgressed(
            at=self._azure.elapsed(),
            batch=self._batch,
            phase=phase,
            until=until - self._azure.started,
            pending=pending,
            instances=self._azure.seen,
            is_current=self.is_current,
        )


def _before(instances: tuple[Instance, ...], target: Image) -> Before:
    return Before(
        problems={instance.id: instance.problems for instance in instances},
        failed_elsewhere=frozenset(i.id for i in instances if i.has_failed and not is_on(i, target)),
        off=off_ids(instances),
        reported=frozenset(i.id for i in instances if i.health not in (Health.NO_SIGNAL, Health.NOT_YET)),
        health_times={instance.id: instance.health_time for instance in instances},
    )


def _with_correlation_id(gate: HealthGate, operation: Operation | None) -> HealthGate:
    if operation is None:
        return gate
    return replace(gate, failures=tuple(replace(f, correlation_id=operation.correlation_id) for f in gate.failures))
