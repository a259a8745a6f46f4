"""The step summary as GitHub shows it: rendered by GitHub's own cmark-gfm, then read as HTML."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from cmarkgfm import markdown_to_html_with_extensions
from cmarkgfm.cmark import Options

# Raw HTML passes, so that smuggled tags are visible.
_OPTIONS = Options.CMARK_OPT_SOURCEPOS | Options.CMARK_OPT_UNSAFE
_EXTENSIONS = ["table", "autolink", "strikethrough", "tasklist"]

# The tags of our own Markdown, and the four elements that we write; no image.
TAGS = frozenset((
    "h2", "h3", "p", "strong", "em", "blockquote", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "pre",
    "code", "br", "hr", "details", "summary",
))  # fmt: skip
# the only links: to the scale set, or an instance of it, in Azure's portal
_PORTAL = re.compile(r"https://portal\.azure\.(com|us|cn)/#resource/subscriptions/[\w./%~-]+")
_ATTRIBUTES = {"data-sourcepos", "align", "lang", "class"}  # cmark-gfm's own


@dataclass
class _Reading(HTMLParser):
    """The foreign tags, and for each table the numbers of the source lines of its rows."""

    foreign: list[str] = field(default_factory=list)
    tables: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        is_ours = tag in TAGS and {name for name, _ in attrs} <= _ATTRIBUTES
        if not is_ours and not (tag == "a" and _PORTAL.fullmatch(dict(attrs).get("href") or "")):
            self.foreign.append(self.get_starttag_text() or tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr" and self.tables:
            self.tables[-1].append(int((dict(attrs).get("data-sourcepos") or "0").partition(":")[0]))

    def handle_comment(self, data: str) -> None:
        self.foreign.append(data)

    handle_decl = unknown_decl = handle_pi = handle_comment


def faults_of(markdown: str) -> list[str]:
    """Return the problems of a summary: foreign tags, rows whose cells do not match their heading, broken tables."""
    reading = _Reading()
    reading.feed(markdown_to_html_with_extensions(markdown, options=_OPTIONS, extensions=_EXTENSIONS))
    reading.close()
    faults = [f"the tag {tag!r}" for tag in reading.foreign]
    source = re.split(r"\r\n|\r|\n", markdown)
    for table in reading.tables:
        heading, *rows = (source[number - 1] for number in table)
        faults += [
            f"a row of {_cells(row)} cells in a table of {_cells(heading)}: {row!r}"
            for row in rows
            if _cells(row) != _cells(heading)
        ]
    in_tables = {number for table in reading.tables for number in (*table, table[0] + 1)}
    faults += [
        f"a row outside of any table: {line!r}"
        for number, line in enumerate(source, 1)
        if line.startswith("|") and number not in in_tables
    ]
    return faults


def _cells(row: str) -> int:
    """Count the cells in the source: the renderer drops extra cells, and adds missing ones."""
    return len(re.findall(r"(?<!\\)\|", row)) - 1
