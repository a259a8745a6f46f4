"""The rolling upgrade of a run, kept for the post step of a main step that is killed: what tells it from any other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from vmss_upgrade.rollout.native.events import RollAsked, RollEnded, RollEvent, RollSeen
from vmss_upgrade.rollout.native.owned import OwnRoll
from vmss_upgrade.rollout.native.roll import POLICY_NAMES, Roll, RollCode, RollingPolicy

ROLL: Final = "roll"  # the name that it is saved under; empty: none is left
LONGEST: Final = 80  # characters of a time or a value


def value_after(event: RollEvent, value: str) -> str:
    """Return the value to save after the event, before Azure is asked for what the event announces."""
    match event:
        case RollEnded():
            return ""
        case RollAsked():
            former = event.former.started if event.former else None
            return _value({"former": former, "policy": dict(event.policy.values)})
        case RollSeen():
            return _value({"started": event.roll.started, "policy": dict(event.roll.policy.values)})
    return value


def _value(values: Mapping[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"))


def own_in(value: str) -> OwnRoll | None:
    """Return which rolling upgrade is ours, by a saved value, which is foreign text; None if it cannot be read."""
    try:
        saved = json.loads(value)
        policy = RollingPolicy(tuple((n, _text(saved["policy"][n])) for n in POLICY_NAMES if n in saved["policy"]))
        started, former = saved.get("started"), saved.get("former")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    own = OwnRoll(policy=policy, asked=True)
    if started is not None:
        own.seen = Roll(code=RollCode.FORWARD, word=RollCode.FORWARD.value, started=_text(started), policy=policy)
    elif former is not None:
        own.former = Roll(code=RollCode.OTHER, started=_text(former))
    return own


def _text(value: Any) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""
