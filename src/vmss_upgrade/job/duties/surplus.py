"""New instances of a surge that a killed rollout may have left are named: a batch may be away, so they must stay."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.job import surplus
from vmss_upgrade.job.duties.duty import Duty, PostStep
from vmss_upgrade.job.progress import ROLLOUT, Stage, from_value
from vmss_upgrade.job.runner import Job


def _is_owed(job: Job) -> bool:
    progress = from_value(job.saved.get(ROLLOUT, ""))
    has_ended = progress is not None and progress.stage is Stage.ENDED  # then the main step has named them
    return surplus.is_left(job.saved) and not has_ended


def _name(step: PostStep) -> str:
    """Name them, with the command that deletes them. Raises InputError if the inputs do not say of which scale set."""
    from vmss_upgrade.inputs import parse_account

    account = parse_account(step.job.environ)
    step.console.warning(surplus.in_words(step.job.saved[surplus.SURGE], account.names), surplus.TITLE)
    return "The new instances of the surge stay until the next run."


NAME_SURPLUS: Final = Duty(title=surplus.TITLE, is_owed=_is_owed, carry_out=_name, by_hand=lambda _: "")
