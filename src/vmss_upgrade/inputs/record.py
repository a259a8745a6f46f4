"""The JSON record of an earlier run, read to learn what a rollback returns to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.values import is_path_below
from vmss_upgrade.rollout.image import image_from_text
from vmss_upgrade.rollout.order import Command, Recorded
from vmss_upgrade.rollout.policy import OnFailure, Policy

_LARGEST = 16 * 1024 * 1024  # bytes; that of 1,000 instances has half a megabyte
_SCHEMA = "vmss-upgrade/record/"
_REMEDY = "Give the file that the run which began the rollout wrote to its `report-path`, relative to the workspace."


def recorded_of(form: Form, environ: Mapping[str, str], command: Command | None, policy: Policy) -> Recorded | None:
    """What the record in the input `record` says; None where none was given, or it is of no use (a problem)."""
    path = form["record"]
    if not path:
        return None
    is_of_use = command in (None, Command.ROLLBACK) or policy.on_failure is OnFailure.ROLLBACK
    if not is_of_use:
        form.problem(
            "record",
            "is of no use without a rollback",
            "Leave it out, or set `operation: rollback` or `on-failure: rollback`.",
        )
        return None
    try:
        return _read(path, environ.get("GITHUB_WORKSPACE") or ".")
    except _Unusable as error:
        form.problem("record", f"{path!r} {error}", _REMEDY)
        return None


class _Unusable(Exception):
    """Why a file is not a record to go by."""


def _read(path: str, workspace: str) -> Recorded:
    if not is_path_below(path):
        raise _Unusable("does not name a file below the workspace")
    root = Path(workspace).resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root):
        raise _Unusable("leads out of the workspace")
    try:
        if file.stat().st_size > _LARGEST:
            raise _Unusable("is too large for a record")
        record = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _Unusable(f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _Unusable("is not JSON") from error
    return _recorded(record)


def _recorded(record: Any) -> Recorded:
    if not isinstance(record, dict) or not str(record.get("schema", "")).startswith(_SCHEMA):
        raise _Unusable("is not a record of this action")
    scale_set = record.get("scale_set")
    set_id = scale_set.get("id") if isinstance(scale_set, dict) else None
    previous, target = (image_from_text(str(record.get(key) or "")) for key in ("previous_image", "target_image"))
    if not isinstance(set_id, str) or previous is None or target is None:
        raise _Unusable("does not tell scale set, previous and target image")
    if record.get("command") == Command.ROLLBACK.value:
        raise _Unusable("was written by a rollback, so that its images stand the other way round")
    if previous.is_floating:
        raise _Unusable(f"names no exact previous image ({previous})")
    return Recorded(scale_set_id=set_id, previous=previous, target=target)
