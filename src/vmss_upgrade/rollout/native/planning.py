"""The plan of a rolling upgrade of Azure's own: which instances move; Azure makes the batches."""

from __future__ import annotations

from dataclasses import replace

from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.plan import RolloutPlan


def left_to_azure(plan: RolloutPlan, model: Model) -> RolloutPlan:
    """Return the plan without batches of ours."""
    return replace(
        plan, batches=(), canary=0, stop_after=None, surge=0, rolls=model.rolling, by_azure=plan.instance_ids
    )
