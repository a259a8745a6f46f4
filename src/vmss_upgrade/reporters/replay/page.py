"""JSON record -> one self-contained HTML page, which replays the run.

Everything in a record may be hostile. It reaches the page as JSON in which no `<` is left, and the page's own script
inserts it as text. The page's policy lets nothing else run and nothing be requested.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path, PurePosixPath
from string import Template
from typing import Any, Final

from vmss_upgrade.reporters.files import write_below
from vmss_upgrade.reporters.record import SCHEMA, as_text
from vmss_upgrade.reporters.sanitiser.text import clean, cut
from vmss_upgrade.rollout.history.report import Report

LONGEST_TEXT: Final = 500  # characters; the record has the whole texts
MOST_FAILURES: Final = 1000  # as many of the findings
_MARK: Final = b'<meta name="generator" content="vmss-upgrade replay">'
_FOLDER: Final = Path(__file__).parent
_SCRIPTS: Final = ("run.js", "charts.js", "heatmap.js", "instances.js", "player.js")  # in this order
_PARTS: Final = (
    "outcome", "headline", "reason", "remedy", "scale_set", "previous_image", "target_image", "health_signal",
    "duration", "command", "batches", "rollback", "failures", "findings", "changes", "left_out", "lowest_healthy",
    "probes", "run", "portal_url",
)  # fmt: skip


class NotARecord(ValueError):
    """The reason for not making a page from a file."""


def write_page(report: Report, workspace: str, path: str) -> None:
    """Write the page of a run to `path` below the workspace, in whole or not at all.

    Raises ValueError if the path leads out of the workspace or below .git, is not shown by a log as it is, or names a
    file that is neither empty nor a page of this action; OSError if it cannot be written.
    """
    write_html(as_page(as_text(report)), workspace, path)


def write_pages(report: Report, workspace: str, path: str) -> None:
    """Write the page of a run, or of a rehearsal the page of each trial, named after it. Raises as `write_page`."""
    if report.rehearsal is None:
        write_page(report, workspace, path)
        return
    for trial in report.rehearsal.trials:
        if trial.report is not None:
            write_page(trial.report, workspace, page_of_trial(path, trial.name))


def page_of_trial(path: str, name: str) -> str:
    """Return the path of a trial's page: rollout.html becomes rollout-undisturbed.html."""
    page = PurePosixPath(path)
    return str(page.with_name(f"{page.stem}-{name}{page.suffix}"))


def write_html(page: str, workspace: str, path: str) -> None:
    """Write a page that has the mark of this action's pages, as `write_page` does. Raises ValueError, OSError."""
    try:
        if clean(path) != path:
            raise ValueError("cannot be shown in a log as it is")
        write_below(workspace, path, page.encode(), check_old=_refuse_other_files)
    except ValueError as error:
        another = "Give `report-html` the name of a file that does not exist yet."
        raise ValueError(f"report-html {path!r} {error}. {another}") from error


def _refuse_other_files(content: bytes) -> None:
    if _MARK not in content[:2000]:
        raise ValueError("exists, and is not a replay of this action; it is kept")


def as_page(record_text: str) -> str:
    """Return the page of a record. Raises NotARecord."""
    try:
        record = json.loads(record_text)
    except (ValueError, RecursionError) as error:
        raise NotARecord("is not JSON") from error
    schema = record.get("schema") if isinstance(record, dict) else None
    if schema != SCHEMA:
        raise NotARecord(f"is not a record of this action ({SCHEMA})")
    script, style = "\n".join(map(_read, _SCRIPTS)), page_style()
    policy = policy_of(script, style)
    return Template(_read("page.html")).substitute(policy=policy, style=style, script=script, record=as_data(record))


def page_style() -> str:
    """Return the look of this action's pages."""
    return _read("page.css")


def policy_of(script: str, style: str) -> str:
    """Return the policy of a page that lets nothing but this script and this style run, and requests nothing."""
    sources = f"script-src {_source(script)}; style-src {_source(style)}"
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def as_data(record: dict[str, Any]) -> str:
    """Return JSON that may stand inside of a <script> element: ASCII, without any `<`, with short texts."""
    parts = {name: record.get(name) for name in _PARTS}
    for name in ("failures", "findings"):
        parts[name] = (parts[name] or [])[:MOST_FAILURES]
    texts: dict[str, str] = {}  # the same names stand in many places

    def of(value: Any) -> Any:
        if isinstance(value, str):
            if value not in texts:
                texts[value] = cut(value, LONGEST_TEXT)
            return texts[value]
        if isinstance(value, dict):
            return {of(name): of(item) for name, item in value.items()}
        return [of(item) for item in value] if isinstance(value, list) else value

    return json.dumps(of(parts), separators=(",", ":")).replace("<", "\\u003c")


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """Return how a content security policy names the one script or style with this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
