"""Automatic repairs that a killed rollout had suspended are resumed."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.errors import AzureError, VmssUpgradeError
from vmss_upgrade.job.duties.duty import Duty, PostStep, with_command
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


RESUME_REPAIRS: Final = Duty(
    title="Automatic instance repairs may still be suspended",
    is_owed=_is_owed,
    carry_out=_resume,
    by_hand=with_command("Resume them with", resume_repairs),
)
