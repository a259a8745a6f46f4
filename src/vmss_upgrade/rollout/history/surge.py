"""The new instances of a surge: what happened to them, what became of them, and how a run ends because of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vmss_upgrade.rollout.az_commands import delete_instances, set_capacity
from vmss_upgrade.rollout.failures import Failure, FailureCode, Problem, remedy_of
from vmss_upgrade.rollout.findings import Finding, warn
from vmss_upgrade.rollout.history.endings import first_of
from vmss_upgrade.rollout.history.events import Event
from vmss_upgrade.rollout.history.outcome import BatchResult, Ending, Outcome
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.scale_set import Instance
from vmss_upgrade.rollout.wording import clause, instances_named
from vmss_upgrade.rollout.zero_downtime.surge import Surge

_NOT_TOUCHED = "No old instance was touched."


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeEvent(Event):
    """Something that happened to the new instances of `surge`."""

    surge: Surge


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeStarted(SurgeEvent):
    """Azure is about to be asked for more instances: from now on there may be some.

    If `surge` names instances already, they are those that an earlier run left, and nothing is asked for.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeRefused(SurgeEvent):
    """Azure refused every request for more instances: the capacity is what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeCreated(SurgeEvent):
    """The new instances are known, and are about to be judged by the health gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgePassed(SurgeEvent):
    """Every new instance is on the target, current and healthy, and stayed so for the bake time."""

    instances: tuple[Instance, ...]
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeFailed(SurgeEvent):
    """A new instance has an error; no old one was touched."""

    failures: tuple[Failure, ...]
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurplusDeleting(SurgeEvent):
    """Azure is about to be asked to delete the new instances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurplusDeleted(SurgeEvent):
    """The new instances are deleted, and the capacity is what it was before them."""


@dataclass(slots=True)
class SurgeRecord:
    """The new instances of a run. `seconds` is what they took until they were judged (None: they were not).

    `is_left`: they are there, or may be. `was_taken_over`: an earlier run left them.
    """

    surge: Surge
    started_at: float
    was_taken_over: bool
    seconds: float | None = None
    result: BatchResult = BatchResult.UNDER_WAY
    is_left: bool = True

    @property
    def was_accepted(self) -> bool:
        """True if new instances were created, or may have been."""
        return self.result is not BatchResult.NOT_ACCEPTED

    @property
    def floor(self) -> int:
        """How many must be healthy while new instances stand in for others; 0 before."""
        return self.surge.floor if self.result is BatchResult.PASSED else 0

    def take(self, event: SurgeEvent) -> None:
        """Take into account what became of them."""
        self.surge = event.surge
        match event:
            case SurgeRefused():
                self.result, self.is_left = BatchResult.NOT_ACCEPTED, False
            case SurgePassed() | SurgeFailed():
                self.seconds = event.at - self.started_at
                self.result = BatchResult.FAILED if event.failures else BatchResult.PASSED
            case SurplusDeleted():
                self.is_left = False


def by_failed_surge(failures: Sequence[Failure]) -> Ending:
    """End a run whose new instances did not pass the health gate."""
    known = remedy_of(failures[0].code, failures[0].message) or "Look into what is named here."
    return Ending(Outcome.HALTED, f"the surge failed: {first_of(failures)}", f"{known} {_NOT_TOUCHED}", tuple(failures))


def by_incomplete_surge(surge: Surge, problem: Problem | None) -> Ending:
    """End a run in which Azure created more or fewer instances than it was asked for; `problem`: why, in its words."""
    why = f": {problem.code}, {clause(problem.message)}" if problem else ""
    code = problem.code if problem else FailureCode.INCOMPLETE_SURGE
    message = f"Azure created {len(surge.instance_ids)} of {surge.added} new instances{why}"
    known = remedy_of(problem.code, problem.message) if problem else ""
    remedy = f"{known or 'Run again later.'} {_NOT_TOUCHED}"
    return Ending(Outcome.HALTED, f"the surge failed: {message}.", remedy, (Failure("", code, message),))


def vanished(surge: Surge, instances: Sequence[Instance]) -> tuple[Failure, ...]:
    """Return the new instances that are gone, so that they stand in for no batch."""
    there = {instance.id for instance in instances if not instance.is_stopped}
    gone = [id_ for id_ in surge.instance_ids if id_ not in there]
    return tuple(Failure(id_, FailureCode.INCOMPLETE_SURGE, "was deleted or stopped by somebody") for id_ in gone)


def surplus_left(model: Model, surge: Surge, why: str) -> Finding:
    """Warn that new instances stay, with the command that deletes them."""
    if not surge.instance_ids:
        message = f"The capacity may still be {surge.raised} instead of {surge.former}: {clause(why)}."
        return warn(message, f"If it is, delete the newest instances, or lower it: {set_capacity(model, surge.former)}")
    again = "A run with the same inputs soon after this one deletes them, too."
    message = f"Created by `surge`, and still there: {instances_named(surge.instance_ids)} ({clause(why)})."
    return warn(message, f"{again} Else delete them: {delete_instances(model, surge.instance_ids)}")


def capacity_changed(model: Model, surge: Surge) -> Finding:
    """Warn that the capacity is not what it was although the new instances are deleted."""
    message = f"The new instances are deleted, but the capacity is {model.scaling.capacity}, and was {surge.former}."
    return warn(message, f"Unless somebody scaled the set meanwhile, set it back: {set_capacity(model, surge.former)}")


def by_surplus(ending: Ending, left: Finding) -> Ending:
    """End a run that would have been good, but whose new instances stay."""
    return replace(ending, outcome=Outcome.HALTED, reason=left.message, remedy=left.remedy)
