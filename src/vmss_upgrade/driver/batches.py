"""One goal, reached batch by batch: what a rollout does after its model holds the target, and a rollback likewise."""

from __future__ import annotations

from dataclasses import dataclass

from vmss_upgrade.driver.batch import BatchRun, Limits
from vmss_upgrade.driver.hold import Hold
from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import OutOfTime, Steps, noted
from vmss_upgrade.driver.upgrade import upgrade
from vmss_upgrade.driver.zero_downtime.surroundings import Surroundings
from vmss_upgrade.errors import AzureError, PlanRefused
from vmss_upgrade.ports import OperationState, Web
from vmss_upgrade.rollout.checks.model_change import changed_beside_the_image
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.gates import is_too_late
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import BatchFailed, BatchPassed, BatchStarted, EndPredicted, Noticed
from vmss_upgrade.rollout.history.outcome import BatchResult, Ending, Outcome
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.planning.planner import plan_rollout, still_due
from vmss_upgrade.rollout.planning.rollback import Moved, plan_rollback
from vmss_upgrade.rollout.watching.pacing import expected_end, fits, predicted_duration
from vmss_upgrade.rollout.watching.watch import Watch
from vmss_upgrade.rollout.wording import listed

EXTRA_PASSES = 3  # for instances that are created with another image meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What a rollback returns: the instances that `moved`, in a rollout that had started the batches `done`."""

    moved: Moved
    done: tuple[Batch, ...] = ()


class Batches:
    """The batches of one `plan`, one after the other; `started` are those that were begun.

    `is_current` False: somebody changed the model (not its image) meanwhile, so that instances are not current with it.
    """

    def __init__(
        self,
        remote: RemoteScaleSet,
        limits: Limits,
        plan: RolloutPlan,
        watch: Watch,
        way_back: Return | None = None,
        web: Web | None = None,
    ) -> None:
        self._remote = remote
        self._clock = remote.clock
        self._policy = limits.policy
        self._limits = limits
        self.plan = plan
        self._goal = plan.goal.once_in_model()
        self._watch = watch
        self._way_back = way_back
        self._around = Surroundings(remote, limits.policy, plan, web)
        self._taken: list[float] = []  # seconds of each batch that passed
        self.started: list[Batch] = []
        self.is_current = True

    def keep_healthy(self, least: int) -> None:
        """Start no batch that would leave fewer than so many healthy."""
        self._watch.keep_healthy(least)

    def run(self, model: Model) -> Steps[Ending]:
        """Upgrade the planned batches to `model`, which holds the goal's image; then, in extra passes, instances that
        were created with another image meanwhile; then look once more.
        """
        plan, self._model = self.plan, model
        self._hold = Hold(self._remote, self._policy, self._watch, plan.goal, model.image)
        if plan.batches and not plan.update_model:
            yield from self._hold.owe_bake()
        ending = yield from self._upgrade(plan.due_now)
        if ending is not None:
            return ending
        unsettled = yield from self._hold.wait_to_settle()
        if plan.stop_after is not None:
            return endings.by_last_look(unsettled) if unsettled else endings.partial(plan)
        if not unsettled and self.left() and self._policy.stop_after is not None:
            return endings.partial(plan)
        passes = 0
        while not unsettled and (late := self.left()):
            if self._around.has_put_off(late):
                if not (yield from self._around.wait_to_ask_again(latest=self._latest_start())):
                    break
            elif passes == EXTRA_PASSES:
                break
            else:
                passes += 1
                yield from self._say_what_is_late(late)
            ending = yield from self._extra_pass(late)
            if ending is not None:
                return ending
            unsettled = yield from self._hold.wait_to_settle()
        return (yield from self._conclude(unsettled))

    def _latest_start(self) -> float:
        """Return when one more batch can be started, if it takes as long as the longest so far."""
        return self._clock.started + self._policy.timeout - max(self._taken, default=0.0) - 1.0

    def _upgrade(self, batches: tuple[Batch, ...]) -> Steps[Ending | None]:
        """Run batch after batch. Returns the ending if one must be the last; raises Halted if one may not start."""
        stuck: Ending | None = None
        for position, planned in enumerate(batches):
            if self._limits.stops_in_time and not fits(self._clock.elapsed(), self._taken, self._policy.timeout):
                timeout = self._policy.timeout
                return endings.no_time_for(planned, max(self._taken), timeout - self._clock.elapsed(), timeout)
            if self.started and not self.plan.is_rollback:
                yield from self._hold.wait_for_room(self._latest_start())
            yield from self._hold.wait_to_start(planned)
            batch = still_due(planned, self._remote.scale_set, self.plan.goal, self._policy)
            yield from self._say_what_is_left_out(planned, batch)
            if not batch.instance_ids:
                continue
            closed = self._closed_gate(batch)
            if closed is not None:
                return closed
            ending = yield from self._run(batch, of=batches[-1].number)
            if ending is not None and not (self._limits.passes_stuck and endings.is_stuck(ending)):
                return ending
            if ending is not None:
                self._watch.count_on(batch, self._remote.scale_set, self._goal)
            stuck = stuck or ending
            left = len(batches) - position - 1
            if self._taken:
                yield EndPredicted(left=left, end=expected_end(self._clock.elapsed(), self._taken, left))
        return stuck

    def _closed_gate(self, batch: Batch) -> Ending | None:
        """Return the ending if a gate from outside is closed before this batch: the tag, or `not-after`."""
        if self.plan.is_rollback:
            return None
        model, wrote = self._remote.model, self._remote.wrote
        if model.stop_tag:
            return endings.by_stop_tag(model, wrote=wrote, batch=batch)
        end, now = self._policy.not_after, self._clock.elapsed()
        takes = predicted_duration(self._taken, self._policy, model.health_signal)
        if end and is_too_late(end, takes, now):
            return endings.by_not_after(batch, end, takes, now, wrote=wrote)
        return None

    def _run(self, batch: Batch, *, of: int) -> Steps[Ending | None]:
        """Run one batch, with what was asked for around it. Returns the ending when it must be the last."""
        self._result: BatchResult | None = None
        try:
            ending = yield from self._admit_and_upgrade(batch, of=of)
        except (Halted, PlanRefused, OutOfTime, AzureError):
            with self._clock.undisturbed():
                yield from self._around.leave(batch, self._result)
            raise
        with self._clock.undisturbed():
            last = yield from self._around.leave(batch, self._result)
        is_red = ending is not None and ending.outcome.exit_code != 0  # what went wrong first is the reason
        return ending if is_red else last or ending

    def _admit_and_upgrade(self, planned: Batch, *, of: int) -> Steps[Ending | None]:
        """Upgrade what may start of a batch. Returns the ending when it must be the last."""
        asked_at = self._clock.elapsed()
        batch = yield from self._around.ask(planned, of=of)
        if self._clock.elapsed() > asked_at and batch.instance_ids:
            yield from self._hold.wait_to_start(batch)
            batch = still_due(batch, self._remote.scale_set, self.plan.goal, self._policy)
            closed = self._closed_gate(batch)
            if closed is not None:
                return closed
        if not batch.instance_ids:
            return None
        began = self._clock.elapsed()
        yield from self._around.prepare(batch)
        if self._clock.elapsed() > began:
            yield from self._hold.wait_to_start(batch)
        ending = yield from self._run_alone(batch, of=of)
        if ending is None:
            self._taken.append(self._clock.elapsed() - began)
        return ending

    def _run_alone(self, batch: Batch, *, of: int) -> Steps[Ending | None]:
        """Upgrade one batch. Returns the ending when it failed."""
        self.started.append(batch)
        self._result = BatchResult.UNDER_WAY
        yield BatchStarted(batch=batch, of=of)
        run = BatchRun(self._remote, self._limits, self.plan.goal, self._model, batch)
        done = yield from upgrade(self._remote, run, self._hold)
        yield from self._around.after_upgrade()
        gate = yield from run.pass_gate(done.operation, is_left_behind=done.state is OperationState.RUNNING)
        self._model, self.is_current = run.model, self.is_current and run.is_current
        instances = self._remote.instances
        if gate.failures:
            self._result = BatchResult.FAILED
            yield BatchFailed(batch=batch, failures=gate.failures, instances=instances)
            return endings.by_failed_batch(batch, gate)
        self._result = BatchResult.PASSED
        yield BatchPassed(batch=batch, instances=instances, is_current=run.is_current)
        self._watch.batch_passed(batch, self._remote.scale_set)
        return None

    def _say_what_is_left_out(self, planned: Batch, batch: Batch) -> Steps[None]:
        present = self._remote.scale_set.by_id
        for id_ in (each for each in planned.instance_ids if each not in batch.instance_ids):
            gone = "no longer needs an upgrade or is stopped" if id_ in present else "no longer exists"
            yield noted(f"Instance {id_} {gone}, so it is left out of batch {planned.number}.")

    def left(self) -> tuple[Batch, ...]:
        """Return what is left to do, by the latest look."""
        scale_set, goal = self._remote.scale_set, self._goal
        if self._way_back is None:
            plan = plan_rollout(scale_set, goal, self._policy)
        else:
            moved, done = self._way_back.moved, self._way_back.done
            plan = plan_rollback(scale_set, goal, self._policy, moved, left=None, done=done)
        return self._watch.late(plan.batches, goal)

    def _say_what_is_late(self, late: tuple[Batch, ...]) -> Steps[None]:
        ids = ", ".join(id_ for batch in late for id_ in batch.instance_ids)
        yield noted(f"Not upgraded by the planned batches, so there is one more pass: {ids}.")

    def _extra_pass(self, late: tuple[Batch, ...]) -> Steps[Ending | None]:
        """Upgrade what is left. Returns the ending when one of these batches must be the last."""
        planned = len(self.plan.batches)
        return (yield from self._upgrade(tuple(Batch(planned + b.number, b.domain, b.instance_ids) for b in late)))

    def _conclude(self, unsettled: tuple[Failure, ...]) -> Steps[Ending]:
        """Check the model a last time, and return how the batches ended, by the latest look."""
        did_anything = bool(self.plan.batches) or self._remote.wrote
        yield from self._hold.check_model(unchanged_since=None if did_anything else self._model)
        yield from self.look_for_changes()
        starting = self._watch.still_starting(self._remote.scale_set)
        if starting:
            yield noted(f"Created since planning, from the present model, and still starting: {listed(starting)}.")
        if unsettled:
            return endings.by_last_look(unsettled)
        late = self.left()
        if late:
            put_off = self._around.ending_of_put_off() if self._around.has_put_off(late) else None
            return put_off or endings.still_old(late)
        if not did_anything:
            return Ending(outcome=Outcome.NOTHING_TO_DO, reason="No instance is left to upgrade.")
        return endings.succeeded(self._model.health_signal, is_current=self.is_current)

    def look_for_changes(self) -> Steps[None]:
        """Warn when instances that passed are not current any more: somebody changed the model after their batch."""
        instances, passed = self._remote.instances, self._watch.passed
        if self.is_current and any(i.id in passed and i.latest_model_applied is False for i in instances):
            self.is_current = False
            yield Noticed(finding=changed_beside_the_image())
