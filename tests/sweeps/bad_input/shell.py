"""A later step of the job, which shows what was left behind: executed by a shell, read as the runner reads a log."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

SECONDS = 20
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
# actions/runner `ActionCommand.cs`: the old syntax anywhere in a line, the new one where the line begins with it
_OLD = re.compile(r"##\[[^\]]*\]")
_NEW = re.compile(r"\s*::[\w-]+( .*?)?::")


def commands_out_of(files: Iterable[Path], values: Iterable[str]) -> list[str]:
    """The lines that the runner would take for commands after `cat` of each file and `echo` of each value.

    `sh` is what a job in a container runs by default; Debian's `echo` turns `\\n` and `\\0043` into what they mean.
    """
    shown = "".join(f"cat {shlex.quote(str(file))}\necho\n" for file in files if file.exists())
    said = "".join(f"echo {shlex.quote(value)}\n" for value in values)
    script = (shown + said).replace("\x00", "").encode("utf-8", "surrogatepass")
    done = subprocess.run(["sh"], input=script, capture_output=True, timeout=SECONDS, check=True)
    return commands_in(done.stdout.decode("utf-8", "replace"))


def commands_in(log: str) -> list[str]:
    """The lines that are commands, by whomever."""
    return [line for line in _LINE_ENDS.split(log) if _OLD.search(line) or _NEW.match(line)]
