"""The plan of a fleet: what is due in which wave, and why other scale sets are left out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.fleet.configuration import Wave
from vmss_upgrade.rollout.findings import Finding


class Verdict(Enum):
    """What a fleet's plan says of one scale set; the values are for people and for the record."""

    DUE = "due"
    ON_TARGET = "on-target"  # every instance, and the model
    REFUSED = "refused"  # cannot be rolled out to: `findings` say why


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSet:
    """One scale set as it was read and planned.

    `name`: of its entry, else the scale set's own, unique in the fleet. `wave`: the wave's name. `images`: those that
    its instances run, with how many run each. `instances`, `moving` and `most_away` (at once) are counts. Of a set that
    could not be read, texts are empty and counts 0; so is the id if not even its entry can be understood. `region`,
    `kind` (Uniform, Flexible) and `mode` are as Azure says.
    """

    name: str
    scale_set_id: str
    wave: str
    verdict: Verdict
    region: str = ""
    kind: str = ""
    mode: str = ""
    images: tuple[tuple[str, int], ...] = ()
    target: str = ""
    instances: int = 0
    moving: int = 0
    most_away: int = 0
    plan_hash: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """All sets, in the order of the waves. `image`: the exact image of all of them; empty if they get several.

    `namesakes`: the names in Azure, in small letters, that several sets of the whole file have, planned or not.
    """

    waves: tuple[Wave, ...]
    sets: tuple[PlannedSet, ...]
    image: str = ""
    namesakes: frozenset[str] = frozenset()

    def number_of(self, wave: Wave) -> int:
        """Return the place of a wave in the file, from 1 on; where that is not known, its place in the plan."""
        return wave.number or self.waves.index(wave) + 1

    def of_wave(self, wave: Wave) -> tuple[PlannedSet, ...]:
        """Return every set of a wave."""
        return tuple(each for each in self.sets if each.wave == wave.name)

    def due(self, wave: Wave) -> tuple[PlannedSet, ...]:
        """Return the sets of a wave that are to be rolled out to."""
        return tuple(each for each in self.of_wave(wave) if each.verdict is Verdict.DUE)

    def most_away(self, wave: Wave) -> int:
        """Return how many instances a wave takes away at once at most: of so many sets as are rolled side by side."""
        away = sorted((each.most_away for each in self.due(wave)), reverse=True)
        return sum(away[: wave.max_parallel])

    @property
    def left_out(self) -> tuple[PlannedSet, ...]:
        """The sets that cannot be rolled out to."""
        return tuple(each for each in self.sets if each.verdict is Verdict.REFUSED)

    @property
    def all_due(self) -> tuple[PlannedSet, ...]:
        """The sets of all waves that are to be rolled out to."""
        return tuple(each for each in self.sets if each.verdict is Verdict.DUE)
