"""Automatic instance repairs, suspended while a rollout is under way.

Source: "Automatic instance repairs for Azure Virtual Machine Scale Sets": the service AutomaticRepairs of a set can be
suspended and resumed (recorded: uniform_orchestration_service_state_2024).
"""

from __future__ import annotations

from functools import partial

from vmss_upgrade.driver.remote import OutOfTime, PatientApi, Steps, operation_error
from vmss_upgrade.errors import AzureError, Trouble, VmssUpgradeError
from vmss_upgrade.ports import Operation, OperationState
from vmss_upgrade.rollout.az_commands import resume_repairs
from vmss_upgrade.rollout.findings import warn
from vmss_upgrade.rollout.history.events import Noticed, RepairsResumed, RepairsSuspending
from vmss_upgrade.rollout.watching.patience import Patience

LIMIT = 5 * 60.0  # seconds; recorded: under a second
_NOT_DONE = (
    Trouble.DENIED,
    Trouble.OTHER_TENANT,
    Trouble.TOKEN_REFUSED,
    Trouble.REJECTED,
    Trouble.NOT_FOUND,
    Trouble.VERSION_UNKNOWN,
)


class RepairsPause:
    """Suspends repairs once, and resumes them once, on whichever way the run ends."""

    def __init__(self, azure: PatientApi) -> None:
        self._azure = azure
        self._is_owed = False  # repairs are, or may be, suspended by us

    def suspend(self) -> Steps[None]:
        """Suspend, and wait until it holds. Raises AzureError where Azure refuses it."""
        yield RepairsSuspending(at=self._azure.elapsed())
        self._is_owed = True
        try:
            operation = yield from self._ask(suspended=True)
        except AzureError as error:
            if error.trouble in _NOT_DONE:
                self._is_owed = False
                yield RepairsResumed(at=self._azure.elapsed(), were_suspended=False)
            raise
        yield from self._follow(operation, suspended=True)

    def resume(self) -> Steps[None]:
        """Resume, with patience. What cannot be resumed is a warning with the command; the rollout's end stands."""
        if not self._is_owed:
            return
        try:
            operation = yield from self._ask(suspended=False)
            yield from self._follow(operation, suspended=False)
        except OutOfTime:  # the rollout's time is over, but this is owed
            yield from self.resume_at_once()
        except AzureError as error:
            yield self._not_resumed(error)
        else:
            yield self._resumed()

    def resume_at_once(self) -> Steps[None]:
        """One try without a wait, because the run must end now."""
        if not self._is_owed:
            return
        try:
            self._azure.api.set_repairs(suspended=False)
        except VmssUpgradeError as error:
            yield self._not_resumed(error)
        else:
            yield self._resumed()

    def resume_unheard(self) -> None:
        """The same where nobody listens to events any more."""
        for _event in self.resume_at_once():
            pass

    def _follow(self, operation: Operation | None, *, suspended: bool) -> Steps[None]:
        """Wait for the end of what was asked for. Raises AzureError where it fails, or does not end."""
        if operation is None:
            return
        try:
            state = yield from self._azure.follow(operation, self._azure.now() + LIMIT)
        except AzureError:
            if not (yield from self._are(suspended=suspended)):
                raise
            return
        is_open = state in (OperationState.LOST, OperationState.RUNNING)
        if is_open and (yield from self._are(suspended=suspended)):
            return
        if state is not OperationState.SUCCEEDED:
            raise operation_error(operation, state, "changing the state of automatic repairs")

    def _ask(self, *, suspended: bool) -> Steps[Operation | None]:
        """The accepted request; None when its answer was lost, but repairs are in the state that was asked for."""
        patience = Patience()
        while True:
            try:
                return self._azure.write(partial(self._azure.api.set_repairs, suspended=suspended), moves=False)
            except AzureError as error:
                patience = yield from self._azure.wait_after_write(error, patience)
                if error.trouble is Trouble.UNCERTAIN and (yield from self._are(suspended=suspended)):
                    return None

    def _are(self, *, suspended: bool) -> Steps[bool]:
        """Whether Azure shows repairs in this state."""
        shown = yield from self._azure.patiently(lambda: self._azure.api.are_repairs_suspended(self._azure.model))
        return shown is suspended

    def _resumed(self) -> RepairsResumed:
        self._is_owed = False
        return RepairsResumed(at=self._azure.elapsed())

    def _not_resumed(self, error: VmssUpgradeError) -> Noticed:
        model = self._azure.model
        command = resume_repairs(model.subscription, model.resource_group, model.name)
        message = f"Automatic instance repairs are still suspended: {error}"
        return Noticed(at=self._azure.elapsed(), finding=warn(message, f"Resume them: {command}"))
