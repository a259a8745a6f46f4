"""What earlier runs left: the JSON record that says what a rollback returns to, and the hash of an approved plan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from vmss_upgrade.inputs.files import Unusable, bytes_below
from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.image import is_sound
from vmss_upgrade.rollout.image import Image, image_from_text
from vmss_upgrade.rollout.order import LARGEST_RECORD, Command, Recorded
from vmss_upgrade.rollout.policy import BAKE_TIME, Policy

_SPREAD: Final = 0.2  # of a typical time, to either side
_SHORTEST: Final = 1.0  # second
_LONGEST_BATCH: Final = 24 * 3600.0  # seconds
_SCHEMA = "vmss-upgrade/record/"
_REMEDY = "Give the file that the run which began the rollout wrote to its `report-path`, relative to the workspace."

_UNPLANNED: Final = (Command.UPDATE_MODEL, Command.UPGRADE_INSTANCES, Command.ROLLBACK)
_HASH: Final = "0a1b2c3d-4e5f6071"
_HASH_REMEDY: Final = f"Give the output `plan-hash` of the run that planned, such as {_HASH}."


def recorded_of(form: Form, command: Command | None, policy: Policy) -> Recorded | None:
    """Return what the record in the input `record` says; None if none was given, or it is of no use (a problem)."""
    path = form["record"]
    if not path:
        return None
    if command not in (None, Command.ROLLBACK, Command.REHEARSE) and not policy.on_failure.goes_back:
        others = "`operation: rehearse`, `on-failure: rollback` or `on-failure: restore-model`"
        remedy = f"Leave it out, or set `operation: rollback`, {others}."
        form.problem("record", "is of no use without a rollback or a rehearsal", remedy)
        return None
    try:
        return _read(path, form.variable("GITHUB_WORKSPACE") or ".")
    except Unusable as error:
        form.problem("record", f"{path!r} {error}", _REMEDY)
        return None


def ready_within_of(
    form: Form, command: Command | None, policy: Policy, recorded: Recorded | None
) -> tuple[float, float] | None:
    """Return within how many seconds an instance is ready, the shortest and the longest; None: as documented.

    A time that is given wins over those of a record, from which the bake time is taken off.
    """
    seconds = form.time_limit("typical-upgrade-time")
    if form["typical-upgrade-time"] and command not in (None, Command.REHEARSE):
        lack = f"is of no use with `operation: {command.value}`"
        form.problem("typical-upgrade-time", lack, "Leave it out, or use `operation: rehearse`.")
    if seconds:
        return seconds * (1 - _SPREAD), seconds * (1 + _SPREAD)
    if command is not Command.REHEARSE or recorded is None or not recorded.batch_seconds:
        return None
    bake = policy.bake_time if policy.bake_time is not None else BAKE_TIME
    times = [max(_SHORTEST, each - bake) for each in recorded.batch_seconds]
    return min(times), max(times)


def _read(path: str, workspace: str) -> Recorded:
    try:
        record = json.loads(bytes_below(workspace, path, LARGEST_RECORD).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unusable("is not JSON") from error
    return _recorded(record)


def _recorded(record: Any) -> Recorded:
    if not isinstance(record, dict) or not _text(record.get("schema")).startswith(_SCHEMA):
        raise Unusable("is not a record of this action")
    scale_set = record.get("scale_set")
    set_id = _text(scale_set.get("id")) if isinstance(scale_set, dict) else ""
    previous, target = (_image(record.get(key)) for key in ("previous_image", "target_image"))
    if not set_id or previous is None or target is None:
        raise Unusable("does not name the scale set, the previous and the target image")
    if record.get("command") == Command.ROLLBACK.value:
        raise Unusable("was written by a rollback, so its previous and its target image are swapped")
    if previous.is_floating:
        raise Unusable(f"names no exact previous image ({previous})")
    return Recorded(
        scale_set_id=set_id, previous=previous, target=target, batch_seconds=tuple(_seconds(record.get("batches")))
    )


def _seconds(batches: Any) -> Iterator[float]:
    """Yield how long each batch took that passed."""
    for batch in batches if isinstance(batches, list) else ():
        seconds = batch.get("seconds") if isinstance(batch, dict) and batch.get("result") == "passed" else None
        if isinstance(seconds, int | float) and 0 < seconds < _LONGEST_BATCH:
            yield float(seconds)


def _image(value: Any) -> Image | None:
    """Return the image that a text names, as strictly as an input would have to."""
    image = image_from_text(_text(value))
    return image if image is not None and is_sound(image) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def plan_of(form: Form, command: Command | None) -> str:
    """Return the hash in `expect-plan`; empty if none was given. A status writes nothing, and does not look at it."""
    value = form["expect-plan"].lower()
    if value and command in _UNPLANNED:
        lack = f"is of no use with `operation: {command.value}`: what `operation: plan` plans is an upgrade"
        form.problem("expect-plan", lack, "Leave `expect-plan` out, or use `operation: upgrade`.")
        return value
    if value and (lack := _lack_of_hash(value)):
        form.problem("expect-plan", f"{form['expect-plan']!r} is not the hash of a plan: {lack}", _HASH_REMEDY)
    return value


def _lack_of_hash(value: str) -> str:
    """Return what is wrong with the hash; empty if nothing is."""
    wrong = re.search(r"[^0-9a-f-]", value)
    if wrong:
        return f"{wrong.group()!r} is neither a digit, a letter from a to f, nor a hyphen"
    if len(value) != len(_HASH):
        return f"it has {len(value)} characters instead of {len(_HASH)}"
    if not re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{8}", value):
        return "it is not eight digits or letters, a hyphen, and eight again"
    return ""
