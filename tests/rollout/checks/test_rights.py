"""What an identity may do, read as Azure reads it."""

from __future__ import annotations

import pytest

from vmss_upgrade.rollout.checks.rights import (
    DRAINER,
    NATIVE,
    POLL,
    READER,
    REPAIRS,
    SURGE,
    SURGE_READER,
    UPGRADER,
    Permission,
    Role,
    missing_actions,
    needed_actions,
    role_with,
)

SET = "Microsoft.Compute/virtualMachineScaleSets"
WRITE, READ, UPGRADE = f"{SET}/write", f"{SET}/read", f"{SET}/manualUpgrade/action"


@pytest.mark.parametrize(
    ("permissions", "missing"),
    [
        pytest.param([], [READ, WRITE, UPGRADE], id="nothing-is-permitted"),
        pytest.param([Permission(("*",))], [], id="owner"),
        pytest.param([Permission((READ, WRITE, UPGRADE))], [], id="each-by-name"),
        pytest.param([Permission(("*/read",))], [WRITE, UPGRADE], id="reader"),
        pytest.param([Permission((f"{SET}/*",))], [], id="all-of-the-type"),
        pytest.param([Permission(("Microsoft.Compute/*/action",))], [READ, WRITE], id="a-wildcard-in-the-middle"),
        pytest.param([Permission(("Microsoft.*/write", "*/READ"))], [UPGRADE], id="several-actions"),
        pytest.param([Permission(("Microsoft.Compute/virtualMachines/*",))], [READ, WRITE, UPGRADE], id="another-type"),
        pytest.param([Permission((f"{SET}/virtualMachines/*",))], [READ, WRITE, UPGRADE], id="only-what-is-inside"),
        pytest.param([Permission((WRITE[:-1],))], [READ, WRITE, UPGRADE], id="a-part-of-a-name-is-no-name"),
        pytest.param([Permission((f"X{WRITE}", f"{READ}X"))], [READ, WRITE, UPGRADE], id="nor-is-more-than-a-name"),
        pytest.param([Permission((SET.replace(".", "x") + "/*",))], [READ, WRITE, UPGRADE], id="a-dot-is-a-dot"),
        pytest.param([Permission((f"{SET.upper()}/*",))], [], id="upper-case"),
        pytest.param([Permission((f"{SET.lower()}/*",))], [], id="lower-case"),
        pytest.param([Permission(("*",), (WRITE,))], [WRITE], id="but-for"),
        pytest.param([Permission(("*",), (WRITE.upper(),))], [WRITE], id="but-for-in-another-case"),
        pytest.param([Permission(("*",), ("*/write", "*/action"))], [WRITE, UPGRADE], id="but-for-by-wildcards"),
        pytest.param([Permission(("*",), ("*",))], [READ, WRITE, UPGRADE], id="but-for-everything"),
        pytest.param(
            [Permission(("*",), (WRITE,)), Permission((WRITE,))], [], id="what-one-entry-takes-another-may-give"
        ),
        pytest.param(
            [Permission((READ,)), Permission((WRITE,)), Permission((UPGRADE,))], [], id="from-several-entries"
        ),
        pytest.param([Permission(("*",), ("*/write",)), Permission((READ,))], [WRITE], id="of-several-none-gives-it"),
    ],
)
def test_missing_actions(permissions: list[Permission], missing: list[str]) -> None:
    assert list(missing_actions(iter(permissions), (READ, WRITE, UPGRADE))) == missing


INSIDE = [f"{SET}/virtualMachines/read"]


@pytest.mark.parametrize(
    ("is_flexible", "writes", "upgrades", "suspends", "needed"),
    [
        pytest.param(False, False, False, False, [READ, *INSIDE], id="to-look"),
        pytest.param(True, False, False, False, [READ], id="to-look-at-a-flexible-set"),
        pytest.param(False, True, False, False, [READ, *INSIDE, WRITE], id="to-write-the-model"),
        pytest.param(False, False, True, False, [READ, *INSIDE, UPGRADE], id="to-upgrade-instances"),
        pytest.param(
            False, False, False, True, [READ, *INSIDE, f"{SET}/setOrchestrationServiceState/action"], id="to-suspend"
        ),
        pytest.param(
            True,
            True,
            True,
            True,
            [READ, WRITE, UPGRADE, f"{SET}/setOrchestrationServiceState/action"],
            id="everything-on-a-flexible-set",
        ),
    ],
)
def test_needed_actions(is_flexible: bool, writes: bool, upgrades: bool, suspends: bool, needed: list[str]) -> None:
    actions = needed_actions(
        is_flexible=is_flexible, writes_model=writes, upgrades_instances=upgrades, suspends_repairs=suspends
    )
    assert list(actions) == needed


COMMANDS = [f"{SET}/virtualMachines/runCommands/{verb}" for verb in ("read", "write", "delete")]
ROLLS = [f"{SET}/rollingUpgrades/read", f"{SET}/rollingUpgrades/cancel/action"]


@pytest.mark.parametrize(
    ("is_flexible", "more", "needed"),
    [
        pytest.param(False, {"drains": True}, [READ, *INSIDE, UPGRADE, *COMMANDS], id="drain"),
        pytest.param(True, {"drains": True}, [READ, UPGRADE], id="drain-of-machines-outside-the-set"),
        pytest.param(False, {"surges": True}, [READ, *INSIDE, WRITE, UPGRADE, f"{SET}/delete/action"], id="surge"),
        pytest.param(False, {"rolls": True}, [READ, *INSIDE, *ROLLS], id="azure-makes-the-batches"),
    ],
)
def test_needed_actions_of_special_ways(is_flexible: bool, more: dict[str, bool], needed: list[str]) -> None:
    usual = {"is_flexible": is_flexible, "writes_model": False, "upgrades_instances": True, "suspends_repairs": False}
    assert list(needed_actions(**usual, **more)) == needed


@pytest.mark.parametrize(
    ("action", "role"),
    [
        (READ, READER),
        (POLL, READER),
        (ROLLS[0], READER),
        (WRITE, UPGRADER),
        (UPGRADE, UPGRADER),
        (ROLLS[1], NATIVE),
        *((command, DRAINER) for command in COMMANDS),
        (f"{SET}/setOrchestrationServiceState/action", REPAIRS),
        (f"{SET}/delete/action", SURGE),
        ("Microsoft.Insights/autoscaleSettings/read", SURGE_READER),
        ("Microsoft.Authorization/locks/read", SURGE_READER),
    ],
)
def test_the_role_that_has_an_action(action: str, role: Role) -> None:
    assert role_with(action) == role
