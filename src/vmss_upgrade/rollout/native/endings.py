"""How a rollout ends that Azure has rolled: by the code of `latest`, and by the instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vmss_upgrade.rollout.az_commands import az_vmss
from vmss_upgrade.rollout.failures import Failure, Problem
from vmss_upgrade.rollout.history.endings import first_of
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.native.codes import CANCELLED, meaning_of
from vmss_upgrade.rollout.native.roll import Roll, RollCode
from vmss_upgrade.rollout.wording import clause, duration, listed

GO_ON = "Run again with the same inputs: Azure goes on with what is behind the model."


def by_bad_instance(own: Roll | None, failures: Sequence[Failure], left: Sequence[str], *, is_gone: bool) -> Ending:
    """End a run that cancelled its rolling upgrade because of the first bad instance; `is_gone`: it is not at work."""
    reason = f"Azure's rolling upgrade {_became(own, is_gone=is_gone)}: {first_of(failures)}{_left(left)}"
    remedy = "Look into what is named here, then run again with the same inputs, or use `operation: rollback`."
    return Ending(Outcome.HALTED, reason, remedy, tuple(failures))


def by_cancellation(own: Roll, failures: Sequence[Failure], left: Sequence[str]) -> Ending:
    """End a run whose rolling upgrade another client has cancelled."""
    named = tuple(failures) or (Failure("", own.error_code or CANCELLED, own.error_message or "It was cancelled."),)
    reason = f"Azure's rolling upgrade was cancelled, and not by this run.{_left(left)}"
    remedy = f"The activity log of the scale set says who did it. {GO_ON}"
    return Ending(Outcome.HALTED, reason, remedy, named)


def by_fault(roll: Roll | None, problem: Problem | None, failures: Sequence[Failure], left: Sequence[str]) -> Ending:
    """End a run whose rolling upgrade Azure gave up, by what `latest` says, or else the write's own operation."""
    code = (roll.error_code if roll else "") or (problem.code if problem else "") or RollCode.FAULTED.value
    words = (roll.error_message if roll else "") or (problem.message if problem else "")
    meaning, remedy = meaning_of(code)
    why = meaning or clause(words) or "Azure does not say why"
    first = f" First: {first_of(failures)}" if failures else ""
    reason = f"Azure gave the rolling upgrade up ({code}): {why}.{first}{_left(left)}"
    named = tuple(failures) or (Failure("", code, words or why),)
    return Ending(Outcome.HALTED, reason, remedy, named)


def by_other(latest: Roll | None, *, wrote: bool = True) -> Ending:
    """End a run during which another rolling upgrade has begun: it is not ours to cancel."""
    since = f" (started {latest.started})" if latest and latest.started else ""
    reason = f"another rolling upgrade is at work on the scale set{since}: another client's, or Azure's own."
    outcome = Outcome.HALTED if wrote else Outcome.REFUSED
    return Ending(outcome, reason, "Wait for its end, then run again with the same inputs.")


def by_no_roll(left: Sequence[str]) -> Ending:
    """End a run after whose write Azure shows no rolling upgrade."""
    reason = f"the model holds the target image, but Azure shows no rolling upgrade of it.{_left(left)}"
    remedy = "Run again; or set the mode to Manual, in which this action makes the batches."
    return Ending(Outcome.HALTED, reason, remedy)


def by_gate(failures: Sequence[Failure]) -> Ending:
    """End a run whose rolling upgrade ended well by Azure's word, but not by the instances."""
    reason = f"Azure's rolling upgrade has ended, but not every instance is as it should be: {first_of(failures)}"
    return Ending(Outcome.HALTED, reason, "Look into what is named here, then run again.", tuple(failures))


def by_standstill(own: Roll | None, seconds: float, left: Sequence[str], *, is_gone: bool) -> Ending:
    """End a run whose rolling upgrade has made no progress for too long; `is_gone`: it is not at work any more."""
    then = f"for {duration(seconds)} (`batch-timeout`), and {_became(own, is_gone=is_gone)}"
    return Ending(Outcome.TIMED_OUT, f"Azure's rolling upgrade made no progress {then}.{_left(left)}", GO_ON)


def _became(own: Roll | None, *, is_gone: bool) -> str:
    """Return what became of a rolling upgrade that this run wanted to cancel."""
    if not is_gone:
        return "may still be at work"
    return "was cancelled" if own is not None and own.code is RollCode.CANCELLED else "has ended"


def with_manual_mode(ending: Ending, model: Model) -> Ending:
    """Return how a failed way back ended, with the way that Azure's limits do not close."""
    command = az_vmss("update", model, "--set", "upgradePolicy.mode=Manual")
    manual = (
        "Azure's limits do not hold in mode Manual, in which this action makes the batches, unhealthy instances first"
    )
    return replace(ending, remedy=f"{ending.remedy} {manual}: {command}")


def _left(ids: Sequence[str]) -> str:
    return f" Not on the target image: {listed(ids)}." if ids else ""
