"""Moments of a run as dates in UTC; each is empty if the run's clock knows no date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vmss_upgrade.rollout.history.run_facts import RunFacts


def moment(facts: RunFacts, at: float) -> datetime | None:
    """Return the date of a moment `at` seconds after the run began; None if it is not known."""
    if facts.began_at is None:
        return None
    return datetime.fromtimestamp(facts.began_at, UTC) + timedelta(seconds=at)


def time_of_day(facts: RunFacts, at: float) -> str:
    """Return a moment as `14:32 UTC`."""
    when = moment(facts, at)
    return f"{when:%H:%M} UTC" if when else ""


def date_and_time(facts: RunFacts, at: float) -> str:
    """Return a moment as `2026-11-27 14:32 UTC`."""
    when = moment(facts, at)
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else ""


def timestamp(facts: RunFacts, at: float) -> str:
    """Return a moment as RFC 3339 writes it, to the second: `2026-11-27T14:32:05Z`."""
    when = moment(facts, at)
    return f"{when:%Y-%m-%dT%H:%M:%SZ}" if when else ""
