"""Answers of who does not know an api-version (yet): one of Resource Manager's front ends for a while, or a cloud.

Sources: wire facts (of two equal calls one answers 400 `NoRegisteredProviderFound`; sovereign clouds may lack a
version for good); the same said otherwise, `InvalidApiVersionParameter` and `InvalidResourceType`.
"""

from __future__ import annotations

import re

_CODES = ("noregisteredproviderfound", "invalidapiversionparameter", "invalidresourcetype")
_ASKED = re.compile(r"api[ -]version '([0-9a-z-]+)'", re.IGNORECASE)
_KNOWN = re.compile(r"supported (?:api-)?versions are '([^']*)'", re.IGNORECASE)


def is_unknown_version(code: str, message: str) -> bool:
    """Whether it is the version that is not known; a region or a type may be unknown by the same code."""
    if code.lower() not in _CODES:
        return False
    asked, known = _ASKED.search(message), _versions(message)
    return asked is None or not known or asked[1].lower() not in known


def unknown_version_remedy(message: str) -> str:
    """What it means where it lasts, for an answer that `is_unknown_version`."""
    asked, known = _ASKED.search(message), _versions(message)
    which = f"the api-version {asked[1]}" if asked else "the api-version"
    newest = f" (the newest that it names is {max(known)})" if known else ""
    return (
        f"This cloud does not know {which} yet{newest}, and this release of the action speaks no older one: run again "
        "when it does. Azure brings a new version to its clouds and regions one after the other."
    )


def _versions(message: str) -> tuple[str, ...]:
    found = _KNOWN.search(message)
    return tuple(filter(None, (each.strip().lower() for each in found[1].split(",")))) if found else ()
