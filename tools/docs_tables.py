"""Makes the tables of inputs and outputs in docs/ from action.yml.

`python tools/docs_tables.py` writes them; with `--check` it only compares them, and exits with 1 if they differ.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
# heading in docs/inputs.md -> its inputs; a new input needs a place here
THEMES = {
    "The scale set": ("scale-set", "resource-group", "subscription-id"),
    "What to do": ("operation", "expect-plan", "typical-upgrade-time"),
    "Many scale sets": ("config", "waves", "wave", "records"),
    "The image": (
        "image",
        "image-version",
        "image-sku",
        "image-offer",
        "image-publisher",
        "image-id",
        "image-uri",
        "wait-for-replication",
    ),
    "How many, in which order": ("strategy", "batch-size", "canary", "stop-after", "min-healthy", "allow-downtime"),
    "Which instances": (
        "update-domains",
        "fault-domains",
        "zones",
        "instance-ids",
        "protected-instances",
        "stopped-instances",
    ),
    "Health": ("health", "bake-time", "suspend-repairs"),
    "If it fails": ("on-failure", "record"),
    "Time limits": ("health-timeout", "batch-timeout", "timeout", "not-after"),
    "Zero downtime, and its conditions": (
        "before-batch-url",
        "after-batch-url",
        "hook-secret",
        "hook-timeout",
        "drain-command",
        "drain-timeout",
        "surge",
        "probe-url",
        "probe-max-failures",
    ),
    "Files": ("report-path", "report-html"),
    "Signing in": (
        "tenant-id",
        "client-id",
        "client-secret",
        "audience",
        "environment",
        "resource-manager-endpoint",
        "authority-host",
    ),
}


def main(arguments: list[str]) -> int:
    """Write or compare the tables. Return the exit code."""
    action = yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8"))
    tables = {"inputs": _inputs(action["inputs"]), "outputs": _outputs(action["outputs"])}
    differing = []
    for name, table in tables.items():
        page = PROJECT / "docs" / f"{name}.md"
        text = page.read_text(encoding="utf-8")
        wanted = _replaced(text, name, table)
        if text == wanted:
            continue
        differing.append(page.name)
        if "--check" not in arguments:
            page.write_text(wanted, encoding="utf-8")
    if differing and "--check" in arguments:
        print(f"{' and '.join(differing)} do not match action.yml; run: python tools/docs_tables.py", file=sys.stderr)
        return 1
    return 0


def _inputs(inputs: dict[str, Any]) -> str:
    """Return a table for each theme. Raises KeyError if an input has no theme, or a theme has an unknown input."""
    named = [name for names in THEMES.values() for name in names]
    if sorted(named) != sorted(inputs):
        raise KeyError(f"themes and action.yml differ: {sorted(set(named) ^ set(inputs))}")
    parts = []
    for theme, names in THEMES.items():
        rows = [_input_row(name, inputs[name]) for name in names]
        parts.append(f"## {theme}\n\n{_table(('Input', 'Default', 'What'), rows)}\n")
    return "\n" + "\n".join(parts)


def _input_row(name: str, about: dict[str, Any]) -> tuple[str, ...]:
    """Return a row; a default that is a plain value moves out of the description into a cell of its own."""
    what, _, default = " ".join(about["description"].split()).partition(" Default: `")
    return f"`{name}`", f"`{default.removesuffix('`.')}`" if default else "", what


def _outputs(outputs: dict[str, Any]) -> str:
    return _table(("Output", "What"), [(f"`{name}`", about["description"]) for name, about in outputs.items()])


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(' '.join(cell.split()) for cell in line)} |" for line in lines)


def _replaced(text: str, name: str, table: str) -> str:
    pattern = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    assert pattern.search(text), f"docs/{name}.md has no place for the {name}"
    return pattern.sub(lambda match: f"{match[1]}{table}\n{match[2]}", text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
