"""Probes of the user's service: asked while the driver sleeps, about every second."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.ports import Clock, Web
from vmss_upgrade.rollout.findings import Finding
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import Event
from vmss_upgrade.rollout.history.probe_events import ProbeFailed, ProbesCounted, ProbeSucceeded
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.zero_downtime.probes import (
    INTERVAL,
    LONGEST_ANSWER,
    Probed,
    Probes,
    error_of,
    no_answer_before,
    without_query,
)

MOST_EVENTS: Final = 100  # failures and successes that are events; what follows is only counted
# caches do not answer for the service, and each probe is a new connection, as a new client's is
_HEADERS: Final = {"user-agent": "vmss-upgrade", "cache-control": "no-cache", "connection": "close"}


class ProbesHalt(Halted):
    """Probes have failed too often in a row."""


class Probing:
    """The probes of one run: once begun, every sleep of the run's clock asks them when they are due.

    `batch` is the one that is away. What fails is only counted unless `may_halt`: it halts a run once, and no way back.
    """

    def __init__(self, probes: Probes, web: Web, raw: Clock, remote: RemoteScaleSet) -> None:
        self._probes = probes
        self._web = web
        self._raw = raw
        self._remote = remote
        self._clock = remote.clock
        self._due_at = float("-inf")
        self._book = self._empty()
        self._said = 0
        self._unsaid: list[Event] = []
        self.batch: Batch | None = None
        self.may_halt = True

    def _empty(self) -> dict[str, Probed]:
        return {address: Probed(address=without_query(address)) for address in self._probes.addresses}

    def examine(self) -> tuple[Finding, ...]:
        """Ask every address before anything is written, up to `max_failures` times. One that never answers 2xx is a
        finding.
        """
        silent = list(self._book)
        for tried in range(self._probes.max_failures):
            self._clock.sleep(INTERVAL if tried else 0.0)
            silent = [address for address in silent if self._ask(address).error]
            if not silent:
                break
        found = tuple(no_answer_before(self._book[address], may_halt=self.may_halt) for address in silent)
        self._book, self._unsaid = self._empty(), []
        return found

    def begin(self) -> None:
        """Ask from now on."""
        self._clock.sleeper = self._sleep

    def end(self) -> tuple[Event, ...]:
        """Ask no more. Returns the book, unless it is empty."""
        self._clock.sleeper = self._raw.sleep
        now = self._clock.elapsed()
        book = tuple(each.seen_again(now) for each in self._book.values())
        return (ProbesCounted(book=book),) if any(each.sent for each in book) else ()

    def news(self) -> tuple[Event, ...]:
        """Return what happened since this was asked last."""
        news, self._unsaid = tuple(self._unsaid), []
        return news

    def _sleep(self, seconds: float) -> None:
        """Sleep, and ask whenever it is time. Raises ProbesHalt."""
        end = self._raw.now() + seconds
        while True:
            if self._raw.now() >= self._due_at:
                self._ask_all()
            self._raw.sleep(max(0.0, min(end, self._due_at) - self._raw.now()))
            if self._raw.now() >= end:
                return

    def _ask_all(self) -> None:
        self._due_at = self._raw.now() + INTERVAL
        for address in self._book:
            self._ask(address)
        worst = max(self._book.values(), key=lambda each: each.in_a_row)
        if worst.in_a_row >= self._probes.max_failures and self.may_halt and not self._clock.is_undisturbed:
            self.may_halt = False
            ending = endings.by_probes(worst, self.batch, self._clock.elapsed(), wrote=self._remote.wrote)
            raise ProbesHalt(ending)

    def _ask(self, address: str) -> Probed:
        """Ask one address, and enter into the book what came of it."""
        before, began = self._book[address], self._clock.elapsed()
        try:
            answer = self._web.ask("GET", address, headers=_HEADERS, body=b"", timeout=LONGEST_ANSWER, most_bytes=0)
            error = error_of(answer.status)
        except OSError as why:
            error = f"no answer ({why})"
        now = self._clock.elapsed()
        book = before.after(began, now, error, self.batch.number if self.batch else None)
        self._book[address] = book
        if bool(error) != bool(before.in_a_row) and self._said < MOST_EVENTS:
            self._said += 1
            self._unsaid.append(
                ProbeFailed(at=now, address=book.address, error=error)
                if error
                else ProbeSucceeded(at=now, address=book.address, failed=before.in_a_row)
            )
        return book
