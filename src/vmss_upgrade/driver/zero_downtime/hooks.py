"""The hooks around the batches of one plan: the one before each may hold, narrow or stop it; the one after is owed."""

from __future__ import annotations

from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import OutOfTime, Steps
from vmss_upgrade.driver.zero_downtime.hook_calls import HookCaller
from vmss_upgrade.ports import Web
from vmss_upgrade.rollout.findings import warn
from vmss_upgrade.rollout.history.events import Noticed
from vmss_upgrade.rollout.history.hook_events import (
    HookAnswered,
    HookCalled,
    HookOwed,
    by_hook,
    by_put_off,
    in_sentence,
)
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.wording import instances_named
from vmss_upgrade.rollout.zero_downtime.hook_answers import Meaning, Verdict
from vmss_upgrade.rollout.zero_downtime.hook_calls import BatchEnd, HookCall, call_before
from vmss_upgrade.rollout.zero_downtime.hooks import Hooks

LAST_TRY = 20.0  # seconds for a hook that is owed when the time of the run is over


class BatchHooks:
    """The hooks of one plan. `put_off` are the instances that were left for later, each with the latest reason.

    In a rollback no hook has a veto, and all of them together may take one `hook-timeout`.
    """

    def __init__(self, remote: RemoteScaleSet, hooks: Hooks, plan: RolloutPlan, web: Web) -> None:
        self._remote = remote
        self._clock = remote.clock
        self._hooks = hooks
        self._plan = plan
        self._caller = HookCaller(remote.clock, hooks, web)
        self._left = hooks.timeout  # for all that are still to be called in a rollback
        self._owed: HookCall | None = None
        self._ask_again_at = float("-inf")
        self._give_up_at: float | None = None
        self.put_off: dict[str, str] = {}

    def before(self, batch: Batch, of: int) -> Steps[Batch]:
        """Call the hook before a batch, and return what is left of the batch. Raises Halted if it may not start."""
        call = call_before(batch, of, self._plan, self._remote.scale_set)
        if self._hooks.after:
            self._owed = call.after(BatchEnd.UNKNOWN)
            yield HookOwed(call=self._owed)
        if not self._hooks.before:
            return batch
        verdict = yield from self._ask(call)
        if self._plan.is_rollback:
            yield from self._warn(call, verdict)
            return batch
        if verdict.meaning not in (Meaning.GO_ON, Meaning.SKIP):
            raise Halted(by_hook(call, verdict, wrote=self._remote.wrote))
        return self._without_skipped(batch, verdict)

    def after(self, result: BatchEnd) -> Steps[Ending | None]:
        """Call the hook after a batch. Returns the ending if no other batch may follow."""
        if self._owed is None:
            return None
        call, self._owed = self._owed.after(result).seen_in(self._remote.instances), None
        try:
            verdict = yield from self._ask(call)
        except OutOfTime:
            verdict = yield from self._ask_at_the_end(call)
        except Halted:  # by probes, while the hook was waited for
            yield from self._ask_at_the_end(call)
            raise
        if self._plan.is_rollback or result is not BatchEnd.PASSED:
            yield from self._warn(call, verdict)
        if self._plan.is_rollback or verdict.meaning is Meaning.GO_ON:
            return None
        return by_hook(call, verdict, wrote=self._remote.wrote)

    def wait_to_ask_again(self, *, latest: float) -> Steps[bool]:
        """Wait until the hook may be asked again about what was put off. Returns False if there is no time left.

        `latest`: when a batch can be started last. What was put off is asked about for one `hook-timeout`.
        """
        now, is_first = self._clock.now(), self._give_up_at is None
        if self._give_up_at is None:
            self._give_up_at = now + self._hooks.timeout
        end = min(self._give_up_at, latest)
        if now >= end and not (is_first and now < latest):
            return False
        seconds = min(max(0.0, self._ask_again_at - now), end - now)
        if seconds > 0:
            yield from self._clock.wait(self._who_is_put_off(), seconds, until=end)
        return True

    def ending(self) -> Ending:
        """Return the ending of a run after which nothing is left but what was put off."""
        return by_put_off(tuple(self.put_off), next(reversed(self.put_off.values()), ""))

    def _ask(self, call: HookCall) -> Steps[Verdict]:
        """Call a hook until it has decided or its time is over."""
        began = self._clock.now()
        yield HookCalled(call=call)
        longest = self._left if self._plan.is_rollback else self._hooks.timeout
        verdict = yield from self._caller.ask(call, began + longest)
        seconds = self._clock.now() - began
        self._left = max(0.0, self._left - seconds)
        yield HookAnswered(call=call, verdict=verdict, seconds=seconds)
        return verdict

    def _ask_at_the_end(self, call: HookCall) -> Steps[Verdict]:
        """Call a hook once more, although the time of the run is over; if that fails, the post step does."""
        verdict = self._caller.ask_once(call, 1, LAST_TRY)
        is_owed = verdict.meaning is Meaning.NO_ANSWER
        yield HookAnswered(call=call, verdict=verdict, seconds=0.0, is_owed=is_owed)
        return verdict

    def _who_is_put_off(self) -> str:
        return f"`before-batch-url` has put off {instances_named(self.put_off)}"

    def _warn(self, call: HookCall, verdict: Verdict) -> Steps[None]:
        """Warn of an answer that is passed over."""
        if verdict.meaning is not Meaning.GO_ON:
            yield Noticed(finding=warn(in_sentence(call, verdict)))

    def _without_skipped(self, batch: Batch, verdict: Verdict) -> Batch:
        """Return the batch without what the verdict leaves for later."""
        for id_ in batch.instance_ids:
            self.put_off.pop(id_, None)
        if not verdict.skipped:
            return batch
        self.put_off |= dict.fromkeys(verdict.skipped, verdict.reason)
        self._ask_again_at = max(self._ask_again_at, self._clock.now() + verdict.pause)
        left = tuple(id_ for id_ in batch.instance_ids if id_ not in verdict.skipped)
        return Batch(batch.number, batch.domain, left)
