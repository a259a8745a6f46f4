"""What the heatmap shows of an instance."""

from __future__ import annotations

from enum import Enum

from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.plan import SkipReason
from vmss_upgrade.rollout.scale_set import Instance, Power, is_healthy


class Cell(Enum):
    """What the heatmap shows of an instance."""

    OLD = "old"
    UPGRADING = "upgrading"
    NEW = "new"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"
    SKIPPED = "skipped"
    # what `heatmap` says of UPGRADING and NEW on the way back
    RETURNING = "returning"
    NOT_RETURNED = "not returned"
    # where only the status was asked for
    CURRENT = "on the model"
    BEHIND = "behind the model"
    UNHEALTHY = "not healthy"
    STOPPED = "stopped"
    UNKNOWN = "not known"
    ATTACHED = "attached"


def standing(reason: SkipReason | None, *, is_rollback: bool = False) -> Cell:
    """Return the cell of an instance that is not being changed, by why it is skipped.

    Old and new are those of the rollout, also while it is being rolled back.
    """
    due, arrived = (Cell.NEW, Cell.OLD) if is_rollback else (Cell.OLD, Cell.NEW)
    if reason is None:
        return due
    return arrived if reason.is_settled else Cell.SKIPPED


def status_of(instance: Instance, goal: Goal, signal: HealthSignal) -> Cell:
    """Return the cell of an instance where only the status was asked for."""
    if instance.is_attached:
        return Cell.ATTACHED
    if instance.is_stopped:
        return Cell.STOPPED
    if not is_healthy(instance, signal):
        return Cell.UNHEALTHY if _is_known(instance) else Cell.UNKNOWN
    if not str(goal.image) or (goal.image.is_floating and instance.latest_model_applied is None):
        return Cell.UNKNOWN
    return Cell.CURRENT if goal.is_reached_by(instance) else Cell.BEHIND


def _is_known(instance: Instance) -> bool:
    """Return whether Azure shows enough of an instance to tell that it is not healthy."""
    return instance.has_failed or (instance.power is not Power.NOT_SHOWN and not instance.is_silent)
