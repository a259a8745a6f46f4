"""Instances that a killed rollout had drained, and not upgraded, are undrained."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.errors import AzureError, VmssUpgradeError
from vmss_upgrade.job.duties.duty import Duty, PostStep, account_in
from vmss_upgrade.job.progress import DRAINED, drained_in
from vmss_upgrade.job.runner import Job
from vmss_upgrade.rollout.az_commands import undrain_by_hand
from vmss_upgrade.rollout.wording import instances_named


def _is_owed(job: Job) -> bool:
    return bool(drained_in(job.saved.get(DRAINED, ""))[0])


def _undrain(step: PostStep) -> str:
    """Undrain what was drained and not upgraded. Raises VmssUpgradeError where that fails."""
    from vmss_upgrade.driver.zero_downtime.drain import undrain_after_a_kill
    from vmss_upgrade.inputs import parse_drain

    ids, kept = drained_in(step.job.saved[DRAINED])
    drain = parse_drain(step.job.environ)
    if drain is None:
        raise VmssUpgradeError("The input `drain-command` is not there any more.")
    try:
        failures = step.watch(undrain_after_a_kill(step.remote, drain, ids, kept, step.until))
    except AzureError as error:
        raise VmssUpgradeError(f"Azure did not undrain them: {error.code}, {error}", error.remedy) from error
    if failures:
        raise VmssUpgradeError(f"Not every instance could be undrained: {failures[0].message}.")
    return "No instance is left drained."


def _by_hand(job: Job) -> str:
    """Return how a user undrains instances; their names alone if the inputs do not say of which scale set."""
    ids, _ = drained_in(job.saved[DRAINED])
    named = f" May still be drained: {instances_named(ids, 30)}."
    account = account_in(job)
    if account is None:
        return named
    command = undrain_by_hand(*account.names, ids[0])
    return f"{named} Undrain each with the text of `drain-command` in a file: {command}"


UNDRAIN: Final = Duty(title="Instances may still be drained", is_owed=_is_owed, carry_out=_undrain, by_hand=_by_hand)
