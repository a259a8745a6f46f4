"""README.md and docs/ can be copied from: every table, every YAML block and every link is right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from vmss_upgrade.errors import InputError
from vmss_upgrade.fleet.operation import FleetOperation
from vmss_upgrade.inputs import INPUTS, parse_inputs, read_configuration
from vmss_upgrade.inputs.configuration.waves import KEYS
from vmss_upgrade.rollout.history.outcome import Outcome

PROJECT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8"))
PAGES = {
    str(page.relative_to(PROJECT)): page.read_text(encoding="utf-8")
    for page in (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))
}
BLOCKS = {
    f"{page}-{number}": block
    for page, text in PAGES.items()
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
}
# the inputs in code spans such as `batch-size: 10%`
SPANS = sorted(
    {
        (page, name, value)
        for page, text in PAGES.items()
        for name, value in re.findall(r"`([a-z-]+): ([^`]+)`", text)
        if name in INPUTS
    }
)
# what the pages write for a value of the reader's
PLACEHOLDERS = {
    "/subscriptions/S/": "/subscriptions/11111111-1111-1111-1111-111111111111/",
    "UNIQUE-ID": "11111111-1111-1111-1111-111111111111-GOLDEN",
    "PUBLIC-NAME": "golden-11111111-1111-1111-1111-111111111111",
    "X.Y.Z": "1.2.3",
    "VERSION": "22.04.202611010",
}
PLACE = {"scale-set": "web", "resource-group": "g", "subscription-id": "11111111-1111-1111-1111-111111111111"}
JOB = {"runs-on": "ubuntu-latest", "timeout-minutes": 350}


def as_workflow(block: str) -> dict[Any, Any]:
    """Return the whole workflow, job, or list of steps of a block as a whole workflow."""
    found = yaml.safe_load(block)
    if isinstance(found, list):
        found = {"steps": found}
    if "steps" in found:
        found = {"on": {"workflow_dispatch": {}}, "jobs": {"rollout": {**JOB, **found}}}
    return dict(found)


def steps_of(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", ())]


def problems_with(inputs: dict[str, str]) -> list[str]:
    """Return what the action would say about inputs of a set that is named, here or by a file of the reader's."""
    if "config" in inputs:
        inputs = {name: value for name, value in inputs.items() if name not in ("config", "scale-set")}
    environ = {f"INPUT_{name.upper()}": value for name, value in {**PLACE, **inputs}.items()}
    try:
        parse_inputs(environ)
    except InputError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "tool", ["docs_tables.py", "config_schema.py", pytest.param("traffic_table.py", marks=pytest.mark.sweep)]
)
def test_the_tables_are_those_that_their_tool_makes(tool: str) -> None:
    command = [sys.executable, str(PROJECT / "tools" / tool), "--check"]
    assert subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.parametrize("block", BLOCKS.values(), ids=list(BLOCKS))
def test_a_block_uses_inputs_and_outputs_that_exist(block: str) -> None:
    workflow = as_workflow(block)
    used = [step for step in steps_of(workflow) if "vmss-upgrade" in step.get("uses", "")]
    for step in used:
        assert set(step["with"]) <= set(INPUTS)
        assert "scale-set" in step["with"]
        assert step["uses"] == "org/vmss-upgrade@v1"
    for output in re.findall(r"steps\.rollout\.outputs\.([\w-]+)", json.dumps(workflow, default=str)):
        assert output in ACTION["outputs"]


@pytest.mark.parametrize("block", BLOCKS.values(), ids=list(BLOCKS))
def test_the_values_of_a_block_are_accepted(block: str) -> None:
    for step in steps_of(as_workflow(block)):
        if "vmss-upgrade" in step.get("uses", ""):
            given = {name: str(value) for name, value in step["with"].items() if "${{" not in str(value)}
            assert [said for said in problems_with(given) if said.partition(":")[0] in given] == []


def test_the_configuration_file_of_the_page_is_read(tmp_path: Path) -> None:
    [text] = re.findall(r"```yml\n(.*?)```", PAGES["docs/configuration.md"], re.DOTALL)
    (tmp_path / "c.yml").write_text(text)
    assert read_configuration({"GITHUB_WORKSPACE": str(tmp_path), "INPUT_CONFIG": "c.yml"}).waves


def test_every_key_of_a_wave_is_explained() -> None:
    table = PAGES["docs/configuration.md"].partition("| Key of a wave |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == list(KEYS)


def test_every_block_is_a_workflow_that_github_accepts(tmp_path: Path) -> None:
    files = []
    for number, block in enumerate(BLOCKS.values()):
        files.append(tmp_path / f"{number}.yml")
        workflow = as_workflow(block)
        files[-1].write_text(yaml.safe_dump({"on" if key is True else key: value for key, value in workflow.items()}))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("page", "name", "value"), SPANS)
def test_an_input_in_a_cell_or_a_sentence_can_be_copied(page: str, name: str, value: str) -> None:
    """A workflow takes only single values, and the action takes this one."""
    if (name, value) == ("environment", "url:"):  # not the input: GitHub's key of a job
        return
    if (name, value) in [("operation", operation.value) for operation in FleetOperation]:  # other code reads theirs
        return
    for placeholder, meant in PLACEHOLDERS.items():
        value = value.replace(placeholder, meant)
    read = yaml.safe_load(f"{name}: {value}")[name]
    assert isinstance(read, str | int | float | bool), f"{page}: GitHub refuses `{name}: {value}`"
    assert [said for said in problems_with({name: str(read)}) if said.startswith(f"{name}:")] == []


def test_every_outcome_is_explained() -> None:
    explained = re.findall(r"^\| `([\w-]+)` \| (?:passes|fails) \|", PAGES["docs/outputs.md"], re.MULTILINE)
    assert sorted(explained) == sorted(outcome.value for outcome in Outcome)


# --- links -------------


def anchors_of(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"[*`]", "", heading)).strip().lower().replace(" ", "-") for heading in headings
    }


def broken_links(page: str, text: str) -> list[str]:
    """Return the links of a page to files or headings that do not exist."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (PROJECT / page).parent / path if path else PROJECT / page
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "SECURITY.md"])
def test_no_link_is_broken(page: str) -> None:
    assert broken_links(page, (PROJECT / page).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("link", ["docs/nothing.md", "docs/faq.md#nothing", "#nothing"])
def test_a_broken_link_is_found(link: str) -> None:
    assert broken_links("README.md", f"[here]({link}) [there](docs/faq.md#questions)") == [link]


# --- words -------------


def test_no_downtime_is_promised_only_with_its_conditions() -> None:
    pages = {**PAGES, "action.yml": (PROJECT / "action.yml").read_text(encoding="utf-8")}
    promised = [
        paragraph
        for text in pages.values()
        for paragraph in re.split(r"\n\n|\n- ", text)
        if re.search(r"(?<!/)\b(no|without|zero)[ -]downtime\b", paragraph, re.IGNORECASE)
    ]
    assert [paragraph for paragraph in promised if not re.search(r"\b(if|conditions)\b", paragraph)] == []
