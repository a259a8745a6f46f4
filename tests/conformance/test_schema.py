"""Every answer of the simulator and every request of the action conforms to Azure's own descriptions.

The descriptions are the OpenAPI text of 2024-07-01, the body types of 2026-04-01 and the operations of the SDK.
`schema_deviations.py` lists the deviations of the real Azure; there may be no others. Real traffic and the
description's own examples show that the validation is right; `schema_mutations.py` shows that it can fail.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from azure_simulator import scenario_names
from contract import load_recording, needed_contract_dir, recording_names
from schema_cases import ALSO_PLAYED, LIVES
from schema_deviations import OF_AZURE, OF_EXAMPLES, OF_RECORDINGS, unexcused
from schema_json import find_problems
from schema_judge import Finding, Judge
from schema_mutations import (
    BAD_ANSWERS,
    BAD_EXCHANGES,
    BAD_REQUESTS,
    BadBody,
    BadExchange,
    with_bad_answer,
    with_bad_request,
    with_bad_surroundings,
)
from schema_shape import Pages
from schema_traffic import Exchange, ask_watched, play_watched, recorded
from schema_watch import Watch, is_of_compute

# The longest scenario, by whose name the longest tests begin first.
SCENARIOS = [pytest.param(name, id="a_large_set" if name == "large" else name) for name in scenario_names()]
# A recording is a part of some traffic, by a client of its time.
NOT_OF_A_RECORDING = {("wire", "address"), ("sdk", "api-version")}


@cache
def judge() -> Judge:
    """Return the descriptions, read once."""
    return Judge(needed_contract_dir())


# -- the simulator and the action ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario(name: str, tmp_path: Path) -> None:
    watch = Watch(judge())
    played = play_watched(name, tmp_path, watch.see)
    assert sentences(watch.findings) == []
    of_compute = [each for each in played.azure.requests if is_of_compute(each.path)]
    assert watch.requests.total() == len(of_compute)
    assert watch.answers.total() == len([each for each in of_compute if each.status])


@pytest.mark.parametrize("name", ALSO_PLAYED)
def test_a_case(name: str, tmp_path: Path) -> None:
    scenario, inputs = ALSO_PLAYED[name]
    watch = Watch(judge())
    play_watched(scenario, tmp_path, watch.see, inputs)
    assert watch.answers
    assert sentences(watch.findings) == []


@pytest.mark.parametrize("name", LIVES)
def test_a_request_that_the_action_never_sends(name: str) -> None:
    scenario, rows = LIVES[name]
    watch = Watch(judge())
    statuses = ask_watched(scenario, [row[:3] for row in rows], watch.see)
    assert [(*row[:2], status) for row, status in zip(rows, statuses, strict=True)] == [(*r[:2], r[3]) for r in rows]
    assert sentences(watch.findings) == []


def sentences(findings: Iterable[Finding]) -> list[str]:
    """Return each finding that no deviation of the real Azure excuses, as a sentence."""
    return [str(each) for each in unexcused(findings, OF_AZURE)]


# -- the validation is right -----------------------------------------------------------------------------------------


def test_the_real_azure_deviates_where_the_tables_say_and_nowhere_else() -> None:
    findings = {name: findings_of(name) for name in recording_names()}
    readme = (needed_contract_dir() / "README.md").read_text(encoding="utf-8")
    rows = (*OF_AZURE, *OF_RECORDINGS)
    assert {name: left for name, found in findings.items() if (left := unexcused(found, rows))} == {}
    everything = [each for found in findings.values() for each in found]
    shown = [row for row in rows if row.reported in readme if row.reported or any(map(row.excuses, everything))]
    assert [str(row) for row in rows if row not in shown] == []


def test_the_examples_of_the_description_deviate_where_the_table_says_and_nowhere_else() -> None:
    findings = list(findings_of_examples())
    assert unexcused(findings, OF_EXAMPLES) == []
    assert [str(row) for row in OF_EXAMPLES if not any(map(row.excuses, findings))] == []


def test_no_request_matches_two_operations() -> None:
    for operation in judge().openapi.operations:
        assert judge().openapi.matching(operation.method, operation.template) == [operation]


def findings_of(recording: str) -> list[Finding]:
    """Return the findings in a recording."""
    watch = Watch(judge())
    for interaction in load_recording(recording).interactions:
        watch.see(recorded(interaction))
    return [each for each in watch.findings if (each.by, each.problem.rule) not in NOT_OF_A_RECORDING]


def findings_of_examples() -> Iterator[Finding]:
    """Return the findings in the description's own examples, bodies of requests and of answers."""
    for operation in judge().openapi.operations:
        for file in operation.examples:
            example = json.loads(file.read_text(encoding="utf-8"))
            bodies = [("request", operation.body, example["parameters"].get("parameters"))]
            for status, answer in example["responses"].items():
                validator = operation.answers.get(status, operation.answers["default"])
                bodies.append((status, validator, answer.get("body")))
            for name, validator, body in bodies:
                if validator is not None and body is not None:
                    for problem in find_problems(validator, body):
                        yield Finding("openapi", f"{operation.id} {name}", problem)


# -- the validation can fail -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", BAD_ANSWERS, ids=str)
def test_a_bad_answer_is_found(bad: BadBody) -> None:
    assert found_in(with_bad_answer(good_traffic()[bad.of], bad)) == bad.found


@pytest.mark.parametrize("bad", BAD_REQUESTS, ids=str)
def test_a_bad_request_is_found(bad: BadBody) -> None:
    assert found_in(with_bad_request(good_traffic()[bad.of], bad)) == bad.found


@pytest.mark.parametrize("bad", BAD_EXCHANGES, ids=str)
def test_a_bad_exchange_is_found(bad: BadExchange) -> None:
    found = found_in(with_bad_surroundings(good_traffic()[bad.of], bad))
    assert {(by, rule) for by, rule, _ in found} == bad.broken


@cache
def good_traffic() -> dict[str, Exchange]:
    """Return exchanges without a fault, one for each operation and status, in order."""
    exchanges: dict[str, Exchange] = {}

    def see(exchange: Exchange) -> None:
        if "/providers/" in exchange.url:
            (operation,) = judge().operations_of(exchange)
            exchanges.setdefault(f"{operation.id} {exchange.status}", exchange)

    scenario, inputs = ALSO_PLAYED["a managed image"]
    with tempfile.TemporaryDirectory() as folder:
        play_watched(scenario, Path(folder), see, inputs)
    scenario, rows = LIVES["Uniform"]
    ask_watched(scenario, [row[:3] for row in rows], see)
    return exchanges


def found_in(exchange: Exchange) -> set[tuple[str, str, str]]:
    """Return the findings in an exchange that follows all the good ones, as (by, rule, where)."""
    watch = Watch(judge())
    for good in good_traffic().values():
        watch.see(good)
    before = Counter(watch.findings)
    watch.see(exchange)
    found = unexcused(watch.findings - before, OF_AZURE)
    return {(each.by, each.problem.rule, each.problem.where) for each in found}


# -- parts that are judged only once ---------------------------------------------------------------------------------


def test_only_the_new_elements_of_a_page_are_judged() -> None:
    pages, frame = Pages(), {"value": [], "nextLink": "x"}
    one, two, changed = {"id": "1", "a": [{"id": "1"}]}, {"id": "2", "b": 2}, {"id": "2", "b": 3}
    assert pages.new_in(page_of(one, two)) == [frame, {"value": [one]}, {"value": [two]}]
    assert pages.new_in(page_of(one, two)) == [frame]
    assert pages.new_in(page_of(one, changed, two)) == [frame, {"value": [changed]}]


@pytest.mark.parametrize("text", ['{"value":[{"id":1}', '{"value":[{"id":1},]}', '{"value":[{"id":1}{"id":2}]}', "<"])
def test_a_page_that_is_not_json(text: str) -> None:
    with pytest.raises(ValueError):
        Pages().new_in(text)


def page_of(*elements: object) -> str:
    return json.dumps({"value": elements, "nextLink": "x"}, separators=(",", ":"))
