"""The JSON record's file, in a workspace that holds the sources of others and, it may be, their traps.

The folders on the way are opened one below the other, none through a link: a link that is put there after it was looked
at leads nowhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Final

from vmss_upgrade.reporters.files import size_of_regular, write_all
from vmss_upgrade.reporters.record import SCHEMA, as_text
from vmss_upgrade.reporters.sanitiser.text import clean
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.order import LARGEST_RECORD

_SCHEMAS: Final = SCHEMA.rpartition("/")[0] + "/"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITING: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ANOTHER: Final = "Give `report-path` the name of a file that does not exist yet."


def write_record(report: Report, workspace: str, path: str) -> None:
    """Write the JSON record to `path` below the workspace, in whole or not at all.

    Links inside of the workspace are followed. Raises ValueError where the path leads out of it or below .git, is not
    shown by a log as it is, or names something that is neither empty nor a record; OSError where it cannot be written.
    """
    if clean(path) != path:
        raise ValueError(f"report-path {path!r} is not what a log shows of it. {_ANOTHER}")
    root = Path(workspace).resolve()
    target = (root / path).resolve()
    if not target.is_relative_to(root) or target == root:
        raise ValueError(f"report-path {path!r} leads out of the workspace")
    inside = target.relative_to(root)
    if any(_is_gits(part) for part in (*Path(path).parts, *inside.parts)):
        raise ValueError(f"report-path {path!r} names a file below .git. {_ANOTHER}")
    folder = _opened(root, inside.parts[:-1])
    try:
        _refuse_what_is_no_record(folder, inside.name, path)
        _replace(folder, inside.name, as_text(report).encode())
    finally:
        os.close(folder)


def _is_gits(part: str) -> bool:
    """Whether some file system takes the name for `.git`."""
    return part.rstrip(". ").casefold() in (".git", "git~1")


def _opened(root: Path, parts: tuple[str, ...]) -> int:
    """The folder, made where it is missing."""
    root.mkdir(parents=True, exist_ok=True)
    folder = os.open(root, _FOLDER)
    for part in parts:
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, dir_fd=folder)
            below = os.open(part, _FOLDER, dir_fd=folder)
        finally:
            os.close(folder)
        folder = below
    return folder


def _refuse_what_is_no_record(folder: int, name: str, path: str) -> None:
    try:
        descriptor = os.open(name, _READING, dir_fd=folder)
    except FileNotFoundError:
        return
    try:
        size = size_of_regular(descriptor, path)
        if size and not (size <= LARGEST_RECORD and _is_record(os.pread(descriptor, size, 0))):
            raise ValueError(f"report-path {path!r} exists, and is not a record of this action; it is kept. {_ANOTHER}")
    finally:
        os.close(descriptor)


def _is_record(content: bytes) -> bool:
    try:
        record = json.loads(content.decode())
    except (ValueError, RecursionError):
        return False
    schema = record.get("schema") if isinstance(record, dict) else None
    return isinstance(schema, str) and schema.startswith(_SCHEMAS)


def _replace(folder: int, name: str, content: bytes) -> None:
    part = f".vmss-upgrade-{secrets.token_hex(8)}.part"
    descriptor = os.open(part, _WRITING, 0o666, dir_fd=folder)
    try:
        try:
            write_all(descriptor, content)
        finally:
            os.close(descriptor)
        os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(part, dir_fd=folder)
        raise
