"""Plays one case through the whole action, in process, on virtual time. Records what its answers showed, and when."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from azure_simulator import Reply, RequestRecord, SimulatedAzure, VirtualClock
from harness.playing import Played, cancelled_at, play_job
from harness.routes import route_of
from harness.wire import Request, Send, wired
from sweeps.seeds.case import Case


@dataclass(frozen=True)
class Answered:
    """A request whose answer reached the client, and the body of the answer."""

    request: RequestRecord
    body: bytes

    @property
    def route(self) -> str:
        """Its name in ROUTES."""
        return route_of(self.request.method, self.request.path)

    def answers_to(self, route: str) -> bool:
        """Return True for a good answer to this route."""
        return self.request.status == 200 and self.route == route


@dataclass(frozen=True)
class Ran:
    """The result of a case. `answered` has the answered requests, in order."""

    case: Case
    played: Played
    answered: tuple[Answered, ...]


def run_case(case: Case) -> Ran:
    """Play the case. Errors of the action stay in the log."""
    clock = VirtualClock() if case.cancel_at is None else cancelled_at(case.cancel_at)
    azure = SimulatedAzure(case.scenario, clock, seed=case.seed)
    answered: list[Answered] = []

    def note(request: Request, send: Send) -> Reply:
        reply = send(request)
        answered.append(Answered(azure.requests[-1], reply.body))
        return reply

    with tempfile.TemporaryDirectory(prefix="vmss-upgrade-") as folder:
        transport = wired(azure, note)
        played = play_job(azure, clock, Path(folder), case.inputs, transport=transport, name=case.scenario.name)
    return Ran(case, played, tuple(answered))
