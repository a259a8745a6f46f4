"""The health gate: a batch passes when every instance is on the target, current, running and healthy, and stays so.

A gate opens when Azure's operation has ended: a Succeeded operation proves nothing (wire facts, section 5: Succeeded,
yet `latestModelApplied` still false), and a failed one condemns no instance. Each look at the instances advances it. An
instance that is not ready yet is waited for until `health_timeout`, because a binary signal says Unhealthy while the
application is still starting; only then is it an instance error. A provisioning failure that was not there before the
batch is an instance error at once, an old one when it stays. When all are ready, the bake starts. If one is not ready
during the bake, the bake ends; it starts anew when all are ready again, within the same bound.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vmss_upgrade.rollout.failures import Failure, FailureCode, Problem, is_never_the_images
from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.availability import stopped_ids
from vmss_upgrade.rollout.scale_set import Health, Instance, Power
from vmss_upgrade.rollout.watching.sightings import is_earlier
from vmss_upgrade.rollout.watching.troubles import new_problems, not_ready
from vmss_upgrade.rollout.wording import clause, duration

OLD_FAILURE_FADES = 60.0  # seconds; Azure goes on showing an old failure for a while (Azure/azure-cli#33307)
LATE_REPORT_STANDS = 60.0  # seconds after which a report of health from the time of the upgrade is believed
# Failures of an OS that was booted: no source says which image Azure shows of an instance whose upgrade failed.
_OS_FAILED = ("osprovisioning", "vmextension", "vmstart")
LAG_AFTER_FAILURE = 120.0  # seconds for which instances may lag behind an operation that failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a batch's instances showed when its upgrade was asked for, by id.

    `problems`: their failures. `failed_elsewhere`: had failed on another image than the target. `stopped`: the stopped
    ones. `reported`: reported any health, and `health_times` when.
    """

    problems: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    failed_elsewhere: frozenset[str] = frozenset()
    stopped: frozenset[str] = frozenset()
    reported: frozenset[str] = frozenset()
    health_times: Mapping[str, str] = field(default_factory=dict)


def seen_before(instances: Sequence[Instance], target: Image) -> Before:
    """Return what instances show before an upgrade to `target` is asked for."""
    return Before(
        problems={instance.id: instance.problems for instance in instances},
        failed_elsewhere=frozenset(i.id for i in instances if i.has_failed and not is_on(i, target)),
        stopped=stopped_ids(instances),
        reported=frozenset(i.id for i in instances if i.health not in (Health.NO_SIGNAL, Health.NOT_YET)),
        health_times={instance.id: instance.health_time for instance in instances},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthGate:
    """One gate for one batch. Times are seconds of the driver's clock; `advance` returns the gate's next state.

    `upgraded_at` is when Azure's operation ended, as Azure writes it (empty if it does not say); `refusal` is why it
    failed, if it did. `repairs_at_work`: automatic repairs delete unhealthy instances, so that one of these which
    vanishes is a failure after all. Other `vanished` instances are no failure, nor are `evicted` ones: they were
    deallocated meanwhile, which no guest can do to itself. `proven` were ready at some look. `all_silent`: every
    instance outside the batch that reported health reports none any more, so that the signal is lost, and no image is
    to blame.
    """

    instance_ids: tuple[str, ...]
    target: Image
    signal: HealthSignal
    opened_at: float
    health_timeout: float
    bake_time: float
    before: Before = Before()
    upgraded_at: str = ""
    refusal: Problem | None = None
    flag_matters: bool = True
    ready_since: float | None = None
    passed: bool = False
    pending: tuple[Failure, ...] = ()
    failures: tuple[Failure, ...] = ()
    vanished: tuple[str, ...] = ()
    evicted: tuple[str, ...] = ()
    proven: frozenset[str] = frozenset()
    repairs_at_work: bool = False
    all_silent: bool = False

    @property
    def is_decided(self) -> bool:
        """True once the gate has passed or failed: looking again changes nothing."""
        return self.passed or bool(self.failures)

    @property
    def only_the_flag_is_missing(self) -> bool:
        """True if everything is ready but `latestModelApplied`, which can lag, or mean that the model changed."""
        return bool(self.pending) and all(p.code is FailureCode.NOT_CURRENT for p in self.pending)

    def advance(self, instances: Mapping[str, Instance], now: float) -> HealthGate:
        """Return the gate after it has seen `instances` (by id) at `now`."""
        present = [instances[id_] for id_ in self.instance_ids if id_ in instances]
        vanished = tuple(id_ for id_ in self.instance_ids if id_ not in instances)
        evicted = tuple(instance.id for instance in present if self._is_evicted(instance))
        awaited = [instance for instance in present if instance.id not in evicted]
        failures = [failure for instance in awaited for failure in self._failures_of(instance, now)]
        pending = tuple(filter(None, (self._not_ready(instance, now) for instance in awaited)))
        unready = {each.instance_id for each in pending}
        seen = replace(
            self,
            pending=pending,
            vanished=vanished,
            evicted=evicted,
            all_silent=self._are_others_silent(instances),
            proven=self.proven | {instance.id for instance in awaited if instance.id not in unready},
            failures=(*failures, *self._repaired_away(vanished)),
        )
        if seen.failures:
            return seen
        return seen._waiting(now) if pending else seen._baking(now)

    def out_of_time(self, message: str, unhealthy_for_long: Collection[str] = ()) -> HealthGate:
        """Fail the gate for every instance that is not ready, because some other bound was reached.

        That alone blames no image: only instances that were unhealthy for `health_timeout` (`unhealthy_for_long`) speak
        against it.
        """
        failures = tuple(
            replace(
                p,
                code=FailureCode.BATCH_TIMEOUT,
                message=f"{clause(message)}; {p.message}",
                blames_image=p.blames_image and p.instance_id in unhealthy_for_long,
            )
            for p in self.pending
        )
        return replace(self, failures=failures or (Failure("", FailureCode.BATCH_TIMEOUT, message),))

    def _is_evicted(self, instance: Instance) -> bool:
        """Return whether it was deallocated, or stopped once it had been ready, other than by a failed upgrade."""
        has_failed = instance.has_failed and bool(new_problems(instance, self.before.problems))
        if instance.id in self.before.stopped or not instance.is_stopped or has_failed:
            return False
        return instance.power is Power.DEALLOCATED or instance.id in self.proven

    def _not_ready(self, instance: Instance, now: float) -> Failure | None:
        known = next((each for each in self.pending if each.instance_id == instance.id), None)
        if known is not None and not instance.seen:
            return known
        may_be_stopped = instance.id in self.before.stopped
        found = not_ready(
            instance, self.target, self.signal, flag_matters=self.flag_matters, may_be_stopped=may_be_stopped
        )
        if found is not None:
            return found
        if self.signal.proves_health and instance.health is Health.HEALTHY and self._is_old_report(instance, now):
            message = f"was last reported healthy at {instance.health_time}, before its upgrade had ended"
            return Failure(instance.id, FailureCode.NOT_REPORTED_SINCE, message)
        return None

    def _is_old_report(self, instance: Instance, now: float) -> bool:
        """Return whether its health was reported before the upgrade.

        Azure may show when it last changed, so that a report from the time of the upgrade is believed in the end.
        """
        known = self.before.health_times.get(instance.id)
        if known and (instance.health_time == known or is_earlier(instance.health_time, known)):
            return True
        during = is_earlier(instance.health_time, self.upgraded_at)
        return during and now - self.opened_at < LATE_REPORT_STANDS

    def _are_others_silent(self, instances: Mapping[str, Instance]) -> bool:
        reported = self.before.reported.difference(self.instance_ids)
        others = [instance for instance in instances.values() if instance.id in reported]
        return bool(others) and all(instance.health is Health.NO_SIGNAL for instance in others)

    def _failures_of(self, instance: Instance, now: float) -> list[Failure]:
        """Return the failures that the batch brought; if provisioning stays Failed, also those from before."""
        problems = new_problems(instance, self.before.problems)
        is_older_than_target = not problems and instance.id in self.before.failed_elsewhere
        stays_failed = instance.has_failed and instance.seen and now - self.opened_at >= OLD_FAILURE_FADES
        if not problems and stays_failed:
            problems = instance.problems
        hides_image = instance.image is None or self.target.is_vhd or self.target.is_floating
        may_be_on_target = instance.seen and (hides_image or is_on(instance, self.target))

        def blames_image(problem: Problem) -> bool:
            if is_older_than_target or is_never_the_images(problem.code, problem.message):
                return False
            return may_be_on_target or problem.code.lower().startswith(_OS_FAILED)

        return [
            Failure(instance_id=instance.id, code=each.code, message=str(each), blames_image=blames_image(each))
            for each in problems
        ]

    def _repaired_away(self, vanished: tuple[str, ...]) -> tuple[Failure, ...]:
        if not self.repairs_at_work:
            return ()
        why = "vanished while it was not healthy on the target image: automatic repairs have most likely replaced it"
        unhealthy = [p for p in self.pending if p.code is FailureCode.NOT_HEALTHY and p.instance_id in vanished]
        return tuple(replace(p, code=FailureCode.REPLACED, message=why) for p in unhealthy)

    def _waiting(self, now: float) -> HealthGate:
        waiting = replace(self, ready_since=None)
        waited = now - self.opened_at
        if self.refusal is not None and waited >= LAG_AFTER_FAILURE:
            behind = [p for p in self.pending if p.code in (FailureCode.NOT_ON_TARGET, FailureCode.NOT_PROVISIONED)]
            if behind:
                code, why = self.refusal.code, clause(self.refusal.message)
                refused = (Failure(p.instance_id, code, f"{why}; {p.message}") for p in behind)
                return replace(waiting, failures=tuple(refused))
        if waited < self.health_timeout:
            return waiting
        after = f"{duration(waited)} after Azure's operation ended"
        return replace(waiting, failures=tuple(self._not_ready_after(p, after) for p in self.pending))

    def _not_ready_after(self, pending: Failure, after: str) -> Failure:
        is_silent = pending.code is FailureCode.NOT_HEALTHY and not pending.blames_image
        lost_its_health = is_silent and pending.instance_id in self.before.reported and not self.all_silent
        too = "; no instance outside the batch reports health any more either" if is_silent and self.all_silent else ""
        return replace(
            pending, message=f"{pending.message}, {after}{too}", blames_image=pending.blames_image or lost_its_health
        )

    def _baking(self, now: float) -> HealthGate:
        ready_since = now if self.ready_since is None else self.ready_since
        return replace(self, ready_since=ready_since, passed=now - ready_since >= self.bake_time)
