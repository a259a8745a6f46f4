"""Sightings of instances over successive looks: one look is never the whole truth, and absence is no judgement.

A list of instances may lack one that exists (a page that lags), and an instance may report no health because it has not
got the signal yet: one that was added to the model reaches an instance with its next upgrade
(Azure-Samples/open-source-labs#46, MicrosoftDocs/azure-docs#46992).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.scale_set import Health, Instance
from vmss_upgrade.rollout.watching.times import is_earlier
from vmss_upgrade.rollout.wording import in_natural_order

GONE_AFTER = 10.0  # seconds without a sight, and two looks at least


class Sightings:
    """The looks of one run. Times are seconds of the driver's clock."""

    def __init__(self) -> None:
        self._latest: dict[str, Instance] = {}
        self._missing_since: dict[str, float] = {}
        self._without_signal: set[str] = set()

    def take(self, instances: Sequence[Instance], model: Model, now: float) -> tuple[Instance, ...]:
        """Return what is known after a look that showed `instances`, ordered by id.

        An instance that this look lacks stays as it was seen last, with `seen` False, until it has been missing for
        GONE_AFTER; one that was being deleted is gone at once. An instance that has not got the health signal yet
        shows `Health.NOT_YET`.
        """
        for instance in instances:
            if instance.id not in self._latest and instance.health is Health.NO_SIGNAL and _is_behind(instance, model):
                self._without_signal.add(instance.id)
            if instance.health is not Health.NO_SIGNAL:
                self._without_signal.discard(instance.id)
        seen = [self._with_signal(instance) for instance in instances]
        missing = self._still_missing({instance.id for instance in seen}, now)
        known = sorted((*seen, *missing), key=lambda instance: in_natural_order(instance.id))
        self._latest = {instance.id: instance for instance in known}
        return tuple(known)

    def expect_reports(self, instance_ids: Iterable[str]) -> None:
        """Count silence of these instances as such from now on: they have the model's health signal."""
        self._without_signal.difference_update(instance_ids)

    def _with_signal(self, instance: Instance) -> Instance:
        return replace(instance, health=Health.NOT_YET) if instance.id in self._without_signal else instance

    def _still_missing(self, seen: set[str], now: float) -> list[Instance]:
        missing = [i for i in self._latest.values() if i.id not in seen and not i.is_being_deleted]
        self._missing_since = {i.id: self._missing_since.get(i.id, now) for i in missing}
        return [replace(i, seen=False) for i in missing if i.seen or now - self._missing_since[i.id] < GONE_AFTER]


def _is_behind(instance: Instance, model: Model) -> bool:
    """Return whether the instance was made from an earlier model than the present one."""
    if instance.latest_model_applied is None:
        return is_earlier(instance.model_time, model.time)
    return not instance.latest_model_applied
