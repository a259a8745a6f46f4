"""Hooks: services of the workflow that are called before and after each batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

HOOK_TIMEOUT: Final = 15 * 60.0


class Phase(Enum):
    """The side of a batch on which a hook is called."""

    BEFORE = "before"
    AFTER = "after"

    @property
    def input(self) -> str:
        """The input that names the hook's address."""
        return f"{self.value}-batch-url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The addresses (empty: none), the secret that signs what is sent there, and the seconds that one hook may take.

    `run_url` is the run of the workflow, and `began_at` the date when it began, as seconds since 1970.
    """

    before: str = field(default="", repr=False)
    after: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    timeout: float = HOOK_TIMEOUT
    run_url: str = ""
    began_at: float = 0.0

    def address(self, phase: Phase) -> str:
        """Return where the hook of a phase is called; empty if there is none."""
        return self.before if phase is Phase.BEFORE else self.after
