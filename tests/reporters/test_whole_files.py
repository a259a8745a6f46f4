"""Files on a bad day: a full disk, a planted link, something that is no file at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from builders import fleet, report_of, run_of
from vmss_upgrade.job.progress import Memory
from vmss_upgrade.reporters import files
from vmss_upgrade.reporters.files import append_whole, reason_of
from vmss_upgrade.reporters.outputs import as_outputs, write_outputs
from vmss_upgrade.reporters.record import write_record
from vmss_upgrade.rollout.history.events import ScaleSetRead
from vmss_upgrade.rollout.history.report import Report

DONE = report_of(run_of(fleet("01")))
BEFORE = "earlier=1\n"


def full_after(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Let the disk take only so many bytes more."""
    left = [room]
    really = os.write

    def write(descriptor: int, content: Any) -> int:
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        written = really(descriptor, content[: min(left[0], 7)])
        left[0] -= written
        return written

    monkeypatch.setattr(files.os, "write", write)


@pytest.mark.parametrize("room", [0, 1, 30, 100, 1000])
@pytest.mark.parametrize("what", ["outputs", "state", "text"])
def test_a_full_disk_leaves_the_file_as_it_was(
    what: str, room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text(BEFORE)
    event = ScaleSetRead(at=0.0, model=DONE.model) if DONE.model else None
    assert event
    full_after(monkeypatch, min(room, 20) if what == "state" else room)
    with pytest.raises(OSError, match="No space left"):
        match what:
            case "outputs":
                write_outputs(as_outputs(DONE, "") | {"plan": "x" * 2000}, str(file))
            case "state":
                Memory(str(file)).take(event)
            case "text":
                append_whole(str(file), "y" * 2000)
    assert file.read_text() == BEFORE


def test_a_limit_of_the_system_is_a_full_disk(tmp_path: Path) -> None:
    """Meet a real limit: the kernel takes a part of what is written, and refuses the rest."""
    file = tmp_path / "file"
    file.write_text(BEFORE)
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
        "from vmss_upgrade.reporters.files import append_whole, reason_of\n"
        f"append_whole({str(file)!r}, 'x' * 2000)"
    )
    path = {"PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")}
    done = subprocess.run([sys.executable, "-B", "-c", script], env=path, capture_output=True, text=True)
    assert "OSError" in done.stderr
    assert file.read_text() == BEFORE


def test_a_line_that_somebody_left_open_does_not_swallow_ours(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("earlier=1")
    append_whole(str(file), "mine=2\n")
    assert file.read_text() == "earlier=1\nmine=2\n"


@pytest.mark.parametrize("kind", ["folder", "fifo", "fifo-with-a-reader", "device", "below-a-file", "missing-folder"])
def test_a_path_that_is_no_file_is_refused_without_waiting(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    if kind == "folder":
        file.mkdir()
    elif kind.startswith("fifo"):
        os.mkfifo(file)
    elif kind == "below-a-file":
        file.write_text("x")
        file /= "x"
    elif kind == "missing-folder":
        file = tmp_path / "none" / "file"
    reader = os.open(file, os.O_RDONLY | os.O_NONBLOCK) if kind == "fifo-with-a-reader" else None
    with pytest.raises(OSError):
        append_whole("/dev/full" if kind == "device" else str(file), "x")
    if reader is not None:
        os.close(reader)


# -- the record -----------------------------------------------------------------------------------------------------


def left_in(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*")}


@pytest.mark.parametrize(
    ("content", "is_written"),
    [
        pytest.param(None, True, id="absent"),
        pytest.param("", True, id="empty"),
        pytest.param('{"schema": "vmss-upgrade/record/1", "outcome": "halted"}', True, id="a-record"),
        pytest.param('{\n  "a": 1, "schema": "vmss-upgrade/record/2"}', True, id="a-later-record-sorted"),
        pytest.param("all:\n\ttrue\n", False, id="Makefile"),
        pytest.param("{}", False, id="other-json"),
        pytest.param("[]", False, id="a-list"),
        pytest.param('{"schema": ["vmss-upgrade/record/1"]}', False, id="a-schema-that-is-none"),
        pytest.param('// "schema": "vmss-upgrade/record/1"', False, id="a-comment"),
        pytest.param("[" * 100_000, False, id="deep"),
        pytest.param("\ufeff \udcff", False, id="no-utf-8"),
    ],
)
def test_only_a_record_is_written_over(content: str | None, is_written: bool, tmp_path: Path) -> None:
    file = tmp_path / "Makefile"
    if content is not None:
        file.write_bytes(content.encode("utf-8", "surrogateescape"))
    if is_written:
        write_record(DONE, str(tmp_path), "Makefile")
        assert json.loads(file.read_text())["outcome"] == "succeeded"
    else:
        with pytest.raises(ValueError, match="not a record of this action"):
            write_record(DONE, str(tmp_path), "Makefile")
        assert file.read_bytes() == (content or "").encode("utf-8", "surrogateescape")
    assert left_in(tmp_path) == {"Makefile"}


@pytest.mark.parametrize(
    "path",
    [
        ".git/config", ".git/x.json", ".GIT/x.json", "sub/.Git/hooks/x", ".git", "git~1/x", "GIT~1/x", ".git./x",
        "link/x.json", "deep/link/x.json", ".git\u200c/x", ".git /x",
    ],
)  # fmt: skip
def test_nothing_is_written_below_git(path: str, tmp_path: Path) -> None:
    (tmp_path / ".git" / "hooks").mkdir(parents=True)
    (tmp_path / ".git" / "config").write_text("")
    (tmp_path / "link").symlink_to(".git/hooks")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "link").symlink_to("../link")
    before = left_in(tmp_path)
    with pytest.raises(ValueError, match=r"below \.git|a log"):
        write_record(DONE, str(tmp_path), path)
    assert left_in(tmp_path) == before
    assert (tmp_path / ".git" / "config").read_text() == ""


@pytest.mark.parametrize(
    "path",
    ["a\nb.json", "a\r::error::x", "::error::x", "##[error]x/y", "\u202egnp.json", "a\x1bb", " a", "x?sig=abcdefgh"],
)
def test_a_path_that_a_log_would_not_show_as_it_is_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a log"):
        write_record(DONE, str(tmp_path), path)
    assert left_in(tmp_path) == set()


@pytest.mark.parametrize("kind", ["folder", "fifo", "dangling-link", "link-to-a-file", "socket"])
def test_no_link_and_nothing_but_a_file_is_written_to(kind: str, tmp_path: Path) -> None:
    workspace, victim = tmp_path / "workspace", tmp_path / "victim"
    workspace.mkdir()
    file = workspace / "record.json"
    match kind:
        case "folder":
            file.mkdir()
        case "fifo" | "socket":
            os.mkfifo(file)
        case "dangling-link":
            file.symlink_to(victim)
        case _:
            victim.write_text("")
            file.symlink_to(victim)
    with pytest.raises((OSError, ValueError)):
        write_record(DONE, str(workspace), "record.json")
    assert not victim.exists() or victim.read_text() == ""
    assert left_in(workspace) == {"record.json"}


def test_a_folder_that_becomes_a_link_meanwhile_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put a link where the folder was, between the look and the writing."""
    workspace, elsewhere = tmp_path / "workspace", tmp_path / "elsewhere"
    (workspace / "out").mkdir(parents=True)
    elsewhere.mkdir()
    really = Path.resolve

    def resolve(path: Path, strict: bool = False) -> Path:
        found = really(path, strict)
        if path.name == "record.json":
            (workspace / "out").rmdir()
            (workspace / "out").symlink_to(elsewhere)
        return found

    monkeypatch.setattr(Path, "resolve", resolve)
    with pytest.raises(OSError):
        write_record(DONE, str(workspace), "out/record.json")
    assert left_in(elsewhere) == set()


def test_a_record_that_does_not_fit_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_record(Report(), str(tmp_path), "out/record.json")
    before = (tmp_path / "out/record.json").read_text()
    full_after(monkeypatch, 300)
    with pytest.raises(OSError, match="No space left"):
        write_record(DONE, str(tmp_path), "out/record.json")
    assert left_in(tmp_path) == {"out", "out/record.json"}
    assert (tmp_path / "out/record.json").read_text() == before


def test_a_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(OSError):
        write_record(DONE, str(tmp_path), "out/record.json")
    assert left_in(tmp_path) == {"out"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(ValueError("'a' leads out of the workspace"), "'a' leads out of the workspace", id="ours"),
        pytest.param(OSError("'a' is not a regular file"), "'a' is not a regular file", id="ours-about-a-file"),
        pytest.param(OSError(28, "No space left on device"), "No space left on device", id="system"),
        pytest.param(IsADirectoryError(21, "Is a directory", "a"), "Is a directory: 'a'", id="system-with-the-file"),
        pytest.param(KeyError("x"), "KeyError: 'x'", id="not-foreseen"),
    ],
)
def test_a_warning_says_in_words_why_a_file_was_not_written(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
