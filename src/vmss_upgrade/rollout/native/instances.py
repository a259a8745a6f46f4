"""What the instances show of a rolling upgrade of Azure's own: which are in it, which are bad, what is left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from vmss_upgrade.rollout.failures import Failure, FailureCode, Problem, is_never_the_images
from vmss_upgrade.rollout.goal import Goal, is_on
from vmss_upgrade.rollout.native.roll import Roll
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.scale_set import Domain, DomainKind, Health, Instance, ScaleSet
from vmss_upgrade.rollout.watching.troubles import new_problems, not_ready
from vmss_upgrade.rollout.wording import duration

NO_INSTANCE = "RollingUpgradeFailedInstances"  # Azure counts failed instances, and names none


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The scale set before the write: its instances (`known`), those that were to move (`due`), their failures."""

    known: frozenset[str]
    due: frozenset[str]
    problems: Mapping[str, tuple[Problem, ...]]


def before(scale_set: ScaleSet, due: Collection[str]) -> Before:
    """Return what a look before the write shows."""
    return Before(
        known=frozenset(scale_set.by_id),
        due=frozenset(due),
        problems={instance.id: instance.problems for instance in scale_set.instances},
    )


def taking_part(scale_set: ScaleSet, then: Before) -> list[Instance]:
    """Return the instances that are to be on the target: those that were due, and those created since (maxSurge)."""
    return [i for i in scale_set.staying if i.id in then.due or i.id not in then.known]


@dataclass(frozen=True, slots=True)
class SeenBatches:
    """Azure's batches as the looks show them: `done`, and the one under way. Azure tells nobody about them."""

    done: tuple[Batch, ...] = ()
    under_way: Batch | None = None

    @property
    def begun(self) -> frozenset[str]:
        """The instances that have been seen in a batch."""
        batches = (*self.done, *([self.under_way] if self.under_way else ()))
        return frozenset(id_ for batch in batches for id_ in batch.instance_ids)

    def after(self, scale_set: ScaleSet, then: Before, goal: Goal) -> SeenBatches:
        """Return the batches after one more step; this object itself where nothing else has begun.

        Those that begin while others of it are not ready belong to it: a batch's own do not all begin within one look.
        Otherwise they are the next one. Update domains of two zones or placement groups may be in one batch.
        """
        begun, surges = self.begun, scale_set.model.rolling.surges
        new = [i for i in taking_part(scale_set, then) if i.id not in begun and has_begun(i, goal)]
        if not new:
            return self
        batch = self.under_way
        if batch is not None and waiting_for(batch.instance_ids, scale_set, goal):
            is_one = all(_domain_of(i, surges=surges) == batch.domain for i in new)
            domain = batch.domain if is_one else Domain(kind=DomainKind.SET)
            ids = (*batch.instance_ids, *(i.id for i in new))
            return replace(self, under_way=replace(batch, domain=domain, instance_ids=ids))
        by_domain: dict[Domain, list[str]] = {}
        for instance in new:
            by_domain.setdefault(_domain_of(instance, surges=surges), []).append(instance.id)
        # those that are ready came first
        domain = min(by_domain, key=lambda each: (bool(waiting_for(by_domain[each], scale_set, goal)), each.order))
        done = (*self.done, *([batch] if batch else ()))
        return SeenBatches(done, Batch(len(done) + 1, domain, tuple(by_domain[domain])))

    def without_current(self) -> SeenBatches:
        """Return the batches once the one under way has ended."""
        return SeenBatches((*self.done, self.under_way)) if self.under_way else self


def has_begun(instance: Instance, goal: Goal) -> bool:
    """Return whether Azure is at work on the instance, or has brought it to the target."""
    return instance.is_changing or is_on(instance, goal.image)


def waiting_for(ids: Collection[str], scale_set: ScaleSet, goal: Goal) -> tuple[Failure, ...]:
    """Return why instances of a batch are not ready yet; those that are gone are not waited for."""
    signal = scale_set.model.health_signal
    there = [i for i in scale_set.staying if i.id in ids]
    found = (not_ready(i, goal.image, signal, flag_matters=False, may_be_stopped=True) for i in there)
    return tuple(failure for failure in found if failure is not None)


def _domain_of(instance: Instance, *, surges: bool) -> Domain:
    """Return the finest domain that the instance shows; the set where it shows none, and with maxSurge."""
    kinds = () if surges else (DomainKind.UPDATE, DomainKind.ZONE)
    shown = (instance.domain(kind) for kind in kinds)
    return next((domain for domain in shown if domain is not None), Domain(kind=DomainKind.SET))


def unhealthy_on_target(scale_set: ScaleSet, then: Before, goal: Goal) -> frozenset[str]:
    """Return the instances that run the target, and say that they are unhealthy."""
    there = taking_part(scale_set, then)
    return frozenset(i.id for i in there if i.is_running and is_on(i, goal.image) and i.health is Health.UNHEALTHY)


def bad_instances(
    scale_set: ScaleSet, then: Before, goal: Goal, unhealthy_for: Mapping[str, float], longest: float
) -> tuple[Failure, ...]:
    """Return the instances that an upgrade has made bad: failed since, or unhealthy on the target for `longest`."""
    found: list[Failure] = []
    for instance in taking_part(scale_set, then):
        problems = new_problems(instance, then.problems)
        if instance.has_failed and problems:
            found.append(_failed(instance, problems[0], goal))
        elif unhealthy_for.get(instance.id, 0.0) >= longest:
            message = f"is unhealthy on the target image, {duration(longest)} after it was upgraded"
            found.append(Failure(instance.id, FailureCode.NOT_HEALTHY, message, blames_image=True))
    return tuple(found)


def _failed(instance: Instance, problem: Problem, goal: Goal) -> Failure:
    hides = instance.image is None or goal.image.is_vhd
    blames = (hides or is_on(instance, goal.image)) and not is_never_the_images(problem.code, problem.message)
    return Failure(instance.id, problem.code, str(problem), blames_image=blames)


def failures_by_azure(
    roll: Roll, scale_set: ScaleSet, then: Before, goal: Goal, unhealthy: Collection[str]
) -> tuple[Failure, ...]:
    """Return the failures that Azure names, as far as such an instance takes part; else the unhealthy ones, if it
    counts any; else its count. It may count stopped instances, too, which this run expects nothing of.
    """
    present = {instance.id: instance for instance in taking_part(scale_set, then)}
    stopped = sum(instance.is_stopped for instance in scale_set.made if instance.id not in present)
    cancelled = "rollingupgradecanceled"  # in progress when it was cancelled: no failure of the instance
    named = [bad for bad in roll.bad if bad.instance_id in present and bad.code.lower() != cancelled]
    if named:
        return tuple(
            Failure(
                bad.instance_id,
                bad.code or roll.error_code or NO_INSTANCE,
                bad.message or "failed",
                blames_image=is_on(present[bad.instance_id], goal.image),
            )
            for bad in named
        )
    if roll.failed <= stopped:
        return ()
    why = "is unhealthy on the target image, and Azure counts a failed instance"
    found = (Failure(id_, FailureCode.NOT_HEALTHY, why, blames_image=True) for id_ in sorted(unhealthy))
    counted = f"failed instances by Azure's count: {roll.failed}, none of which it names"
    said = f"{counted}: {roll.error_message}" if roll.error_message else counted
    return tuple(found) or (Failure("", roll.error_code or NO_INSTANCE, said),)


def left_behind(scale_set: ScaleSet, then: Before, goal: Goal) -> tuple[str, ...]:
    """Return the instances that were to move, and are not on the target."""
    return tuple(instance.id for instance in taking_part(scale_set, then) if not is_on(instance, goal.image))
