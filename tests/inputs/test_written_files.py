"""The files that a run writes: what they are called, and the whole text where two would be one."""

from __future__ import annotations

import pytest
from test_inputs import environ, parsed, problems

from vmss_upgrade.inputs import usable_files
from vmss_upgrade.inputs.files import Files

OWN_FILE = "Give each a file of its own, such as rollout.html."


@pytest.mark.parametrize(
    ("record", "summary"),
    [
        pytest.param("rollout.json", "rollout.md", id="json"),
        pytest.param("out/deep/rollout.json", "out/deep/rollout.md", id="folder"),
        pytest.param("out.d/rollout", "out.d/rollout.md", id="no-ending"),
        pytest.param("rollout.tar.json", "rollout.tar.md", id="two-endings"),
        pytest.param("", "", id="no-record"),
    ],
)
def test_the_summary_is_called_like_the_record(record: str, summary: str) -> None:
    files = Files(record=record, summary=summary, replay="out/rollout.html")
    assert parsed({"report-path": record, "report-html": "out/rollout.html"}).files == files


@pytest.mark.parametrize(
    ("given", "name", "text"),
    [
        pytest.param(
            {"report-path": "out/a", "report-html": "out/./a"},
            "report-html",
            f"'out/./a' is the file of `report-path` as well. {OWN_FILE}",
            id="page-and-record",
        ),
        pytest.param(
            {"report-path": "record.json", "report-html": "record.md"},
            "report-html",
            f"'record.md' is the file of the summary beside the record of `report-path` as well. {OWN_FILE}",
            id="page-and-summary",
        ),
        pytest.param(
            {"report-path": "./out//record", "report-html": "out/record.md"},
            "report-html",
            f"'out/record.md' is the file of the summary beside the record of `report-path` as well. {OWN_FILE}",
            id="page-and-summary-of-a-record-without-an-ending",
        ),
        pytest.param(
            {"report-path": "rollout.md"},
            "report-path",
            "'rollout.md' is a name for Markdown, but the record is JSON. Write rollout.json: the summary gets the "
            "same name with .md.",
            id="a-record-called-like-a-summary",
        ),
        pytest.param(
            {"report-path": "out/Rollout.MD"},
            "report-path",
            "'out/Rollout.MD' is a name for Markdown, but the record is JSON. Write out/Rollout.json: the summary gets "
            "the same name with .md.",
            id="in-capitals",
        ),
    ],
)
def test_two_files_of_one_name_are_refused(given: dict[str, str], name: str, text: str) -> None:
    assert problems(given) == {name: text}


def test_the_page_does_not_overwrite_the_record_that_is_read() -> None:
    found = problems({"operation": "rollback", "record": "out/a.json", "report-html": "out/a.json"})
    assert found["report-html"] == f"'out/a.json' is the file of `record` as well, which is read. {OWN_FILE}"


def test_a_run_does_not_overwrite_the_record_that_it_reads() -> None:
    """Not even a refused run, whose own record would name no previous image."""
    given = {"operation": "rollback", "record": "out/a.json", "report-path": "./out/a.json"}
    assert problems(given)["report-path"] == (
        "'./out/a.json' is the file of `record` as well, which a later run may need. "
        "Give the record of this run a file of its own, such as out/report.json."
    )
    assert usable_files(environ(given)) == Files()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"report-path": "a.json", "timeout": "never"}, Files("a.json", "a.md"), id="record"),
        pytest.param({"report-html": "a.html", "timeout": "never"}, Files(replay="a.html"), id="page"),
        pytest.param({"report-path": "/a.json", "report-html": "a.html"}, Files(replay="a.html"), id="no-record"),
        pytest.param({"report-path": "a.json", "report-html": "/a"}, Files("a.json", "a.md"), id="no-page"),
        pytest.param({"report-path": "a.json", "report-html": "a.md"}, Files("a.json", "a.md"), id="one-file"),
        pytest.param({"report-path": "a.md", "report-html": "a.html"}, Files(replay="a.html"), id="markdown"),
    ],
)
def test_a_file_is_written_whatever_else_is_wrong(given: dict[str, str], expected: Files) -> None:
    assert usable_files(environ(given)) == expected
