"""Following one of Azure's long-running operations to its end, inside the limits for polling."""

from __future__ import annotations

from vmss_upgrade.driver.run_clock import RunClock, Steps
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import Operation, OperationState
from vmss_upgrade.rollout.failures import remedy_of
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.budget import Ask

# why an operation cannot be followed any more
_LOST = {
    Trouble.NO_RECORD: "Azure has no record of the operation any more (404)",
    Trouble.DENIED: "The identity may not read Azure's operations (403)",
    Trouble.UNCERTAIN: "Azure's record of the operation cannot be read",
}


class FollowedOperation:
    """One operation that Azure accepted: what its latest `answer` says of it, and the polling.

    `lost_because`: why it cannot be followed any more (empty: it can).
    """

    def __init__(self, operation: Operation, clock: RunClock) -> None:
        self.answer = operation
        self._clock = clock
        self._bucket = pacing.operation_bucket()
        self.lost_because = ""

    def follow(self, deadline: float) -> Steps[OperationState]:
        """Poll until the operation ends, cannot be followed (LOST), or the clock shows `deadline` (RUNNING)."""
        state = OperationState.RUNNING
        while state is OperationState.RUNNING and self._clock.now() < deadline:
            state = yield from self.poll(deadline)
        return state

    def poll(self, deadline: float, *, due: float = float("inf")) -> Steps[OperationState]:
        """Poll once, as soon as Azure allows it, and not past `deadline`. What others spend delays it until `due`."""
        delay = pacing.poll_delay(self._bucket, self.answer.asked_delay, self._clock.now())
        self._clock.sleep(min(delay, deadline - self._clock.now()))
        self._bucket.spend(1, self._clock.now())
        try:
            return (yield from self._clock.patiently(self.answer.step, Ask.POLL, until=deadline, due=due))
        except AzureError as error:
            if error.trouble in _LOST:
                self.lost_because = _LOST[error.trouble]
                return OperationState.LOST
            if self._clock.now() < deadline:
                raise
        return OperationState.RUNNING

    def failure(self, state: OperationState, doing: str) -> AzureError:
        """Return the error of an operation that did not succeed, in Azure's words where it has any."""
        problem = self.answer.problem
        ended = "did not end in time" if state is OperationState.RUNNING else "failed"
        return AzureError(
            problem.message if problem else f"Azure's operation {ended}.",
            trouble=Trouble.REJECTED,
            code=problem.code if problem else "OperationFailed",
            doing=doing,
            remedy=remedy_of(problem.code, problem.message) if problem else "",
            correlation_id=self.answer.correlation_id,
        )
