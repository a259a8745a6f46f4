"""One batch: what the latest look shows of it, and the health gate that judges it after its upgrade."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps, noted
from vmss_upgrade.errors import ASK_AGAIN, AzureError
from vmss_upgrade.rollout.checks.model_change import changed_beside_the_image, check_during_rollout
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.goal import Goal, is_on
from vmss_upgrade.rollout.history.events import BatchProgressed, Noticed, Phase
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.planning.planner import still_due
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Health, Instance
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.health_gate import HealthGate, seen_before
from vmss_upgrade.rollout.watching.troubles import new_problems
from vmss_upgrade.rollout.wording import duration

MODEL_PAUSE = 15.0  # seconds between reads of the model while only the flag is missing
LOOKS_WHILE_BAKING = 3  # at least, besides the one that begins the bake


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`policy` as it stands for these batches. `stops_in_time`: no batch is started that would not end before its
    `timeout`. `repairs_at_work`: automatic repairs act on instances meanwhile. `passes_stuck`: a batch whose upgrade
    does not end stops no other.
    """

    policy: Policy
    stops_in_time: bool
    repairs_at_work: bool
    passes_stuck: bool = False


class BatchRun:
    """One batch on its way to the goal, for at most `batch_timeout` (`limit` in words) from when this was made.

    `model` is the one that it is brought to; when somebody changes the rest of it meanwhile, that is a finding, and
    `is_current` is False from then on.
    """

    def __init__(self, remote: RemoteScaleSet, limits: Limits, goal: Goal, model: Model, batch: Batch) -> None:
        self._remote = remote
        self._clock = remote.clock
        self._policy = policy = limits.policy
        self._goal = goal
        self._repairs_at_work = limits.repairs_at_work
        with_a_past = [instance for instance in remote.instances if not instance.is_surplus]
        self._before = seen_before(with_a_past, goal.image)
        self._failed_at = float("inf")
        self._unhealthy_since: dict[str, float] = {}
        self.batch = batch
        self.deadline = remote.clock.now() + policy.batch_timeout
        self.limit = f"`batch-timeout` ({duration(policy.batch_timeout)})"
        self.model = model
        self.is_current = True

    def due(self) -> Batch:
        """Return the batch without the instances that need no upgrade any more."""
        return still_due(self.batch, self._remote.scale_set, self._goal, self._policy)

    def has_new_failure(self) -> bool:
        """Return whether an instance of the batch shows a failure that it did not show before."""
        return any(new_problems(instance, self._before.problems) for instance in self._instances())

    def is_being_updated(self, batch: Batch) -> bool:
        """Return whether Azure is at work on an instance of `batch`, which is this one or a part of it."""
        return any(instance.is_changing for instance in self._instances() if instance.id in batch.instance_ids)

    def was_off_before(self, batch: Batch) -> bool:
        """Return whether an instance of `batch` was stopped when this one began."""
        return not self._before.stopped.isdisjoint(batch.instance_ids)

    def is_out_of_time(self) -> bool:
        """Return whether `batch_timeout` has passed."""
        return self._clock.now() >= self.deadline

    def _instances(self) -> list[Instance]:
        ids = frozenset(self.batch.instance_ids)
        return [each for each in self._remote.instances if each.id in ids]

    def look(self, *, due: float | None = None) -> Steps[bool]:
        """Look, show progress, and return whether to go on waiting: after a failure, as long as the others may need.

        What others spend of Azure's budget delays it until it is `due`, by default a minute after the one before.
        """
        yield from self._look(due)
        yield self._progress(Phase.UPGRADING, self.deadline)
        if self.has_new_failure():
            self._failed_at = min(self._failed_at, self._clock.now())
        return self._clock.now() - self._failed_at < self._policy.health_timeout

    def _look(self, due: float | None = None) -> Steps[None]:
        """Look, and note since when each of the batch is running on the target and unhealthy."""
        due = self._remote.seen_at + pacing.LOOK_DURING_OPERATION if due is None else due
        yield from self._remote.look(until=self.deadline, due=due)
        on_target = [i for i in self._instances() if i.is_running and is_on(i, self._goal.image)]
        unhealthy = [i.id for i in on_target if i.health is Health.UNHEALTHY]
        self._unhealthy_since = {id_: self._unhealthy_since.get(id_, self._clock.now()) for id_ in unhealthy}

    def pass_gate(self, operation: FollowedOperation | None, *, is_left_behind: bool) -> Steps[HealthGate]:
        """Judge the instances, and return the gate once it is decided.

        `operation` is the one that Azure accepted for the batch (None: nothing had to be asked for); `is_left_behind`:
        it was not waited for to its end, because an instance failed in it, or there was no time left.
        """
        gate = self._gate(operation)
        try:
            gate = yield from (self._judge_at_once(gate) if is_left_behind else self._judge(gate))
        except AzureError as error:
            if not self.is_out_of_time() or error.trouble not in ASK_AGAIN:
                raise
            message = f"its instances could not be read when {self.limit} passed: {error.code}, {error}"
            gate = self._timed_out(gate, message)
        correlation_id = operation.answer.correlation_id if operation else ""
        return replace(gate, failures=tuple(replace(f, correlation_id=correlation_id) for f in gate.failures))

    def _gate(self, operation: FollowedOperation | None) -> HealthGate:
        return HealthGate(
            instance_ids=self.batch.instance_ids,
            target=self._goal.image,
            signal=self.model.health_signal,
            opened_at=self._clock.now(),
            health_timeout=self._policy.health_timeout,
            bake_time=self._policy.bake_time_for(self.model.health_signal),
            before=self._before,
            upgraded_at=operation.answer.ended_at if operation else "",
            refusal=operation.answer.problem if operation else None,
            repairs_at_work=self._repairs_at_work,
        )

    def _judge(self, gate: HealthGate) -> Steps[HealthGate]:
        """Look until the gate is decided."""
        while True:
            yield from self._look(gate.ready_since + gate.bake_time if gate.ready_since is not None else None)
            gate = self._advanced(gate)
            if gate.only_the_flag_is_missing and gate.flag_matters:
                gate = yield from self._excuse_flag_if_model_changed(gate)
            if gate.is_decided:
                yield from self._name_vanished(gate)
                return gate
            if self.is_out_of_time():
                return self._timed_out(gate, f"not ready when {self.limit} passed")
            yield self._gate_progress(gate)
            self._clock.sleep(self._delay(gate))

    def _delay(self, gate: HealthGate) -> float:
        """Return the seconds until the next look: fewer while something is awaited than while baking."""
        now = self._clock.now()
        if gate.ready_since is None:
            return min(self._remote.look_interval(), self.deadline - now)
        baked = gate.ready_since + gate.bake_time
        pause = min(pacing.LOOK_WHILE_BAKING * self._remote.pages, gate.bake_time / LOOKS_WHILE_BAKING)
        return max(0.0, min(pause, baked - now, self.deadline - now))

    def _excuse_flag_if_model_changed(self, gate: HealthGate) -> Steps[HealthGate]:
        """Allow a `latestModelApplied` that stays false if somebody changed the rest of the scale set: a finding."""
        if self._clock.now() - self._remote.model_read_at < MODEL_PAUSE:
            return gate
        check = partial(check_during_rollout, expected=self.model.image)
        model = yield from self._remote.read_accepted_model(check)
        if (model.fingerprint, model.surroundings) == (self.model.fingerprint, self.model.surroundings):
            return gate
        yield Noticed(finding=changed_beside_the_image())
        self.model, self.is_current = model, False
        return self._advanced(replace(gate, flag_matters=False))

    def _judge_at_once(self, gate: HealthGate) -> Steps[HealthGate]:
        """Look once, and judge by that: Azure's operation was left behind."""
        yield from self._remote.look(until=self.deadline)
        gate = self._advanced(gate)
        if gate.failures:
            return gate
        return self._timed_out(gate, f"Azure's operation had not ended when {self.limit} passed")

    def _advanced(self, gate: HealthGate) -> HealthGate:
        return gate.advance(self._remote.scale_set.by_id, self._clock.now())

    def _timed_out(self, gate: HealthGate, message: str) -> HealthGate:
        """Return the gate, failed; an instance that was unhealthy for `health_timeout` failed by itself."""
        now, longest = self._clock.now(), self._policy.health_timeout
        unhealthy = tuple(id_ for id_, since in self._unhealthy_since.items() if now - since >= longest)
        return gate.out_of_time(message, unhealthy)

    def _name_vanished(self, gate: HealthGate) -> Steps[None]:
        failed = {failure.instance_id for failure in gate.failures}
        for ids, what in ((gate.vanished, "vanished"), (gate.evicted, "was stopped or evicted")):
            for id_ in (each for each in ids if each not in failed):
                yield noted(f"Instance {id_} {what} during {self.batch.name}; nothing more is expected of it.")

    def _gate_progress(self, gate: HealthGate) -> BatchProgressed:
        if gate.ready_since is None:
            return self._progress(Phase.GETTING_READY, gate.opened_at + gate.health_timeout, gate.pending)
        return self._progress(Phase.BAKING, gate.ready_since + gate.bake_time)

    def _progress(self, phase: Phase, until: float, pending: tuple[Failure, ...] = ()) -> BatchProgressed:
        return BatchProgressed(
            batch=self.batch,
            phase=phase,
            until=until - self._clock.started,
            pending=pending,
            instances=self._remote.instances,
            is_current=self.is_current,
        )
