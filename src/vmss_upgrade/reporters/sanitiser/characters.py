"""The characters of a text that are not seen: a terminal, a browser or a search acts upon them instead.

The ranges are written down, because Python has them in a table that takes long to walk; a test compares the two.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

HOLE: Final = "\x00"  # stands where something invisible stood, until the text is shown
MOST_MARKS: Final = 4  # combining marks on one letter; no language in use needs more, and a pile hides its lines
LINE_BREAKS: Final = "\n\r\x0b\x0c\x85\u2028\u2029"

# line breaks and the tab are seen; the caller replaces them
_CONTROLS = r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
# Unicode's category Cf, and the characters that are made to be ignored (Default_Ignorable_Code_Point):
# fillers, variation selectors, tags
_IGNORABLE = (
    r"\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_BLANK = r"\u2800\U0001d159"  # signs without ink: the empty Braille pattern, the note without a head
_OWN_EMOJI = "⏸⏱↩⚠ℹ"  # noqa: RUF001 - the signs of ours that U+FE0F makes an emoji of
_INVISIBLE = re.compile(f"(?:[{_CONTROLS}{_IGNORABLE}{_BLANK}]|(?<![{_OWN_EMOJI}])\ufe0f)+")
_ASCII_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]+")  # all of that which ASCII has
# halves of a pair, private use, and what is no character at all
_NOTHING = re.compile(
    "[\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0xF0000, 0x10000))
    + "\U000f0000-\U0010ffff]"
)


def visible(text: str) -> str:
    """Return what is seen of the text: a HOLE for what is not, U+FFFD for non-characters, few marks on one letter.

    Tabs and LINE_BREAKS stay.
    """
    if text.isascii():
        return _ASCII_CONTROLS.sub(HOLE, text)
    signs = "".join(set(text))  # a look at these is quick, and mostly enough
    if "\ufe0f" in signs or _INVISIBLE.search(signs):
        text = _INVISIBLE.sub(HOLE, text)
    if _NOTHING.search(signs):
        text = _NOTHING.sub("\ufffd", text)
    return _without_piles(text) if any(map(_is_mark, signs)) else text


def _without_piles(text: str) -> str:
    kept, marks = [], 0
    for sign in text:
        marks = marks + 1 if _is_mark(sign) else 0
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


def _is_mark(sign: str) -> bool:
    return unicodedata.category(sign) in ("Mn", "Me")
