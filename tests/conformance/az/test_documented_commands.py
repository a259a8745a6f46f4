"""The commands that README, docs, examples and the log tell people to run: az's own parser accepts each az command.

There is no parser for gh here; its commands are compared with the options that its manual lists.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from conformance.az.az_cli import INSTALLED
from conformance.az.signed_in import needed_version

PROJECT = Path(__file__).resolve().parents[3]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")), *sorted((PROJECT / "examples").rglob("*.md"))]
TRANSCRIPTS = sorted((PROJECT / "tests" / "runs" / "transcripts").glob("*.txt"))
# https://cli.github.com/manual/: command -> its options with a value
GH = {
    "api": {"--method", "--jq", "--field", "-f", "-F", "--silent", "--input"},
    "variable set": {"--body", "--env", "--repo"},
    "secret set": {"--body", "--env", "--repo"},
    "workflow run": {"--repo", "--ref", "--field", "-f"},
    "run list": {"--workflow", "--status", "--json", "--jq"},
    "attestation verify": {"--repo", "--owner"},
}


def commands_in(text: str, program: str) -> list[list[str]]:
    """Return the arguments of each call of the program in shell text: at the start of a line, or in `$(...)`."""
    joined = re.sub(r"\\\n\s*", " ", text)
    found = []
    for line in joined.splitlines():
        for call in re.finditer(rf"(?:^\s*|\$\(){program} (.+)$", line):
            filled_in = re.sub(r"\$\([^()]*\)", "printed", call[1])
            words = shlex.shlex(filled_in, posix=True, punctuation_chars="()|;&<>")
            words.whitespace_split = True
            found.append(arguments_of(words))
    return found


def arguments_of(words: Iterable[str]) -> list[str]:
    """Return the words of one command, up to the sign that ends it."""
    arguments = []
    for word in words:
        if word[0] in "|;&<>)":
            break
        arguments.append(word)
    return arguments


def documented(program: str) -> list[tuple[str, list[str]]]:
    """Return every call of the program in a shell block of the pages, with its page."""
    return [
        (str(page.relative_to(PROJECT)), arguments)
        for page in PAGES
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        for arguments in commands_in(block, program)
    ]


def logged() -> list[tuple[str, list[str]]]:
    """Return every az command of the recorded logs."""
    return [
        (file.name, arguments)
        for file in TRANSCRIPTS
        for arguments in commands_in(file.read_text(encoding="utf-8"), "az")
    ]


def refused_by_az(commands: list[list[str]], folder: Path) -> list[str]:
    """Return what az's parser says against each command; empty texts where it accepts it."""
    done = subprocess.run(
        [INSTALLED / "bin" / "python", Path(__file__).with_name("parse.py")],
        input=json.dumps(commands),
        env={"HOME": str(folder), "AZURE_CONFIG_DIR": str(folder), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    needed_version()
    return tmp_path


def test_az_accepts_every_command(folder: Path) -> None:
    named = [*documented("az"), *logged()]
    assert {page for page, _ in named} >= {"README.md", "docs/signing-in.md", "sick-domain.txt"}
    distinct = {tuple(arguments): page for page, arguments in named}
    refused = refused_by_az([list(arguments) for arguments in distinct], folder)
    found = [
        (page, shlex.join(arguments), why)
        for (arguments, page), why in zip(distinct.items(), refused, strict=True)
        if why
    ]
    assert found == []


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("identity create --name x", "required"),
        ("identity create --name x --resource-group g --colour red", "unrecognized"),
        ("identity invent --name x", "no such command"),
    ],
)
def test_az_refuses_a_command_that_does_not_exist(command: str, why: str, folder: Path) -> None:
    assert why in refused_by_az([command.split()], folder)[0]


def wrong_with_gh(arguments: list[str]) -> list[str]:
    """Return the options that the command of gh does not have, or the command if it is unknown."""
    command = next((name for name in GH if arguments[: len(name.split())] == name.split()), None)
    if command is None:
        return [shlex.join(arguments)]
    return [word for word in arguments if re.match(r"--?[a-zA-Z]", word) and word not in GH[command]]


def test_gh_has_every_command_and_option() -> None:
    named = documented("gh")
    assert "README.md" in {page for page, _ in named}
    assert [(page, wrong) for page, arguments in named if (wrong := wrong_with_gh(arguments))] == []


def test_a_command_that_gh_lacks_is_found() -> None:
    assert wrong_with_gh(["variable", "set", "A", "--boddy", "x"]) == ["--boddy"]
    assert wrong_with_gh(["variables", "set"]) == ["variables set"]


def test_calls_are_found_in_shell_text() -> None:
    text = 'ID=$(az group show --name "$GROUP" \\\n  --query id)\naz role create --file x.json | jq .\n# az is needed\n'
    assert commands_in(text, "az") == [
        ["group", "show", "--name", "$GROUP", "--query", "id"],
        ["role", "create", "--file", "x.json"],
    ]
