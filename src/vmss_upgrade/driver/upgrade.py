"""Azure's part of a batch: the upgrade is asked for until Azure takes it on, and followed until it ends."""

from __future__ import annotations

from dataclasses import dataclass

from vmss_upgrade.driver.batch import BatchRun
from vmss_upgrade.driver.hold import Hold
from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps, noted
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.findings import warn
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import Noticed, UpgradeAccepted, UpgradeEnded
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.patience import Patience
from vmss_upgrade.rollout.wording import clause

TRIES = 3  # how often a batch is asked for whose operation was preempted
STOPPED_REMEDY = (
    "Some of them are stopped: where Azure does not upgrade stopped instances, use `stopped-instances: skip`."
)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """How an upgrade ended: `operation` as Azure accepted it last (None: nothing had to be asked for), and whether
    nothing of the batch is being updated any more (SUCCEEDED) or it was left behind (RUNNING).
    """

    operation: FollowedOperation | None
    state: OperationState

    @property
    def was_preempted(self) -> bool:
        """True if it gave way to another operation, such as a scaling (Azure/azure-rest-api-specs#22434)."""
        problem = self.operation.answer.problem if self.operation else None
        return problem is not None and problem.says_preempted and self.state is OperationState.SUCCEEDED


def upgrade(remote: RemoteScaleSet, run: BatchRun, hold: Hold) -> Steps[Upgrade]:
    """Ask for the upgrade of a batch and follow it; again where it was preempted before it reached every instance."""
    for _ in range(TRIES):
        operation = yield from _submit(remote, run, hold)
        state = (yield from _follow(remote, run, operation)) if operation else OperationState.SUCCEEDED
        done = Upgrade(operation, state)
        is_left = done.was_preempted and run.due().instance_ids and not run.has_new_failure()
        if not is_left or run.is_out_of_time():
            break
    return done


def _submit(remote: RemoteScaleSet, run: BatchRun, hold: Hold) -> Steps[FollowedOperation | None]:
    """Return the accepted upgrade; None when no instance of the batch is left that needs one, or one failed.

    After any wait everything is looked at before the call is made again, so that nothing is upgraded twice, or while
    the rest of the scale set is in trouble. Where the answer was lost, instances that are being updated are most likely
    ours: they are waited for, then the rest is asked for.
    """
    patience = Patience()
    refusal: AzureError | None = None
    answer_lost = False
    while True:
        due = run.due()
        if not due.instance_ids or run.has_new_failure():
            return None
        if run.is_out_of_time() and answer_lost:
            return None
        if run.is_out_of_time() and refusal is not None:
            raise Halted(endings.by_unaccepted_batch(run.batch, refusal, run.limit))
        if answer_lost and run.is_being_updated(due):
            remote.clock.sleep(remote.look_interval())
            yield from run.look()
            continue
        try:
            return remote.upgrade(due.instance_ids)
        except AzureError as error:
            refusal = error
            if error.trouble is Trouble.REJECTED and run.was_off_before(due):
                error.remedy = error.remedy or STOPPED_REMEDY
            if error.trouble is Trouble.UNCERTAIN:
                answer_lost = True
                yield UpgradeAccepted(batch=run.batch, certain=False)
            patience = yield from remote.wait_after_write(error, patience, until=run.deadline)
            yield from remote.look(until=run.deadline)
            yield from hold.wait_to_start(run.batch)


def _follow(remote: RemoteScaleSet, run: BatchRun, operation: FollowedOperation) -> Steps[OperationState]:
    """Wait until Azure's operation has ended and nothing of the batch is being updated (SUCCEEDED), or it is left
    behind (RUNNING). How it ended is a hint, and no more: the instances decide.
    """
    yield UpgradeAccepted(batch=run.batch)
    remote.expect_reports(run.batch.instance_ids)
    state = yield from _poll(remote, run, operation)
    if state is OperationState.LOST:
        yield noted(f"{operation.lost_because}: the instances are watched instead.")
        state = yield from _watch_instead(remote, run)
    elif state is OperationState.FAILED:
        problem = operation.answer.problem
        why = f"{problem.code}, {problem.message}" if problem else "without a reason"
        message = f"Azure says that the operation failed ({clause(why)}): the instances decide."
        yield Noticed(finding=warn(message))
        state = yield from _watch_instead(remote, run)
    if state is not OperationState.RUNNING:
        yield UpgradeEnded(batch=run.batch)
    return state


def _poll(remote: RemoteScaleSet, run: BatchRun, operation: FollowedOperation) -> Steps[OperationState]:
    """Poll until the operation ends or cannot be followed, looking at the instances now and then meanwhile.

    RUNNING: it is left behind, because there is no time left, or an instance failed and the others had theirs.
    """
    clock, state = remote.clock, OperationState.RUNNING
    next_look = clock.now() + pacing.LOOK_DURING_OPERATION
    while state is OperationState.RUNNING and not run.is_out_of_time():
        state = yield from operation.poll(run.deadline, due=next_look)
        if state is OperationState.RUNNING and clock.now() >= next_look:
            if not (yield from run.look(due=next_look)):
                return state
            next_look = clock.now() + pacing.pause_between_looks(remote.pages)
    return state


def _watch_instead(remote: RemoteScaleSet, run: BatchRun) -> Steps[OperationState]:
    """Look until none of the batch is being updated any more (SUCCEEDED), or there is no time left (RUNNING)."""
    while (yield from run.look()) and not run.is_out_of_time():
        if not run.is_being_updated(run.batch):
            return OperationState.SUCCEEDED
        pause = pacing.LOOK_WHILE_BAKING * remote.pages  # there is no operation to poll in between
        remote.clock.sleep(min(pause, run.deadline - remote.clock.now()))
    return OperationState.RUNNING
