"""Long-running operations, and the book of all of them."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure_simulator.scenario.request_faults import OperationFate
from azure_simulator.scenario.scenario import EarlierOperation
from azure_simulator.state.instances import Instance, Upgrade
from azure_simulator.wire.calendar import Calendar
from azure_simulator.wire.generation import Generation

Failure = tuple[str, str]
Ending = Callable[[], float]


@dataclass(slots=True, kw_only=True)
class Operation:
    """One operation. `ends_at` is computed each time, since an instance may vanish from a running upgrade.

    `query` is the opaque part of its URL, which must come back as it was given. `retry_after` is the Retry-After of
    the first poll that finds the operation InProgress: 61 for a creation (97 of Windows), 37 for an update (51),
    10 for a deletion, none for POST actions (recorded: patch_and_manualupgrade_retry_after_2020,
    create_extension_delete_retry_after_2024). `later_retry_after` is that of each later poll: 30 for the creation
    of a set with mode Rolling (recorded 2023-03), else none. The gallery's operations are a collection of their
    own. `cancelled`: the operation ends Canceled, with its `error` where there is one. `output`: what it
    answers at its end. `details`: what its error says of single instances.
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
    output: dict[str, Any] | None = None
    details: list[dict[str, Any]] | None = None

    def running(self, now: float) -> bool:
        """Return whether the operation has not ended yet."""
        return now < self.ends_at()

    def failed(self, now: float) -> bool:
        """Return whether the operation has ended with an error."""
        return self.error is not None and not self.running(now)

    def take_retry_after(self, now: float) -> int | None:
        """Return the Retry-After of this poll, and note that it was given; None once the operation has ended."""
        if not self.running(now):
            return None
        seconds, self.retry_after = self.retry_after, self.later_retry_after
        return seconds


class OperationBook:
    """All operations by name, and which of them still run. The seed decides names and URLs."""

    def __init__(self, calendar: Calendar, seed: int) -> None:
        self.by_name: dict[str, Operation] = {}
        self._calendar = calendar
        self._names = random.Random(f"names:{seed}")
        self._running: list[Operation] = []
        self._foreign: set[str] = set()
        self._resizing: list[Operation] = []

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
        """Start an operation now. What a fault has decided about it (`fate`) comes before the rest."""
        if fate is not None and fate.seconds is not None:
            lasts_until = now + fate.seconds
            ends_at = lambda: lasts_until  # noqa: E731
        if fate is not None and fate.told_after is not None:
            said_to_end = now + fate.told_after
            ends_at = lambda: said_to_end  # noqa: E731
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

    def start_earlier(self, earlier: EarlierOperation) -> Operation:
        """Start an operation of another client that began before the simulation does."""
        operation = self.start(
            -earlier.began,
            earlier.api_version,
            lambda: earlier.seconds - earlier.began,
            error=earlier.failure,
            retry_after=earlier.retry_after,
            collection=earlier.collection,
        )
        self.mark_foreign(operation)
        return operation

    def last_end(self, now: float) -> float:
        """Return when the last operation ended that has ended; 0 when none has."""
        return max((ended for each in self.by_name.values() if (ended := each.ends_at()) <= now), default=0.0)

    def any_running(self, now: float) -> bool:
        """Return whether any operation is running on the set."""
        self._running = [operation for operation in self._running if operation.running(now)]
        return bool(self._running)

    def was_running(self, then: float) -> bool:
        """Return whether any operation was running on the set at an earlier moment."""
        ours = (each for each in self.by_name.values() if each.name not in self._foreign)
        return any(each.started_at <= then and each.running(then) for each in ours)

    def mark_resizing(self, operation: Operation) -> Operation:
        """Note that an operation changes the set's capacity, and return it."""
        self._resizing.append(operation)
        return operation

    def is_resizing(self, now: float) -> bool:
        """Return whether an operation is running that changes the set's capacity."""
        return any(operation.running(now) for operation in self._resizing)

    def mark_foreign(self, operation: Operation) -> None:
        """Note that an operation is not one of the set's, so that it does not block writes to the set."""
        self._running.remove(operation)
        self._foreign.add(operation.name)

    def _query(self, api_version: str, generation: Generation, collection: str) -> str:
        """Return `p={guid}&api-version=..&t=..&c=..&s=..&h=..`, or less on earlier dates; a gallery's has no `p`."""
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


NOTHING_TO_UPGRADE = 16.5


@dataclass(frozen=True, slots=True)
class AcceptedUpgrade:
    """One accepted manualupgrade and what it does to each instance that it touches.

    An upgrade of instances that are all current takes 16.5 s (uniform_create_and_modify_2024).
    """

    started_at: float
    instance_ids: tuple[str, ...]
    jobs: tuple[tuple[Instance, Upgrade], ...]

    def ends_at(self) -> float:
        """Return when the last instance is provisioned or deleted."""
        if not self.jobs:
            return self.started_at + NOTHING_TO_UPGRADE
        return max(min(upgrade.ended_at, instance.deleted_at) for instance, upgrade in self.jobs)

    def healthy_at(self) -> float:
        """Return when the slowest instance that still exists is provisioned and healthy; infinite for never."""
        moments = [upgrade.healthy_at for instance, upgrade in self.jobs if instance.deleted_at >= upgrade.healthy_at]
        return max(moments, default=self.started_at)


def lasting(fate: OperationFate | None, usual: float) -> float:
    """Return how many seconds an operation takes: what a fault says (`fate`), else the `usual` ones."""
    return usual if fate is None or fate.seconds is None else fate.seconds
