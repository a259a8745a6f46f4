"""Which scale set belongs to which wave, and under which name. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vmss_upgrade.fleet.configuration import Configuration
from vmss_upgrade.ports import FoundSet

LONGEST_NAME: Final = 100  # characters
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One scale set of the fleet, before anything was read of it. The id is empty if its entry does not name one."""

    name: str
    scale_set_id: str
    wave: str

    @property
    def reference(self) -> str:
        """What the input `scale-set` names it by."""
        return self.scale_set_id or self.name


def members_of(configuration: Configuration, ids: Mapping[str, str], found: Iterable[FoundSet]) -> tuple[Member, ...]:
    """Return every scale set of the waves, each in the first wave that names or finds it.

    They are in the order of the waves; in a wave those that it names come first, then those that it finds, by id.
    `ids`: name of an entry -> id of its scale set. `found`: what Azure's index lists, with or without such tags.
    """
    entries = {entry.name.lower(): entry for entry in configuration.entries}
    by_id = {ids[name].lower(): name.lower() for name in ids if ids[name]}
    tagged = {each.id.lower(): each for each in sorted(found, key=lambda each: each.id.lower())}
    names = _names_of([each.id for key, each in tagged.items() if key not in by_id], entries)
    members: dict[str, Member] = {}  # by id, of an entry without one by its name
    for wave in configuration.waves:
        bearers = [key for key, each in tagged.items() if any(tag.is_among(each.tags) for tag in wave.tags)]
        named = [name.lower() for name in wave.members]
        for name in [*named, *(by_id[key] for key in bearers if key in by_id)]:
            entry = entries[name]
            id_ = ids.get(entry.name, "")
            members.setdefault(id_.lower() or entry.name, Member(name=entry.name, scale_set_id=id_, wave=wave.name))
        for key in bearers:
            if key not in by_id:
                members.setdefault(key, Member(name=names[key], scale_set_id=tagged[key].id, wave=wave.name))
    return tuple(members.values())


def namesakes_among(members: Iterable[Member]) -> frozenset[str]:
    """Return the names in Azure, in small letters, that several of the scale sets have."""
    count = Counter(_own_name(member.scale_set_id).lower() for member in members)
    return frozenset(name for name, number in count.items() if number > 1)


def unused_entries(configuration: Configuration, members: Iterable[Member]) -> tuple[str, ...]:
    """Return the names of the entries that no wave names or finds."""
    used = {member.name for member in members}
    return tuple(entry.name for entry in configuration.entries if entry.name not in used)


def _names_of(ids: Sequence[str], taken: Iterable[str]) -> dict[str, str]:
    """Return id in lower case -> a name that no other set of the fleet has: its own, where needed with its group, and
    with its subscription. Jobs and files are named so: none holds more than letters, digits, `-`, `_` and `.`, and none
    begins with a dot.
    """
    names: dict[str, str] = {}
    used = {name.lower() for name in taken}
    left = list(ids)
    for form in (_own_name, _with_group, _with_subscription):
        count = Counter(form(id_).lower() for id_ in left)
        alone = [id_ for id_ in left if count[form(id_).lower()] == 1 and form(id_).lower() not in used]
        names |= {id_.lower(): form(id_) for id_ in alone}
        used |= {form(id_).lower() for id_ in alone}
        left = [id_ for id_ in left if id_.lower() not in names]
    for id_ in left:
        number = next(n for n in range(2, len(ids) + len(used) + 3) if f"{_own_name(id_)}-{n}".lower() not in used)
        names[id_.lower()] = f"{_own_name(id_)}-{number}"
        used.add(names[id_.lower()].lower())
    return names


def _own_name(id_: str) -> str:
    return id_.rpartition("/")[2]


def _with_group(id_: str) -> str:
    return _cut(_NOT_IN_NAMES.sub("-", f"{id_.split('/')[4]}.{_own_name(id_)}"))


def _with_subscription(id_: str) -> str:
    return _cut(f"{id_.split('/')[2][:8]}.{_with_group(id_)}")


def _cut(name: str) -> str:
    """Return the end of a name, without a dot before it: hidden files are not among those that GitHub uploads."""
    return name[-LONGEST_NAME:].lstrip("-._")
