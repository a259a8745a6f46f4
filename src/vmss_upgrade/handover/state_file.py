"""GitHub's state file, in which the main step leaves values for the post step.

The runner hands a value that was saved under a name to the post step as `STATE_<name>`, also if the main step was
killed afterwards. The value that was saved last counts.
"""

from __future__ import annotations

from typing import Final

from vmss_upgrade.handover.progress import Progress, after, as_value, ended
from vmss_upgrade.reporters.files import save_state
from vmss_upgrade.rollout.history.events import Event, RepairsResumed, RepairsSuspending

REPAIRS: Final = "repairs"  # automatic instance repairs, by this run
SUSPENDED: Final = "suspended"  # saved before Azure is asked to suspend them
RESUMED: Final = "resumed"
ROLLOUT: Final = "rollout"  # how far the run is (progress.py)


class Memory:
    """The state of this run, saved as it changes: what must be undone if this step is killed, and how far it was.

    Its methods raise OSError if the file cannot be written to.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._progress: Progress | None = None

    def take(self, event: Event) -> None:
        """Save what the event changes."""
        if isinstance(event, (RepairsSuspending, RepairsResumed)):
            self._save(REPAIRS, SUSPENDED if isinstance(event, RepairsSuspending) else RESUMED)
        self._reach(after(self._progress, event))

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
