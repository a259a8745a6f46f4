"""The dates that Azure writes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# When a simulation begins, unless its scenario says otherwise.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The date on which a simulation begins. Every date that the simulator writes counts from it: two runs write the
    same.
    """

    began: datetime = EPOCH

    def moment(self, now: float) -> datetime:
        """Return the date of a moment."""
        return self.began + timedelta(seconds=now)

    def timestamp(self, now: float) -> str:
        """Return the moment `now` as Azure writes it, with seven decimals: 2024-08-26T08:30:21.6338452+00:00."""
        moment = self.moment(now)
        return f"{moment.isoformat(timespec='microseconds')[:-6]}0+00:00"

    def http_date(self, now: float) -> str:
        """Return the moment `now` as an HTTP Date header: Mon, 26 Aug 2024 08:30:21 GMT."""
        return f"{self.moment(now):%a, %d %b %Y %H:%M:%S} GMT"
