"""Which scripted answer a request gets, and what it does to a client that waits for it."""

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from azure_simulator.scenario.faults import Window
from azure_simulator.scenario.web.answers import Phase, ScriptedAnswer

IsOpen = Callable[[Window | None], bool]


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A request to a service outside Azure, as it was sent; the names of its headers are in lower case."""

    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """An answer; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Script:
    """The answers of one service, each with the number of requests that have matched it."""

    def __init__(self, answers: tuple[ScriptedAnswer, ...]) -> None:
        self._answers = answers
        self._seen = [0] * len(answers)

    def next_answer(
        self, is_open: IsOpen, phase: Phase | None = None, batch: int | None = None
    ) -> ScriptedAnswer | None:
        """Return the first answer that strikes; every answer that the request matches counts it."""
        struck = []
        for index, answer in enumerate(self._answers):
            if answer.phase not in (None, phase) or answer.batch not in (None, batch) or not is_open(answer.during):
                continue
            self._seen[index] += 1
            if answer.strikes(self._seen[index]):
                struck.append(answer)
        return struck[0] if struck else None


def without_answer(answer: ScriptedAnswer) -> OSError | None:
    """Return what the network says instead of an answer; None where one comes. Silence is the client's to end."""
    match answer.fails:
        case "certificate":
            return ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
        case "refused":
            return ConnectionRefusedError(111, "Connection refused")
        case "name":
            return no_such_host()
        case "lost-answer":
            return ConnectionResetError(104, "Connection reset by peer")
        case _:
            return None


def no_such_host() -> OSError:
    """Return what a name that does not exist gives."""
    return socket.gaierror(socket.EAI_NONAME, "Name or service not known")
