"""The files below the workspace: those that the run writes, each by a name of its own, and those that inputs name."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.values import is_path_below


@dataclass(frozen=True, slots=True)
class Files:
    """The paths of the JSON record, the step summary beside it, and the page of the replay; empty: not asked for."""

    record: str = ""
    summary: str = ""
    replay: str = ""


def files_of(form: Form) -> Files:
    """Return the files that the inputs ask for; empty in place of each that cannot be written."""
    record = _record_path(form)
    summary = str(PurePosixPath(record).with_suffix(".md")) if record else ""
    return Files(record=record, summary=summary, replay=_replay_path(form, summary))


def _record_path(form: Form) -> str:
    path = _path(form, "report-path", "out/report.json")
    if PurePosixPath(path).suffix.lower() == ".md":
        remedy = f"Write {PurePosixPath(path).with_suffix('.json')}: the summary gets the same name with .md."
        form.problem("report-path", f"{path!r} is a name for Markdown, but the record is JSON", remedy)
        return ""
    # even a refused run writes its record: the previous image would be lost
    if path and form["record"] and PurePosixPath(path) == PurePosixPath(form["record"]):
        lack = f"{path!r} is the file of `record` as well, which a later run may need"
        form.problem("report-path", lack, "Give the record of this run a file of its own, such as out/report.json.")
        return ""
    return path


def _replay_path(form: Form, summary: str) -> str:
    path = _path(form, "report-html", "out/rollout.html")
    taken = {
        form["report-path"]: "the file of `report-path` as well",
        summary: "the file of the summary beside the record of `report-path` as well",
        form["record"]: "the file of `record` as well, which is read",
    }
    for other, whose in taken.items():
        if path and other and PurePosixPath(path) == PurePosixPath(other):
            form.problem("report-html", f"{path!r} is {whose}", "Give each a file of its own, such as rollout.html.")
            return ""
    return path


def _path(form: Form, name: str, example: str) -> str:
    """Return the path of a file that is to be written below the workspace; empty if there is none, or a problem."""
    value = form[name]
    if value and not is_path_below(value):
        lack = f"{value!r} does not name a file below the workspace"
        form.problem(name, lack, f"Write a relative path, such as {example}.")
        return ""
    if any(part.lower() == ".git" for part in PurePosixPath(value).parts):
        lack = f"{value!r} is below a .git folder, whose files later steps may execute"
        form.problem(name, lack, f"Write it to another folder, such as {example}.")
        return ""
    return value


class Unusable(Exception):
    """The reason for not going by a file."""


def bytes_below(workspace: str, path: str, most: int) -> bytes:
    """Return the contents of a regular file below the workspace, at most `most` bytes.

    A pipe is not waited for: it may never have a writer. Raises Unusable.
    """
    if not is_path_below(path):
        raise Unusable("does not name a file below the workspace")
    try:
        contents = _contents(Path(workspace).resolve(), path, most)
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror}") from error
    except RuntimeError as error:  # until Python 3.12
        raise Unusable("is a link that leads to itself") from error
    if len(contents) > most:
        raise Unusable(f"is larger than {most // 1024:,} KiB")
    return contents


def _contents(root: Path, path: str, most: int) -> bytes:
    """Return one byte too many of a file that is too large. Raises Unusable, OSError, RuntimeError."""
    file = (root / path).resolve(strict=True)
    if not file.is_relative_to(root):
        raise Unusable("leads out of the workspace")
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unusable("is not a regular file")
        return stream.read(most + 1)
