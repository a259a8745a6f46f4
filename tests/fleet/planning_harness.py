"""Plays `operation: fleet-plan` on several simulated scale sets, with a configuration made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure_simulator import VirtualClock
from azure_simulator.subscription import SimulatedSubscription
from harness.playing import as_scenario, captured, job_environment, one_clock
from harness.runner_files import read_outputs
from harness.wire import Interceptor, Request, Send, wired
from vmss_upgrade.fleet.configuration import Configuration, Entry, Tag, Wave
from vmss_upgrade.fleet.planning.step import plan_fleet
from vmss_upgrade.job.runner import read_job

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
        return record

    def matrix(self, number: int) -> list[dict[str, str]]:
        jobs: list[dict[str, str]] = json.loads(self.outputs[f"matrix-{number}"])["include"]
        return jobs

    def verdicts(self) -> dict[str, str]:
        return {each["name"]: each["verdict"] for each in self.record["sets"]}


def wave(name: str, *members: str, tags: str = "", **more: Any) -> Wave:
    found = tuple(Tag(*tag.split("=", 1)) for tag in tags.split())
    return Wave(name=name, members=members, tags=found, **more)


def configuration(
    *waves: Wave, defaults: Mapping[str, str] | None = None, **entries: Mapping[str, str]
) -> Configuration:
    """Return a configuration. Entries have the defaults below their own values; `_` in a name stands for `-`."""
    common = dict(defaults or {})
    named = []
    for key, values in entries.items():
        name = key.replace("_", "-")
        named.append(Entry(name=name, values={**common, "scale-set": name, **values}))
    return Configuration(defaults=common, entries=tuple(named), waves=waves)


def plan(
    scenario: Any,
    held: Configuration,
    folder: Path,
    *,
    inputs: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    interceptors: tuple[Interceptor, ...] = (),
    clock: VirtualClock | None = None,
) -> PlannedFleet:
    """Plan the fleet of a configuration; where the scale sets are is added to its defaults."""
    clock = clock or VirtualClock()
    loaded = as_scenario(scenario)
    azure = SimulatedSubscription(loaded, clock)
    sent: list[Request] = []

    def note(request: Request, send: Send) -> Any:
        sent.append(request)
        return send(request)

    settings = {"operation": "fleet-plan", "config": "fleet.yml", "report-path": "plan.json", **(inputs or {})}
    job = job_environment(azure, folder, {**dict(loaded.inputs), **settings})  # type: ignore[arg-type]
    for name in {"scale-set", "resource-group"} - settings.keys():
        job.pop(f"INPUT_{name.upper()}")
    transport = wired(azure, note, *interceptors)  # type: ignore[arg-type]

    def run() -> int:
        with one_clock(clock):
            return plan_fleet(
                read_job({**job, **(environ or {})}),
                clock,
                lambda _form: held,
                transport=transport,
                web=lambda _clock: azure.web(),  # type: ignore[arg-type, return-value]
                simulated=loaded.name,
            )

    exit_code, log = captured(run)
    names = ("outputs.txt", "summary.md", "plan.json", "plan.md")
    files = {name: (folder / name).read_text() for name in names if (folder / name).is_file()}
    return PlannedFleet(exit_code, log, files, azure, sent, clock)
