"""The one sanitiser, and the few words that every reporter needs.

Everything that is printed goes through `clean`: strings from Azure, inputs and files are hostile. The runner executes
`::command::` at a line's start and `##[command]` anywhere in a line, on stdout and stderr alike, and ends lines at CR
too (actions/runner `ActionCommand.cs`, `OutputManager.cs`). The agent of Azure Pipelines executes `##vso[command]`
anywhere in a line (microsoft/azure-pipelines-agent `Command.cs`).
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from vmss_upgrade.reporters.sanitiser.characters import HOLE, LINE_BREAKS
from vmss_upgrade.reporters.sanitiser.redaction import LONGEST_TEXT, redact, shortened

LONGEST_LINE: Final = 4000  # characters of a line of the log; people read no more, and the record has the rest
MOST_LINES: Final = 300  # of a text of several lines; the first say where it began, the last what went wrong

_COMMAND = re.compile(r"##(?=(?:vso)?\[)", re.IGNORECASE)
_NOT_SEEN = re.compile(rf"[\t{HOLE}{LINE_BREAKS}]+")
# characters that GitHub's Markdown could act upon; other punctuation stays, so that the raw text is easy to read
_MARKUP = re.compile(r"[\\`*\[\]<>&|~@#$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//)|(?<=www)\.", re.IGNORECASE)
# the beginnings of a list, a heading or a rule, at the start of a line
_BEGINS_A_BLOCK = re.compile(r"[-+=](?=[\s=+-]|$)|(?<=\d)[.)](?=\s|$)")
_NUMBER = re.compile(r"\d{1,9}(?=[.)](?:\s|$))")
# What GitHub makes a sign or a link of once it has read the entities, except in <code>: :tick:, #1, GH-1, a commit.
_MEANS_MORE = re.compile(
    r":(?:[0-9_+-]*[a-z][a-z0-9_+-]*|100|1234|[+-]1):|#[0-9]|\bGH-[0-9]|(?<![\w-])(?=[0-9]*[a-f])[0-9a-f]{7,64}(?![\w-])",
    re.IGNORECASE,
)
# A code span of our sentences: a command, a name with its value, or one word, such as an input, 25%, or a path.
_OWN_SPAN = re.compile(r"`((?:az|gh|make|aks-engine) [^`]{1,500}|[A-Za-z][\w-]{1,40}: [^`]{0,500}|[^`\s]{1,300})`")

# What a later step's `cat rollout.json` or `echo "$PLAN"` may not print: the runner takes it for a command.
# Each can stand inside of texts only. Some shells' `echo` acts upon the short escapes: it would make line breaks of \n.
_ACTED_UPON = re.compile(r"##|::|\\[\\bfnrt]|\x7f")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def clean(text: object, limit: int = LONGEST_TEXT) -> str:
    """Return one harmless line of at most `limit` characters: no line breaks, invisible characters, workflow commands,
    query strings of addresses, or secrets.
    """
    line = _NOT_SEEN.sub(" ", redact(str(text), limit))
    line = _COMMAND.sub("## ", line).strip()
    if line.startswith("::"):
        line = f"\N{MIDDLE DOT}{line}"
    return shortened(line, limit)


def shown(text: object) -> str:
    """Return one harmless line, as long as a line of the log may be."""
    return clean(text, LONGEST_LINE)


def shown_lines(text: str) -> list[str]:
    """Return a text such as a traceback in harmless lines; indentation stays, the middle of very many lines goes."""
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        half = MOST_LINES // 2
        lines = [*lines[:half], f"... ({len(lines) - MOST_LINES} lines are left out)", *lines[-half:]]
    return [" " * min(len(line) - len(line.lstrip(" ")), 100) + shown(line) for line in lines]


def cut(text: str, limit: int = LONGEST_TEXT) -> str:
    """Return at most `limit` characters of the text, line breaks kept, without invisible characters, secrets, and the
    query strings of addresses, in which signatures (SAS) travel. Secrets go first: half a secret is not recognised.
    """
    return shortened(redact(text, limit).replace(HOLE, " "), limit)


def markdown(text: object, limit: int = LONGEST_TEXT) -> str:
    """Return foreign text as literal text in Markdown, in table cells and HTML too: markup as entities.

    A word that means more than itself to GitHub is set as code, which it leaves alone, and which can still be copied.
    """
    return _literal(clean(text, limit))


def _literal(line: str) -> str:
    number = _NUMBER.match(line)
    mark = _BEGINS_A_BLOCK.match(line, number.end() if number else 0)
    head, rest = (line[: mark.end()], line[mark.end() :]) if mark else ("", line)
    if mark:
        head = f"{head[:-1]}{_as_entity(head[-1])}"
    return head + "".join(_word(word) for word in re.split(r"( +)", rest))


def _word(word: str) -> str:
    if not _MEANS_MORE.search(word):
        return _escaped(word)
    begin, end = len(word) - len(word.lstrip("('\"")), len(word)
    while word[end - 1] in ".,:;)'\"" and _MEANS_MORE.search(word, begin, end - 1):
        end -= 1
    return f"{_escaped(word[:begin])}<code>{_escaped(word[begin:end])}</code>{_escaped(word[end:])}"


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda found: _as_entity(found.group()), text)


def _as_entity(sign: str) -> str:
    """Return an entity; after @ a zero-width blank too, as GitHub looks for mail addresses after reading entities."""
    return f"&#{ord(sign)};&#8203;" if sign == "@" else f"&#{ord(sign)};"


def code(text: object, limit: int = LONGEST_TEXT) -> str:
    """Return foreign text in a <code> element, where mentions and references are not linked either."""
    return f"<code>{_escaped(clean(text, limit))}</code>"


def sentence(text: object, limit: int = LONGEST_TEXT) -> str:
    """Return a sentence of ours that quotes foreign text: literal like `markdown`, but our own code spans as code.

    A span of another author's is shown alike if it is one word; all of it is escaped, whatever it is.
    """
    parts = _OWN_SPAN.split(clean(text, limit))  # every second one is what stood between backticks
    return "".join(f"<code>{_escaped(part)}</code>" if odd % 2 else _literal(part) for odd, part in enumerate(parts))


def fenced(*parts: object) -> str:
    """Return a fenced block that its content cannot close: a command, broken into a line for each part."""
    content = " \\\n  ".join(clean(part) for part in parts)
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{content}\n{fence}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun, such as 1 instance, 2 instances, 2 batches, 2 canaries."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def as_json(value: Any, indent: int | None = None) -> str:
    """Return the value as JSON of printable ASCII without any `##`, `::`, or escape other than \\u and \\"."""
    return _ACTED_UPON.sub(_as_unicode, json.dumps(value, indent=indent))


def _as_unicode(found: re.Match[str]) -> str:
    signs = _SHORT[found.group()[1]] if found.group()[0] == "\\" else found.group()
    return "".join(f"\\u{ord(sign):04x}" for sign in signs)
