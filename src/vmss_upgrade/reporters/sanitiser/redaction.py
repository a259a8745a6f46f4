"""What this run must never say, whoever says it first: secrets, whatever looks like a token, query strings.

Azure may quote a request back, and the runner hides what it was told to hide in the log alone, not in outputs and
record. What is quoted is escaped, encoded, cut or broken on its way; so a secret is looked for in pieces, in a text
without blanks and breaks whose escapes are read. Texts are cut first: any length takes linear time.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, quote_plus

from vmss_upgrade.reporters.sanitiser.characters import HOLE, LINE_BREAKS, visible

SHORTEST_SECRET: Final = 8  # characters; a shorter one stands in texts by chance, and would be taken out of all of them
LONGEST_TEXT: Final = 128 * 1024  # characters; what is longer is cut
_PIECE: Final = 12  # characters in a row by which a secret is known in the middle of a text
_PROBE: Final = 6  # of each piece; looked for at so many places only that none is missed
_LONGEST_HAND_MADE: Final = 200  # characters; tokens are longer, and nobody writes those in hexadecimal digits
_TAKEN: Final = "***"
_CUT: Final = " ..."

# -- what is looked for without being known ----------------------------------------------------------------------------

_BREAK = rf"[ \t{HOLE}]*+[{LINE_BREAKS}]++[ \t{HOLE}]*+"
# header.payload.signature in Base64 (RFC 7519): a JSON object begins with eyJ. Whole or cut, with or without its dots,
# folded into lines; in Base64 once more it begins with ZXlK.
_DOT = r"(?:[.]|%2[eE]|\\u002[eE]|&#46;)"
_GOES_ON = rf"(?:{_BREAK}(?=[\w.-]{{6,}}(?:[{LINE_BREAKS}\"'<>,;)\]}}]|$))|[ \t]++(?=[\w.-]{{24}}))"
_TOKEN = re.compile(
    rf"(?:e{HOLE}*+y{HOLE}*+J(?:{HOLE}*+[\w-]){{5,}}+|ZXlK[\w+/-]{{12,}}+=*+)(?:{_GOES_ON}?{HOLE}*+(?:[\w-]|{_DOT}))*+",
    re.ASCII,
)
# the query is optional, so that an address without one is passed over at once
_FOLDED = rf"(?:{_BREAK}(?=[A-Za-z0-9%+/=&_-]{{16}})[A-Za-z0-9%+/=&_-]++)*+"
_QUERY = re.compile(
    rf"(?P<address>https?://[^\s?\"'<>]+)(?P<query>\?[^\s\"'<>]*{_FOLDED})?|\?(?=[\w.%$~-]{{1,64}}=)[^\s\"'<>]*{_FOLDED}",
    re.IGNORECASE,
)
_NAME, _VALUE = r"[\w.~$-]{1,64}", r"(?:(?!%26|\\u0026)[^\s&\"'<>])*+"
_FURTHER = re.compile(rf"(?P<name>(?:&(?:amp;)?|%3f|%26|\\u0026){_NAME}(?:=|%3d)){_VALUE}", re.IGNORECASE)
_FIRST = re.compile(rf"(?P<name>(?<![\w.~$-]){_NAME}=)(?:(?!%26|\\u0026)[^\s&\"'<>=])*+={{0,2}}(?=&|%26|\\u0026)")
_TELLING = re.compile(
    r"(?P<name>(?:(?<![A-Za-z0-9])sig|token|secret|password|assertion|signature|account_?key|access_?key|api_?key)"
    r"(?:=|%3d))[^\s&\"'<>;,]+",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"(?<=://)[^\s/?#\"'<>@]{0,200}:[^\s/?#\"'<>@]{0,200}@")


def redact(text: str, limit: int = LONGEST_TEXT) -> str:
    """The text as it is seen (`visible`), without secrets, tokens and query strings; at most `limit` characters.

    HOLEs and line breaks are the caller's to replace.
    """
    whole = visible(text[: 2 * limit])  # twice, for what is taken out
    shown = _without_queries(_kept.taken_out_of(_TOKEN.sub(_but_its_stop, whole)))
    return shortened(shown, limit, by_force=len(text) > 2 * limit)


def shortened(text: str, limit: int, *, by_force: bool = False) -> str:
    """At most `limit` characters, with a visible cut where it is longer; `by_force`: where it is not."""
    return f"{text[: limit - len(_CUT)]}{_CUT}" if by_force or len(text) > limit else text


def _but_its_stop(found: re.Match[str]) -> str:
    token = found.group()
    return _TAKEN + token[len(token.rstrip(".")) :]


def _without_queries(text: str) -> str:
    text = _QUERY.sub(lambda found: f"{found['address'] or ''}?..." if "?" in found.group() else found.group(), text)
    if "=" in text or "%3" in text:
        for pair in (_FIRST, _FURTHER, _TELLING):
            text = pair.sub(r"\g<name>...", text)
    return _PASSWORD.sub("...@", text)


# -- what is known -----------------------------------------------------------------------------------------------------


def keep_secret(secret: str) -> None:
    """From now on `redact` takes the secret out, in whatever form."""
    _kept.add(secret)


def forget_secrets() -> None:
    """Another run begins, with secrets of its own."""
    global _kept
    _kept = _Kept()


def is_long_enough(secret: str) -> bool:
    """Whether it can be hidden: a letter or a word cannot, it stands in too many texts."""
    return len(_compact(visible(secret))) >= SHORTEST_SECRET


def derived_forms(secret: str) -> tuple[str, ...]:
    """What else the runner must be told to hide, which knows a secret only exactly as it is told."""
    in_json, percent = json.dumps(secret)[1:-1], quote(secret, safe="", errors="replace")
    forms = [
        in_json,
        in_json.replace("/", "\\/"),
        percent,
        re.sub(r"%..", lambda found: found.group().lower(), percent),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
        html.escape(secret),
        html.escape(secret, quote=False),
        *_in_base64(secret.encode("utf-8", "replace")),
    ]
    return tuple(form for form in dict.fromkeys(forms) if len(form) >= SHORTEST_SECRET and form != secret)


def _in_base64(value: bytes) -> Iterator[str]:
    """What is the same wherever it stands in Base64: behind 0, 1 or 2 other bytes, with either alphabet, unpadded."""
    for ahead in range(3):
        whole = base64.b64encode(bytes(ahead) + value).decode().rstrip("=")
        core = whole[(0, 2, 3)[ahead] : len(whole) - (1 if (ahead + len(value)) % 3 else 0)]
        yield from dict.fromkeys((core, core.replace("+", "-").replace("/", "_")))


_ESCAPE = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)|\\+u(?P<unicode>[0-9A-Fa-f]{4})|\\+x(?P<byte>[0-9A-Fa-f]{2})"
    r"|\\+(?P<letter>[\"'\\/bfnrt])|(?P<html>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos);)"
)
_ESCAPED_TIMES: Final = 4  # so often a text may have been escaped over and over
_ELLIPSIS = re.compile(r"\.\.\.|…|\Z")
_QUOTES: Final = "\"'`()[]{}<>"


@dataclass(frozen=True, slots=True)
class _View:
    """A text read in another way: `begins` and `ends` say where each of its characters stands in the text itself."""

    text: str
    begins: list[int]
    ends: list[int]


@dataclass(slots=True)
class _Kept:
    """The secrets of a run, as the pieces by which they are known. `heads` and `tails` count where a text was cut."""

    known: set[str] = field(default_factory=set)
    pieces: dict[int, set[str]] = field(default_factory=dict)
    probes: dict[int, set[str]] = field(default_factory=dict)
    heads: set[str] = field(default_factory=set)
    tails: set[str] = field(default_factory=set)

    def add(self, secret: str) -> None:
        """Keep one more; once is enough."""
        if secret in self.known or not is_long_enough(secret):
            return
        self.known.add(secret)
        for form in _forms_to_look_for(secret):
            length = min(_PIECE, len(form))
            pieces, probes = self.pieces.setdefault(length, set()), self.probes.setdefault(length, set())
            pieces.update(form[at : at + length] for at in range(len(form) - length + 1))
            probes.update(form[at : at + _PROBE] for at in range(len(form) - _PROBE + 1))
            for cut in range(SHORTEST_SECRET, length):
                self.heads.add(form[:cut])
                self.tails.add(form[-cut:])

    def taken_out_of(self, text: str) -> str:
        """The text without them."""
        if not self.known or not (_may_be_escaped(text) or self._found(_compact(text))):
            return text
        spans = sorted(
            (view.begins[begin], view.ends[end - 1])
            for view in _views_of(text)
            for begin, end in self._found(view.text)
        )
        parts, done = [], 0
        for begin, end in _merged(spans):
            parts += [text[done:begin], _TAKEN]
            done = end
        return "".join([*parts, text[done:]])

    def _found(self, text: str) -> list[tuple[int, int]]:
        """Where pieces of them stand."""
        spans = []
        for length, pieces in self.pieces.items():
            step, probes = length - _PROBE + 1, self.probes[length]
            for at in [at for at in range(0, len(text), step) if text[at : at + _PROBE] in probes]:
                begins = range(max(0, at - step + 1), at + 1)
                spans += [(begin, begin + length) for begin in begins if text[begin : begin + length] in pieces]
        return spans + self._found_at_cuts(text)

    def _found_at_cuts(self, text: str) -> list[tuple[int, int]]:
        """The longest beginning of a secret ahead of each cut, and the longest end of one behind it."""
        spans = []
        longest = _PIECE + len(_QUOTES)
        for begin, end in [(0, 0), *(found.span() for found in _ELLIPSIS.finditer(text))]:
            ahead = text[max(0, begin - longest) : begin].rstrip(_QUOTES)
            last = max(0, begin - longest) + len(ahead)
            behind = text[end : end + longest]
            first = end + len(behind) - len(behind.lstrip(_QUOTES))
            for cut in range(SHORTEST_SECRET, _PIECE):
                if ahead[-cut:] in self.heads:
                    spans.append((last - cut, last))
                if text[first : first + cut] in self.tails:
                    spans.append((first, first + cut))
        return spans


_kept = _Kept()


def _may_be_escaped(text: str) -> bool:
    return any(sign in text for sign in "%\\&")


def _compact(text: str) -> str:
    return "".join(text.replace(HOLE, "").split())


def _forms_to_look_for(secret: str) -> Iterator[str]:
    """The secret itself and what cannot be read back from a text: blanks as +, Base64, hexadecimal digits."""
    forms = [_compact(visible(secret)), _compact(visible(secret.strip().replace(" ", "+")))]
    value = secret.encode("utf-8", "replace")
    forms += _in_base64(value)
    if len(secret) <= _LONGEST_HAND_MADE:
        forms += [value.hex(), value.hex().upper(), *_in_base64(secret.encode("utf-16-le", "replace"))]
    return (form for form in dict.fromkeys(forms) if len(form) >= SHORTEST_SECRET)


def _views_of(text: str) -> Iterator[_View]:
    """The text without blanks and breaks, and the same with its escapes read, once and again."""
    begins = [at for at, sign in enumerate(text) if sign != HOLE and not sign.isspace()]
    view = _View(_compact(text), begins, [at + 1 for at in begins])
    yield view
    for _ in range(_ESCAPED_TIMES):
        if _ESCAPE.search(view.text) is None:
            return
        view = _read(view)
        yield view


def _read(view: _View) -> _View:
    """The view with each escape as what it stands for, and nothing where that is a blank."""
    text: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    done = 0
    for found in _ESCAPE.finditer(view.text):
        text.append(view.text[done : found.start()])
        begins += view.begins[done : found.start()]
        ends += view.ends[done : found.start()]
        at = found.start()
        for sign, length in _meant_by(found):
            if not sign.isspace() and visible(sign) != HOLE:
                text.append(sign)
                begins.append(view.begins[at])
                ends.append(view.ends[at + length - 1])
            at += length
        done = found.end()
    return _View("".join([*text, view.text[done:]]), begins + view.begins[done:], ends + view.ends[done:])


def _meant_by(found: re.Match[str]) -> Iterator[tuple[str, int]]:
    """The characters that an escape stands for, and the length of each."""
    if found["percent"]:
        for sign in bytes.fromhex(found["percent"].replace("%", "")).decode("utf-8", "surrogateescape"):
            yield sign, 3 * len(sign.encode("utf-8", "surrogateescape"))
    elif digits := found["unicode"] or found["byte"]:
        yield chr(int(digits, 16)), len(found.group())
    elif found["letter"]:
        yield " " if found["letter"] in "bfnrt" else found["letter"], len(found.group())
    else:
        yield from ((sign, len(found.group())) for sign in html.unescape(found.group())[:1])


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The spans, those that touch each other as one."""
    current: tuple[int, int] | None = None
    for span in spans:
        if current is None or span[0] > current[1]:
            if current is not None:
                yield current
            current = span
        else:
            current = (current[0], max(current[1], span[1]))
    if current is not None:
        yield current
