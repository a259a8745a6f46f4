"""The driver: carries an order out, and undoes it where that was asked for; yields what happened.

`run_rollout` reads as the story; each step of it is a generator that yields events and returns its result. One
thread: time passes only in `Clock.sleep`, and Azure is reached through RemoteScaleSet alone. What Azure refuses is
waited out within bounds; what cannot be waited out ends the run.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace

from vmss_upgrade.driver.batch import Limits
from vmss_upgrade.driver.batches import Batches, Return
from vmss_upgrade.driver.hold import wait_to_begin
from vmss_upgrade.driver.model_update import update_model
from vmss_upgrade.driver.native.both_ways import roll
from vmss_upgrade.driver.preparation import Preparation, Prepared
from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.repairs import RepairsPause
from vmss_upgrade.driver.rollback import FailedRollout, ending_of, restore_model, roll_back
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.driver.zero_downtime.probes import Probing
from vmss_upgrade.driver.zero_downtime.proof import Proof
from vmss_upgrade.driver.zero_downtime.surge import SurgeCapacity
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import Clock, ScaleSetApi, Web
from vmss_upgrade.rollout.checks.missing import NO_GROUP, remedy_for_missing_set
from vmss_upgrade.rollout.checks.rollback import bad_before, no_image_to_blame, no_rollback
from vmss_upgrade.rollout.goal import goal_of
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import (
    Event,
    Noticed,
    RefusedAsFound,
    RolloutFinished,
    RolloutPlanned,
    StatusSeen,
)
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.policy import HealthUse, OnFailure
from vmss_upgrade.rollout.watching.watch import Returning, Watch


def run_rollout(order: Order, api: ScaleSetApi, clock: Clock, web: Web | None = None) -> Generator[Event]:
    """Carry the order out. The last event is always RolloutFinished, unless an exception leaves the generator.

    `web` reaches the services that the order names; None if it names none.

    Raises Interrupted from within `clock.sleep` or a call to Azure; every AzureError becomes the ending. Automatic
    repairs that were suspended are resumed, and instances of a surge deleted or named, on every way out.
    """
    policy = order.policy
    remote = RemoteScaleSet(api, clock, timeout=policy.timeout, ignores_health=policy.health is HealthUse.IGNORE)
    proof = Proof(Probing(policy.probes, web, clock, remote) if policy.probes and web else None)
    with closing(_events(remote, order, web, proof)) as events:
        for event in events:
            yield from proof.take(replace(event, at=remote.clock.elapsed()))


def _events(remote: RemoteScaleSet, order: Order, web: Web | None, proof: Proof) -> Steps[None]:
    """Carry the order out, and undo however that ends what was done for its time only."""
    repairs, surge = RepairsPause(remote), SurgeCapacity(remote, order.policy)
    try:
        ending = yield from ending_of(_Rollout(remote, order, repairs, surge, web, proof).story(), remote)
        yield from proof.end()
        ending = yield from surge.conclude(ending)
        yield from repairs.resume()
    except GeneratorExit:  # nobody listens any more
        repairs.resume_unheard()
        raise
    except BaseException:  # cancelled, or a bug of ours
        yield from proof.end()
        yield from surge.name_left()
        yield from repairs.resume_at_once()
        raise
    yield RolloutFinished(ending=ending)


def _show_status(remote: RemoteScaleSet) -> Steps[Ending]:
    """Show the scale set as it is, and nothing else."""
    yield from remote.look()
    remote.compare()
    yield StatusSeen(scale_set=remote.scale_set, goal=goal_of(remote.model))
    return Ending(outcome=Outcome.REPORTED, reason="Only the status was asked for; nothing was written.")


class _Rollout:
    """One run."""

    def __init__(
        self,
        remote: RemoteScaleSet,
        order: Order,
        repairs: RepairsPause,
        surge: SurgeCapacity,
        web: Web | None,
        proof: Proof,
    ) -> None:
        self._remote = remote
        self._order = order
        self._policy = order.policy
        self._repairs = repairs
        self._surge = surge
        self._web = web
        self._proof = proof

    def story(self) -> Steps[Ending]:
        """Read, check, plan, update the model, upgrade batch by batch, look once more; or the part of it asked for."""
        yield from self._read_model()
        if self._order.command is Command.STATUS:
            return (yield from _show_status(self._remote))
        prepared = yield from self._prepare()
        prepared = replace(prepared, findings=(*prepared.findings, *self._proof.examine(self._order.command)))
        for finding in prepared.findings:
            yield Noticed(finding=finding)
        plan = prepared.plan
        if prepared.refusals or plan is None:
            yield RefusedAsFound(scale_set=prepared.scale_set)
            return endings.refused(prepared.refusals)
        self._remote.begin()
        command, policy = self._order.command, self._policy
        yield RolloutPlanned(plan=plan, scale_set=prepared.scale_set, policy=policy, command=command)
        if command in (Command.PLAN, Command.REHEARSE):  # a rehearsal writes nothing, either
            return endings.planned(plan)
        self._proof.begin()
        return (yield from self._roll_out_or_back(plan, prepared))

    def _read_model(self) -> Steps[None]:
        """Read the model once nobody is updating the scale set, or after `health_timeout` as it is."""
        try:
            model = yield from self._remote.read_model()
        except AzureError as error:
            if error.trouble is Trouble.NOT_FOUND and error.code not in NO_GROUP:
                error.remedy = remedy_for_missing_set(self._remote.list_other_names()) or error.remedy
            raise
        if model.is_updating and self._order.command is not Command.STATUS:
            why = "the scale set is being updated (provisioningState Updating)"
            yield from self._remote.read_settled_model(why, self._remote.clock.now() + self._policy.health_timeout)

    def _prepare(self) -> Steps[Prepared]:
        """Read, check and plan; again after waiting for room in the budget. A rollback does not wait."""
        prepared = yield from Preparation(self._remote, self._order).prepare()
        plan = prepared.plan
        if prepared.refusals or plan is None or not plan.batches or plan.is_rollback:
            return prepared
        if self._order.command is Command.PLAN:
            return prepared
        if not (yield from wait_to_begin(self._remote, len(plan.batches), self._policy)):
            return prepared
        yield from self._read_model()
        return (yield from Preparation(self._remote, self._order).prepare())

    def _roll_out_or_back(self, plan: RolloutPlan, prepared: Prepared) -> Steps[Ending]:
        """Do everything that writes; and undo it where that was asked for and the rollout failed."""
        if plan.rolls is not None:
            return (yield from roll(self._remote, self._policy, plan, prepared, self._repairs))
        at_work = prepared.repairs_on and not self._policy.suspend_repairs
        limits = Limits(policy=self._policy, stops_in_time=True, repairs_at_work=at_work)
        batches = self._batches(limits, plan, prepared)
        ending = yield from ending_of(self._roll_out(batches, limits, plan, prepared), self._remote)
        ending = self._proof.judge(ending)
        asked = self._policy.on_failure
        if not asked.goes_back or plan.is_rollback or ending.outcome.exit_code == 0:
            return ending
        if not ending.calls_for_rollback:
            older = ending.bad_before
            found = bad_before(older, plan.reaches, prepared.way_back, asked) if older else None
            yield Noticed(finding=found or no_image_to_blame(plan.reaches, asked))
            return ending
        if not self._remote.moved or prepared.way_back is None:
            yield Noticed(finding=no_rollback(plan.reaches, prepared.way_back, asked))
            return ending
        done = tuple(batches.started)
        failed = FailedRollout(plan=plan, before=prepared.scale_set, done=done, ending=ending, web=self._web)
        go_back = restore_model if asked is OnFailure.RESTORE_MODEL else roll_back
        return (yield from go_back(self._remote, limits, failed, prepared.way_back))

    def _roll_out(self, batches: Batches, limits: Limits, plan: RolloutPlan, prepared: Prepared) -> Steps[Ending]:
        """Suspend repairs, write the model, upgrade the instances: as far as the order and the plan ask for it."""
        model = prepared.scale_set.model
        if self._policy.suspend_repairs and prepared.repairs_on and plan.batches:
            yield from self._repairs.suspend()
        if plan.update_model:
            model = yield from update_model(self._remote, model, plan.reaches, obeys_tag=not plan.is_rollback)
        if self._order.command is Command.UPDATE_MODEL:
            return endings.model_updated(plan)
        self._surge.take_over(prepared.scale_set, plan)
        if plan.surge:
            model = yield from self._surge.begin(limits, plan, prepared.scale_set, model)
            batches.keep_healthy(self._surge.floor)
        return (yield from batches.run(model))

    def _batches(self, limits: Limits, plan: RolloutPlan, prepared: Prepared) -> Batches:
        """Return the batches to come: of a rollout, or of a rollback that was asked for by hand."""
        moved = prepared.moved
        returning = None if moved is None else Returning(ids=moved.ids)
        watch = Watch(prepared.scale_set, plan.goal, self._policy, returning)
        way_back = None if moved is None else Return(moved=moved)
        return Batches(self._remote, limits, plan, watch, way_back, self._web)
