"""The files that a run leaves, each of which is tried, whatever became of the others."""

from __future__ import annotations

from collections.abc import Callable

from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.files import reason_of
from vmss_upgrade.rollout.history.report import Report


class ReportFiles:
    """The files of one run, whose report they are made from. Relative paths are below `workspace`.

    An empty file means that nobody asked for it. An error becomes a warning on the console.
    """

    def __init__(self, report: Report, console: Console, *, workspace: str, simulated: str) -> None:
        self._report = report
        self._console = console
        self._workspace = workspace
        self._simulated = simulated
        self._record_path = ""  # of the record, once it is written
        self._summary_path = ""  # of the summary beside it
        self._summaries: dict[int, str] = {}

    def write_record(self, path: str) -> bool:
        """Write the JSON record. Return whether that worked."""
        from vmss_upgrade.reporters.record import write_record

        is_written = self.attempt("the record", lambda: write_record(self._report, self._workspace, path))
        self._record_path = path if is_written else ""
        return is_written

    def write_summary_beside_record(self, path: str) -> None:
        """Write the step summary to a file beside the record."""
        from vmss_upgrade.reporters.summary_file import write_summary_file

        def write() -> None:
            write_summary_file(self._summary(0), self._workspace, path)

        if self.attempt("the summary beside the record", write):
            self._summary_path = path

    def write_outputs(self, file: str) -> None:
        """Write the outputs of the action, with the paths of what was written before."""
        from vmss_upgrade.reporters.outputs import as_outputs, within_limit, write_outputs

        def write() -> None:
            values, cut = within_limit(as_outputs(self._report, self._record_path, self._summary_path))
            write_outputs(values, file)
            if cut:
                said = f"The outputs {', '.join(cut)} are too long for GitHub, and were cut."
                self._console.warning(f"{said} The JSON record has them whole.")

        if file:
            self.attempt("the outputs", write)

    def write_step_summary(self, file: str) -> None:
        """Append the step summary to the runner's file."""
        from vmss_upgrade.reporters.step_summary import append_summary

        if file:
            self.attempt("the step summary", lambda: append_summary(file, self._summary))

    def _summary(self, taken: int) -> str:
        """Return the summary where so many bytes are taken; it is made once for both files if the runner's is empty."""
        from vmss_upgrade.reporters.step_summary import as_markdown

        if taken not in self._summaries:
            self._summaries[taken] = as_markdown(self._report, simulated=self._simulated, taken=taken)
        return self._summaries[taken]

    def attempt(self, what: str, write: Callable[[], None]) -> bool:
        """Write something. Return whether that worked; an error does not stop others from being written."""
        return attempt(self._console, what, write)


def attempt(console: Console, what: str, write: Callable[[], None]) -> bool:
    """Write something. Return whether that worked; an error becomes a warning on the console."""
    try:
        write()
    except Exception as error:
        console.warning(f"Could not write {what}: {reason_of(error)}")
        return False
    return True
