"""Every row of docs/faults.md is a scenario whose log has the row's sentence and whose outcome is the row's outcome."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from azure_simulator import fault_names, load_scenario, scenario_names
from harness.playing import play_once
from harness.rows import scenario_rows
from vmss_upgrade.rollout.history.outcome import Outcome

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
HEADINGS = ["Fault", "Scenario", "What you see", "What happens", "Outcome", "How to continue"]


class Row(NamedTuple):
    """A row of the page, as it is written."""

    fault: str
    scenario: str
    seen: str
    happens: str
    outcome: str
    go_on: str


def rows() -> list[Row]:
    cells = [[cell.strip() for cell in line[1:-1].split("|")] for line in PAGE.splitlines() if line.startswith("|")]
    assert all(len(row) == len(HEADINGS) for row in cells)
    return [Row(*row) for row in cells if row != HEADINGS and set(row) != {"---"}]


def only_code(cell: str) -> str:
    """Return the only code span of a cell."""
    found = re.fullmatch(r"`([^`]+)`", cell)
    assert found, cell
    return found[1]


ROWS = rows()


@pytest.mark.parametrize("name", scenario_rows(only_code(row.scenario) for row in ROWS))
def test_a_row_matches_its_scenario(name: str) -> None:
    row, run = next(row for row in ROWS if only_code(row.scenario) == name), play_once(name)
    assert only_code(row.seen) in run.log, run.log
    assert run.outputs["outcome"] == only_code(row.outcome)
    ways = 2 if run.record["rollback"] else 1
    assert max(instance.upgrades for instance in run.azure.instances()) <= ways


def test_every_scenario_of_a_fault_has_its_row() -> None:
    named = [only_code(row.scenario) for row in ROWS]
    assert len(named) == len(set(named))
    assert set(fault_names()) <= set(named) <= {*fault_names(), *scenario_names()}


@pytest.mark.parametrize("row", ROWS, ids=[row.scenario.strip("`") for row in ROWS])
def test_a_row_says_how_to_continue(row: Row) -> None:
    """After a success there is usually nothing to do; after any other outcome there is."""
    assert row.fault and row.happens.endswith(".") and row.go_on.endswith(".")
    if Outcome(only_code(row.outcome)).exit_code:
        assert row.go_on != "Nothing to do."


@pytest.mark.parametrize("name", fault_names())
def test_the_description_of_a_fault_is_one_sentence(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.description.endswith(".")
    assert scenario.description.count(". ") == 0
    names_image = any(name.startswith("image-") for name in scenario.inputs)
    assert names_image or scenario.inputs["operation"] == "upgrade-instances"
