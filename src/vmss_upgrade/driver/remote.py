"""Asking Azure with patience: waits, pace and deadline in one place, so that the driver can read as the story.

Reads and polls are repeated while waiting can help. A write is called once: after trouble the driver looks before it
calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import TypeVar

from vmss_upgrade.errors import AzureError, Trouble, VmssUpgradeError
from vmss_upgrade.ports import Clock, Operation, OperationState, ScaleSetApi
from vmss_upgrade.rollout.failures import remedy_of
from vmss_upgrade.rollout.findings import note
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import Event, Noticed, Waiting
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.model import HealthSignal, Model
from vmss_upgrade.rollout.policy import HealthUse, Policy
from vmss_upgrade.rollout.scale_set import Instance
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.patience import Patience
from vmss_upgrade.rollout.watching.sightings import Sightings
from vmss_upgrade.rollout.wording import duration

T = TypeVar("T")
Steps = Generator[Event, None, T]

# what was read is outdated, or the token is: read again, with a fresh one, at once; how often at most
_READ_AGAIN = {Trouble.CHANGED: 1, Trouble.GONE: 1, Trouble.TOKEN_REFUSED: 1}

_ODD = (Trouble.DENIED, Trouble.NOT_FOUND)  # of what could be read before: one such answer is not the truth

# why nobody can follow an operation any more
_LOST = {
    Trouble.NO_RECORD: "Azure has no record of the operation any more (404)",
    Trouble.DENIED: "The identity may not read Azure's operations (403)",
    Trouble.UNCERTAIN: "Azure's record of the operation cannot be read",
}

SETTLING_PAUSE = 15.0  # seconds between reads of a set that is being updated
SECOND_LOOK = 5.0  # seconds after which what was read once, and would end the run, is read again


class OutOfTime(VmssUpgradeError):
    """The whole rollout's `timeout` has passed."""


class Halted(VmssUpgradeError):
    """Nothing further may be touched, for the reason in `ending`."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason, ending.remedy)
        self.ending = ending


class PatientApi:
    """A ScaleSetApi whose calls wait, each a generator of events that returns the call's result.

    `model` is the model as last read, its health signal as the policy has it. `seen` is the latest look at all
    instances, taken at `seen_at` (seconds of the clock); `wrote` tells whether anything was, or may have been,
    written, `moved` the same of the model and of instances.
    Raises OutOfTime once the policy's `timeout` has passed since the start.
    """

    model: Model

    def __init__(self, api: ScaleSetApi, clock: Clock, policy: Policy) -> None:
        self.api = api
        self._clock = clock
        self._timeout = policy.timeout
        self._ignores_health = policy.health is HealthUse.IGNORE
        self._bucket = pacing.instance_list_bucket()
        self.started = clock.now()
        self.wrote = False
        self.moved = False
        self.lost_because = ""
        self._signal = HealthSignal.NONE  # the one that was planned with
        self.sightings = Sightings()
        self.seen: tuple[Instance, ...] = ()
        self.seen_at = float("-inf")
        self.model_read_at = float("-inf")
        self.pages = 1

    # -- time ----------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds of the clock."""
        return self._clock.now()

    def elapsed(self) -> float:
        """Seconds since the rollout began."""
        return self._clock.now() - self.started

    def sleep(self, seconds: float) -> None:
        """Sleep, but never past the rollout's own `timeout`."""
        left = self._timeout - self.elapsed()
        if left > 0:
            self._clock.sleep(min(max(seconds, 0.0), left))
        if self.elapsed() >= self._timeout:
            raise OutOfTime(
                f"The rollout's `timeout` ({duration(self._timeout)}) passed.",
                "Run the workflow again with the same inputs: instances on the target image are skipped.",
            )

    def wait(self, why: str, seconds: float, *, until: float | None = None, detail: str = "") -> Steps[None]:
        """Say why, how long, and until when there are more tries (`until`, as the clock shows; None: this is the last),
        and sleep.
        """
        last = min((self.now() + seconds if until is None else until) - self.started, self._timeout)
        yield Waiting(at=self.elapsed(), why=why, seconds=seconds, until=last, detail=detail)
        self.sleep(seconds)

    # -- reading -------------------------------------------------------------------------------------------------

    def read_model(self) -> Steps[Model]:
        """The model; `model_read_at` is when.

        Raises Halted where the health signal that was planned with is gone from it, also at a second look.
        """
        model = yield from self._read_model()
        if self._signal.proves_health and not model.health_signal.proves_health:
            yield from self.wait("the model shows no health signal any more, so it is read once more", SECOND_LOOK)
            model = yield from self._read_model()
            if not model.health_signal.proves_health:
                raise Halted(endings.signal_lost(self._signal, wrote=self.wrote))
        if self._signal is not HealthSignal.NONE:
            model = replace(model, health_signal=self._signal)
        self.model, self.model_read_at = model, self.now()
        return model

    def _read_model(self) -> Steps[Model]:
        model = yield from self.patiently(self.api.read_model, was_seen=self.model_read_at > float("-inf"))
        return replace(model, health_signal=HealthSignal.IGNORED) if self._ignores_health else model

    def fix_health_signal(self) -> None:
        """Go by the health signal of the model as read last, from now on to the end."""
        self._signal = self.model.health_signal

    def read_accepted_model(self, check: Callable[[Model], None], model: Model | None = None) -> Steps[Model]:
        """The model (None: read now) that `check` raises nothing about; what it raises at a second look leaves."""
        model = model or (yield from self.read_model())
        try:
            check(model)
        except VmssUpgradeError:
            yield from self.wait("the model is not as expected, so it is read once more", SECOND_LOOK)
            model = yield from self.read_model()
            check(model)
        return model

    def read_settled_model(self, why: str, until: float) -> Steps[Model]:
        """The model once nobody is updating the scale set, or at `until` as it is; `why` says what is waited for."""
        model = yield from self.read_model()
        while model.is_updating and self.now() < until:
            yield from self.wait(why, SETTLING_PAUSE, until=until)
            model = yield from self.read_model()
        return model

    def patiently(self, call: Callable[[], T], *, until: float = float("inf"), was_seen: bool = False) -> Steps[T]:
        """The call's result, repeated while waiting can help, and not past `until`. For reads and polls only.

        `was_seen`: this very read was answered before, so that one 403 or 404 is looked at twice.
        """
        patience = Patience()
        is_odd = _ODD if was_seen else ()
        while True:
            self.sleep(0)  # a cancelled run asks nothing more
            try:
                return call()
            except AzureError as error:
                if self.now() >= until:
                    raise
                if error.trouble in is_odd:
                    is_odd = ()
                    why = f"{error.doing}: {error.code}, which an earlier look did not meet, so it is read once more"
                    yield from self.wait(why, min(SECOND_LOOK, until - self.now()))
                    continue
                patience = yield from self.wait_after(error, patience, until=until)

    def look(self, *, until: float = float("inf")) -> Steps[None]:
        """See all instances, as soon as the list's token bucket allows it; no try is later than `until`."""
        wait = self._bucket.wait_for(self.pages, self.now())
        if wait:
            self.sleep(wait)
        read = partial(self.api.read_instances, self.model)
        listed = yield from self.patiently(read, until=until, was_seen=self.seen_at > float("-inf"))
        self.seen_at, self.pages = self.now(), listed.pages
        self.seen = self.sightings.take(listed.instances, self.model, self.seen_at)
        self._bucket.spend(listed.pages, self.seen_at)
        if listed.remaining is not None:
            self._bucket.observe(listed.remaining, self.seen_at)

    def compare(self) -> None:
        """Note in `seen` what each instance visibly lacks of the model besides its image. Asks Azure nothing."""
        behind = self.api.compare(self.model)
        self.seen = tuple(replace(instance, behind_in=behind.get(instance.id, ())) for instance in self.seen)

    def look_interval(self) -> float:
        """Seconds between two looks while something is awaited."""
        return pacing.look_interval(self.pages, self._bucket, self.now())

    def follow(
        self, operation: Operation, deadline: float, *, meanwhile: Callable[[], Steps[bool]] | None = None
    ) -> Steps[OperationState]:
        """Poll until the operation ends, or Azure does not tell of it (LOST: it has no record, or the identity may not
        read operations), or the clock shows `deadline` (RUNNING).

        `meanwhile` is run now and then, for progress; it answers whether to go on (else RUNNING, too).
        """
        bucket = pacing.operation_bucket()
        next_look = self.now() + pacing.LOOK_DURING_OPERATION
        state = OperationState.RUNNING
        while state is OperationState.RUNNING and self.now() < deadline:
            delay = pacing.poll_delay(bucket, operation.asked_delay, self.now())
            self.sleep(min(delay, deadline - self.now()))
            bucket.spend(1, self.now())
            try:
                state = yield from self.patiently(operation.step, until=deadline)
            except AzureError as error:
                if error.trouble in _LOST:
                    self.lost_because = _LOST[error.trouble]
                    return OperationState.LOST
                if self.now() < deadline:
                    raise
            if meanwhile and state is OperationState.RUNNING and self.now() >= next_look:
                if not (yield from meanwhile()):
                    return state
                next_look = self.now() + pacing.pause_between_looks(self.pages)
        return state

    # -- writing -------------------------------------------------------------------------------------------------

    def write(self, call: Callable[[], Operation], *, moves: bool = True) -> Operation:
        """Call once, and remember that something was, or may have been, written; `moves`: the model or instances."""
        self.sleep(0)  # a cancelled run writes nothing more
        try:
            operation = call()
        except AzureError as error:
            maybe = error.trouble is Trouble.UNCERTAIN
            self.wrote, self.moved = self.wrote or maybe, self.moved or (maybe and moves)
            raise
        self.wrote, self.moved = True, self.moved or moves
        return operation

    def wait_after_write(
        self, error: AzureError, patience: Patience, *, until: float = float("inf")
    ) -> Steps[Patience]:
        """Wait like `wait_after`; and once before one more try of what Azure has refused by a 403 or 404, where it took
        another write of this run.
        """
        if error.trouble not in _ODD or not self.wrote or patience.read_again or self.now() >= until:
            return (yield from self.wait_after(error, patience, until=until))
        why = f"{error.doing}: {error.code}, although Azure took an earlier write, so it is tried once more"
        yield from self.wait(why, min(SECOND_LOOK, until - self.now()))
        return replace(patience, read_again=patience.read_again + 1)

    def wait_after(self, error: AzureError, patience: Patience, *, until: float = float("inf")) -> Steps[Patience]:
        """Wait as long as the error deserves, and return the patience that is left. Raises it when there is none."""
        if patience.read_again < _READ_AGAIN.get(error.trouble, 0):
            if error.trouble is Trouble.TOKEN_REFUSED:
                told = note(f"Azure no longer accepts the access token ({error.code}): one try with a fresh one.")
                yield Noticed(at=self.elapsed(), finding=told)
            return replace(patience, read_again=patience.read_again + 1)
        verdict = patience.after(error)
        if verdict is None:
            raise error
        seconds, left = verdict
        until = min(until, self.now() + patience.left(error))
        yield from self.wait(_in_words(error), min(seconds, until - self.now()), until=until)
        return left


def operation_error(operation: Operation, state: OperationState, doing: str) -> AzureError:
    """Azure's operation did not succeed, in Azure's words where it has any."""
    problem = operation.problem
    ended = "did not end in time" if state is OperationState.RUNNING else "failed"
    return AzureError(
        problem.message if problem else f"Azure's operation {ended}.",
        trouble=Trouble.REJECTED,
        code=problem.code if problem else "OperationFailed",
        doing=doing,
        remedy=remedy_of(problem.code, problem.message) if problem else "",
        correlation_id=operation.correlation_id,
    )


def _in_words(error: AzureError) -> str:
    """Why a wait is needed, without the bulk that Azure puts into such messages."""
    reasons = {
        Trouble.THROTTLED: "Azure asks for fewer requests (429)",
        Trouble.CONFLICT: "another request is at work on the scale set (409)",
    }
    return f"{error.doing}: {reasons.get(error.trouble) or f'{error.code}, {error}'}"
