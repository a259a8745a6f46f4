"""Every scenario, played as a user would see it, compared with a readable file.

`pytest tests/runs/test_transcripts.py --rewrite-transcripts` writes the files anew; the diff is the review.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from azure_simulator import load_scenario, scenario_names
from harness.playing import Played, play_once
from harness.rows import scenario_rows
from vmss_upgrade import __version__

FOLDER = Path(__file__).parent / "transcripts"
CORRELATION_ID = re.compile(r"(?<=Correlation id )[0-9a-f-]{36}")
SENTENCE_ENDS = re.compile(r"(?<=[.:]) (?=[A-Z`])|: (?=batch )")
# Of several sets, a run rolls the first one, which is as in `happy`.
SCENARIOS = [name for name in scenario_names() if name != "large" and not load_scenario(name).sets]


@pytest.mark.parametrize("name", scenario_rows(SCENARIOS))
def test_a_transcript_is_unchanged(name: str, request: pytest.FixtureRequest) -> None:
    transcript = as_text(play_once(name))
    file = FOLDER / f"{name}.txt"
    if request.config.getoption("--rewrite-transcripts"):
        file.write_text(transcript, encoding="utf-8")
    assert transcript == file.read_text(encoding="utf-8")


def test_every_transcript_has_its_scenario() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.txt")) == sorted(SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_sentence_is_said_more_than_twice_at_the_end(name: str) -> None:
    """Once in an annotation, which stands alone on the page of the run, and once below it."""
    log = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").partition("-- written to Azure")[0].splitlines()
    first = next(number for number, line in enumerate(log) if line.startswith(("ERROR", "✅", "⏸", "↩️")))
    said = Counter(sentence.strip() for line in log[first:] for sentence in SENTENCE_ENDS.split(line))
    assert {sentence: times for sentence, times in said.items() if times > 2 and len(sentence) > 20} == {}


def as_text(played: Played) -> str:
    """Return the log, the writes to Azure, the outputs and the exit code of a run."""
    outputs = [f"{name}={value}" for name, value in played.outputs.items()]
    writes = [
        f"{write.at:7.1f}  {write.method} {_short(write.path)} {_ids(write.body)}-> {write.status}"
        for write in played.writes
    ]
    parts = [
        played.log.rstrip(),
        "-- written to Azure",
        *writes,
        "-- outputs",
        *outputs,
        "-- exit code",
        str(played.exit_code),
    ]
    text = "\n".join(line.rstrip() for line in parts) + "\n"
    # The files keep the first version, so that a release need not rewrite each of them.
    text = text.replace(f"vmss-upgrade {__version__}", "vmss-upgrade 1.0.0", 1)
    return CORRELATION_ID.sub("<an id>", text)


def _short(path: str) -> str:
    return path.rpartition("/virtualMachineScaleSets/")[2]


def _ids(body: str) -> str:
    ids = json.loads(body).get("instanceIds") if body else None
    return f"{','.join(ids)} " if ids else ""
