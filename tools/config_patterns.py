"""What the text of a value looks like in the configuration file: patterns that JSON Schema and editors understand.

They are those of ECMAScript and of Python alike. They take the usual spelling: blanks around a text in quotes, words in
capitals and times such as 4h60m are understood by the action, and marked by an editor.
"""

from __future__ import annotations

from typing import Any

# neither blank, nor with an expression of a workflow, nor with a signature
NO_SECRET = r"(?![\s\S]*\$\{\{)(?![\s\S]*[?&][Ss][Ii][Gg]=)"
PLAIN = rf"^{NO_SECRET}[\s\S]*\S"

_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?"
_VERSION = rf"(?:[Ll]atest|(?=[^:]*[0-9]){_NAME})"
_URN = rf"{_NAME}:{_NAME}:{_NAME}:{_VERSION}"
_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ID = r"/[A-Za-z]+/\S+"
_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_HTTPS = r"[Hh][Tt][Tt][Pp][Ss]://"
_ADDRESS = rf"[Hh][Tt][Tt][Pp][Ss]?://{_HOST}(?:[/?](?:[!$-\[\]-~]|\x22)*)?"
_NOT_IN_GROUPS = r"\x00-'*+,/:-@\[-\^`{-\x7f\s"
_CLOCK = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?:[Zz]|\s+(?![AaPp]\.?[Mm])\S.*)"
_DATE = r"[0-9]{4}-[0-9]{2}\S*[Tt ]\S+(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)"
_BETWEEN = r"[,\s]+"
_NUMBER = r"[0-9]{1,9}"
_JSON = r"\[[\s\S]*[^\s\[\]][\s\S]*\]"


def _up_to(most: int) -> str:
    """Return the pattern of the numbers from 0 to `most`, with zeros before them or without."""
    digits = str(most)
    ways = [rf"[0-9]{{1,{len(digits) - 1}}}"] if len(digits) > 1 else []
    for at, digit in enumerate(digits):
        if digit != "0":
            rest = len(digits) - at - 1
            below = f"[0-{int(digit) - 1}]" if digit != "1" else "0"
            ways.append(f"{digits[:at]}{below}" + (f"[0-9]{{{rest}}}" if rest else ""))
    return f"0*(?:{'|'.join([*ways, digits])})"


def duration(*, least: int = 0, minutes: int | None = None) -> str:
    """Return the pattern of a duration, of at least `least` seconds (0 or 1), and at most so many minutes."""
    parts = f"(?:{_NUMBER}[hH])?(?:{_NUMBER}[mM])?(?:{_NUMBER}[sS])?"
    if minutes is not None:
        hours, rest = divmod(minutes, 60)
        small, none = f"(?:{_up_to(59)}[sS])?", "(?:0+[sS])?"
        ways = (
            f"(?:{_up_to(hours - 1)}[hH])?(?:{_up_to(59)}[mM])?{small}",
            f"0*{hours}[hH](?:{_up_to(rest - 1)}[mM])?{small}" if rest else "",
            f"0*{hours}[hH](?:0*{rest}[mM])?{none}",
            f"{_up_to(minutes - 1)}[mM]{small}",
            f"0*{minutes}[mM]{none}",
            f"{_up_to(minutes * 60)}[sS]",
        )
        parts = f"(?:{'|'.join(filter(None, ways))})"
    return rf"^(?:[Pp][Tt])?(?=[0-9]){'(?=.*[1-9])' if least else ''}{parts}$"


def seconds(most: int | None = None) -> str:
    """Return the pattern of plain seconds."""
    return f"^{_NUMBER if most is None else _up_to(most)}$"


SHARES = {
    0: r"^(?:[0-9]{1,9}|0*(?:100|[0-9]{1,2})\s*%)$",
    1: r"^(?:0*[1-9][0-9]{0,8}|0*(?:100|[1-9][0-9]?)\s*%)$",
}
COUNTS = {0: f"^{_NUMBER}$", 1: r"^0*[1-9][0-9]{0,8}$"}
ENTRY = f"^{_NAME}$"
WAVE = r"^(?!.*\$\{\{)(?=.*\S)[^\x00-\x1f\x7f]+$"
TAG = r"^\s*(?=[^\s=])[^<>%&\\?/=\x00-\x1f]{1,512}=[^\x00-\x1f]{0,256}$"

# input -> the pattern of its text, and what an editor says of another text
TEXTS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("subscription-id", "client-id"), (_GUID, "Write a GUID, such as 00000000-0000-0000-0000-000000000000.")
    ),
    "tenant-id": (
        rf"(?:{_GUID}|{_LABEL}(?:\.{_LABEL})+|adfs)",
        "Write a GUID, or the domain name of a tenant, such as contoso.onmicrosoft.com.",
    ),
    "resource-group": (rf"[^{_NOT_IN_GROUPS}]{{0,89}}[^.{_NOT_IN_GROUPS}]", "Write the name alone."),
    "scale-set": (
        rf"(?:{_NAME}|(?:/[^/\s]+){{6}}/[Vv]irtual[Mm]achine[Ss]cale[Ss]ets/{_NAME}/?|\S*[Pp]ortal\.\S*/\S*#\S+)",
        "Write the scale set's name, its whole resource id, or the address of its page in the portal.",
    ),
    "audience": (r"[ -~]*[!-~]", "Write ASCII."),
    **dict.fromkeys(
        ("resource-manager-endpoint", "authority-host"),
        (f"{_HTTPS}{_HOST}/?", "Write https://HOST or https://HOST:PORT."),
    ),
    "image": (
        rf"(?:{_URN}|{_ID}|{_ADDRESS})",
        "Write PUBLISHER:OFFER:SKU:VERSION, the id of an image, or the https address of a VHD.",
    ),
    "image-version": (rf"(?:{_VERSION}|{_URN})", "Write a version, such as 22.04.202611010, or latest."),
    **dict.fromkeys(
        ("image-sku", "image-offer", "image-publisher"), (rf"(?:{_NAME}|{_URN})", "Write a part of the image's URN.")
    ),
    "image-id": (_ID, "Write the id of an image, which begins with /subscriptions/ or is that of a gallery."),
    "image-uri": (_ADDRESS, "Write the https address of a VHD."),
    "not-after": (rf"(?:{_CLOCK}|{_DATE})", "Write 17:00 UTC, 17:00 Europe/Berlin, or 2026-12-01T17:00+01:00."),
    **dict.fromkeys(
        ("before-batch-url", "after-batch-url"),
        (_ADDRESS.replace("[Ss]?:", "[Ss]:", 1), "Write https://HOST/PATH."),
    ),
    **dict.fromkeys(
        ("report-path", "report-html"),
        (
            r"(?!\s*/)(?!(?:.*/)?\.\.(?:/|$))(?!(?:.*/)?\.[Gg][Ii][Tt](?:/|$))[^\x00-\x1f\x7f]*[^/\s\x00-\x1f]",
            "Write a path below the workspace, such as out/report.json.",
        ),
    ),
}
# input -> the pattern of an item, that of several in one text, and what an editor says of another text
LISTS: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(
        ("update-domains", "fault-domains"),
        (_NUMBER, rf"(?:{_NUMBER}(?:{_BETWEEN}{_NUMBER})*|{_JSON})", "Write whole numbers from 0 on."),
    ),
    **dict.fromkeys(
        ("zones", "instance-ids"), (_NAME, rf"(?:{_NAME}(?:{_BETWEEN}{_NAME})*|{_JSON})", "Write names, such as 1, 2.")
    ),
    "probe-url": (_ADDRESS, rf"{_ADDRESS}(?:\s+{_ADDRESS})*", "Write addresses such as https://example.com/health."),
}


# what YAML may read as one of its other kinds: the text counts
_NUMBERS_OR_TRUTHS = ("resource-group", "scale-set", "audience", "image-sku", "image-offer", "image-publisher")
_PATHS = ("report-path", "report-html")
KINDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*_NUMBERS_OR_TRUTHS, *_PATHS, "zones", "instance-ids"), ("string", "number", "boolean")),
    "image-version": ("string", "number"),
    **dict.fromkeys(("update-domains", "fault-domains"), ("string", "integer")),
}


def text(name: str, pattern: str, message: str) -> dict[str, Any]:
    """Return the schema of a single value, or of an item of a list."""
    kinds = KINDS.get(name, ("string",))
    number = {"minimum": 0} if name in LISTS and len(kinds) > 1 else {}
    return {
        "type": list(kinds) if len(kinds) > 1 else kinds[0],
        "pattern": rf"^{NO_SECRET}\s*{pattern}\s*$",
        "patternErrorMessage": message,
        **number,
    }
