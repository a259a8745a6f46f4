"""Azure's rolling upgrade that a killed rollout had started is cancelled, and no other one."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.errors import AzureError, VmssUpgradeError
from vmss_upgrade.job.duties.duty import Duty, PostStep, with_command
from vmss_upgrade.job.rolling import ROLL, own_in
from vmss_upgrade.job.runner import Job
from vmss_upgrade.rollout.az_commands import cancel_rolling_upgrade


def _is_owed(job: Job) -> bool:
    return bool(job.saved.get(ROLL))


def _cancel(step: PostStep) -> str:
    """Cancel it where it is still at work. Raises VmssUpgradeError if that cannot be made sure of."""
    from vmss_upgrade.driver.native.cancelling import cancel

    own = own_in(step.job.saved[ROLL])
    if own is None:
        raise VmssUpgradeError("What the main step saved of the rolling upgrade cannot be read.")
    try:
        is_gone = step.watch(cancel(step.remote, own, "the main step was killed", until=step.until))
    except AzureError as error:
        raise VmssUpgradeError(f"Azure did not cancel it: {error.code}, {error}", error.remedy) from error
    if not is_gone:
        raise VmssUpgradeError("It was still at work when the time of the post step was over.")
    return "Azure's rolling upgrade, which the rollout had started, is not at work any more."


CANCEL_ROLL: Final = Duty(
    title="Azure's rolling upgrade may still be at work",
    is_owed=_is_owed,
    carry_out=_cancel,
    by_hand=with_command("Cancel it, unless another one is at work by now", cancel_rolling_upgrade),
)
