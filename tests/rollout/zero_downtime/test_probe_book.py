"""The book of probes: what each probe adds to it, and what is said of it."""

from __future__ import annotations

import pytest

from vmss_upgrade.rollout.findings import refuse, warn
from vmss_upgrade.rollout.zero_downtime.probes import (
    Gap,
    Probed,
    Probes,
    error_of,
    longest_gap,
    no_answer_before,
    sent_and_failed,
    unobserved,
    without_query,
)

GOOD, BAD = "", "HTTP 503"


def book_of(*probes: tuple[float, float, str], batch: int | None = 2) -> Probed:
    """Return the book after probes, each with its begin, its end and its error."""
    book = Probed(address="https://a.test/")
    for began, ended, error in probes:
        book = book.after(began, ended, error, batch)
    return book


# name -> (probes, sent, failed, in a row, longest gap as at and seconds, unobserved)
BOOKS = {
    "nothing": ([], 0, 0, 0, None, 0.0),
    "all-good": ([(0, 0.5, GOOD), (1, 1.5, GOOD)], 2, 0, 0, None, 0.0),
    "one-bad": ([(0, 0.1, GOOD), (1, 1.1, BAD), (2, 2.1, GOOD)], 3, 1, 0, (1.0, 1.0), 0.0),
    "bad-until-now": ([(0, 0.1, GOOD), (1, 1.1, BAD), (2, 2.1, BAD)], 3, 2, 2, (1.0, 1.1), 0.0),
    "bad-from-the-start": ([(0, 2.0, BAD)], 1, 1, 1, (0.0, 2.0), 0.0),
    "the-longer-of-two": (
        [(0, 0.1, BAD), (1, 1.1, GOOD), (2, 2.1, BAD), (3, 3.1, BAD), (4, 4.1, GOOD)], 5, 3, 0, (2.0, 2.0), 0.0,
    ),
    "the-first-of-two-alike": ([(0, 0, BAD), (1, 1, GOOD), (2, 2, BAD), (3, 3, GOOD)], 4, 2, 0, (0.0, 1.0), 0.0),
    "a-slow-call": ([(0, 0.5, GOOD), (10.5, 11, GOOD)], 2, 0, 0, None, 10.0),
    "just-observed": ([(0, 0.5, GOOD), (3.5, 4, GOOD)], 2, 0, 0, None, 0.0),
    "a-slow-call-is-no-gap": ([(0, 1.0, BAD), (11, 12.0, BAD), (13, 13.5, GOOD)], 3, 2, 0, (0.0, 3.0), 10.0),
    "the-first-is-late": ([(9, 9.5, GOOD)], 1, 0, 0, None, 0.0),
    "two-slow-calls": ([(0, 0, GOOD), (4, 4, GOOD), (9, 9, GOOD)], 3, 0, 0, None, 9.0),
}  # fmt: skip


@pytest.mark.parametrize(("probes", "sent", "failed", "in_a_row", "gap", "unseen"), BOOKS.values(), ids=BOOKS)
def test_the_book(
    probes: list[tuple[float, float, str]],
    sent: int,
    failed: int,
    in_a_row: int,
    gap: tuple[float, float] | None,
    unseen: float,
) -> None:
    book = book_of(*probes)
    assert (book.sent, book.failed, book.in_a_row, book.unobserved) == (sent, failed, in_a_row, pytest.approx(unseen))
    assert (book.longest_gap is None) == (gap is None)
    if gap is not None and book.longest_gap is not None:
        assert (book.longest_gap.at, book.longest_gap.seconds) == (gap[0], pytest.approx(gap[1]))
        assert book.longest_gap.batch == 2


def test_a_gap_belongs_to_the_batch_in_which_it_began() -> None:
    book = book_of((0, 0.1, BAD), batch=None).after(1, 1.1, BAD, 1)
    assert book.longest_gap is not None
    assert book.longest_gap.batch is None


def test_the_end_of_a_run_may_be_unobserved() -> None:
    book = book_of((0, 1.0, GOOD))
    assert book.seen_again(3.0).unobserved == 0.0
    assert book.seen_again(61.0).unobserved == 60.0
    assert book.seen_again(61.0).seen_again(70.0).unobserved == 69.0


def test_a_gap_goes_on_to_the_end_of_a_run() -> None:
    book = book_of((0, 1.0, BAD)).seen_again(2.0).seen_again(4.0)
    assert book.longest_gap == Gap(at=0, seconds=4.0, batch=2)


def test_books_together() -> None:
    one, other = book_of((0, 0.1, BAD), (1, 1.1, GOOD)), book_of((0, 0, GOOD), (9, 9, GOOD))
    assert sent_and_failed((one, other)) == (4, 1)
    assert longest_gap((one, other)) == one.longest_gap == Gap(at=0, seconds=1.0, batch=2)
    assert unobserved((one, other)) == 9.0
    assert (sent_and_failed(()), longest_gap(()), unobserved(())) == ((0, 0), None, 0.0)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, ""),
        (204, ""),
        (299, ""),
        (199, "HTTP 199"),
        (300, "HTTP 300, and redirects are not followed"),
        (307, "HTTP 307, and redirects are not followed"),
        (399, "HTTP 399, and redirects are not followed"),
        (400, "HTTP 400"),
        (503, "HTTP 503"),
    ],
)
def test_only_2xx_counts(status: int, error: str) -> None:
    assert error_of(status) == error


def test_a_query_is_shown_nowhere() -> None:
    assert without_query("https://a.test/health?sig=secret") == "https://a.test/health"
    assert "secret" not in repr(Probes(addresses=("https://a.test/?secret",)))


def test_a_service_that_does_not_answer_refuses_a_rollout_and_no_way_back() -> None:
    silent = book_of((0, 2.0, "HTTP 503"))
    message = "The probe of https://a.test/ fails before the rollout begins: HTTP 503."
    remedy = (
        "Correct `probe-url`, or repair the service first: it must answer 2xx. A runner of GitHub's reaches public "
        "addresses only."
    )
    assert no_answer_before(silent, may_halt=True) == refuse(message, remedy)
    counted = "Probes are only counted in a rollback, and halt nothing."
    assert no_answer_before(silent, may_halt=False) == warn(message, counted)
