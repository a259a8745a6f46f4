"""What is read, and found, of a surge before the first write: the instances of an earlier one, and what forbids it."""

from __future__ import annotations

from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.rollout.checks.surge import examine_surge, on_another_image, taken_over
from vmss_upgrade.rollout.findings import Finding
from vmss_upgrade.rollout.order import Order
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.zero_downtime.surge import left_by_an_earlier_run


def find_surplus(remote: RemoteScaleSet, order: Order) -> list[Finding]:
    """Mark the instances that the surge of an earlier run left, where that is certain, and say what is found."""
    share = order.policy.surge
    left = left_by_an_earlier_run(remote.scale_set, share) if share and order.command.upgrades else None
    if left is None:
        return []
    if left.is_certain:
        remote.mark_surplus(left.instance_ids)
    return [taken_over(remote.scale_set, left)]


def find_obstacles(remote: RemoteScaleSet, plan: RolloutPlan, policy: Policy) -> Steps[list[Finding]]:
    """Read what decides whether instances may be created and deleted, and return what speaks against it."""
    if policy.surge is None or not (plan.batches or remote.surplus):
        return []
    settings, locks = yield from remote.read_scaling_limits()
    new = 0 if remote.surplus else plan.surge
    found = list(examine_surge(remote.scale_set, plan.reaches, new, settings, locks))
    if remote.surplus and plan.update_model:
        found.append(on_another_image(remote.scale_set, sorted(remote.surplus)))
    return found
