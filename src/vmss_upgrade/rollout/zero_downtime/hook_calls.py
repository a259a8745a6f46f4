"""What a hook gets about a batch, as JSON, and the idempotency key. schema/hook.schema.json describes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.scale_set import Health, Instance, ScaleSet
from vmss_upgrade.rollout.zero_downtime.hooks import Phase

SCHEMA: Final = "vmss-upgrade/hook/1"
LARGEST_SAVED: Final = 60_000  # characters of a call that is saved for the post step; names go first


class BatchEnd(Enum):
    """What became of a batch, for the hook after it."""

    NOT_STARTED = "not-started"
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # the run was cancelled or killed, or ran out of time, while it was under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An instance of a batch, as a hook gets it; None where it is not known whether it is current, or healthy."""

    id: str
    name: str = ""
    computer_name: str = ""
    current: bool | None = None
    healthy: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HookCall:
    """What one hook gets about one batch. `result` is what became of the batch (None before it)."""

    phase: Phase
    scale_set: str
    number: int
    of: int
    is_rollback: bool
    members: tuple[Member, ...]
    target: str
    previous: str
    result: BatchEnd | None = None

    @property
    def key(self) -> str:
        """The idempotency key: of another try, and of another run that goes on with these instances, it is the same."""
        way = "rollback" if self.is_rollback else "rollout"
        ids = sorted(member.id.lower() for member in self.members)
        parts = [self.scale_set.lower(), self.target.lower(), way, self.phase.value, *ids]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def after(self, result: BatchEnd) -> HookCall:
        """Return the call after the batch, of which nothing is known but how it ended."""
        unknown = tuple(replace(member, current=None, healthy=None) for member in self.members)
        return replace(self, phase=Phase.AFTER, result=result, members=unknown)

    def seen_in(self, instances: Iterable[Instance]) -> HookCall:
        """Return the call with its instances as they were seen; one that is gone stays unknown."""
        present = {instance.id: _member(instance) for instance in instances}
        return replace(self, members=tuple(present.get(member.id, member) for member in self.members))

    def as_body(self, attempt: int, run_url: str) -> bytes:
        """Return the JSON of one try (1 is the first)."""
        return json.dumps(
            {
                "schema": SCHEMA,
                "phase": self.phase.value,
                "attempt": attempt,
                "run": {"url": run_url or None},
                **self._as_json(),
            }
        ).encode()

    def as_value(self) -> str:
        """Return what the post step needs to call the hook after the batch, for the state of the job."""
        value = json.dumps(self._as_json(), separators=(",", ":"))
        if len(value) <= LARGEST_SAVED:
            return value
        bare = replace(self, members=tuple(Member(id=member.id) for member in self.members))
        return json.dumps(bare._as_json(), separators=(",", ":"))

    def _as_json(self) -> dict[str, Any]:
        return {
            "scale_set": {"id": self.scale_set},
            "batch": {"number": self.number, "of": self.of, "rollback": self.is_rollback},
            "result": self.result.value if self.result else None,
            "target_image": self.target or None,
            "previous_image": self.previous or None,
            "instances": [
                {
                    "id": member.id,
                    "name": member.name or None,
                    "computer_name": member.computer_name or None,
                    "current": member.current,
                    "healthy": member.healthy,
                }
                for member in self.members
            ],
        }


def call_before(batch: Batch, of: int, plan: RolloutPlan, scale_set: ScaleSet) -> HookCall:
    """Return the call before a batch, whose instances are as they were seen last."""
    return HookCall(
        phase=Phase.BEFORE,
        scale_set=scale_set.model.id,
        number=batch.number,
        of=of,
        is_rollback=plan.is_rollback,
        members=tuple(Member(id=id_) for id_ in batch.instance_ids),
        target=str(plan.reaches),
        previous=str(plan.leaves or ""),
    ).seen_in(scale_set.instances)


def saved_call(value: str) -> HookCall | None:
    """Return the call after a batch that `as_value` wrote; None if it did not write this."""
    try:
        saved = json.loads(value)
        batch = saved["batch"]
        call = HookCall(
            phase=Phase.AFTER,
            scale_set=_text(saved["scale_set"]["id"]),
            number=int(batch["number"]),
            of=int(batch["of"]),
            is_rollback=batch["rollback"] is True,
            members=tuple(_saved_member(each) for each in saved["instances"]),
            target=_text(saved["target_image"]),
            previous=_text(saved["previous_image"]),
            result=BatchEnd.UNKNOWN,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None
    return call if call.scale_set and call.members else None


def _saved_member(saved: Mapping[str, Any]) -> Member:
    id_ = saved["id"]
    if not isinstance(id_, str) or not id_:
        raise ValueError(id_)
    return Member(id=id_, name=_text(saved.get("name")), computer_name=_text(saved.get("computer_name")))


def _member(instance: Instance) -> Member:
    health = {Health.HEALTHY: True, Health.UNHEALTHY: False}
    return Member(
        id=instance.id,
        name=instance.name,
        computer_name=instance.computer_name,
        current=instance.latest_model_applied,
        healthy=health.get(instance.health),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
