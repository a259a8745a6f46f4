"""The post step calls the hook after a batch that a cancelled or killed main step left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import VirtualClock
from vmss_upgrade import post
from vmss_upgrade.errors import Interrupted
from vmss_upgrade.job.progress import Memory
from vmss_upgrade.ports import WebAnswer
from vmss_upgrade.rollout.history.hook_events import HookAnswered, HookOwed
from vmss_upgrade.rollout.zero_downtime.hook_answers import Meaning, Verdict
from vmss_upgrade.rollout.zero_downtime.hook_calls import BatchEnd, HookCall, Member
from vmss_upgrade.rollout.zero_downtime.hooks import Phase

OWED = HookCall(
    phase=Phase.AFTER,
    scale_set="/subscriptions/s/x",
    number=2,
    of=5,
    is_rollback=False,
    members=(Member(id="1", name="web_1"), Member(id="##[error]4")),
    target="new",
    previous="old",
    result=BatchEnd.UNKNOWN,
)
INPUTS = {
    "GITHUB_ACTIONS": "true",
    "INPUT_BEFORE-BATCH-URL": "https://hooks.test/before",
    "INPUT_AFTER-BATCH-URL": "https://hooks.test/after",
    "INPUT_HOOK-SECRET": "0123456789abcdef",
}
TITLE = "::error title=The hook after the last batch was not called::"
BY_HAND = (
    "Undo by hand what `before-batch-url` has done for batch 2 (instances 1, ## [error]4), unless another run goes on "
    "with it."
)


class FakeWeb:
    """Answers one thing after the other, the last one for ever; an exception is raised."""

    def __init__(self, clock: VirtualClock, *answers: Any) -> None:
        self._clock = clock
        self._answers = list(answers)
        self.asked: list[tuple[str, str, Mapping[str, str], bytes]] = []

    def ask(self, method: str, address: str, *, headers: Mapping[str, str], body: bytes, **_: Any) -> WebAnswer:
        self._clock.sleep(1.0)
        self.asked.append((method, address, headers, body))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, WebAnswer) else WebAnswer(status=answer, headers={}, body=b"")


class Run:
    """The post step after this state: exit code, last words, seconds, requests."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *answers: Any, **environ: str) -> None:
        clock = VirtualClock()
        web = FakeWeb(clock, *answers)
        job = {**INPUTS, "STATE_hook": OWED.as_value(), **environ}
        self.exit_code = post.run(job, clock, web=lambda _: web)
        self.log = capsys.readouterr().out
        self.last = self.log.splitlines()[-1]
        self.seconds = clock.now()
        self.asked = web.asked


def test_the_hook_is_called_as_the_main_step_would(capsys: pytest.CaptureFixture[str]) -> None:
    done = Run(capsys, 204)
    assert (done.exit_code, done.last) == (0, "`after-batch-url` was called for batch 2.")
    [(method, address, headers, body)] = done.asked
    assert (method, address, headers["Idempotency-Key"]) == ("POST", "https://hooks.test/after", OWED.key)
    said = json.loads(body)
    assert (said["phase"], said["result"], said["batch"]["number"]) == ("after", "unknown", 2)
    assert [each["healthy"] for each in said["instances"]] == [None, None]


@pytest.mark.parametrize(
    ("answers", "requests"),
    [
        pytest.param((500, OSError("Connection refused"), 200), 3, id="after-a-while"),
        pytest.param((WebAnswer(status=202, headers={"location": "/x"}, body=b""),), 7, id="work-that-has-begun"),
    ],
)
def test_a_hook_is_called_in_the_end(answers: Any, requests: int, capsys: pytest.CaptureFixture[str]) -> None:
    done = Run(capsys, *answers)
    assert (done.exit_code, len(done.asked)) == (0, requests)
    assert done.seconds <= 70


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        pytest.param((404,), "failed: HTTP 404", id="refused"),
        pytest.param((503,), "gave no answer in its time: HTTP 503", id="for-a-minute"),
        pytest.param((OSError("##[error]no"),), "gave no answer in its time: ## [error]no", id="no-answer"),
        pytest.param((409,), "still asked to wait", id="wait"),
        pytest.param((Interrupted(),), "The run was cancelled", id="cancelled"),
    ],
)
def test_a_failure_says_what_to_do_by_hand(answers: Any, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = Run(capsys, *answers)
    assert done.exit_code == 1
    assert done.seconds <= 70
    assert done.last.startswith(TITLE)
    assert words in done.last
    assert done.last.endswith(BY_HAND)
    assert "##[" not in done.log


@pytest.mark.parametrize(
    "environ",
    [{"STATE_hook": "x"}, {"STATE_hook": "[]"}, {"INPUT_AFTER-BATCH-URL": "", "INPUT_BEFORE-BATCH-URL": ""}],
    ids=["no-json", "no-call", "no-address"],
)
def test_a_state_of_somebody_else_calls_nothing(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    done = Run(capsys, 200, **environ)
    assert (done.exit_code, done.asked) == (1, [])
    assert done.last.startswith(TITLE)


def test_nothing_is_owed(capsys: pytest.CaptureFixture[str]) -> None:
    done = Run(capsys, 200, STATE_hook="")
    assert (done.exit_code, done.asked, done.last) == (0, [], "Nothing was left to do.")


def test_a_duty_that_fails_stops_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    done = Run(capsys, 200, STATE_repairs="suspended")
    assert done.exit_code == 1
    assert done.last.startswith("::error title=Automatic instance repairs may still be suspended::scale-set:")
    assert len(done.asked) == 1


@pytest.mark.parametrize(
    ("is_owed", "phase", "left"),
    [(False, Phase.AFTER, ""), (True, Phase.AFTER, OWED.as_value()), (False, Phase.BEFORE, OWED.as_value())],
)
def test_the_state_says_what_is_owed(is_owed: bool, phase: Phase, left: str, tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.touch()
    memory = Memory(str(file))
    memory.take(HookOwed(call=OWED))
    call = HookCall(**{**{name: getattr(OWED, name) for name in HookCall.__dataclass_fields__}, "phase": phase})
    memory.take(HookAnswered(call=call, verdict=Verdict(meaning=Meaning.GO_ON), seconds=0.0, is_owed=is_owed))
    assert file.read_text().splitlines()[-2] == left
