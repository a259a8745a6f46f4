"""The changes of every instance during a run, for those who look at the run again: a fold of looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.scale_set import Health, Instance, Power

MOST_CHANGES: Final = 100  # kept of one instance, whose health may come and go for hours
MOST_COUNTS: Final = 5000  # of healthy instances

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class State:
    """What is shown of an instance at one moment. `provisioning` is Azure's word."""

    cell: Cell
    health: Health
    provisioning: str
    power: Power
    image: Image | None


@dataclass(slots=True)
class Changes:
    """The changes so far, each with its moment in seconds since the rollout began.

    `by_instance` holds the states of every instance that was ever listed (None: not listed any more), `last_seen` the
    instance itself, `healthy` the number of healthy instances, and `floors` how many must stay healthy.
    """

    by_instance: dict[str, list[tuple[float, State | None]]] = field(default_factory=dict)
    last_seen: dict[str, Instance] = field(default_factory=dict)
    healthy: list[tuple[float, int]] = field(default_factory=list)
    floors: list[tuple[float, int]] = field(default_factory=list)

    def see(self, instances: tuple[Instance, ...], cells: Mapping[str, Cell], at: float) -> None:
        """Note the changes that a look shows. `cells` are those of the instances that may have changed."""
        for instance in instances:
            if instance.id in cells:
                self.last_seen[instance.id] = instance
                known = self.by_instance.setdefault(instance.id, [])
                _note(known, at, _state(instance, cells[instance.id]), MOST_CHANGES)
        for id_ in self.by_instance.keys() - {instance.id for instance in instances}:
            _note(self.by_instance[id_], at, None, MOST_CHANGES)

    def count_healthy(self, count: int, at: float) -> None:
        """Note how many instances are healthy."""
        _note(self.healthy, at, count, MOST_COUNTS)

    def set_floor(self, count: int, at: float) -> None:
        """Note how many instances must stay healthy, which follows the number of instances."""
        _note(self.floors, at, count, MOST_COUNTS)


def _state(instance: Instance, cell: Cell) -> State:
    return State(cell, instance.health, str(instance.provisioning), instance.power, instance.image)


def _note(changes: list[tuple[float, T]], at: float, value: T, most: int) -> None:
    """Append a value if it is another than the last one. If as many as may be kept are there, it replaces the last one.

    Of several values at one moment, the last one stays.
    """
    if changes and (changes[-1][0] == at or (len(changes) == most and changes[-1][1] != value)):
        changes.pop()
    if not changes or changes[-1][1] != value:
        changes.append((at, value))
