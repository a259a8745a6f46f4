"""What a service outside Azure answers, as data."""

from dataclasses import dataclass
from typing import Literal

from azure_simulator.scenario.faults import Window

Failure = Literal["certificate", "refused", "name", "silence", "lost-answer"]
FAILURES: tuple[Failure, ...] = ("certificate", "refused", "name", "silence", "lost-answer")
Phase = Literal["before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedAnswer:
    """An answer, and which requests get it: the `nth` that matches and `count` in all, None for all later ones.

    `slow`: seconds until it comes. `fails`: why none comes. With `polls` the work goes on after a 202 whose Location
    says so many times that it is still in progress, and then has this answer. `phase` and `batch` are those of a hook.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    slow: float = 0.0
    fails: Failure | None = None
    polls: int = 0
    phase: Phase | None = None
    batch: int | None = None
    nth: int = 1
    count: int | None = None
    during: Window | None = None

    def strikes(self, number: int) -> bool:
        """Return whether the answer is for the `number`-th request that matches (1 is the first)."""
        return self.nth <= number and (self.count is None or number < self.nth + self.count)


@dataclass(frozen=True, slots=True)
class Hooks:
    """A receiver of hooks: it answers every address of `origin`, 200 `{}` where no answer is scripted."""

    origin: str
    answers: tuple[ScriptedAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """An address that answers a probe. `balanced`: an instance of the set answers, through the load balancer."""

    address: str
    balanced: bool
    answers: tuple[ScriptedAnswer, ...] = ()
