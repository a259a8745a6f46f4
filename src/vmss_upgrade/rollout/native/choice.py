"""The choice between batches of ours and a rolling upgrade of Azure's own: by `strategy`, or by the mode of the set."""

from __future__ import annotations

from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.policy import Strategy


def natively(model: Model, order: Order) -> bool:
    """Return whether the order is carried out by a rolling upgrade of Azure's own."""
    if order.command is Command.STATUS:
        return False
    strategy = order.policy.strategy
    return strategy is Strategy.NATIVE or (strategy is Strategy.AUTO and model.rolls)
