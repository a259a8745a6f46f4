"""The post step: nothing to do, repairs resumed, and every way in which that can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azure_simulator.clock import VirtualClock
from e2e.runner import parse_outputs
from vmss_upgrade import post
from vmss_upgrade.errors import AzureError, Interrupted, Trouble
from vmss_upgrade.ports import OperationState
from vmss_upgrade.reporters.state import REPAIRS, RESUMED, SUSPENDED, save_state, saved_state
from vmss_upgrade.rollout.scale_set import Problem

PROJECT = Path(__file__).resolve().parents[1]
INPUTS = {
    "INPUT_SCALE-SET": "web",
    "INPUT_RESOURCE-GROUP": "rg_(old)",
    "INPUT_SUBSCRIPTION-ID": "sub",
    "INPUT_TENANT-ID": "tenant",
    "INPUT_CLIENT-ID": "client",
    "INPUT_CLIENT-SECRET": "s3cret",
}
BY_HAND = (
    "az vmss set-orchestration-service-state --subscription sub -g 'rg_(old)' -n web "
    "--service-name AutomaticRepairs --action Resume"
)
LEFT_SUSPENDED = {"GITHUB_ACTIONS": "true", "STATE_repairs": "suspended", **INPUTS}

RUNNING, SUCCEEDED, FAILED = OperationState.RUNNING, OperationState.SUCCEEDED, OperationState.FAILED
BUSY = AzureError("Busy.", trouble=Trouble.CONFLICT, code="OperationNotAllowed", doing="Resuming automatic repairs")
LOST = AzureError("No answer.", trouble=Trouble.UNCERTAIN, code="ReadTimeout", doing="Polling")
DENIED = AzureError(
    "You may not.", trouble=Trouble.DENIED, code="AuthorizationFailed", doing="Resuming", remedy="Assign a role."
)
THROTTLED = AzureError("Slow.", trouble=Trouble.THROTTLED, code="TooManyRequests", doing="Resuming", retry_after=600.0)


class FakeApi:
    """Answers `set_repairs` and each poll from a list; the last answer is repeated."""

    correlation_id = ""

    def __init__(self, *answers: Any, polls: tuple[Any, ...] = (SUCCEEDED,), asked_delay: float | None = None) -> None:
        self.answers, self.polls = [*answers, self], list(polls)
        self.asked_delay = asked_delay
        self.problem = Problem("InternalError", "##[error]It broke.\n::error::x")
        self.asked: list[bool] = []

    def set_repairs(self, *, suspended: bool) -> FakeApi:
        self.asked.append(suspended)
        answer: FakeApi = self._next(self.answers)
        return answer

    def step(self) -> OperationState:
        state: OperationState = self._next(self.polls)
        return state

    @staticmethod
    def _next(answers: list[Any]) -> Any:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Run:
    """What a run with this api did: exit code, lines of its log, virtual seconds."""

    def __init__(
        self, capsys: pytest.CaptureFixture[str], api: FakeApi, environ: dict[str, str] = LEFT_SUSPENDED
    ) -> None:
        clock, ended = VirtualClock(), []
        start = clock.now()
        self.exit_code = post.run(
            environ, clock, connect=lambda *_: api, on_end=lambda: ended.append(capsys.readouterr().out)
        )
        self.seconds = clock.now() - start
        self.before, self.last = ended[0].splitlines(), capsys.readouterr().out.splitlines()
        assert len(ended) == len(self.last) == 1, "the last words are one line, after the signals are disarmed"


Start = Callable[..., Run]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Start:
    return lambda *arguments, **more: Run(capsys, *arguments, **more)


@pytest.mark.parametrize("state", [{}, {"STATE_repairs": "resumed"}, {"STATE_repairs": ""}, {"STATE_other": "x"}])
def test_nothing_to_do(run: Start, state: dict[str, str]) -> None:
    done = run(api := FakeApi(), environ={"GITHUB_ACTIONS": "true", **INPUTS, **state})
    assert (done.exit_code, done.before, done.last) == (0, [], ["Nothing was left to do."])
    assert api.asked == []


@pytest.mark.parametrize(
    ("api", "seconds", "waits"),
    [
        pytest.param(FakeApi(), 2, [], id="at-once"),
        pytest.param(FakeApi(polls=(RUNNING, RUNNING, SUCCEEDED)), 6, [], id="after-a-while"),
        pytest.param(FakeApi(polls=(RUNNING, SUCCEEDED), asked_delay=10.0), 20, [], id="at-the-pace-asked-for"),
        pytest.param(
            FakeApi(BUSY, BUSY),
            17,
            [f"Resuming automatic repairs: OperationNotAllowed; trying again in {wait}s" for wait in (5, 10)],
            id="after-a-conflict",
        ),
        pytest.param(FakeApi(LOST), 4, ["Polling: ReadTimeout; trying again in 2s"], id="answer-lost"),
        pytest.param(FakeApi(polls=(LOST, SUCCEEDED)), 4, ["Polling: ReadTimeout; trying again in 2s"], id="poll-lost"),
    ],
)
def test_repairs_are_resumed(run: Start, api: FakeApi, seconds: float, waits: list[str]) -> None:
    done = run(api)
    assert done.last == ["Automatic instance repairs, which the rollout had suspended, are resumed."]
    assert (done.exit_code, done.seconds, done.before) == (0, seconds, waits)
    assert set(api.asked) == {False}


@pytest.mark.parametrize(
    ("api", "words"),
    [
        pytest.param(FakeApi(DENIED), "You may not. Assign a role.", id="denied"),
        pytest.param(FakeApi(THROTTLED), "Slow.", id="throttled-for-longer-than-there-is"),
        pytest.param(FakeApi(*[BUSY] * 99), "Busy.", id="busy-all-the-time"),
        pytest.param(FakeApi(polls=(RUNNING,)), "but did not finish it within 4m30s.", id="endless"),
        pytest.param(FakeApi(polls=(RUNNING,), asked_delay=999.0), "did not finish it within 4m30s.", id="late"),
        pytest.param(
            FakeApi(polls=(FAILED,)), "Azure failed to resume them: InternalError: ## [error]It broke.", id="failed"
        ),
        pytest.param(FakeApi(Interrupted()), "The run was cancelled.", id="cancelled"),
        pytest.param(FakeApi(KeyboardInterrupt()), "The run was cancelled.", id="ctrl-c"),
    ],
)
def test_failures_say_what_to_do_by_hand(run: Start, api: FakeApi, words: str) -> None:
    done = run(api)
    assert done.exit_code == 1
    assert done.seconds <= post.PATIENCE
    [error] = done.last
    assert error.startswith("::error title=Automatic instance repairs may still be suspended::")
    assert words in error
    assert error.endswith(f" Resume them with: {BY_HAND}")
    assert not any("Traceback" in line for line in done.before)


def test_a_bug_shows_its_traceback(run: Start) -> None:
    done = run(FakeApi(ZeroDivisionError("##[error]oops")))
    assert done.exit_code == 1
    assert "Traceback" in done.before[0]
    assert not any("##[" in line for line in [*done.before, *done.last])
    assert "Internal error: ZeroDivisionError" in done.last[0]
    assert post.ISSUES in done.last[0]
    assert BY_HAND in done.last[0]


def test_an_account_that_cannot_be_read_is_said(run: Start) -> None:
    done = run(api := FakeApi(), environ={**LEFT_SUSPENDED, "INPUT_SCALE-SET": "::error::x\n##[add-path]y"})
    assert done.exit_code == 1
    assert "scale-set:" in done.last[0]
    assert "cannot be such a name" in done.last[0]
    assert "##[" not in done.last[0]
    assert api.asked == []


def test_problems_with_other_inputs_do_not_matter(run: Start) -> None:
    assert run(FakeApi(), environ={**LEFT_SUSPENDED, "INPUT_TIMEOUT": "never", "INPUT_SPEED": "x"}).exit_code == 0


# -- as the runner starts it -----------------------------------------------------------------------------------------


def started(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-u", *arguments]
    return subprocess.run(command, env={"PATH": os.environ["PATH"], **environ}, capture_output=True, text=True)


def test_it_starts_by_its_file_alone() -> None:
    done = started({"STATE_repairs": "resumed"}, str(PROJECT / "post_entrypoint.py"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing was left to do.\n", "")


def test_nothing_heavy_is_imported_when_nothing_is_to_do() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(PROJECT / 'src')!r}); from vmss_upgrade.post import main; main({{}}); "
    )
    script += "print(sorted({'azure', 'requests', 'actions_toolkit', 'vmss_upgrade.inputs'} & set(sys.modules)))"
    assert started({}, "-c", script).stdout == "Nothing was left to do.\n[]\n"


# -- state -----------------------------------------------------------------------------------------------------------


def test_state_comes_back_as_the_runner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "state"
    save_state(str(file), REPAIRS, SUSPENDED)
    assert parse_outputs(file.read_text()) == {"repairs": "suspended"}
    save_state(str(file), REPAIRS, RESUMED)
    assert parse_outputs(file.read_text()) == {"repairs": "resumed"}, "what was saved last counts"
    assert saved_state({"STATE_repairs": "resumed"}, REPAIRS) == RESUMED
    assert saved_state({}, REPAIRS) == ""


@pytest.mark.parametrize("value", ["a\nx=y", "a\nEOF\nx=y", "x<<EOF\ny\nEOF", "", "\n", "a\r\nb", "\ud800"])
def test_a_value_forges_nothing(tmp_path: Path, value: str) -> None:
    file = tmp_path / "state"
    save_state(str(file), "left", value)
    save_state(str(file), REPAIRS, SUSPENDED)
    read = parse_outputs(file.read_bytes().decode())
    assert read == {"left": value.replace("\ud800", "?"), "repairs": "suspended"}
