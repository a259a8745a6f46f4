"""Check of a plan against the one that was approved, whose hash is given as `expect-plan`."""

from __future__ import annotations

from vmss_upgrade.rollout.findings import Finding, refuse
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.order import Order
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.planning.plan_hash import DIGITS, Planned, inputs_given, planned_of

_REMEDY = "Run `operation: plan` again, and have that plan approved; or give the inputs that were approved, {}."


def changes_since_approval(order: Order, model: Model, plan: RolloutPlan) -> tuple[Finding, ...]:
    """Return what has changed since a plan was approved, if the order names one."""
    approved, planned = order.expected_plan, planned_of(model, order.command, plan, order.policy)
    if not approved:
        return ()
    hashes = f"since the approval (`expect-plan: {approved}`; the plan hash is now {planned.hash})"
    findings = []
    if approved[:DIGITS] != planned.what:
        now = f"`operation: {planned.operation.value}` of {planned.scale_set_id} to {planned.target}"
        message = f"What is to be done has changed {hashes}: it is now {now}."
        findings.append(refuse(message, _REMEDY.format("with the exact image instead of `latest`")))
    if approved[-DIGITS:] != planned.how:
        message = f"How it is to be done has changed {hashes}: {_policy_in_words(planned)}."
        findings.append(refuse(message, _REMEDY.format("to both jobs alike")))
    return tuple(findings)


def _policy_in_words(planned: Planned) -> str:
    given = ", ".join(f"`{name}: {value}`" for name, value in inputs_given(planned.policy).items())
    if not given:
        return "every input of the policy now has its default"
    return f"the policy is now {given}, with the defaults of all other inputs"
