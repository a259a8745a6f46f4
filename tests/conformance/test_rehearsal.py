"""Five recorded scale sets are rehearsed alike, whether az printed them into files or the action reads them itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Scenario, load_scenario
from azure_simulator.scenario.captured.images import captured_catalog
from azure_simulator.scenario.set_description import SetDescription
from contract import load_recording, needed_contract_dir
from harness.az_output import flattened, save_az_output
from vmss_rehearsal.files import play_files
from vmss_upgrade.rehearsal import rehearse

# No recording lists instances of a whole set with their views, so that another set of the kind lends them.
SETS = {
    "uniform": ("uniform_manualupgrade_stale_instances_2024", 9, "happy"),
    "zonal": ("zones_put_2024", 19, "zonal"),
    "flexible": ("flexible_manualupgrade_2024", 3, "flexible"),
    "windows": ("uniform_create_and_modify_2024", 9, "happy"),
    "placement-groups": ("create_extension_delete_retry_after_2024", 10, "placement-groups"),
}
IMAGE = {"image-version": "9999.1.1"}


def recorded(recording: str, position: int, lender: str) -> Scenario:
    """Return the scale set of a recorded answer, with the instances of another one, which have its image."""
    needed_contract_dir()
    model: Any = load_recording(recording).interactions[position].body
    model["properties"]["upgradePolicy"] = {"mode": "Manual"}
    storage = model["properties"]["virtualMachineProfile"]["storageProfile"]
    storage["imageReference"] |= {"version": "9999.1.0"}
    lending = load_scenario(lender)
    model["sku"]["capacity"] = len(lending.scale_set.instances)
    instances = tuple(replace(each, image=None, current=None) for each in lending.scale_set.instances)
    world = replace(lending, scale_set=SetDescription(model, instances), inputs=IMAGE, sizes={}, probes=())
    return replace(world, catalog=captured_catalog(model, (), world))


@pytest.mark.parametrize("kind", SETS)
def test_files_and_api_give_the_same_table(kind: str, tmp_path: Path) -> None:
    world = recorded(*SETS[kind])
    files = save_az_output(world, tmp_path)
    for file in files:
        content = json.loads(file.read_text())
        printed = [flattened(each) for each in content] if isinstance(content, list) else flattened(content)
        file.write_text(json.dumps(printed))
    tables = []
    for name in ("files", "api"):
        folder = tmp_path / name
        folder.mkdir()
        if name == "files":
            code = play_files(*files, folder, {**IMAGE, "report-path": "record.json"}, {})
        else:
            code, _ = rehearse(world, folder, inputs={"operation": "rehearse"})
        record = json.loads((folder / "record.json").read_text())
        assert (code, record["outcome"]) == (0, "rehearsed"), record["reason"]
        tables.append(record["rehearsal"])
    assert len(tables[0]["trials"]) == 9
    assert tables[0] == tables[1]
