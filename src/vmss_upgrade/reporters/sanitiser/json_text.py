"""JSON that may be printed: a later step's `cat rollout.json` or `echo "$PLAN"` gives the runner no command."""

from __future__ import annotations

import json
import re
from typing import Any

# Each can stand inside of texts only. Some shells' `echo` acts upon the short escapes: it would make line breaks of \n.
_ACTED_UPON = re.compile(r"##|::|\\[\\bfnrt]|\x7f")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def as_json(value: Any, indent: int | None = None) -> str:
    """Return the value as JSON of printable ASCII without any `##`, `::`, or escape other than \\u and \\".

    It is another way to write the same value.
    """
    return _ACTED_UPON.sub(_escaped, json.dumps(value, indent=indent))


def _escaped(found: re.Match[str]) -> str:
    signs = _SHORT[found.group()[1]] if found.group()[0] == "\\" else found.group()
    return "".join(f"\\u{ord(sign):04x}" for sign in signs)
