"""The command in several guests at once: started at Azure's pace, waited for together, and deleted afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.history.drain_events import GuestsAwaited
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.budget import Ask
from vmss_upgrade.rollout.zero_downtime.drain import START, Action, Drain, failure_of, no_answer, not_deleted, not_run

POLL = 5.0  # seconds between two rounds of polls, one for each script
VIEW = 15.0  # seconds between reads of a script's view, once its operation says no more


class Guests:
    """Runs one command in guests of one scale set. `remedy`: what Azure's latest refusal calls for."""

    def __init__(self, remote: RemoteScaleSet, drain: Drain) -> None:
        self._remote = remote
        self._clock = remote.clock
        self._commands = remote.run_commands
        self._drain = drain
        self._there: dict[str, set[Action]] = {}  # run commands that may exist; an instance not in it was not asked
        self.remedy = ""

    def clear(self, ids: Iterable[str], until: float) -> Steps[tuple[Failure, ...]]:
        """Delete every run command of ours on these instances, those of a killed run too. Returns what stays."""
        model, failures = self._remote.model, dict[str, Failure]()
        deletions = []
        for id_ in ids:
            try:
                if id_ not in self._there:
                    self._there[id_] = set((yield from self._commands.present(model, id_, until)))
                for action in sorted(self._there[id_], key=lambda each: each.value):
                    deletion = yield from self._commands.delete(model, id_, action, until)
                    deletions.append((id_, action, deletion))
            except AzureError as error:
                failures[id_] = self._not_deleted(id_, error)
        for id_, action, deletion in deletions:
            try:
                if deletion is not None:
                    yield from self._commands.wait_until_gone(model, id_, action, deletion, until)
                self._there[id_].discard(action)
            except AzureError as error:
                failures[id_] = self._not_deleted(id_, error)
        return tuple(failures.values())

    def run(
        self, action: Action, ids: Sequence[str], *, until: float, gives_up: bool = False
    ) -> Steps[tuple[Failure, ...]]:
        """Run the command in these guests, and return where it failed; with `gives_up`, no more than the first one."""
        failures: list[Failure] = []
        running = _Running()
        oses = {instance.id: instance.os for instance in self._remote.instances}
        for id_ in ids:
            self._there.setdefault(id_, set()).add(action)
            put = self._commands.put(self._remote.model, id_, action, self._drain, oses.get(id_, ""), until)
            try:
                operation = yield from put
            except AzureError as error:
                failures += self._unless_gone(id_, action, error)
            else:
                running.start(id_, operation, min(self._clock.now() + self._drain.timeout + START, until))
            if failures and gives_up:
                return tuple(failures)
        next_look = self._clock.now() + pacing.LOOK_DURING_OPERATION
        while running.ids and not (failures and gives_up):
            yield GuestsAwaited(what=action.value, pending=running.ids, until=running.end - self._clock.started)
            self._clock.sleep(running.pause())
            if self._clock.now() >= next_look:
                yield from self._look(running)
                next_look = self._clock.now() + pacing.pause_between_looks(self._remote.pages)
            for id_ in running.ids:
                failures += yield from self._examine(id_, action, running)
        return tuple(failures)

    def _examine(self, id_: str, action: Action, running: _Running) -> Steps[list[Failure]]:
        """Take note of a script that has ended, or has had its time. Returns its failure, if it is one."""
        try:
            found = yield from self._verdict(id_, action, running)
        except AzureError as error:
            running.end_of(id_)
            return self._unless_gone(id_, action, error)
        return [found] if found else []

    def _verdict(self, id_: str, action: Action, running: _Running) -> Steps[Failure | None]:
        """Ask the operation, which is cheap; and once that has ended, the view, which alone says how the script did."""
        operation, now = running.operations[id_], self._clock.now()
        is_late, problem = now >= running.deadlines[id_], None
        if operation is not None:
            state = yield from self._state(operation, running.deadlines[id_])
            if state is OperationState.RUNNING and not is_late:
                return None
            running.operations[id_] = None
            problem = operation.answer.problem if state is OperationState.FAILED else None
        elif now < running.next_view.get(id_, 0.0):
            return None
        running.next_view[id_] = now + VIEW
        until = max(running.deadlines[id_], now + VIEW)
        execution = yield from self._commands.read(self._remote.model, id_, action, until)
        if execution.has_ended or problem or is_late:
            running.end_of(id_)
        if execution.has_ended:
            return failure_of(id_, action, execution)
        if problem:
            return not_run(id_, action, problem.code, problem.message)
        return no_answer(id_, action, self._drain.timeout + START) if is_late else None

    def _state(self, operation: FollowedOperation, until: float) -> Steps[OperationState]:
        """Poll once. An operation that cannot be followed says no more."""
        try:
            return (yield from self._clock.patiently(operation.answer.step, Ask.POLL, until=until))
        except AzureError as error:
            if error.trouble in (Trouble.NO_RECORD, Trouble.DENIED, Trouble.UNCERTAIN):
                return OperationState.LOST
            raise

    def _look(self, running: _Running) -> Steps[None]:
        """Look at all instances; what was stopped or deleted meanwhile is waited for no longer."""
        with suppress(AzureError):
            yield from self._remote.look(until=self._clock.now())
            serving = {i.id for i in self._remote.instances if not i.is_stopped and not i.is_being_deleted}
            for id_ in set(running.ids) - serving:
                running.end_of(id_)

    def _unless_gone(self, id_: str, action: Action, error: AzureError) -> list[Failure]:
        if error.trouble is Trouble.NOT_FOUND and id_ not in {i.id for i in self._remote.instances}:
            return []
        self.remedy = error.remedy
        return [not_run(id_, action, error.code, str(error), error.correlation_id)]

    def _not_deleted(self, id_: str, error: AzureError) -> Failure:
        self.remedy = error.remedy
        return not_deleted(id_, error.code, str(error), error.correlation_id)


class _Running:
    """The scripts that are waited for: operation (None: it says no more) and deadline of each."""

    def __init__(self) -> None:
        self.operations: dict[str, FollowedOperation | None] = {}
        self.deadlines: dict[str, float] = {}
        self.next_view: dict[str, float] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """The instances."""
        return tuple(self.operations)

    @property
    def end(self) -> float:
        """The last deadline."""
        return max(self.deadlines.values())

    def start(self, id_: str, operation: FollowedOperation, deadline: float) -> None:
        """Wait for one more."""
        self.operations[id_], self.deadlines[id_] = operation, deadline

    def end_of(self, id_: str) -> None:
        """Wait for one no longer."""
        del self.operations[id_]

    def pause(self) -> float:
        """Return the seconds until the next round: what Azure asks for, within bounds."""
        asked = [operation.answer.asked_delay or 0.0 for operation in self.operations.values() if operation]
        return min(max(POLL, *asked, 0.0), pacing.LONGEST_POLL)
