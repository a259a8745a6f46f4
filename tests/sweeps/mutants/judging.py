"""What a run of mutmut came to: the share of survivors, and those that are not known to be harmless."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

MOST_SURVIVORS = 0.022  # of the mutants that a test reaches
_NOT_REACHED = ("no tests", "skipped")


def reached(states: Mapping[str, str]) -> list[str]:
    """Return the mutants that a test reaches; `states` is what mutmut says of each by its name."""
    return [name for name, state in states.items() if state not in _NOT_REACHED]


def survivors(states: Mapping[str, str]) -> list[str]:
    """Return the mutants that tests reach without noticing them, or that were not played to the end."""
    return [name for name in reached(states) if states[name] in ("survived", "not checked")]


def described(name: str, diff: str) -> str:
    """Return the mutant that mutmut calls `name` as its function, and its lines before and after: a change of other
    mutants, which renumbers them, leaves this as it is.
    """
    function = re.sub(r"\.xǁ|\.x_|ǁ", ".", re.sub(r"__mutmut_\d+$", "", name)).removeprefix("vmss_upgrade.rollout.")
    before, after = (" ".join(re.findall(rf"^[{sign}](?![{sign}])\s*(.*)$", diff, re.MULTILINE)) for sign in "-+")
    return f"{function}: {before} -> {after}"


def verdict(lived: Collection[str], of: int, reasons: Mapping[str, str]) -> list[str]:
    """Return what is wrong: too many survivors, or a reason for a mutant that does not survive. Both are named."""
    wrong = []
    if len(lived) > MOST_SURVIVORS * of:
        wrong.append(f"{len(lived)} of {of} mutants survive; at most {MOST_SURVIVORS:.1%} may.")
    return wrong + [f"It has a reason to survive, and does not: {name}" for name in sorted(reasons.keys() - {*lived})]
