"""What the main step leaves for the post step: GitHub's state file, and what the runner makes of it.

The runner hands a value that was saved under a name to the post step as `STATE_<name>`, also when the main step was
killed afterwards. The value that was saved last counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REPAIRS: Final = "repairs"  # automatic instance repairs, by this run
SUSPENDED: Final = "suspended"  # saved before Azure is asked to suspend them
RESUMED: Final = "resumed"


def save_state(file: str, name: str, value: str) -> None:
    """Append to GitHub's state file, between delimiters that the value cannot forge."""
    from actions_toolkit.core import prepare_key_value_message  # here: its imports take long

    with open(file, "a", encoding="utf-8", errors="replace", newline="") as stream:
        stream.write(f"{prepare_key_value_message(name, value)}\n")


def saved_state(environ: Mapping[str, str], name: str) -> str:
    """What the main step saved under `name`; empty where it saved nothing."""
    return environ.get(f"STATE_{name}", "")
