"""The new instances of `surge`: created and proven before the first batch, and deleted at the end of the run."""

from __future__ import annotations

from dataclasses import replace

from vmss_upgrade.driver.batch import BatchRun, Limits
from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import SECOND_LOOK, OutOfTime, Steps
from vmss_upgrade.driver.zero_downtime.drain import Draining
from vmss_upgrade.driver.zero_downtime.surplus import LAG, LIMIT, delete_surplus, why_they_stay
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.checks.model_change import check_capacity, check_during_rollout
from vmss_upgrade.rollout.findings import Finding, warn
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history import surge as surge_endings
from vmss_upgrade.rollout.history.events import Noticed
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.surge import (
    SurgeCreated,
    SurgeFailed,
    SurgePassed,
    SurgeRefused,
    SurgeStarted,
    surplus_left,
)
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.plan import SURGE_NUMBER, Batch, RolloutPlan
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, ScaleSet
from vmss_upgrade.rollout.watching.patience import Patience
from vmss_upgrade.rollout.watching.troubles import must_stay_healthy
from vmss_upgrade.rollout.wording import clause
from vmss_upgrade.rollout.zero_downtime.surge import Surge, created_since

EXTRAS_GO_WITHIN = 5 * 60.0  # seconds that a run which has ended waits for what overprovisioning shows besides


class SurgeCapacity:
    """Raises the capacity once, and brings it back once, however the run ends. Nothing is done without `surge`."""

    def __init__(self, remote: RemoteScaleSet, policy: Policy) -> None:
        self._remote = remote
        self._policy = policy
        self._surge: Surge | None = None  # new instances that are, or may be, there
        self._plan: RolloutPlan | None = None
        self._before: frozenset[str] = frozenset()

    def begin(self, limits: Limits, plan: RolloutPlan, planned_from: ScaleSet, model: Model) -> Steps[Model]:
        """Have the new instances created, unless an earlier run left them, and pass the health gate.

        Returns the model as it is read then. Raises Halted where they do not pass: then no old instance was touched.
        """
        surge = self._surge_of(plan, planned_from)
        yield SurgeStarted(surge=surge)
        if not surge.instance_ids:
            surge = yield from self._create(surge, model)
        yield SurgeCreated(surge=surge)
        model = yield from self._read_model(plan)
        ending = yield from self._prove(BatchRun(self._remote, limits, plan.goal, model, _batch_of(surge)), surge)
        if ending is not None:
            raise Halted(ending)
        return model

    def take_over(self, planned_from: ScaleSet, plan: RolloutPlan) -> None:
        """Owe the deletion of the instances that an earlier run left, also where there is no batch to come."""
        if self._remote.surplus:
            self._surge_of(plan, planned_from)

    @property
    def floor(self) -> int:
        """How many of the others must be healthy; 0 without new instances."""
        return self._surge.floor if self._surge else 0

    def _surge_of(self, plan: RolloutPlan, planned_from: ScaleSet) -> Surge:
        """Return the new instances to come, or those that an earlier run left. From now on their deletion is owed."""
        capacity = planned_from.model.scaling.capacity or 0
        left = tuple(i.id for i in planned_from.instances if i.id in self._remote.surplus)
        # what an earlier run's surge stands in for may be away: instances on the target
        counted = must_stay_healthy(planned_from, plan.goal) if left else planned_from.healthy_ids
        floor = len(counted.intersection(i.id for i in planned_from.lasting))
        former = capacity - len(left)
        self._plan = plan
        self._before = frozenset(planned_from.by_id) - set(left)
        self._surge = Surge(former=former, added=len(left) or plan.surge, floor=floor, instance_ids=left)
        return self._surge

    # -- creating them

    def _create(self, surge: Surge, model: Model) -> Steps[Surge]:
        operation = yield from self._raise_capacity(surge, model)
        if operation is not None:
            yield from self._follow(operation)
        ids = yield from self._settled_ids(surge, self._policy.health_timeout)
        self._surge = surge = replace(surge, instance_ids=ids)
        self._remote.mark_surplus(ids)
        if len(ids) != surge.added:
            raise Halted(surge_endings.by_incomplete_surge(surge, operation.answer.problem if operation else None))
        return surge

    def _raise_capacity(self, surge: Surge, expected: Model) -> Steps[FollowedOperation | None]:
        """Return the accepted request; None when its answer was lost, but the capacity is raised.

        The ETag and the SKU are read immediately before each try. A read that shows an ETag which Azure has just
        refused is late.
        """
        remote, clock = self._remote, self._remote.clock
        patience, refused_etag, refused_at, may_be_accepted = Patience(), "", 0.0, False
        while True:
            model = yield from remote.read_model()
            if model.etag == refused_etag and clock.now() - refused_at < LAG:
                why = "the scale set still shows the ETag that Azure has refused"
                yield from clock.wait(why, SECOND_LOOK, until=refused_at + LAG)
                continue
            if may_be_accepted and model.scaling.capacity == surge.raised:
                return None
            model = yield from remote.read_accepted_model(
                lambda now: check_capacity(now, expected, surge.former), model
            )
            if model.stop_tag:
                yield from self._forget_unless(may_be_accepted)
                raise Halted(endings.by_stop_tag(model, wrote=remote.wrote))
            try:
                return remote.set_capacity(model, surge.raised)
            except AzureError as error:
                may_be_accepted = may_be_accepted or error.trouble is Trouble.UNCERTAIN
                if error.trouble is Trouble.CHANGED:
                    refused_etag, refused_at = model.etag, clock.now()
                patience = yield from self._wait_after(error, patience, may_be_accepted=may_be_accepted)

    def _wait_after(self, error: AzureError, patience: Patience, *, may_be_accepted: bool) -> Steps[Patience]:
        """Wait as long as the error deserves. If that is no time at all, raise it: nothing new is there then."""
        try:
            return (yield from self._remote.wait_after_write(error, patience))
        except AzureError:
            yield from self._forget_unless(may_be_accepted)
            raise

    def _forget_unless(self, may_be_accepted: bool) -> Steps[None]:
        surge = self._surge
        if surge is not None and not may_be_accepted:
            self._surge = None
            yield SurgeRefused(surge=surge)

    def _follow(self, operation: FollowedOperation) -> Steps[None]:
        """Wait for the end of Azure's operation. How it ends is a hint: the instances decide."""
        state = yield from operation.follow(self._remote.clock.now() + LIMIT)
        problem = operation.answer.problem
        if state is OperationState.FAILED and problem is not None:
            why = clause(f"{problem.code}, {problem.message}")
            yield Noticed(finding=warn(f"Azure says that creating instances failed ({why}): the instances decide."))

    def _settled_ids(self, surge: Surge, longest: float) -> Steps[tuple[str, ...]]:
        """Return the new instances once two looks in a row show as many as were asked for, or what there is in the end:
        overprovisioning shows more for a while.
        """
        clock, seen = self._remote.clock, None
        until = clock.now() + longest
        while True:
            yield from self._remote.look()
            ids = created_since(self._remote.instances, self._before)
            if (len(ids) == surge.added and ids == seen) or clock.now() >= until:
                return ids
            seen = ids
            why = f"{len(ids)} new instances are listed, and {surge.added} asked for; they are counted twice"
            yield from clock.wait(why, SECOND_LOOK, until=until)

    # -- proving them

    def _read_model(self, plan: RolloutPlan) -> Steps[Model]:
        remote = self._remote
        until = remote.clock.now() + self._policy.health_timeout
        model = yield from remote.read_settled_model("the capacity is still being changed", until)
        return (yield from remote.read_accepted_model(lambda now: check_during_rollout(now, plan.reaches), model))

    def _prove(self, run: BatchRun, surge: Surge) -> Steps[Ending | None]:
        """Judge the new instances as a batch is judged. Returns the ending where they fail."""
        gate = yield from run.pass_gate(None, is_left_behind=False)
        instances = self._remote.instances
        failures = gate.failures or surge_endings.vanished(surge, instances)
        if failures:
            yield SurgeFailed(surge=surge, failures=failures, instances=instances)
            return surge_endings.by_failed_surge(failures)
        yield SurgePassed(surge=surge, instances=instances)
        return None

    # -- the end

    def conclude(self, ending: Ending) -> Steps[Ending]:
        """Delete the new instances where nothing forbids it, and return the ending: what stays is named in it."""
        surge = self._surge
        if surge is None:
            return ending
        is_patient = ending.outcome.exit_code == 0 or ending.outcome is Outcome.ROLLED_BACK
        until = self._remote.clock.now() + (self._policy.health_timeout if is_patient else 0.0)
        try:
            surge = self._surge = yield from self._named(surge)
            left = yield from self._drain_and_delete(surge, until)
        except AzureError as error:
            left = surplus_left(self._remote.model, surge, f"{error.doing} failed: {error.code}, {error}")
        except (OutOfTime, Halted) as error:
            left = surplus_left(self._remote.model, surge, str(error))
        if left is None:
            self._surge = None
            return ending
        if ending.outcome.exit_code == 0:
            return surge_endings.by_surplus(ending, left)
        yield Noticed(finding=left)
        return ending

    def _drain_and_delete(self, surge: Surge, until: float) -> Steps[Finding | None]:
        """Delete the new instances, drained first where the order drains. Returns what stays; that is undrained."""
        drain, plan = self._policy.drain, self._plan
        if drain is None or plan is None or (yield from why_they_stay(self._remote, surge, until)):
            return (yield from delete_surplus(self._remote, surge, until))
        draining = Draining(self._remote, drain, plan)
        try:
            yield from draining.drain(_batch_of(surge))
            left = yield from delete_surplus(self._remote, surge, until)
        except (OutOfTime, Halted, AzureError):
            yield from draining.undo()
            raise
        yield from draining.undo()
        return left

    def name_left(self) -> Steps[None]:
        """Name the new instances that stay, because the run must end now."""
        if self._surge is not None:
            yield Noticed(finding=surplus_left(self._remote.model, self._surge, "the run was cut short"))

    def _named(self, surge: Surge) -> Steps[Surge]:
        """Return the surge with its instances; a run that ended before they were known looks for them."""
        if surge.instance_ids:
            return surge
        ids = yield from self._settled_ids(surge, EXTRAS_GO_WITHIN)
        if len(ids) > surge.added:
            return surge
        self._remote.mark_surplus(ids)
        return replace(surge, instance_ids=ids)


def _batch_of(surge: Surge) -> Batch:
    return Batch(SURGE_NUMBER, Domain(kind=DomainKind.SET), surge.instance_ids)
