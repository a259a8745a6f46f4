"""Every check is shown a run that fails it: each row breaks the action in one place."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.mutation import Wrong, mutate, nothing
from sweeps.bad_input import judge
from sweeps.bad_input.case import Alteration, Case
from sweeps.bad_input.drawn_answers import SECRETS
from sweeps.bad_input.homes import MANAGER
from sweeps.bad_input.leaks import WAYS

SECRET = SECRETS[0]
PLAIN = Case()


def case_of(route: str, how: str, world: str = "uniform", secret: str = SECRET, **parts: Any) -> Case:
    return Case(world=world, secret=secret, alterations=(Alteration(route, how, **parts),))


def failing(words: str, **more: str) -> Case:
    """Make the upgrade's operation fail with this message from Azure."""
    return case_of("poll", "error", key="operation", code="X", text=words, **more)


def as_it_is(_real: Any, value: object, _limit: int = 0) -> str:
    return str(value)


def sent(change: Callable[[Any], None]) -> Wrong:
    """Make the action change its requests just before they leave."""
    return {"Timeouts.on_request": lambda _real, _policy, request: change(request.http_request)}


def sent_to(other: str) -> Wrong:
    return sent(lambda request: setattr(request, "url", request.url.replace("manualupgrade", other)))


def summary_of(text: str) -> Wrong:
    return {"step_summary.as_markdown": lambda *_, **__: text}


def reports_of(case: Case) -> str:
    return "\n".join(judge.faults_of_case(case))


def write_more(request: Any) -> None:
    if request.method == "PATCH":
        request.data = '{"properties": {"overprovision": true}}'


OUTSIDE = ("actions_toolkit.", "sweeps.")  # the beginnings of names that are not the action's, and get other values
UNESCAPED = {"actions_toolkit.core.issue_command": lambda name, _properties, text: print(f"::{name}::{text}")}
LIMITS, ENDLESS = "sweeps.bad_input.judge", "sweeps.bad_input.endless"
MARKUP = ("<img src=x onerror=y>", "![x](https://evil.invalid/y)", "me@evil.invalid", "<!-- a -->")
LATER = ("##[add-path]/tmp", "a\n::set-env name=A::b", '{"a": "b ##[x]c"}')
ECHOED = ("\\n::error::a", "\\0043\\043#[x]")  # commands only when `echo` shows them
LINK = case_of("instances", "link", secret="", text="https://evil.invalid/next")
BAD_VALUES = {"suspend-repairs": "yes", "batch-size": "lots"}

# the wrong behaviour -> the check that must report it, a case that shows it, and the mutation that causes it
WRONG: dict[str, tuple[str, Case, Mapping[str, Any]]] = {
    **{
        f"does not clean the log of {words!r}": (
            "log_commands_are_meant", failing(words), {"clean": as_it_is, "shown": as_it_is, **UNESCAPED}
        ) for words in ("a ##[error]b", "a\n::error::forged")
    },
    "does not escape a command": ("log_commands_are_meant", failing("100%0A::error::forged"), UNESCAPED),
    **{
        f"does not escape {words!r}": (
            "summary_is_sound",
            case_of("upgrade", "error", key="arm", code="X", text=words, status=400),
            {"text.sentence": as_it_is},
        ) for words in MARKUP
    },
    **{
        f"does not escape {words!r} in a table": (
            "summary_is_sound", case_of("set", "text", key="location", text=words), {"text.sentence": as_it_is}
        ) for words in ("a | b", "a\n\nb")
    },
    **{
        f"does not take out {words}": (
            "secrets_stay_secret", failing(words, world="vhd"), {"keep_secret": nothing, "text.cut": as_it_is}
        ) for words in ("https://a.blob.core.windows.net/c/x.vhd?{sas}", "the signature {signature}")
    },
    "prints a mask as a line": ("secrets_stay_secret", Case(secret=SECRET), {
        "Console.mask": lambda _, console, secret: console.line(f"masking {secret}")
    }),
    **{
        f"follows a link to another host, {check}": (check, LINK, {"OnlyResourceManager.on_request": nothing})
        for check in ("asks_nobody_else", "secrets_go_home")
    },
    **{
        f"asks for {other}": ("asks_only_what_is_promised", PLAIN, sent_to(other))
        for other in ("deallocate", "../another-set/manualupgrade", "delete")
    },
    "changes more than the image": ("asks_only_what_is_promised", PLAIN, sent(write_more)),
    **{
        f"reports {said!r}": ("nothing_is_a_command_later", PLAIN, {
            "as_outputs": lambda real, *given, said=said: {**real(*given), "report": said}
        }) for said in (*LATER, *ECHOED)
    },
    **{
        f"summarises {said!r}": ("nothing_is_a_command_later", PLAIN, summary_of(said)) for said in LATER
    },
    "accepts an unknown input": (
        "nothing_is_written_when_refused", Case(inputs={"batchsize": "1"}), {"Form.refuse_unknown": nothing}
    ),
    "accepts bad values": ("nothing_is_written_when_refused", Case(inputs=BAD_VALUES), {"Form.problem": nothing}),
    "lets a traceback through": ("ends_in_order", case_of("poll", "in-list", last=0), {
        "read_by_the_sdk": lambda *_: nullcontext()
    }),
    "fails to report": ("ends_in_order", PLAIN, {"heatmap.as_lines": lambda *_: None}),
    "goes on for ever": ("ends_in_time", PLAIN, {f"{LIMITS}.TIMEOUT": -judge.SLACK}),
    "asks too often": ("ends_in_time", PLAIN, {f"{LIMITS}.MOST_REQUESTS": 9}),
    **{
        f"reads {kind} too far": (
            "ends_in_time", case_of("permissions", kind, last=0), {f"{ENDLESS}.ANSWER_BYTES": 200_000_000}
        ) for kind in ("blanks", "packed")
    },
    "waits too long for an answer": (
        "ends_in_time", case_of("permissions", "trickle", last=0), {f"{ENDLESS}.ANSWER_SECONDS": 10_000.0}
    ),
    "forges an output": ("files_are_readable", PLAIN, {
        "write_outputs": lambda _, _values, file: Path(file).write_text("outcome=x\n")
    }),
    "forges a state": ("files_are_readable", Case(world="repairs"), {
        "save_state": lambda real, file, _, value: real(file, "repairs", value)
    }),
    "upgrades a protected instance": ("only_due_instances_are_upgraded", PLAIN, {
        "reason_to_skip": lambda real, instance, *rest: real(replace(instance, protected=False), *rest)
    }),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_run_is_reported(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check, case, wrong = WRONG[what]
    assert judge.faults_of_case(case) == []
    mutate(monkeypatch, {name: replacement for name, replacement in wrong.items() if not name.startswith(OUTSIDE)})
    for name in filter(lambda name: name.startswith(OUTSIDE), wrong):
        monkeypatch.setattr(name, wrong[name])
    assert f"{check}: " in reports_of(case)


def test_every_check_can_fail() -> None:
    assert {check for check, _, _ in WRONG.values()} == set(judge.CHECKS)


@pytest.mark.parametrize("words", ["{secret}", *(f"{{secret|{way}}}" for way in sorted(WAYS))])
def test_secrets_that_are_not_taken_out(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch, {"keep_secret": nothing})
    found = judge.faults_of_case(failing(words, secret=SECRET * 3))
    places = {fault.rpartition(" ")[2] for fault in found if fault.startswith("secrets_stay_secret: ")}
    assert places == {"log", "summary", "record"}


@pytest.mark.parametrize("secret", ["", SECRET], ids=["assertion", "secret"])
def test_signing_in_at_another_of_the_hosts(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even another allowed host is wrong: Resource Manager must not get the authority's secrets."""
    mutate(monkeypatch, {"endpoints_of": lambda real, *given: replace(real(*given), authority=MANAGER)})
    reported = reports_of(Case(secret=secret))
    assert "secrets_go_home: " in reported and "asks_nobody_else: " not in reported


@pytest.mark.parametrize("said", ECHOED)
def test_a_summary_may_hold_what_only_echo_makes_a_command(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch, summary_of(said))
    assert "nothing_is_a_command_later: " not in reports_of(PLAIN)
