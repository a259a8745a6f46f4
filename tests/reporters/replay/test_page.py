"""The page of a replay: whatever a record says reaches it as data, and it can do nothing but show it.

`tests/e2e/test_replay.py` looks at it in a browser.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from builders import changed, fleet, report_of, run_of
from harness.long_run import long_record
from harness.playing import play
from harness.scenarios import fleet_of, on_instance
from reporters.hostile import SECRET, failures, halted
from vmss_upgrade.reporters.record import as_record, as_text
from vmss_upgrade.reporters.replay.__main__ import main
from vmss_upgrade.reporters.replay.page import LONGEST_TEXT, MOST_FAILURES, NotARecord, as_page, write_page
from vmss_upgrade.rollout.history.changes import MOST_CHANGES
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.scale_set import Health

SOURCES = Path(__file__).resolve().parents[3] / "src/vmss_upgrade/reporters/replay"
HAPPY = report_of(run_of(fleet("0011")))


class Elements(HTMLParser):
    """Every element with its attributes, and the text of each script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def data_in(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="record">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("report", [HAPPY, halted(), Report()], ids=["happy", "hostile", "empty"])
def test_a_page_has_the_elements_of_its_template_and_no_other(report: Report) -> None:
    template = Elements((SOURCES / "page.html").read_text(encoding="utf-8"))
    page = Elements(as_page(as_text(report)))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in template.elements]
    assert len(page.of("script")) == 2
    used = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in used if name.startswith("on")} | (used & {"style", "src", "srcset", "action"})
    assert {attributes["href"] for _, attributes in page.elements if "href" in attributes} == {"#player"}


@pytest.mark.parametrize("report", [HAPPY, halted()], ids=["happy", "hostile"])
def test_the_policy_allows_the_script_and_the_style_of_the_page_alone(report: Report) -> None:
    page = Elements(as_page(as_text(report)))
    style, record, script = page.texts

    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    policy = next(each["content"] for each in page.of("meta") if "http-equiv" in each)
    assert policy == (
        f"default-src 'none'; script-src {source(script)}; style-src {source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    assert json.loads(record)
    tags = [tag for tag, _ in page.elements]
    assert page.of("meta").index({"http-equiv": "Content-Security-Policy", "content": policy}) < tags.index("style")


def test_hostile_texts_are_data() -> None:
    page = as_page(as_text(halted()))
    data = re.search(r'id="record">(.*?)</script>', page, re.DOTALL)
    assert data
    assert re.search(r"[<\u2028\u2029\u202e\x1b]", data[1]) is None
    assert data[1].isascii()
    assert "\\u003cscript>" in data[1]
    assert SECRET not in page
    assert "<script>x" in data_in(page)["headline"]


def test_the_data_is_the_record() -> None:
    record, data = as_record(HAPPY), data_in(as_page(as_text(HAPPY)))
    assert data == {name: record[name] for name in data}
    assert {"outcome", "headline", "changes", "batches", "rollback", "failures"} <= data.keys()


def test_texts_are_short_and_failures_are_not_without_end() -> None:
    record = as_record(halted(instances=20, failed=failures(20, length=5000)))
    record["failures"] *= 100
    record["changes"]["rows"][0]["name"] = "x\u202e" + "x" * 5000
    data = data_in(as_page(json.dumps(record)))
    assert len(data["failures"]) == MOST_FAILURES
    assert max(len(failure["message"]) for failure in data["failures"]) <= LONGEST_TEXT
    assert data["changes"]["rows"][0]["name"].startswith("x x")


def test_no_part_of_the_page_names_another_place() -> None:
    """A namespace of SVG would be the only address; the script takes it from an element of the page."""
    for file in SOURCES.iterdir():
        if file.suffix in (".js", ".css", ".html"):
            text = file.read_text(encoding="utf-8")
            assert "://" not in text, file
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|fetch\(|@import|url\(", text
            )
            assert len(text.splitlines()) <= 260, file


@pytest.mark.sweep
def test_a_thousand_instances_over_five_hours_fit() -> None:
    assert len(long_record()) < 2_000_000
    assert len(as_page(long_record())) < 1_000_000


@pytest.mark.sweep
def test_health_that_never_rests_fits_too() -> None:
    events = run_of(fleet("01234" * 200))
    report = report_of(events[:-1])
    ids, cells = [instance.id for instance in report.instances], report.cells()
    scale_set = events[1].scale_set  # type: ignore[attr-defined]
    looks = [changed(scale_set, ids, health=health).instances for health in (Health.UNHEALTHY, Health.HEALTHY)]
    for n in range(MOST_CHANGES):
        report.changes.see(looks[n % 2], cells, 1000.0 + n * 137.3)
    assert len(as_page(as_text(report))) < 2_000_000


# -- its file ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a record of this action"),
        ('{"schema": "vmss-upgrade/record/2"}', "is not a record of this action"),
        ('{"schema": ["vmss-upgrade/record/1"]}', "is not a record of this action"),
    ],
    ids=["empty", "deep", "list", "newer", "odd"],
)
def test_another_file_makes_no_page(text: str, problem: str) -> None:
    with pytest.raises(NotARecord, match=problem):
        as_page(text)


def test_a_page_is_written_over_a_page_and_over_nothing_else(tmp_path: Path) -> None:
    write_page(HAPPY, str(tmp_path), "out/rollout.html")
    write_page(halted(), str(tmp_path), "out/rollout.html")
    assert data_in((tmp_path / "out/rollout.html").read_text())["outcome"] == "halted"
    (tmp_path / "mine.html").write_text("<html>mine")
    for path in ("mine.html", "../x.html", ".git/x.html"):
        with pytest.raises(ValueError, match="report-html"):
            write_page(HAPPY, str(tmp_path), path)
    assert (tmp_path / "mine.html").read_text() == "<html>mine"


def test_a_run_writes_the_page_of_its_record(tmp_path: Path) -> None:
    bad = [
        on_instance("comes-up-unhealthy", "1"),
        on_instance("appear", "6", after_upgrade=1, update_domain=2, image="new"),
    ]
    asked = {"on-failure": "rollback", "report-html": "out/rollout.html"}
    played = play(fleet_of([2, 2, 2], faults=bad), tmp_path, inputs=asked)
    page = (tmp_path / "out/rollout.html").read_text()
    assert page == as_page(played.files["record.json"])
    changes = data_in(page)["changes"]
    assert [row["name"] for row in changes["rows"]] == ["UD 0", "UD 1", "UD 2"]
    assert changes["floor"]["count"] == [3, 4], "an instance is created during the rollout"


def test_a_refused_run_writes_its_page_as_well(tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={"report-html": "rollout.html", "timeout": "never"})
    assert played.outcome == "refused"
    data = data_in((tmp_path / "rollout.html").read_text())
    assert (data["outcome"], data["changes"]["rows"]) == ("refused", [])
    assert "timeout" in data["findings"][0]["message"]


def test_a_page_that_cannot_be_written_does_not_change_the_outcome(tmp_path: Path) -> None:
    (tmp_path / "rollout.html").write_text("mine")
    played = play("happy", tmp_path, inputs={"report-html": "rollout.html", "operation": "plan"})
    assert (played.exit_code, played.outcome) == (0, "planned")
    assert "Could not write the replay: report-html 'rollout.html' exists, and is not a replay" in played.log


def test_the_command_line_makes_the_page_from_the_record_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "record.json").write_text(as_text(HAPPY))
    assert main([str(tmp_path / "record.json"), "-o", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text() == as_page(as_text(HAPPY))
    (tmp_path / "record.json").write_text("{}")
    assert main([str(tmp_path / "record.json"), "-o", str(tmp_path / "other.html")]) == 1
    assert main([str(tmp_path / "none.json")]) == 1
    assert "is not a record of this action" in capsys.readouterr().err
    assert not (tmp_path / "other.html").exists()
