"""A plan that is no longer the one that was approved: the whole text of each refusal."""

from __future__ import annotations

import pytest

from builders import NEW, OLD, fleet, model, platform
from vmss_upgrade.rollout.checks.approval import changes_since_approval
from vmss_upgrade.rollout.findings import Severity
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.order import Command, Order
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.plan_hash import Planned
from vmss_upgrade.rollout.planning.planner import plan_rollout
from vmss_upgrade.rollout.policy import OnFailure, Policy, Share

MODEL = model()
CAREFUL = Policy(batch_size=Share(20, is_percentage=True), on_failure=OnFailure.ROLLBACK)
WHAT = (
    "What is to be done has changed since the approval (`expect-plan: {approved}`; the plan hash is now {now}): it is "
    "now `operation: {operation}` of {set} to {image}. Run `operation: plan` again, and have that plan approved; or "
    "give the inputs that were approved, with the exact image instead of `latest`."
)
HOW = (
    "How it is to be done has changed since the approval (`expect-plan: {approved}`; the plan hash is now {now}): "
    "{policy}. Run `operation: plan` again, and have that plan approved; or give the inputs that were approved, to "
    "both jobs alike."
)
DEFAULTS = "every input of the policy now has its default"
GIVEN = "the policy is now `batch-size: 20%`, `on-failure: rollback`, with the defaults of all other inputs"


def hash_of(command: Command, policy: Policy, target: Image = NEW, set_id: str = MODEL.id) -> str:
    return Planned(scale_set_id=set_id, command=command, target=target, policy=policy).hash


def plan_of(policy: Policy, domains: str = "0011") -> RolloutPlan:
    return plan_rollout(fleet(domains), Goal(image=NEW, in_model=False), policy)


def words(approved: str, command: Command, policy: Policy, domains: str = "0011") -> list[str]:
    order = Order(command=command, policy=policy, expected_plan=approved)
    findings = changes_since_approval(order, MODEL, plan_of(policy, domains))
    assert all(finding.severity is Severity.REFUSE for finding in findings)
    return [f"{finding.message} {finding.remedy}" for finding in findings]


@pytest.mark.parametrize(
    ("approved", "command", "policy", "expected"),
    [
        pytest.param("", Command.UPGRADE, Policy(), [], id="no-approval"),
        pytest.param(hash_of(Command.PLAN, Policy()), Command.UPGRADE, Policy(), [], id="approved"),
        pytest.param(hash_of(Command.PLAN, CAREFUL), Command.PLAN, CAREFUL, [], id="planned-again"),
        pytest.param(hash_of(Command.PLAN, Policy(), OLD), Command.UPGRADE, Policy(), [WHAT], id="another-image"),
        pytest.param(
            hash_of(Command.PLAN, Policy(), set_id=f"{MODEL.id}2"), Command.UPGRADE, Policy(), [WHAT], id="another-set"
        ),
        pytest.param(hash_of(Command.PLAN, Policy()), Command.UPDATE_MODEL, Policy(), [WHAT], id="another-operation"),
        pytest.param(hash_of(Command.PLAN, Policy()), Command.UPGRADE, CAREFUL, [HOW], id="inputs-given"),
        pytest.param(hash_of(Command.PLAN, CAREFUL), Command.UPGRADE, Policy(), [HOW], id="inputs-taken-away"),
        pytest.param(hash_of(Command.PLAN, CAREFUL, OLD), Command.ROLLBACK, Policy(), [WHAT, HOW], id="both"),
    ],
)
def test_a_refusal_names_what_has_changed(approved: str, command: Command, policy: Policy, expected: list[str]) -> None:
    operation = "upgrade" if command is Command.PLAN else command.value
    values = {"approved": approved, "now": hash_of(command, policy), "operation": operation, "set": MODEL.id}
    values |= {"image": "Canonical:jammy:22_04-lts:2.0.0", "policy": GIVEN if policy == CAREFUL else DEFAULTS}
    assert words(approved, command, policy) == [text.format(**values) for text in expected]


def test_an_approval_outlives_a_scale_out_and_a_rollout_that_stopped() -> None:
    approved = hash_of(Command.PLAN, Policy())
    assert words(approved, Command.UPGRADE, Policy(), "00112233") == []
    begun = plan_rollout(fleet("0011", new="0 1", image=NEW), Goal(image=NEW, in_model=True), Policy())
    order = Order(command=Command.UPGRADE, expected_plan=approved)
    assert changes_since_approval(order, model(image=NEW), begun) == ()


def test_another_version_of_latest_is_another_plan() -> None:
    moved = plan_rollout(fleet("0011"), Goal(image=platform("3.0.0"), in_model=False), Policy())
    order = Order(command=Command.UPGRADE, expected_plan=hash_of(Command.PLAN, Policy()))
    (refusal,) = changes_since_approval(order, MODEL, moved)
    assert refusal.message.endswith(f"it is now `operation: upgrade` of {MODEL.id} to Canonical:jammy:22_04-lts:3.0.0.")
