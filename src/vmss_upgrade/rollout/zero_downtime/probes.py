"""Probes of the user's service during a run: what is asked, and the book of what each address answered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from vmss_upgrade.rollout.findings import Finding, refuse, warn

MAX_FAILURES: Final = 3
INTERVAL: Final = 1.0  # seconds from one round to the next
LONGEST_ANSWER: Final = 2.0  # seconds
UNOBSERVED_AFTER: Final = 3.0  # seconds; a longer time between two probes proves nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """The addresses to ask, whose queries may hold secrets. `max_failures` in a row, of one of them, halt the run."""

    addresses: tuple[str, ...] = field(repr=False)
    max_failures: int = MAX_FAILURES


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which no probe of an address succeeded: from `at` (seconds since the run began) for `seconds`.

    `batch` is the one that was away when it began; None if none was.
    """

    at: float
    seconds: float
    batch: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What one address has answered so far; `address` as it may be shown. All times are seconds since the run began.

    `in_a_row`: so many probes have failed since the last that succeeded, the latest because of `error`. `unobserved`:
    seconds in which nothing was asked. These are part of no gap.
    """

    address: str
    sent: int = 0
    failed: int = 0
    in_a_row: int = 0
    error: str = ""
    unobserved: float = 0.0
    _over: Gap | None = None  # the longest that has ended
    _gap: Gap | None = None  # the one that has not
    _seen_until: float | None = None

    @property
    def longest_gap(self) -> Gap | None:
        """The longest time in which every probe failed; None if none did."""
        return _longest(self._over, self._gap)

    def after(self, began: float, ended: float, error: str, batch: int | None) -> Probed:
        """Return the book with one more probe. `error` is empty if it succeeded."""
        book = self.seen_again(began)
        book = replace(book, sent=self.sent + 1, error=error, _seen_until=ended)
        if not error:
            return replace(book, in_a_row=0, _over=book.longest_gap, _gap=None)
        gap = book._gap or Gap(at=began, seconds=0.0, batch=batch)
        gap = replace(gap, seconds=gap.seconds + ended - began)
        return replace(book, failed=self.failed + 1, in_a_row=self.in_a_row + 1, _gap=gap)

    def seen_again(self, now: float) -> Probed:
        """Return the book with the time since the last probe: it is part of a gap, or unobserved if it is long."""
        pause = 0.0 if self._seen_until is None else now - self._seen_until
        if pause > UNOBSERVED_AFTER:
            return replace(self, unobserved=self.unobserved + pause, _seen_until=now)
        if self._gap is None:
            return self
        return replace(self, _gap=replace(self._gap, seconds=self._gap.seconds + pause), _seen_until=now)


def _longest(*gaps: Gap | None) -> Gap | None:
    return max((gap for gap in gaps if gap), key=lambda gap: gap.seconds, default=None)


def without_query(address: str) -> str:
    """Return the address without its query, which may hold a secret."""
    return address.partition("?")[0]


def no_answer_before(book: Probed, *, may_halt: bool) -> Finding:
    """Refuse a rollout whose service does not answer before it begins; of a way back, only warn."""
    message = f"The probe of {book.address} fails before the rollout begins: {book.error}."
    if not may_halt:
        return warn(message, "Probes are only counted in a rollback, and halt nothing.")
    return refuse(
        message,
        "Correct `probe-url`, or repair the service first: it must answer 2xx. A runner of GitHub's reaches public "
        "addresses only.",
    )


def error_of(status: int) -> str:
    """Return what is wrong with an answer; empty if nothing is."""
    if 200 <= status < 300:
        return ""
    return f"HTTP {status}" + (", and redirects are not followed" if 300 <= status < 400 else "")


def longest_gap(book: tuple[Probed, ...]) -> Gap | None:
    """Return the longest gap of any address; None if no probe failed."""
    return _longest(*(each.longest_gap for each in book))


def unobserved(book: tuple[Probed, ...]) -> float:
    """Return the seconds in which an address was not asked, of the one that was asked least."""
    return max((each.unobserved for each in book), default=0.0)


def sent_and_failed(book: tuple[Probed, ...]) -> tuple[int, int]:
    """Return how many probes were sent to all addresses, and how many failed."""
    return sum(each.sent for each in book), sum(each.failed for each in book)
