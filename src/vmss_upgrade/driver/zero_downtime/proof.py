"""The proof that nothing was down: sees every event of a run, keeps its books, and judges how it ends."""

from __future__ import annotations

from dataclasses import replace

from vmss_upgrade.driver.zero_downtime.probes import Probing
from vmss_upgrade.rollout.findings import Finding
from vmss_upgrade.rollout.history import endings, events
from vmss_upgrade.rollout.history.drain_events import DrainSettled, DrainStarted
from vmss_upgrade.rollout.history.events import Event
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.history.surge import SurgePassed
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.scale_set import ScaleSet
from vmss_upgrade.rollout.zero_downtime.proof import FloorBook


class Proof:
    """The proof of one run. `probing` None: no probe was asked for, and the floor alone is watched.

    A way back is not judged: it makes things better, and is not kept from that.
    """

    def __init__(self, probing: Probing | None) -> None:
        self._probing = probing
        self._floor: FloorBook | None = None
        self._plan: events.RolloutPlanned | None = None
        self._seen: ScaleSet | None = None
        self._away: Batch | None = None
        self._drained: tuple[str, ...] = ()  # those of it that serve nobody, whatever they show
        self._kept: tuple[str, ...] = ()  # those of them that an upgrade leaves drained
        self._is_upgrading = False

    def examine(self, command: Command) -> tuple[Finding, ...]:
        """Return what speaks against beginning: addresses that do not answer."""
        if self._probing is None:
            return ()
        self._probing.may_halt = command is not Command.ROLLBACK
        return self._probing.examine()

    def begin(self) -> None:
        """Ask probes from now on."""
        if self._probing is not None:
            self._probing.begin()

    def end(self) -> tuple[Event, ...]:
        """Ask probes no more. Returns what is left to say of them."""
        return self._probing.end() if self._probing is not None else ()

    def take(self, event: Event) -> tuple[Event, ...]:
        """Take an event into account. Returns it after what happened to probes before it."""
        self._see(event)
        return (*(self._probing.news() if self._probing is not None else ()), event)

    def _see(self, event: Event) -> None:
        match event:
            case events.RolloutPlanned() if not event.plan.is_rollback:
                self._plan, self._floor = event, FloorBook(before=event.scale_set, policy=event.policy)
            case events.RollbackStarted() | events.ModelRestoreStarted():
                self._floor = None
                if self._probing is not None:
                    self._probing.may_halt = False
            case SurgePassed() if self._floor is not None:
                self._floor = replace(self._floor, least=event.surge.floor)
            case DrainStarted():
                self._set_away(event.batch)
                self._drained, self._kept, self._is_upgrading = event.instance_ids, event.kept, False
            case events.UpgradeAccepted():
                self._set_away(event.batch)
                self._drained, self._is_upgrading = self._kept, True
            case DrainSettled():
                self._drained, self._kept = (), ()
                self._set_away(self._away if self._is_upgrading else None)
            case events.BatchPassed() | events.BatchFailed():
                self._set_away(None)
            case events.InstancesSeen() if self._floor is not None and self._plan is not None:
                seen, target = self._seen_in(event, self._plan), self._plan.plan.reaches
                self._floor = self._floor.after(seen, self._away, target, event.at, self._drained)

    def _seen_in(self, event: events.InstancesSeen, plan: events.RolloutPlanned) -> ScaleSet:
        """Return the scale set that a look shows: the one of the last look, where this shows the same objects."""
        if self._seen is None or self._seen.instances is not event.instances:
            self._seen = ScaleSet(model=plan.scale_set.model, instances=event.instances)
        return self._seen

    def _set_away(self, batch: Batch | None) -> None:
        self._away = batch
        if self._probing is not None:
            self._probing.batch = batch

    def judge(self, ending: Ending) -> Ending:
        """Return how a rollout ends: halted, although no upgrade failed, if the floor was undercut meanwhile."""
        undercut = self._floor.undercut if self._floor is not None else None
        return endings.by_undercut(undercut) if undercut and ending.outcome.exit_code == 0 else ending
