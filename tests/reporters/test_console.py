"""The log: groups, annotations within GitHub's limits, and no command in another's words."""

from __future__ import annotations

import re

import pytest
from hostile import SECRET, TEXT, failures, halted

from builders import fleet, run_of
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.log import Log
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history.events import (
    BatchProgressed,
    BatchStarted,
    Event,
    Holding,
    Noticed,
    Phase,
    RolloutFinished,
    Waiting,
)
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report

Captured = pytest.CaptureFixture[str]
COMMAND = re.compile(r"^\s*::(?P<name>[\w-]+)(?P<properties>[^:]*)::(?P<message>.*)$")
ALLOWED = {"group", "endgroup", "error", "warning", "notice", "debug", "add-mask"}


def say(events: list[Event], *, github: bool = True, colour: bool = False) -> None:
    report = Report()
    log = Log(Console(github=github, colour=colour), report)
    for event in events:
        report.add(event)
        log.tell(event)


def commands(output: str) -> list[tuple[str, str]]:
    """Return name and message of each command, as the runner would read them."""
    lines = re.split(r"[\r\n]", output)
    assert not [line for line in lines if "##[" in line]
    found = [(match["name"], match["message"]) for match in map(COMMAND.match, lines) if match]
    assert {name for name, _ in found} <= ALLOWED
    return [(name, message.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")) for name, message in found]


def hostile_run() -> list[Event]:
    """Return the events of a run in which every foreign string is hostile."""
    report = halted()
    assert report.model and report.ending
    events = run_of(fleet("0011", name=TEXT, location=TEXT), failures=failures(1), ending=report.ending)
    batch = next(event.batch for event in events if isinstance(event, BatchStarted))
    finding = Finding(Severity.WARN, TEXT, TEXT)
    pending = (Failure("1", TEXT, TEXT),)
    more: list[Event] = [
        Noticed(at=1.0, finding=finding),
        Waiting(at=1.0, why=TEXT, seconds=5.0, until=60.0),
        Holding(at=1.0, troubles=pending, until=9.0),
    ]
    progress = BatchProgressed(
        at=20.0, batch=batch, phase=Phase.GETTING_READY, until=30.0, pending=pending, instances=report.before
    )
    at = events.index(next(event for event in events if isinstance(event, BatchStarted))) + 1
    return [*events[:2], *more, *events[2:at], progress, *events[at:]]


@pytest.mark.parametrize("colour", [False, True], ids=["plain", "colour"])
def test_hostile_text_gives_no_command(capsys: Captured, colour: bool) -> None:
    say(hostile_run(), colour=colour)
    output = capsys.readouterr().out
    found = commands(output)
    assert [name for name, _ in found].count("group") == 1
    assert not [line for line in output.splitlines() if line.lstrip().startswith("::set-output")]
    assert "forged" in output
    assert SECRET not in output
    escapes = re.findall(r"\x1b.{0,6}", output)
    assert all(re.match(r"\x1b\[[\d;]+m", escape) for escape in escapes)
    assert bool(escapes) is colour


def test_a_terminal_gets_the_same_lines_without_commands(capsys: Captured) -> None:
    say(hostile_run(), github=False)
    output = capsys.readouterr().out
    assert commands(output) == []
    assert "Batch 1 of 2: UD 0, 2 instances" in output
    assert "ERROR: Rollout halted: Instances 0, 1, 2, 3: Code0" in output


def test_every_group_is_closed_before_the_next_and_at_the_end(capsys: Captured) -> None:
    events = run_of(fleet("001122"))
    say(events)
    names = [name for name, _ in commands(capsys.readouterr().out) if name in ("group", "endgroup")]
    assert names == ["group", "endgroup"] * 3
    say([*events[:5], RolloutFinished(at=1.0, ending=Ending(outcome=Outcome.INTERRUPTED, reason="cancelled"))])
    names = [name for name, _ in commands(capsys.readouterr().out) if name in ("group", "endgroup")]
    assert names == ["group", "endgroup"], "a run that ends inside a batch"


@pytest.mark.parametrize("kind", ["error", "warning", "notice"])
def test_at_most_ten_annotations_of_a_type(capsys: Captured, kind: str) -> None:
    console = Console(github=True, colour=False)
    for number in range(25):
        getattr(console, kind)(f"number {number}")
    output = capsys.readouterr().out
    annotations = [message for name, message in commands(output) if name == kind]
    assert len(annotations) == 10
    assert "Further" in annotations[-1]
    assert "Further" not in annotations[-2]
    assert all(f"number {number}" in output for number in range(25)), "the rest is in the log"


@pytest.mark.parametrize("length", [10, 3900, 3901, 5000, 100_000])
def test_an_annotation_fits(capsys: Captured, length: int) -> None:
    console = Console(github=True, colour=False)
    for _ in range(10):
        console.error("%" * length)
    for _, message in commands(capsys.readouterr().out):
        assert len(message) <= 4096
        assert message.startswith("%" * min(length, 3000))


@pytest.mark.sweep
def test_a_thousand_failures_are_one_annotation_a_code(capsys: Captured) -> None:
    ending = Ending(outcome=Outcome.HALTED, reason="because", failures=failures(1000, codes=3, length=1000))
    say([*run_of(fleet("0123456789" * 100))[:-1], RolloutFinished(at=9.0, ending=ending)])
    errors = [message for name, message in commands(capsys.readouterr().out) if name == "error"]
    assert len(errors) == 3
    assert errors[0].startswith("Instances 0, 3, 6, 9,")


@pytest.mark.slow
def test_the_first_of_a_thousand_codes_are_shown(capsys: Captured) -> None:
    ending = Ending(outcome=Outcome.HALTED, reason="because", failures=failures(1000, codes=1000))
    say([*run_of(fleet("0123456789" * 100))[:-1], RolloutFinished(at=9.0, ending=ending)])
    output = capsys.readouterr().out
    assert len(re.findall(r"Rollout halted.*Code", output)) == 30
    assert "ERROR: and 970 other codes, in the JSON record" in output


BROKEN = Failure(instance_id="1", code="OSProvisioningTimedOut", message="It did not start.", correlation_id="c-1")


def test_the_annotation_of_a_halted_run(capsys: Captured) -> None:
    say(run_of(fleet("001122"), failures=(BROKEN,)))
    output = capsys.readouterr().out
    ((name, message),) = [each for each in commands(output) if each[0] == "error"]
    assert name == "error"
    assert message == (
        "Instance 1: OSProvisioningTimedOut: It did not start. Correlation id c-1. Left undone: 4 instances "
        "(2, 3, 4, 5). The model holds the target image 22_04-lts 2.0.0: new instances will get it. "
        "See what failed. See docs/troubleshooting.md#osprovisioningtimedout"
    )
    assert "::error title=Rollout halted::" in output
    assert "✖ batch 1 failed after 1m40s" in output
    assert "To put the previous image back into the model:" in output
    assert "imageReference.version=1.0.0" in output
    assert "Never fewer than 4 of 6 healthy (10s after the start; floor 3)." in output


def test_a_run_that_failed_without_an_instance_error_is_annotated_too(capsys: Captured) -> None:
    ending = Ending(outcome=Outcome.TIMED_OUT, reason="It took too long.", remedy="Run it again.")
    say(run_of(fleet("0011"), batches=1, ending=ending))
    ((_, message),) = [each for each in commands(capsys.readouterr().out) if each[0] == "error"]
    assert message.startswith("It took too long. Left undone: 2 instances (2, 3).")
    assert message.endswith("Run it again. See docs/troubleshooting.md#timeout")


def test_a_good_run_has_no_annotation(capsys: Captured) -> None:
    say(run_of(fleet("0011")))
    output = capsys.readouterr().out
    assert {name for name, _ in commands(output)} == {"group", "endgroup"}
    assert "At most 2 of 4 instances are away at once, and the smallest healthy count expected is 2; open" in output
    assert "batch 2: UD 1, instances 2, 3" in output
    assert "every upgraded instance gets a new OS disk; data disks stay" in output


@pytest.mark.parametrize(
    ("severity", "command", "message"),
    [
        pytest.param(Severity.REFUSE, "error", "is wrong. Do this.", id="refusal"),
        pytest.param(Severity.WARN, "warning", "is wrong. Do this.", id="warning"),
        pytest.param(Severity.NOTE, "notice", "is wrong. Do this.", id="note"),
    ],
)
def test_findings(capsys: Captured, severity: Severity, command: str, message: str) -> None:
    say([Noticed(at=1.0, finding=Finding(severity, "is wrong.", "Do this."))])
    assert commands(capsys.readouterr().out) == [(command, message)]


def test_refusals_are_not_annotated_twice(capsys: Captured) -> None:
    ending = Ending(outcome=Outcome.REFUSED, reason="is wrong.")
    say([Noticed(at=1.0, finding=Finding(Severity.REFUSE, "is wrong.")), RolloutFinished(at=1.0, ending=ending)])
    assert [name for name, _ in commands(capsys.readouterr().out)] == ["error"]


def test_progress_is_said_when_it_is_new_and_again_after_a_while(capsys: Captured) -> None:
    def holding(at: float) -> Event:
        return Holding(at=at, troubles=(Failure("7", "X", "health is unhealthy"),), until=1200.0)

    say([holding(at) for at in (0.0, 10.0, 110.0, 125.0, 130.0)])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:7] for line in lines] == ["0:00:00", "0:02:05"]
    assert "7: health is unhealthy" in lines[0]


def test_masks_and_debug_lines_are_for_the_runner_only(capsys: Captured) -> None:
    for github in (True, False):
        console = Console(github=github, colour=False)
        console.mask("s3cret-%\n")
        console.mask("")
        console.debug("GET /x")
    first, *derived, last = capsys.readouterr().out.splitlines()
    assert (first, last) == ("::add-mask::s3cret-%25%0A", "::debug::GET /x")
    assert derived
    assert all(line.startswith("::add-mask::") for line in derived)


def test_a_traceback_is_cleaned_line_by_line(capsys: Captured) -> None:
    Console(github=True, colour=False).lines("Traceback:\n  ::error::x\n##[error]y")
    output = capsys.readouterr().out
    assert commands(output) == []
    assert len(output.splitlines()) == 3
