"""Lets the az CLI's own parser judge commands: JSON lists of arguments in, a JSON list of errors out ("": none).

Runs under the Python of .venv-az. Nothing is executed: az reads its command table, and the parser the arguments.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

from azure.cli.core import get_default_cli
from azure.cli.core.commands.events import EVENT_INVOKER_PRE_LOAD_ARGUMENTS
from knack.events import EVENT_INVOKER_POST_CMD_TBL_CREATE


def error_of(arguments: list[str]) -> str:
    """Return what az's parser says against the arguments after `az`; empty if it accepts them."""
    cli: Any = get_default_cli()
    invocation = cli.invocation_cls(
        cli_ctx=cli, parser_cls=cli.parser_cls, commands_loader_cls=cli.commands_loader_cls, help_cls=cli.help_cls
    )
    cli.invocation = invocation
    invocation.data["command_string"] = " ".join(arguments)
    loader = invocation.commands_loader
    loader.load_command_table(arguments)
    command = next(
        (name for name in sorted(loader.command_table, key=len, reverse=True) if starts(arguments, name)), ""
    )
    if not command:
        return f"there is no such command: {' '.join(arguments)}"
    loader.command_table = {command: loader.command_table[command]}
    loader.command_name = command
    cli.raise_event(EVENT_INVOKER_PRE_LOAD_ARGUMENTS, commands_loader=loader)  # adds `--subscription`
    loader.load_arguments(command)
    cli.raise_event(EVENT_INVOKER_POST_CMD_TBL_CREATE, commands_loader=loader)  # adds `--ids`
    invocation.parser.cli_ctx = cli
    invocation.parser.load_command_table(loader)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            invocation.parser.parse_args(arguments)
    except SystemExit:
        return said.getvalue() or "az does not accept it"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def starts(arguments: list[str], name: str) -> bool:
    return arguments[: len(name.split())] == name.split()


if __name__ == "__main__":
    json.dump([error_of(arguments) for arguments in json.load(sys.stdin)], sys.stdout)
