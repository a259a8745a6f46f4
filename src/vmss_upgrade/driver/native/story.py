"""The rollout of a set in mode Rolling: write the image, follow what Azure does, judge the instances, or cancel."""

from __future__ import annotations

from dataclasses import replace

from vmss_upgrade.driver.native.cancelling import cancel_at_once, cancel_or_warn, may_run
from vmss_upgrade.driver.native.following import Followed, Following
from vmss_upgrade.driver.native.start import RollingWrite
from vmss_upgrade.driver.remote import SETTLING_PAUSE, Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import OutOfTime, Steps
from vmss_upgrade.errors import AzureError, PlanRefused
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.checks.model_change import check_during_rollout
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.goal import Goal, is_on
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import ModelUpdated, Noticed
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.native import endings as ends
from vmss_upgrade.rollout.native.events import RollEnded
from vmss_upgrade.rollout.native.instances import (
    bad_instances,
    before,
    failures_by_azure,
    has_begun,
    left_behind,
    taking_part,
    unhealthy_on_target,
    waiting_for,
)
from vmss_upgrade.rollout.native.owned import OwnRoll
from vmss_upgrade.rollout.native.roll import RollCode
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Health, ScaleSet
from vmss_upgrade.rollout.watching.health_gate import HealthGate, seen_before
from vmss_upgrade.rollout.wording import listed

CANCEL_TIME = 3 * 60.0  # seconds granted beyond the run's own timeout, in which its rolling upgrade is cancelled


class NativeRollout:
    """One way of a set, there or back, that Azure rolls. `planned_from` is what `plan` was made from.

    `counts_all`: it succeeds only if those that were on the target before are healthy, too.
    """

    def __init__(
        self,
        remote: RemoteScaleSet,
        policy: Policy,
        plan: RolloutPlan,
        planned_from: ScaleSet,
        *,
        counts_all: bool = True,
    ) -> None:
        self._remote = remote
        self._policy = policy
        self._plan = plan
        self._from = planned_from
        self._goal = plan.goal.once_in_model()
        self._then = before(planned_from, plan.instance_ids)
        self._own = OwnRoll()
        self._counts_all = counts_all

    def run(self) -> Steps[Ending]:
        """Roll, and leave no rolling upgrade of this run behind, however that ends."""
        try:
            return (yield from self._run())
        except (OutOfTime, Halted, PlanRefused, AzureError):
            yield from self._cancel_beyond_the_end()
            raise
        except GeneratorExit:  # nobody listens any more
            for _event in cancel_at_once(self._remote, self._own):
                pass
            raise
        except BaseException:  # cancelled, or a bug of ours
            yield from cancel_at_once(self._remote, self._own)
            raise

    def _run(self) -> Steps[Ending]:
        plan, remote = self._plan, self._remote
        unhealthy = () if plan.is_rollback else (yield from self._wait_for_earlier(plan.goal))
        if unhealthy:
            return endings.by_the_rest(unhealthy)
        began = remote.clock.now()
        if not plan.instance_ids and not plan.update_model:
            return Ending(Outcome.NOTHING_TO_DO, "No instance is left to upgrade.")
        write = RollingWrite(remote, self._from.model, plan.reaches, self._own, obeys_tag=not plan.is_rollback)
        operation = yield from write.submit()
        yield ModelUpdated(target=plan.reaches, seconds=remote.clock.now() - began)
        following = Following(remote, self._policy, self._goal, self._then, self._own, operation)
        followed = yield from following.follow()
        if followed.failures or followed.stands_still:
            return (yield from self._stop(following, followed))
        if followed.other is not None:
            yield from following.close()
            return ends.by_other(followed.other)
        return (yield from self._conclude(following))

    def _wait_for_earlier(self, goal: Goal) -> Steps[tuple[Failure, ...]]:
        """Wait until instances that an earlier run brought to the target are healthy, as they count for Azure's limits.

        Return those that are not within `health_timeout`: a target that does not get healthy is a reason to stop.
        """
        remote = self._remote
        until = remote.clock.now() + self._policy.health_timeout
        while True:
            made = remote.scale_set.made if goal.in_model else ()
            counts = (i for i in made if not i.is_stopped and i.health is not Health.NOT_YET)
            there = [i.id for i in counts if is_on(i, goal.image)]
            pending = waiting_for(there, remote.scale_set, goal)
            if not pending or remote.clock.now() >= until:
                return tuple(replace(failure, is_older=True, blames_image=False) for failure in pending)
            why = f"instances on the target image are not healthy yet ({listed(f.instance_id for f in pending)})"
            yield from remote.clock.wait(why, SETTLING_PAUSE, until=until)
            yield from remote.look()

    def _stop(self, following: Following, followed: Followed) -> Steps[Ending]:
        """Cancel, let what is under way end, and say what is left."""
        why = "an instance is bad" if followed.failures else "nothing moves any more"
        is_gone = yield from cancel_or_warn(self._remote, self._own, why)
        yield from self._settle(frozenset(failure.instance_id for failure in followed.failures))
        failures = tuple({f.instance_id: f for f in (*self._bad_now(), *followed.failures)}.values())
        yield from following.close(failures)
        if followed.failures:
            return ends.by_bad_instance(self._own.seen, failures, self._left(), is_gone=is_gone)
        return ends.by_standstill(self._own.seen, self._policy.batch_timeout, self._left(), is_gone=is_gone)

    def _conclude(self, following: Following) -> Steps[Ending]:
        """Judge a rolling upgrade that is over: by its code, and by the instances."""
        own, operation = self._own.seen, following.operation
        code = own.code if own is not None else None
        failed = following.state is OperationState.FAILED
        if code in (RollCode.CANCELLED, RollCode.FAULTED) or (failed and code is not RollCode.COMPLETED):
            yield from self._end("its operation has failed", cancels=following.is_shown_at_work)
            yield from self._settle(frozenset(failure.instance_id for failure in self._bad_now()))
            failures = self._bad_now()
            yield from following.close(failures)
            if own is not None and code is RollCode.CANCELLED:
                return ends.by_cancellation(own, failures, self._left())
            problem = operation.answer.problem if operation else None
            return ends.by_fault(own, problem, failures, self._left())
        gate = yield from self._pass_gate()
        is_unsure = bool(gate.failures) and own is None
        yield from self._end("its operation has ended", cancels=following.is_shown_at_work or is_unsure)
        yield from following.close(gate.failures)
        if not gate.failures:
            yield from self._check_model()
            unhealthy = (yield from self._wait_for_earlier(self._goal)) if self._counts_all else ()
            if unhealthy:
                return endings.by_last_look(unhealthy)
            signal = self._remote.model.health_signal
            return endings.succeeded(signal, is_current=True)
        return ends.by_no_roll(self._left()) if own is None else ends.by_gate(gate.failures)

    def _end(self, why: str, *, cancels: bool) -> Steps[None]:
        """Note that ours has ended; or cancel it, where it may be at work nevertheless."""
        if cancels:
            until = self._remote.clock.now() + CANCEL_TIME
            yield from cancel_or_warn(self._remote, self._own, why, until=until)
        else:
            yield RollEnded()

    def _pass_gate(self) -> Steps[HealthGate]:
        """Look until every instance that took part is on the target, current and healthy, and stays so; or in vain."""
        remote, policy, signal = self._remote, self._policy, self._remote.model.health_signal
        yield from remote.look()
        gate = HealthGate(
            instance_ids=tuple(instance.id for instance in taking_part(remote.scale_set, self._then)),
            target=self._goal.image,
            signal=signal,
            opened_at=remote.clock.now(),
            health_timeout=policy.health_timeout,
            bake_time=policy.bake_time_for(signal),
            before=seen_before(self._from.instances, self._goal.image),
        )
        while True:
            gate = gate.advance(remote.scale_set.by_id, remote.clock.now())
            if gate.is_decided:
                return gate
            remote.clock.sleep(remote.look_interval())
            yield from remote.look()
            new = {i.id for i in taking_part(remote.scale_set, self._then)}.difference(gate.instance_ids)
            if new:  # which get as much time as the others
                ids = (*gate.instance_ids, *sorted(new))
                gate = replace(gate, instance_ids=ids, opened_at=remote.clock.now())

    def _check_model(self) -> Steps[None]:
        """Raise AzureError where another client has changed the image meanwhile."""

        def check(model: Model) -> None:
            check_during_rollout(model, self._plan.reaches, natively=True)

        yield from self._remote.read_accepted_model(check)

    def _settle(self, bad: frozenset[str]) -> Steps[None]:
        """Wait until Azure is at work on nothing, and what it upgraded is ready but for the `bad` ones; for
        `health_timeout` at most.
        """
        remote = self._remote
        until = remote.clock.now() + self._policy.health_timeout
        yield from remote.read_settled_model("Azure is still carrying out what was under way", until)
        yield from remote.look()
        while self._unsettled(bad) and remote.clock.now() < until:
            yield from remote.clock.wait("instances are still being upgraded", SETTLING_PAUSE, until=until)
            yield from remote.look()

    def _unsettled(self, bad: frozenset[str]) -> bool:
        scale_set, goal = self._remote.scale_set, self._goal
        begun = [i.id for i in taking_part(scale_set, self._then) if has_begun(i, goal) and i.id not in bad]
        return bool(waiting_for(begun, scale_set, goal))

    def _bad_now(self) -> tuple[Failure, ...]:
        """Return the bad instances by Azure's words and their own, each once."""
        scale_set, own = self._remote.scale_set, self._own.seen
        unhealthy = unhealthy_on_target(scale_set, self._then, self._goal)
        found = bad_instances(scale_set, self._then, self._goal, {}, 1.0)
        if own is None or own.code is RollCode.CANCELLED:
            return found
        named = failures_by_azure(own, scale_set, self._then, self._goal, unhealthy)
        named = tuple(failure for failure in named if failure.instance_id or not found)  # a count adds nothing to ids
        return tuple({failure.instance_id: failure for failure in (*named, *found)}.values())

    def _left(self) -> tuple[str, ...]:
        return left_behind(self._remote.scale_set, self._then, self._goal)

    def _cancel_beyond_the_end(self) -> Steps[None]:
        """Cancel ours although the run ends by an error, or by its time."""
        if not self._own.asked:
            return
        self._remote.grant(CANCEL_TIME)
        until = self._remote.clock.now() + CANCEL_TIME - 1.0
        try:
            yield from cancel_or_warn(self._remote, self._own, "the run ends", until=until)
        except OutOfTime as error:
            yield Noticed(finding=may_run(self._remote, str(error)))
