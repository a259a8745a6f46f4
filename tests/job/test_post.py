"""The post step: nothing to do, repairs resumed, and every way in which that can fail."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_simulator.clock import VirtualClock
from builders import NEW, OLD, STEADY, fleet, plan_of, platform, run_of
from e2e.runner import parse_outputs
from reporters.hostile import TEXT
from vmss_upgrade import post
from vmss_upgrade.errors import ISSUES, AzureError, Interrupted, Trouble
from vmss_upgrade.job import after_a_kill as killed
from vmss_upgrade.job.progress import REPAIRS, RESUMED, SUSPENDED, Memory, Stage, as_value, from_value
from vmss_upgrade.ports import OperationState
from vmss_upgrade.reporters.files import save_state
from vmss_upgrade.rollout.failures import Failure, Problem
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history.events import (
    BatchFailed,
    BatchPassed,
    BatchStarted,
    Event,
    ModelRestoreStarted,
    ModelUpdated,
    ModelUpdateStarted,
    RollbackStarted,
    RolloutPlanned,
    ScaleSetRead,
    UpgradeAccepted,
)
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.policy import Policy, Share

PROJECT = Path(__file__).resolve().parents[2]
INPUTS = {
    "INPUT_SCALE-SET": "web",
    "INPUT_RESOURCE-GROUP": "rg_(old)",
    "INPUT_SUBSCRIPTION-ID": "00000000-0000-4000-8000-00000000005b",
    "INPUT_TENANT-ID": "00000000-0000-4000-8000-00000000007e",
    "INPUT_CLIENT-ID": "00000000-0000-4000-8000-0000000000c1",
    "INPUT_CLIENT-SECRET": "s3cret",
}
BY_HAND = (
    "az vmss set-orchestration-service-state --subscription 00000000-0000-4000-8000-00000000005b -g 'rg_(old)' -n web "
    "--service-name AutomaticRepairs --action Resume"
)
CANCELLED = "The run was cancelled by somebody, or by the job's `timeout-minutes`."
SIGNING_IN = "Signing in with a client secret at https://login.microsoftonline.com"
LEFT_SUSPENDED = {"GITHUB_ACTIONS": "true", "STATE_repairs": "suspended", **INPUTS}

RUNNING, SUCCEEDED, FAILED = OperationState.RUNNING, OperationState.SUCCEEDED, OperationState.FAILED
CONFLICT = AzureError(
    "Another operation runs.", trouble=Trouble.CONFLICT, code="OperationNotAllowed", doing="Resuming automatic repairs"
)
LOST = AzureError("No answer.", trouble=Trouble.UNCERTAIN, code="ReadTimeout", doing="Polling")
DENIED = AzureError(
    "You may not.", trouble=Trouble.DENIED, code="AuthorizationFailed", doing="Resuming", remedy="Assign a role."
)
THROTTLED = AzureError("Slow.", trouble=Trouble.THROTTLED, code="TooManyRequests", doing="Resuming", retry_after=600.0)

AT_WORK = "Resuming automatic repairs: another request is at work on the scale set (409)"
NO_ANSWER = "waiting: Polling: ReadTimeout, No answer. (next try in 2s)"


class FakeApi:
    """An api that answers `set_repairs` and each poll from a list; the last answer is repeated.

    `suspended` is what Azure shows.
    """

    correlation_id = ""
    id = "/the/scale/set"

    def __init__(
        self,
        *answers: Any,
        polls: tuple[Any, ...] = (SUCCEEDED,),
        asked_delay: float | None = None,
        suspended: bool = True,
    ) -> None:
        self.suspended = suspended
        self.answers, self.polls = [*answers, self], list(polls)
        self.asked_delay = asked_delay
        self.problem = Problem("InternalError", "##[error]It broke.\n::error::x") if FAILED in polls else None
        self.asked: list[bool] = []

    def set_repairs(self, *, suspended: bool) -> FakeApi:
        self.asked.append(suspended)
        answer: FakeApi = self._next(self.answers)
        return answer

    def take_levels(self) -> dict[str, float]:
        return {}

    def read_model(self) -> Model:
        return fleet("00").model

    def are_repairs_suspended(self, _: Model) -> bool:
        return self.suspended

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
    """A run with this api: exit code, lines of its log, virtual seconds."""

    def __init__(
        self, capsys: pytest.CaptureFixture[str], api: FakeApi, environ: dict[str, str] = LEFT_SUSPENDED
    ) -> None:
        clock, ended = VirtualClock(), []
        start = clock.now()
        cancellable = ExitStack()
        cancellable.callback(lambda: ended.append(capsys.readouterr().out))
        self.exit_code = post.run(environ, clock, connect=lambda *_: api, cancellable=cancellable)
        self.seconds = clock.now() - start
        self.before, self.last = ended[0].splitlines(), capsys.readouterr().out.splitlines()
        assert len(ended) == len(self.last) == 1, "the last words are one line, after the signals are disarmed"


Start = Callable[..., Run]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Start:
    return lambda *arguments, **more: Run(capsys, *arguments, **more)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"STATE_repairs": "resumed"},
        {"STATE_repairs": ""},
        {"STATE_other": "x"},
        {"STATE_rollout": ""},
        {"STATE_rollout": '{"stage":"ended"}'},
    ],
)
def test_nothing_to_do(run: Start, state: dict[str, str]) -> None:
    done = run(api := FakeApi(), environ={"GITHUB_ACTIONS": "true", **INPUTS, **state})
    assert (done.exit_code, done.before, done.last) == (0, [], ["Nothing was left to do."])
    assert api.asked == []


@pytest.mark.parametrize(
    ("api", "seconds", "waits"),
    [
        pytest.param(FakeApi(), 2, [], id="at-once"),
        pytest.param(FakeApi(polls=(RUNNING, RUNNING, SUCCEEDED)), 6, [], id="after-a-while"),
        pytest.param(FakeApi(polls=(RUNNING, SUCCEEDED), asked_delay=0.0001), 4, [], id="never-without-a-pause"),
        pytest.param(FakeApi(polls=(RUNNING, SUCCEEDED), asked_delay=10.0), 20, [], id="at-the-pace-asked-for"),
        pytest.param(
            FakeApi(CONFLICT, CONFLICT),
            17,
            [f"waiting: {AT_WORK} (next try in {wait}s)" for wait in (5, 10)],
            id="after-a-conflict",
        ),
        pytest.param(FakeApi(LOST), 4, [NO_ANSWER], id="answer-lost"),
        pytest.param(FakeApi(LOST, suspended=False), 2, [NO_ANSWER], id="answer-lost-but-resumed"),
        pytest.param(FakeApi(polls=(LOST, SUCCEEDED)), 4, [NO_ANSWER], id="poll-lost"),
        pytest.param(FakeApi(polls=(RUNNING,), suspended=False), 270, [], id="endless-but-resumed"),
    ],
)
def test_repairs_are_resumed(run: Start, api: FakeApi, seconds: float, waits: list[str]) -> None:
    done = run(api)
    assert done.last == ["Automatic instance repairs, which the rollout had suspended, are resumed."]
    assert (done.exit_code, done.seconds, done.before) == (0, seconds, [SIGNING_IN, *waits])
    assert set(api.asked) == {False}


@pytest.mark.parametrize(
    ("api", "words"),
    [
        pytest.param(FakeApi(DENIED), "You may not. Assign a role.", id="denied"),
        pytest.param(FakeApi(THROTTLED, THROTTLED), "Slow.", id="throttled-for-longer-than-there-is"),
        pytest.param(FakeApi(*[CONFLICT] * 99), "Another operation runs.", id="conflict-all-the-time"),
        pytest.param(FakeApi(polls=(RUNNING,)), "OperationFailed, Azure's operation did not end", id="endless"),
        pytest.param(FakeApi(polls=(RUNNING,), asked_delay=999.0), "did not end in time.", id="late"),
        pytest.param(
            FakeApi(polls=(FAILED,)), "Azure did not resume them: InternalError, ## [error]It broke.", id="failed"
        ),
        pytest.param(FakeApi(Interrupted()), CANCELLED, id="cancelled"),
        pytest.param(FakeApi(KeyboardInterrupt()), CANCELLED, id="ctrl-c"),
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
    assert "Traceback" in done.before[1]
    assert not any("##[" in line for line in [*done.before, *done.last])
    assert "Internal error: ZeroDivisionError" in done.last[0]
    assert ISSUES in done.last[0]
    assert BY_HAND in done.last[0]


def test_an_account_that_cannot_be_read_is_said(run: Start) -> None:
    done = run(api := FakeApi(), environ={**LEFT_SUSPENDED, "INPUT_SCALE-SET": "::error::x\n##[add-path]y"})
    assert done.exit_code == 1
    assert "scale-set:" in done.last[0]
    assert "is not a valid name" in done.last[0]
    assert "##[" not in done.last[0]
    assert api.asked == []


def test_problems_with_other_inputs_do_not_matter(run: Start) -> None:
    assert run(FakeApi(), environ={**LEFT_SUSPENDED, "INPUT_TIMEOUT": "never", "INPUT_SPEED": "x"}).exit_code == 0


# -- what was left half-way ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """What the post step said about a main step that left this state."""

    exit_code: int
    log: str
    last: list[str]
    summary: str


@pytest.fixture
def report(run: Start, tmp_path: Path) -> Callable[..., Report]:
    def reported(state: str, **more: str) -> Report:
        summary = tmp_path / "summary.md"
        environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "STATE_rollout": state, **INPUTS}
        done = run(api := FakeApi(), environ={**environ, **more})
        assert api.asked == ([False] if more.get("STATE_repairs") == "suspended" else [])
        return Report(done.exit_code, "\n".join(done.before), done.last, summary.read_text())

    return reported


def state_after(events: Iterable[Event], file: Path) -> str:
    """Return what a main step killed after these events has saved."""
    memory = Memory(str(file))
    for event in events:
        memory.take(event)
    return parse_outputs(file.read_text())["rollout"]


def up_to(last: type[Event], events: list[Event], nth: int = 1) -> list[Event]:
    positions = [position for position, event in enumerate(events) if isinstance(event, last)]
    return events[: positions[nth - 1] + 1]


RUN = run_of(fleet("001122"))
RUN_PLAN = plan_of(fleet("001122"))
RESTORING = [
    ModelRestoreStarted(at=9.0, previous=OLD, instead_of=NEW),
    ModelUpdateStarted(at=9.0, target=OLD),
    ModelUpdated(at=60.0, target=OLD, seconds=51.0),
]
FAILING = run_of(fleet("001122"), failures=(Failure(instance_id="1", code="NotHealthy", message="x"),))


@pytest.mark.parametrize(
    ("events", "words"),
    [
        pytest.param(
            up_to(RolloutPlanned, RUN), "Nothing had been changed, neither the model nor an instance.", id="planned"
        ),
        pytest.param(
            up_to(ModelUpdateStarted, RUN),
            f"The update of the model to {NEW} was under way; no instance was touched. Azure may still be at work",
            id="updating-the-model",
        ),
        pytest.param(up_to(ModelUpdated, RUN), f"The model holds {NEW}; no instance was touched.", id="model-updated"),
        pytest.param(
            up_to(UpgradeAccepted, RUN, 2),
            f"Batch 2 of 3 (2 instances: 2, 3) was being upgraded to {NEW}, or about to be. Azure may",
            id="batch-under-way",
        ),
        pytest.param(
            up_to(BatchPassed, RUN, 2),
            f"Batch 2 of 3 (2 instances: 2, 3) was upgraded to {NEW}, and passed; nothing was under way.",
            id="between-batches",
        ),
        pytest.param(
            up_to(BatchFailed, FAILING),
            f"Batch 1 of 3 (2 instances: 0, 1) had failed on the way to {NEW}",
            id="batch-failed",
        ),
        pytest.param(
            [*up_to(BatchFailed, FAILING), *RESTORING[:2]],
            f"Batch 1 of 3 (2 instances: 0, 1) had failed, and the previous image {OLD} was being put back into the "
            "model. Azure may",
            id="restoring-the-model",
        ),
        pytest.param(
            [*up_to(BatchFailed, FAILING), *RESTORING],
            f"Batch 1 of 3 (2 instances: 0, 1) had failed, and the model holds the previous image {OLD} again.",
            id="model-restored",
        ),
    ],
)
def test_unfinished_work_is_reported(
    events: list[Event], words: str, report: Callable[..., Report], tmp_path: Path
) -> None:
    said = report(state_after(events, tmp_path / "state"))
    assert (said.exit_code, said.last) == (0, ["Nothing had to be undone."])
    assert said.log.startswith("::warning title=The main step was killed::The main step was killed before it could")
    assert words in said.log
    assert said.log.endswith("run the workflow again with the same inputs: instances on the target image are skipped.")
    assert words.partition(" Azure may")[0] in re.sub("</?code>", "", said.summary)
    assert said.summary.startswith("## ❌ The main step was killed\n\n")
    assert "- To go on, run the workflow again" in said.summary


@pytest.mark.parametrize(
    ("since", "words"),
    [
        pytest.param([], "No instance had returned yet.", id="turned-back"),
        pytest.param(
            up_to(ModelUpdateStarted, RUN)[-1:],
            "The update of the model was under way; no instance had been asked to return.",
            id="updating-the-model",
        ),
        pytest.param(
            up_to(UpgradeAccepted, RUN)[-2:],
            f"Batch 1 of 3 (2 instances: 0, 1) was being upgraded to {OLD}, or about to be.",
            id="batch-under-way",
        ),
    ],
)
def test_a_rollback_that_was_under_way_is_said(
    since: list[Event], words: str, report: Callable[..., Report], tmp_path: Path
) -> None:
    back = replace(RUN_PLAN, goal=Goal(image=OLD, in_model=False), leaves=NEW, is_rollback=True)
    turned = RollbackStarted(
        at=9.0, plan=back, scale_set=fleet("001122"), failed=Ending(outcome=Outcome.HALTED, reason="batch 1 failed.")
    )
    said = report(state_after([*up_to(BatchFailed, FAILING), turned, *since], tmp_path / "state"))
    assert f"A rollback to {OLD} was under way." in said.log
    assert words in said.log
    again = f"run the workflow again with `operation: rollback` and `image-version: {OLD.version}`"
    assert said.log.endswith(f"To go on with the rollback, {again}: instances that have returned are skipped.")
    assert "with the same inputs" not in said.log
    assert "- To go on with the rollback, run the workflow again" in said.summary


def test_it_is_said_beside_the_repairs(report: Callable[..., Report]) -> None:
    said = report('{"stage":"reading"}', STATE_repairs="suspended")
    assert "The main step was killed" in said.log
    assert said.last == ["Automatic instance repairs, which the rollout had suspended, are resumed."]


def test_a_summary_that_cannot_be_written_is_a_warning(run: Start, tmp_path: Path) -> None:
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path), "STATE_rollout": "{}", "STATE_repairs": "suspended"}
    done = run(api := FakeApi(), environ={**INPUTS, **environ})
    assert done.exit_code == 0
    assert any("Could not write the step summary: Is a directory" in line for line in done.before)
    assert api.asked == [False]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("batch_size", "most"),
    [pytest.param(1000, 5_000, id="one-large-batch"), pytest.param(1, 1_000_000, id="many-small-ones")],
)
def test_the_state_of_a_thousand_instances_is_small(batch_size: int, most: int, tmp_path: Path) -> None:
    policy = Policy(batch_size=Share(batch_size), allow_downtime=True)
    events = run_of(fleet("0" * 1000), target=platform("2" * 100_000), policy=policy)
    value = state_after(events[:-1], tmp_path / "state")
    assert len(value) < 1200
    assert (tmp_path / "state").stat().st_size < most
    if batch_size == 1000:
        assert "Batch 1 of 1 (1000 instances: 0, 1, 2" in killed.in_sentences(from_value(value))[1]
        assert "18, 19 and 980 more)" in killed.in_sentences(from_value(value))[1]


@pytest.mark.parametrize("hostile", [TEXT, "::error::x", "##[error]x", "a\nb", "<b>`|[x](y)", "x" * 5000, "\ud800", ""])
def test_names_from_azure_do_no_harm(hostile: str, report: Callable[..., Report], tmp_path: Path) -> None:
    batch = Batch(1, RUN_PLAN.batches[0].domain, (hostile,))
    target = platform(hostile)
    events = [
        *up_to(ScaleSetRead, RUN),
        replace(up_to(RolloutPlanned, RUN)[-1], plan=replace(RUN_PLAN, goal=replace(RUN_PLAN.goal, image=target))),
        BatchStarted(at=1.0, batch=batch, of=1),
    ]
    said = report(state_after(events, tmp_path / "state"))
    assert "Batch 1 of 1 (1 instance:" in said.log
    assert "##[" not in said.log
    assert [line for line in said.log.splitlines() if line.startswith("::")] == [said.log]
    assert not any(sign in re.sub("</?code>", "", said.summary) for sign in ("<", "`", "[", "|"))


UNREADABLE = ["{", "[]", "null", "1", '{"stage":[]}', '{"stage":"x"}', "[" * 100_000, '{"stage":1e999}', "\x00"]
UNREADABLE += ['{"stage":' + "[" * 50_000 + "]" * 50_000 + "}", '{"stage":"reading","batch":' + "9" * 5_000 + "}"]


@pytest.mark.parametrize("value", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_state_that_says_nothing_is_said_to_say_nothing(value: str, report: Callable[..., Report]) -> None:
    said = report(value)
    assert said.exit_code == 0
    assert "What was under way is not known. Azure may still be at work on that" in said.log


KEYS = st.sampled_from(["stage", "target", "batch", "of", "size", "instances"])
VALUES = st.one_of(
    st.sampled_from([stage.value for stage in Stage]),
    st.text(max_size=100),
    st.integers(),
    st.floats(),
    st.none(),
    st.lists(st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text(max_size=3))), max_size=30),
)


@STEADY
@given(st.dictionaries(KEYS, VALUES))
@pytest.mark.slow
def test_no_state_breaks_the_words(state: dict[str, Any]) -> None:
    progress = from_value(json.dumps(state))
    sentences = killed.in_sentences(progress)
    assert sentences[-1] == killed.GO_ON
    assert len(killed.as_markdown(progress)) < 50_000
    assert progress is None or from_value(as_value(progress)) == progress


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


@pytest.mark.parametrize("value", ["a\nx=y", "a\nEOF\nx=y", "x<<EOF\ny\nEOF", "", "\n", "a\r\nb", "\ud800"])
def test_a_value_forges_nothing(tmp_path: Path, value: str) -> None:
    file = tmp_path / "state"
    save_state(str(file), "left", value)
    save_state(str(file), REPAIRS, SUSPENDED)
    read = parse_outputs(file.read_bytes().decode())
    assert read == {"left": value.replace("\ud800", "?"), "repairs": "suspended"}
