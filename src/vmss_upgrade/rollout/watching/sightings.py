"""Sightings of instances over successive looks: one look is never the whole truth, and absence is no judgement.

A list of instances may lack one that exists (a page that lags), and an instance may report no health because it has not
got the signal yet: one that was added to the model reaches an instance with its next upgrade
(Azure-Samples/open-source-labs#46, MicrosoftDocs/azure-docs#46992).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.scale_set import Health, Instance
from vmss_upgrade.rollout.wording import in_natural_order

GONE_AFTER = 10.0  # seconds without a sight, and two looks at least
# points in time as Azure writes them, compared only with each other: the runner's clock may show another time
_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|\+00:00)", re.ASCII)
# in the tags of Flexible machines: 4/28/2024 6:28:48 AM +00:00 (recorded)
_IN_A_TAG = re.compile(r"(\d\d?)/(\d\d?)/(\d{4}) (\d\d?):(\d\d:\d\d) (AM|PM) \+00:00", re.ASCII)
_TO_THE_SECOND = len("2024-04-28T06:28:48")


class Sightings:
    """The looks of one run. Times are seconds of the driver's clock."""

    def __init__(self) -> None:
        self._latest: dict[str, Instance] = {}
        self._missing_since: dict[str, float] = {}
        self._without_signal: set[str] = set()
        # what was shown, if time changes nothing of what it means
        self._settled: Sequence[Instance] | None = None
        self._known: tuple[Instance, ...] = ()

    def take(self, instances: Sequence[Instance], model: Model, now: float) -> tuple[Instance, ...]:
        """Return what is known after a look that showed `instances`, ordered by id.

        An instance that this look lacks stays as it was seen last, with `seen` False, until it has been missing for
        GONE_AFTER; one that was being deleted is gone at once. An instance that has not got the health signal yet
        shows `Health.NOT_YET`.
        """
        if instances is self._settled:
            return self._known
        for instance in instances:
            if instance.id not in self._latest and instance.health is Health.NO_SIGNAL and _is_behind(instance, model):
                self._without_signal.add(instance.id)
            if instance.health is not Health.NO_SIGNAL:
                self._without_signal.discard(instance.id)
        seen = [self._with_signal(instance) for instance in instances]
        missing = self._still_missing({instance.id for instance in seen}, now)
        self._settled = None if self._missing_since or self._without_signal else instances
        self._known = tuple(sorted((*seen, *missing), key=lambda instance: in_natural_order(instance.id)))
        self._latest = {instance.id: instance for instance in self._known}
        return self._known

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


def is_earlier(one: str, other: str) -> bool:
    """Return whether `one` is before `other`; False where either cannot be read as a time in UTC.

    A time in a tag has no fraction of a second, so that another is compared with it without one.
    """
    first, second = _comparable(one), _comparable(other)
    if _IN_A_TAG.fullmatch(one) or _IN_A_TAG.fullmatch(other):
        first, second = first[:_TO_THE_SECOND], second[:_TO_THE_SECOND]
    return bool(first and second) and first < second


def _comparable(time: str) -> str:
    """Return a text that sorts by time; empty if it is not a time in UTC."""
    if found := _UTC.fullmatch(time):
        return found[1]
    found = _IN_A_TAG.fullmatch(time)
    if found is None:
        return ""
    month, day, year, hour, rest, half = found.groups()
    hours = int(hour) % 12 + (12 if half == "PM" else 0)
    return f"{year}-{int(month):02}-{int(day):02}T{hours:02}:{rest}"
