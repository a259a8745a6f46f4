"""Plays on several processors: each once, in order, and none left behind."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from vmss_rehearsal import parallel
from vmss_rehearsal.parallel import play_all


def use_processors(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(count)))


def play(folder: Path, number: int) -> int:
    with (folder / str(number)).open("a") as file:
        file.write("played\n")
    return number * number


@pytest.mark.parametrize("processors", [1, 2, 3, 16])
def test_each_is_played_once_and_the_results_are_in_order(
    processors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_processors(processors, monkeypatch)
    assert play_all([partial(play, tmp_path, number) for number in range(9)]) == [n * n for n in range(9)]
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == dict.fromkeys(map(str, range(9)), "played\n")
    assert play_all([]) == []


def only_in_children(monkeypatch: pytest.MonkeyPatch, here: Callable[[], object]) -> None:
    """Let this process do something else than to play."""
    me, played = os.getpid(), parallel._played
    monkeypatch.setattr(parallel, "_played", lambda *given: here() if os.getpid() == me else played(*given))


def fail() -> int:
    raise ValueError("no such trouble")


def hang() -> int:
    threading.Event().wait(60)
    return 0


def interrupt() -> object:
    raise KeyboardInterrupt


def test_an_error_in_another_process_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    use_processors(2, monkeypatch)
    only_in_children(monkeypatch, lambda: iter(()))
    with pytest.raises(RuntimeError, match="no such trouble"):
        play_all([fail, fail])


def test_a_child_ends_where_nobody_reads_its_result() -> None:
    """As where its parent was killed. The result is larger than a pipe holds."""
    numbers, fill = os.pipe()
    os.write(fill, bytes([0]))
    os.close(fill)
    child, answers = parallel._child([lambda: b"x" * 2**20], numbers)
    os.close(numbers)
    os.close(answers)
    ended, _, _ = select.select([os.pidfd_open(child)], [], [], 30)
    if not ended:
        os.kill(child, parallel._KILL)
    os.waitpid(child, 0)
    assert ended


def test_children_end_with_their_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long their plays would have taken."""
    use_processors(4, monkeypatch)
    only_in_children(monkeypatch, interrupt)
    children: list[int] = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: children.append(child := fork()) or child)
    with pytest.raises(KeyboardInterrupt):
        play_all([hang] * 9)
    assert len(children) == 4
    for each in children:
        with pytest.raises(ChildProcessError):
            os.waitpid(each, os.WNOHANG)
