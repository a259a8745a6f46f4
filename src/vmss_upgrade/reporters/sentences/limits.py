"""The limits of a rollout: every value of its policy by the name of its input, and how long it may take by them."""

from __future__ import annotations

from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.policy import Policy, Share
from vmss_upgrade.rollout.watching.pacing import QUICK_BATCH, SLOW_BATCH
from vmss_upgrade.rollout.wording import duration, listed


def estimate(report: Report) -> str:
    """Return how long the plan may take, and what that is estimated from; empty without a batch."""
    if report.plan is None or report.policy is None or report.model is None or not report.plan.due_now:
        return ""
    batches, bake = len(report.plan.due_now), report.policy.bake_time_for(report.model.health_signal)
    least, most = (batches * (bake + work) for work in (QUICK_BATCH, SLOW_BATCH))
    end = report.policy.not_after
    by_then = f" None starts that would most likely end after {end.utc} (`not-after`)." if end else ""
    in_turn = " one after the other" if batches > 1 else ""
    return (
        f"about {_minutes(least)} to {_minutes(most)}: {count(batches, 'batch')}{in_turn}, each with an assumed "
        f"{QUICK_BATCH / 60:.0f} to {SLOW_BATCH / 60:.0f} minutes until its instances are ready, and {duration(bake)} "
        f"of bake time. No batch starts later than {duration(report.policy.timeout)} after the start (`timeout`)."
        f"{by_then}"
    )


def _minutes(seconds: float) -> str:
    """Return a duration to the minute, as far as an estimate is worth saying."""
    return duration(max(60.0, round(seconds / 60) * 60.0)).removesuffix("00s")


def limits(policy: Policy, signal: HealthSignal) -> list[tuple[str, str]]:
    """Return the name and the value of every input that the rollout obeys."""
    bake = "" if policy.bake_time is not None else ", by the health signal"
    return [
        ("strategy", policy.strategy.value),
        ("batch-size", _share(policy.batch_size, "by the strategy")),
        ("canary", f"{policy.canaries_for(signal) or 'none'}"),
        ("stop-after", _share(policy.stop_after, "no stop before the end")),
        ("not-after", f"{policy.not_after.text} ({policy.not_after.utc})" if policy.not_after else "none"),
        *_selection(policy),
        ("min-healthy", "none" if policy.allow_downtime else f"{policy.min_healthy} of the instances that run"),
        ("allow-downtime", _flag(policy.allow_downtime)),
        ("health", policy.health.value),
        ("bake-time", f"{duration(policy.bake_time_for(signal))}{bake}"),
        ("health-timeout", duration(policy.health_timeout)),
        ("batch-timeout", duration(policy.batch_timeout)),
        ("timeout", duration(policy.timeout)),
        ("on-failure", policy.on_failure.value),
        ("protected-instances", "fail" if policy.refuse_protected else "skip"),
        ("stopped-instances", "include" if policy.include_stopped else "skip"),
        ("suspend-repairs", _flag(policy.suspend_repairs)),
        *([("surge", str(policy.surge))] if policy.surge else []),
        ("wait-for-replication", duration(policy.replication_wait) if policy.replication_wait else "no wait"),
        *([("probe-max-failures", str(policy.probes.max_failures))] if policy.probes else []),
        *([("drain-timeout", duration(policy.drain.timeout))] if policy.drain else []),
    ]


def _selection(policy: Policy) -> list[tuple[str, str]]:
    chosen = policy.selection
    lists = {
        "update-domains": [str(number) for number in chosen.update_domains],
        "fault-domains": [str(number) for number in chosen.fault_domains],
        "zones": list(chosen.zones),
        "instance-ids": list(chosen.instance_ids),
    }
    return [(name, listed(values)) for name, values in lists.items() if values] or [("instance-ids", "all")]


def _share(share: Share | None, otherwise: str) -> str:
    return str(share) if share is not None else otherwise


def _flag(value: bool) -> str:
    return "true" if value else "false"
