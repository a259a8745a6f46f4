"""The files that `records` matches -> the plan of the fleet, and the runs of its jobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from vmss_upgrade.errors import InputError, InputProblem
from vmss_upgrade.fleet.plan import FleetPlan
from vmss_upgrade.fleet.planning import record as plan_record
from vmss_upgrade.fleet.reporting.files import TooMany, Unreadable, content_of, matching
from vmss_upgrade.fleet.reporting.fold import Unread
from vmss_upgrade.fleet.reporting.run_record import RunRecord, UnusableRecord, date_in, is_of_a_run, run_in, text_in
from vmss_upgrade.rollout.history.outcome import Outcome

_BAD_ENDS: Final = tuple(outcome.value for outcome in Outcome if outcome.exit_code)


@dataclass(slots=True)
class Sources:
    """What was found. `planned_at`: when the plan began, in seconds since 1970; None if it does not say.

    `plan_trouble`: why the plan did not come to its end. `unread`: files that cannot be read, and may hide a failure.
    `ignored`: files that are something else.
    """

    plan: FleetPlan | None = None
    planned_at: float | None = None
    plan_file: str = ""
    plan_trouble: str = ""
    runs: list[RunRecord] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read_sources(workspace: str, pattern: str, check: Callable[[], None] = lambda: None) -> Sources:
    """Return what the files say; `check` is called before each. Raises InputError if the pattern is of no use."""
    sources = Sources()
    try:
        for path in matching(workspace, pattern):
            check()
            _take(sources, path, workspace)
    except (TooMany, OSError) as error:
        lack = str(error) if isinstance(error, TooMany) else f"cannot be looked for: {error.strerror}"
        raise _useless(pattern, lack) from error
    if sources.plan is None and not sources.runs and not sources.unread:
        others = f"; it matches {len(sources.ignored)} files of other kinds" if sources.ignored else ""
        raise _useless(pattern, f"matches no record of a job, and no plan of a fleet{others}")
    return sources


def _useless(pattern: str, lack: str) -> InputError:
    remedy = "Name the folder that the artifacts of the jobs were downloaded to, such as records/**/*.json."
    return InputError([InputProblem("records", f"{pattern!r} {lack}", remedy)])


def _take(sources: Sources, path: str, workspace: str) -> None:
    if not path.lower().endswith(".json"):
        sources.ignored.append(path)  # a replay, or a summary
        return
    try:
        record = _json_of(content_of(workspace, path))
        if is_of_a_run(record):
            run = run_in(record, path)
            sources.runs += [run] if run else []
            sources.ignored += [] if run else [path]
        elif text_in(record, "schema").startswith(plan_record.FAMILY):
            _take_plan(sources, record, path)
        else:
            sources.ignored.append(path)
    except (Unreadable, UnusableRecord, plan_record.UnusablePlan) as error:
        sources.unread.append(Unread(file=path, lack=str(error)))


def _take_plan(sources: Sources, record: Any, path: str) -> None:
    """Take the plan, unless it is older than the one that is known: each attempt of a workflow makes its own."""
    plan = plan_record.plan_in(record)
    planned_at = date_in(record.get("started_at"))
    if sources.plan is None or (planned_at or 0.0) >= (sources.planned_at or 0.0):
        sources.ignored += [sources.plan_file] if sources.plan else []
        sources.plan, sources.planned_at, sources.plan_file = plan, planned_at, path
        is_bad = text_in(record, "outcome") in _BAD_ENDS
        sources.plan_trouble = text_in(record, "reason") or "it gives no reason" if is_bad else ""
    else:
        sources.ignored.append(path)


def _json_of(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable("is not JSON") from error
