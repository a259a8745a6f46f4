"""Makes the tables of inputs and outputs in README.md from action.yml.

`python tools/readme_tables.py` writes them; with `--check` it only compares them, and exits with 1 if they differ.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Write or compare the tables. Return the exit code."""
    readme = PROJECT / "README.md"
    text = readme.read_text(encoding="utf-8")
    wanted = with_tables(text, yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8")))
    if "--check" in arguments:
        if text != wanted:
            print("README.md does not match action.yml; run: python tools/readme_tables.py", file=sys.stderr)
        return int(text != wanted)
    readme.write_text(wanted, encoding="utf-8")
    return 0


def with_tables(text: str, action: dict[str, Any]) -> str:
    """Return the README's text with both tables made from action.yml."""
    text = _replaced(text, "inputs", _table(("Input", "Default", "What"), map(_input_row, action["inputs"].items())))
    return _replaced(text, "outputs", _table(("Output", "What"), map(_output_row, action["outputs"].items())))


def _input_row(item: tuple[str, dict[str, Any]]) -> tuple[str, ...]:
    name, about = item
    default = f"`{about['default']}`" if about.get("default") else "required" if about.get("required") else ""
    return f"`{name}`", default, about["description"]


def _output_row(item: tuple[str, dict[str, Any]]) -> tuple[str, ...]:
    return f"`{item[0]}`", item[1]["description"]


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(' '.join(cell.split()) for cell in line)} |" for line in lines)


def _replaced(text: str, name: str, table: str) -> str:
    pattern = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    assert pattern.search(text), f"README.md has no place for the {name}"
    return pattern.sub(lambda match: f"{match[1]}{table}\n{match[2]}", text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
