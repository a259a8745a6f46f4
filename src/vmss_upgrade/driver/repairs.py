"""Automatic instance repairs, suspended while a rollout is under way.

Source: "Automatic instance repairs for Azure Virtual Machine Scale Sets": the service AutomaticRepairs of a set can be
suspended and resumed (recorded: uniform_orchestration_service_state_2024).
"""

from __future__ import annotations

from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import OutOfTime, Steps
from vmss_upgrade.errors import AzureError, Trouble, VmssUpgradeError
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.az_commands import resume_repairs
from vmss_upgrade.rollout.findings import warn
from vmss_upgrade.rollout.history.events import Noticed, RepairsResumed, RepairsSuspending
from vmss_upgrade.rollout.watching.patience import Patience

LIMIT = 5 * 60.0  # seconds; recorded: under a second
_EVER = float("inf")
_REFUSED = (Trouble.DENIED, Trouble.OTHER_TENANT, Trouble.TOKEN_REFUSED, Trouble.REJECTED)
_NOT_DONE = (*_REFUSED, Trouble.NOT_FOUND, Trouble.VERSION_UNKNOWN)


class RepairsPause:
    """Suspends repairs once, and resumes them once, however the run ends."""

    def __init__(self, remote: RemoteScaleSet) -> None:
        self._remote = remote
        self._is_owed = False  # repairs are, or may be, suspended by us

    def suspend(self) -> Steps[None]:
        """Suspend, and wait until it holds. Raises AzureError where Azure refuses it."""
        yield RepairsSuspending()
        self._is_owed = True
        try:
            operation = yield from _ask(self._remote, suspended=True, until=_EVER)
        except AzureError as error:
            if error.trouble in _NOT_DONE:
                self._is_owed = False
                yield RepairsResumed(were_suspended=False)
            raise
        yield from _follow(self._remote, operation, suspended=True, until=_EVER)

    def resume(self) -> Steps[None]:
        """Resume, with patience. What cannot be resumed is a warning with the command; the rollout's end stands."""
        if not self._is_owed:
            return
        try:
            yield from set_repairs(self._remote, suspended=False)
        except OutOfTime:  # the rollout's time is over, but this is owed
            yield from self.resume_at_once()
        except AzureError as error:
            yield self._not_resumed(error)
        else:
            yield self._resumed()

    def resume_at_once(self) -> Steps[None]:
        """Resume in one try without a wait, because the run must end now."""
        if not self._is_owed:
            return
        try:
            self._remote.resume_repairs_at_once()
        except VmssUpgradeError as error:
            yield self._not_resumed(error)
        else:
            yield self._resumed()

    def resume_unheard(self) -> None:
        """Resume at once where nobody listens to events any more."""
        for _event in self.resume_at_once():
            pass

    def _resumed(self) -> RepairsResumed:
        self._is_owed = False
        return RepairsResumed()

    def _not_resumed(self, error: VmssUpgradeError) -> Noticed:
        model = self._remote.model
        command = resume_repairs(model.subscription, model.resource_group, model.name)
        message = f"Automatic instance repairs are still suspended: {error}"
        return Noticed(finding=warn(message, f"Resume them: {command}"))


def set_repairs(remote: RemoteScaleSet, *, suspended: bool, until: float = _EVER) -> Steps[None]:
    """Suspend or resume repairs, and wait until it holds, not past `until`. Raises AzureError where it does not."""
    operation = yield from _ask(remote, suspended=suspended, until=until)
    yield from _follow(remote, operation, suspended=suspended, until=until)


def _ask(remote: RemoteScaleSet, *, suspended: bool, until: float) -> Steps[FollowedOperation | None]:
    """Return the accepted request; None when its answer was lost, but repairs are as they were asked to be."""
    patience = Patience()
    while True:
        try:
            return remote.set_repairs(suspended=suspended)
        except AzureError as error:
            if remote.clock.now() >= until:
                raise
            patience = yield from remote.wait_after_write(error, patience, until=until)
            was_lost = error.trouble is Trouble.UNCERTAIN
            if was_lost and (yield from remote.are_repairs_suspended(until=until)) is suspended:
                return None


def _follow(
    remote: RemoteScaleSet, operation: FollowedOperation | None, *, suspended: bool, until: float
) -> Steps[None]:
    """Wait for the end of what was asked for. Raises AzureError where it fails, or does not end."""
    if operation is None:
        return
    try:
        state = yield from operation.follow(min(remote.clock.now() + LIMIT, until))
    except AzureError:
        if (yield from remote.are_repairs_suspended(until=until)) is not suspended:
            raise
        return
    is_open = state in (OperationState.LOST, OperationState.RUNNING)
    if is_open and (yield from remote.are_repairs_suspended(until=until)) is suspended:
        return
    if state is not OperationState.SUCCEEDED:
        raise operation.failure(state, "changing the state of automatic repairs")
