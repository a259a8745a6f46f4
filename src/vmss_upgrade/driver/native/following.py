"""Following Azure's rolling upgrade: the write's operation, `rollingUpgrades/latest` and the instances; none alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps, noted
from vmss_upgrade.errors import AzureError
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.goal import Goal, is_on
from vmss_upgrade.rollout.history.events import (
    BatchFailed,
    BatchPassed,
    BatchProgressed,
    BatchStarted,
    Phase,
    UpgradeAccepted,
    UpgradeEnded,
)
from vmss_upgrade.rollout.native.events import BatchGrew, RollSeen
from vmss_upgrade.rollout.native.instances import (
    Before,
    SeenBatches,
    bad_instances,
    failures_by_azure,
    taking_part,
    unhealthy_on_target,
    waiting_for,
)
from vmss_upgrade.rollout.native.owned import OwnRoll, OwnState
from vmss_upgrade.rollout.native.roll import Roll
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Instance
from vmss_upgrade.rollout.watching import pacing

LAG = 120.0  # seconds for which `latest` and the write's operation may say otherwise than each other
START_LIMIT = 10 * 60.0  # seconds in which a write whose operation cannot be followed must show as a rolling upgrade


@dataclass(slots=True)
class Followed:
    """How following ended: `failures` are bad instances, `other` is a rolling upgrade that is not ours, `stands_still`
    means no progress for `batch-timeout`. None of them: the rolling upgrade is over.
    """

    failures: tuple[Failure, ...] = ()
    other: Roll | None = None
    stands_still: bool = False


class Following:
    """One rolling upgrade on its way. `operation` None: the answer of the write was lost."""

    def __init__(
        self,
        remote: RemoteScaleSet,
        policy: Policy,
        goal: Goal,
        then: Before,
        own: OwnRoll,
        operation: FollowedOperation | None,
    ) -> None:
        self._remote = remote
        self._clock = remote.clock
        self._policy = policy
        self._goal = goal
        self._then = then
        self._own = own
        self.operation = operation
        self.state = OperationState.LOST if operation is None else OperationState.RUNNING
        self._moved_at = remote.clock.now()
        self._operation_ended_at = self._over_at = float("inf")
        self._unhealthy_since: dict[str, float] = {}
        self._suspects: frozenset[str] = frozenset()
        self._overs = self._others = 0
        self._arrived: frozenset[str] = frozenset()
        self._is_readable = True
        self.is_shown_at_work = False  # ours, by the latest look
        self.batches = SeenBatches()

    def follow(self) -> Steps[Followed]:
        """Look until the rolling upgrade is over, an instance is bad, another one has begun, or nothing moves.

        What would end it must show at two looks, and be said by two of the three sources, or by one for LAG: each may
        be wrong for a moment.
        """
        while True:
            yield from self._poll()
            yield from self._remote.look()
            latest = yield from self._read_latest()
            failures = self._bad(latest)
            yield from self._show()
            if failures:
                return Followed(failures=failures)
            self._others = self._others + 1 if self._own.take(latest) else 0
            if self._others > 1:
                return Followed(other=latest)
            self._overs = self._overs + 1 if self._is_over() else 0
            if self._overs > 1:
                return Followed()
            if self._clock.now() - self._moved_at > self._policy.batch_timeout:
                return Followed(stands_still=True)
            self._clock.sleep(pacing.LOOK_WHILE_BAKING * self._remote.pages)

    def _poll(self) -> Steps[None]:
        """Poll the operation once, until it ends or cannot be followed: it carries the failure of the whole."""
        if self.operation is None or self.state is not OperationState.RUNNING:
            return
        self.state = yield from self.operation.poll(self._clock.now() + START_LIMIT)
        if self.state is OperationState.LOST:
            yield noted(f"{self.operation.lost_because}: the rolling upgrade and the instances are watched instead.")
        elif self.state is not OperationState.RUNNING:
            self._operation_ended_at = self._clock.now()

    def _read_latest(self) -> Steps[Roll | None]:
        known = self._own.seen
        try:
            latest = yield from self._remote.rolls.latest(was_seen=self._is_readable)
            self._is_readable = True
        except AzureError as error:
            if self._is_readable:
                yield noted(f"Could not read the rolling upgrade ({error.code}): operation and instances are watched.")
            self._is_readable, latest = False, None
        self._own.take(latest)
        self.is_shown_at_work = self._own.state_in(latest) is OwnState.AT_WORK
        if self._own.seen is not None and (known is None or known.code is not self._own.seen.code):
            yield RollSeen(roll=self._own.seen)
        return latest

    def _is_over(self) -> bool:
        """Return whether ours has ended: by `latest` and the operation, or by one of them for a while.

        As long as instances show that Azure is at work, an operation that has ended proves nothing by itself.
        """
        own, now = self._own.seen, self._clock.now()
        if own is not None and own.has_ended:
            self._over_at = min(self._over_at, now)
            return self.state is not OperationState.RUNNING or now - self._over_at >= LAG
        self._over_at = float("inf")
        there = taking_part(self._remote.scale_set, self._then)
        if now - self._operation_ended_at >= LAG and not self._waits_for(there):
            return True
        is_quiet = not self.is_shown_at_work and not any(instance.is_changing for instance in there)
        if self.state is OperationState.LOST:
            return is_quiet and own is None and now - self._moved_at >= START_LIMIT
        return is_quiet and now - max(self._operation_ended_at, self._moved_at) >= LAG

    def _waits_for(self, instances: Sequence[Instance]) -> bool:
        ids = [instance.id for instance in instances]
        return bool(waiting_for(ids, self._remote.scale_set, self._goal))

    def _show(self) -> Steps[None]:
        """Tell what the look shows of Azure's batches."""
        scale_set, goal = self._remote.scale_set, self._goal
        there = frozenset(i.id for i in taking_part(scale_set, self._then) if is_on(i, goal.image))
        if there != self._arrived:
            self._arrived, self._moved_at = there, self._clock.now()
        while (seen := self.batches.after(scale_set, self._then, goal)) is not self.batches:
            yield from self._go_on_to(seen)
        if seen.under_way is not None:
            ids = seen.under_way.instance_ids
            pending = waiting_for(ids, scale_set, goal)
            changing = any(i.is_changing for i in scale_set.instances if i.id in ids)
            yield BatchProgressed(
                batch=seen.under_way,
                phase=Phase.UPGRADING if changing or not pending else Phase.GETTING_READY,
                until=self._latest_end() - self._clock.started,
                pending=pending,
                instances=scale_set.instances,
            )

    def _latest_end(self) -> float:
        """Return when this run stops the rolling upgrade, if all stays as it is."""
        unhealthy = [since + self._policy.health_timeout for since in self._unhealthy_since.values()]
        return max(self._clock.now(), min([self._moved_at + self._policy.batch_timeout, *unhealthy]))

    def _go_on_to(self, seen: SeenBatches) -> Steps[None]:
        """Tell that the batch under way has more instances, or that another one has begun."""
        batch, now = self.batches.under_way, seen.under_way
        if now is None:
            return
        if batch is not None and batch.number == now.number:
            yield BatchGrew(batch=now)
        else:
            yield from self.close()
            yield BatchStarted(batch=now, of=0)
            yield UpgradeAccepted(batch=now)
        self.batches = seen

    def close(self, failures: tuple[Failure, ...] = ()) -> Steps[None]:
        """End the batch under way, with these failures."""
        batch = self.batches.under_way
        if batch is None:
            return
        self.batches = self.batches.without_current()
        failures = failures or waiting_for(batch.instance_ids, self._remote.scale_set, self._goal)
        yield UpgradeEnded(batch=batch)
        if failures:
            yield BatchFailed(batch=batch, failures=failures, instances=self._remote.instances)
        else:
            yield BatchPassed(batch=batch, instances=self._remote.instances)

    def _bad(self, latest: Roll | None) -> tuple[Failure, ...]:
        """Return the bad instances that a second look shows, too."""
        scale_set, now = self._remote.scale_set, self._clock.now()
        unhealthy = unhealthy_on_target(scale_set, self._then, self._goal)
        self._unhealthy_since = {id_: self._unhealthy_since.get(id_, now) for id_ in unhealthy}
        unhealthy_for = {id_: now - since for id_, since in self._unhealthy_since.items()}
        found = bad_instances(scale_set, self._then, self._goal, unhealthy_for, self._policy.health_timeout)
        if not found and latest is not None and latest.is_running and self._own.includes(latest):
            found = failures_by_azure(latest, scale_set, self._then, self._goal, unhealthy)
        ids = frozenset(failure.instance_id for failure in found)
        confirmed = tuple(failure for failure in found if failure.instance_id in self._suspects)
        self._suspects = ids
        return confirmed
