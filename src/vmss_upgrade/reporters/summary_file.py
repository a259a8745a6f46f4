"""The step summary as a file of its own, beside the JSON record: for a comment, a mail, an artifact."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.reporters.files import write_below

MARK: Final = "<!-- vmss-upgrade/summary/1 -->\n"  # the first line, which GitHub does not show


def write_summary_file(markdown: str, workspace: str, path: str) -> None:
    """Write the summary to `path` below the workspace, in whole or not at all.

    Raises ValueError if the path leads out of the workspace or below .git, or names a file that is neither empty nor a
    summary; OSError if it cannot be written.
    """
    try:
        write_below(workspace, path, f"{MARK}{markdown}".encode("utf-8", "replace"), check_old=_refuse_other_files)
    except ValueError as error:
        another = "Give `report-path` another name, so that the summary gets one, too."
        raise ValueError(f"{path!r} {error}. {another}") from error


def _refuse_other_files(content: bytes) -> None:
    if not content.startswith(MARK.encode()):
        raise ValueError("exists, and is not a summary of this action; it is kept")
