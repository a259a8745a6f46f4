"""What a configuration file says: named scale sets with values for inputs, and waves that they are rolled out in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
    if so many sets of this one did not end well; at least 1. `number`: its place in the file, from 1 on (0: not known).
    """

    name: str
    number: int = 0
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


def entries_of_one_set(ids: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the names of entries that name one and the same scale set."""
    by_id: dict[str, list[str]] = {}
    for name, id_ in ids.items():
        if id_:
            by_id.setdefault(id_.lower(), []).append(name)
    return [tuple(names) for names in by_id.values() if len(names) > 1]


def waves_asked_for(waves: Sequence[Wave], asked: Sequence[str]) -> tuple[tuple[Wave, ...], list[str]]:
    """Return the waves that were asked for, by name or by number from 1 on, in the order of the file; and the words
    that name none. Without words, all are asked for.
    """
    if not asked:
        return tuple(waves), []
    chosen, unknown = set(), []
    for word in asked:
        by_name = [number for number, wave in enumerate(waves) if wave.name.lower() == word.lower()]
        by_number = [int(word) - 1] if re.fullmatch(r"[0-9]{1,4}", word) and 0 < int(word) <= len(waves) else []
        if not (by_name or by_number):
            unknown.append(word)
        chosen.update((by_name or by_number)[:1])
    return tuple(wave for number, wave in enumerate(waves) if number in chosen), unknown
