"""Long-running operations: when they end, how, and what a poll of them says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure_simulator.clock import timestamp


@dataclass(slots=True, kw_only=True)
class Operation:
    """One operation. `ends_at` is asked anew each time, for an instance may vanish from a running upgrade.

    `token` is the opaque part of its URLs, which must come back as it was given. `retry_after` is what the
    first poll that finds it InProgress says, and no later one: 37 for an update of the set, nothing for
    POST actions (recorded: patch_and_manualupgrade_retry_after_2020).
    """

    name: str
    token: str
    api_version: str
    started_at: float
    ends_at: Callable[[], float]
    error: tuple[str, str] | None = None
    retry_after: int | None = None

    def running(self, now: float) -> bool:
        return now < self.ends_at()

    def poll(self, now: float) -> dict[str, Any]:
        """The body of a poll, whose status is always 200."""
        if self.running(now):
            return {"startTime": timestamp(self.started_at), "status": "InProgress", "name": self.name}
        body: dict[str, Any] = {"startTime": timestamp(self.started_at), "endTime": timestamp(self.ends_at())}
        if self.error is None:
            return {**body, "status": "Succeeded", "name": self.name}
        code, message = self.error
        return {**body, "status": "Failed", "error": {"code": code, "message": message}, "name": self.name}

    def take_retry_after(self, now: float) -> int | None:
        """The Retry-After of this poll."""
        seconds = self.retry_after if self.running(now) else None
        if seconds is not None:
            self.retry_after = None
        return seconds
