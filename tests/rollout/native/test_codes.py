"""Azure's codes of a rolling upgrade: the page and the code say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.native.codes import OTHER, known_codes, meaning_of
from vmss_upgrade.rollout.native.endings import by_cancellation, by_fault, by_gate
from vmss_upgrade.rollout.native.roll import Roll, RollCode

PAGE = (Path(__file__).resolve().parents[3] / "docs/strategies.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Sets in mode Rolling")[2].partition("## Stopping")[0]
ROWS = {
    code: (outcome, meaning)
    for code, outcome, meaning in re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", SECTION, re.M)
}


STATES = {code.value for code in RollCode if code.value}
RUNNING = {code.value: Roll(code=code, word=code.value).is_running for code in RollCode if code.value}


def test_the_page_has_every_code() -> None:
    assert {code.lower() for code in ROWS.keys() - STATES} == set(known_codes())
    assert ROWS.keys() >= STATES


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_state_without_an_outcome_is_at_work(state: str) -> None:
    assert RUNNING[state] is (ROWS[state][0] == "none yet")


def test_an_ended_one_becomes_what_the_page_says() -> None:
    cancelled = by_cancellation(Roll(code=RollCode.CANCELLED, word="Cancelled"), (), ())
    faulted = by_fault(Roll(code=RollCode.FAULTED, word="Faulted"), None, (), ())
    completed = by_gate((Failure("1", "NotOnTarget", "still runs the old image"),))
    for state, ending in (("Cancelled", cancelled), ("Faulted", faulted), ("Completed", completed)):
        assert f"`{ending.outcome.value}`" in ROWS[state][0]


@pytest.mark.parametrize("code", [code for code in ROWS if code.lower() in known_codes()])
def test_a_code_becomes_what_the_page_says(code: str) -> None:
    outcome, meaning = ROWS[code]
    ending = by_fault(Roll(code=RollCode.FAULTED, word="Faulted", error_code=code), None, (), ())
    assert (f"`{ending.outcome.value}`", meaning_of(code)[0]) == (outcome, meaning)
    assert meaning in ending.reason
    assert code in ending.reason


def test_another_code_is_named_with_azures_words() -> None:
    roll = Roll(code=RollCode.FAULTED, word="Faulted", error_code="Odd", error_message="The sky fell.")
    ending = by_fault(roll, None, (), ("4",))
    assert ending.reason == "Azure gave the rolling upgrade up (Odd): The sky fell. Not on the target image: 4."
    assert ending.remedy == OTHER[1]
