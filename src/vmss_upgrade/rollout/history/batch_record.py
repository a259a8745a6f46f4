"""The record of a batch that was started."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.rollout.planning.plan import Batch


class BatchResult(Enum):
    """What became of a batch that was started; the values are for people."""

    UNDER_WAY = "under way"
    PASSED = "passed"
    FAILED = "failed"
    NOT_ACCEPTED = "not taken on by Azure"


class AzureWork(Enum):
    """Azure's work on the upgrade of a batch: known, possible or none."""

    NONE = "none"
    POSSIBLE = "possible"  # the answer was lost
    CERTAIN = "certain"


@dataclass(slots=True)
class BatchRecord:
    """One batch that was started. `seconds` is None while it runs, or where the run ended first.

    `accepted`: Azure took the upgrade on, or may have; `azure_work` lasts until its operation ended. `is_back`: it is
    one of the rollback. `is_current` False: somebody changed the rest of the model while it was upgraded.
    """

    batch: Batch
    started_at: float
    seconds: float | None = None
    result: BatchResult = BatchResult.UNDER_WAY
    accepted: bool = False
    azure_work: AzureWork = AzureWork.NONE
    is_back: bool = False
    is_current: bool = True
