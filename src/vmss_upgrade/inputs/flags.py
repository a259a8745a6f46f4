"""The flags of the program, made from action.yml: each input is a flag of the same name, and `operation` comes first.

Messages name flags, never their values: a secret may be among them.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NoReturn

from vmss_upgrade.inputs.names import INPUTS, NEED_POST_STEP
from vmss_upgrade.reporters.sanitiser.text import clean

DEMO: Final = "demo"
_OPERATION: Final = "operation"
# operation -> the flag that it cannot do without, if that is not the scale set
_NEEDED: Final[Mapping[str, str]] = {"fleet-plan": "config", "fleet-report": "records"}
_OPERATIONS = re.compile(r"`([a-z-]+)`: (.*?)(?=\s`[a-z-]+`: |\sDefault: |$)", re.DOTALL)
# Every process of the machine can read a command line, and pipelines print it.
_NO_FLAGS: Final[Mapping[str, str]] = {"client-secret": "AZURE_CLIENT_SECRET"}


def read_action() -> dict[str, Any]:
    """Return action.yml, a link in the repository and a file in the wheel."""
    import yaml

    action: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("action.yml").read_text(encoding="utf-8"))
    return action


def read_command_line(words: Sequence[str], action: Mapping[str, Any], version: str) -> dict[str, str]:
    """Return input -> value for what was given. `action` is the content of action.yml.

    Raises SystemExit: 0 after the help or the version, 2 after words that are not understood, or an input that cannot
    be used here.
    """
    parser = make_parser(action, version)
    if not words:
        parser.exit(2, parser.format_help())
    found, unknown = parser.parse_known_args(words)
    given = {name.replace("_", "-"): value for name, value in vars(found).items() if value is not None}
    if unknown:
        parser.error(_name_unknown(unknown, action["inputs"]))
    for name in _NO_FLAGS.keys() & given.keys():
        parser.error(f"--{name} is not taken, as others can read a command line. Set {_NO_FLAGS[name]} instead.")
    for name in NEED_POST_STEP.keys() & given.keys():
        if given[name].strip().lower() not in ("", "false"):
            lack = f"--{name} needs the post step of the GitHub action, which undoes it if the run is killed"
            parser.error(f"{lack}. {NEED_POST_STEP[name]}")
    return given


def make_parser(action: Mapping[str, Any], version: str) -> argparse.ArgumentParser:
    """Return the parser: an operation, which takes all flags, or the demo, which has its own."""
    parser = _Parser(
        prog="vmss-upgrade",
        description=action["description"],
        epilog="vmss-upgrade OPERATION --help lists the flags of an operation.",
    )
    parser.add_argument("--version", action="version", version=f"vmss-upgrade {version}")
    operations = parser.add_subparsers(dest=_OPERATION, required=True, metavar="OPERATION")
    flags = _make_flags(action["inputs"])
    for name, description in operations_in(action).items():
        operations.add_parser(
            name,
            parents=[flags],
            help=_for_argparse(description),
            description=f"{description[0].upper()}{description[1:]}",
            usage=f"vmss-upgrade {name} --{_NEEDED.get(name, 'scale-set')} VALUE [--FLAG VALUE ...]",
            epilog="Paths are relative to the current folder. The secret of an application is read from "
            "AZURE_CLIENT_SECRET, and then AZURE_TENANT_ID and AZURE_CLIENT_ID stand in for flags that are not given.",
        )
    operations.add_parser(DEMO, help="play a rollout on the simulated Azure; no account is needed.")
    return parser


def operations_in(action: Mapping[str, Any]) -> dict[str, str]:
    """Return operation -> what it does, from the description of the input."""
    return dict(_OPERATIONS.findall(action["inputs"][_OPERATION]["description"]))


def _make_flags(inputs: Mapping[str, Mapping[str, Any]]) -> _Parser:
    flags = _Parser(add_help=False)
    for name, about in inputs.items():
        if name in _NO_FLAGS or name == "hook-secret":
            flags.add_argument(f"--{name}", nargs="?", const="", action=_Once, help=argparse.SUPPRESS)
        elif INPUTS.get(name) == "false":
            flags.add_argument(
                f"--{name}",
                nargs="?",
                const="true",
                action=_Once,
                metavar="true|false",
                help=_for_argparse(about["description"]),
            )
        elif name != _OPERATION:
            flags.add_argument(f"--{name}", action=_Once, metavar="VALUE", help=_for_argparse(about["description"]))
    return flags


def _for_argparse(text: str) -> str:
    return text.replace("%", "%%")


def _name_unknown(words: Sequence[str], inputs: Mapping[str, Any]) -> str:
    """Return what is wrong with words that belong to no flag."""
    names = [word.partition("=")[0] for word in words if word.startswith("-")]
    if not names:
        return "there are words that belong to no flag. Put quotes around a value with blanks in it."
    if names[0] == f"--{_OPERATION}":
        return f"--{_OPERATION} is no flag: the operation comes first, without dashes."
    near = get_close_matches(names[0].lstrip("-").replace("_", "-"), inputs, n=1, cutoff=0.5)
    meant = f" Did you mean --{near[0]}?" if near else ""
    return f"there is no flag {names[0]}.{meant}"


class _Once(argparse.Action):
    """A flag that may be given once: of two lists, the first would be lost unseen."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Take the value."""
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option} is given twice.")
        setattr(namespace, self.dest, values)


class _Parser(argparse.ArgumentParser):
    """A parser that guesses no flag from its beginning, and whose messages cannot be commands to a pipeline."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Print the message below the usage, and exit with 2."""
        super().error(clean(message))
