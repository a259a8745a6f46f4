"""The floor during a run: whether so many instances stayed healthy as had to, while a batch was away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.planning.availability import floor, healthy_without
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import ScaleSet, is_healthy


@dataclass(frozen=True, slots=True, kw_only=True)
class Undercut:
    """A look that showed fewer healthy instances than the floor of that moment, `at` seconds after the run began."""

    healthy: int
    floor: int
    at: float
    batch: int
    asked_by: str = "min-healthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorBook:
    """What looks have shown of the floor. `before` is the scale set as planned from.

    `least`: `surge` keeps so many healthy, whatever `min-healthy` says. `undercut` is the worst that two looks in a row
    have shown: a single one is not the truth.
    """

    before: ScaleSet
    policy: Policy
    undercut: Undercut | None = None
    least: int = 0
    _latest: Undercut | None = None

    def after(
        self, seen: ScaleSet, batch: Batch | None, target: Image, at: float, drained: Collection[str] = ()
    ) -> FloorBook:
        """Return the book with one more look. `batch` is the one that is away, on its way to `target`; None: none is.

        An instance of the batch counts again once it is healthy on the target, unless it is one of `drained`.
        """
        found = self._found(seen, batch, target, at, drained) if batch else None
        if found is None or self._latest is None:
            return replace(self, _latest=found)
        certain = [each for each in (self.undercut, max(self._latest, found, key=_left_over)) if each]
        return replace(self, _latest=found, undercut=min(certain, key=_left_over))

    def _found(
        self, seen: ScaleSet, batch: Batch, target: Image, at: float, drained: Collection[str]
    ) -> Undercut | None:
        away = set(batch.instance_ids)
        back = {id_ for id_ in away & seen.healthy_ids if is_on(seen.by_id[id_], target)}
        healthy, least = healthy_without(seen, away - back.difference(drained)), self.floor_of(seen)
        asked_by = "surge" if least == self._kept(seen) else "min-healthy"
        found = Undercut(healthy=healthy, floor=least, at=at, batch=batch.number, asked_by=asked_by)
        return found if healthy < least else None

    def floor_of(self, seen: ScaleSet) -> int:
        """Return the floor of this moment. Others may change the size of the scale set: an instance created since
        planning counts once it is healthy, and a count is lowered by as many instances as the set has lost.
        """
        known, signal = self.before.by_id, seen.model.health_signal
        created = seen.by_id.keys() - known.keys()
        there = [i for i in seen.permanent if i.id not in created or is_healthy(i, signal)]
        least = floor(there, self.policy, self.before.stopped_ids)
        if not self.policy.min_healthy.is_percentage:
            least -= _lost(self.before, seen)
        return max(least, self._kept(seen), 0)

    def _kept(self, seen: ScaleSet) -> int:
        """Return how many `surge` keeps healthy; the instances that the set has lost are none of its own doing."""
        return self.least - _lost(self.before, seen)


def _left_over(undercut: Undercut) -> int:
    return undercut.healthy - undercut.floor


def _lost(before: ScaleSet, seen: ScaleSet) -> int:
    return max(0, len(before.permanent) - len(seen.permanent))
