"""Play a scenario of the simulator through the whole action: the real inputs, SDK client, driver and reporters.

`make demo` and `vmss-upgrade demo` call it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from azure_simulator import (
    Scenario,
    ScenarioError,
    SimulatedAzure,
    SimulatedSubscription,
    VirtualClock,
    add_flags,
    load_scenario,
    scenario_names,
)
from vmss_rehearsal.copying import rehearse_copy
from vmss_rehearsal.environment import environment
from vmss_rehearsal.files import OPERATIONS, inputs_in, play_or_explain
from vmss_upgrade.main import run

PAGE = "rollout.html"
DEMO_PACE = 1 / 60  # a virtual minute a second


def rehearse(
    scenario: Scenario,
    folder: Path,
    *,
    pace: float = 0.0,
    seed: int = 0,
    inputs: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[int, SimulatedAzure]:
    """Run the action on `scenario`; summary, outputs and record go into `folder`. Returns the exit code and Azure."""
    clock = VirtualClock(pace)
    azure = SimulatedAzure(scenario, clock, seed=seed)
    web: Any = azure.web()  # its answers are the port's in all but the name of their class
    settings = {**scenario.inputs, **(inputs or {})}
    exit_code = run(
        {**environment(azure, folder, settings), **(environ or {})},
        clock,
        transport=lambda _clock: azure.transport(),
        web=lambda _clock: web,
        simulated=scenario.name,
        rehearse=rehearse_copy,
    )
    return exit_code, azure


def plan_fleet(
    scenario: Scenario,
    folder: Path,
    *,
    pace: float = 0.0,
    seed: int = 0,
    environ: Mapping[str, str] | None = None,
) -> tuple[int, SimulatedSubscription]:
    """Plan the fleet of a scenario with several sets, in a wave for each of their tags. Returns as `rehearse` does."""
    clock = VirtualClock(pace)
    azure = SimulatedSubscription(scenario, clock, seed=seed)
    web: Any = azure.web()
    tags = (each.scale_set.model.get("tags") or {} for each in scenario.sets)
    found = dict.fromkeys(f"{name}={value}" for each in tags for name, value in list(each.items())[:1])
    waves = [{"name": tag.partition("=")[2], "tag": tag} for tag in found]
    (folder / "fleet.yml").write_text(json.dumps({"waves": waves}, indent=2), encoding="utf-8")
    nowhere = {"scale-set": "", "resource-group": ""}
    inputs = {**scenario.inputs, **nowhere, "operation": "fleet-plan", "config": "fleet.yml"}
    exit_code = run(
        {**environment(azure, folder, inputs), **(environ or {})},
        clock,
        transport=lambda _clock: azure.transport(),
        web=lambda _clock: web,
        simulated=scenario.name,
    )
    return exit_code, azure


def main(words: Sequence[str] | None = None, *, program: str = "vmss_upgrade.rehearsal") -> int:
    """Run the command line of `make demo` and `vmss-upgrade demo`. Returns the action's exit code."""
    parser = argparse.ArgumentParser(prog=program, description="Play a rollout on the simulated Azure.")
    parser.add_argument("--scenario", default="happy", help="name of a scenario, or a scenario file")
    parser.add_argument("--pace", type=_pace, default=DEMO_PACE, help="real seconds per virtual second; 0 jumps")
    parser.add_argument("--seed", type=int, default=0, help="draws other durations")
    parser.add_argument("--out", type=Path, help="folder for summary, outputs, record and replay")
    parser.add_argument("--operation", choices=OPERATIONS, help="of files, `rehearse` unless it is given")
    parser.add_argument("--with", dest="inputs", default="", help="inputs, such as `batch-size=10%% canary=1`")
    add_flags(parser)
    arguments = parser.parse_args(words)
    inputs = _inputs(parser, arguments)
    colours = {name: os.environ[name] for name in ("NO_COLOR", "FORCE_COLOR") if name in os.environ}
    if arguments.model or arguments.instances:
        return _play_files(parser, arguments, inputs, colours)
    if not scenario_names():
        print(f"{program}: it needs scenarios, which are not in this image; the wheel has them.", file=sys.stderr)
        return 2
    try:
        scenario = load_scenario(arguments.scenario)
        folder = arguments.out or Path(tempfile.mkdtemp(prefix="vmss-upgrade-"))
        folder.mkdir(parents=True, exist_ok=True)
    except (ScenarioError, OSError) as error:
        print(error)
        return 2
    if scenario.sets:
        exit_code, _ = plan_fleet(scenario, folder, pace=arguments.pace, seed=arguments.seed, environ=colours)
        print(f"\nThe plan of the fleet, with configuration, summary, outputs and record, is in {folder}")
        return exit_code
    exit_code, azure = rehearse(
        scenario, folder, pace=arguments.pace, seed=arguments.seed, inputs=inputs, environ=colours
    )
    print(f"\nSummary, outputs and record are in {folder}")
    if (folder / PAGE).exists():
        print(f"To watch the run again, open {folder / PAGE}")
    if seen := azure.seen_by_clients():
        print(seen)
    return exit_code


def _inputs(parser: argparse.ArgumentParser, given: argparse.Namespace) -> dict[str, str]:
    """Return the inputs that the command line asks for."""
    operation = {"operation": given.operation} if given.operation else {}
    try:
        return {"report-html": PAGE, **operation, **inputs_in(given.inputs)}
    except ValueError as error:
        parser.error(str(error))


def _play_files(
    parser: argparse.ArgumentParser, given: argparse.Namespace, inputs: Mapping[str, str], environ: Mapping[str, str]
) -> int:
    """Play the scale set of two files. Returns the exit code."""
    if given.model is None or given.instances is None:
        parser.error("--model and --instances belong together: give both files")
    try:
        folder = given.out or Path(tempfile.mkdtemp(prefix="vmss-upgrade-"))
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out: {error}")
    exit_code = play_or_explain(given.model, given.instances, folder, inputs, environ)
    if exit_code != 2:
        print(f"\nSummary, outputs, record and pages are in {folder}")
    return exit_code


def _pace(text: str) -> float:
    pace = float(text)
    if not 0 <= pace < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or a number of seconds")
    return pace
