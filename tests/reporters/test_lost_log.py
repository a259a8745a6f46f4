"""A log that cannot be written: the rollout goes on, and summary, outputs and record are written all the same."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.playing import play
from harness.runner_files import read_outputs
from harness.scenarios import fleet_of
from vmss_upgrade.reporters import console as console_module
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.sanitiser.text import LONGEST_LINE

pytestmark = pytest.mark.sweep

PROJECT = Path(__file__).resolve().parents[2]


def started(tmp_path: Path, redirection: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start the main step (from bash: sh drops the inputs) with such a standard output; it refuses its inputs."""
    command = f'exec "{sys.executable}" "{PROJECT / "entrypoint.py"}" {redirection}'
    given = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "INPUT_REPORT-PATH": "record.json",
        **environ,
    }
    return subprocess.run(["bash", "-c", command], env=given, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", ">/dev/full 2>/dev/full", ">&- 2>&-", "</dev/null"])
def test_everything_is_written_whatever_becomes_of_the_log(redirection: str, tmp_path: Path) -> None:
    done = started(tmp_path, redirection)
    assert (done.returncode, done.stderr) == (1, "")
    assert read_outputs((tmp_path / "outputs").read_text())["outcome"] == "refused"
    assert "scale-set" in (tmp_path / "summary").read_text()
    assert (tmp_path / "record.json").exists()


def test_a_log_that_takes_ascii_only_says_what_it_can(tmp_path: Path) -> None:
    done = started(tmp_path, "", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
    assert "scale-set: is missing" in done.stdout


def test_a_pipe_that_is_not_waited_for_gets_every_line() -> None:
    """Read a pipe that was made non-blocking only once it is full, which the child reports by standard error."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    script = (
        "import os, sys\n"
        "from vmss_upgrade.reporters.console import Console\n"
        "really = os.set_blocking\n"
        "os.set_blocking = lambda *given: (print('full', file=sys.stderr, flush=True), really(*given))\n"
        "console = Console(github=False, colour=False)\n"
        "for n in range(3000): console.line(f'{n} ' + 'x' * 200)\n"
    )
    environ = {"PYTHONPATH": str(PROJECT / "src")}
    process = subprocess.Popen([sys.executable, "-c", script], env=environ, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert process.stderr
    first = process.stderr.readline()
    with open(reading) as stream:
        lines = stream.read().splitlines()
    assert (first, process.communicate()[1], process.returncode) == (b"full\n", b"", 0)
    assert [line.split()[0] for line in lines] == [str(number) for number in range(3000)]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), OSError(errno.EIO, "broken"), ValueError("closed")])
def test_a_log_that_is_lost_half_way_stops_no_rollout(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(text: str, **_: Any) -> None:
        if "batch 1 passed" in text:
            raise error

    monkeypatch.setattr(console_module, "print", failing, raising=False)
    monkeypatch.setattr(console_module, "_write_to_nowhere", lambda: None)
    played = play(fleet_of(), tmp_path)
    assert (played.exit_code, played.outputs["outcome"], played.record["outcome"]) == (0, "succeeded", "succeeded")


def test_a_line_is_as_long_as_somebody_reads(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(github=True, colour=True)
    text = "word " * 4_000_000
    console.line(text, style="1")
    console.lines(text)
    console.debug(text)
    console.error(text, text)
    for _ in range(12):
        console.warning(text, text)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 + 1 + 12
    assert all(len(line) < 2 * LONGEST_LINE for line in lines)
    assert all(" ..." in line for line in lines)
