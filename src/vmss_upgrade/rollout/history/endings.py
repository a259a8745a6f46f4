"""Endings: why a run ended, in one sentence, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vmss_upgrade.errors import AzureError, PlanRefused, Trouble, VmssUpgradeError
from vmss_upgrade.rollout.az_commands import rollback_to
from vmss_upgrade.rollout.failures import Failure, FailureCode, remedy_of
from vmss_upgrade.rollout.findings import Finding
from vmss_upgrade.rollout.gates import GO_ON_LATER, STOPS, how_to_release, too_late
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import HealthSignal, Model
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan, SkipReason
from vmss_upgrade.rollout.policy import LatestEnd
from vmss_upgrade.rollout.watching.health_gate import HealthGate
from vmss_upgrade.rollout.wording import clause, duration, instances_named, sentence
from vmss_upgrade.rollout.zero_downtime.probes import Probed
from vmss_upgrade.rollout.zero_downtime.proof import Undercut

_STUCK = (
    FailureCode.BATCH_TIMEOUT,
    FailureCode.STILL_UPDATING,
    FailureCode.NOT_ON_TARGET,
    FailureCode.NOT_PROVISIONED,
    FailureCode.NOT_SEEN,
)

LOOK_INTO = "Look into what is named here, then run again."
_NOT_DRAINED = "Find out in the guest why `drain-command` failed, then run again."
_GO_ON = "Run the workflow again with the same inputs to go on: instances on the target image are skipped."
_GOES_ON = "Another run with the same inputs goes on: instances on the target image are skipped."
_PROBES_REMEDY = f"See whether the service is down, or only the runner's way to it. {_GOES_ON}"
_UNDERCUT_REMEDY = f"Find out why instances outside the batch were not healthy then. {_GOES_ON}"
_FOUND_BEFORE = "Azure found it earlier in this run: see whether the scale set still exists, and if so, run again."


def refused(refusals: Sequence[Finding]) -> Ending:
    """End a run in whose scale set something forbids the rollout; nothing was written."""
    first = refusals[0]
    more = f" ({len(refusals) - 1} more above.)" if len(refusals) > 1 else ""
    return Ending(Outcome.REFUSED, first.message + more, first.remedy)


def by_refusal(refusal: PlanRefused, *, wrote: bool) -> Ending:
    """End a run whose scale set turned out not to be fit for a rollout, before or after the first write."""
    return Ending(Outcome.HALTED if wrote else Outcome.REFUSED, str(refusal), refusal.remedy)


def by_azure(error: AzureError, *, wrote: bool) -> Ending:
    """End a run that Azure refused for good, or left without knowledge: refused if nothing was written, else halted."""
    reason = sentence(f"{error.doing} failed: {error.code}, {error}")
    remedy = _FOUND_BEFORE if wrote and error.trouble is Trouble.NOT_FOUND else error.remedy
    return Ending(Outcome.HALTED if wrote else Outcome.REFUSED, reason, remedy, (_failure_of(error),))


def signal_lost(signal: HealthSignal, *, wrote: bool) -> Ending:
    """End a run whose health signal is gone from the model: which instances are healthy is no longer known."""
    lost = f"the model no longer has the {signal.value}"
    return Ending(
        Outcome.HALTED if wrote else Outcome.REFUSED,
        f"SignalLost: {lost}, so health cannot be proven any more.",
        "Put the health signal back into the model, then run again.",
        (Failure("", FailureCode.SIGNAL_LOST, lost),),
    )


def out_of_time(error: VmssUpgradeError) -> Ending:
    """End a run whose `timeout` passed."""
    return Ending(Outcome.TIMED_OUT, str(error), error.remedy)


def is_stuck(ending: Ending) -> bool:
    """Return whether nothing but the end of an upgrade is missing, which says nothing of other instances."""
    failures = ending.failures
    return bool(failures) and all(failure.code in _STUCK and not failure.blames_image for failure in failures)


def by_failed_batch(batch: Batch, gate: HealthGate) -> Ending:
    """End a run in which a batch has instance errors, or ran out of its time."""
    timed_out = all(failure.code is FailureCode.BATCH_TIMEOUT for failure in gate.failures)
    known = remedy_of(gate.failures[0].code, gate.failures[0].message)
    remedy = f"{known} Nothing" if known else "Look into what is named here; nothing"
    reason = f"batch {batch.number} failed: {first_of(gate.failures)}"
    outcome = Outcome.TIMED_OUT if timed_out else Outcome.HALTED
    return Ending(outcome, reason, f"{remedy} further was touched.", gate.failures)


def by_unaccepted_batch(batch: Batch, error: AzureError, limit: str) -> Ending:
    """End a run in which Azure did not accept the upgrade of a batch in time; its instances are as they were."""
    reason = sentence(f"Azure did not take batch {batch.number} on before {limit} passed: {error.code}, {error}")
    return Ending(Outcome.TIMED_OUT, reason, "Run the workflow again later.", (_failure_of(error),))


def by_drain(batch: Batch, failures: Sequence[Failure], remedy: str) -> Ending:
    """End a run in which an instance of the next batch could not be drained, so that none of it is upgraded."""
    reason = f"batch {batch.number} was not started, because it could not be drained: {first_of(failures)}"
    return Ending(Outcome.HALTED, reason, remedy or _NOT_DRAINED, tuple(failures))


def by_what_is_drained(failures: Sequence[Failure]) -> Ending:
    """End a run that went well, but for instances that it could not undrain."""
    reason = f"instances may still be drained: {first_of(failures)}"
    return Ending(Outcome.HALTED, reason, "Undrain them by hand, with the commands above.", tuple(failures))


def by_the_rest(troubles: Sequence[Failure]) -> Ending:
    """End a run in which instances outside the next batch are not healthy, and did not recover in time."""
    reason = f"the next batch may not start: {first_of(troubles)}"
    return Ending(Outcome.HALTED, reason, _known_remedy(troubles), tuple(troubles))


def by_last_look(unsettled: Sequence[Failure]) -> Ending:
    """End a run whose batches all passed, but in which not every instance on the target is healthy now."""
    failures = tuple(replace(each, message=f"at the end of the rollout: {each.message}") for each in unsettled)
    reason = f"not every instance is healthy: {first_of(failures)}"
    return Ending(Outcome.HALTED, reason, _known_remedy(failures), failures)


def not_returned(left: Mapping[str, SkipReason | None], previous: Image) -> Ending:
    """End a rollback after which instances (id -> why, where it shows) do not run `previous`."""
    base = f"does not run {previous} again"
    said = {id_: f"{base}: it is {why.value}" if why else base for id_, why in left.items()}
    failures = tuple(Failure(id_, FailureCode.NOT_RETURNED, message) for id_, message in said.items())
    return Ending(Outcome.HALTED, f"instances do not run {previous} again: {', '.join(left)}.", failures=failures)


def still_old(batches: Sequence[Batch]) -> Ending:
    """End a run after which instances run another image, even after the extra pass."""
    ids = ", ".join(id_ for batch in batches for id_ in batch.instance_ids)
    reason = f"instances still run another image after the extra pass: {ids}."
    return Ending(Outcome.HALTED, reason, "Find out what creates instances with the old image, then run again.")


def no_time_for(batch: Batch, longest: float, left: float, timeout: float) -> Ending:
    """End a run whose next batch would most likely not end before `timeout`: better here than half-way."""
    reason = (
        f"batch {batch.number} was not started: one took up to {duration(longest)}, and {duration(left)} are left of "
        f"`timeout` ({duration(timeout)})."
    )
    return Ending(Outcome.TIMED_OUT, reason, _GO_ON)


def by_not_after(batch: Batch, end: LatestEnd, takes: float, now: float, *, wrote: bool) -> Ending:
    """End a run whose next batch `takes` so long that it would most likely end after `not-after`."""
    reason = f"batch {batch.number} was not started: {too_late(end, takes, now)}"
    return Ending(Outcome.PARTIAL if wrote else Outcome.REFUSED, reason, GO_ON_LATER)


def by_stop_tag(model: Model, *, wrote: bool, batch: Batch | None = None) -> Ending:
    """End a run in which somebody has set the tag that stops upgrades: before a batch, or before the first write."""
    reason = f"batch {batch.number} was not started: {STOPS[0].lower()}{STOPS[1:]}" if batch else STOPS
    return Ending(Outcome.PARTIAL if wrote else Outcome.REFUSED, reason, how_to_release(model))


def by_probes(book: Probed, batch: Batch | None, at: float, *, wrote: bool) -> Ending:
    """End a run whose service does not answer any more. Nothing is returned: a runner cut off sees the same."""
    away = f"while batch {batch.number} was away" if batch else "while no batch was away"
    said = (
        f"the probe of {book.address} failed {book.in_a_row} times in a row, the last time {duration(at)} after the "
        f"start, {away}: {book.error}"
    )
    outcome = Outcome.HALTED if wrote else Outcome.REFUSED
    return Ending(outcome, sentence(said), _PROBES_REMEDY, (Failure("", FailureCode.PROBES_FAILED, said),))


def by_undercut(undercut: Undercut) -> Ending:
    """End a run whose upgrades succeeded, but during which fewer instances were healthy than had to be."""
    said = (
        f"only {undercut.healthy} instances were healthy {duration(undercut.at)} after the start, while batch "
        f"{undercut.batch} was away, and `{undercut.asked_by}` needed {undercut.floor}"
    )
    failure = Failure("", FailureCode.BELOW_MIN_HEALTHY, said)
    return Ending(Outcome.HALTED, f"no upgrade failed, but {said}.", _UNDERCUT_REMEDY, (failure,))


def after_rollback(first: Ending, second: Ending, previous: Image, *, instead_of: Image) -> Ending:
    """End a run that rolled back, or tried to: `first` is how the rollout ended, `second` how its rollback did."""
    if second.outcome.exit_code == 0:
        remedy = "Look into what is named here before you try this image again."
        return Ending(Outcome.ROLLED_BACK, first.reason, remedy, first.failures)
    return Ending(
        Outcome.ROLLBACK_FAILED,
        f"{first.reason} The rollback failed, too: {second.reason}",
        f"Look into what is named here. Then go on with {rollback_to(previous, instead_of=instead_of)}.",
        (*first.failures, *second.failures),
    )


def after_restore(first: Ending, second: Ending) -> Ending:
    """End a run that put the previous image back into the model, or tried to: `first` is how the rollout ended."""
    if second.outcome.exit_code == 0:
        return Ending(Outcome.HALTED, first.reason, f"{first.remedy} {_GOES_ON}".lstrip(), first.failures)
    return Ending(
        Outcome.HALTED,
        f"{first.reason} The previous image could not be put back into the model: {second.reason}",
        "Put it back yourself, so that no new instance gets the image that failed. Then look into what is named here.",
        (*first.failures, *second.failures),
    )


def succeeded(signal: HealthSignal, *, is_current: bool) -> Ending:
    """End a run whose batches all passed, and whose last look found nothing."""
    state = "healthy" if signal.proves_health else "provisioned and running"
    state = f"on the target image, current and {state}" if is_current else f"on the target image and {state}"
    unproven = "" if signal.proves_health else "Health was not proven: "
    changed = "" if is_current else " They are not current: somebody changed the rest of the model meanwhile."
    every = "every" if unproven else "Every"
    reason = f"{unproven}{every} selected instance that can be upgraded is {state}.{changed}"
    return Ending(Outcome.SUCCEEDED, reason)


def planned(plan: RolloutPlan) -> Ending:
    """End a run that was only to plan, so that a plan which changes nothing needs no approval."""
    if plan.update_model or plan.instance_ids:
        return Ending(Outcome.PLANNED, "Only the plan was asked for; nothing was written.")
    reason = "The model holds the target image already, and no instance is left to upgrade."
    return Ending(Outcome.NOTHING_TO_DO, reason)


def partial(plan: RolloutPlan) -> Ending:
    """End a run in which as many batches as asked for passed; the rest waits for the next run."""
    reason = f"stopped as `stop-after` asks, after {len(plan.due_now)} of {len(plan.batches)} batches."
    return Ending(Outcome.PARTIAL, reason, _GO_ON)


def model_updated(plan: RolloutPlan) -> Ending:
    """End a run that was only to write the model."""
    if not plan.update_model:
        return Ending(Outcome.NOTHING_TO_DO, "The model holds the target image already.")
    reason = "Only the model was to be updated; no instance was touched."
    return Ending(Outcome.MODEL_UPDATED, reason, "`operation: upgrade-instances` brings the instances to it.")


def _failure_of(error: AzureError) -> Failure:
    return Failure("", error.code, str(error), correlation_id=error.correlation_id)


def _known_remedy(failures: Sequence[Failure]) -> str:
    """Return what to do about the first error, or about those that this run has only found."""
    if all(failure.is_older for failure in failures):
        who = instances_named(failure.instance_id for failure in failures)
        were = "was" if len(failures) == 1 else "were"
        return (
            f"Repair, restart or reimage {who}, which {were} not healthy on the target image already when this run "
            "began, and run again; or go back, with `operation: rollback` and the earlier image as `image`."
        )
    return remedy_of(failures[0].code, failures[0].message) or LOOK_INTO


def first_of(failures: Sequence[Failure]) -> str:
    """Put the first error into words, and say how many more there are."""
    first = failures[0]
    who = f"instance {first.instance_id}: " if first.instance_id else ""
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return f"{who}{first.code}, {clause(first.message)}{more}."
