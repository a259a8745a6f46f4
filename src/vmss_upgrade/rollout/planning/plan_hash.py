"""The hash of a plan: two short hashes, of what is to be done and of how, by which an approval can be held to a plan.

Instances are left out, so that an approval outlives a scale-out, and a run that goes on where another one ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.policy import Policy, Share
from vmss_upgrade.rollout.wording import in_natural_order
from vmss_upgrade.rollout.zero_downtime.drain import Drain
from vmss_upgrade.rollout.zero_downtime.hooks import HOOK_TIMEOUT, Hooks, Phase
from vmss_upgrade.rollout.zero_downtime.probes import MAX_FAILURES, Probes, without_query

DIGITS: Final = 8  # of each of the two hashes
_DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a plan is to reach, and by which policy."""

    scale_set_id: str
    command: Command
    target: Image
    policy: Policy

    @property
    def operation(self) -> Command:
        """The operation that carries the plan out: a plan alone is one of an upgrade."""
        return Command.UPGRADE if self.command is Command.PLAN else self.command

    @property
    def hash(self) -> str:
        """The hash of what is to be done, a hyphen, and the hash of how."""
        return f"{self.what}-{self.how}"

    @property
    def what(self) -> str:
        """The hash of scale set, operation and exact target."""
        return _hash_of([self.scale_set_id.lower(), self.operation.value, *self.target.key])

    @property
    def how(self) -> str:
        """The hash of every input of the policy."""
        return _hash_of(inputs_of(self.policy))


def planned_of(model: Model, command: Command, plan: RolloutPlan, policy: Policy) -> Planned:
    """Return what `plan` is to reach on the scale set of `model`, and by which policy."""
    return Planned(scale_set_id=model.id, command=command, target=plan.reaches, policy=policy)


def inputs_of(policy: Policy) -> dict[str, str]:
    """Return the policy as inputs: name -> value. A value that is decided later is `default`; lists are in order."""
    selection = policy.selection
    return {
        "strategy": policy.strategy.value,
        "batch-size": _text(policy.batch_size),
        "canary": _text(policy.canary),
        "update-domains": _list(selection.update_domains),
        "fault-domains": _list(selection.fault_domains),
        "zones": _list(selection.zones),
        "instance-ids": _list(selection.instance_ids),
        "stop-after": _text(policy.stop_after),
        "not-after": policy.not_after.text if policy.not_after else _DEFAULT,
        "min-healthy": _text(policy.min_healthy),
        "allow-downtime": _flag(policy.allow_downtime),
        "protected-instances": "fail" if policy.refuse_protected else "skip",
        "stopped-instances": "include" if policy.include_stopped else "skip",
        "health": policy.health.value,
        "suspend-repairs": _flag(policy.suspend_repairs),
        "on-failure": policy.on_failure.value,
        "wait-for-replication": _time(policy.replication_wait),
        "bake-time": _time(policy.bake_time),
        "health-timeout": _time(policy.health_timeout),
        "batch-timeout": _time(policy.batch_timeout),
        "timeout": _time(policy.timeout),
        **({"surge": str(policy.surge)} if policy.surge else {}),
        **_hooks(policy.hooks),
        **_probes(policy.probes),
        **_drain(policy.drain),
    }


def _hooks(hooks: Hooks | None) -> dict[str, str]:
    """Return the inputs of hooks, `true` for each address, which may be a secret; without hooks none."""
    if hooks is None:
        return {}
    given = {phase.input: "true" for phase in Phase if hooks.address(phase)}
    return given if hooks.timeout == HOOK_TIMEOUT else {**given, "hook-timeout": _time(hooks.timeout)}


def _probes(probes: Probes | None) -> dict[str, str]:
    """Return the inputs of probes, their addresses without queries; without probes none, so that hashes stay."""
    if probes is None:
        return {}
    failures = {} if probes.max_failures == MAX_FAILURES else {"probe-max-failures": str(probes.max_failures)}
    return {"probe-url": " ".join(map(without_query, probes.addresses)), **failures}


def _drain(drain: Drain | None) -> dict[str, str]:
    """Return nothing without a drain, so that a plan approved before there was one keeps its hash."""
    return {"drain-command": f"SHA-256 {drain.digest}", "drain-timeout": _time(drain.timeout)} if drain else {}


def inputs_given(policy: Policy) -> dict[str, str]:
    """Return the inputs of the policy that differ from their defaults."""
    usual = inputs_of(Policy())
    return {name: value for name, value in inputs_of(policy).items() if value != usual.get(name)}


def _hash_of(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _text(value: Share | int | None) -> str:
    return _DEFAULT if value is None else str(value)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _list(items: Iterable[str | int]) -> str:
    """Return the items without regard to order and case, as neither matters to a selection."""
    return ",".join(sorted({str(item).lower() for item in items}, key=in_natural_order)) or _DEFAULT


def _time(seconds: float | None) -> str:
    """Return the duration to the second, as an input takes it: 90s as 1m30s, five hours and a half as 5h30m."""
    if seconds is None:
        return _DEFAULT
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
