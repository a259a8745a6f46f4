"""The moment by which every batch has to end: a time of day, a date, and what is said about anything else."""

from __future__ import annotations

from datetime import datetime

import pytest
from test_inputs import environ, problems

from vmss_upgrade.inputs import not_after, parse_inputs
from vmss_upgrade.rollout.policy import LatestEnd

EXAMPLES = "`not-after: 17:00 UTC` or `not-after: 17:00 Europe/Berlin`"
DATED = "`not-after: 2026-12-01T17:00+01:00`, or with Z for UTC"


def end_of(text: str, now: str) -> LatestEnd | None:
    """Return the moment that a run which starts `now` takes from the input."""
    return parse_inputs(
        environ({"not-after": text}), now=datetime.fromisoformat(now).timestamp()
    ).order.policy.not_after


@pytest.mark.parametrize(
    ("text", "now", "utc", "kept"),
    [
        pytest.param("17:00 UTC", "2026-07-01T09:00Z", "2026-07-01 17:00", "17:00 UTC", id="today"),
        pytest.param("17:00 UTC", "2026-07-01T17:00Z", "2026-07-02 17:00", "17:00 UTC", id="just-now-is-over"),
        pytest.param("17:00 UTC", "2026-12-31T18:00Z", "2027-01-01 17:00", "17:00 UTC", id="next-year"),
        pytest.param("7:05z", "2026-07-01T00:00Z", "2026-07-01 07:05", "07:05 UTC", id="short"),
        pytest.param("  17:00   utc ", "2026-07-01T00:00Z", "2026-07-01 17:00", "17:00 UTC", id="blanks"),
        pytest.param(
            "17:00 Europe/Berlin", "2026-07-01T00:00Z", "2026-07-01 15:00", "17:00 Europe/Berlin", id="summer"
        ),
        pytest.param(
            "17:00 Europe/Berlin", "2026-12-01T00:00Z", "2026-12-01 16:00", "17:00 Europe/Berlin", id="winter"
        ),
        pytest.param("17:00 europe/berlin", "2026-12-01T00:00Z", "2026-12-01 16:00", "17:00 Europe/Berlin", id="case"),
        pytest.param(
            "17:00 America/New York", "2026-07-01T00:00Z", "2026-07-01 21:00", "17:00 America/New_York", id="blank"
        ),
        pytest.param(
            "01:00 Asia/Tokyo", "2026-07-01T17:00Z", "2026-07-02 16:00", "01:00 Asia/Tokyo", id="their-tomorrow"
        ),
        pytest.param("00:00 Asia/Tokyo", "2026-07-01T14:00Z", "2026-07-01 15:00", "00:00 Asia/Tokyo", id="midnight"),
        # 25 October 2026: from 03:00 CEST back to 02:00 CET
        pytest.param(
            "02:30 Europe/Berlin", "2026-10-25T00:00Z", "2026-10-25 00:30", "02:30 Europe/Berlin", id="first-of-two"
        ),
        pytest.param(
            "02:30 Europe/Berlin", "2026-10-25T00:40Z", "2026-10-25 01:30", "02:30 Europe/Berlin", id="second-of-two"
        ),
        pytest.param(
            "2026-12-01T17:00+01:00", "2026-11-30T00:00Z", "2026-12-01 16:00", "2026-12-01T17:00:00+01:00", id="date"
        ),
        pytest.param(
            "2026-12-01 17:00Z", "2026-11-30T00:00Z", "2026-12-01 17:00", "2026-12-01T17:00:00+00:00", id="in-utc"
        ),
    ],
)
def test_a_moment_is_the_next_one(text: str, now: str, utc: str, kept: str) -> None:
    end = end_of(text, now)
    assert end is not None
    assert (end.text, end.utc) == (kept, f"{utc} UTC")
    away = datetime.fromisoformat(f"{utc}+00:00") - datetime.fromisoformat(now)
    assert end.left == away.total_seconds() > 0


def test_no_moment_by_default() -> None:
    assert end_of("", "2026-07-01T09:00Z") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "25:00",
            f"'25:00' has no time of day. Times go from 00:00 to 23:59. Write {EXAMPLES}.",
            id="hour",
        ),
        pytest.param(
            "17:60 UTC",
            f"'17:60 UTC' has no time of day. Times go from 00:00 to 23:59. Write {EXAMPLES}.",
            id="minute",
        ),
        pytest.param(
            "17:00",
            "'17:00' does not say in which time zone. Write `not-after: 17:00 UTC`, or your own, such as `not-after: "
            "17:00 Europe/Berlin`.",
            id="no-zone",
        ),
        pytest.param(
            "17:00 Europe/Berln",
            "'Europe/Berln' is not the name of a time zone. Did you mean `not-after: 17:00 Europe/Berlin`?",
            id="typo",
        ),
        pytest.param(
            "17:00 Berlin",
            "'Berlin' is not the name of a time zone. Did you mean `not-after: 17:00 Europe/Berlin`?",
            id="city",
        ),
        pytest.param(
            "17:00 Mars/Olympus",
            f"'Mars/Olympus' is not the name of a time zone. Write {EXAMPLES}: names are those of the tz database.",
            id="nowhere",
        ),
        pytest.param(
            "17:00 ../../etc/passwd",
            f"'../../etc/passwd' is not the name of a time zone. Write {EXAMPLES}: names are those of the tz database.",
            id="path",
        ),
        pytest.param(
            "5pm",
            "'5pm' is not a time of day with its time zone. Did you mean `not-after: 17:00 UTC`? Times go from 00:00 "
            "to 23:59.",
            id="twelve-hours",
        ),
        pytest.param(
            "12:15 a.m. Europe/Berlin",
            "'12:15 a.m. Europe/Berlin' is not a time of day with its time zone. Did you mean `not-after: 00:15 "
            "Europe/Berlin`? Times go from 00:00 to 23:59.",
            id="after-midnight",
        ),
        pytest.param(
            "tonight",
            f"'tonight' is not a time of day with its time zone. Write {EXAMPLES}; of a date, {DATED}.",
            id="words",
        ),
        pytest.param("2026-13-01T17:00Z", f"'2026-13-01T17:00Z' is not a date and time. Write {DATED}.", id="month"),
        pytest.param(
            "2026-12-01 17:00 Europe/Berlin",
            f"'2026-12-01 17:00 Europe/Berlin' is not a date and time. Write {DATED}.",
            id="date-and-zone",
        ),
        pytest.param(
            "2026-12-01T17:00",
            f"'2026-12-01T17:00' does not say how far it is from UTC. Write {DATED}.",
            id="date-without-offset",
        ),
        pytest.param(
            "1969-12-31T17:00Z",
            f"'1969-12-31T17:00Z' has passed: it is 1970-01-01 00:00 UTC now. Write a later one, or a time of day, "
            f"such as {EXAMPLES}.",
            id="past",
        ),
        pytest.param(
            '"17:00 UTC"',
            "'\"17:00 UTC\"' is not a time of day with its time zone. Write it without the quotes.",
            id="quotes",
        ),
    ],
)
def test_a_problem_says_what_was_meant(text: str, said: str) -> None:
    assert problems({"not-after": text}) == {"not-after": said}


def test_only_utc_is_known_without_the_tz_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(not_after, "available_timezones", set)
    assert end_of("17:00 UTC", "2026-07-01T09:00Z") is not None
    text = f"'Europe/Berlin' is not the name of a time zone. Write {EXAMPLES}: names are those of the tz database."
    assert problems({"not-after": "17:00 Europe/Berlin"}) == {"not-after": text}
