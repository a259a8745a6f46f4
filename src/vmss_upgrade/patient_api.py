"""Asking Azure with patience: waits, pace and deadline in one place, so that the driver can read as the story.

Reads and polls are repeated while waiting can help. A write is called once: after trouble the driver looks before it
calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TypeVar

from vmss_upgrade.errors import AzureError, Trouble, VmssUpgradeError
from vmss_upgrade.ports import Clock, Operation, OperationState, ScaleSetApi
from vmss_upgrade.rollout import pacing
from vmss_upgrade.rollout.durations import duration
from vmss_upgrade.rollout.events import Ending, Event, Noticed, Waiting
from vmss_upgrade.rollout.findings import note
from vmss_upgrade.rollout.patience import Patience
from vmss_upgrade.rollout.policy import HealthUse, Policy
from vmss_upgrade.rollout.scale_set import HealthSignal, Instance, Model

T = TypeVar("T")
Steps = Generator[Event, None, T]

# what was read is outdated, or the token is: read again, with a fresh one, at once; how often at most
_READ_AGAIN = {Trouble.CHANGED: 1, Trouble.GONE: 1, Trouble.TOKEN_REFUSED: 1}


SETTLING_PAUSE = 15.0  # seconds between reads of a set that is being updated


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

    def wait(self, why: str, seconds: float, *, until: float, detail: str = "") -> Steps[None]:
        """Say why, how long, and until when there are more tries (`until`, as the clock shows), and sleep."""
        last = min(until - self.started, self._timeout)
        yield Waiting(at=self.elapsed(), why=why, seconds=seconds, until=last, detail=detail)
        self.sleep(seconds)

    # -- reading -------------------------------------------------------------------------------------------------

    def read_model(self) -> Steps[Model]:
        """The model; `model_read_at` is when."""
        model = yield from self.patiently(self.api.read_model)
        if self._ignores_health:
            model = replace(model, health_signal=HealthSignal.IGNORED)
        self.model, self.model_read_at = model, self.now()
        return model

    def read_settled_model(self, why: str, until: float) -> Steps[Model]:
        """The model once nobody is updating the scale set, or at `until` as it is; `why` says what is waited for."""
        model = yield from self.read_model()
        while model.provisioning_state.lower() == "updating" and self.now() < until:
            yield from self.wait(why, SETTLING_PAUSE, until=until)
            model = yield from self.read_model()
        return model

    def patiently(self, call: Callable[[], T], *, until: float = float("inf")) -> Steps[T]:
        """The call's result, repeated while waiting can help, and not past `until`. For reads and polls only."""
        patience = Patience()
        while True:
            self.sleep(0)  # a cancelled run asks nothing more
            try:
                return call()
            except AzureError as error:
                if self.now() >= until:
                    raise
                patience = yield from self.wait_after(error, patience, until=until)

    def look(self) -> Steps[None]:
        """See all instances, as soon as the list's token bucket allows it."""
        wait = self._bucket.wait_for(self.pages, self.now())
        if wait:
            self.sleep(wait)
        listed = yield from self.patiently(lambda: self.api.read_instances(self.model))
        self.seen, self.seen_at, self.pages = listed.instances, self.now(), listed.pages
        self._bucket.spend(listed.pages, self.seen_at)
        if listed.remaining is not None:
            self._bucket.observe(listed.remaining, self.seen_at)

    def look_interval(self) -> float:
        """Seconds between two looks while something is awaited."""
        return pacing.LOOK_PER_PAGE * self.pages

    def follow(
        self, operation: Operation, deadline: float, *, meanwhile: Callable[[], Steps[bool]] | None = None
    ) -> Steps[OperationState]:
        """Poll until the operation ends, or Azure has no record of it (LOST), or the clock shows `deadline` (RUNNING).

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
                if error.trouble is Trouble.NO_RECORD:
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
        correlation_id=operation.correlation_id,
    )


def _in_words(error: AzureError) -> str:
    """Why a wait is needed, without the bulk that Azure puts into such messages."""
    reasons = {
        Trouble.THROTTLED: "Azure asks for fewer requests (429)",
        Trouble.CONFLICT: "another request is at work on the scale set (409)",
    }
    return f"{error.doing}: {reasons.get(error.trouble) or f'{error.code}, {error}'}"
