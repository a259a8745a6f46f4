"""Surge: new instances that are there before the first old one is upgraded, and are deleted at the end. Pure.

Sources: new instances are made from the current model ("Upgrade policy modes"); a delete by ids lowers the capacity
(openshift/openshift-azure#138), a count without ids lets Azure choose ("Custom scale-in policies"); overprovisioning
shows more instances than asked for until it has settled.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vmss_upgrade.rollout.goal import is_on
from vmss_upgrade.rollout.policy import Share
from vmss_upgrade.rollout.scale_set import Instance, ScaleSet
from vmss_upgrade.rollout.wording import in_natural_order, listed

# seconds after the model got its image within which a run raises the capacity, and Azure creates all of its instances
RAISED_WITHIN = 15 * 60.0
_UTC = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d(?:\.\d+)?)(?:Z|\+00:00)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """New instances (`instance_ids`, empty until they are known) beside a scale set of the capacity `former`.

    `added`: so many were asked for. `floor`: so many of the others must be healthy, at any time and at the end.
    """

    former: int
    added: int
    floor: int
    instance_ids: tuple[str, ...] = ()

    @property
    def raised(self) -> int:
        """The capacity with the new instances."""
        return self.former + self.added


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Instances that look as if the surge of an earlier run had created them; `is_certain`: it has."""

    instance_ids: tuple[str, ...]
    is_certain: bool


def created_since(instances: Iterable[Instance], before: Collection[str]) -> tuple[str, ...]:
    """Return the instances made from the model that stay, and were not there `before`."""
    staying = (i for i in instances if not i.is_attached and not i.is_being_deleted)
    return tuple(i.id for i in staying if i.id not in before)


def why_to_stay(scale_set: ScaleSet, surge: Surge) -> str:
    """Return why the new instances may not be deleted now; empty if nothing forbids it."""
    others = [i for i in scale_set.staying if i.id not in surge.instance_ids]
    changing = [instance.id for instance in others if instance.is_changing]
    if changing:
        return f"instances are being created or updated ({listed(changing)})"
    left = len(scale_set.healthy_ids.intersection(instance.id for instance in others))
    return f"only {left} of the other instances are healthy, not {surge.floor} as before" if left < surge.floor else ""


def left_by_an_earlier_run(scale_set: ScaleSet, share: Share) -> Leftover | None:
    """Return the instances that an earlier run with this `share` left, having been killed; None if there are none.

    They are the newest, by id and by time, created since the model got its image, and they run it. It is certain that a
    surge made them if they are exactly as many as it makes of the others, and were created as soon after the model got
    its image as a run does it. It is not of all others, nor of a VHD, which no instance shows.
    """
    model, staying = scale_set.model, scale_set.staying
    held_since = moment_of(model.time)
    if held_since is None or model.image.is_vhd or model.image.is_floating:
        return None
    created = {i.id: moment_of(i.created) for i in staying}
    found = [i for i in staying if (at := created[i.id]) is not None and at >= held_since and is_on(i, model.image)]
    others = [i for i in staying if i not in found]
    last = max((in_natural_order(i.id) for i in others), default=None)
    if not found or last is None or share.at_most(len(others)) != len(found):
        return None
    if any(in_natural_order(i.id) < last for i in found):
        return None
    latest = max(at for i in found if (at := created[i.id]) is not None)
    ids = tuple(instance.id for instance in found)
    return Leftover(instance_ids=ids, is_certain=latest - held_since <= RAISED_WITHIN)


def moment_of(time: str) -> float | None:
    """Return a time in UTC, as Azure writes it, in seconds; None if it is none. Only differences mean something."""
    found = _UTC.fullmatch(time)
    if found is None:
        return None
    year, month, day, hour, minute = map(int, found.groups()[:5])
    if month < 3:  # March begins the year, so that the leap day is its last
        year, month = year - 1, month + 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day
    return ((days * 24 + hour) * 60 + minute) * 60 + float(found[6])
