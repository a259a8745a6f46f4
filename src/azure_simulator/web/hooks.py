"""The receiver of hooks: what it answers, and its book of every call that arrived."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from azure_simulator.scenario.web.answers import Hooks, Phase, ScriptedAnswer
from azure_simulator.web.scripts import IsOpen, Script, WebRequest

# Where the receiver says how far the work is that a hook has begun.
OPERATIONS = "/operations/"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookCall:
    """A call that arrived, a poll too: when, as it was sent, and the status of its answer (0: it came to nobody).

    `phase` and `batch` None: the body does not say.
    """

    at: float
    method: str
    address: str
    phase: Phase | None
    batch: int | None
    idempotency_key: str
    headers: Mapping[str, str]
    body: bytes
    status: int


class HookReceiver:
    """A service that is called before and after each batch."""

    def __init__(self, hooks: Hooks) -> None:
        self.calls: list[HookCall] = []
        self._origin = hooks.origin
        self._script = Script(hooks.answers)
        self._work: list[tuple[int, ScriptedAnswer]] = []  # how many polls are left, and the answer afterwards

    def owns(self, origin: str) -> bool:
        """Return whether requests to `origin` arrive here."""
        return origin == self._origin

    def answer(self, request: WebRequest, now: float, is_open: IsOpen) -> ScriptedAnswer:
        """Answer one request and note it, unless it does not arrive."""
        phase, batch = _phase_and_batch(request.body)
        answer = self._poll(request) or self._begin(self._script.next_answer(is_open, phase, batch))
        if answer.fails in (None, "silence", "lost-answer"):
            self.calls.append(
                HookCall(
                    at=now,
                    method=request.method,
                    address=request.address,
                    phase=phase,
                    batch=batch,
                    idempotency_key=request.headers.get("idempotency-key", ""),
                    headers=request.headers,
                    body=request.body,
                    status=0 if answer.fails else answer.status,
                )
            )
        return answer

    def befores_without_after(self) -> list[HookCall]:
        """Return the last call before each batch that no call after it has followed yet."""
        waiting: dict[int | None, HookCall] = {}
        for call in self.calls:
            if call.phase == "before":
                waiting[call.batch] = call
            elif call.phase == "after":
                waiting.pop(call.batch, None)
        return list(waiting.values())

    def _begin(self, answer: ScriptedAnswer | None) -> ScriptedAnswer:
        """Return the answer, or the 202 that comes before it."""
        if answer is None:
            return ScriptedAnswer()
        if not answer.polls:
            return answer
        self._work.append((answer.polls, replace(answer, slow=0.0, fails=None)))
        location = ("Location", f"{self._origin}{OPERATIONS}{len(self._work)}")
        return replace(answer, status=202, body=b"", headers=(location, *answer.headers))

    def _poll(self, request: WebRequest) -> ScriptedAnswer | None:
        """Return how far the work is that the address names; None for another address."""
        path = request.address.removeprefix(self._origin)
        number = path.removeprefix(OPERATIONS)
        if request.method != "GET" or path == number or not number.isdecimal():
            return None
        if not 0 < int(number) <= len(self._work):
            return ScriptedAnswer(status=404)
        left, answer = self._work[int(number) - 1]
        if not left:
            return answer
        self._work[int(number) - 1] = (left - 1, answer)
        return replace(answer, status=202, body=b"")


def _phase_and_batch(body: bytes) -> tuple[Phase | None, int | None]:
    try:
        said: Any = json.loads(body)
    except ValueError:
        return None, None
    if not isinstance(said, dict):
        return None, None
    batch = said["batch"].get("number") if isinstance(said.get("batch"), dict) else said.get("batch")
    phase: Phase | None = next((each for each in _PHASES if each == said.get("phase")), None)
    return phase, batch if isinstance(batch, int) else None


_PHASES: tuple[Phase, ...] = ("before", "after")
