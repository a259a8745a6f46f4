"""docs/parity.md matches action.yml: its names exist, nothing is missing, steps can be copied, tables have sources."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.vocabulary import ACTION
from vmss_upgrade.inputs import INPUTS, parse_inputs

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "parity.md").read_text(encoding="utf-8")
DESCRIBED: dict[str, Any] = {**ACTION["outputs"], **ACTION["inputs"]}
CHOICES = ("operation", "strategy", "health", "protected-instances", "stopped-instances", "outcome")
ADDRESS_AND_SIGN_IN = {
    "resource-group",
    "scale-set",
    "subscription-id",
    "tenant-id",
    "client-id",
    "client-secret",
    "audience",
    "environment",
    "resource-manager-endpoint",
    "authority-host",
}


def sections() -> dict[str, str]:
    """Map each heading to the text below it."""
    return dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE))


def tables() -> dict[str, list[tuple[str, str, str]]]:
    """Map each heading to the rows of its table: feature there, here, note."""
    found = {}
    for tool, text in sections().items():
        rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in text.splitlines() if line[:1] == "|"]
        if rows:
            assert rows[0] == ["Feature there", "Here", "Note"], tool
            found[tool] = [(there, here, note) for there, here, note in rows[2:]]
    return found


def quoted(text: str) -> list[str]:
    """Return the texts in backticks."""
    return re.findall(r"`([^`]+)`", text)


TABLES = tables()
SNIPPETS: list[Any] = [
    step
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    # every value is a text, as the runner passes it
    for step in yaml.load(block, Loader=yaml.BaseLoader)
]
VARIABLES = {
    "SCALE_SET_ID": (
        "/subscriptions/00000000-0000-4000-8000-00000000005b"
        "/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/web"
    ),
    "AZURE_TENANT_ID": "00000000-0000-4000-8000-00000000007e",
    "AZURE_CLIENT_ID": "00000000-0000-4000-8000-0000000000c1",
}


def environ(step: dict[str, str]) -> dict[str, str]:
    """Return the runner's variables for a step with these inputs, in a job that may ask for an OIDC token."""
    given = {name: re.sub(r"\$\{\{ vars\.(\w+) }}", lambda m: VARIABLES[m[1]], text) for name, text in step.items()}
    oidc = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.invalid/t?a=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer"}
    return {**oidc, **{f"INPUT_{name.upper()}": text for name, text in {**dict.fromkeys(INPUTS, ""), **given}.items()}}


def test_every_tool_has_its_table() -> None:
    assert len(TABLES) == 8
    assert all(len(rows) >= 10 for rows in TABLES.values())


@pytest.mark.parametrize("tool", TABLES)
def test_named_inputs_and_outputs_exist(tool: str) -> None:
    words = {word for _, here, _ in TABLES[tool] for word in quoted(here)}
    assert sorted(word for word in words if word.partition(":")[0] not in DESCRIBED) == []


@pytest.mark.parametrize("tool", TABLES)
def test_chosen_values_exist(tool: str) -> None:
    words = {word for _, here, _ in TABLES[tool] for word in quoted(here)}
    chosen = [(name, value) for name, _, value in (word.partition(": ") for word in words) if name in CHOICES and value]
    unknown = [pair for pair in chosen if pair[1] not in quoted(DESCRIBED.get(pair[0], {}).get("description", ""))]
    assert sorted(unknown) == []


@pytest.mark.parametrize("tool", TABLES)
def test_a_row_names_something_or_gives_a_reason(tool: str) -> None:
    assert [here for _, here, _ in TABLES[tool] if not quoted(here) and here not in ("built in", "—")] == []
    assert [feature for feature, here, note in TABLES[tool] if here == "—" and len(note.split()) < 2] == []


@pytest.mark.parametrize("tool", TABLES)
def test_a_table_has_a_source(tool: str) -> None:
    first_paragraph = sections()[tool].strip().split("\n\n")[0]
    assert re.match(r"Sources?: ", first_paragraph)
    assert re.search(r"\[[^\]]+\]\(https://[^)\s]+\)", first_paragraph)


def test_nothing_about_the_rollout_is_left_out() -> None:
    cells = [cell for rows in TABLES.values() for row in rows for cell in row[1:]]
    named = {word.partition(":")[0] for cell in cells for word in quoted(cell)}
    assert set(ACTION["inputs"]) - ADDRESS_AND_SIGN_IN - named == set()


@pytest.mark.parametrize("step", SNIPPETS, ids=["+".join(list(step["with"])[3:]) for step in SNIPPETS])
def test_a_step_can_be_copied(step: dict[str, Any]) -> None:
    assert step["uses"] == "org/vmss-upgrade@v1"
    assert sorted(set(step["with"]) - set(ACTION["inputs"])) == []
    parse_inputs(environ(step["with"]))
