"""docs/fleet-plan.schema.json and docs/fleet-report.schema.json. Every play of this folder looks at its record, too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from planning_harness import configuration, plan, wave

from harness.fleets import lay_out, put, report
from harness.playing import cancelled_at
from harness.record_schemas import complaints, schema_of
from vmss_upgrade.fleet.plan import Verdict
from vmss_upgrade.fleet.planning import record as plan_record
from vmss_upgrade.fleet.reporting import record as report_record
from vmss_upgrade.fleet.reporting.fold import State
from vmss_upgrade.rollout.history.outcome import Outcome

HELD = configuration(
    wave("canary", "canary-weu", bake_time="30m"),
    wave("web", tags="role=web", max_parallel=2),
    canary_weu={"resource-group": "simulated-group"},
)
PLANS: dict[str, Callable[[Path], Any]] = {
    "planned": lambda folder: plan("fleet", HELD, folder).record,
    "nothing-to-do": lambda folder: plan("fleet", HELD, folder, inputs={"image-version": "22.04.202610010"}).record,
    "refused": lambda folder: plan("fleet", configuration(wave("w", tags="role=wbe")), folder).record,
    "interrupted": lambda folder: plan("fleet", HELD, folder, clock=cancelled_at(5.0)).record,
}


def of_report(folder: Path, waves: dict[str, dict[str, Any]], **inputs: str) -> Any:
    lay_out(folder, waves)
    return report(folder, **inputs).record


def unread(folder: Path) -> Any:
    put(folder, "records/a/broken.json", b"{")
    put(folder, "records/a/other.txt", b"x")
    return of_report(folder, {"w": {"a": "happy"}})


REPORTS: dict[str, Callable[[Path], Any]] = {
    "succeeded": lambda folder: of_report(folder, {"w": {"a": "happy", "b": Verdict.ON_TARGET}}),
    "nothing-to-do": lambda folder: of_report(folder, {"w": {"b": Verdict.ON_TARGET}}),
    "halted": lambda folder: of_report(
        folder, {"w": {"a": "sick-domain", "b": "rollback", "c": None}, "x": {"d": None}}
    ),
    "halted-by-a-file": unread,
    "refused": lambda folder: of_report(folder, {"w": {"a": "happy"}}, wave="no"),
}


@pytest.mark.parametrize("name", ["fleet-plan", "fleet-report"])
def test_it_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(name))


def test_its_words_are_those_of_the_code() -> None:
    planned, reported = schema_of("fleet-plan")["properties"], schema_of("fleet-report")["properties"]
    assert planned["schema"]["const"] == plan_record.SCHEMA and reported["schema"]["const"] == report_record.SCHEMA
    assert planned["sets"]["items"]["properties"]["verdict"]["enum"] == [each.value for each in Verdict]
    of_set = reported["waves"]["items"]["properties"]["sets"]["items"]["properties"]
    assert of_set["state"]["enum"] == [each.value for each in State]
    assert of_set["outcome"]["enum"] == [*(each.value for each in Outcome), None]


@pytest.mark.parametrize("outcome", PLANS)
def test_a_plan_fits(outcome: str, tmp_path: Path) -> None:
    record = PLANS[outcome](tmp_path)
    assert record["outcome"] == outcome
    assert complaints("fleet-plan", {**record, "outcome": "fine"}) != []


@pytest.mark.parametrize("outcome", REPORTS)
def test_a_report_fits(outcome: str, tmp_path: Path) -> None:
    record = REPORTS[outcome](tmp_path)
    assert record["outcome"] == outcome.partition("-by-")[0]
    assert complaints("fleet-report", {**record, "new": 1}) != []
    assert [*Draft202012Validator(schema_of("fleet-report")).iter_errors({**record, "new": 1})] == []
