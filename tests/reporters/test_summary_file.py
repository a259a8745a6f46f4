"""The step summary as a file beside the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.playing import play
from vmss_upgrade.reporters.summary_file import MARK, write_summary_file

PLAN = {"operation": "plan"}


def test_it_is_the_step_summary_and_named_in_an_output(tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={**PLAN, "report-path": "out/rollout.json"})
    assert played.outputs["summary-path"] == "out/rollout.md"
    assert (tmp_path / "out/rollout.md").read_text() == MARK + played.summary


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param({**PLAN, "report-path": ""}, id="no-record"),
        pytest.param({**PLAN, "report-path": "../rollout.json"}, id="a-record-outside"),
        pytest.param({**PLAN, "report-path": "file/rollout.json"}, id="a-record-that-cannot-be-written"),
    ],
)
def test_without_a_record_there_is_none(inputs: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where a folder is needed")
    played = play("happy", tmp_path, inputs=inputs)
    assert (played.outputs["report"], played.outputs["summary-path"]) == ("", "")
    assert list(tmp_path.glob("**/rollout.md")) == []


def test_it_is_written_for_inputs_that_are_refused(tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={"batch-size": "none"})
    assert (tmp_path / played.outputs["summary-path"]).read_text() == MARK + played.summary


@pytest.mark.parametrize("old", [pytest.param("", id="empty"), pytest.param(f"{MARK}## Before\n", id="a-summary")])
def test_an_earlier_summary_is_replaced(old: str, tmp_path: Path) -> None:
    (tmp_path / "rollout.md").write_text(old)
    write_summary_file("## Now\n", str(tmp_path), "rollout.md")
    assert (tmp_path / "rollout.md").read_text() == f"{MARK}## Now\n"


def test_another_file_is_kept_and_the_run_ends_as_it_would(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Mine\n")
    played = play("happy", tmp_path, inputs={**PLAN, "report-path": "README.json"})
    assert (played.exit_code, played.outcome, played.outputs["summary-path"]) == (0, "planned", "")
    assert played.outputs["report"] == "README.json"
    assert (tmp_path / "README.md").read_text() == "# Mine\n"
    assert (
        "Could not write the summary beside the record: 'README.md' exists, and is not a summary of this "
        "action; it is kept. Give `report-path` another name, so that the summary gets one, too."
    ) in played.log


def test_a_link_out_of_the_workspace_is_refused(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "victim").write_text("mine")
    (workspace / "record.md").symlink_to(tmp_path / "victim")
    with pytest.raises(ValueError, match="leads out of the workspace"):
        write_summary_file("## Now\n", str(workspace), "record.md")
    assert (tmp_path / "victim").read_text() == "mine"
