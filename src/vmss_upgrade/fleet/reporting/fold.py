"""A fleet's plan and the records of its runs -> what became of every scale set, wave by wave. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.fleet.configuration import Wave
from vmss_upgrade.fleet.plan import FleetPlan, PlannedSet, Verdict
from vmss_upgrade.fleet.reporting.run_record import RunRecord
from vmss_upgrade.rollout.history.outcome import Outcome


class State(Enum):
    """What became of one scale set, the worst first; the values are for people."""

    HALF_WAY = "half-way"
    FAILED = "failed"
    SILENT = "did not report"
    LEFT_OUT = "left out"
    ROLLED_BACK = "rolled back"
    PARTIAL = "partly, as asked for"
    WAITING = "not started"
    DONE = "done"
    ON_TARGET = "on the image already"

    @property
    def is_good(self) -> bool:
        """True if the scale set runs the image."""
        return self in (State.DONE, State.ON_TARGET)


_BY_OUTCOME = {
    Outcome.SUCCEEDED: State.DONE,
    Outcome.NOTHING_TO_DO: State.DONE,
    Outcome.PARTIAL: State.PARTIAL,
    Outcome.ROLLED_BACK: State.ROLLED_BACK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReport:
    """One scale set: what was planned (None: no plan names it), and its youngest run (None: none that counts)."""

    name: str
    state: State
    planned: PlannedSet | None = None
    run: RunRecord | None = None

    @property
    def instances(self) -> int:
        """The number of instances when last seen."""
        return (self.run.total if self.run else 0) or (self.planned.instances if self.planned else 0)

    @property
    def on_target(self) -> int:
        """The number of instances that run the image."""
        is_all = (
            self.run.outcome is Outcome.NOTHING_TO_DO and not self.run.remaining if self.run else self.state.is_good
        )
        if is_all:
            return self.instances
        if self.run is not None and self.run.total:
            return min(self.run.on_target, self.run.total)
        planned = self.planned
        if planned is None:
            return 0
        return sum(size for image, size in planned.images if image.lower() == planned.target.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveReport:
    """One wave with all its scale sets, the worst first. `number`: its place in the configuration file, from 1 on.

    `wave` None: scale sets that no plan names.
    """

    wave: Wave | None
    sets: tuple[SetReport, ...]
    number: int = 0

    @property
    def name(self) -> str:
        """The wave's name; empty for scale sets that no plan names."""
        return self.wave.name if self.wave else ""

    @property
    def failed(self) -> tuple[SetReport, ...]:
        """The scale sets that were due and did not end well, or did not begin."""
        return tuple(each for each in self.sets if not each.state.is_good and each.state is not State.LEFT_OUT)

    @property
    def is_waiting(self) -> bool:
        """True if no scale set of it was begun, because the wave before it stopped."""
        return any(each.state is State.WAITING for each in self.sets)

    @property
    def bound(self) -> int:
        """The number of failures from which on the next wave does not begin."""
        return self.wave.stop_after_failures if self.wave else 1

    @property
    def stops(self) -> bool:
        """True if the next wave does not begin: this one did not, or too many of its scale sets did not end well."""
        return self.is_waiting or len(self.failed) >= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A file that was found, but says nothing of use: its path, and what is wrong with it."""

    file: str
    lack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """The whole picture. `image`: the exact image of all scale sets; empty if they get several.

    `judged`: the name of the one wave that is judged; empty: the whole fleet is. `plan_trouble`: why the plan did not
    come to its end. `unread`: files that cannot be read, and may hide a failure; `ignored`: files that are something
    else; `older`: records of earlier runs.
    """

    waves: tuple[WaveReport, ...]
    image: str = ""
    has_plan: bool = False
    judged: str = ""
    plan_trouble: str = ""
    unread: tuple[Unread, ...] = ()
    ignored: tuple[str, ...] = ()
    older: tuple[str, ...] = ()

    @property
    def sets(self) -> tuple[SetReport, ...]:
        """Every scale set, wave by wave, the worst first."""
        return tuple(each for wave in self.waves for each in wave.sets)

    @property
    def runs(self) -> tuple[RunRecord, ...]:
        """The run of every scale set that has one."""
        return tuple(each.run for each in self.sets if each.run is not None)

    @property
    def seconds(self) -> float:
        """The time from the beginning of the first run to the end of the last one."""
        began = [run.began_at for run in self.runs if run.began_at is not None]
        ended = [run.ended_at for run in self.runs if run.ended_at is not None]
        return max(max(ended) - min(began), 0.0) if began and ended else 0.0

    def of_state(self, *states: State) -> tuple[SetReport, ...]:
        """Return the scale sets in one of these states."""
        return tuple(each for each in self.sets if each.state in states)

    @property
    def troubled(self) -> tuple[SetReport, ...]:
        """The scale sets that do not run the image, although their turn came."""
        return tuple(each for each in self.sets if not each.state.is_good and each.state is not State.WAITING)

    @property
    def outcome(self) -> Outcome:
        """How the fleet, or the one wave that is judged, ended."""
        if self.unread or (any(wave.stops for wave in self.waves) if self.judged else not self._is_good):
            return Outcome.HALTED
        return Outcome.SUCCEEDED if self.runs else Outcome.NOTHING_TO_DO

    @property
    def _is_good(self) -> bool:
        return not self.plan_trouble and all(each.state.is_good for each in self.sets)

    @property
    def left(self) -> tuple[str, ...]:
        """The waves that are to be run to go on, by name: each that holds a scale set which does not run the image."""
        return tuple(w.name for w in self.waves if w.wave and any(not each.state.is_good for each in w.sets))


def fold(
    plan: FleetPlan | None, runs: Sequence[RunRecord], *, planned_at: float | None = None, judged: str = ""
) -> FleetReport:
    """Return what became of the fleet. `planned_at`: when its plan began, in seconds since 1970.

    Of several runs of one scale set the youngest counts; one from before the plan counts no more, as the plan saw what
    it left. A planned scale set without a run did not report; or its wave did not begin, if an earlier one stopped.
    """
    counted = [run for run in runs if planned_at is None or run.began_at is None or run.began_at >= planned_at]
    youngest: dict[str, RunRecord] = {}
    nameless: list[RunRecord] = []
    for run in sorted(counted, key=lambda each: (each.age, each.file)):
        if run.scale_set_id:
            youngest[run.scale_set_id.lower()] = run
        else:
            nameless.append(run)
    waves = _waves(plan, youngest) if plan else ()
    known = {each.scale_set_id.lower() for each in plan.sets} if plan else set()
    others = [run for id_, run in youngest.items() if id_ not in known]
    rest = [_without_plan(run) for run in (*others, *nameless)]
    every = (*waves, *([WaveReport(wave=None, sets=_worst_first(rest))] if rest else []))
    shown = tuple(wave for wave in every if not judged or wave.name == judged)
    used = {run.file for run in (*youngest.values(), *nameless)}
    return FleetReport(
        waves=shown,
        image=plan.image if plan else _common(run.target for run in youngest.values()),
        has_plan=plan is not None,
        judged=judged,
        older=tuple(sorted(run.file for run in runs if run.file not in used)),
    )


def _waves(plan: FleetPlan, youngest: dict[str, RunRecord]) -> tuple[WaveReport, ...]:
    waves: list[WaveReport] = []
    for wave in plan.waves:
        sets = plan.of_wave(wave)
        runs = {each.name: youngest.get(each.scale_set_id.lower()) for each in sets}
        missing = State.SILENT if any(runs.values()) or not any(w.stops for w in waves) else State.WAITING
        reports = [_set_report(each, runs[each.name], missing) for each in sets]
        waves.append(WaveReport(wave=wave, sets=_worst_first(reports), number=plan.number_of(wave)))
    return tuple(waves)


def _set_report(planned: PlannedSet, run: RunRecord | None, missing: State) -> SetReport:
    state = {Verdict.ON_TARGET: State.ON_TARGET, Verdict.REFUSED: State.LEFT_OUT, Verdict.DUE: missing}[planned.verdict]
    return SetReport(name=planned.name, state=_state_by(run) if run else state, planned=planned, run=run)


def _without_plan(run: RunRecord) -> SetReport:
    return SetReport(
        name=run.scale_set or run.scale_set_id.rpartition("/")[2] or run.file, state=_state_by(run), run=run
    )


def _state_by(run: RunRecord) -> State:
    if run.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[run.outcome]
    return State.HALF_WAY if run.is_half_way else State.FAILED


def _worst_first(sets: Iterable[SetReport]) -> tuple[SetReport, ...]:
    order = list(State)
    return tuple(sorted(sets, key=lambda each: order.index(each.state)))


def _common(images: Iterable[str]) -> str:
    """Return the image that all runs went to; empty if there are several."""
    found = {image for image in images if image}
    return found.pop() if len(found) == 1 else ""
