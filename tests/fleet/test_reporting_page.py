"""The page of a fleet: what records say reaches it as text, and it can do nothing but show it.

`tests/e2e/test_fleet_page.py` looks at it in a browser.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fleet.test_reporting_fold import ran
from fleet.test_reporting_runs import MIXED, hostile
from harness.fleets import GITHUB, lay_out, put, report, run_record
from vmss_upgrade.fleet.reporting.fold import fold
from vmss_upgrade.fleet.reporting.page import replay_names

VOID = {"meta", "input", "br"}


class Elements(HTMLParser):
    """Every element of a page with its attributes; `open` are those that were not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.texts[self.cdata_elem] = data

    def links(self) -> list[str]:
        return [attributes["href"] for tag, attributes in self.elements if tag == "a"]


@pytest.mark.parametrize("is_hostile", [False, True])
def test_a_page_runs_its_own_script_alone(is_hostile: bool, tmp_path: Path) -> None:
    lay_out(tmp_path, MIXED)
    page = Elements((hostile(tmp_path) if is_hostile else report(tmp_path, GITHUB)).page)
    assert page.open == []
    tags = [tag for tag, _ in page.elements]
    assert set(tags) <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "a",
            "header",
            "p",
            "h1",
            "h2",
            "span",
            "div",
            "pre",
            "main",
        ),
        *("label", "select", "option", "input", "section", "table", "thead", "tbody", "tr", "th", "td", "svg", "rect"),
        *("kbd", "script"),
    }
    assert tags.count("script") == tags.count("style") == 1
    used = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in used if name.startswith("on")} | (used & {"style", "src", "srcset", "action"})
    policy = next(a["content"] for tag, a in page.elements if tag == "meta" and "http-equiv" in a)
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.texts[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")


def test_every_line_with_a_record_opens_its_replay(tmp_path: Path) -> None:
    lay_out(tmp_path, MIXED)
    links = Elements(
        report(tmp_path, report_html="out/fleet.html").folder.joinpath("out/fleet.html").read_text()
    ).links()
    replays = [link for link in links if not link.startswith(("#", "https://"))]
    assert sorted(replays) == [f"fleet/{name}.html" for name in ("api-neu", "api-weu", "cache", "web-weu")]
    for replay in replays:
        assert 'content="vmss-upgrade replay"' in (tmp_path / "out" / replay).read_text()[:2000]


def test_links_lead_to_the_web_or_beside_the_page(tmp_path: Path) -> None:
    for link in Elements(hostile(tmp_path).page).links():
        assert re.fullmatch(r"#waves|fleet/[A-Za-z0-9_-]+\.html|https://github\.com/[\w/]+", link), link


def test_a_replay_that_cannot_be_written_is_not_linked(tmp_path: Path) -> None:
    lay_out(tmp_path, {"w": {"a": "happy", "b": "happy"}})
    put(tmp_path, "fleet/a.html", b"<p>mine")
    done = report(tmp_path, GITHUB)
    assert [link for link in Elements(done.page).links() if link.startswith("fleet")] == ["fleet/b.html"]
    assert "Could not write the replay of records/a/record.json" in done.log


@pytest.mark.parametrize(
    ("names", "path", "expected"),
    [
        (["a", "b"], "fleet.html", ["fleet/a.html", "fleet/b.html"]),
        (["a", "A", "a-2"], "out/x.html", ["out/x/a.html", "out/x/A-2.html", "out/x/a-2-2.html"]),
        (["../../etc", "a/b", ".."], "f.html", ["f/etc.html", "f/a-b.html", "f/scale-set.html"]),
        (["é", "<b>", "x" * 200], "f.html", ["f/scale-set.html", "f/b.html", f"f/{'x' * 60}.html"]),
        (["a"], "fleet", ["fleet-replays/a.html"]),
    ],
)
def test_names_of_replays_are_safe_and_unique(names: list[str], path: str, expected: list[str]) -> None:
    runs = [ran(name, scale_set_id=f"/{at}", at=float(at), file=f"{at}.json") for at, name in enumerate(names)]
    assert list(replay_names(fold(None, runs), path).values()) == expected


def test_a_page_without_a_report_says_why(tmp_path: Path) -> None:
    page = report(tmp_path, records="").page
    assert "is needed by `operation: fleet-report`" in page
    assert '<span class="outcome is-refused">refused</span>' in page


def test_replays_of_an_earlier_attempt_are_replaced(tmp_path: Path) -> None:
    lay_out(tmp_path, {"w": {"a": "sick-domain"}})
    report(tmp_path)
    first = (tmp_path / "fleet/a.html").read_text()
    put(tmp_path, "records/a-2.json", run_record("happy", "a", minute=99))
    report(tmp_path)
    assert (tmp_path / "fleet/a.html").read_text() != first


def test_reasons_are_sentences(tmp_path: Path) -> None:
    lay_out(tmp_path, MIXED)
    reasons = re.findall(r'<span class="why">([^<]*)</span>', report(tmp_path, GITHUB).page)
    assert len(reasons) == 6
    assert [reason for reason in reasons if not re.fullmatch(r"[A-Z].*[^.]\.", reason)] == []
