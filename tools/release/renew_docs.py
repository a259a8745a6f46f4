"""Renews the exact versions and commits of the action that README.md, docs/ and examples/ name.

`python tools/release/renew_docs.py VERSION COMMIT` rewrites `OWNER/vmss-upgrade@v1.2.3` and
`OWNER/vmss-upgrade@COMMIT # v1.2.3`, where that word itself may stand before the first release; also of its workflow of
fleets. `@v1` and `@v1.2` stay: they follow the releases of their own.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PLACES = ("README.md", "docs/**/*.md", "examples/**/*.md", "examples/**/*.yml")
VERSION = re.compile(r"(/vmss-upgrade(?:/\.github/workflows/fleet\.yml)?@)v\d+\.\d+\.\d+(?![\w.-])")
COMMIT = re.compile(
    r"(/vmss-upgrade(?:/\.github/workflows/fleet\.yml)?@)(?:[0-9a-f]{40}|COMMIT)(?!\w)(?: +# v\d+\.\d+\.\d+(?![\w.-]))?"
)


def main(arguments: list[str], folder: Path) -> int:
    """Rewrite the files below `folder` and print the name of each that changed. Return the exit code."""
    if not re.fullmatch(r"\d+\.\d+\.\d+ [0-9a-f]{40}", " ".join(arguments)):
        print("Usage: renew_docs.py VERSION COMMIT", file=sys.stderr)
        return 2
    version, commit = arguments
    for file in sorted(file for place in PLACES for file in folder.glob(place)):
        text = file.read_text(encoding="utf-8")
        if (new := renewed(text, version, commit)) != text:
            file.write_text(new, encoding="utf-8")
            print(file.relative_to(folder))
    return 0


def renewed(text: str, version: str, commit: str) -> str:
    """Return the text with every exact reference to the action at this release."""
    return COMMIT.sub(rf"\g<1>{commit} # v{version}", VERSION.sub(rf"\g<1>v{version}", text))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], Path.cwd()))
