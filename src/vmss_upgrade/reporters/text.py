"""The one sanitiser, and the few words that every reporter needs.

Everything that is printed goes through `clean`: strings from Azure, inputs and files are hostile. The runner executes
`::command::` at a line's start and `##[command]` anywhere in a line, on stdout and stderr alike, and ends lines at CR
too (actions/runner `ActionCommand.cs`, `OutputManager.cs`).
"""

from __future__ import annotations

import re

# the query is optional, so that an address without one is passed over at once: text of any length takes linear time
_QUERY = re.compile(r"(?P<address>https?://[^\s?\"'<>]+)(?P<query>\?[^\s\"'<>]*)?", re.IGNORECASE)
_SIGNATURE = re.compile(r"(?P<name>\bsig)=[^\s&\"'<>]+", re.IGNORECASE)  # of an address that was broken or cut
# what a terminal or a browser acts upon instead of showing: C0, C1, bidirectional and zero-width controls, surrogates
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
# what GitHub's Markdown could act upon; harmless punctuation stays, so that the text can be read and searched raw
_MARKUP = re.compile(r"[\\`*\[\]<>&|~@#$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//)|(?<=www)\.", re.IGNORECASE)

SHORTEST_SECRET = 8  # characters; a shorter one stands in texts by chance, and would be taken out of all of them
# What this run must never say, whoever says it first: Azure may quote a request back, and the runner hides what it was
# told to hide in the log alone, not in outputs and record.
_secrets: set[str] = set()


def keep_secret(secret: str) -> None:
    """From now on `clean` and all that uses it take the secret out."""
    if len(secret) >= SHORTEST_SECRET:
        _secrets.add(secret)


def forget_secrets() -> None:
    """Another run begins, with secrets of its own."""
    _secrets.clear()


def clean(text: object) -> str:
    """One harmless line: no line breaks, control characters, workflow commands, query strings of URIs, or secrets."""
    line = _CONTROLS.sub(" ", without_queries(str(text)))
    line = line.replace("##[", "## [").strip()
    if line.startswith("::"):
        line = f"\N{MIDDLE DOT}{line}"
    return line


def clean_lines(text: str) -> list[str]:
    """The same for a text of several lines, such as a traceback; indentation is kept."""
    lines = text.splitlines()
    return [" " * (len(line) - len(line.lstrip(" "))) + clean(line) for line in lines]


def without_queries(text: str) -> str:
    """Addresses without their query strings, in which signatures (SAS) travel, no signature without its address, and
    no secret that this run is to keep.
    """
    for secret in _secrets:
        text = text.replace(secret, "***")
    cut = _QUERY.sub(lambda found: f"{found['address']}?..." if found["query"] else found.group(), text)
    return _SIGNATURE.sub(r"\g<name>=...", cut)


def markdown(text: object) -> str:
    """Foreign text as literal text in Markdown, in table cells and HTML too: markup as entities."""
    return _MARKUP.sub(_as_entity, clean(text))


def _as_entity(match: re.Match[str]) -> str:
    """A zero-width blank after @: GitHub reads addresses of mail and mentions after it has read the entities."""
    sign = match.group()
    return f"&#{ord(sign)};&#8203;" if sign == "@" else f"&#{ord(sign)};"


def code(text: object) -> str:
    """Foreign text in a <code> element, where mentions and references are not linked either."""
    return f"<code>{markdown(text)}</code>"


def fenced(text: object) -> str:
    """A fenced block that its content cannot close."""
    content = clean(text)
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{content}\n{fence}"


def count(number: int, noun: str) -> str:
    """1 instance, 2 instances, 2 batches, 2 canaries."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, with a visible cut. Secrets go first: half of one is not recognised any more."""
    text = without_queries(text)
    return text if len(text) <= limit else f"{text[: limit - 4]} ..."
