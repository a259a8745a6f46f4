"""Automatic repairs that a killed rollout had suspended are resumed."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.errors import AzureError, InputError, VmssUpgradeError
from vmss_upgrade.job.duties.duty import Duty, PostStep
from vmss_upgrade.job.progress import REPAIRS, SUSPENDED
from vmss_upgrade.job.runner import Job
from vmss_upgrade.rollout.az_commands import resume_repairs


def _is_owed(job: Job) -> bool:
    return job.saved.get(REPAIRS) == SUSPENDED


def _resume(step: PostStep) -> str:
    """Resume automatic repairs. Raises VmssUpgradeError if they may not be resumed."""
    from vmss_upgrade.driver.repairs import set_repairs

    try:
        step.watch(set_repairs(step.remote, suspended=False, until=step.until))
    except AzureError as error:
        raise VmssUpgradeError(f"Azure did not resume them: {error.code}, {error}", error.remedy) from error
    return "Automatic instance repairs, which the rollout had suspended, are resumed."


def _by_hand(job: Job) -> str:
    """Return how a user resumes repairs; empty if the inputs do not say of which scale set."""
    from vmss_upgrade.inputs import parse_account

    try:
        account = parse_account(job.environ)
    except InputError:
        return ""
    command = resume_repairs(account.subscription_id, account.resource_group, account.scale_set)
    return f" Resume them with: {command}"


RESUME_REPAIRS: Final = Duty(
    title="Automatic instance repairs may still be suspended", is_owed=_is_owed, carry_out=_resume, by_hand=_by_hand
)
