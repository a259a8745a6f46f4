"""The fold from events to a report: what a run did, by what happened and by the last look at the instances."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding
from vmss_upgrade.rollout.history import events, surge
from vmss_upgrade.rollout.history.changes import Changes
from vmss_upgrade.rollout.history.drain_events import Drained, DrainSettled, DrainStarted
from vmss_upgrade.rollout.history.hook_events import HookAnswered
from vmss_upgrade.rollout.history.outcome import AzureWork, BatchRecord, BatchResult, DrainRecord, Ending, Outcome
from vmss_upgrade.rollout.history.probe_events import ProbesCounted
from vmss_upgrade.rollout.history.rehearsing.trial import Rehearsed
from vmss_upgrade.rollout.history.run_facts import RunFacts
from vmss_upgrade.rollout.history.standing import Standing, in_order
from vmss_upgrade.rollout.history.surge import SurgeRecord
from vmss_upgrade.rollout.history.timing import LowestHealthy, note_ready
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.native.events import BatchGrew
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.planning.availability import floor
from vmss_upgrade.rollout.planning.plan_hash import Planned, planned_of
from vmss_upgrade.rollout.scale_set import Instance
from vmss_upgrade.rollout.zero_downtime.hooks import Phase
from vmss_upgrade.rollout.zero_downtime.probes import Probed

# What may change how the run regards any instance. Other events change only what they show of some.
_REGARDING_ALL = (
    events.StatusSeen,
    events.RolloutPlanned,
    events.ModelUpdateStarted,
    events.ModelUpdateRefused,
    events.RollbackStarted,
    events.RolloutFinished,
)


@dataclass(slots=True)
class Report(Standing):
    """A run so far. `add` takes events in their order; everything else is derived from what was added.

    `seen_at` is the time of the last look. `repairs_suspended`: by this run, or perhaps. `puts_back`: the image that
    `on-failure: restore-model` puts back into the model, once that has begun. `model_restored`: the previous image is
    in the model again.
    """

    facts: RunFacts = field(default_factory=RunFacts)
    command: Command = Command.UPGRADE
    puts_back: Image | None = None
    model_restored: bool = False
    repairs_suspended: bool = False
    surge: SurgeRecord | None = None
    seen_at: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    drains: list[DrainRecord] = field(default_factory=list)
    model_update_seconds: float | None = None
    seconds_waited: float = 0.0
    lowest_healthy: LowestHealthy | None = None
    probes: tuple[Probed, ...] = ()
    put_off: dict[str, str] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)
    rehearsal: Rehearsed | None = None
    ending: Ending | None = None
    duration: float = 0.0
    _was_look: bool = False
    _failures_there: tuple[Failure, ...] = ()  # all of them, of which an instance may have several

    def add(self, event: events.Event) -> None:
        """Take one event into account."""
        self.duration = event.at
        if isinstance(event, events.InstancesSeen):
            self.seen_at = event.at
        if self._shows_nothing_new(event):
            return
        self._take(event)
        changed = self.instances if isinstance(event, _REGARDING_ALL) else self._changed_by(event)
        self.changes.see(self.instances, {instance.id: self._cell(instance) for instance in changed}, event.at)

    def _shows_nothing_new(self, event: events.Event) -> bool:
        """Return True for a look at what the event before it showed: the same objects, and nothing in between."""
        was_look, self._was_look = self._was_look, False
        if not isinstance(event, events.InstancesSeen | events.BatchProgressed):
            return False
        self._was_look = True
        return was_look and event.instances is self.instances

    def _changed_by(self, event: events.Event) -> list[Instance]:
        """Return the instances that an event shows otherwise than before, and those of a batch that begins or ends."""
        ids: tuple[str, ...] = ()
        if isinstance(event, events.UpgradeAccepted | events.BatchPassed | events.BatchFailed):
            ids = event.batch.instance_ids
        elif isinstance(event, DrainStarted | DrainSettled):
            ids = event.instance_ids
        before = self.changes.last_seen
        known = [(before.get(i.id), i) for i in self.instances]  # most are the same objects: comparing these takes long
        return [i for seen, i in known if i.id in ids or (seen is not i and seen != i)]

    def _take(self, event: events.Event) -> None:
        match event:
            case events.ScaleSetRead():
                self.model = event.model
            case events.Noticed():
                self.findings.append(event.finding)
            case events.StatusSeen():
                self.shown = event.goal
                self._see(event.scale_set.instances, event.at)
            case events.RepairsSuspending() | events.RepairsResumed():
                self.repairs_suspended = isinstance(event, events.RepairsSuspending)
            case events.RolloutPlanned():
                self.plan, self.policy, self.command = event.plan, event.policy, event.command
                self.stopped_before = event.scale_set.stopped_ids
                self.model, self.before = event.scale_set.model, event.scale_set.instances
                self._see(event.scale_set.instances, event.at)
            case events.Waiting():
                self.seconds_waited += event.seconds
            case events.RollbackStarted():
                self._turn_back(event)
            case events.ModelRestoreStarted():
                self.puts_back = event.previous
            case events.ModelUpdateStarted() | events.ModelUpdateRefused() if not self._has_turned:
                self.model_may_hold_target = isinstance(event, events.ModelUpdateStarted)
            case events.ModelUpdated() if not self._has_turned:
                self.model_update_seconds = event.seconds
            case events.ModelUpdated():
                self.model_restored = True
                self.model_may_hold_target = self.model_may_hold_target and self.rollback is not None
                for record in self.batches:
                    record.azure_work = AzureWork.NONE  # Azure takes on one change at a time
            case BatchGrew() if self.batches:
                self.batches[-1].batch = event.batch
                self._see(self.instances, event.at)
            case events.BatchStarted():
                self.batches.append(BatchRecord(event.batch, event.at, is_back=self.rollback is not None))
            case events.UpgradeAccepted():
                self.batches[-1].accepted = True
                self.batches[-1].azure_work = AzureWork.CERTAIN if event.certain else AzureWork.POSSIBLE
                self._see(self.instances, event.at)
            case DrainStarted():
                self.draining = frozenset(event.instance_ids)
                self.drains.append(DrainRecord(event.batch.number, event.instance_ids, event.at))
                self._see(self.instances, event.at)
            case DrainSettled():
                self.draining = self.draining.difference(event.instance_ids)
                left = tuple(failure.instance_id for failure in event.failures)
                self.drains[-1].left += left
                self.drains[-1].undrained += tuple(id_ for id_ in event.undrained if id_ not in left)
                self._see(self.instances, event.at)
            case Drained() if self.drains:
                self.drains[-1].seconds = event.seconds
            case events.UpgradeEnded():
                self.batches[-1].azure_work = AzureWork.NONE
            case events.BatchPassed():
                self.batches[-1].is_current = event.is_current
                self.batches[-1].azure_work = AzureWork.NONE  # whatever became of a lost answer
                self._close_batch(event, BatchResult.PASSED)
            case events.BatchFailed():
                self._failed |= {failure.instance_id: failure for failure in event.failures}
                self._close_batch(event, BatchResult.FAILED)
            case surge.SurgeStarted():
                self.surge = SurgeRecord(event.surge, event.at, was_taken_over=bool(event.surge.instance_ids))
            case surge.SurgeEvent() if self.surge is not None:
                self.surge.take(event)
            case events.InstancesSeen() | events.BatchProgressed():
                self._see(event.instances, event.at)
            case Rehearsed():
                self.rehearsal = event
            case ProbesCounted():
                self.probes = event.book
            case HookAnswered() if event.call.phase is Phase.BEFORE:
                there = {member.id for member in event.call.members}
                kept = {id_: why for id_, why in self.put_off.items() if id_ not in there}
                self.put_off = {**kept, **dict.fromkeys(event.verdict.skipped, event.verdict.reason)}
            case events.RolloutFinished():
                if self._running and not self._running.accepted:
                    self._running.result = BatchResult.NOT_ACCEPTED
                here = [f for f in event.ending.failures if f not in self._failures_there]
                self._failed |= {failure.instance_id: failure for failure in here if failure.instance_id}
                self.ending = event.ending

    @property
    def changed(self) -> bool:
        """True if this run wrote the model or upgraded an instance, or may have: an answer that was lost counts."""
        if self.surge is not None and self.surge.was_accepted:
            return True
        is_cut_short = self.ending is not None and self.ending.outcome is Outcome.INTERRUPTED
        may_be_accepted = any(record.accepted or (is_cut_short and record.seconds is None) for record in self.batches)
        return self.model_may_hold_target or self.model_update_seconds is not None or may_be_accepted

    @property
    def planned(self) -> Planned | None:
        """What this run is to reach, and by which policy; None without a plan."""
        if self.plan is None or self.model is None or self.policy is None:
            return None
        return planned_of(self.model, self.command, self.plan, self.policy)

    def failures(self) -> list[Failure]:
        """Return every error, those of the run as a whole included."""
        general = [f for f in (self.ending.failures if self.ending else ()) if not f.instance_id]
        failed = [way[id_] for way in (self._failed_there, self._failed) for id_ in in_order(way) if id_]
        return failed + general

    @property
    def floor_of_surge(self) -> int:
        """How many must be healthy because new instances stand in for others; 0 without them, and on the way back."""
        return self.surge.floor if self.surge is not None and self.rollback is None else 0

    @property
    def _has_turned(self) -> bool:
        """True once the run has failed, and is on its way back."""
        return self.rollback is not None or self.puts_back is not None

    def _turn_back(self, event: events.RollbackStarted) -> None:
        """Follow the rollback from now on; an instance that fails on it is counted anew."""
        if self._running:
            self._running.seconds = event.at - self._running.started_at
        self.rollback = event.plan
        self.model_restored = not event.plan.update_model
        self._failures_there = event.failed.failures
        there = {failure.instance_id: failure for failure in event.failed.failures if failure.instance_id}
        self._failed_there, self._failed = {**self._failed, **there}, {}
        self._see(event.scale_set.instances, event.at)

    def _close_batch(self, event: events.BatchPassed | events.BatchFailed, result: BatchResult) -> None:
        record = self.batches[-1]
        self._note_ready(record, event.instances, event.at)
        record.seconds, record.result = event.at - record.started_at, result
        self._see(event.instances, event.at)

    def _see(self, instances: tuple[Instance, ...], at: float) -> None:
        if instances is not self.instances:
            self.instances, self.seen_at = instances, at
        count = self.surely_healthy
        self.changes.count_healthy(count, at)
        least = 0
        if self.policy is not None and (self.plan is None or self.plan.rolls is None):
            least = max(floor(instances, self.policy, self.stopped_before), self.floor_of_surge)
            self.changes.set_floor(least, at)
        seen = LowestHealthy(count, at, least, len(self.counted))
        if self.plan is not None and (self.lowest_healthy is None or seen.is_lower(self.lowest_healthy)):
            self.lowest_healthy = seen
        if self._running:
            self._note_ready(self._running, instances, at)

    def _note_ready(self, record: BatchRecord, instances: tuple[Instance, ...], at: float) -> None:
        batch = set(record.batch.instance_ids)
        note_ready(record, (i.id for i in instances if i.id in batch and self._is_fine(i)), at)
