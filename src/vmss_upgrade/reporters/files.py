"""Files that others read while they grow, or that others own: written whole, or left as they were."""

from __future__ import annotations

import os
import stat

_OPENING = os.O_CLOEXEC | os.O_NONBLOCK  # not to wait for whoever reads a FIFO, which is refused afterwards


def append_whole(file: str, text: str) -> None:
    """Append the text to the file, on a line of its own; it is made where it is missing.

    Raises OSError where it is no regular file, or takes only a part: then it is as long again as before, so that no
    delimiter is left open in it.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | _OPENING, 0o666)
    try:
        size = size_of_regular(descriptor, file)
        is_open = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        try:
            write_all(descriptor, b"\n" * is_open + text.encode("utf-8", "replace"))
        except BaseException:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it, in as many pieces as the file system takes. Raises OSError."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def size_of_regular(descriptor: int, name: str) -> int:
    """The file's size in bytes. Raises OSError where it is a FIFO, a device or a folder."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{name!r} is not a regular file")
    return status.st_size


def save_state(file: str, name: str, value: str) -> None:
    """Append a value to GitHub's state file, between delimiters that the value cannot forge. Raises OSError."""
    from actions_toolkit.core import prepare_key_value_message  # here: its imports take long

    append_whole(file, f"{prepare_key_value_message(name, value)}\n")
