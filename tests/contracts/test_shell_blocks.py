"""The shell blocks of README and docs/ can be pasted as they stand, into bash or the zsh of a Mac."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGES = {
    str(page.relative_to(PROJECT)): page.read_text(encoding="utf-8")
    for page in (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))
}
BLOCKS = {
    f"{page}-{number}": block
    for page, text in PAGES.items()
    for number, block in enumerate(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
}
SET_UP = ["README.md", "docs/signing-in.md"]  # the pages whose blocks build on each other
REPOSITORY = {"full_name": "octo/shop", "owner": {"login": "octo", "id": 12}, "name": "shop", "id": 34}

STAND_IN = """#!/bin/bash
printf '%s\\n' "${0##*/} $*" >>"$LOG"
for word in "$@"; do [[ $word ]] || printf 'EMPTY: %s\\n' "$*" >>"$LOG"; done
if [[ $* == "api repos/"*"--jq "* ]]; then jq --raw-output "${@: -1}" <<<"$REPOSITORY"; else echo "a-value"; fi
"""


def run(script: str, folder: Path, created_at: str = "2026-07-14T23:59:59Z") -> list[str]:
    """Run shell text with stand-ins for az and gh, in a shell that knows no variable. Return their command lines."""
    if shutil.which("jq") is None:
        pytest.skip("jq, which evaluates what gh is asked, is missing")
    log = folder / "log"
    for name in ("az", "gh", "make"):
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(0o755)
    environ = {"PATH": f"{folder}:{os.environ['PATH']}", "LOG": str(log)}
    environ["REPOSITORY"] = json.dumps(REPOSITORY | {"created_at": created_at})
    done = subprocess.run(["bash", "-euc", script], cwd=PROJECT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return log.read_text().splitlines()


def script_of(page: str) -> str:
    return "\n".join(block for name, block in BLOCKS.items() if name.startswith(f"{page}-"))


@pytest.mark.parametrize("page", SET_UP)
def test_every_variable_is_set_before_it_is_used(page: str, tmp_path: Path) -> None:
    said = run(script_of(page), tmp_path)
    assert [line for line in said if line.startswith("EMPTY: ")] == []
    assert sum("az role assignment create" in line for line in said) == 2


@pytest.mark.parametrize("page", SET_UP)
@pytest.mark.parametrize(
    ("created_at", "subject"),
    [
        ("2026-07-14T23:59:59Z", "repo:octo/shop:environment:production"),
        ("2026-07-15T00:00:00Z", "repo:octo@12/shop@34:environment:production"),
    ],
)
def test_the_subject_has_the_form_of_the_repositorys_age(
    page: str, created_at: str, subject: str, tmp_path: Path
) -> None:
    made = [line for line in run(script_of(page), tmp_path, created_at) if "federated-credential create" in line]
    assert f"--subject {subject}" in made[0]


@pytest.mark.parametrize("block", BLOCKS.values(), ids=list(BLOCKS))
def test_no_comment_disturbs_a_shell_that_takes_it_for_a_command(block: str) -> None:
    """The zsh of a Mac does: behind a command it is words of that, and quotes or backticks in it are obeyed."""
    for line in block.splitlines():
        assert re.fullmatch(r"# [\w ,:./-]+|(?!#)(?:(?! #).)*", line), line
