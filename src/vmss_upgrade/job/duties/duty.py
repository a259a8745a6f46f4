"""What all duties of the post step share."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from vmss_upgrade.errors import InputError
from vmss_upgrade.job.runner import Job
from vmss_upgrade.ports import Clock, ScaleSetApi, Web
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.rollout.history.events import Event, Noticed, Waiting
from vmss_upgrade.rollout.wording import duration

if TYPE_CHECKING:
    from vmss_upgrade.account import Account
    from vmss_upgrade.driver.remote import RemoteScaleSet

PATIENCE = 270.0  # seconds in all; a cancelled job is given five minutes for everything that it still does

T = TypeVar("T")
Connect = Callable[["Account", Job, Clock, Console], ScaleSetApi]


class PostStep:
    """What the duties share: the job, the time that is left for all of them, and the scale set, once it is needed."""

    def __init__(
        self, job: Job, clock: Clock, console: Console, connect: Connect, web: Callable[[Clock], Web] | None
    ) -> None:
        self.job = job
        self.clock = clock
        self.console = console
        self.until = clock.now() + PATIENCE
        self._connect = connect
        self._web = web

    @cached_property
    def remote(self) -> RemoteScaleSet:
        """The scale set, signed in to. Raises InputError if the inputs do not say of which."""
        from vmss_upgrade.driver.remote import RemoteScaleSet
        from vmss_upgrade.inputs import parse_account

        account = parse_account(self.job.environ)
        self.console.line(account.signing_in)
        return RemoteScaleSet(self._connect(account, self.job, self.clock, self.console), self.clock)

    @property
    def web(self) -> Web:
        """The web, as the main step reaches it."""
        from vmss_upgrade.web.client import WebClient

        return (self._web or WebClient)(self.clock)

    def watch(self, events: Generator[Event, None, T]) -> T:
        """Let a generator of the driver run to its end, say what it waits for and notices, and return its result."""
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                return cast("T", end.value)
            if isinstance(event, Waiting):
                self.console.line(f"waiting: {event.why} (next try in {duration(event.seconds)})")
            elif isinstance(event, Noticed):
                self.console.warning(f"{event.finding.message} {event.finding.remedy}".rstrip())


def with_command(words: str, command: Callable[[str, str, str], str]) -> Callable[[Job], str]:
    """Return the `by_hand` of a duty that is `words` and a command for the scale set; empty if the inputs name none."""

    def by_hand(job: Job) -> str:
        account = account_in(job)
        return f" {words}: {command(*account.names)}" if account else ""

    return by_hand


def account_in(job: Job) -> Account | None:
    """Return the account that the inputs name; None if they cannot be read."""
    from vmss_upgrade.inputs import parse_account

    try:
        return parse_account(job.environ)
    except InputError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a main step may leave undone: `is_owed`, by what it saved.

    `carry_out` does it, and returns that in words; doing it twice does no harm. If it cannot be done, `title` says so
    in an annotation, and `by_hand` says what a user has to do (empty where that is not known).
    """

    title: str
    is_owed: Callable[[Job], bool]
    carry_out: Callable[[PostStep], str]
    by_hand: Callable[[Job], str]
