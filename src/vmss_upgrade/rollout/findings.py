"""Findings: what was noticed about a scale set, and how grave it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """REFUSE: nothing may be written. WARN: go on, but the user must know. NOTE: worth a line."""

    REFUSE = "refuse"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed: what it is, and what to do about it (empty where nothing is to be done)."""

    severity: Severity
    message: str
    remedy: str = ""


def refuse(message: str, remedy: str) -> Finding:
    """Make a reason to write nothing; it needs a remedy."""
    return Finding(Severity.REFUSE, message, remedy)


def warn(message: str, remedy: str = "") -> Finding:
    """Make something that a user must know beforehand."""
    return Finding(Severity.WARN, message, remedy)


def note(message: str, remedy: str = "") -> Finding:
    """Make something that is worth a line."""
    return Finding(Severity.NOTE, message, remedy)
