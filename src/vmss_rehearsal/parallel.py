"""Plays that do not depend on each other, on every processor that there is, and in one process more: so no processor
idles while the longest play goes on.
"""

from __future__ import annotations

import gc
import os
import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
_MOST = 200  # plays: their numbers are the bytes in a pipe
_KILL = 9


def play_all(plays: Sequence[Callable[[], T]]) -> list[T]:
    """Return the results in the order of `plays`. Raises RuntimeError if one of them failed in another process.

    This process plays, too: it remains one that a signal can end, and takes its children with it.
    """
    assert len(plays) <= _MOST
    gc.freeze()  # no process looks through what all of them share: that would copy it
    numbers, fill = os.pipe()
    os.write(fill, bytes(range(len(plays))))
    os.close(fill)
    children: list[tuple[int, int]] = []
    try:
        for _ in range(min(len(plays) - 1, len(os.sched_getaffinity(0)))):
            children.append(_child(plays, numbers))
        results = dict(_played(plays, numbers))
        for _, answers in children:
            results |= _results(answers)
    except BaseException:
        for child, _ in children:
            with suppress(ProcessLookupError):
                os.kill(child, _KILL)
        raise
    finally:
        os.close(numbers)
        for child, answers in children:
            os.close(answers)
            os.waitpid(child, 0)
    return [results[number] for number in range(len(plays))]


def _played(plays: Sequence[Callable[[], T]], numbers: int) -> Iterator[tuple[int, T]]:
    """Play what no other process has taken, until nothing is left."""
    while number := os.read(numbers, 1):
        yield number[0], plays[number[0]]()


def _child(plays: Sequence[Callable[[], Any]], numbers: int) -> tuple[int, int]:
    """Start a process that plays, too. Returns its id, and where its results are read."""
    answers, write = os.pipe()
    if child := os.fork():
        os.close(write)
        return child, answers
    try:  # the child: it has no last words, and leaves its parent's files alone
        os.close(answers)  # or it would wait for itself to read, where its parent is killed
        try:
            result: Any = dict(_played(plays, numbers))
        except BaseException:
            result = traceback.format_exc()
        with os.fdopen(write, "wb") as file:
            pickle.dump(result, file)
    finally:
        os._exit(0)


def _results(answers: int) -> dict[int, Any]:
    with os.fdopen(answers, "rb", closefd=False) as file:
        try:
            found = pickle.load(file)
        except EOFError:
            found = "it ended without a result"
    if isinstance(found, str):
        raise RuntimeError(f"A play failed in another process: {found}")
    return dict(found)
