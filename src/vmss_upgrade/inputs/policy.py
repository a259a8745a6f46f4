"""The inputs that decide how the rollout goes: which instances, how many at once, how long to watch and to wait."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.names import INPUTS
from vmss_upgrade.inputs.not_after import not_after_of
from vmss_upgrade.inputs.values import parse_number
from vmss_upgrade.inputs.zero_downtime.drain import drain_of
from vmss_upgrade.inputs.zero_downtime.hooks import hooks_of
from vmss_upgrade.inputs.zero_downtime.probes import probes_of
from vmss_upgrade.inputs.zero_downtime.surge import surge_of
from vmss_upgrade.rollout.policy import (
    BATCH_TIMEOUT,
    DEFAULT_MIN_HEALTHY,
    HealthUse,
    OnFailure,
    Policy,
    Selection,
    Share,
    Strategy,
)

PROTECTED_INSTANCES: Final = ("skip", "fail")
STOPPED_INSTANCES: Final = ("skip", "include")


def policy_of(form: Form, now: float) -> Policy:
    """Return the policy that the inputs describe. `now`: the date, as seconds since 1970."""
    policy = Policy(
        strategy=form.member("strategy", Strategy) or Strategy.AUTO,
        batch_size=form.share("batch-size", least=1, what="a count of instances nor a percentage of the scale set"),
        canary=_canary(form),
        selection=_selection(form),
        stop_after=_stop_after(form),
        not_after=not_after_of(form, now),
        min_healthy=_min_healthy(form),
        allow_downtime=form.flag("allow-downtime"),
        refuse_protected=form.choice("protected-instances", PROTECTED_INSTANCES) == "fail",
        include_stopped=form.choice("stopped-instances", STOPPED_INSTANCES) == "include",
        health=form.member("health", HealthUse) or HealthUse.AUTO,
        suspend_repairs=form.flag("suspend-repairs"),
        on_failure=form.member("on-failure", OnFailure) or OnFailure.STOP,
        replication_wait=form.duration("wait-for-replication") or 0.0,
        surge=surge_of(form),
        probes=probes_of(form),
        drain=drain_of(form),
        hooks=hooks_of(form),
    )
    return _with_times(form, policy)


def _with_times(form: Form, policy: Policy) -> Policy:
    """Return the policy with its bake time and its limits; only two that were given can contradict each other."""
    bake_time = form.duration("bake-time", takes_seconds=True)
    health_timeout = form.time_limit("health-timeout")
    batch_timeout, timeout = form.time_limit("batch-timeout"), form.time_limit("timeout")
    if bake_time and timeout:
        _refuse_endless_bake(form, bake_time, timeout, batch_timeout)
    if timeout and batch_timeout and batch_timeout > timeout and form["timeout"] != INPUTS["timeout"]:
        lack = f"{form['batch-timeout']} is longer than `timeout` ({form['timeout']})"
        form.problem("batch-timeout", lack, "Make it shorter, or leave it out.")
    return replace(
        policy,
        bake_time=bake_time,
        health_timeout=health_timeout or policy.health_timeout,
        batch_timeout=batch_timeout or min(policy.batch_timeout, timeout or policy.timeout),
        timeout=timeout or policy.timeout,
    )


def _refuse_endless_bake(form: Form, bake_time: float, timeout: float, batch_timeout: float | None) -> None:
    """Refuse a bake time that no batch can live to see; a `batch-timeout` that is refused itself says nothing."""
    name, shown, limit = "batch-timeout", form["batch-timeout"], batch_timeout
    if not shown:
        is_short = timeout < BATCH_TIMEOUT
        name, shown = ("timeout", form["timeout"]) if is_short else (name, "1h")
        limit = min(timeout, BATCH_TIMEOUT)
    if limit and bake_time >= limit:
        lack = f"{form['bake-time']} never ends within `{name}` ({shown})"
        form.problem("bake-time", lack, f"Make bake-time shorter or {name} longer.")


def _canary(form: Form) -> int | None:
    value = form["canary"]
    if not value:
        return None
    count = parse_number(value)
    if count is None:
        form.problem("canary", f"{value!r} is not a count of instances", "Write a number from 0 on, or leave it empty.")
    return count


def _stop_after(form: Form) -> Share | None:
    """Return after what to stop; None, also where 0 was given: the run goes on to its end."""
    share = form.share("stop-after", least=0, what="a number of batches nor a percentage of the scale set")
    return share if share and share.number else None


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
