"""The files of a fleet's report: what a pattern finds, that no link leads out, and what hostile ones may hold."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.fleets import PLANNED_AT, lay_out, plan_of, plan_record, put, run_record
from vmss_upgrade.errors import InputError
from vmss_upgrade.fleet.plan import Verdict
from vmss_upgrade.fleet.reporting import files
from vmss_upgrade.fleet.reporting.files import TooMany, Unreadable, content_of, matching
from vmss_upgrade.fleet.reporting.run_record import UnusableRecord, date_in, run_in
from vmss_upgrade.fleet.reporting.sources import read_sources
from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.order import LARGEST_RECORD

TREE = ("a.json", "r/a.json", "r/b.JSON", "r/x/a.json", "r/x/y/z/a.json", "r/x/.h.json", ".git/a.json", "r/.git/a.json",
        ".github/a.json", "r/b.md")  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("r/**/*.json", ["r/a.json", "r/x/a.json", "r/x/y/z/a.json"]),
        ("r/*.json", ["r/a.json"]),
        ("r/*/*.json", ["r/x/a.json"]),
        ("**/a.json", ["a.json", "r/a.json", "r/x/a.json", "r/x/y/z/a.json"]),
        ("**/y/**/a.json", ["r/x/y/z/a.json"]),
        ("r/**/**/a.json", ["r/a.json", "r/x/a.json", "r/x/y/z/a.json"]),
        ("r/**", ["r/a.json", "r/b.JSON", "r/b.md", "r/x/a.json", "r/x/y/z/a.json"]),
        ("r/[ab].*", ["r/a.json", "r/b.JSON", "r/b.md"]),
        ("./r/?.json", ["r/a.json"]),
        ("r/x/.*.json", ["r/x/.h.json"]),
        (".github/*.json", [".github/a.json"]),
        (".git/*.json", []),
        ("r/.git/*", []),
        ("r", []),
        ("r/x", []),
        ("nowhere/*.json", []),
    ],
)
def test_a_pattern_finds_files(pattern: str, expected: list[str], tmp_path: Path) -> None:
    for path in TREE:
        put(tmp_path, path, {})
    assert list(matching(str(tmp_path), pattern)) == expected


def test_no_link_is_followed(tmp_path: Path) -> None:
    secret = put(tmp_path, "outside/secret.json", {})
    inside = put(tmp_path, "work/r/a.json", {}).parent
    (inside / "link.json").symlink_to(secret)
    (inside / "folder").symlink_to(secret.parent)
    (inside / "loop").symlink_to(inside)
    os.mkfifo(inside / "pipe.json")
    assert list(matching(str(tmp_path / "work"), "r/**/*.json")) == ["r/a.json"]
    for path in ("r/link.json", "r/folder/secret.json", "r/pipe.json", "r/missing.json", "r"):
        with pytest.raises(Unreadable):
            content_of(str(tmp_path / "work"), path)


def test_a_workspace_may_be_a_link(tmp_path: Path) -> None:
    put(tmp_path, "there/r/a.json", {"a": 1})
    (tmp_path / "here").symlink_to(tmp_path / "there")
    assert list(matching(str(tmp_path / "here"), "r/*")) == ["r/a.json"]
    assert content_of(str(tmp_path / "here"), "r/a.json") == b'{"a": 1}'


@pytest.mark.parametrize(
    ("bound", "limit", "lack"),
    [("MOST_FILES", 2, "more than 2 files"), ("MOST_ENTRIES", 2, "too many"), ("DEEPEST", 1, "too many")],
)
def test_a_pattern_that_matches_too_much(
    bound: str, limit: int, lack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in TREE:
        put(tmp_path, path, {})
    monkeypatch.setattr(files, bound, limit)
    with pytest.raises(TooMany, match=lack):
        list(matching(str(tmp_path), "**/*.json"))
    with pytest.raises(InputError, match="records"):
        read_sources(str(tmp_path), "**/*.json")


def test_a_pattern_of_many_stars_takes_no_time(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(30):
        folder = folder / ("a" * 40)
    put(folder, "a" * 40 + ".txt", {})
    assert list(matching(str(tmp_path), "**/" * 30 + "*a" * 15 + "b.json")) == []


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(LARGEST_RECORD + 1)
    with pytest.raises(Unreadable, match="too large"):
        content_of(str(tmp_path), "large.json")


BROKEN = {
    "empty": b"",
    "half": b'{"schema": "vmss-upgrade/record/1", "outc',
    "not-utf-8": b"\xff\xfe{}",
    "deep": b"[" * 200_000,
    "a-number-of-many-digits": b'{"schema": ' + b"1" * 5000 + b"}",
    "a-later-schema": json.dumps({"schema": "vmss-upgrade/record/2"}).encode(),
    "an-unknown-outcome": json.dumps({"schema": "vmss-upgrade/record/1", "outcome": "great"}).encode(),
    "an-odd-outcome": json.dumps({"schema": "vmss-upgrade/record/1", "outcome": ["succeeded"]}).encode(),
    "a-plan-of-a-later-schema": json.dumps({"schema": "vmss-upgrade/fleet-plan/2"}).encode(),
    "half-a-plan": json.dumps({"schema": "vmss-upgrade/fleet-plan/1", "waves": 1}).encode(),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named(name: str, tmp_path: Path) -> None:
    lay_out(tmp_path, {"w": {"a": run_record("happy", "a")}})
    put(tmp_path, "records/bad/record.json", BROKEN[name])
    sources = read_sources(str(tmp_path), "records/**/*.json")
    assert [each.file for each in sources.unread] == ["records/bad/record.json"]
    assert len(sources.runs) == 1


@pytest.mark.parametrize(
    "content",
    [
        {}, [], "text", 1, None, {"schema": 1}, {"schema": "other/1"}, {"schema": "vmss-upgrade/fleet-report/1"},
        {"schema": "vmss-upgrade/record/1", "command": "plan", "outcome": "planned"},
        {"schema": "vmss-upgrade/record/1", "command": "status", "outcome": "reported"},
    ],
)  # fmt: skip
def test_json_of_another_kind_is_passed_over(content: Any, tmp_path: Path) -> None:
    lay_out(tmp_path, {"w": {"a": run_record("happy", "a")}})
    put(tmp_path, "records/other.json", content)
    put(tmp_path, "records/a/record.md", b"# Summary")
    sources = read_sources(str(tmp_path), "records/**/*")
    assert not sources.unread
    assert sources.ignored == ["records/a/record.md", "records/other.json"]


@pytest.mark.parametrize("pattern", ["records/*.json", "nowhere/**/*.json"])
def test_a_pattern_that_finds_nothing_of_use(pattern: str, tmp_path: Path) -> None:
    put(tmp_path, "records/other.json", {})
    with pytest.raises(InputError) as refused:
        read_sources(str(tmp_path), pattern)
    (problem,) = refused.value.problems
    assert problem.input == "records"
    assert "matches no record of a job, and no plan of a fleet" in problem.message


def test_the_youngest_plan_counts(tmp_path: Path) -> None:
    old, new = plan_of({"w": {"a": Verdict.DUE}}), plan_of({"w": {"a": Verdict.ON_TARGET}})
    put(tmp_path, "r/1.json", plan_record(new))
    put(tmp_path, "r/2.json", plan_record(old, started_at="2026-11-27T08:00:00Z", outcome="refused", reason="old"))
    sources = read_sources(str(tmp_path), "r/*.json")
    assert (sources.plan, sources.planned_at, sources.plan_trouble) == (new, PLANNED_AT.timestamp(), "")
    assert sources.ignored == ["r/2.json"]


def test_a_plan_that_did_not_end_says_why(tmp_path: Path) -> None:
    put(tmp_path, "r/1.json", plan_record(plan_of({}), outcome="refused", reason="config: is wrong."))
    assert read_sources(str(tmp_path), "r/*.json").plan_trouble == "config: is wrong."


ODD: list[Any] = [
    None,
    True,
    -1,
    1e999,
    float("nan"),
    10**400,
    "x" * 100_000,
    [],
    [1],
    {},
    {"id": 1},
    "2026-13-99T00:00:00Z",
]
KEYS = ("command", "scale_set", "run", "counts", "reason", "remedy", "started_at", "ended_at", "duration",
        "target_image", "previous_image", "changed", "upgraded", "rolled_back", "failed", "remaining", "lowest_healthy",
        "instances", "model_may_hold_target", "model_restored", "asked_for")  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_an_odd_value_is_not_known(key: str) -> None:
    good = run_record("happy", "a")
    for odd in ODD:
        inside = dict.fromkeys(("id", "name", "url", "attempt", "total", "upgraded", "count"), odd)
        for record in (good | {key: odd}, good | {key: inside}, good | {key: [inside]}):
            run = run_in(record, "f.json")
            if run is not None:  # of a command that is odd
                assert run.outcome is Outcome.SUCCEEDED
                assert run.age < (10**12, 10**6)
                assert len(run.reason) < 5000
                assert 0 <= run.on_target <= 20


def test_a_record_without_anything_but_its_schema() -> None:
    run = run_in({"schema": "vmss-upgrade/record/1"}, "f.json")
    assert run is not None
    assert (run.outcome, run.scale_set_id, run.total) == (None, "", 0)
    with pytest.raises(UnusableRecord):
        run_in({"schema": "vmss-upgrade/record/7"}, "f.json")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T01:01:00+01:00", 60.0),
        ("1970-01-01T00:01:00", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("", None),
        (60, None),
    ],
)
def test_dates(value: Any, expected: float | None) -> None:
    assert date_in(value) == expected
