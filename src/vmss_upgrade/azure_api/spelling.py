"""Names that come back in another letter case than before: as they were first seen they stay, so that one is one.

Resource Manager compares names without regard to case, and does not keep to one (wire facts, section 1). Whoever
compares two looks by their names would take an instance for one that vanished and another that was created.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vmss_upgrade.rollout.scale_set import Instance


class Spelling:
    """The letter case of each name at the first look that showed it."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def kept(self, instances: Iterable[Instance]) -> tuple[Instance, ...]:
        """The instances with ids, zones and placement groups as they were first seen."""
        return tuple(map(self._kept, instances))

    def _kept(self, instance: Instance) -> Instance:
        names = (instance.id, instance.zone, instance.placement_group)
        first = tuple(self._first.setdefault(name.lower(), name) for name in names)
        if first == names:
            return instance
        return replace(instance, id=first[0], zone=first[1], placement_group=first[2])
