"""The names that Azure allows. No name is only dots or ends in a dot: in a path it would lead somewhere else.

Source: "Naming rules and restrictions for Azure resources". Where Azure is stricter for one kind, Azure says so.
"""

from __future__ import annotations

import re
import unicodedata

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+", re.IGNORECASE | re.ASCII)
_NAME = re.compile(r"\w(?:[\w.-]*[\w-])?", re.ASCII)
# .NET's Char.IsLetterOrDigit, which Azure documents for resource groups
_LETTERS_AND_DIGITS = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"}
_LONGEST_GROUP = 90


def is_guid(text: str) -> bool:
    """Return whether the text is an id of Entra's or of a subscription."""
    return bool(_GUID.fullmatch(text))


def is_domain(text: str) -> bool:
    """Return whether the text is a domain name of at least two parts, such as contoso.onmicrosoft.com."""
    return bool(_DOMAIN.fullmatch(text))


def is_name(text: str) -> bool:
    """Return whether a scale set, an instance, a gallery, an image or a part of a platform image may have the name."""
    return bool(_NAME.fullmatch(text))


def is_group_name(text: str) -> bool:
    """Return whether a resource group may have the name: letters and digits of any script, `_`, `-`, `.`, `(`, `)`."""
    return (
        0 < len(text) <= _LONGEST_GROUP
        and not text.endswith(".")
        and all(c in "_-.()" or unicodedata.category(c) in _LETTERS_AND_DIGITS for c in text)
    )
