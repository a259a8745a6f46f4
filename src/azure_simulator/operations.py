"""Long-running operations: what a poll of one answers, and the book of all of them."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure_simulator.clock import Calendar
from azure_simulator.faults import OperationFate
from azure_simulator.generation import Generation

Failure = tuple[str, str]
Ending = Callable[[], float]


@dataclass(slots=True, kw_only=True)
class Operation:
    """One operation. `ends_at` is asked anew each time, for an instance may vanish from a running upgrade.

    `query` is the opaque part of its URL, which must come back as it was given. `retry_after` is what the
    first poll that finds it InProgress says: 61 for a creation (97 of Windows), 37 for an
    update (51), 10 for a deletion, nothing for POST actions (recorded: patch_and_manualupgrade_retry_after_2020,
    create_extension_delete_retry_after_2024). `later_retry_after` is what each later one says: 30 for the creation
    of a set with mode Rolling (recorded 2023-03), else nothing. The gallery's operations are a collection of their
    own. `cancelled`: it ends Canceled, with its `error` where there is one.
    """

    name: str
    query: str
    started_at: float
    ends_at: Ending
    error: Failure | None = None
    retry_after: int | None = None
    later_retry_after: int | None = None
    collection: str = "operations"
    cancelled: bool = False

    def running(self, now: float) -> bool:
        return now < self.ends_at()

    def failed(self, now: float) -> bool:
        return self.error is not None and not self.running(now)

    def poll(self, now: float, calendar: Calendar) -> dict[str, Any]:
        """The body of a poll, whose status is always 200."""
        if self.running(now):
            return {"startTime": calendar.timestamp(self.started_at), "status": "InProgress", "name": self.name}
        body: dict[str, Any] = {
            "startTime": calendar.timestamp(self.started_at),
            "endTime": calendar.timestamp(self.ends_at()),
        }
        status = "Canceled" if self.cancelled else "Succeeded" if self.error is None else "Failed"
        if self.error is None:
            return {**body, "status": status, "name": self.name}
        code, message = self.error
        return {**body, "status": status, "error": {"code": code, "message": message}, "name": self.name}

    def take_retry_after(self, now: float) -> int | None:
        """The Retry-After of this poll while the operation runs."""
        if not self.running(now):
            return None
        seconds, self.retry_after = self.retry_after, self.later_retry_after
        return seconds


class OperationBook:
    """All operations by name, and which of them still run. Names and URLs follow the seed."""

    def __init__(self, calendar: Calendar, seed: int) -> None:
        self.by_name: dict[str, Operation] = {}
        self._calendar = calendar
        self._names = random.Random(f"names:{seed}")
        self._running: list[Operation] = []
        self._of_others: set[str] = set()

    def start(
        self,
        now: float,
        api_version: str,
        ends_at: Ending,
        *,
        fate: OperationFate | None = None,
        error: Failure | None = None,
        retry_after: int | None = None,
        later_retry_after: int | None = None,
        collection: str = "operations",
    ) -> Operation:
        """Begin an operation now. What a fault has decided about it (`fate`) comes before the rest."""
        if fate is not None and fate.seconds is not None:
            lasts_until = now + fate.seconds
            ends_at = lambda: lasts_until  # noqa: E731
        if fate is not None and fate.told_after is not None:
            told_at = now + fate.told_after
            ends_at = lambda: told_at  # noqa: E731
        generation = Generation(self._calendar.moment(now))
        operation = Operation(
            name=str(uuid.UUID(int=self._names.getrandbits(128), version=4)),
            query=self._query(api_version, generation, collection),
            started_at=now,
            ends_at=ends_at,
            error=fate.failure if fate is not None and fate.failure is not None else error,
            retry_after=retry_after if generation.updates_notify else None,
            later_retry_after=later_retry_after if generation.updates_notify else None,
            collection=collection,
            cancelled=fate is not None and fate.cancelled,
        )
        self.by_name[operation.name] = operation
        self._running.append(operation)
        return operation

    def last_end(self, now: float) -> float:
        """When the last operation that has ended did; the beginning where none has."""
        return max((ended for each in self.by_name.values() if (ended := each.ends_at()) <= now), default=0.0)

    def busy(self, now: float) -> bool:
        """Whether any operation is running."""
        self._running = [operation for operation in self._running if operation.running(now)]
        return bool(self._running)

    def was_busy(self, then: float) -> bool:
        """Whether any operation of the set was running at an earlier moment."""
        ours = (each for each in self.by_name.values() if each.name not in self._of_others)
        return any(each.started_at <= then and each.running(then) for each in ours)

    def forget_running(self, operation: Operation) -> None:
        """An operation that is none of the set's: it keeps nobody from writing to it."""
        self._running.remove(operation)
        self._of_others.add(operation.name)

    def _query(self, api_version: str, generation: Generation, collection: str) -> str:
        """`p={guid}&api-version=..&t=..&c=..&s=..&h=..`, or less of it on earlier dates; a gallery's has no `p`."""
        opaque = {
            "p": str(uuid.UUID(int=self._names.getrandbits(128), version=4)),
            "t": str(self._names.getrandbits(60)),
            "c": "sim",
            "s": f"{self._names.getrandbits(64):x}",
            "h": "sim",
        }
        hidden = () if collection == "operations" else ("p",)
        named = [f"{name}={opaque[name]}" for name in generation.operation_parameters if name not in hidden]
        place = 1 if named and named[0].startswith("p=") else 0
        return "&".join([*named[:place], f"api-version={api_version}", *named[place:]])
