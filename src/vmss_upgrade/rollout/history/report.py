"""Events -> Report: what a run did, told from what happened and from the last look at the instances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history.events import (
    BatchFailed,
    BatchPassed,
    BatchProgressed,
    BatchStarted,
    Event,
    InstancesSeen,
    ModelUpdated,
    ModelUpdateRefused,
    ModelUpdateStarted,
    Noticed,
    RepairsResumed,
    RepairsSuspending,
    RollbackStarted,
    RolloutFinished,
    RolloutPlanned,
    ScaleSetRead,
    StatusSeen,
    UpgradeAccepted,
    UpgradeEnded,
    Waiting,
)
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.history.standing import Cell, standing, status_of
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.planning.availability import off_ids
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan, Skipped, SkipReason
from vmss_upgrade.rollout.planning.planner import reason_to_skip, why_off
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Instance, is_healthy
from vmss_upgrade.rollout.watching.health_gate import not_ready
from vmss_upgrade.rollout.wording import in_natural_order


@dataclass(slots=True)
class BatchRecord:
    """One batch that was started. `seconds` is None while it runs, or where the run ended first.

    `accepted`: Azure took the upgrade on, or may have. `azure_at_work`: "yes" from then until its operation ended,
    "maybe" where the answer was lost. `is_back`: it is one of the rollback. `is_current` False: somebody changed the
    rest of the model while it was upgraded.
    """

    batch: Batch
    started_at: float
    seconds: float | None = None
    result: str = "under way"
    accepted: bool = False
    azure_at_work: str = "no"
    is_back: bool = False
    is_current: bool = True


@dataclass(frozen=True, slots=True)
class LowestHealthy:
    """The fewest instances known to be healthy at one time, and when (seconds since the rollout began)."""

    count: int
    at: float


@dataclass(slots=True)
class Report:
    """A run so far. `add` takes events in their order; everything else is derived from what was added.

    `before` are the instances at planning (`off_before`: those that were stopped), `instances` as last seen, at
    `seen_at`. `shown` is the goal that a status is held against. `repairs_suspended`: by this run, or perhaps.
    `rollback` is the plan of the way back, once that has begun: from then on everything that is told of instances is
    held against it.
    `model_may_hold_target`: this run asked for it, and Azure accepted that, or its answer is not known.
    `model_restored`: the previous image is in the model again. Ids in lists are in natural order.
    """

    model: Model | None = None
    plan: RolloutPlan | None = None
    policy: Policy | None = None
    command: Command = Command.UPGRADE
    shown: Goal | None = None
    rollback: RolloutPlan | None = None
    model_restored: bool = False
    off_before: frozenset[str] = frozenset()
    repairs_suspended: bool = False
    before: tuple[Instance, ...] = ()
    instances: tuple[Instance, ...] = ()
    seen_at: float = 0.0
    batches: list[BatchRecord] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    model_may_hold_target: bool = False
    model_update_seconds: float | None = None
    seconds_waited: float = 0.0
    lowest_healthy: LowestHealthy | None = None
    ending: Ending | None = None
    duration: float = 0.0
    _failed: dict[str, Failure] = field(default_factory=dict)  # on the way that the run is on
    _failed_there: dict[str, Failure] = field(default_factory=dict)  # of a rollout that is being rolled back
    _told_there: tuple[Failure, ...] = ()  # all of them, of which an instance may have several

    def add(self, event: Event) -> None:
        """Take one event into account."""
        self.duration = event.at
        match event:
            case ScaleSetRead():
                self.model = event.model
            case Noticed():
                self.findings.append(event.finding)
            case StatusSeen():
                self.shown = event.goal
                self._see(event.scale_set.instances, event.at)
            case RepairsSuspending():
                self.repairs_suspended = True
            case RepairsResumed():
                self.repairs_suspended = False
            case RolloutPlanned():
                self.plan, self.policy, self.command = event.plan, event.policy, event.command
                self.off_before = off_ids(event.scale_set.instances)
                self.model, self.before = event.scale_set.model, event.scale_set.instances
                self._see(event.scale_set.instances, event.at)
            case Waiting():
                self.seconds_waited += event.seconds
            case RollbackStarted():
                self._turn_back(event)
            case ModelUpdateStarted() if self.rollback is None:
                self.model_may_hold_target = True
            case ModelUpdateRefused() if self.rollback is None:
                self.model_may_hold_target = False
            case ModelUpdated() if self.rollback is None:
                self.model_update_seconds = event.seconds
            case ModelUpdated():
                self.model_restored = True
                for record in self.batches:
                    record.azure_at_work = "no"  # Azure takes on one change at a time
            case BatchStarted():
                self.batches.append(BatchRecord(event.batch, event.at, is_back=self.rollback is not None))
            case UpgradeAccepted():
                self.batches[-1].accepted = True
                self.batches[-1].azure_at_work = "yes" if event.certain else "maybe"
                self._see(self.instances, event.at)
            case UpgradeEnded():
                self.batches[-1].azure_at_work = "no"
            case BatchPassed():
                self.batches[-1].is_current = event.is_current
                self._close_batch(event, "passed")
            case BatchFailed():
                self._failed |= {failure.instance_id: failure for failure in event.failures}
                self._close_batch(event, "failed")
            case InstancesSeen() | BatchProgressed():
                self._see(event.instances, event.at)
            case RolloutFinished():
                self._close_unaccepted()
                here = [f for f in event.ending.failures if f not in self._told_there]
                self._failed |= {failure.instance_id: failure for failure in here if failure.instance_id}
                self.ending = event.ending

    # -- what became of each instance ----------------------------------------------------------------------------

    @property
    def way(self) -> RolloutPlan | None:
        """The plan that the run is following: that of the rollout, then that of its rollback."""
        return self.rollback or self.plan

    @property
    def goes_back(self) -> bool:
        """Whether the run is on its way back to an earlier image."""
        return self.way is not None and self.way.is_rollback

    @property
    def touched(self) -> frozenset[str]:
        """The instances that an upgrade was asked for, on the way that the run is on."""
        records = [record for record in self.batches if record.is_back == (self.rollback is not None)]
        return frozenset(id_ for record in records for id_ in record.batch.instance_ids)

    @property
    def upgraded(self) -> list[str]:
        """Touched, and last seen on the target, up and healthy; none once a rollback has begun."""
        return [] if self.rollback is not None else self.arrived

    @property
    def rolled_back(self) -> list[str]:
        """Those that a rollback returned, also one asked for by hand: last seen on the earlier image and healthy."""
        return self.arrived if self.goes_back else []

    @property
    def arrived(self) -> list[str]:
        """Touched on the way that the run is on, and last seen on the image that it leads to, up and healthy."""
        touched = self.touched
        return _ordered(i.id for i in self.instances if i.id in touched and self._is_fine(i))

    @property
    def not_returned(self) -> list[str]:
        """Those still to return once a rollback has begun, also where they failed, or it was not to touch them."""
        if self.rollback is None:
            return []
        due = {*self.rollback.instance_ids, *self.remaining}.difference(self.arrived)
        return _ordered(instance.id for instance in self.instances if instance.id in due)

    @property
    def not_current(self) -> list[str]:
        """Upgraded, but not on the newest model, because somebody changed it meanwhile."""
        late = {id_ for record in self.batches if not record.is_current for id_ in record.batch.instance_ids}
        return _ordered(i.id for i in self.instances if i.id in late and not i.latest_model_applied)

    @property
    def failed(self) -> list[str]:
        """Instances with an instance error on either way, also those that were rolled back afterwards."""
        return _ordered(id_ for id_ in {**self._failed_there, **self._failed} if id_)

    @property
    def skipped(self) -> list[Skipped]:
        """Instances that this run leaves alone, and why: as planned, or stopped or protected since."""
        plan = self.way
        if plan is None:
            return []
        planned = {skipped.instance_id: skipped for skipped in plan.skipped}
        gone = {i.id for i in self.instances if i.is_leaving or self._went_off(i)}
        not_skipped = {*self.arrived, *self.failed, *(self.touched - gone)}
        left_alone = []
        for instance in self.instances:
            reason = self._reason_to_skip(instance)
            if reason is not None and instance.id not in not_skipped:
                left_alone.append(planned.get(instance.id, Skipped(instance.id, reason)))
        return sorted(left_alone, key=lambda skipped: in_natural_order(skipped.instance_id))

    @property
    def remaining(self) -> list[str]:
        """Selected instances that exist and are none of the above; once a rollback has begun, those still to return."""
        if self.plan is None:
            return []
        settled = {*self.arrived, *self.failed, *(skipped.instance_id for skipped in self.skipped)}
        return _ordered(instance.id for instance in self.instances if instance.id not in settled)

    def cells(self) -> dict[str, Cell]:
        """Every instance's cell in the heatmap, as last seen."""
        return {instance.id: self._cell(instance) for instance in self.instances}

    def cells_before(self) -> dict[str, Cell]:
        """Every instance's cell at planning."""
        reasons = {s.instance_id: s.reason for s in self.plan.skipped} if self.plan else {}
        is_rollback = self.plan is not None and self.plan.is_rollback
        return {i.id: standing(reasons.get(i.id), is_rollback=is_rollback) for i in self.before}

    @property
    def target(self) -> Image | None:
        """The image that was rolled to; of a status, the model's."""
        if self.shown is not None:
            return self.shown.image
        return self.plan.reaches if self.plan else None

    @property
    def previous(self) -> Image | None:
        """The image that the instances ran before."""
        return self.plan.leaves if self.plan else None

    @property
    def healthy_now(self) -> int:
        """How many of `counted` were healthy when last seen."""
        signal = self.model.health_signal if self.model else None
        return sum(1 for i in self.counted if signal is not None and is_healthy(i, signal))

    @property
    def counted(self) -> list[Instance]:
        """The instances whose health is counted: all but the attached machines that are left alone."""
        return self._counted(self.instances)

    @property
    def counted_before(self) -> list[Instance]:
        """The same, at planning."""
        return self._counted(self.before)

    def failures(self) -> list[Failure]:
        """Every error, those of the run as a whole included."""
        general = [f for f in (self.ending.failures if self.ending else ()) if not f.instance_id]
        failed = [way[id_] for way in (self._failed_there, self._failed) for id_ in _ordered(way) if id_]
        return failed + general

    # -- small steps ---------------------------------------------------------------------------------------------

    def _turn_back(self, event: RollbackStarted) -> None:
        """From now on the run is on its way back; what failed there is told anew of every instance."""
        if self.batches and self.batches[-1].seconds is None:
            self.batches[-1].seconds = event.at - self.batches[-1].started_at
        self.rollback = event.plan
        self.model_restored = not event.plan.update_model
        self._told_there = event.failed.failures
        there = {failure.instance_id: failure for failure in event.failed.failures if failure.instance_id}
        self._failed_there, self._failed = {**self._failed, **there}, {}
        self._see(event.scale_set.instances, event.at)

    def _close_batch(self, event: BatchPassed | BatchFailed, result: str) -> None:
        record = self.batches[-1]
        record.seconds, record.result = event.at - record.started_at, result
        if result == "passed":
            record.azure_at_work = "no"  # whatever became of a lost answer
        self._see(event.instances, event.at)

    def _counted(self, instances: Iterable[Instance]) -> list[Instance]:
        return [i for i in instances if not i.is_attached or i.id in self.touched]

    def _close_unaccepted(self) -> None:
        if self.batches and self.batches[-1].seconds is None and not self.batches[-1].accepted:
            self.batches[-1].result = "not taken on by Azure"

    def _see(self, instances: tuple[Instance, ...], at: float) -> None:
        if instances is not self.instances:
            self.instances, self.seen_at = instances, at
        count = sum(1 for instance in self.counted if self._counts_as_healthy(instance))
        if self.plan is not None and (self.lowest_healthy is None or count < self.lowest_healthy.count):
            self.lowest_healthy = LowestHealthy(count, at)

    def _counts_as_healthy(self, instance: Instance) -> bool:
        """An instance under upgrade counts as away until it is seen ready: nobody knows when it goes down."""
        if self.model is None:
            return False
        running = self.batches[-1] if self.batches and self.batches[-1].seconds is None else None
        is_away = running is not None and running.accepted and instance.id in running.batch.instance_ids
        if is_away and not self._is_fine(instance):
            return False
        return is_healthy(instance, self.model.health_signal)

    def _is_fine(self, instance: Instance) -> bool:
        if self.way is None or self.model is None or instance.id in self._failed:
            return False
        may_be_off = instance.id in self.off_before
        signal = self.model.health_signal
        return not_ready(instance, self.way.reaches, signal, flag_matters=False, may_be_off=may_be_off) is None

    def _cell(self, instance: Instance) -> Cell:
        if self.shown is not None and self.model is not None:
            return status_of(instance, self.shown, self.model.health_signal)
        if instance.id in self._failed:
            return Cell.FAILED
        running = self.batches[-1] if self.batches and self.batches[-1].seconds is None else None
        is_away = running is not None and running.accepted and instance.id in running.batch.instance_ids
        if is_away and not self._is_fine(instance):
            return Cell.UPGRADING
        if self.goes_back and instance.id in self.touched and self._is_fine(instance):
            return Cell.ROLLED_BACK
        return standing(self._reason_to_skip(instance), is_rollback=self.goes_back)

    def _went_off(self, instance: Instance) -> bool:
        return instance.is_off and instance.id in self.touched - self.off_before

    def _reason_to_skip(self, instance: Instance) -> SkipReason | None:
        if self.way is None or self.policy is None:
            return None
        if self._went_off(instance):
            return why_off(instance)
        if Skipped(instance.id, SkipReason.NOT_MOVED) in self.way.skipped:
            return SkipReason.NOT_MOVED
        goal = self.way.goal
        return reason_to_skip(
            instance, replace(goal, in_model=goal.in_model or self.model_may_hold_target), self.policy
        )


def _ordered(ids: Iterable[str]) -> list[str]:
    return sorted(ids, key=in_natural_order)
