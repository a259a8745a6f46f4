"""What became of each instance, by what a run has done and by the last look at the instances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history.cells import Cell, standing, status_of
from vmss_upgrade.rollout.history.outcome import BatchRecord
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.plan import RolloutPlan, Skipped, SkipReason
from vmss_upgrade.rollout.planning.planner import reason_to_skip, why_stopped
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import Instance, is_healthy
from vmss_upgrade.rollout.watching.troubles import not_ready
from vmss_upgrade.rollout.wording import in_natural_order


@dataclass(slots=True)
class Standing:
    """What a run is to reach, what it has done for that, and where that leaves each instance.

    `before` are the instances at planning (`stopped_before`: those that were stopped), `instances` as last seen.
    `shown` is the goal that a status is held against. `rollback` is the plan of the way back, once that has begun: from
    then on everything that is said of instances is held against it. `model_may_hold_target`: this run asked for it, and
    Azure accepted that, or its answer is not known. `draining`: may be drained, and not upgraded since. Ids in
    lists are in natural order.
    """

    model: Model | None = None
    plan: RolloutPlan | None = None
    policy: Policy | None = None
    shown: Goal | None = None
    rollback: RolloutPlan | None = None
    stopped_before: frozenset[str] = frozenset()
    before: tuple[Instance, ...] = ()
    instances: tuple[Instance, ...] = ()
    batches: list[BatchRecord] = field(default_factory=list)
    model_may_hold_target: bool = False
    draining: frozenset[str] = frozenset()
    _failed: dict[str, Failure] = field(default_factory=dict)  # on the way that the run is on
    _failed_there: dict[str, Failure] = field(default_factory=dict)  # of a rollout that is being rolled back

    @property
    def way(self) -> RolloutPlan | None:
        """The plan that the run is following: that of the rollout, then that of its rollback."""
        return self.rollback or self.plan

    @property
    def goes_back(self) -> bool:
        """True if the run is returning to an earlier image."""
        return self.way is not None and self.way.is_rollback

    @property
    def touched(self) -> frozenset[str]:
        """The instances that an upgrade was asked for, on the way that the run is on."""
        records = [record for record in self.batches if record.is_back == (self.rollback is not None)]
        return frozenset(id_ for record in records for id_ in record.batch.instance_ids)

    @property
    def upgraded(self) -> list[str]:
        """Instances that this run upgraded, last seen on the target and healthy; none once a rollback has begun."""
        return [] if self.rollback is not None else self.arrived

    @property
    def rolled_back(self) -> list[str]:
        """Instances that a rollback returned, also one asked for by hand, last seen ready on the earlier image."""
        return self.arrived if self.goes_back else []

    @property
    def arrived(self) -> list[str]:
        """Instances touched on the way that the run is on, and last seen ready on the image that it reaches."""
        touched = self.touched
        return in_order(i.id for i in self.instances if i.id in touched and self._is_fine(i))

    @property
    def not_returned(self) -> list[str]:
        """Instances still to return once a rollback has begun, also failed ones, and those not to be touched."""
        if self.rollback is None:
            return []
        due = {*self.rollback.instance_ids, *self.remaining}.difference(self.arrived)
        return in_order(instance.id for instance in self.instances if instance.id in due)

    @property
    def not_current(self) -> list[str]:
        """Instances that were upgraded, but are not on the newest model, because somebody changed it meanwhile."""
        late = {id_ for record in self.batches if not record.is_current for id_ in record.batch.instance_ids}
        return in_order(i.id for i in self.instances if i.id in late and not i.latest_model_applied)

    @property
    def failed(self) -> list[str]:
        """Instances with an instance error on either way, also those that were rolled back afterwards."""
        return in_order(id_ for id_ in {**self._failed_there, **self._failed} if id_)

    @property
    def skipped(self) -> list[Skipped]:
        """Instances that this run leaves alone, and why: as planned, or stopped or protected since."""
        plan = self.way
        if plan is None:
            return []
        planned = {skipped.instance_id: skipped for skipped in plan.skipped}
        gone = {i.id for i in self.instances if i.is_being_deleted or self._was_stopped(i)}
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
        return in_order(instance.id for instance in self.instances if instance.id not in settled)

    def cells(self) -> dict[str, Cell]:
        """Return every instance's cell in the heatmap, as last seen."""
        return {instance.id: self._cell(instance) for instance in self.instances}

    def cells_before(self) -> dict[str, Cell]:
        """Return every instance's cell at planning."""
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
    def surely_healthy(self) -> int:
        """How many of `counted` are known to be healthy: one under upgrade is not until it is seen ready."""
        if self.model is None:
            return 0
        signal, away = self.model.health_signal, self._away()
        return sum(1 for i in self.counted if i.id not in away and is_healthy(i, signal))

    @property
    def away(self) -> int:
        """How many instances are being upgraded, and not seen ready yet."""
        return len(self._away())

    @property
    def counted(self) -> list[Instance]:
        """The instances whose health is counted: all but the attached machines that are left alone."""
        return self._counted(self.instances)

    @property
    def counted_before(self) -> list[Instance]:
        """The instances whose health was counted at planning."""
        return self._counted(self.before)

    def _counted(self, instances: Iterable[Instance]) -> list[Instance]:
        return [i for i in instances if not i.is_attached or i.id in self.touched]

    @property
    def _running(self) -> BatchRecord | None:
        """The batch that is under way."""
        return self.batches[-1] if self.batches and self.batches[-1].seconds is None else None

    @property
    def _perhaps_away(self) -> frozenset[str]:
        """The instances that are drained or upgraded; those not seen ready again may stop serving at any time."""
        running = self._running
        return self.draining.union(running.batch.instance_ids if running is not None and running.accepted else ())

    def _away(self) -> set[str]:
        away = self._perhaps_away
        return {i.id for i in self.instances if i.id in away and not self._is_fine(i)}

    def _is_fine(self, instance: Instance) -> bool:
        if self.way is None or self.model is None or instance.id in self._failed:
            return False
        may_be_stopped = instance.id in self.stopped_before
        signal = self.model.health_signal
        return not_ready(instance, self.way.reaches, signal, flag_matters=False, may_be_stopped=may_be_stopped) is None

    def _cell(self, instance: Instance) -> Cell:
        if self.shown is not None and self.model is not None:
            return status_of(instance, self.shown, self.model.health_signal)
        if instance.id in self._failed:
            return Cell.FAILED
        if instance.id in self._perhaps_away and not self._is_fine(instance):
            return Cell.UPGRADING
        if self.goes_back and instance.id in self.touched and self._is_fine(instance):
            return Cell.ROLLED_BACK
        return standing(self._reason_to_skip(instance), is_rollback=self.goes_back)

    def _was_stopped(self, instance: Instance) -> bool:
        return instance.is_stopped and instance.id in self.touched - self.stopped_before

    def _reason_to_skip(self, instance: Instance) -> SkipReason | None:
        if self.way is None or self.policy is None:
            return None
        if self._was_stopped(instance):
            return why_stopped(instance)
        if Skipped(instance.id, SkipReason.NOT_MOVED) in self.way.skipped:
            return SkipReason.NOT_MOVED
        goal = self.way.goal
        if self.model_may_hold_target and not goal.in_model:
            goal = goal.once_in_model()
        return reason_to_skip(instance, goal, self.policy)


def in_order(ids: Iterable[str]) -> list[str]:
    """Return the ids in natural order."""
    return sorted(ids, key=in_natural_order)
