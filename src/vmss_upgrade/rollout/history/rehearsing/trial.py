"""A rehearsal in numbers: what each trouble did to the rollout, and how long it takes without any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmss_upgrade.rollout.history.events import Event
from vmss_upgrade.rollout.history.outcome import Outcome

if TYPE_CHECKING:
    from vmss_upgrade.rollout.history.report import Report
    from vmss_upgrade.rollout.history.timing import LowestHealthy


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The rollout, played once on the copy. `name` is a word for files, `trouble` the words for people.

    `happens`: how it ended. `seconds`: of all its runs. `lowest`: the fewest instances known to be healthy (None: not
    known). `most_away`: the most that were away at once. `total`: how many are there at the end. `looks`: how often all
    instances were listed.
    `remedy`: what is left to do; empty: nothing. `report`: of the last run; None: there was nothing to play, which
    `happens` explains.
    """

    name: str
    trouble: str
    happens: str
    seconds: float = 0.0
    lowest: LowestHealthy | None = None
    total: int = 0
    most_away: int = 0
    looks: int = 0
    remedy: str = ""
    report: Report | None = None

    @property
    def outcome(self) -> Outcome | None:
        """How the last run ended; None if nothing was played."""
        return self.report.ending.outcome if self.report and self.report.ending else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed(Event):
    """The rehearsal is over. The first of the `trials` had no trouble, and would have taken `shortest` to `longest`.

    `durations` says where the times come from; `left_out` names what the inputs ask for and no copy can show.
    """

    trials: tuple[Trial, ...]
    shortest: float
    longest: float
    durations: str
    left_out: tuple[str, ...] = ()

    @property
    def undisturbed(self) -> Trial:
        """The trial without trouble."""
        return self.trials[0]
