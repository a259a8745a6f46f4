"""Words instead of output values, each fact said once, singular and plural, and code spans of ours as code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import vmss_upgrade
from builders import NEW, fleet, report_of, run_of
from harness.playing import play, play_once
from vmss_upgrade.reporters.heatmap import before_and_now, last_look
from vmss_upgrade.reporters.sanitiser.text import sentence
from vmss_upgrade.reporters.sentences.headline import short_title
from vmss_upgrade.reporters.sentences.phrases import failure_in_words
from vmss_upgrade.reporters.sentences.plan_facts import blast_radius, plan_facts
from vmss_upgrade.reporters.step_summary import as_markdown
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.wording import numbers

pytestmark = pytest.mark.slow  # whole runs

SOURCES = Path(vmss_upgrade.__file__).parent
HOLDS = "The model holds the target image 22_04-lts-gen2 22.04.202611010: new instances will get it."
INSTEAD = (
    "`on-failure: restore-model` would have put the previous image back into the model at once, `on-failure: rollback` "
    "would have returned the instances, too."
)
NO_SET = "The Resource 'Microsoft.Compute/virtualMachineScaleSets/nope' under resource group 'simulated-group' was not"


@pytest.mark.parametrize(
    ("domains", "away"),
    [
        pytest.param("0123", "At most 1 of 4 instances is away at once, ", id="one"),
        pytest.param("0011", "At most 2 of 4 instances are away at once, ", id="two"),
    ],
)
def test_one_instance_is_away_and_two_are(domains: str, away: str) -> None:
    assert blast_radius(report_of(run_of(fleet(domains), batches=0))).startswith(away)


@pytest.mark.parametrize(
    ("outcome", "title"),
    [
        pytest.param(Outcome.REFUSED, "Refused", id="refused"),
        pytest.param(Outcome.HALTED, "Rollout halted", id="halted"),
        pytest.param(Outcome.TIMED_OUT, "Rollout out of time", id="timed-out"),
        pytest.param(Outcome.INTERRUPTED, "Rollout cancelled", id="interrupted"),
        pytest.param(Outcome.ROLLED_BACK, "Rolled back", id="rolled-back"),
        pytest.param(Outcome.ROLLBACK_FAILED, "Rollback failed", id="rollback-failed"),
    ],
)
def test_an_annotation_is_titled_in_words(outcome: Outcome, title: str) -> None:
    assert short_title(Report(ending=Ending(outcome=outcome, reason="x"))) == title


def test_a_rollback_that_ends_early_is_not_called_a_rollout(tmp_path: Path) -> None:
    played = play("half-way", tmp_path, inputs={"operation": "rollback", "timeout": "5m", "batch-timeout": "5m"})
    assert "ERROR: Rollback " in played.log, played.log
    assert "Rollout halted" not in played.log


@pytest.mark.parametrize("name", ["sick-domain"])
def test_a_plain_stop_says_twice_in_the_log_and_once_in_the_summary_what_the_model_holds(name: str) -> None:
    played = play_once(name)
    end = played.log[played.log.index("ERROR: ") :]
    assert (end.count(HOLDS), end.count("model holds"), end.count("still holds")) == (2, 2, 0), end
    assert f"{HOLDS} {INSTEAD} Look into what is named here" in end
    assert end.count(INSTEAD) == 2
    assert (played.summary.count(HOLDS), played.summary.count("holds the target")) == (1, 1)


def test_a_scale_set_that_does_not_exist_is_said_once(tmp_path: Path) -> None:
    played = play("happy", tmp_path, inputs={"scale-set": "nope"})
    assert played.summary.count(NO_SET) == 1, played.summary
    assert "### What failed\n\n- <code>ResourceNotFound</code><br>Correlation id" in played.summary


def test_a_plan_without_a_batch_has_no_facts_about_batches() -> None:
    report = report_of(run_of(fleet("01", new="0 1", image=NEW), ending=Ending(Outcome.NOTHING_TO_DO, "Nothing.")))
    assert plan_facts(report) == [
        ("Scale set", "web (resource group rg, westeurope)"),
        ("Target image", str(NEW)),
        ("Model", "holds the target image already"),
        ("To upgrade", "no instance"),
        ("Skipped", "2 already on the target image (0, 1)"),
    ]
    markdown = as_markdown(report)
    assert "**22_04-lts 2.0.0**<br>2 instances · 2 healthy · 10s" in markdown
    assert "none:" not in markdown


@pytest.mark.parametrize(("last", "text"), [(3, "3"), (4, "3 and 4"), (5, "3 to 5")])
def test_neighbours_are_joined_by_and(last: int, text: str) -> None:
    assert numbers(3, last) == text


@pytest.mark.parametrize(("messages", "more"), [(1, ""), (2, " (and 1 other message,"), (3, " (and 2 other messages,")])
def test_other_messages_are_counted(messages: int, more: str) -> None:
    said = failure_in_words([Failure("1", "X", f"m{number}") for number in range(messages)], Report())
    assert said == f"Instance 1: X: m0{f'{more} in the step summary)' if more else ''}."


def test_an_instance_on_its_way_back_is_not_called_new(tmp_path: Path) -> None:
    log = play("half-way", tmp_path, inputs={"operation": "rollback"}).log
    assert "    UD 0  ■■■  3 not returned\n    UD 1  ◐◐◐  3 returning\n    UD 2  □□□  3 old" in log, log
    assert "    □ old  ↩ rolled back  ◐ returning\n" in log
    assert not re.search(r"\d new|upgrading$", log, re.MULTILINE)


def test_the_way_there_is_drawn_in_words_of_the_way_there() -> None:
    report = report_of(run_of(fleet("01", new="0")))
    assert [row.summary for row in before_and_now(report)[0].rows] == ["1 new", "1 old"]
    assert [row.summary for row in last_look(report).rows] == ["1 new", "1 new"]


def spans() -> list[tuple[str, str]]:
    """Return the code spans of all texts in the sources, with `name` in place of each value that is filled in."""
    found = []
    for file in sorted(SOURCES.rglob("*.py")):
        nodes = list(ast.walk(ast.parse(file.read_text())))
        quoted = {part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        said = {node.value for node in nodes if isinstance(node, ast.Expr)}  # docstrings
        others = quoted | said
        for node in nodes:
            if isinstance(node, (ast.Constant, ast.JoinedStr)) and node not in others:
                text = _text(node)
                found += [(f"{file.name}:{node.lineno}", span) for span in re.findall(r"`[^`\\]+`", text)]
    return found


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "name" for part in node.values)
    return node.value if isinstance(node.value, str) else ""


def test_every_code_span_of_our_sentences_is_shown_as_code() -> None:
    ours = [(where, span) for where, span in spans() if where.split(":")[0] != "text.py"]
    assert len(ours) > 150
    assert [(where, span) for where, span in ours if not sentence(span).startswith("<code>")] == []


def test_the_words_of_a_failure_are_sentences_of_ours_too() -> None:
    ending = Ending(
        Outcome.HALTED, "Two failed.", failures=(Failure("", "A", "Look at `timeout`."), Failure("1", "B", "b"))
    )
    assert "- The rollout: <code>A</code><br>Look at <code>timeout</code>.\n" in as_markdown(
        report_of(run_of(fleet("01"), ending=ending))
    )
