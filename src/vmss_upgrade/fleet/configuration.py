"""What a configuration file says: named scale sets with values for inputs, and waves that they are rolled out in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that scale sets of a wave bear. Azure compares names whatever their case, values exactly."""

    name: str
    value: str

    def is_among(self, tags: Mapping[str, str]) -> bool:
        """Return whether a scale set with these tags bears this one."""
        return any(name.lower() == self.name.lower() and value == self.value for name, value in tags.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A scale set of the file. `values`: input -> text, its own over the defaults; `scale-set` is among them."""

    name: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Scale sets that are rolled out side by side, before the next wave begins.

    `members` are names of entries, `tags` find scale sets in Azure: a set that bears any of them belongs to the wave.
    `max_parallel`: so many at once (None: all). `environment`: GitHub's, whose reviewers approve it; may be empty.
    `bake_time`: seconds between the wave's end and the next wave. `stop_after_failures`: the next wave does not begin
    if so many sets of this one did not end well; at least 1.
    """

    name: str
    members: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    max_parallel: int | None = None
    environment: str = ""
    bake_time: float = 0.0
    stop_after_failures: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A whole file. `defaults`: input -> text, for every scale set, also those that tags find."""

    defaults: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    waves: tuple[Wave, ...] = ()
