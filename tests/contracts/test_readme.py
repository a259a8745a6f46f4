"""README.md: short, the first step near its top, and the workflow that people will copy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from vmss_upgrade.rollout.order import Command

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
LINES = README.splitlines()
WORKFLOW = next(
    found for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "jobs" in (found := yaml.safe_load(block))
)


def test_it_is_short_and_the_first_step_is_near_its_top() -> None:
    assert len(LINES) <= 200
    first = next(number for number, line in enumerate(LINES, 1) if "uses: org/vmss-upgrade@v1" in line)
    assert first < 40
    assert "id-token: write" in README[: README.index("uses: org/vmss-upgrade@v1")]


def test_it_has_one_picture_of_at_most_400_pixels() -> None:
    pictures = re.findall(r"<img [^>]+>|!\[", README)
    assert len(pictures) == 1
    height = re.search(r'height="(\d+)"', pictures[0])
    assert height and int(height[1]) <= 400


def test_its_chapters_stand_in_this_order() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == [
        "Your first rollout in five minutes",
        "Operations",
        "Many scale sets",
        "Try it without Azure",
        "What it does not do",
        "Where it runs",
        "Versions and support",
        "More",
    ]


def test_it_names_every_operation() -> None:
    table = README.partition("## Operations")[2].partition("\n\n")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \| [^W]", table, re.MULTILINE) == [command.value for command in Command]


def test_the_two_commands_are_all_the_set_up() -> None:
    tried = README.partition("## Try it without Azure")[2].partition("\n## ")[0]
    assert re.findall(r"^make (\w+)", tried, re.MULTILINE) == ["demo", "test"]


def test_the_workflow_has_what_a_safe_rollout_needs() -> None:
    job = WORKFLOW["jobs"]["rollout"]
    assert set(WORKFLOW[True]) == {"workflow_dispatch", "workflow_call"}
    assert job["concurrency"]["cancel-in-progress"] is False
    assert job["permissions"] == {"id-token": "write"}
    assert job["timeout-minutes"] > 330  # longer than the default of `timeout`


@pytest.mark.parametrize(("fence", "file"), [("yml", "vmss-upgrade.yml"), ("yaml", "workflows/fleet.yml")])
def test_it_shows_the_file_and_the_workflow_of_a_fleet(fence: str, file: str) -> None:
    example = (PROJECT / "examples" / file).read_text(encoding="utf-8")
    assert f"```{fence}\n{example}```" in README.partition("## Many scale sets")[2].partition("\n## ")[0]
