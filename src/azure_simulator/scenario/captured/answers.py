"""A scale set as a client read it: the JSON of every answer that it got, by the path and query that it asked for.

The set itself becomes a captured one, which changes as the client works. What stands beside it (images, sizes, locks,
permissions, features) is answered again as it was answered then; what was not asked for, the simulator answers.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from azure_simulator.scenario.captured.images import captured_catalog
from azure_simulator.scenario.captured.scale_set import with_captured_documents, with_captured_set
from azure_simulator.scenario.catalog import USUAL_CATALOG
from azure_simulator.scenario.fault_reading import read_faults
from azure_simulator.scenario.loading import check_faults, read_scenario
from azure_simulator.scenario.scenario import Scenario, Timing
from azure_simulator.scenario.section import ScenarioError, Section

Json = dict[str, Any]
Answers = Mapping[str, tuple[int, bytes]]

_LINK = re.compile(rb'("nextLink"\s*:\s*")https://[^/"]+')
_PLAIN: Json = {"description": "A copy of a scale set.", "fleet": {"update_domains": [1]}}


def copied_set(answers: Answers, path: str, inputs: Mapping[str, str], timing: Timing) -> Scenario:
    """Return a scenario with the scale set at `path` as `answers` show it. `inputs` name the image that is asked for.

    Raises ScenarioError if the answers lack the set or its instances, or show them in a way that cannot be played.
    """
    mine = path.lower()
    bodies = dict(_bodies(answers))
    model = _object(bodies, mine)
    if not model:
        raise ScenarioError(f"the answers lack the scale set {path}")
    plain = dataclasses.replace(read_scenario(_PLAIN, "copy", "copy"), inputs=dict(inputs), timing=timing, sizes={})
    captured = with_captured_documents(plain, model, _instances(bodies, mine), "the model", "the instances")
    view = _object(bodies, f"{mine}/instanceview")
    services = view.get("orchestrationServices") or []
    return dataclasses.replace(
        captured,
        repairs_suspended=any(str(each.get("serviceState", "")).lower() == "suspended" for each in services),
        recorded={url.lower(): _linked(answer) for url, answer in answers.items() if not _is_of_the_set(url, mine)},
    )


def captured_alone(model_file: Path, instances_file: Path, inputs: Mapping[str, str]) -> Scenario:
    """Return a scenario of nothing but the set of two files (captured/scale_set.py). Raises ScenarioError."""
    plain = dataclasses.replace(read_scenario(_PLAIN, "copy", "copy"), inputs=dict(inputs))
    return with_captured_set(plain, model_file, instances_file)


def with_inputs(scenario: Scenario, inputs: Mapping[str, str]) -> Scenario:
    """Return a scenario of `captured_alone` with other inputs: the image that these name exists in it."""
    described = scenario.scale_set
    plain = dataclasses.replace(scenario, inputs=dict(inputs), catalog=USUAL_CATALOG)
    return dataclasses.replace(plain, catalog=captured_catalog(described.model, described.instances, plain))


def with_faults(scenario: Scenario, entries: Iterable[Json]) -> Scenario:
    """Return the scenario with these faults, written as in a scenario file, besides its own. Raises ScenarioError."""
    faults = [fault for entry in entries for fault in read_faults(Section("trouble", "", entry))]
    troubled = dataclasses.replace(scenario, faults=(*scenario.faults, *faults))
    check_faults(troubled, "trouble")
    return troubled


def _linked(answer: tuple[int, bytes]) -> tuple[int, bytes]:
    """Return the answer with its link to the next page leading to the simulator in process."""
    status, content = answer
    return status, _LINK.sub(rb"\1https://azure.invalid", content)


def _path(url: str) -> str:
    return url.partition("?")[0].rstrip("/").lower()


def _is_of_the_set(url: str, mine: str) -> bool:
    """Return whether the answer is about the set or its machines, which change."""
    path, group = _path(url), mine.rpartition("/virtualmachinescalesets/")[0]
    own = path == mine or (path.startswith(f"{mine}/") and "/providers/microsoft.authorization/" not in path)
    return own or path.startswith(f"{group}/virtualmachines")


def _object(bodies: Mapping[str, Json], path: str) -> Json:
    return next((body for url, body in bodies.items() if _path(url) == path), {})


def _bodies(answers: Answers) -> Iterable[tuple[str, Json]]:
    """Yield what was answered well, as objects, the latest answer of each address."""
    for url, (status, content) in answers.items():
        if status != 200:
            continue
        try:
            body = json.loads(content)
        except ValueError:
            continue
        if isinstance(body, dict):
            yield url, body


def _instances(bodies: Mapping[str, Json], mine: str) -> list[Json]:
    """Return every instance that the lists show; machines with the views that were asked for one by one."""
    machines = f"{mine.rpartition('/virtualmachinescalesets/')[0]}/virtualmachines"
    lists = (f"{mine}/virtualmachines", machines)
    found: dict[str, Json] = {}
    views: dict[str, Json] = {}
    for url, body in bodies.items():
        path = _path(url)
        if path in lists:
            for each in body.get("value") or []:
                if isinstance(each, dict):
                    found[str(each.get("instanceId") or each.get("name")) if path == lists[0] else _name(each)] = each
        elif path.startswith(f"{machines}/") and path.endswith("/instanceview"):
            views[path.split("/")[-2]] = body
    return [_with_view(each, views) for each in found.values()]


def _name(machine: Json) -> str:
    return str(machine.get("name", "")).lower()


def _with_view(machine: Json, views: Mapping[str, Json]) -> Json:
    properties = machine.get("properties") or {}
    view = views.get(_name(machine))
    return {**machine, "properties": {**properties, "instanceView": view}} if view else machine
