"""What no text of this run may hold: secrets, anything that looks like a token, query strings.

Azure may quote a request back, and the runner hides secrets in the log alone, not in outputs and record. Texts are cut
first: any length takes linear time.
"""

from __future__ import annotations

import re
from typing import Final

from vmss_upgrade.reporters.sanitiser.characters import HOLE, LINE_BREAKS, visible
from vmss_upgrade.reporters.sanitiser.known_secrets import TAKEN, without_known_secrets

LONGEST_TEXT: Final = 128 * 1024  # characters; what is longer is cut
_CUT: Final = " ..."

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
    """Return the text as it is seen (`visible`), without secrets, tokens and query strings; at most `limit` characters.

    HOLEs and line breaks are the caller's to replace.
    """
    whole = visible(text[: 2 * limit])  # twice, for what is taken out
    shown = _without_queries(without_known_secrets(_TOKEN.sub(_but_its_stop, whole)))
    return shortened(shown, limit, by_force=len(text) > 2 * limit)


def shortened(text: str, limit: int, *, by_force: bool = False) -> str:
    """Return at most `limit` characters, with a visible cut if the text is longer, or `by_force`."""
    return f"{text[: limit - len(_CUT)]}{_CUT}" if by_force or len(text) > limit else text


def _but_its_stop(found: re.Match[str]) -> str:
    token = found.group()
    return TAKEN + token[len(token.rstrip(".")) :]


def _without_queries(text: str) -> str:
    text = _QUERY.sub(lambda found: f"{found['address'] or ''}?..." if "?" in found.group() else found.group(), text)
    if "=" in text or "%3" in text:
        for pair in (_FIRST, _FURTHER, _TELLING):
            text = pair.sub(r"\g<name>...", text)
    return _PASSWORD.sub("...@", text)
