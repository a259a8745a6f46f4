"""The files below the workspace that a pattern matches, read without following a link, and never without a bound.

The workspace holds what others wrote: artifacts of other jobs, a checkout. A folder is opened below the one before it,
so that no link leads out, whenever it was put there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

from vmss_upgrade.rollout.order import LARGEST_RECORD

MOST_FILES: Final = 5_000  # that match; 256 scale sets, a plan, and some attempts of each
MOST_ENTRIES: Final = 200_000  # that are looked at; a checkout with what it built has fewer
DEEPEST: Final = 40  # folders
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO is not waited for
_ANY: Final = "**"


class TooMany(ValueError):
    """The reason for not going on: the pattern matches too much."""


class Unreadable(ValueError):
    """The reason for not going by one file. `str(error)` goes on a sentence about it: "is too large for a record"."""


@dataclass(slots=True)
class _Count:
    entries: int = 0
    files: int = 0


def matching(root: str, pattern: str) -> Iterator[str]:
    """Yield the paths below `root` of the files that match, in order of their names. `**` stands for any folders.

    Links and .git are passed over. Raises TooMany, OSError if `root` cannot be opened.
    """
    folder = os.open(os.path.realpath(root), _FOLDER)
    try:
        yield from _below(folder, "", frozenset({0}), PurePosixPath(pattern).parts, _Count())
    finally:
        os.close(folder)


def _below(folder: int, path: str, places: frozenset[int], parts: tuple[str, ...], count: _Count) -> Iterator[str]:
    """Yield what matches in one folder. `places`: how far into the pattern the way to it may have come."""
    names = sorted(os.listdir(folder))
    count.entries += len(names)
    if count.entries > MOST_ENTRIES or path.count("/") > DEEPEST:
        raise TooMany("leads through too many folders")
    places = _with_skipped(places, parts)
    for name in names:
        if name.casefold() == ".git":
            continue
        mode = _mode_of(name, folder)
        if stat.S_ISREG(mode) and any(at == len(parts) - 1 and _fits(name, parts[at]) for at in places):
            count.files += 1
            if count.files > MOST_FILES:
                raise TooMany(f"matches more than {MOST_FILES} files")
            yield path + name
        onward = frozenset(at if parts[at] == _ANY else at + 1 for at in places if _fits(name, parts[at]))
        if stat.S_ISDIR(mode) and (onward := onward - {len(parts)}):
            try:
                below = os.open(name, _FOLDER, dir_fd=folder)
            except OSError:
                continue  # it is gone, or closed to us
            try:
                yield from _below(below, f"{path}{name}/", onward, parts, count)
            finally:
                os.close(below)


def _with_skipped(places: frozenset[int], parts: tuple[str, ...]) -> frozenset[int]:
    """Return the places, with those after a `**`, which may stand for no folder."""
    found = set(places)
    for at in range(len(parts) - 1):
        if at in found and parts[at] == _ANY:
            found.add(at + 1)
    return frozenset(found)


def _fits(name: str, part: str) -> bool:
    """Return whether a name matches a part of the pattern; a hidden one only a part that begins with a dot, too."""
    is_hidden = name.startswith(".") and not part.startswith(".")
    return not is_hidden and (part == _ANY or fnmatchcase(name, part))


def _mode_of(name: str, folder: int) -> int:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        return 0


def content_of(root: str, path: str) -> bytes:
    """Return what is in a file below `root`. Raises Unreadable."""
    *folders, name = path.split("/")
    opened: list[int] = []
    try:
        opened.append(os.open(os.path.realpath(root), _FOLDER))
        for part in folders:
            opened.append(os.open(part, _FOLDER, dir_fd=opened[-1]))
        content = _read(name, opened[-1])
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    finally:
        for folder in reversed(opened):
            os.close(folder)
    return content


def event_of(path: str) -> str:
    """Return the event that started the workflow, as JSON, from the runner's file; empty if it cannot be read."""
    try:
        return _read(path, None).decode("utf-8", "replace") if path else ""
    except (OSError, Unreadable):
        return ""


def _read(name: str, folder: int | None) -> bytes:
    """Return what is in a regular file. Raises OSError, Unreadable."""
    with open(os.open(name, _FILE, dir_fd=folder), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise Unreadable("is not a regular file")
        content = stream.read(LARGEST_RECORD + 1)
    if len(content) > LARGEST_RECORD:
        raise Unreadable("is too large for a record")
    return content
