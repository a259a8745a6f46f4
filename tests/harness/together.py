"""Many rollouts at once on one virtual clock: whole runs of the action, each of its own scale set in one subscription.

A rollout runs until it sleeps, and hands over to the one whose sleep ends first. Exactly one runs at any moment, so
that the same fleet sends the same requests at the same moments, however many threads there are.
"""

import contextlib
import gc
import heapq
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, TypeVar

from azure_simulator import RequestRecord, Scenario, SimulatedAzure
from azure_simulator.throttle.throttle import Throttle
from azure_simulator.wire.calendar import Calendar
from harness.playing import as_scenario, job_environment
from vmss_upgrade.main import run

T = TypeVar("T")
RECORDED = 1.0  # seconds by which times of a record may be off
STACK = 1 << 20  # bytes for each thread; the usual ones would be 8 GB for a thousand


class SharedTime:
    """Virtual time that pieces of work share. Of sleeps that end at once, the first piece's ends first."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._now = 0.0
        self._asleep: list[tuple[float, int]] = []
        self._batons: list[threading.Lock] = []
        self._done = threading.Lock()

    def now(self) -> float:
        """Return the virtual seconds since this was made."""
        return self._now

    def unix_time(self) -> float:
        """Return the date as seconds since 1970."""
        return self._began + self._now

    def run(self, works: Sequence[Callable[["ClockOfOne"], T]], starts: Sequence[float]) -> list[T]:
        """Do all pieces of work, each from its start on, and return their results. Raises what one of them raises."""
        results: list[Any] = [None] * len(works)
        errors: list[BaseException] = []

        def work(number: int) -> None:
            self._batons[number].acquire()
            try:
                results[number] = works[number](ClockOfOne(self, number))
            except BaseException as error:
                errors.append(error)
            self._hand_over()

        self._batons = [_taken() for _ in works]
        self._asleep = sorted(zip(starts, range(len(works)), strict=True))
        self._done.acquire()
        before = threading.stack_size(STACK)
        try:
            threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(len(works))]
            for thread in threads:
                thread.start()
        finally:
            threading.stack_size(before)
        self._hand_over()
        self._done.acquire()
        if errors:
            raise errors[0]
        return results

    def sleep(self, number: int, seconds: float) -> None:
        """Let everything happen that comes before the end of this sleep."""
        if seconds <= 0:
            return
        heapq.heappush(self._asleep, (self._now + seconds, number))
        if self._asleep[0][1] == number:
            self._now = heapq.heappop(self._asleep)[0]
            return
        self._hand_over()
        self._batons[number].acquire()

    def _hand_over(self) -> None:
        if not self._asleep:
            self._done.release()
            return
        self._now, number = heapq.heappop(self._asleep)
        self._batons[number].release()


class ClockOfOne:
    """The clock of one piece of work."""

    def __init__(self, time: SharedTime, number: int) -> None:
        self._time = time
        self._number = number
        self.now, self.unix_time = time.now, time.unix_time

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`, while others go on."""
        self._time.sleep(self._number, seconds)


@dataclass(frozen=True)
class Rolled:
    """One rollout of a fleet: when it began and ended, how, when each batch did, and its requests to Resource
    Manager.
    """

    exit_code: int
    spans: list[tuple[float, float]]
    began: float
    ended: float
    requests: list[RequestRecord]

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def batches(self) -> list[float]:
        """How many seconds each batch took."""
        return [end - start for start, end in self.spans]


@dataclass(frozen=True)
class Fleet:
    """The rollouts of a fleet that ran at the same time."""

    rollouts: list[Rolled]

    @property
    def seconds(self) -> float:
        """From the start of the first to the end of the last."""
        return max(each.ended for each in self.rollouts) - min(each.began for each in self.rollouts)

    @cached_property
    def requests(self) -> Counter[str]:
        """How many requests of each kind were sent."""
        return Counter(_kind(request) for each in self.rollouts for request in each.requests)

    @cached_property
    def refused(self) -> Counter[str]:
        """How many requests of each kind got a 429."""
        return Counter(_kind(r) for each in self.rollouts for r in each.requests if r.status == 429)

    @property
    def failed(self) -> int:
        return sum(each.exit_code != 0 for each in self.rollouts)

    @cached_property
    def unwatched(self) -> list[float]:
        """The seconds between looks at the instances while a batch was away, sorted."""
        return sorted(gap for each in self.rollouts for gap in _gaps(each))


def roll_together(
    scenario: Scenario | Mapping[str, Any] | str,
    count: int,
    folder: Path,
    *,
    starts: Sequence[float] | None = None,
    seeds: Sequence[int] | None = None,
    throttle: Callable[[Calendar], Throttle] = Throttle,
    sharing: bool = True,
    matrices: Sequence[tuple[int, int]] = (),
) -> Fleet:
    """Roll `count` scale sets like the scenario's at once. `seeds` draw their durations, each its own by default.

    `sharing` False: each set is in a subscription of its own. `matrices`: the number of jobs and the `max-parallel` of
    each matrix whose jobs the sets are: so many roll at the same time, and the next one of that matrix begins when one
    of them ends, as GitHub does it. Otherwise all begin at once.
    """
    scenario = as_scenario(scenario)
    time = SharedTime(scenario.began.timestamp())
    calendar = Calendar(scenario.began)
    shared, numbers = throttle(calendar), seeds or range(count)

    rollouts: dict[int, Rolled] = {}

    def job(its_sets: Iterable[int]) -> Callable[[ClockOfOne], None]:
        def roll_each(clock: ClockOfOne) -> None:
            for number in its_sets:
                its_own = shared if sharing else throttle(calendar)
                set_folder = folder / f"set-{number}"
                rollouts[number] = _roll(named(scenario, number), clock, numbers[number], its_own, set_folder)

        return roll_each

    sets, jobs = iter(range(count)), []
    for size, max_parallel in matrices or [(1, 1)] * count:
        due = iter(list(islice(sets, size)))
        jobs += [job(due) for _ in range(max_parallel)]
    with _silence(), _rare_collections():
        time.run(jobs, starts or [0.0] * len(jobs))
    return Fleet([rollouts[number] for number in range(count)])


def named(scenario: Scenario, number: int) -> Scenario:
    """Return the scenario with a scale set of its own name."""
    name = f"set-{number:04}"
    model = dict(scenario.scale_set.model)
    model |= {"name": name, "id": f"{str(model['id']).rpartition('/')[0]}/{name}"}
    return replace(scenario, scale_set=replace(scenario.scale_set, model=model))


def _roll(scenario: Scenario, clock: ClockOfOne, seed: int, throttle: Throttle, folder: Path) -> Rolled:
    folder.mkdir(parents=True)
    azure = SimulatedAzure(scenario, clock, seed=seed, throttle=throttle)
    job = job_environment(azure, folder, scenario.inputs)
    began = clock.now()
    exit_code = run(job, clock, transport=lambda _: azure.transport(), simulated=scenario.name)
    sent = [request for request in azure.requests if request.path.startswith("/subscriptions/")]
    record = json.loads((folder / "record.json").read_text())
    ended = [batch for batch in record["batches"] if batch.get("seconds") is not None]
    spans = [(began + each["started_at"], began + each["started_at"] + each["seconds"]) for each in ended]
    return Rolled(exit_code, spans, began, clock.now(), sent)


def _taken() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Collect garbage seldom: a thousand rollouts are millions of objects that stay."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Print nothing of what the rollouts print."""

    class Nowhere(contextlib.nullcontext[None]):
        encoding = "utf-8"

        def write(self, text: str) -> int:
            return len(text)

        def flush(self) -> None: ...

        def isatty(self) -> bool:
            return False

    nowhere: TextIO = Nowhere()  # type: ignore[assignment]
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield


def _kind(request: RequestRecord) -> str:
    """Return what kind of request it is: a list of instances, a poll of an operation, another read, or a write."""
    if request.method != "GET":
        return "writes"
    if "/operations/" in request.path:
        return "polls"
    return "lists" if request.path.endswith("/virtualMachines") else "reads"


def _gaps(rolled: Rolled) -> Iterator[float]:
    """Yield the seconds between two looks at the instances of a batch, or from its accepted upgrade to the first."""
    ends = iter([end for _, end in rolled.spans])
    since, end = None, 0.0
    for request in rolled.requests:
        if request.path.endswith("/manualupgrade") and request.status == 202:
            since, end = request.at, next(ends, float("inf"))
        elif since is not None and _kind(request) == "lists" and request.status == 200:
            if since < end - RECORDED:  # the look that ended the batch is the last one
                yield request.at - since
            since = request.at
