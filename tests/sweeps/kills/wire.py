"""Where the way of requests to Azure is cut, as SIGKILL cuts it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import NoReturn

from azure_simulator import ConnectionDropped, Reply
from azure_simulator.wire.answers import AnswerTookTooLong
from harness.wire import Request, Send


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


class Cut:
    """An interceptor that lets requests pass until `kill`, and none afterwards, whoever sends them: what a run does
    while it is unwound would not happen to a killed process.

    `calls` counts the requests. `on_death` is run at the moment of the kill, when files are still as a killed process
    leaves them.
    """

    def __init__(self, kill: Kill | None = None, on_death: Callable[[], None] = lambda: None) -> None:
        self._kill = kill
        self._on_death = on_death
        self.calls = 0
        self.is_dead = False

    def __call__(self, request: Request, send: Send) -> Reply:
        """One request."""
        if self.is_dead:
            raise Killed
        self.calls += 1
        if self._kill == Kill(self.calls, Moment.BEFORE):
            self._die()
        if self._kill != Kill(self.calls, Moment.AFTER):
            return send(request)
        with suppress(ConnectionDropped, AnswerTookTooLong):  # an answer that would not have come either
            send(request)
        self._die()

    def _die(self) -> NoReturn:
        self._on_death()
        self.is_dead = True
        raise Killed
