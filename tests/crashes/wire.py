"""The way of every request to the simulated Azure, which can be cut at one of them, as SIGKILL cuts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn

from azure_simulator import ConnectionDropped, InstanceState, Reply, SimulatedAzure, VirtualClock
from azure_simulator.transport import AnswerTookTooLong, SimulatorTransport


class Moment(Enum):
    """When the run dies at a call: before it reaches Azure, or after it was carried out, its answer unread."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Kill:
    """The end of a run at its `call`-th request (1 is the first), those for tokens included."""

    call: int
    moment: Moment


class Killed(BaseException):
    """The process is no more. Not an Exception, so that nothing that handles errors handles it."""


class Wire:
    """Carries requests to `azure` until `kill`, and none afterwards, whoever sends them: what a run does while it
    is unwound would not happen to a killed process.

    `calls` counts the requests sent. `asked` is the state of each instance just before an accepted manualupgrade of
    it. `on_death` is run at the moment of the kill, when files are still as a killed process leaves them.
    """

    def __init__(
        self,
        azure: SimulatedAzure,
        clock: VirtualClock,
        kill: Kill | None = None,
        on_death: Callable[[], None] = lambda: None,
    ) -> None:
        self._azure = azure
        self._clock = clock
        self._kill = kill
        self._on_death = on_death
        self.calls = 0
        self.died_at: float | None = None
        self.asked: list[InstanceState] = []

    def transport(self) -> SimulatorTransport:
        """A transport for the SDK over this wire."""
        return SimulatorTransport(self._exchange, self._clock.sleep)

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: float | None
    ) -> Reply:
        if self.died_at is not None:
            raise Killed
        self.calls += 1
        if self._kill == Kill(self.calls, Moment.BEFORE):
            self._die()
        if self._kill != Kill(self.calls, Moment.AFTER):
            return self._carry(method, url, headers, body, patience)
        with suppress(ConnectionDropped, AnswerTookTooLong):  # an answer that would not have come either
            self._carry(method, url, headers, body, patience)
        self._die()

    def _die(self) -> NoReturn:
        self._on_death()
        self.died_at = self._clock.now()
        raise Killed

    def _carry(self, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: float | None) -> Reply:
        """One request, with a look at what it is about to upgrade."""
        if not url.partition("?")[0].lower().endswith("/manualupgrade"):
            return self._azure.exchange(method, url, headers, body, patience)
        before = {instance.instance_id: instance for instance in self._azure.instances()}
        accepted = len(self._azure.upgrades)
        try:
            return self._azure.exchange(method, url, headers, body, patience)
        finally:
            for upgrade in self._azure.upgrades[accepted:]:
                self.asked += [before[id_] for id_ in upgrade.instance_ids if id_ in before]


def patches(azure: SimulatedAzure) -> int:
    """How often a change of the model was accepted."""
    return sum(1 for request in azure.requests if request.method == "PATCH" and request.status in (200, 201, 202))


def connect_over(wire: Wire) -> Callable[..., Any]:
    """What the post step connects by."""
    from vmss_upgrade.azure_api.connection import connect

    def connected(account: Any, _environ: Any, clock: Any, console: Any) -> Any:
        return connect(account, wire.transport(), clock, user_agent="", mask=console.mask, trace=None, timeout=300)

    return connected
