"""The way in of `vmss-upgrade`: words of a command line -> the inputs of the action -> its run and its exit code.

Nothing heavy is imported before `drop_foreign_settings`, as in the action's entry point.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from vmss_upgrade import __version__
from vmss_upgrade.inputs.flags import DEMO, read_action, read_command_line
from vmss_upgrade.inputs.names import NO_POST_STEP
from vmss_upgrade.job.environment import drop_foreign_settings

_REHEARSE: Final = "rehearse"
# input -> its variable, as azure-identity's EnvironmentCredential reads them; of all three, or of none
_WITH_SECRET: Final[Mapping[str, str]] = {
    "tenant-id": "AZURE_TENANT_ID",
    "client-id": "AZURE_CLIENT_ID",
    "client-secret": "AZURE_CLIENT_SECRET",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program. Returns the action's exit code; 2 if it cannot be run as the command line says."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == [DEMO]:
        return _play(words[1:])
    if words[:1] == [_REHEARSE] and any(word.partition("=")[0] in ("--model", "--instances") for word in words):
        return _rehearse_files(words)
    given = read_command_line(words, read_action(), __version__)
    environ = environment(given, os.environ)
    drop_foreign_settings(os.environ)

    from vmss_rehearsal import rehearse_copy
    from vmss_upgrade.main import main as run_action

    return run_action(environ, rehearse=rehearse_copy)


def environment(given: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that a runner would give the action for these inputs.

    A variable that looks like an input belongs to another program. A secret brings tenant and application with it,
    where no flag gives them; other ways to sign in read variables of their own.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith(("INPUT_", "STATE_"))}
    drop_foreign_settings(kept)
    found = {name: environ.get(variable, "") for name, variable in _WITH_SECRET.items()}
    inputs = {**(found if found["client-secret"] else {}), **given}
    return kept | {f"INPUT_{name.upper()}": value for name, value in inputs.items()} | {NO_POST_STEP: "true"}


def _rehearse_files(words: list[str]) -> int:
    """Play a rehearsal on the scale set of two files; the other flags are inputs."""
    from vmss_rehearsal.files import play_or_explain, split_files

    model, instances, others = split_files(words, f"vmss-upgrade {_REHEARSE}")
    inputs = read_command_line(others, read_action(), __version__)
    colours = {name: os.environ[name] for name in ("NO_COLOR", "FORCE_COLOR") if name in os.environ}
    no_files = {"GITHUB_OUTPUT": "", "GITHUB_STEP_SUMMARY": ""}  # no runner takes them
    return play_or_explain(model, instances, Path("."), {"report-path": "", **inputs}, colours | no_files)


def _play(words: list[str]) -> int:
    """Play the demo."""
    from vmss_upgrade.rehearsal import main as rehearse

    return rehearse(words, program=f"vmss-upgrade {DEMO}")


if __name__ == "__main__":
    raise SystemExit(main())
