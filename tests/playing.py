"""Playing a scenario through the whole action, in process, on virtual time."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from azure_simulator import RequestRecord, Scenario, SimulatedAzure, VirtualClock, load_scenario, parse_scenario
from vmss_upgrade.rehearsal import rehearse


@dataclass(frozen=True)
class Played:
    """What a run left behind: its exit code, log, files, and the simulated Azure's own truth."""

    exit_code: int
    log: str
    outputs: dict[str, str]
    summary: str
    record: dict[str, Any]
    azure: SimulatedAzure

    @property
    def writes(self) -> list[RequestRecord]:
        """Every request that is not a GET, of Resource Manager."""
        return [r for r in self.azure.requests if r.method != "GET" and "/providers/" in r.path]

    @property
    def upgrade_calls(self) -> list[list[str]]:
        """The ids of every manualupgrade that was accepted, in order."""
        calls = [r for r in self.writes if r.path.lower().endswith("/manualupgrade") and r.status == 202]
        return [json.loads(call.body)["instanceIds"] for call in calls]


def play(
    scenario: Scenario | str,
    folder: Path,
    *,
    seed: int = 0,
    inputs: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    clock: VirtualClock | None = None,
) -> Played:
    """Run the action on a scenario, given as such, by name, or as YAML text."""
    if isinstance(scenario, str):
        is_text = "\n" in scenario
        scenario = parse_scenario(scenario, "test", "test") if is_text else load_scenario(scenario)
    log = io.StringIO()
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        exit_code, azure = rehearse(scenario, folder, seed=seed, inputs=inputs, environ=environ, clock=clock)
    record = folder / "record.json"
    return Played(
        exit_code=exit_code,
        log=log.getvalue(),
        outputs=read_outputs((folder / "outputs.txt").read_text()),
        summary=(folder / "summary.md").read_text(),
        record=json.loads(record.read_text()) if record.exists() else {},
        azure=azure,
    )


@cache
def play_once(name: str) -> Played:
    """A scenario as it is shipped, played once for all tests that only look at the result."""
    return play(name, Path(tempfile.mkdtemp(prefix="vmss-upgrade-test-")))


def read_outputs(text: str) -> dict[str, str]:
    """GITHUB_OUTPUT as the runner reads it: name<<DELIMITER, lines, DELIMITER."""
    outputs: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = []
        for content in lines:
            if content == delimiter:
                break
            value.append(content)
        outputs[name] = "\n".join(value)
    return outputs


HAPPY_FLEET = """
description: A scale set for a test.
inputs: {image-version: "22.04.202611010"}
fleet:
  update_domains: [2, 2]
  health: probe
timing:
  upgrade_seconds: 30
  healthy_after_seconds: 10
"""
