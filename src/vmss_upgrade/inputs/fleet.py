"""The inputs of the two operations that concern a whole fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from vmss_upgrade.errors import InputError
from vmss_upgrade.inputs.files import Files, files_of
from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.values import is_path_below


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInputs:
    """What a fleet's report is made of. `records`: a pattern below the workspace; `wave` empty: the whole fleet."""

    records: str
    wave: str
    files: Files


def parse_report(environ: Mapping[str, str]) -> ReportInputs:
    """Return the inputs of `operation: fleet-report`, which signs in nowhere. Raises InputError with every problem."""
    form = Form(environ)
    form.refuse_other_spellings()
    form.refuse_unknown()
    form.refuse_undecodable()
    inputs = ReportInputs(records=_pattern(form), wave=form["wave"], files=files_of(form))
    if form.problems:
        raise InputError(form.problems)
    return inputs


def _pattern(form: Form) -> str:
    pattern, example = form["records"], "Write where the jobs' records are, such as records/**/*.json."
    if not pattern:
        form.problem("records", "is needed by `operation: fleet-report`", example)
    elif not is_path_below(pattern) or not PurePosixPath(pattern).parts:
        form.problem("records", f"{pattern!r} does not name files below the workspace", example)
    return pattern
