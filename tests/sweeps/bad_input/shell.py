"""A later step of the job that shows the action's files: a shell runs it, and its text is read as the runner reads a
log.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

SECONDS = 20
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
    done = subprocess.run(["sh"], input=script, capture_output=True, timeout=SECONDS, check=True)
    return commands_in(done.stdout.decode("utf-8", "replace"))


def commands_in(log: str) -> list[str]:
    """Return the lines that are commands."""
    return [line for line in _LINE_ENDS.split(log) if _OLD.search(line) or _NEW.match(line)]
