"""The command that goes on with a fleet which stopped. What is foreign in it is quoted for a shell. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vmss_upgrade.fleet.reporting.fold import FleetReport, State
from vmss_upgrade.reporters.sanitiser.text import clean

_WORKFLOW: Final = re.compile(
    r"[\w.-]+/[\w.-]+/\.github/workflows/(?P<file>[\w.-]+\.ya?ml)@(?P<ref>[\w./-]+)", re.ASCII
)
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_SERVER: Final = "https://github.com"
LONGEST_COMMAND: Final = 4000  # characters
_MOST_INPUTS: Final = 25  # GitHub's limit for a workflow that is started by hand
_LONGEST_INPUT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """The run of the workflow that this job belongs to; what is not known is empty.

    `inputs`: those that it was started with by hand; None if it was started in another way.
    """

    repository: str = ""
    run_id: str = ""
    file: str = ""
    ref: str = ""
    host: str = ""
    inputs: Mapping[str, str] | None = field(default=None)


def workflow_run(environ: Mapping[str, str], event: str) -> WorkflowRun:
    """Return the run that GitHub's variables describe. `event`: the content of the file at GITHUB_EVENT_PATH."""
    repository, run_id = environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_RUN_ID", "")
    workflow = _WORKFLOW.fullmatch(environ.get("GITHUB_WORKFLOW_REF", ""))
    if not (_REPOSITORY.fullmatch(repository) and run_id.isascii() and run_id.isdecimal()):
        return WorkflowRun()
    is_by_hand = environ.get("GITHUB_EVENT_NAME") == "workflow_dispatch" and workflow is not None
    server = environ.get("GITHUB_SERVER_URL", "").rstrip("/")
    return WorkflowRun(
        repository=repository,
        run_id=run_id,
        file=workflow["file"] if workflow else "",
        ref=re.sub(r"^refs/(?:heads|tags)/", "", workflow["ref"]) if workflow else "",
        host="" if server in ("", _SERVER) else server.removeprefix("https://"),
        inputs=_inputs_in(event) if is_by_hand else None,
    )


def _inputs_in(event: str) -> dict[str, str] | None:
    try:
        inputs: Any = json.loads(event).get("inputs")
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(inputs, dict) or len(inputs) > _MOST_INPUTS:
        return None
    texts = {name: str(value).lower() if type(value) is bool else value for name, value in inputs.items()}
    are_short = all(isinstance(value, str) and len(value) <= _LONGEST_INPUT for value in texts.values())
    return texts if are_short else None


def how_to_go_on(report: FleetReport, run: WorkflowRun) -> tuple[str, str]:
    """Return what to do to go on, and the command that does it; both empty if nothing is left.

    A workflow that was started by hand with an image is started with the exact one, and with the waves that are left if
    it takes waves, unless that command cannot be shown as it is. Another one is run again: its failed jobs, if the plan
    named what is left and none of it ended well, else all of them.
    """
    if report.judged or all(each.state.is_good for each in report.sets):
        return "", ""
    image = report.image and f" with the image {report.image}"
    command = _start(report, run)
    if command and clean(command, LONGEST_COMMAND) == command:  # half of a quoted word would be another command
        what = "run the waves that are left" if "waves" in (run.inputs or {}) else "start it again"
        return f"To go on{image}, after what is wrong is corrected, {what}:", command
    if report.of_state(State.LEFT_OUT, State.PARTIAL) and report.has_plan:
        which, option = "all jobs again, which plans anew and looks up the image again", ""
    else:
        which, option = f"the failed jobs again{image}", "--failed"
    return f"To go on, after what is wrong is corrected, run {which}:", _again(run, option)


def _start(report: FleetReport, run: WorkflowRun) -> str:
    """Return the command that starts the workflow with what is left; empty if it takes no image."""
    if run.inputs is None or not report.left or not report.image or "image" not in run.inputs:
        return ""
    changed = {"image": report.image, "waves": ",".join(report.left)}
    given = {name: changed.get(name, value) for name, value in run.inputs.items()}
    fields = (word for name, value in given.items() if value for word in ("-f", f"{name}={value}"))
    return shlex.join(["gh", "workflow", "run", run.file, "--repo", _place(run), "--ref", run.ref, *fields])


def _again(run: WorkflowRun, which: str) -> str:
    if not run.run_id:
        return ""
    return shlex.join(["gh", "run", "rerun", run.run_id, *([which] if which else []), "--repo", _place(run)])


def _place(run: WorkflowRun) -> str:
    return "/".join(filter(None, (run.host, run.repository)))
