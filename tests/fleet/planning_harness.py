"""Plays `operation: fleet-plan` on several simulated scale sets, by a configuration file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure_simulator import VirtualClock
from azure_simulator.subscription import SimulatedSubscription
from harness.playing import as_scenario, captured, job_environment, one_clock
from harness.record_schemas import fitting
from harness.runner_files import read_outputs
from harness.wire import Interceptor, Request, Send, wired
from vmss_upgrade.main import run

GITHUB = {"GITHUB_ACTIONS": "true"}


@dataclass(frozen=True)
class PlannedFleet:
    """What a play left: the log, the files of the runner and of the workspace, and Azure."""

    exit_code: int
    log: str
    files: Mapping[str, str]
    azure: SimulatedSubscription
    sent: list[Request]
    clock: VirtualClock

    @property
    def outputs(self) -> dict[str, str]:
        return read_outputs(self.files["outputs.txt"])

    @property
    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.files["plan.json"])
        return fitting("fleet-plan", record)

    def matrix(self, number: int) -> list[dict[str, str]]:
        jobs: list[dict[str, str]] = json.loads(self.outputs[f"matrix-{number}"])["include"]
        return jobs

    def verdicts(self) -> dict[str, str]:
        return {each["name"]: each["verdict"] for each in self.record["sets"]}


def wave(name: str, *members: str, tags: str = "", **rules: Any) -> dict[str, Any]:
    """Return a wave as the file has it; `_` in the name of a rule stands for `-`."""
    named = {"scale-sets": list(members)} if members else {}
    tagged = {"tag": tags.split()} if tags else {}
    return {"name": name, **named, **tagged, **{rule.replace("_", "-"): value for rule, value in rules.items()}}


def configuration(*waves: Any, defaults: Mapping[str, str] | None = None, **entries: Mapping[str, str]) -> str:
    """Return the text of a file, in JSON, which is YAML; `_` in the name of an entry stands for `-`."""
    named = {name.replace("_", "-"): values for name, values in entries.items()}
    parts = {"defaults": defaults, "scale-sets": named, "waves": waves}
    return json.dumps({name: part for name, part in parts.items() if part}, indent=1)


def plan(
    scenario: Any,
    held: str,
    folder: Path,
    *,
    inputs: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    interceptors: tuple[Interceptor, ...] = (),
    clock: VirtualClock | None = None,
) -> PlannedFleet:
    """Plan the fleet of a configuration; the inputs say which subscription."""
    clock = clock or VirtualClock()
    loaded = as_scenario(scenario)
    azure = SimulatedSubscription(loaded, clock)
    (folder / "fleet.yml").write_text(held)
    sent: list[Request] = []

    def note(request: Request, send: Send) -> Any:
        sent.append(request)
        return send(request)

    settings = {"operation": "fleet-plan", "config": "fleet.yml", "report-path": "plan.json", **(inputs or {})}
    job = job_environment(azure, folder, {**dict(loaded.inputs), **settings})  # type: ignore[arg-type]
    for name in {"scale-set", "resource-group"} - settings.keys():
        job.pop(f"INPUT_{name.upper()}")
    transport = wired(azure, note, *interceptors)  # type: ignore[arg-type]

    def work() -> int:
        web = azure.web()
        with one_clock(clock):
            return run(
                {**job, **(environ or {})},
                clock,
                transport=transport,
                web=lambda _clock: web,  # type: ignore[arg-type, return-value]
                simulated=loaded.name,
            )

    exit_code, log = captured(work)
    names = ("outputs.txt", "summary.md", "plan.json", "plan.md")
    files = {name: (folder / name).read_text() for name in names if (folder / name).is_file()}
    return PlannedFleet(exit_code, log, files, azure, sent, clock)
