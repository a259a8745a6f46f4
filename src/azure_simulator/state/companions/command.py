"""A command in the guest of one instance, as a function of time, and what such commands leave behind: drained
instances.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azure_simulator.scenario.companions.run_commands import GuestBehavior

if TYPE_CHECKING:
    from azure_simulator.state.operations import Operation

FOREVER = float("inf")
DRAIN, UNDRAIN = "drain", "undrain"


@dataclass(slots=True, kw_only=True)
class RunCommand:
    """One command. `managed`: it is a resource with a name, which stays until it is deleted; else an action's.

    Its script begins at `begins_at` and ends by itself at `ends_at`, which is where it is `timed_out`; the operation
    of its PUT ends at `settled_at`. `replaces`: there was a resource of this name. `stopped_at`: a deletion or another
    PUT has ended it; `deleted_at`: from then on the resource is gone.
    """

    name: str
    properties: dict[str, Any] = field(default_factory=dict)
    argument: str
    behavior: GuestBehavior
    put_at: float
    begins_at: float
    ends_at: float
    settled_at: float
    timed_out: bool = False
    replaces: bool = False
    managed: bool = True
    stopped_at: float = FOREVER
    deleted_at: float = FOREVER
    operation: "Operation | None" = None

    def exists(self, now: float) -> bool:
        """Return whether the resource exists."""
        return self.managed and self.put_at <= now < self.deleted_at

    @property
    def has_begun(self) -> bool:
        """Return whether the script begins before anything stops it."""
        return self.begins_at < min(self.stopped_at, FOREVER)

    @property
    def has_run(self) -> bool:
        """Return whether the script comes to its own end."""
        return self.ends_at < FOREVER and self.ends_at <= self.stopped_at and not self.timed_out

    @property
    def has_succeeded(self) -> bool:
        """Return whether the script comes to its own end, with exit code 0."""
        return self.has_run and self.behavior.exit_code == 0

    def execution_state(self, now: float) -> str:
        """Return the state of the script. That of a script that a deletion has ended is Canceled (documented type)."""
        if self.stopped_at <= now and self.stopped_at < self.ends_at:
            return "Canceled"
        if now < self.begins_at:
            return "Pending"
        if now < self.ends_at:
            return "Running"
        return "TimedOut" if self.timed_out else "Succeeded" if self.behavior.exit_code == 0 else "Failed"

    def provisioning_state(self, now: float) -> str:
        """Return the state of the resource: Succeeded whatever the script's exit code (recorded), unless asked for."""
        if self.stopped_at <= now:
            return "Deleting"
        if now < self.settled_at:
            return "Updating" if self.replaces else "Creating"
        return "Succeeded" if self.failure is None else "Failed"

    @property
    def failure(self) -> str | None:
        """Return the code that the operation of the PUT fails with, if it does."""
        if self.behavior.agent_silent:
            return "VMAgentStatusCommunicationError"
        asked = bool(self.properties.get("treatFailureAsDeploymentFailure"))
        failed = self.timed_out or self.behavior.exit_code != 0
        return "VMExtensionProvisioningError" if asked and failed else None


def drained_spans(commands: Iterable[RunCommand]) -> list[tuple[float, float, RunCommand]]:
    """Return from when until when commands kept an instance drained, and which command began it.

    A script with the argument `drain` begins a span when it begins, however it ends: its first act is to let the health
    endpoint fail, and then it waits for connections to end. One with `undrain` that succeeded ends the span.
    """
    changes = [(each.begins_at, each) for each in commands if each.argument == DRAIN and each.has_begun]
    changes += [(each.ends_at, each) for each in commands if each.argument == UNDRAIN and each.has_succeeded]
    spans: list[tuple[float, float, RunCommand]] = []
    open_since: RunCommand | None = None
    for at, command in sorted(changes, key=lambda change: change[0]):
        if command.argument == DRAIN and open_since is None:
            open_since = command
        elif command.argument == UNDRAIN and open_since is not None:
            spans.append((open_since.begins_at, at, open_since))
            open_since = None
    if open_since is not None:
        spans.append((open_since.begins_at, FOREVER, open_since))
    return spans
