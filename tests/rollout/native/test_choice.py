"""A rolling upgrade of Azure's own carries an order out, or batches of ours do: by strategy and by mode."""

from __future__ import annotations

import pytest

from builders import SUBSCRIPTION, model
from vmss_upgrade.rollout.findings import refuse
from vmss_upgrade.rollout.native.choice import natively
from vmss_upgrade.rollout.native.mode import examine_mode
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.policy import Policy, Strategy


@pytest.mark.parametrize(
    ("command", "strategy", "mode", "expected"),
    [
        pytest.param(Command.UPGRADE, Strategy.AUTO, "Rolling", True, id="by-the-mode"),
        pytest.param(Command.UPGRADE, Strategy.AUTO, "Manual", False, id="ours-by-the-mode"),
        pytest.param(Command.UPGRADE, Strategy.NATIVE, "Manual", True, id="as-asked-though-it-will-be-refused"),
        pytest.param(Command.UPGRADE, Strategy.UPDATE_DOMAIN, "Rolling", False, id="ours-though-it-will-be-refused"),
        pytest.param(Command.ROLLBACK, Strategy.AUTO, "Rolling", True, id="the-way-back"),
        pytest.param(Command.STATUS, Strategy.NATIVE, "Rolling", False, id="nothing-to-roll"),
    ],
)
def test_strategy_and_mode_choose_who_makes_the_batches(
    command: Command, strategy: Strategy, mode: str, expected: bool
) -> None:
    order = Order(command=command, policy=Policy(strategy=strategy))
    assert natively(model(upgrade_mode=mode), order) is expected


@pytest.mark.parametrize(("mode", "shown"), [("Manual", "Manual"), ("", "not shown")])
def test_azure_makes_batches_in_mode_rolling_alone(mode: str, shown: str) -> None:
    assert examine_mode(model(upgrade_mode=mode), natively=True) == refuse(
        f"`strategy: native` needs a scale set in mode Rolling, and upgradePolicy.mode is {shown}.",
        "Use another strategy, which makes the batches itself (`auto` does), or set the mode to Rolling, with a health "
        f"source: az vmss update --subscription {SUBSCRIPTION} -g rg -n web --set upgradePolicy.mode=Rolling",
    )
    assert examine_mode(model(upgrade_mode="Rolling"), natively=True) is None
