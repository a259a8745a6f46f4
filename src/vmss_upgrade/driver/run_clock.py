"""Time of one run: sleeping, waiting in words, and asking Azure again while waiting can help."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from vmss_upgrade.errors import AzureError, Trouble, VmssUpgradeError
from vmss_upgrade.ports import Clock
from vmss_upgrade.rollout.findings import note
from vmss_upgrade.rollout.history.events import Event, Noticed, Waiting
from vmss_upgrade.rollout.watching.budget import Ask, Budget
from vmss_upgrade.rollout.watching.patience import Patience
from vmss_upgrade.rollout.wording import duration

T = TypeVar("T")
Steps = Generator[Event, None, T]

SHOWN = 30.0  # seconds; a wait for the shared budget that is shorter is not worth a line
SECOND_LOOK = 5.0  # seconds after which what was read once, and would end the run, is read again
REFUSED_ONCE = (Trouble.DENIED, Trouble.NOT_FOUND)  # one such answer, after Azure did answer, is not the truth

_OTHERS = "other clients of the subscription spend its budget of requests, too, so this one asks less often"
# what was read is outdated, or the token is: read again, with a fresh one, at once; how often at most
_READ_AGAIN = {Trouble.CHANGED: 1, Trouble.GONE: 1, Trouble.TOKEN_REFUSED: 1}


class OutOfTime(VmssUpgradeError):
    """The whole rollout's `timeout` has passed."""


def noted(message: str) -> Noticed:
    """Return the event of something that the log should have."""
    return Noticed(finding=note(message))


class RunClock:
    """The clock of a run that began when this was made and may take `timeout` seconds.

    Whatever waits is a generator of events that returns its result, and raises OutOfTime once the timeout has passed.
    `sleeper` is what sleeps: probes put themselves there. `is_undisturbed`: they halt nothing now. `levels` tells what
    Azure's answers show of the budget that all share, `seed` the scale set's id.
    """

    def __init__(
        self, clock: Clock, timeout: float, *, levels: Callable[[], Mapping[str, float]] = dict, seed: str = ""
    ) -> None:
        self._clock = clock
        self._timeout = timeout
        self._levels = levels
        self.budget = Budget(seed)
        self.started = clock.now()
        self.sleeper = clock.sleep
        self.is_undisturbed = False

    def now(self) -> float:
        """Return the seconds that the clock shows."""
        return self._clock.now()

    def elapsed(self) -> float:
        """Return the seconds since the run began."""
        return self._clock.now() - self.started

    def sleep(self, seconds: float) -> None:
        """Sleep, but never past the run's own timeout."""
        left = self._timeout - self.elapsed()
        if left > 0:
            self.sleeper(min(max(seconds, 0.0), left))
        if self.elapsed() >= self._timeout:
            raise OutOfTime(
                f"The rollout's `timeout` ({duration(self._timeout)}) passed.",
                "Run the workflow again with the same inputs: instances on the target image are skipped.",
            )

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Let no failing probe halt what is done inside, such as a clean-up: it halts what follows."""
        before, self.is_undisturbed = self.is_undisturbed, True
        try:
            yield
        finally:
            self.is_undisturbed = before

    def grant(self, seconds: float) -> None:
        """Allow so many seconds from now, whatever is left of the run's own timeout."""
        self._timeout = max(self._timeout, self.elapsed() + seconds)

    def wait(
        self, why: str, seconds: float, *, until: float | None = None, detail: str = "", for_rest: bool = False
    ) -> Steps[None]:
        """Say why and how long, and sleep. `until` is the last moment of a further try, None where this is the last."""
        last = min((self.now() + seconds if until is None else until) - self.started, self._timeout)
        yield Waiting(why=why, seconds=seconds, until=last, detail=detail, for_rest=for_rest)
        self.sleep(seconds)

    def patiently(
        self,
        call: Callable[[], T],
        ask: Ask = Ask.READ,
        *,
        until: float = float("inf"),
        due: float = float("inf"),
        was_seen: bool = False,
    ) -> Steps[T]:
        """Return the call's result. It is repeated while waiting can help, and not past `until`: for reads and polls.

        The budget that others spend too delays it, but not past `due`. `was_seen`: this very read was answered before,
        so that one 403 or 404 is looked at twice.
        """
        patience = Patience()
        looked_at_twice = REFUSED_ONCE if was_seen else ()
        while True:
            yield from self._wait_for_budget(ask, min(due, until), until)
            try:
                return self.ask(call, ask)
            except AzureError as error:
                if self.now() >= until:
                    raise
                if error.trouble in looked_at_twice:
                    looked_at_twice = ()
                    why = f"{error.doing}: {error.code}, although Azure answered this before, so it is read once more"
                    yield from self.wait(why, min(SECOND_LOOK, until - self.now()))
                    continue
                patience = yield from self.wait_after(error, patience, until=until)

    def ask(self, call: Callable[[], T], ask: Ask) -> T:
        """Return the call's result, and learn from its answer, good or bad, what is left of the budget."""
        self.sleep(0)  # a cancelled run asks nothing more, and writes nothing
        try:
            return call()
        finally:
            self.budget.learn(ask, self._levels(), self.now())

    def _wait_for_budget(self, ask: Ask, due: float, until: float) -> Steps[None]:
        """Wait as long as the shared budget calls for; a wait that is worth a word is shown."""
        seconds = max(0.0, min(self.budget.wait(ask, self.now(), due), until - self.now()))
        self.budget.waited += seconds
        if seconds >= SHOWN:
            yield from self.wait(_OTHERS, seconds)
        elif seconds > 0:
            self.sleep(seconds)

    def wait_after_another_write(
        self, error: AzureError, patience: Patience, *, until: float = float("inf")
    ) -> Steps[Patience]:
        """Wait as `wait_after` does, and also once before one more try of what Azure has refused by a 403 or 404."""
        if error.trouble not in REFUSED_ONCE or patience.read_again or self.now() >= until:
            return (yield from self.wait_after(error, patience, until=until))
        why = f"{error.doing}: {error.code}, although Azure took an earlier write, so it is tried once more"
        yield from self.wait(why, min(SECOND_LOOK, until - self.now()))
        return replace(patience, read_again=patience.read_again + 1)

    def wait_after(self, error: AzureError, patience: Patience, *, until: float = float("inf")) -> Steps[Patience]:
        """Wait as long as the error deserves, and return the patience that is left. Raise it when there is none."""
        if patience.read_again < _READ_AGAIN.get(error.trouble, 0):
            if error.trouble is Trouble.TOKEN_REFUSED:
                yield noted(f"Azure no longer accepts the access token ({error.code}): one try with a fresh one.")
            return replace(patience, read_again=patience.read_again + 1)
        verdict = patience.after(error, self.budget.spread() if error.trouble is Trouble.THROTTLED else 0.0)
        if verdict is None:
            raise error
        seconds, left = verdict
        until = min(until, self.now() + patience.left(error))
        seconds = min(seconds, until - self.now())
        if error.trouble is Trouble.THROTTLED:
            self.budget.count_refusal(seconds)
        yield from self.wait(_in_words(error), seconds, until=until)
        return left


def _in_words(error: AzureError) -> str:
    """Return why a wait is needed, without the bulk that Azure puts into such messages."""
    reasons = {
        Trouble.THROTTLED: "Azure asks for fewer requests (429)",
        Trouble.CONFLICT: "another request is at work on the scale set (409)",
    }
    return f"{error.doing}: {reasons.get(error.trouble) or f'{error.code}, {error}'}"
