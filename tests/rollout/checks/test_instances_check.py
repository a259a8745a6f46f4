"""What is said of instances before a rollout, each finding by itself: the whole text, as a user reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from builders import BROKEN, NEW, OLD, changed, fleet, plan_of, whole
from vmss_upgrade.rollout.checks.instances import (
    failed_before,
    no_signal_yet,
    silent_before,
    unhealthy_before,
    unhealthy_on_target,
)
from vmss_upgrade.rollout.failures import Problem
from vmss_upgrade.rollout.findings import Finding, note, warn
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.rollback import Moved, plan_rollback
from vmss_upgrade.rollout.scale_set import Health, Power, ScaleSet

AGENT = Problem("VMExtensionProvisioningError", "It ended with 1", "Agent")
TWO_FAILED = changed(
    changed(fleet("0123", broken="0 1"), "1", problems=(BROKEN, AGENT)), "2", problems=(Problem("Faded", "Long ago."),)
)
NOT_YET = changed(fleet("0123"), "1 3", health=Health.NOT_YET)


def rollback_of(scale_set: ScaleSet) -> RolloutPlan:
    """Return the plan of a rollback in which every instance on the new image returns."""
    moved = Moved(ids=frozenset(scale_set.by_id), known=frozenset(scale_set.by_id))
    return plan_rollback(scale_set, Goal(image=OLD, in_model=True, heals=True), whole(), moved, left=NEW)


@pytest.mark.parametrize(
    ("scale_set", "finding"),
    [
        pytest.param(fleet("0123"), None, id="none"),
        pytest.param(
            TWO_FAILED,
            warn(
                "Azure reports failures from before this run: OSProvisioningTimedOut, OS provisioning did not finish "
                "(0, 1); VMExtensionProvisioningError, extension Agent: It ended with 1 (1)."
            ),
            id="two-failures-of-two-instances",
        ),
    ],
)
def test_failures_from_before(scale_set: ScaleSet, finding: Finding | None) -> None:
    assert failed_before(scale_set) == finding


@pytest.mark.parametrize(
    ("scale_set", "finding"),
    [
        pytest.param(fleet("0123"), None, id="all-have-it"),
        pytest.param(
            NOT_YET,
            warn(
                "The model has a health signal (load balancer health probe) that these instances have not got yet, so "
                "they report no health: 1, 3. Until its upgrade each counts as healthy while it is provisioned and "
                "running; after it, by its health."
            ),
            id="two-have-not",
        ),
        pytest.param(
            changed(fleet("0123", health_signal=HealthSignal.NONE), "1", health=Health.NOT_YET), None, id="no-signal"
        ),
    ],
)
def test_instances_without_the_signal(scale_set: ScaleSet, finding: Finding | None) -> None:
    assert no_signal_yet(scale_set) == finding


FIRST_IN_DOMAIN = note("Not healthy before the rollout, so first in their domain: 1.")


@pytest.mark.parametrize(
    ("scale_set", "plan", "finding"),
    [
        pytest.param(fleet("0011", unhealthy="1"), plan_of, FIRST_IN_DOMAIN, id="unhealthy"),
        pytest.param(fleet("0011", unhealthy="1", silent="0"), plan_of, FIRST_IN_DOMAIN, id="silent-is-not-unhealthy"),
        pytest.param(
            changed(fleet("0011", unhealthy="1 2"), "2", shows_view=False),
            plan_of,
            FIRST_IN_DOMAIN,
            id="without-a-view",
        ),
        pytest.param(changed(fleet("0011"), "1", power=Power.STOPPED), plan_of, None, id="stopped"),
        pytest.param(fleet("0011", new="0 1", unhealthy="1"), plan_of, None, id="does-not-move"),
        pytest.param(
            fleet("0011", new="0 1", unhealthy="1"),
            rollback_of,
            note("Not healthy now, so they return first: 1."),
            id="of-a-rollback",
        ),
    ],
)
def test_unhealthy_ones_that_move(
    scale_set: ScaleSet, plan: Callable[[ScaleSet], RolloutPlan], finding: Finding | None
) -> None:
    assert unhealthy_before(scale_set, plan(scale_set)) == finding


@pytest.mark.parametrize(
    ("scale_set", "is_noted"),
    [
        pytest.param(fleet("0011", silent="1"), True, id="silent"),
        pytest.param(fleet("0011"), False, id="none"),
        pytest.param(fleet("0011", silent="1", health_signal=HealthSignal.NONE), False, id="no-signal"),
    ],
)
def test_silent_ones_that_move(scale_set: ScaleSet, is_noted: bool) -> None:
    finding = note("These report no health, so they are not known to be healthy and go first in their domain: 1.")
    assert silent_before(scale_set, plan_of(scale_set)) == (finding if is_noted else None)


@pytest.mark.parametrize(
    ("scale_set", "plan", "said"),
    [
        pytest.param(
            fleet("0011", new="0 1", unhealthy="1", image=NEW),
            plan_of,
            "1. Nothing more is upgraded until it is.",
            id="by-an-earlier-run",
        ),
        pytest.param(
            fleet("0011", new="0 1", unhealthy="0 1", image=NEW),
            plan_of,
            "0, 1. Nothing more is upgraded until they are.",
            id="two-by-an-earlier-run",
        ),
        pytest.param(fleet("0011", new="0 1", unhealthy="1"), plan_of, "1. It is left as it is.", id="before-any-run"),
        pytest.param(
            fleet("0011", new="0 1", unhealthy="0 1"), plan_of, "0, 1. They are left as they are.", id="two-before"
        ),
        pytest.param(fleet("0011", new="2 3", unhealthy="1"), rollback_of, "1. It is left as it is.", id="rollback"),
    ],
)
def test_unhealthy_ones_on_the_target(scale_set: ScaleSet, plan: Callable[[ScaleSet], RolloutPlan], said: str) -> None:
    finding = warn(f"On the target image already, but not healthy: {said}")
    assert unhealthy_on_target(scale_set, plan(scale_set)) == finding
