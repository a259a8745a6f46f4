"""The scripts in the guests of instances: every call of their port is made here, at Azure's pace and with patience.

All of it may be asked for twice: a PUT of what is there already changes nothing, and what is gone is deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.run_clock import RunClock, Steps
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import Operation, OperationState, ScaleSetApi
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.budget import Ask
from vmss_upgrade.rollout.watching.pacing import TokenBucket
from vmss_upgrade.rollout.zero_downtime.drain import Action, Drain, Execution

T = TypeVar("T")
GONE_PAUSE = 10.0  # seconds between looks at a resource whose deletion cannot be followed


class RunCommands:
    """The run commands of one scale set's instances. Each call raises AzureError, not later than `until` allows."""

    def __init__(self, api: ScaleSetApi, clock: RunClock) -> None:
        self._api = api
        self._clock = clock
        self._writes = pacing.instance_write_bucket()
        self._reads = pacing.instance_read_bucket()

    def present(self, model: Model, instance_id: str, until: float) -> Steps[tuple[Action, ...]]:
        """Return those that exist on the instance; none of an instance that is gone."""
        try:
            return (yield from self._read(partial(self._api.run_commands.list_run_commands, model, instance_id), until))
        except AzureError as error:
            if error.trouble is Trouble.NOT_FOUND:
                return ()
            raise

    def put(
        self, model: Model, instance_id: str, action: Action, drain: Drain, os: str, until: float
    ) -> Steps[FollowedOperation]:
        """Start the command on the instance."""
        call = partial(self._api.run_commands.put_run_command, model, instance_id, action, drain, os)
        operation: Operation = yield from self._paced(call, Ask.WRITE, self._writes, until)
        return FollowedOperation(operation, self._clock)

    def read(self, model: Model, instance_id: str, action: Action, until: float) -> Steps[Execution]:
        """Return how far the command is."""
        return (
            yield from self._read(partial(self._api.run_commands.read_run_command, model, instance_id, action), until)
        )

    def delete(self, model: Model, instance_id: str, action: Action, until: float) -> Steps[FollowedOperation | None]:
        """Ask for the deletion of the command; None if it is gone."""
        call = partial(self._api.run_commands.delete_run_command, model, instance_id, action)
        try:
            operation: Operation = yield from self._paced(call, Ask.WRITE, self._writes, until)
        except AzureError as error:
            if error.trouble is Trouble.NOT_FOUND:
                return None
            raise
        return FollowedOperation(operation, self._clock)

    def wait_until_gone(
        self, model: Model, instance_id: str, action: Action, deletion: FollowedOperation, until: float
    ) -> Steps[None]:
        """Follow a deletion to its end. Raises AzureError where the command is still there."""
        state = yield from deletion.follow(until)
        if state is OperationState.SUCCEEDED:
            return
        while action in (yield from self.present(model, instance_id, until)):
            if state is not OperationState.LOST or self._clock.now() >= until:
                raise deletion.failure(state, f"deleting the run command of instance {instance_id}")
            yield from self._clock.wait("the run command is still being deleted", GONE_PAUSE, until=until)

    def _read(self, call: Callable[[], T], until: float) -> Steps[T]:
        return (yield from self._paced(call, Ask.READ, self._reads, until))

    def _paced(self, call: Callable[[], T], ask: Ask, bucket: TokenBucket, until: float) -> Steps[T]:
        """Make the call once the bucket allows it."""
        self._clock.sleep(min(bucket.wait_for(1, self._clock.now()), max(0.0, until - self._clock.now())))
        bucket.spend(1, self._clock.now())
        return (yield from self._clock.patiently(call, ask, until=until))
