"""The device that the action speaks through: lines, groups, annotations and masks on standard output.

It speaks two dialects: in GitHub Actions groups and annotations are commands (written by actions_toolkit, which escapes
them); on a terminal the same lines stand without them. Limits: 10 annotations per type and step, 4096 characters each
(actions/runner `ExecutionContext.cs`). What is said is in log.py.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from collections import Counter

from vmss_upgrade.errors import Interrupted, Place
from vmss_upgrade.reporters.sanitiser import known_secrets
from vmss_upgrade.reporters.sanitiser.text import clean, cut, shown, shown_lines

ANNOTATIONS_PER_TYPE = 10
ANNOTATION_LENGTH = 3900
LONGEST_TITLE = 200


class Console:
    """Standard output. `github`: speak the runner's commands. `colour`: use ANSI colours."""

    def __init__(self, *, github: bool, colour: bool) -> None:
        self._github = github
        self.colour = colour
        self._in_group = False
        self._annotations: Counter[str] = Counter()
        self._may_interrupt = True
        known_secrets.forget_secrets()

    def say_last_words(self) -> None:
        """Let an output that closes from now on interrupt nothing: the run is over."""
        self._may_interrupt = False

    def line(self, text: object = "", *, indent: int = 0, style: str = "") -> None:
        """Print one sanitised line."""
        said = shown(text)
        self.drawing(" " * indent + (f"\x1b[{style}m{said}\x1b[0m" if style and self.colour else said))

    def lines(self, text: str) -> None:
        """Print a text of several lines, each sanitised."""
        for line in shown_lines(text):
            self.drawing(line)

    def traceback(self, error: BaseException) -> None:
        """Print the traceback of a bug."""
        self.lines("".join(traceback.format_exception(error)))

    def drawing(self, line: str) -> None:
        """Print a line as it is: it must hold nothing foreign that was not sanitised."""
        line = line.encode("utf-8", "replace").decode()  # a secret of the environment may not be UTF-8
        try:
            _print_patiently(line)
        except BrokenPipeError:
            _write_to_nowhere()
            if self._may_interrupt:
                raise Interrupted from None  # the process that ran this step, and read its output, is gone
        except (OSError, ValueError):  # a full disk, or an output that is closed: the rollout goes on without a log
            _write_to_nowhere()

    def debug(self, text: str) -> None:
        """Print a line that GitHub shows only in debug runs."""
        if self._github:
            self._command("debug", shown(text))

    def mask(self, secret: str) -> None:
        """Keep a secret, and have the runner hide it in every form, before anything can print it.

        A secret that is too short to be hidden is passed over: it would be taken out of all texts.
        """
        if not known_secrets.is_long_enough(secret):
            return
        known_secrets.keep_secret(secret)
        if self._github:
            for form in (secret, *known_secrets.derived_forms(secret)):
                self._command("add-mask", form)

    def open_group(self, title: str) -> None:
        """Begin a group, after the end of the one before."""
        self.close_group()
        if self._github:
            self._command("group", shown(title))
        else:
            self.line(title, style="1")
        self._in_group = True

    def close_group(self) -> None:
        """End the group, if one is open."""
        if self._in_group and self._github:
            self._command("endgroup", "")
        self._in_group = False

    def error(self, text: str, title: str = "", place: Place | None = None) -> None:
        """Print an error annotation, within GitHub's limits, perhaps at a place in a file; a line on a terminal."""
        self._annotate("error", text, title, place)

    def warning(self, text: str, title: str = "") -> None:
        """Print a warning annotation."""
        self._annotate("warning", text, title)

    def notice(self, text: str, title: str = "") -> None:
        """Print a notice annotation."""
        self._annotate("notice", text, title)

    def _annotate(self, kind: str, text: str, title: str, place: Place | None = None) -> None:
        self._annotations[kind] += 1
        if not self._github or self._annotations[kind] > ANNOTATIONS_PER_TYPE:
            style = {"error": "1;91", "warning": "93"}.get(kind, "")
            title = f"{clean(title, LONGEST_TITLE)}: " if title else ""
            self.line(f"{kind.upper()}: {title}{text}", style=style)
            return
        message = clean(text, ANNOTATION_LENGTH)
        if self._annotations[kind] == ANNOTATIONS_PER_TYPE:
            message = cut(f"{message} (Further {kind}s are in the log and in the step summary only.)", 4096)
        where = {"file": clean(place.file), "line": str(place.line), "col": str(place.column)} if place else {}
        self._command(kind, message, title=clean(title, LONGEST_TITLE), **where)

    def _command(self, name: str, message: str, **properties: str) -> None:
        """Print a workflow command, escaped by actions_toolkit, flushed at once."""
        from actions_toolkit.core import issue_command  # here: its imports take long, and not every run needs them

        with io.StringIO() as command, contextlib.redirect_stdout(command):
            issue_command(name, {key: value for key, value in properties.items() if value}, message)
            text = command.getvalue()
        self.drawing(text.rstrip("\n"))


def _print_patiently(line: str) -> None:
    """Print the line also to an output that takes ASCII only, or does not wait. Raises OSError, ValueError."""
    try:
        print(line, flush=True)
    except UnicodeEncodeError:
        print(line.encode("ascii", "backslashreplace").decode(), flush=True)
    except BlockingIOError:
        os.set_blocking(sys.stdout.fileno(), True)
        sys.stdout.flush()  # what is left of it


def _write_to_nowhere() -> None:
    """Let everything that is still printed, and Python's own last flush, end nowhere instead of in an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = os.fdopen(nowhere, "w")
