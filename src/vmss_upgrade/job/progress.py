"""How far the main step is, kept in GitHub's state file for the post step of a main step that is killed.

The runner hands a value that was saved under a name to the post step as `STATE_<name>`; the one that was saved last
counts. So each value is short: names from Azure are cut, and only the first instances of a batch are named. A value
that is read back is foreign text.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any, Final

from vmss_upgrade.job import rolling, surplus
from vmss_upgrade.reporters.files import save_state
from vmss_upgrade.reporters.sanitiser.text import clean, cut
from vmss_upgrade.rollout.az_commands import rollback_to
from vmss_upgrade.rollout.history import events
from vmss_upgrade.rollout.history.drain_events import DrainSettled, DrainStarted
from vmss_upgrade.rollout.history.hook_events import HookAnswered, HookOwed
from vmss_upgrade.rollout.history.surge import SurgeEvent
from vmss_upgrade.rollout.native.events import RollAsked, RollEvent
from vmss_upgrade.rollout.planning.plan import RolloutPlan
from vmss_upgrade.rollout.zero_downtime.hooks import Phase

REPAIRS: Final = "repairs"  # automatic instance repairs, by this run
SUSPENDED: Final = "suspended"  # saved before Azure is asked to suspend them
RESUMED: Final = "resumed"
DRAINED: Final = "drained"  # the instances that may be drained; saved before Azure is asked to, empty once none is
ROLLOUT: Final = "rollout"  # how far the run is
HOOK: Final = "hook"  # the call after a batch that is owed, saved before the hook before it is called; empty: none is
VALUES: Final = "config"  # values of the configuration file, which the inputs are read with

LONGEST_IMAGE: Final = 300  # characters
LONGEST_INPUTS: Final = 700
LONGEST_NAME: Final = 80
MOST_NAMES: Final = 20


class Stage(Enum):
    """What the run did last."""

    READING = "reading"
    UPDATING_MODEL = "updating-model"
    MODEL_HELD = "model-held"
    ROLLING = "rolling"  # Azure's own rolling upgrade is asked for, or at work
    UPGRADING = "upgrading"
    TURNED_BACK = "turned-back"
    RESTORING_MODEL = "restoring-model"
    MODEL_RESTORED = "model-restored"
    PASSED = "passed"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The stage that was reached, and what it is about. `size` counts the batch's instances, `instances` names some.

    `batch` is the number of the batch that was started last, 0 before the first.
    `way_back`: the inputs that go on with a rollback, or with restoring the model, once that has begun; `target` is
    then the image that goes back.
    """

    stage: Stage
    target: str = ""
    batch: int = 0
    of: int = 0
    size: int = 0
    instances: tuple[str, ...] = ()
    way_back: str = ""


class Memory:
    """The state of this run, saved as it changes: what must be undone if this step is killed, and how far it was.

    Its methods raise OSError if the file cannot be written to.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._progress: Progress | None = None
        self._roll = ""

    def take(self, event: events.Event) -> None:
        """Save what the event changes."""
        if isinstance(event, (events.RepairsSuspending, events.RepairsResumed)):
            self._save(REPAIRS, SUSPENDED if isinstance(event, events.RepairsSuspending) else RESUMED)
        if isinstance(event, SurgeEvent):
            self._save(surplus.SURGE, surplus.value_after(event))
        if isinstance(event, (DrainStarted, DrainSettled)):
            self._save(DRAINED, drained_value(event))
        if isinstance(event, HookOwed):
            self._save(HOOK, event.call.as_value())
        elif isinstance(event, HookAnswered) and event.call.phase is Phase.AFTER and not event.is_owed:
            self._save(HOOK, "")
        if isinstance(event, RollEvent):
            self._roll = rolling.value_after(event, self._roll)
            self._save(rolling.ROLL, self._roll)
        self._reach(after(self._progress, event))

    def keep_values(self, values: str) -> None:
        """Save the values of a configuration file, as the post step may find another file, or none."""
        self._save(VALUES, values)

    def end(self) -> None:
        """Save that the run ended by itself."""
        if self._progress is not None:
            self._reach(ended(self._progress))

    def _reach(self, progress: Progress | None) -> None:
        if progress is not None and progress != self._progress:
            self._progress = progress
            self._save(ROLLOUT, as_value(progress))

    def _save(self, name: str, value: str) -> None:
        if self._file:
            save_state(self._file, name, value)


def after(progress: Progress | None, event: events.Event) -> Progress | None:
    """Return how far the run is after `event`; `progress` itself if the event does not change it."""
    match event:
        case events.ScaleSetRead():
            return Progress(stage=Stage.READING)
        case events.RolloutPlanned() if progress is not None:
            return _towards(progress, event.plan)
        case events.RollbackStarted() if progress is not None:
            turned = replace(progress, stage=Stage.TURNED_BACK, batch=0, of=0, size=0, instances=())
            return _towards(turned, event.plan)
        case events.ModelRestoreStarted() if progress is not None:
            inputs = _short(rollback_to(event.previous, instead_of=event.instead_of), LONGEST_INPUTS)
            previous = _short(event.previous, LONGEST_IMAGE)
            return replace(progress, stage=Stage.RESTORING_MODEL, target=previous, way_back=inputs)
        case events.ModelUpdated() if progress is not None and progress.stage is Stage.RESTORING_MODEL:
            return replace(progress, stage=Stage.MODEL_RESTORED, way_back="")
        case events.ModelUpdateStarted() | events.ModelUpdateRefused() if (
            progress is not None and progress.stage is Stage.RESTORING_MODEL
        ):
            return progress
        case events.ModelUpdateStarted() if progress is not None:
            return replace(progress, stage=Stage.UPDATING_MODEL)
        case events.ModelUpdateRefused() if progress is not None:
            return replace(progress, stage=Stage.TURNED_BACK if progress.way_back else Stage.READING)
        case events.ModelUpdated() if progress is not None and progress.stage is not Stage.ROLLING:
            return replace(progress, stage=Stage.MODEL_HELD)
        case RollAsked() if progress is not None:
            return replace(progress, stage=Stage.ROLLING)
        case events.BatchStarted() if progress is not None:
            ids = event.batch.instance_ids
            named = tuple(_short(id_, LONGEST_NAME) for id_ in ids[:MOST_NAMES])
            number = event.batch.number
            return replace(progress, stage=Stage.UPGRADING, batch=number, of=event.of, size=len(ids), instances=named)
        case events.BatchPassed() if progress is not None:
            return replace(progress, stage=Stage.PASSED)
        case events.BatchFailed() if progress is not None:
            return replace(progress, stage=Stage.FAILED)
    return progress


def _towards(progress: Progress, plan: RolloutPlan) -> Progress:
    """Return the progress on the way to the plan's target."""
    inputs = rollback_to(plan.reaches, instead_of=plan.leaves) if plan.is_rollback else ""
    return replace(progress, target=_short(plan.reaches, LONGEST_IMAGE), way_back=_short(inputs, LONGEST_INPUTS))


def ended(progress: Progress) -> Progress:
    """Return the progress of a run that ended by itself, and has reported everything."""
    return Progress(stage=Stage.ENDED, target=progress.target)


def as_value(progress: Progress) -> str:
    """Return the value to save, short because it is saved at every step: without empty fields."""
    values = {name: value for name, value in asdict(progress).items() if value}
    return json.dumps({**values, "stage": progress.stage.value}, separators=(",", ":"))


def from_value(value: str) -> Progress | None:
    """Return the progress that was saved; None if the value is not one that `as_value` writes."""
    try:
        values = json.loads(value)
        stage = Stage(values["stage"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Progress(
        stage=stage,
        target=_text(values.get("target"), LONGEST_IMAGE),
        batch=_number(values.get("batch")),
        of=_number(values.get("of")),
        size=_number(values.get("size")),
        instances=_names(values.get("instances")),
        way_back=_text(values.get("way_back"), LONGEST_INPUTS),
    )


def drained_value(event: DrainStarted | DrainSettled) -> str:
    """Return the value to save: the ids that may be drained, and those of them whose upgrade leaves them so."""
    if isinstance(event, DrainSettled):
        return ""
    return json.dumps([event.instance_ids, event.kept], separators=(",", ":"))


def drained_in(value: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids that were saved, all and those that an upgrade leaves drained; none if they cannot be read."""
    try:
        ids, kept = json.loads(value)
        lists = [tuple(id_ for id_ in each if isinstance(id_, str)) for each in (ids, kept)]
    except (ValueError, TypeError, RecursionError):
        return (), ()
    return lists[0], lists[1]


def _short(name: object, limit: int) -> str:
    return cut(clean(name), limit)


def _text(value: Any, limit: int) -> str:
    return _short(value, limit) if isinstance(value, str) else ""


def _names(value: Any) -> tuple[str, ...]:
    return tuple(_text(name, LONGEST_NAME) for name in value[:MOST_NAMES]) if isinstance(value, list) else ()


def _number(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 1_000_000 else 0
