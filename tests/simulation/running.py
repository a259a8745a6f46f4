"""One case through the whole action, in process, on virtual time; kept is what its answers let it know, and when."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure_simulator import Reply, RequestRecord, SimulatedAzure, VirtualClock
from azure_simulator.transport import SimulatorTransport
from playing import Played, read_outputs
from simulation.case import Case
from vmss_upgrade.errors import Interrupted
from vmss_upgrade.main import run
from vmss_upgrade.rehearsal import environment


@dataclass(frozen=True)
class Answered:
    """A request whose answer reached the client, and the body of the answer."""

    request: RequestRecord
    body: bytes


@dataclass(frozen=True)
class Ran:
    """What the run of a case left. `answered` are the requests that were answered, in their order."""

    case: Case
    played: Played
    answered: tuple[Answered, ...]


def run_case(case: Case) -> Ran:
    """Play the case. Raises nothing that the action raises: that is in the log."""
    clock = VirtualClock()
    azure = SimulatedAzure(case.scenario, clock, seed=case.seed)
    if case.cancel_at is not None:
        clock.call_at(case.cancel_at, _cancel)
    answered: list[Answered] = []

    def exchange(method: str, url: str, headers: Any, body: bytes, patience: float | None) -> Reply:
        reply = azure.exchange(method, url, headers, body, patience)
        answered.append(Answered(azure.requests[-1], reply.body))
        return reply

    log = io.StringIO()
    with tempfile.TemporaryDirectory(prefix="vmss-upgrade-") as name:
        folder = Path(name)
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            exit_code = run(
                environment(azure, folder, case.inputs),
                clock,
                transport=lambda _clock: SimulatorTransport(exchange, clock.sleep),
                simulated=case.scenario.name,
            )
        played = Played(
            exit_code=exit_code,
            log=log.getvalue(),
            outputs=read_outputs(_text(folder / "outputs.txt")),
            summary=_text(folder / "summary.md"),
            record=json.loads(_text(folder / "record.json") or "{}"),
            azure=azure,
        )
    return Ran(case, played, tuple(answered))


def _cancel() -> None:
    raise Interrupted


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""
