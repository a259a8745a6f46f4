"""The inputs that decide how the rollout goes: which instances, how many at once, how long to watch and to wait."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.values import parse_duration, parse_number
from vmss_upgrade.rollout.policy import DEFAULT_MIN_HEALTHY, HealthUse, OnFailure, Policy, Selection, Share, Strategy

PROTECTED_INSTANCES: Final = ("skip", "fail")
STOPPED_INSTANCES: Final = ("skip", "include")


def policy_of(form: Form) -> Policy:
    """Return the policy that the inputs describe."""
    batch_size = form.share("batch-size", least=1, what="a count of instances nor a percentage of the scale set")
    policy = Policy(
        strategy=form.member("strategy", Strategy) or Strategy.AUTO,
        batch_size=batch_size,
        canary=_canary(form, batch_size),
        selection=_selection(form),
        stop_after=form.share("stop-after", least=1, what="a number of batches nor a percentage of the scale set"),
        min_healthy=_min_healthy(form),
        allow_downtime=form.flag("allow-downtime"),
        refuse_protected=form.choice("protected-instances", PROTECTED_INSTANCES) == "fail",
        include_stopped=form.choice("stopped-instances", STOPPED_INSTANCES) == "include",
        health=form.member("health", HealthUse) or HealthUse.AUTO,
        suspend_repairs=form.flag("suspend-repairs"),
        on_failure=form.member("on-failure", OnFailure) or OnFailure.STOP,
        replication_wait=form.duration("wait-for-replication") or 0.0,
        bake_time=form.duration("bake-time"),
        health_timeout=form.positive_duration("health-timeout"),
        batch_timeout=form.positive_duration("batch-timeout"),
        timeout=form.positive_duration("timeout"),
    )
    _refuse_endless_bake(form, policy)
    return policy


def _canary(form: Form, batch_size: Share | None) -> int | None:
    value = form["canary"]
    if not value:
        return None
    count = parse_number(value)
    if count is None:
        form.problem("canary", f"{value!r} is not a count of instances", "Write a number from 0 on, or leave it empty.")
    elif batch_size and not batch_size.is_percentage and count > batch_size.number:
        lack = f"{count} instances are more than a batch may have (`batch-size: {batch_size}`)"
        form.problem("canary", lack, "Make canary smaller or batch-size larger.")
    return count


def _selection(form: Form) -> Selection:
    remedy = "Copy them from `az vmss list-instances`; leave `instance-ids` empty for all."
    return Selection(
        update_domains=form.numbers("update-domains"),
        fault_domains=form.numbers("fault-domains"),
        zones=form.names("zones", "the name of a zone", "Write the zones' names, such as 1,2."),
        instance_ids=form.names("instance-ids", "the id of an instance", remedy),
    )


def _min_healthy(form: Form) -> Share:
    share = form.share("min-healthy", least=0, what="a count of instances nor a percentage of those that run")
    if share and share.number and form["allow-downtime"].lower() == "true":
        lack = f"{share} contradicts `allow-downtime: true`, which lets every instance be away at once"
        form.problem("min-healthy", lack, "Leave one of the two out.")
    return share or DEFAULT_MIN_HEALTHY


def _refuse_endless_bake(form: Form, policy: Policy) -> None:
    limit = parse_duration(form["batch-timeout"])
    if policy.bake_time and limit and policy.bake_time >= limit:
        lack = f"{form['bake-time']} never ends within `batch-timeout` ({form['batch-timeout']})"
        form.problem("bake-time", lack, "Make bake-time shorter or batch-timeout longer.")
