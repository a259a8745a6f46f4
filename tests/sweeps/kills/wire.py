"""Cuts a run off from Azure at one request, as SIGKILL does."""

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
    """The moment of death at a call: before it reaches Azure, or after Azure carried it out, with the answer unread."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Kill:
    """The end of a run at its `call`-th request (1 is the first), including those for tokens."""

    call: int
    moment: Moment


class Killed(BaseException):
    """Signals the death of the process. It is not an Exception, so that no error handler catches it."""


class Cut:
    """An interceptor that passes requests on until `kill`, and none afterwards.

    A killed process would not do what the run does while Python unwinds it. `calls` counts the requests. `on_death`
    runs at the moment of the kill, when the files are as a killed process leaves them.
    """

    def __init__(self, kill: Kill | None = None, on_death: Callable[[], None] = lambda: None) -> None:
        self._kill = kill
        self._on_death = on_death
        self.calls = 0
        self.is_dead = False

    def __call__(self, request: Request, send: Send) -> Reply:
        """Answer one request, or die."""
        if self.is_dead:
            raise Killed
        self.calls += 1
        if self._kill == Kill(self.calls, Moment.BEFORE):
            self._die()
        if self._kill != Kill(self.calls, Moment.AFTER):
            return send(request)
        with suppress(ConnectionDropped, AnswerTookTooLong):  # this answer would not have come either
            send(request)
        self._die()

    def _die(self) -> NoReturn:
        self._on_death()
        self.is_dead = True
        raise Killed
