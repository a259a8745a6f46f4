"""The plan of a rolling upgrade of Azure's own: it names who moves, and has no batches of ours."""

from __future__ import annotations

from dataclasses import replace

from builders import fleet, plan_of
from vmss_upgrade.rollout.native.planning import left_to_azure
from vmss_upgrade.rollout.native.roll import RollingPolicy

POLICY = RollingPolicy((("maxBatchInstancePercent", "20"),))


def test_a_plan_without_batches_of_ours() -> None:
    scale_set = fleet("0011", rolling=POLICY)
    planned = replace(plan_of(scale_set), canary=1, stop_after=1, surge=2)
    assert left_to_azure(planned, scale_set.model) == replace(
        planned, batches=(), canary=0, stop_after=None, surge=0, rolls=POLICY, by_azure=("0", "1", "2", "3")
    )
