"""Every check is shown a run that fails it: each test breaks the action in one place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.mutation import Wrong, mutate
from sweeps.bad_input import endless, judge, judge_requests
from sweeps.bad_input.alterations import Alteration
from sweeps.bad_input.case import Case
from sweeps.bad_input.homes import MANAGER
from sweeps.bad_input.leaks import WAYS
from sweeps.bad_input.worlds import PROTECTED

SECRET = "Zq8~Q9kLm_no.pQrStUvWxYz-0123456789ab"


def failing(words: str) -> Case:
    """Make the upgrade's operation fail with this message from Azure."""
    return Case(secret=SECRET, alterations=(Alteration("poll", "error", key="operation", code="X", text=words),))


def unescaped(name: str, properties: Any, message: str) -> None:
    print(f"::{name}::{message}")


def nothing(*_: Any, **__: Any) -> None:
    return None


def as_it_is(_real: Any, value: object, _limit: int = 0) -> str:
    return str(value)


def faults_by(check: Callable[..., Any], case: Case) -> list[str]:
    return [fault for fault in judge.faults_of_case(case) if fault.startswith(f"{check.__name__}: ")]


COMMAND = failing("a ##[error]b")
LINE = failing("a\n::error::forged")


@pytest.mark.parametrize("case", [COMMAND, LINE], ids=["old-syntax", "line"])
def test_a_log_that_is_not_cleaned(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    assert judge.faults_of_case(case) == []
    mutate(monkeypatch, {"clean": as_it_is, "shown": as_it_is})
    monkeypatch.setattr("actions_toolkit.core.issue_command", unescaped)
    assert faults_by(judge.log_commands_are_meant, case)


def test_a_command_that_is_not_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    case = failing("100%0A::error::forged")
    assert judge.faults_of_case(case) == []
    monkeypatch.setattr("actions_toolkit.core.issue_command", unescaped)
    assert faults_by(judge.log_commands_are_meant, case)


@pytest.mark.parametrize(
    "words",
    ["a | b", "a\n\nb", "<img src=x onerror=y>", "![x](https://evil.invalid/y)", "me@evil.invalid", "<!-- a -->"],
)
def test_cells_that_are_not_escaped(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(
        secret=SECRET, alterations=(Alteration("upgrade", "error", key="arm", code="X", text=words, status=400),)
    )
    assert judge.faults_of_case(case) == []
    mutate(monkeypatch, {"markdown": as_it_is})
    assert faults_by(judge.summary_is_sound, case)


@pytest.mark.parametrize("words", ["{secret}", *(f"{{secret|{way}}}" for way in sorted(WAYS))])
def test_secrets_that_are_not_taken_out(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = replace(failing(words), secret=SECRET * 3)
    mutate(monkeypatch, {"keep_secret": nothing})
    found = faults_by(judge.secrets_stay_secret, case)
    assert {fault.rpartition(" ")[2] for fault in found} == {"log", "summary", "record"}


@pytest.mark.parametrize("words", ["https://a.blob.core.windows.net/c/x.vhd?{sas}", "the signature {signature}"])
def test_a_signature_that_is_not_taken_out(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = replace(failing(words), world="vhd")
    assert judge.faults_of_case(case) == []
    mutate(monkeypatch, {"keep_secret": nothing, "text.cut": as_it_is})
    assert faults_by(judge.secrets_stay_secret, case)


def test_a_mask_that_is_printed_as_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch, {"Console.mask": lambda _, console, secret: console.line(f"masking {secret}")})
    assert faults_by(judge.secrets_stay_secret, Case(secret=SECRET))


LINK = Case(alterations=(Alteration("instances", "link", text="https://evil.invalid/next"),))


@pytest.mark.parametrize("check", [judge.asks_nobody_else, judge.secrets_go_home])
def test_a_link_that_is_followed_to_another_host(check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert judge.faults_of_case(LINK) == []
    mutate(monkeypatch, {"OnlyResourceManager.on_request": nothing})
    assert faults_by(check, LINK)


@pytest.mark.parametrize("secret", ["", SECRET], ids=["assertion", "secret"])
def test_signing_in_at_another_of_the_hosts(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even another allowed host is wrong: Resource Manager must not get the authority's secrets."""
    mutate(monkeypatch, {"endpoints_of": lambda real, *given: replace(real(*given), authority=MANAGER)})
    case = Case(secret=secret)
    assert faults_by(judge.secrets_go_home, case)
    assert not faults_by(judge.asks_nobody_else, case)


@pytest.mark.parametrize("sent_instead", ["deallocate", "../another-set/manualupgrade", "delete"])
def test_a_request_that_is_not_promised(sent_instead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def on_request(_real: Any, _policy: Any, request: Any) -> None:
        request.http_request.url = request.http_request.url.replace("manualupgrade", sent_instead)

    mutate(monkeypatch, {"Timeouts.on_request": on_request})
    assert faults_by(judge.asks_only_what_is_promised, Case())


def test_a_model_that_is_changed_beyond_its_image(monkeypatch: pytest.MonkeyPatch) -> None:
    def on_request(_real: Any, _policy: Any, request: Any) -> None:
        if request.http_request.method == "PATCH":
            request.http_request.data = '{"properties": {"overprovision": true}}'

    mutate(monkeypatch, {"Timeouts.on_request": on_request})
    assert faults_by(judge.asks_only_what_is_promised, Case())


@pytest.mark.parametrize(
    "said", ["##[add-path]/tmp", "a\n::set-env name=A::b", '{"a": "b ##[x]c"}', "\\n::error::a", "\\0043\\043#[x]"]
)
@pytest.mark.parametrize("where", ["summary", "outputs"])
def test_a_text_that_a_later_step_makes_a_command(where: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong: dict[str, Wrong] = {
        "summary": {"step_summary.as_markdown": lambda *_, **__: said},
        "outputs": {"as_outputs": lambda real, *given: {**real(*given), "report": said}},
    }
    mutate(monkeypatch, wrong[where])
    only_echoed = said.startswith("\\")
    assert bool(faults_by(judge.nothing_is_a_command_later, Case())) is not (only_echoed and where == "summary")


@pytest.mark.parametrize(
    ("inputs", "validation"),
    [({"batchsize": "1"}, "refuse_unknown"), ({"suspend-repairs": "yes", "batch-size": "lots"}, "problem")],
    ids=["unknown-name", "value"],
)
def test_inputs_that_are_not_validated(
    inputs: dict[str, str], validation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(inputs=inputs)
    assert judge.faults_of_case(case) == []
    mutate(monkeypatch, {f"Form.{validation}": nothing})
    assert faults_by(judge.nothing_is_written_when_refused, case)


def test_a_traceback_that_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(alterations=(Alteration("poll", "in-list", last=0),))
    assert judge.faults_of_case(case) == []
    mutate(monkeypatch, {"read_by_the_sdk": lambda *_: nullcontext()})
    assert faults_by(judge.ends_in_order, case)


def test_a_reporter_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch, {"heatmap.as_lines": nothing})
    assert faults_by(judge.ends_in_order, Case())


def test_a_run_that_goes_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_requests, "TIMEOUT", -judge_requests.SLACK)
    assert faults_by(judge.ends_in_time, Case())


def test_a_run_that_asks_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_requests, "MOST_REQUESTS", 9)
    assert faults_by(judge.ends_in_time, Case())


@pytest.mark.parametrize("kind", ["blanks", "packed"])
def test_an_answer_that_is_read_too_far(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(alterations=(Alteration("permissions", kind, last=0),))
    assert judge.faults_of_case(case) == []
    monkeypatch.setattr(endless, "ANSWER_BYTES", 200_000_000)
    assert faults_by(judge.ends_in_time, case)


def test_an_answer_that_is_waited_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(alterations=(Alteration("permissions", "trickle", last=0),))
    assert judge.faults_of_case(case) == []
    monkeypatch.setattr(endless, "ANSWER_SECONDS", 10_000.0)
    assert faults_by(judge.ends_in_time, case)


def test_an_output_that_is_forged(monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch, {"write_outputs": lambda _, _values, file: Path(file).write_text("outcome=x\n")})
    assert faults_by(judge.files_are_readable, Case())


def test_a_state_that_is_forged(monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch, {"save_state": lambda real, file, _, value: real(file, "repairs", value)})
    assert faults_by(judge.files_are_readable, Case(world="repairs"))


def test_a_protected_instance_that_is_upgraded(monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch, {"instance_view.protected": lambda *_: False})
    (fault,) = faults_by(judge.only_due_instances_are_upgraded, Case())
    assert PROTECTED in fault
