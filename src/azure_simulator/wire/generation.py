"""How Azure writes, by the date: headers and properties came and went over the years.

Each date below lies between the last recording without and the first one with what it names; when in between the
change really came is not known. The date of a recording decides far more than its api-version.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

LimitNames = Literal["none", "windows", "resources"]


def _day(year: int, month: int, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


_LIMITS_SHOWN = _day(2017, 11, 20)  # recorded without: 2017-11-08; with: 2017-12-01
_DELETIONS_COUNTED = _day(2019, 1)  # among the writes: 2018-03; by themselves: 2020-05
_UPDATES_NOTIFIED = _day(2019, 1)  # 2018-04; 2019-12
_GALLERIES_AS_TODAY = _day(2019, 8)  # 2019-04; 2020-07
_EXACT_VERSIONS = _day(2020, 2)  # 2019-12; 2020-05
_URLS_PARTITIONED = _day(2022, 1)  # 2020-07; 2022-03
_MORE_SHOWN = _day(2022, 4)  # 2022-03; 2022-05
_ACTIONS_NOTIFIED = _day(2022, 7)  # 2022-05; 2022-11
_LIMITS_BY_RESOURCE = _day(2023, 9)  # 2023-05; 2023-12
_IMAGE_LIMITS_SHOWN = _day(2021, 1)  # 2019-12; 2023-05
_URLS_SIGNED = _day(2023, 10, 20)  # 2023-10-11; 2023-10-31
_VIEWS_BY_SUBSCRIPTION = _day(2023, 11)  # 2023-10-11; 2024-08
_AGENT_UPDATES_OF_WINDOWS = _day(2023, 4)  # shown until 2023-03; not since 2023-05
_EMPTY_POOLS = _day(2024, 6)  # left out: 2023-03; kept: 2024-08
_GLOBAL_LIMITS = _day(2024, 6)  # 2024-04; 2024-08
_FLEXIBLE_OF_2025 = _day(2025, 1)  # 2024-08; 2025-04
_ETAGS = _day(2024, 6)  # 2024-04; 2024-08


@dataclass(frozen=True, slots=True)
class Generation:
    """One date, and how Azure writes on it."""

    date: datetime

    @property
    def limit_names(self) -> LimitNames:
        """Return which names the throttle's buckets have: none shown, over 3 and 30 minutes, or by resource."""
        if self.date < _LIMITS_SHOWN:
            return "none"
        return "windows" if self.date < _LIMITS_BY_RESOURCE else "resources"

    @property
    def image_limits(self) -> bool:
        """Return whether answers about platform images, and lists of a gallery's versions, show a throttle."""
        return self.date >= _IMAGE_LIMITS_SHOWN

    @property
    def galleries_as_today(self) -> bool:
        """Return whether answers about galleries show a throttle, tags, and a version's source beside its disks."""
        return self.date >= _GALLERIES_AS_TODAY

    @property
    def views_shown(self) -> bool:
        """Return whether the bucket for views of instances is shown; for a while only the charge was."""
        return self.date < _LIMITS_BY_RESOURCE or self.date >= _VIEWS_BY_SUBSCRIPTION

    @property
    def zero_requests_shown(self) -> bool:
        """Return whether a write that touches no instance shows the bucket for requests to instances."""
        return self.date >= _GLOBAL_LIMITS

    @property
    def subscription_limits_are_global(self) -> bool:
        """Return whether Resource Manager's own limits count by the second for all regions, and not by the hour."""
        return self.date >= _GLOBAL_LIMITS

    @property
    def updates_notify(self) -> bool:
        """Return whether the first answer to an update or deletion of a set has Azure-AsyncNotification and Retry-
        After.
        """
        return self.date >= _UPDATES_NOTIFIED

    @property
    def actions_notify(self) -> bool:
        """Return whether the first answer to an action, or about one instance, has Azure-AsyncNotification."""
        return self.date >= _ACTIONS_NOTIFIED

    @property
    def more_shown(self) -> bool:
        """Return whether sets and instances show what came in the first half of 2022.

        They show when they were created, their sizes, and the sizes of their disks.
        """
        return self.date >= _MORE_SHOWN

    @property
    def deletions_counted(self) -> bool:
        """Return whether Resource Manager counts deletions by themselves, and not among the writes."""
        return self.date >= _DELETIONS_COUNTED

    @property
    def failure_retry_after(self) -> int | None:
        """Return the Retry-After of a poll that finds its operation Failed (recorded in 2018 only)."""
        return 480 if self.date < _UPDATES_NOTIFIED else None

    @property
    def operation_parameters(self) -> tuple[str, ...]:
        """Return the opaque parameters of an operation's URL, in order; api-version comes after `p`."""
        if self.date < _URLS_PARTITIONED:
            return ()
        return ("p",) if self.date < _URLS_SIGNED else ("p", "t", "c", "s", "h")

    @property
    def empty_pools_shown(self) -> bool:
        """Return whether empty lists of backend pools stay, and are not left out."""
        return self.date >= _EMPTY_POOLS

    @property
    def exact_versions(self) -> bool:
        """Return whether an instance shows `exactVersion` beside `version`, and not the exact one in `version`."""
        return self.date >= _EXACT_VERSIONS

    @property
    def flexible_of_2025(self) -> bool:
        """Return whether a new Flexible set shows what was added to such sets between 2024-08 and 2025-04."""
        return self.date >= _FLEXIBLE_OF_2025

    def agent_updates_shown(self, windows: bool) -> bool:
        """Return whether a model shows `enableVMAgentPlatformUpdates` (recorded from 2022-05 on, Linux to 2024-04)."""
        return _MORE_SHOWN <= self.date < (_AGENT_UPDATES_OF_WINDOWS if windows else _GLOBAL_LIMITS)

    def etags(self, api_version: str) -> bool:
        """Return whether sets and instances carry an etag, in the body and as a header."""
        return self.date >= _ETAGS and api_version >= "2023-07-01"
