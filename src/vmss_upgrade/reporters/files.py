"""Files that other programs read while they grow, or that others own: written whole, or left as they were."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from vmss_upgrade.reporters.sanitiser.text import clean
from vmss_upgrade.rollout.order import LARGEST_RECORD

_APPENDING: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO is not waited for
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITING: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def append_whole(file: str, text: str) -> None:
    """Append the text to the file, on a line of its own; create the file if it is missing.

    Raises OSError if it is not a regular file, or takes only a part: then it is as long again as before, so that no
    delimiter is left open in it.
    """
    descriptor = os.open(file, _APPENDING, 0o666)
    try:
        size = _size_of_regular(descriptor, file)
        is_open = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        try:
            _write_all(descriptor, b"\n" * is_open + text.encode("utf-8", "replace"))
        except BaseException:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def save_state(file: str, name: str, value: str) -> None:
    """Append a value to GitHub's state file, between delimiters that the value cannot forge. Raises OSError."""
    from actions_toolkit.core import prepare_key_value_message  # here: its imports take long

    append_whole(file, f"{prepare_key_value_message(name, value)}\n")


def write_below(root: str, path: str, content: bytes, *, check_old: Callable[[bytes], None]) -> None:
    """Write a file below `root`, in whole or not at all. What is there already, unless empty, must pass `check_old`.

    Others own `root`, and may have laid traps. Links inside of it are followed; the folders on the way are then opened
    one below the other, none through a link: a link that is put there after it was looked at leads nowhere.

    Raises ValueError if the path leads out of `root` or below .git, or what `check_old` raises; OSError.
    """
    top = Path(root).resolve()
    target = (top / path).resolve()
    if not target.is_relative_to(top) or target == top:
        raise ValueError("leads out of the workspace")
    inside = target.relative_to(top)
    if any(_is_gits(part) for part in (*Path(path).parts, *inside.parts)):
        raise ValueError("names a file below .git")
    folder = _opened(top, inside.parts[:-1])
    try:
        old = _content_of(folder, inside.name)
        if old:
            check_old(old)
        _replace(folder, inside.name, content)
    finally:
        os.close(folder)


def write_json_record(root: str, path: str, text: str, *, family: str, kind: str) -> None:
    """Write a record to `path` below `root`, in whole or not at all, over nothing but a record of its `family`.

    `family` is how the schema begins. Raises ValueError if the path leads out of `root` or below .git, is not shown by
    a log as it is, or names a file that is neither empty nor such a record; OSError if it cannot be written.
    """

    def refuse_others(content: bytes) -> None:
        try:
            record = json.loads(content.decode()) if len(content) <= LARGEST_RECORD else None
        except (ValueError, RecursionError):
            record = None
        schema = record.get("schema") if isinstance(record, dict) else None
        if not isinstance(schema, str) or not schema.startswith(family):
            raise ValueError(f"exists, and is not {kind}; it is kept")

    try:
        if clean(path) != path:
            raise ValueError("cannot be shown in a log as it is")
        write_below(root, path, text.encode(), check_old=refuse_others)
    except ValueError as error:
        another = "Give `report-path` the name of a file that does not exist yet."
        raise ValueError(f"report-path {path!r} {error}. {another}") from error


def _is_gits(part: str) -> bool:
    """Return whether a file system may take the name for `.git`."""
    return part.rstrip(". ").casefold() in (".git", "git~1")


def _opened(root: Path, parts: tuple[str, ...]) -> int:
    """Open the folder, created if it is missing."""
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


def _content_of(folder: int, name: str) -> bytes:
    """Return what is in the file, of a large one only more than a record may hold; empty if there is no file."""
    try:
        descriptor = os.open(name, _READING, dir_fd=folder)
    except FileNotFoundError:
        return b""
    try:
        return os.pread(descriptor, min(_size_of_regular(descriptor, name), LARGEST_RECORD + 1), 0)
    finally:
        os.close(descriptor)


def _replace(folder: int, name: str, content: bytes) -> None:
    part = f".vmss-upgrade-{secrets.token_hex(8)}.part"
    descriptor = os.open(part, _WRITING, 0o666, dir_fd=folder)
    try:
        try:
            _write_all(descriptor, content)
        finally:
            os.close(descriptor)
        os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(part, dir_fd=folder)
        raise


def _write_all(descriptor: int, content: bytes) -> None:
    """Write all of it, in as many pieces as the file system takes. Raises OSError."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _size_of_regular(descriptor: int, name: str) -> int:
    """Return the file's size in bytes. Raises OSError if it is a FIFO, a device or a folder."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{name!r} is not a regular file")
    return status.st_size


def reason_of(error: Exception) -> str:
    """Return why a file was not written: in words, and only an error that nobody foresaw by its class as well."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f': {error.filename!r}' if error.filename else ''}"
    return str(error) if type(error) in (ValueError, OSError) else f"{type(error).__name__}: {error}"
