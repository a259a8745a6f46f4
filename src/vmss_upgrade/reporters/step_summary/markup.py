"""Pieces of GitHub Markdown: tables, folded parts, links. What they are given is Markdown already, except addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from vmss_upgrade.reporters.sanitiser.text import clean, code, sentence

LONGEST_MESSAGE = 2000  # characters of one foreign message
LONGEST_NAME = 300
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?::\d{1,5})?/[A-Za-z0-9/._~%#-]*")


def said(text: str) -> str:
    """Return a sentence of ours that quotes foreign text, cut to a length that people read."""
    return sentence(text, LONGEST_MESSAGE)


def name_of(text: object) -> str:
    """Return a foreign name as code."""
    return code(text, LONGEST_NAME)


def table(heading: Sequence[str], rows: Iterable[Sequence[str]], *, align: str = "") -> list[str]:
    """Return a table; `align` has an `r` for a column of numbers."""
    rules = ("---:" if side == "r" else "---" for side in align.ljust(len(heading)))
    return [f"| {' | '.join(cells)} |" for cells in (heading, list(rules), *rows)]


def folded(summary: str, lines: Iterable[str]) -> list[str]:
    """Return lines that a reader has to unfold; the blank line lets GitHub read them as Markdown."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"]


def link(text: str, address: str) -> str:
    """Return a link to an address of the web; the text alone if the address is empty or not a plain one."""
    target = quote(clean(address), safe="/:#%")
    return f"[{text}]({target})" if is_address(target) else text


def is_address(text: str) -> bool:
    """Return whether it is a plain address of the web, that may become a link."""
    return bool(_ADDRESS.fullmatch(text))


def unbroken(text: str) -> str:
    """Return text whose blanks break no line."""
    return text.replace(" ", "&nbsp;")


def capitalised(text: str) -> str:
    """Return the text with a capital at its beginning, unless that is a name such as `upgradePolicy.mode`."""
    first = text.split(" ")[0].rstrip(",:;.")
    if not (first.isalpha() and first.islower()):
        return text
    return text[:1].upper() + text[1:]
