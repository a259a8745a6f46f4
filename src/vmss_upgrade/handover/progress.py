"""How far the main step is, in one short value of GitHub's state file, for the post step of a main step that is killed.

The value is overwritten by the next, so that it costs little however many batches there are; names from Azure are cut,
and of the instances of a batch the first are named. What is read back is anybody's text.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any, Final

from vmss_upgrade.reporters.sanitiser.text import clean, cut
from vmss_upgrade.rollout.az_commands import rollback_to
from vmss_upgrade.rollout.history.events import (
    BatchFailed,
    BatchPassed,
    BatchStarted,
    Event,
    ModelUpdated,
    ModelUpdateRefused,
    ModelUpdateStarted,
    RollbackStarted,
    RolloutPlanned,
    ScaleSetRead,
)
from vmss_upgrade.rollout.planning.plan import RolloutPlan

LONGEST_IMAGE: Final = 300  # characters
LONGEST_INPUTS: Final = 700
LONGEST_NAME: Final = 80
MOST_NAMES: Final = 20


class Stage(Enum):
    """What the run did last."""

    READING = "reading"
    UPDATING_MODEL = "updating-model"
    MODEL_HELD = "model-held"
    UPGRADING = "upgrading"
    TURNED_BACK = "turned-back"
    PASSED = "passed"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """The stage that was reached, and what it is about. `size` counts the batch's instances, `instances` names some.

    `batch` is the number of the batch that was begun last, 0 before the first.
    `way_back`: the inputs that go on with a rollback, once one is under way; `target` is what it returns to.
    """

    stage: Stage
    target: str = ""
    batch: int = 0
    of: int = 0
    size: int = 0
    instances: tuple[str, ...] = ()
    way_back: str = ""


def after(so_far: UnderWay | None, event: Event) -> UnderWay | None:
    """How far the run is after `event`; `so_far` itself where the event changes nothing of it."""
    match event:
        case ScaleSetRead():
            return UnderWay(stage=Stage.READING)
        case RolloutPlanned() if so_far is not None:
            return _towards(so_far, event.plan)
        case RollbackStarted() if so_far is not None:
            turned = replace(so_far, stage=Stage.TURNED_BACK, batch=0, of=0, size=0, instances=())
            return _towards(turned, event.plan)
        case ModelUpdateStarted() if so_far is not None:
            return replace(so_far, stage=Stage.UPDATING_MODEL)
        case ModelUpdateRefused() if so_far is not None:
            return replace(so_far, stage=Stage.TURNED_BACK if so_far.way_back else Stage.READING)
        case ModelUpdated() if so_far is not None:
            return replace(so_far, stage=Stage.MODEL_HELD)
        case BatchStarted() if so_far is not None:
            ids = event.batch.instance_ids
            named = tuple(_short(id_, LONGEST_NAME) for id_ in ids[:MOST_NAMES])
            number = event.batch.number
            return replace(so_far, stage=Stage.UPGRADING, batch=number, of=event.of, size=len(ids), instances=named)
        case BatchPassed() if so_far is not None:
            return replace(so_far, stage=Stage.PASSED)
        case BatchFailed() if so_far is not None:
            return replace(so_far, stage=Stage.FAILED)
    return so_far


def _towards(so_far: UnderWay, plan: RolloutPlan) -> UnderWay:
    """The same on the way to the plan's target."""
    inputs = rollback_to(plan.reaches, instead_of=plan.leaves) if plan.is_rollback else ""
    return replace(so_far, target=_short(plan.reaches, LONGEST_IMAGE), way_back=_short(inputs, LONGEST_INPUTS))


def ended(so_far: UnderWay) -> UnderWay:
    """The run came to its end by itself, and has told everything."""
    return UnderWay(stage=Stage.ENDED, target=so_far.target)


def as_value(under_way: UnderWay) -> str:
    """The value to save; without what it does not tell, because it is saved again at every step."""
    told = {name: value for name, value in asdict(under_way).items() if value}
    return json.dumps({**told, "stage": under_way.stage.value}, separators=(",", ":"))


def from_value(value: str) -> UnderWay | None:
    """What was saved; None where that is not what `as_value` writes."""
    try:
        told = json.loads(value)
        stage = Stage(told["stage"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return UnderWay(
        stage=stage,
        target=_text(told.get("target"), LONGEST_IMAGE),
        batch=_number(told.get("batch")),
        of=_number(told.get("of")),
        size=_number(told.get("size")),
        instances=_names(told.get("instances")),
        way_back=_text(told.get("way_back"), LONGEST_INPUTS),
    )


def _short(name: object, limit: int) -> str:
    return cut(clean(name), limit)


def _text(value: Any, limit: int) -> str:
    return _short(value, limit) if isinstance(value, str) else ""


def _names(value: Any) -> tuple[str, ...]:
    return tuple(_text(name, LONGEST_NAME) for name in value[:MOST_NAMES]) if isinstance(value, list) else ()


def _number(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 1_000_000 else 0
