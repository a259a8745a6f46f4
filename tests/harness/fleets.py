"""Fleets whose jobs were played: the folder that holds the plan and the records, and the report that is made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from azure_simulator import VirtualClock
from harness.playing import captured, play_once
from harness.record_schemas import fitting
from harness.runner_files import read_outputs
from vmss_upgrade.fleet.configuration import Wave
from vmss_upgrade.fleet.plan import FleetPlan, PlannedSet, Verdict
from vmss_upgrade.fleet.planning.record import as_values
from vmss_upgrade.main import run
from vmss_upgrade.rollout.findings import refuse

NEW = "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:22.04.202611010"
OLD = "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:22.04.202610010"
PLANNED_AT = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "contoso/fleet",
    "GITHUB_RUN_ID": "12345678",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_ACTOR": "octocat",
    "GITHUB_WORKFLOW_REF": "contoso/fleet/.github/workflows/fleet.yml@refs/heads/main",
}


def id_of(name: str) -> str:
    """Return the resource id of a scale set of the fleet."""
    group = "/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/web"
    return f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}"


def planned(name: str, wave: str, verdict: Verdict = Verdict.DUE, *, instances: int = 20) -> PlannedSet:
    """Return a scale set as the plan of a fleet saw it."""
    is_there = verdict is Verdict.ON_TARGET
    return PlannedSet(
        name=name,
        scale_set_id=id_of(name),
        wave=wave,
        verdict=verdict,
        region="westeurope",
        kind="Uniform",
        mode="Manual",
        images=((NEW if is_there else OLD, instances),),
        target=NEW,
        instances=instances,
        moving=0 if is_there else instances,
        most_away=4,
        plan_hash="0a1b2c3d-4e5f6071",
        findings=(refuse("The upgrade mode is Automatic.", "Set it to Manual."),) if verdict is Verdict.REFUSED else (),
    )


def plan_of(waves: Mapping[str, Mapping[str, Any]], bounds: Mapping[str, int] | None = None) -> FleetPlan:
    """Return a plan with these waves: name -> scale sets, each with its verdict, or anything else if it is due."""
    named = tuple(
        Wave(name=name, members=tuple(sets), stop_after_failures=(bounds or {}).get(name, 1))
        for name, sets in waves.items()
    )
    sets = (
        planned(name, wave, verdict if isinstance(verdict, Verdict) else Verdict.DUE)
        for wave, members in waves.items()
        for name, verdict in members.items()
    )
    return FleetPlan(waves=named, sets=tuple(sets), image=NEW)


def plan_record(plan: FleetPlan, **parts: Any) -> dict[str, Any]:
    """Return the record of a plan."""
    return {**as_values(plan), "started_at": _written(PLANNED_AT), "outcome": "planned", **parts}


def run_record(scenario: str, name: str, *, minute: int = 5, attempt: str = "1", **parts: Any) -> dict[str, Any]:
    """Return the record of a played scenario as that of a scale set of the fleet, begun some minutes after the plan."""
    record = json.loads(play_once(scenario).files["record.json"])
    began = PLANNED_AT + timedelta(minutes=minute)
    address = f"https://github.com/contoso/fleet/actions/runs/1/job/{minute}"
    return {
        **record,
        "scale_set": {"id": id_of(name), "name": name, "location": "westeurope"},
        "started_at": _written(began),
        "ended_at": _written(began + timedelta(seconds=record["duration"])),
        "run": {"url": address, "actor": "octocat", "attempt": attempt},
        **parts,
    }


def _written(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def lay_out(
    folder: Path, waves: Mapping[str, Mapping[str, Any]], *, bounds: Mapping[str, int] | None = None, **parts: Any
) -> None:
    """Write the plan and the records. A scale set comes with a scenario, a record, a verdict, or None: no record."""
    put(folder, "records/plan/fleet-plan.json", plan_record(plan_of(waves, bounds), **parts))
    minute = 5
    for members in waves.values():
        for name, what in members.items():
            record = run_record(what, name, minute=minute) if isinstance(what, str) else what
            if isinstance(record, dict):
                put(folder, f"records/{name}/record.json", record)
            minute += 1


def put(folder: Path, path: str, content: Any) -> Path:
    """Write a file of the workspace: bytes, or something as JSON."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


@dataclass(frozen=True)
class Reported:
    """The result of a report. `folder`: the workspace."""

    exit_code: int
    log: str
    folder: Path

    @cached_property
    def outputs(self) -> dict[str, str]:
        return read_outputs((self.folder / "outputs.txt").read_text())

    @cached_property
    def summary(self) -> str:
        return (self.folder / "summary.md").read_text()

    @cached_property
    def record(self) -> dict[str, Any]:
        return fitting("fleet-report", json.loads((self.folder / "fleet-report.json").read_text()))

    @cached_property
    def page(self) -> str:
        return (self.folder / "fleet.html").read_text()

    @property
    def states(self) -> dict[str, str]:
        """What the record says of every scale set."""
        return {each["name"]: each["state"] for wave in self.record["waves"] for each in wave["sets"]}


def report(folder: Path, environ: Mapping[str, str] | None = None, *, clock: Any = None, **inputs: str) -> Reported:
    """Run `operation: fleet-report` in a workspace. `inputs` have underscores in place of hyphens."""
    given = {
        "operation": "fleet-report",
        "records": "records/**/*.json",
        "report-path": "fleet-report.json",
        "report-html": "fleet.html",
        **{name.replace("_", "-"): value for name, value in inputs.items()},
    }
    job = {
        **{f"INPUT_{name.upper()}": value for name, value in given.items()},
        "GITHUB_WORKSPACE": str(folder),
        "GITHUB_OUTPUT": str(folder / "outputs.txt"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        **(environ or {}),
    }
    for name in ("outputs.txt", "summary.md"):
        (folder / name).unlink(missing_ok=True)
    exit_code, log = captured(lambda: run(job, clock or VirtualClock()))
    return Reported(exit_code, log, folder)
