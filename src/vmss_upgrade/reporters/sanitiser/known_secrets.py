"""The secrets that this run knows, taken out of every text in whatever form they come back.

A secret that is quoted is escaped, encoded, cut or broken on its way; so it is looked for in pieces, in a text without
blanks and breaks whose escapes are read.
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

from vmss_upgrade.reporters.sanitiser.characters import HOLE, visible

TAKEN: Final = "***"  # stands where a secret stood
SHORTEST_SECRET: Final = 8  # characters; a shorter one stands in texts by chance, and would be taken out of all of them
_PIECE: Final = 12  # characters in a row by which a secret is known in the middle of a text
_PROBE: Final = 6  # of each piece; looked for at so many places only that none is missed
_CUTS: Final = range(SHORTEST_SECRET, _PIECE)  # lengths at which the beginning or end of a secret is known at a cut
_LONGEST_HAND_MADE: Final = 200  # characters; tokens are longer, and are not written in hexadecimal digits


def keep_secret(secret: str) -> None:
    """Take the secret out of every text from now on, in whatever form."""
    _kept.add(secret)


def forget_secrets() -> None:
    """Forget all secrets: another run begins, with secrets of its own."""
    global _kept
    _kept = _Kept()


def without_known_secrets(text: str) -> str:
    """Return the text without the secrets that were kept."""
    return _kept.taken_out_of(text)


def is_long_enough(secret: str) -> bool:
    """Return whether the secret can be hidden: a letter or a word cannot, it stands in too many texts."""
    return len(_compact(visible(secret))) >= SHORTEST_SECRET


def derived_forms(secret: str) -> tuple[str, ...]:
    """Return what else the runner must hide: it knows a secret only in the exact form that it was given."""
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
    """Yield what is equal wherever the value stands in Base64: after 0, 1 or 2 other bytes, in either alphabet."""
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
    """The secrets of a run, as the pieces by which they are known. `heads` and `tails` matter where a text was cut."""

    known: set[str] = field(default_factory=set)
    pieces: dict[int, set[str]] = field(default_factory=dict)
    probes: dict[int, set[str]] = field(default_factory=dict)
    heads: set[str] = field(default_factory=set)
    tails: set[str] = field(default_factory=set)

    def add(self, secret: str) -> None:
        """Keep one more secret, once."""
        if secret in self.known or not is_long_enough(secret):
            return
        self.known.add(secret)
        for form in _forms_to_look_for(secret):
            length = min(_PIECE, len(form))
            pieces, probes = self.pieces.setdefault(length, set()), self.probes.setdefault(length, set())
            pieces |= {form[at : at + length] for at in range(len(form) - length + 1)}
            probes |= {form[at : at + _PROBE] for at in range(len(form) - _PROBE + 1)}
            for cut in range(SHORTEST_SECRET, length):
                self.heads.add(form[:cut])
                self.tails.add(form[-cut:])

    def taken_out_of(self, text: str) -> str:
        """Return the text without the secrets."""
        if not self.known or len(text) < SHORTEST_SECRET:  # no secret is shorter, and no reading of a text is longer
            return text
        if not (any(escape in text for escape in "%\\&") or self._found(_compact(text))):
            return text
        spans = [
            (view.begins[begin], view.ends[end - 1])
            for view in _views_of(text)
            for begin, end in self._found(view.text)
        ]
        parts, done = [], 0
        for begin, end in _merged(spans):
            parts += [text[done:begin], TAKEN]
            done = end
        return "".join([*parts, text[done:]])

    def _found(self, text: str) -> list[tuple[int, int]]:
        """Return where pieces of the secrets stand."""
        spans = []
        for length, pieces in self.pieces.items():
            step, probes = length - _PROBE + 1, self.probes[length]
            for at in [at for at in range(0, len(text), step) if text[at : at + _PROBE] in probes]:
                begins = range(max(0, at - step + 1), at + 1)
                spans += [(begin, begin + length) for begin in begins if text[begin : begin + length] in pieces]
        return spans + self._found_at_cuts(text)

    def _found_at_cuts(self, text: str) -> list[tuple[int, int]]:
        """Return the longest beginning of a secret ahead of each cut, and the longest end of one behind it."""
        spans = []
        longest = _PIECE + len(_QUOTES)
        for begin, end in [(0, 0), *(found.span() for found in _ELLIPSIS.finditer(text))]:
            ahead = text[max(0, begin - longest) : begin].rstrip(_QUOTES)
            last = max(0, begin - longest) + len(ahead)
            behind = text[end : end + longest]
            first = end + len(behind) - len(behind.lstrip(_QUOTES))
            spans += [(last - cut, last) for cut in _CUTS if ahead and ahead[-cut:] in self.heads]
            spans += [(first, first + cut) for cut in _CUTS if behind and text[first : first + cut] in self.tails]
        return spans


_kept = _Kept()


def _compact(text: str) -> str:
    return "".join(text.replace(HOLE, "").split())


def _forms_to_look_for(secret: str) -> Iterator[str]:
    """Yield the secret and its forms that cannot be read back from a text: blanks as +, Base64, hexadecimal digits."""
    value = secret.encode("utf-8", "replace")
    forms = [_compact(visible(secret)), _compact(visible(secret.strip().replace(" ", "+"))), *_in_base64(value)]
    if len(secret) <= _LONGEST_HAND_MADE:
        forms += [value.hex(), value.hex().upper(), *_in_base64(secret.encode("utf-16-le", "replace"))]
    return (form for form in dict.fromkeys(forms) if len(form) >= SHORTEST_SECRET)


def _views_of(text: str) -> Iterator[_View]:
    """Yield the text without blanks and breaks, then with its escapes read, once and again."""
    begins = [at for at, sign in enumerate(text) if sign != HOLE and not sign.isspace()]
    view = _View(_compact(text), begins, [at + 1 for at in begins])
    yield view
    for _ in range(_ESCAPED_TIMES):
        if _ESCAPE.search(view.text) is None:
            return
        view = _read(view)
        yield view


def _read(view: _View) -> _View:
    """Return the view with each escape as what it stands for, and nothing if that is a blank."""
    text: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    done = 0
    for found in _ESCAPE.finditer(view.text):
        at = found.start()
        text.append(view.text[done:at])
        begins += view.begins[done:at]
        ends += view.ends[done:at]
        for sign, length in _meant_by(found):
            if not sign.isspace() and visible(sign) != HOLE:
                text.append(sign)
                begins.append(view.begins[at])
                ends.append(view.ends[at + length - 1])
            at += length
        done = found.end()
    return _View("".join([*text, view.text[done:]]), begins + view.begins[done:], ends + view.ends[done:])


def _meant_by(found: re.Match[str]) -> Iterator[tuple[str, int]]:
    """Yield the characters that an escape stands for, and the length of each."""
    if found["percent"]:
        for sign in bytes.fromhex(found["percent"].replace("%", "")).decode("utf-8", "surrogateescape"):
            yield sign, 3 * len(sign.encode("utf-8", "surrogateescape"))
    elif digits := found["unicode"] or found["byte"]:
        yield chr(int(digits, 16)), len(found.group())
    elif found["letter"]:
        yield " " if found["letter"] in "bfnrt" else found["letter"], len(found.group())
    else:
        yield from ((sign, len(found.group())) for sign in html.unescape(found.group())[:1])


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, those that touch each other as one."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
