"""Probes as steps of the driver's sleep: when they are asked, what they halt, and what they do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from azure_simulator import VirtualClock
from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.zero_downtime.probes import MOST_EVENTS, ProbesHalt, Probing
from vmss_upgrade.errors import Interrupted
from vmss_upgrade.ports import WebAnswer
from vmss_upgrade.rollout.findings import Severity
from vmss_upgrade.rollout.history.events import Event
from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.history.probe_events import ProbeFailed, ProbesCounted, ProbeSucceeded
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.scale_set import Domain, DomainKind
from vmss_upgrade.rollout.zero_downtime.probes import Probed, Probes

ONE, TWO = "https://one.test/?sig=secret", "https://two.test/"


class ScriptedWeb:
    """A web in which every answer takes `takes` seconds; `status` decides by address and time. 0: no answer comes."""

    def __init__(self, clock: VirtualClock, status: Callable[[str, float], int], takes: float = 0.0) -> None:
        self._clock, self._status, self._takes = clock, status, takes
        self.asked: list[tuple[float, str]] = []
        self.sent: list[dict[str, Any]] = []

    def ask(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes, timeout: float, most_bytes: int
    ) -> WebAnswer:
        now = self._clock.now()
        self.asked.append((now, address))
        self.sent.append({"method": method, "headers": headers, "body": body, "timeout": timeout, "most": most_bytes})
        status = self._status(address, now)
        self._clock.sleep(self._takes if status else timeout)
        if not status:
            raise TimeoutError("no answer within 2 s")
        return WebAnswer(status=status, headers={}, body=b"")


class Stage:
    """A run of which only the clock is real."""

    def __init__(
        self, status: Callable[[str, float], int] = lambda *_: 200, takes: float = 0.0, timeout: float = 3600.0
    ) -> None:
        self.raw = VirtualClock()
        self.web = ScriptedWeb(self.raw, status, takes)
        no_azure: Any = SimpleNamespace(run_commands=None, id="web", take_levels=dict)
        self.remote = RemoteScaleSet(no_azure, self.raw, timeout=timeout)
        self.clock = self.remote.clock
        self.probing = Probing(Probes(addresses=(ONE, TWO)), self.web, self.raw, self.remote)

    def begun(self) -> Stage:
        self.probing.begin()
        return self

    def book(self) -> tuple[Probed, ...]:
        (counted,) = self.probing.end()
        assert isinstance(counted, ProbesCounted)
        return counted.book


def down(since: float, until: float = float("inf"), address: str = TWO) -> Callable[[str, float], int]:
    return lambda asked, now: 503 if asked == address and since <= now < until else 200


def test_a_sleep_takes_no_longer_and_asks_every_second() -> None:
    stage = Stage(takes=0.25).begun()
    stage.clock.sleep(10.0)
    assert stage.raw.now() == 10.0
    assert [at for at, address in stage.web.asked if address == ONE] == [float(second) for second in range(10)]
    assert [(each.address, each.sent, each.failed) for each in stage.book()] == [
        ("https://one.test/", 10, 0),
        ("https://two.test/", 10, 0),
    ]


def test_short_sleeps_ask_no_more_often() -> None:
    stage = Stage().begun()
    for _ in range(30):
        stage.clock.sleep(0.1)
    for _ in range(30):
        stage.clock.sleep(0)
    assert len(stage.web.asked) in (6, 8)  # each of both addresses


def test_nothing_is_asked_before_the_begin_or_after_the_end() -> None:
    stage = Stage()
    stage.clock.sleep(5.0)
    assert stage.probing.end() == ()
    stage.begun().clock.sleep(1.0)
    asked = len(stage.web.asked)
    stage.probing.end()
    stage.clock.sleep(5.0)
    assert len(stage.web.asked) == asked == 2


def test_a_request_carries_no_credentials_and_reads_no_body() -> None:
    stage = Stage().begun()
    stage.clock.sleep(0)
    headers = {"user-agent": "vmss-upgrade", "cache-control": "no-cache", "connection": "close"}
    assert stage.web.sent[0] == {"method": "GET", "headers": headers, "body": b"", "timeout": 2.0, "most": 0}


def test_failures_in_a_row_halt_once() -> None:
    stage = Stage(down(since=5.0)).begun()
    stage.probing.batch = Batch(7, Domain(kind=DomainKind.SET), ("1",))
    stage.remote.wrote = True
    with pytest.raises(ProbesHalt) as halted:
        stage.clock.sleep(60.0)
    assert stage.raw.now() == 7.0
    ending = halted.value.ending
    assert (ending.outcome, ending.calls_for_rollback) == (Outcome.HALTED, False)
    assert ending.reason == (
        "the probe of https://two.test/ failed 3 times in a row, the last time 7s after the start, while batch 7 was "
        "away: HTTP 503."
    )
    stage.clock.sleep(60.0)
    assert stage.book()[1].failed == 3 + 59, "it goes on counting"


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(down(since=5.0, until=7.0), id="two-in-a-row"),
        pytest.param(lambda asked, now: 503 if (now % 3) < 2 else 200, id="two-of-three"),
        pytest.param(lambda asked, now: 503 if (asked == ONE) == (now % 4 < 2) else 200, id="one-after-the-other"),
    ],
)
def test_fewer_in_a_row_do_not_halt(status: Callable[[str, float], int]) -> None:
    Stage(status).begun().clock.sleep(60.0)


def test_without_a_write_the_run_is_refused() -> None:
    with pytest.raises(ProbesHalt) as halted:
        Stage(down(since=0.0)).begun().clock.sleep(60.0)
    assert halted.value.ending.outcome is Outcome.REFUSED


def test_silence_is_a_failure_of_two_seconds() -> None:
    with pytest.raises(ProbesHalt) as halted:
        Stage(lambda asked, now: 0 if asked == ONE else 200).begun().clock.sleep(60.0)
    assert halted.value.ending.reason.endswith("no answer (no answer within 2 s).")
    assert "secret" not in halted.value.ending.reason


def test_a_clean_up_is_not_cut_short_but_what_follows_is() -> None:
    stage = Stage(down(since=0.0)).begun()
    with stage.clock.undisturbed():
        stage.clock.sleep(30.0)
    assert stage.raw.now() == 30.0
    with pytest.raises(ProbesHalt):
        stage.clock.sleep(2.0)


def test_a_way_back_is_never_halted() -> None:
    stage = Stage(down(since=0.0)).begun()
    stage.probing.may_halt = False
    stage.clock.sleep(30.0)
    assert stage.book()[1].failed == 30


def test_a_slow_call_is_unobserved() -> None:
    stage = Stage().begun()
    stage.clock.sleep(5.0)
    stage.raw.sleep(20.0)  # as a call to Azure does
    stage.clock.sleep(5.0)
    assert [each.unobserved for each in stage.book()] == [21.0, 21.0]


def test_a_cancelled_run_is_left_at_once() -> None:
    stage = Stage().begun()

    def cancel() -> None:
        raise Interrupted

    stage.raw.call_at(3.5, cancel)
    with pytest.raises(Interrupted):
        stage.clock.sleep(60.0)
    assert stage.raw.now() == 3.5
    assert [each.sent for each in stage.book()] == [4, 4]


def test_the_news_are_the_changes_alone() -> None:
    stage = Stage(down(since=5.0, until=7.0)).begun()
    stage.clock.sleep(20.0)
    news: tuple[Event, ...] = stage.probing.news()
    assert news == (
        ProbeFailed(at=5.0, address="https://two.test/", error="HTTP 503"),
        ProbeSucceeded(at=7.0, address="https://two.test/", failed=2),
    )
    assert stage.probing.news() == ()


def test_a_flood_of_changes_is_only_counted() -> None:
    stage = Stage(lambda asked, now: 503 if now % 2 else 200).begun()
    stage.clock.sleep(1000.0)
    assert len(stage.probing.news()) == MOST_EVENTS
    assert stage.book()[0].failed == 500


@pytest.mark.parametrize(
    ("status", "found", "asked"),
    [
        pytest.param(lambda *_: 200, [], 2, id="both-answer"),
        pytest.param(down(since=0.0, until=1.5), [], 4, id="at-the-third-try"),
        pytest.param(down(since=0.0), ["https://two.test/"], 4, id="one-is-down"),
        pytest.param(lambda *_: 500, ["https://one.test/", "https://two.test/"], 6, id="both-are-down"),
    ],
)
def test_every_address_must_answer_before_the_start(
    status: Callable[[str, float], int], found: list[str], asked: int
) -> None:
    stage = Stage(status)
    findings = stage.probing.examine()
    assert [each.severity for each in findings] == [Severity.REFUSE] * len(found)
    assert all(address in finding.message for address, finding in zip(found, findings, strict=True))
    assert len(stage.web.asked) == asked
    assert stage.probing.news() == ()
    assert stage.probing.end() == (), "what was asked before counts nowhere"
