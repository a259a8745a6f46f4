"""What the runner takes for commands, in the log (actions/runner `ActionCommand.cs`) and in what a later step shows."""

import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeps.bad_input.hostile_text import FORGED

# The action's own commands, apart from masks.
MEANT = ("group", "endgroup", "error", "warning", "notice", "debug")
# Our texts contain no line break: a `%0A` was escaped by somebody else.
_TITLE = r"(?:[^%:,]|%25|%3A|%2C)+"
_COMMAND = re.compile(rf"::(?P<name>[^\s:]+)(?: title=(?P<title>{_TITLE}))?::(?P<data>(?:[^%]|%25)*)")
_MASK = re.compile(r"::add-mask::(?:[^%]|%25|%0D|%0A)*")
_TITLES = re.compile(r"Input|Refused|Rolled back|Rollback failed|Roll(out|back) (halted|cancelled|out of time)")
_ACTED_UPON = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Line:
    """One line, and its problem for the runner or a terminal; empty if there is none."""

    text: str
    wrong: str

    @property
    def masks(self) -> bool:
        """True if it gives the runner a secret to hide, which is the only place for a secret."""
        return self.text.startswith("::add-mask::")


def lines(log: str) -> Iterator[Line]:
    """Split the log into lines, which end at LF, CR, or both (.NET's ReadLine)."""
    for text in re.split(r"\r\n|\r|\n", log):
        yield Line(text, _wrong_with(text))


def _wrong_with(text: str) -> str:
    if _MASK.fullmatch(text):
        return ""  # the plain secret: the runner takes the line for this command, and shows none of it
    if "##[" in text:
        return "contains a command of the old syntax"
    shown = _COLOUR.sub("", text)
    if _ACTED_UPON.search(shown):
        return "contains a control character for terminals"
    if not text.strip().startswith("::"):
        return ""
    command = _COMMAND.fullmatch(text)
    if command is None or command["name"] not in MEANT:
        return "is a command that the action does not give"
    if command["data"].strip().startswith(FORGED):
        return "is a command that somebody else has written"
    if command["title"] and not _TITLES.fullmatch(command["title"]):
        return "has a foreign title"
    return ""


_LINE_ENDS = re.compile(r"\r\n|\r|\n")
# actions/runner `ActionCommand.cs`: the old syntax anywhere in a line, the new one at the start of a line
_OLD = re.compile(r"##\[[^\]]*\]")
_NEW = re.compile(r"\s*::[\w-]+( .*?)?::")


def commands_out_of(files: Iterable[Path], values: Iterable[str]) -> list[str]:
    """Return the lines that the runner takes for commands after `cat` of each file and `echo` of each value.

    `sh` is the default in a container job; Debian's `echo` interprets `\n` and `\0043`.
    """
    shown = "".join(f"cat {shlex.quote(str(file))}\necho\n" for file in files if file.exists())
    said = "".join(f"echo {shlex.quote(value)}\n" for value in values)
    script = (shown + said).replace("\x00", "").encode("utf-8", "surrogatepass")
    done = subprocess.run(["sh"], input=script, capture_output=True, timeout=20, check=True)
    return commands_in(done.stdout.decode("utf-8", "replace"))


def commands_in(log: str) -> list[str]:
    """Return the lines that are commands."""
    return [line for line in _LINE_ENDS.split(log) if _OLD.search(line) or _NEW.match(line)]
