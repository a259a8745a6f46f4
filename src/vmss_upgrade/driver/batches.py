"""One goal, reached batch by batch: what a rollout does after its model holds the target, and a rollback likewise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmss_upgrade.driver.batch import BatchRun
from vmss_upgrade.driver.model_update import update_model
from vmss_upgrade.driver.remote import Halted, PatientApi, Steps
from vmss_upgrade.rollout.checks.model_change import changed_beside_the_image, check_during_rollout, check_nothing_to_do
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import note
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import (
    BatchFailed,
    BatchPassed,
    BatchStarted,
    EndPredicted,
    Holding,
    InstancesSeen,
    Noticed,
)
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.planning.planner import still_due
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import ScaleSet
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.prediction import expected_end, fits
from vmss_upgrade.rollout.watching.watch import Watch
from vmss_upgrade.rollout.wording import duration, listed

FRESH = 2.0  # a look this young need not be repeated

Replan = Callable[[ScaleSet, Goal], RolloutPlan]


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


class BatchLoop:
    """Brings instances to one goal. `model` is the model as last read; `replan` plans again what is left to do.

    `is_current` False: somebody changed the model (not its image) meanwhile, so that instances are not current with it.
    """

    def __init__(
        self, azure: PatientApi, limits: Limits, model: Model, goal: Goal, watch: Watch, replan: Replan
    ) -> None:
        self._azure = azure
        self._policy = limits.policy
        self._limits = limits
        self._planned_goal = self._goal = goal
        self._watch = watch
        self._replan = replan
        self._taken: list[float] = []  # seconds of each batch that passed
        self._bake_owed = 0.0
        self.started: list[Batch] = []
        self.model = model
        self.is_current = True

    def update_model(self) -> Steps[None]:
        """Write the goal's image into the model."""
        self.model = yield from update_model(self._azure, self.model, self._goal.image)
        self._goal = self._goal.once_in_model()

    # -- the batches ---------------------------------------------------------------------------------------------

    def upgrade(self, batches: tuple[Batch, ...]) -> Steps[Ending | None]:
        """Batch after batch; the ending when one of them must be the last. Raises Halted where one may not start."""
        stuck: Ending | None = None
        for position, planned in enumerate(batches):
            if self._limits.stops_in_time and not fits(self._azure.elapsed(), self._taken, self._policy.timeout):
                return self._no_time_for(planned)
            yield from self._hold(planned)
            batch = still_due(planned, self._scale_set(), self._planned_goal, self._policy)
            yield from self._tell_dropped(planned, batch)
            if not batch.instance_ids:
                continue
            ending = yield from self._run(batch, of=batches[-1].number)
            if ending is not None and not (self._limits.passes_stuck and endings.is_stuck(ending)):
                return ending
            if ending is not None:
                self._watch.count_on(batch, self._scale_set(), self._goal)
            stuck = stuck or ending
            yield from self._predict(len(batches) - position - 1)
        return stuck

    def prove_earlier(self) -> Steps[None]:
        """Owe the bake time to instances that an earlier run brought to the goal: it may have died in the middle of it,
        and nothing in Azure tells how long they have been there.
        """
        earlier = self._watch.earlier(self._scale_set())
        self._bake_owed = self._policy.bake_time_for(self.model.health_signal) if earlier else 0.0
        if self._bake_owed:
            yield self._note(
                f"On the target image by an earlier run: {listed(earlier)}. Before the next batch they bake for "
                f"{duration(self._bake_owed)}."
            )

    def _run(self, batch: Batch, *, of: int) -> Steps[Ending | None]:
        """One batch; the ending when it failed."""
        began = self._azure.elapsed()
        self.started.append(batch)
        yield BatchStarted(at=began, batch=batch, of=of)
        run = BatchRun(
            self._azure,
            self._policy,
            self._planned_goal,
            self.model,
            batch,
            self._hold,
            repairs_at_work=self._limits.repairs_at_work,
        )
        gate = yield from run.run()
        self.model, self.is_current = run.model, self.is_current and run.is_current
        at, instances = self._azure.elapsed(), self._azure.seen
        if gate.failures:
            yield BatchFailed(at=at, batch=batch, failures=gate.failures, instances=instances)
            return endings.by_failed_batch(batch, gate)
        yield BatchPassed(at=at, batch=batch, instances=instances, is_current=run.is_current)
        self._watch.batch_passed(batch, self._scale_set())
        self._taken.append(at - began)
        return None

    def _predict(self, left: int) -> Steps[None]:
        now = self._azure.elapsed()
        if left and self._taken:
            yield EndPredicted(at=now, left=left, end=expected_end(now, self._taken, left))

    def _no_time_for(self, batch: Batch) -> Ending:
        timeout = self._policy.timeout
        return endings.no_time_for(batch, max(self._taken), timeout - self._azure.elapsed(), timeout)

    def _hold(self, planned: Batch) -> Steps[None]:
        """Wait until nothing outside the batch forbids its start. Raises Halted where it still does after
        `health_timeout`, or where waiting cannot help; AzureError where somebody changed the model.

        What is seen last is younger than FRESH at the return, whatever the waits in between.
        """
        until = self._azure.now() + self._policy.health_timeout + self._bake_owed
        model_checked, proven_at = False, float("inf")
        while True:
            if self._azure.now() - self._azure.seen_at > FRESH:
                yield from self._azure.look()
                yield InstancesSeen(at=self._azure.elapsed(), instances=self._azure.seen)
            now = self._azure.now()
            yield from self._observe(now)
            batch = still_due(planned, self._scale_set(), self._planned_goal, self._policy)  # what it really takes away
            troubles = self._watch.troubles(batch, self._scale_set(), self._goal, now)
            proven_at = float("inf") if troubles else min(proven_at, now + self._bake_owed)
            if troubles and (now >= until or self._watch.is_hopeless(troubles, now)):
                raise Halted(endings.by_the_rest(troubles))
            if troubles:
                model_checked = False
                yield from self._wait_for(troubles, until)
            elif now < proven_at:
                self._azure.sleep(min(pacing.LOOK_WHILE_BAKING * self._azure.pages, proven_at - now))
            elif model_checked:
                self._bake_owed = 0.0
                return
            else:
                yield from self.check_model()
                model_checked = True

    def _observe(self, now: float) -> Steps[None]:
        """Take the latest look into account, and tell who was stopped or evicted."""
        self._watch.observe(self._scale_set(), now)
        off = self._watch.newly_off(self._scale_set())
        if off:
            yield self._note(
                f"Stopped or evicted during the rollout, so nothing more is expected of them: {listed(off)}."
            )

    def check_model(self, *, nothing_was_done: bool = False) -> Steps[None]:
        """Raise AzureError where the model is not any more what instances are, or count as, upgraded to."""

        def check(model: Model) -> None:
            check_during_rollout(model, self.model.image)
            if nothing_was_done and self._goal.whole_model:
                check_nothing_to_do(model, self.model)

        yield from self._azure.read_accepted_model(check)

    def _tell_dropped(self, planned: Batch, batch: Batch) -> Steps[None]:
        present = self._scale_set().by_id()
        for id_ in planned.instance_ids:
            if id_ not in batch.instance_ids:
                gone = "no longer exists" if id_ not in present else "no longer needs an upgrade or is stopped"
                yield self._note(f"Instance {id_} {gone}, so it is left out of batch {planned.number}.")

    # -- the end -------------------------------------------------------------------------------------------------

    def one_more_pass(self, after: RolloutPlan) -> Steps[Ending | None]:
        """The same for instances that were born elsewhere than at the goal meanwhile."""
        late = self.left()
        ids = ", ".join(id_ for batch in late for id_ in batch.instance_ids)
        yield self._note(f"Not upgraded after the planned batches, so one more pass: {ids}.")
        extra = tuple(Batch(len(after.batches) + b.number, b.domain, b.instance_ids) for b in late)
        return (yield from self.upgrade(extra))

    def left(self) -> tuple[Batch, ...]:
        """What is left to do, by the last look."""
        return self._watch.late(self._replan(self._scale_set(), self._goal).batches, self._goal)

    def still_starting(self) -> tuple[str, ...]:
        """Return who was made since planning and does not serve yet, by the last look."""
        return self._watch.still_starting(self._scale_set())

    def look_for_changes(self) -> Steps[None]:
        """Tell where instances that passed are not current any more: somebody changed the model after their batch."""
        behind = any(i.id in self._watch.passed and i.latest_model_applied is False for i in self._azure.seen)
        if behind and self.is_current:
            self.is_current = False
            yield Noticed(at=self._azure.elapsed(), finding=changed_beside_the_image())

    def settle(self) -> Steps[tuple[Failure, ...]]:
        """One more look at everything, repeated until nothing is in the making, at most for `health_timeout`.

        Returns what is still in the making, or not well, by then.
        """
        until = self._azure.now() + self._policy.health_timeout
        while True:
            yield from self._azure.look()
            now = self._azure.now()
            yield InstancesSeen(at=self._azure.elapsed(), instances=self._azure.seen)
            yield from self._observe(now)
            unsettled = self._watch.unsettled(self._scale_set(), self._goal, now)
            if not unsettled or now >= until or self._watch.is_hopeless(unsettled, now):
                return unsettled
            yield from self._wait_for(unsettled, until)

    # -- small words ---------------------------------------------------------------------------------------------

    def _wait_for(self, troubles: tuple[Failure, ...], until: float) -> Steps[None]:
        yield Holding(at=self._azure.elapsed(), troubles=troubles, until=until - self._azure.started)
        self._azure.sleep(min(self._azure.look_interval(), until - self._azure.now()))

    def _scale_set(self) -> ScaleSet:
        return ScaleSet(model=self.model, instances=self._azure.seen)

    def _note(self, message: str) -> Noticed:
        return Noticed(at=self._azure.elapsed(), finding=note(message))
