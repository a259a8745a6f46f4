"""What the main step leaves for the post step: GitHub's state file, and what the runner makes of it.

The runner hands a value that was saved under a name to the post step as `STATE_<name>`, also when the main step was
killed afterwards. The value that was saved last counts.
"""

from __future__ import annotations

from typing import Final

from vmss_upgrade.handover.progress import UnderWay, after, as_value, ended
from vmss_upgrade.reporters.files import save_state
from vmss_upgrade.rollout.history.events import Event, RepairsResumed, RepairsSuspending

REPAIRS: Final = "repairs"  # automatic instance repairs, by this run
SUSPENDED: Final = "suspended"  # saved before Azure is asked to suspend them
RESUMED: Final = "resumed"
ROLLOUT: Final = "rollout"  # how far the run is (under_way.py)


class Memory:
    """Keeps the state file true: what must be undone where this step is killed, and what was under way then.

    Raises OSError where the file cannot be written to.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._under_way: UnderWay | None = None

    def take(self, event: Event) -> None:
        """Save what the event changes."""
        if isinstance(event, (RepairsSuspending, RepairsResumed)):
            self._save(REPAIRS, SUSPENDED if isinstance(event, RepairsSuspending) else RESUMED)
        self._reach(after(self._under_way, event))

    def end(self) -> None:
        """Save that the run came to its end by itself."""
        if self._under_way is not None:
            self._reach(ended(self._under_way))

    def _reach(self, under_way: UnderWay | None) -> None:
        if under_way is not None and under_way != self._under_way:
            self._under_way = under_way
            self._save(ROLLOUT, as_value(under_way))

    def _save(self, name: str, value: str) -> None:
        if self._file:
            save_state(self._file, name, value)
