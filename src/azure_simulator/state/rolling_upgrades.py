"""Azure's own rolling upgrade, as a record of what it has done: which instances, when, and how it ended.

Recorded: rolling_upgrade_start_cancel_2020, uniform_rolling_upgrade_2023, and a cancellation in the middle of 2023-03.
What happens next in it is decided in the folder `rolling`, one step at a time.

Choices that no recording decides: `rollingUpgrades/latest` is a 404 in a set that never had one; of a rolling upgrade
that was cancelled while instances went back, it says Cancelled.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azure_simulator.scenario.images import DeployedImage
from azure_simulator.state.instances import Instance, Upgrade
from azure_simulator.state.operations import Failure, Operation
from azure_simulator.state.periods import FOREVER
from azure_simulator.wire.calendar import Calendar
from azure_simulator.wire.errors import refusal
from azure_simulator.wire.set_defaults import POLICY

if TYPE_CHECKING:
    from azure_simulator.state.scale_set import SimulatedScaleSet


@dataclass(slots=True, eq=False)
class Turn:
    """The time in which the upgrade visits one instance, infinite for never.

    `upgrade` None: it replaces nothing. `successor`: the new instance that maxSurge puts in its place. `before`: the
    image and the number of the model that the instance had. `failure`: what went wrong with it, without a code where
    it is only unhealthy.
    """

    instance: Instance
    started_at: float = FOREVER
    ended_at: float = FOREVER
    upgrade: Upgrade | None = None
    successor: Instance | None = None
    before: tuple[DeployedImage, int] | None = None
    failure: Failure | None = None

    @property
    def upgraded(self) -> Instance:
        """Return the instance that has the new model after the turn."""
        return self.successor or self.instance


@dataclass(slots=True, kw_only=True)
class RollingUpgrade:
    """One rolling upgrade, from start to end.

    `code`: the status that a scenario gives it; None: the steps decide. `batches`: those that have not begun;
    `current`: the one that has. `pace`: how many seconds each batch takes, where a scenario says it; None: as long as
    its instances take. `replaces` false: instances are visited, and stay as they are. `operation`: the one that carries
    its outcome; None for a rolling upgrade of Azure's own. `of_model`: a write of the model has started it, which is
    then Failed as the set is. `next_at`: the moment of the next step. `going_back_at`: since when failed instances go
    back to the previous model. `forced`: how it is to fail, whatever the instances do.
    """

    calendar: Calendar
    started_at: float
    policy: dict[str, Any] = field(default_factory=lambda: dict(POLICY))
    set_name: str = ""
    turns: list[Turn] = field(default_factory=list)
    batches: list[list[Turn]] = field(default_factory=list)
    current: list[Turn] = field(default_factory=list)
    pace: float | None = None
    replaces: bool = True
    of_model: bool = False
    operation: Operation | None = None
    next_at: float = FOREVER
    going_back_at: float = FOREVER
    ended_at: float = FOREVER
    cancelled_at: float | None = None
    failure: Failure | None = None
    forced: Failure | None = None
    code: str | None = None

    @classmethod
    def reported(cls, code: str | None, calendar: Calendar) -> "RollingUpgrade | None":
        """Return the one that a scenario describes, a minute old when the simulation begins; None for none."""
        return None if code is None else cls(calendar=calendar, started_at=-60.0, code=code)

    def running(self, now: float) -> bool:
        """Return whether the upgrade is still replacing instances."""
        return self.state(now) in ("RollingForward", "RollingBack")

    def state(self, now: float) -> str:
        """Return the code of its running status."""
        if self.code is not None:
            return self.code
        if self.cancelled_at is not None:
            return "Cancelled"
        if now < self.ended_at:
            return "RollingBack" if now >= self.going_back_at else "RollingForward"
        return "Faulted" if self.failure is not None else "Completed"

    def cancel(self, now: float) -> None:
        """End the upgrade at once. Instances that are being replaced go on; no other one begins."""
        self.cancelled_at = self.ended_at = now
        self.next_at, self.code, self.failure = FOREVER, None, None

    def complete(self, now: float) -> None:
        """End the upgrade: it has visited all instances."""
        self.ended_at, self.next_at = now, FOREVER

    def fail(self, failure: Failure, now: float) -> None:
        """End the upgrade with a failure, which its operation carries too (without details, as the recorded one)."""
        self.failure, self.ended_at, self.next_at, self.code = failure, now, FOREVER, None
        if self.operation is not None:
            self.operation.error = self.operation.error or failure

    def is_cut_short(self, turn: Turn) -> bool:
        """Return whether a cancellation came in the middle of a turn: Azure counts it as failed (recorded 2023-03)."""
        return self.cancelled_at is not None and turn.started_at <= self.cancelled_at < turn.ended_at

    def state_of(self, turn: Turn, until: float) -> str:
        """Return how Azure counts one instance at this moment."""
        if turn.started_at > until:
            return "pending"
        if self.is_cut_short(turn):
            return "failed"
        if until < turn.ended_at:
            return "inProgress"
        return "failed" if turn.failure is not None else "successful"

    def failed_instances(self) -> Iterator[dict[str, Any]]:
        """Yield what `error.details` says of each instance that has failed.

        The target has the recorded form of a cancellation; that a policy's breach names its instances alike is a
        choice that no recording decides.
        """
        for turn in self.turns:
            if turn.failure is not None and self.failure is not None:
                code, message = turn.failure
                target = f"{self.set_name}/virtualMachines/{turn.upgraded.instance_id}"
                yield {"code": code or self.failure[0], "message": message, "target": target}


def find_running(scale_set: "SimulatedScaleSet", now: float) -> RollingUpgrade:
    """Return the rolling upgrade to cancel. Raises Refusal 409 when none runs."""
    if scale_set.rolling is None or not scale_set.rolling.running(now):
        raise refusal("nothing-to-cancel")
    return scale_set.rolling


def check_none_runs(scale_set: "SimulatedScaleSet", now: float) -> None:
    """Raise Refusal 409 for a write while a rolling upgrade runs, or another operation.

    While a rolling upgrade runs the code is OperationNotAllowed, also for one that Azure itself has started (reported:
    Azure/telescope#1291; documented: "Another ongoing rolling upgrade operation").
    """
    if scale_set.rolling is not None and scale_set.rolling.running(now):
        raise refusal("rolling-upgrade-runs", name=scale_set.name)
    if scale_set.operations.any_running(now):
        raise refusal("conflict")
