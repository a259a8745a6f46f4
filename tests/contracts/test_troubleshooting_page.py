"""docs/troubleshooting.md: each text is in the log of its scenario, whose error leads to that place of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from azure_simulator import fault_names, scenario_names
from harness.playing import Played, play, play_once
from harness.rows import marks_of, scenario_rows
from harness.scenarios import fleet_of
from vmss_upgrade.reporters.sentences.errors_page import PAGE as NAME

PAGE = (Path(__file__).resolve().parents[2] / "docs" / NAME).read_text(encoding="utf-8")
# heading, text and scenario of each error
# A text with code in it stands between two backticks each; a blank parts a backtick at its end from them.
_SEEN = r"^### (\w+)\n\nYou see (`{1,2})([^`]+|.+?`[^`]*?) ?\2 \((?:scenario|input) `(.+?)`\)\.$"
ROWS = [(heading, seen, name) for heading, _, seen, name in re.findall(_SEEN, PAGE, re.MULTILINE)]
HEADINGS = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)
OTHERS = ("happy", "rollback", "rollback-failed", "restore-model", "faults/nothing-to-return-to")
LINK = re.compile(rf"\bdocs/{re.escape(NAME)}(?:#([\w-]+))?$")


def played(name: str, folder: Path) -> Played:
    """Play a scenario, or a small set with an input."""
    if "=" in name:
        return play(fleet_of(), folder, inputs=dict([name.split("=")]))
    return play_once(name)


def places_in(log: str) -> list[str]:
    """Return the headings to which the lines of a log lead; empty texts for the page as a whole."""
    return [found[1] or "" for line in log.splitlines() if (found := LINK.search(line))]


def test_every_heading_has_a_text_and_a_scenario() -> None:
    assert [heading for heading, _, _ in ROWS] == HEADINGS
    assert {scenario for _, _, scenario in ROWS if "=" not in scenario} <= {*scenario_names(), *fault_names()}, (
        "make demo plays them"
    )


# The id begins with the scenario, so that the worker that has played it gets the test.
@pytest.mark.parametrize(
    ("heading", "seen", "scenario"),
    [pytest.param(*row, id=f"{row[2]}-{row[0]}", marks=marks_of(row[2])) for row in ROWS],
)
def test_an_error_leads_to_its_place(heading: str, seen: str, scenario: str, tmp_path: Path) -> None:
    log = played(scenario, tmp_path).log
    assert seen in log, log
    assert heading.lower() in places_in(log)


@pytest.mark.parametrize("name", scenario_rows(OTHERS))
def test_every_other_failed_run_leads_to_a_place_that_exists(name: str) -> None:
    run = play_once(name)
    places = places_in(run.log)
    assert bool(places) == bool(run.exit_code)
    assert set(places) <= {"", *(heading.lower() for heading in HEADINGS)}


def test_the_address_is_that_of_the_release(tmp_path: Path) -> None:
    release = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_ACTION_REPOSITORY": "contoso/vmss-upgrade",
        "GITHUB_ACTION_REF": "v1",
    }
    run = play("deprecated", tmp_path, environ=release)
    address = "https://github.com/contoso/vmss-upgrade/blob/v1/docs/troubleshooting.md#refused"
    assert f"What this error means: {address}" in run.log
    assert f"[What this error means]({address})" in run.summary


@pytest.mark.parametrize(
    "release",
    [
        {"GITHUB_ACTION_REPOSITORY": "a/b](https://evil.example)", "GITHUB_ACTION_REF": "v1"},
        {"GITHUB_ACTION_REPOSITORY": "a/b", "GITHUB_ACTION_REF": "v1\n::error::x"},
        {"GITHUB_ACTION_REPOSITORY": "", "GITHUB_ACTION_REF": ""},
    ],
)
def test_an_address_that_cannot_be_is_not_built(release: dict[str, str], tmp_path: Path) -> None:
    run = play("deprecated", tmp_path, environ={"GITHUB_SERVER_URL": "https://github.com", **release})
    assert "What this error means: docs/troubleshooting.md#refused" in run.log
    assert "What this error means" not in run.summary
