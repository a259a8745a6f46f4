"""What is read and checked of rolling upgrades before anything is written, of every set."""

from __future__ import annotations

from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import SECOND_LOOK, Steps
from vmss_upgrade.errors import ASK_AGAIN, AzureError
from vmss_upgrade.rollout.checks.preflight import examine_model
from vmss_upgrade.rollout.findings import Finding
from vmss_upgrade.rollout.model import HealthSignal, Model
from vmss_upgrade.rollout.native.checks import examine_native, unreadable
from vmss_upgrade.rollout.native.choice import natively
from vmss_upgrade.rollout.native.planning import left_to_azure
from vmss_upgrade.rollout.order import Order
from vmss_upgrade.rollout.planning.plan import RolloutPlan


def examine_rolling(remote: RemoteScaleSet, order: Order) -> Steps[tuple[Finding, ...]]:
    """Return what the model and the latest rolling upgrade say against a rollout."""
    if not natively(remote.model, order):
        running = yield from remote.rolls.is_running()
        return examine_model(remote.model, rolling_upgrade_running=running)
    if remote.model.rolls and remote.model.health_signal is HealthSignal.NONE:
        yield from remote.clock.wait("the model shows no health source, so it is read once more", SECOND_LOOK)
        yield from remote.read_model()
    found = examine_model(remote.model, rolling_upgrade_running=None, natively=True)
    try:
        latest = yield from remote.rolls.latest()
    except AzureError as error:
        if error.trouble in ASK_AGAIN:
            raise
        return (*found, unreadable(error.code))
    return (*found, *examine_native(remote.model, order, latest))


def made_natively(plan: RolloutPlan, model: Model, order: Order) -> RolloutPlan:
    """Return the plan; without batches of ours where Azure makes them."""
    return left_to_azure(plan, model) if natively(model, order) else plan
