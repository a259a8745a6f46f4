"""The hook after the batch that was under way when the rollout was killed is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from vmss_upgrade.errors import VmssUpgradeError
from vmss_upgrade.job.clock import date_by
from vmss_upgrade.job.duties.duty import PATIENCE, Duty, PostStep
from vmss_upgrade.job.progress import HOOK
from vmss_upgrade.job.runner import Job
from vmss_upgrade.rollout.history.hook_events import in_sentence
from vmss_upgrade.rollout.wording import instances_named
from vmss_upgrade.rollout.zero_downtime.hook_answers import Meaning
from vmss_upgrade.rollout.zero_downtime.hook_calls import saved_call

HOOK_PATIENCE: Final = 60.0  # seconds


def _is_owed(job: Job) -> bool:
    return bool(job.saved.get(HOOK))


def _call(step: PostStep) -> str:
    """Call the hook after the batch that was under way. Raises VmssUpgradeError if it does not answer as it should."""
    from vmss_upgrade.driver.run_clock import RunClock
    from vmss_upgrade.driver.zero_downtime.hook_calls import HookCaller
    from vmss_upgrade.inputs import parse_hooks

    call = saved_call(step.job.saved[HOOK])
    hooks = parse_hooks(step.job.environ)
    if call is None or hooks is None:
        raise VmssUpgradeError("What the main step left does not say which batch it was.")
    hooks = replace(hooks, run_url=step.job.run_url, began_at=date_by(step.clock) or 0.0)
    caller = HookCaller(RunClock(step.clock, PATIENCE), hooks, step.web)
    until = min(step.until, step.clock.now() + HOOK_PATIENCE)
    verdict = step.watch(caller.ask(call, until))
    if verdict.meaning not in (Meaning.GO_ON, Meaning.POLL):  # what is at work has begun
        raise VmssUpgradeError(in_sentence(call, verdict))
    return f"`after-batch-url` was called for batch {call.number}."


def _by_hand(job: Job) -> str:
    """Return what a user does about a hook that was not called."""
    call = saved_call(job.saved[HOOK])
    what = f"batch {call.number} ({instances_named(member.id for member in call.members)})" if call else "it"
    return f" Undo by hand what `before-batch-url` has done for {what}, unless another run goes on with it."


CALL_HOOK: Final = Duty(
    title="The hook after the last batch was not called", is_owed=_is_owed, carry_out=_call, by_hand=_by_hand
)
