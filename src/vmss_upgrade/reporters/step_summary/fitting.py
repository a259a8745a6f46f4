"""Fits sections into what GitHub takes: it drops a summary above 1 MiB whole (actions/runner `FileCommandManager.cs`).

A section gets half of the room that is left at most, the important ones first; what does not fit of it is cut, and the
next one is tried.
"""

from __future__ import annotations

LIMIT = 900_000  # bytes; below 1 MiB with room for what other code in the step may append
CUT = "and {} more, in the JSON record"
_LEFT_OUT = "_What did not fit into a step summary is in the log and in the JSON record._\n"


def within(sections: list[list[str]], room: int) -> str:
    """Return as much of the sections as fits into so many bytes, the first of them at least."""
    text, is_whole = "", True
    room -= len(_LEFT_OUT)
    for section in sections:
        block = _fitting(section, room // 2)
        if not block and not text:
            return ""
        is_whole = is_whole and bool(block)
        text += block
        room -= len(block.encode())
    return text if is_whole else text + _LEFT_OUT


def _fitting(section: list[str], room: int) -> str:
    """Return the section with as many of its rows and points as fit; empty if not even a table's head does."""
    costs = [len(line.encode()) + 1 for line in section]
    are_rows = [line.startswith(("|", "- ")) for line in section]
    room -= sum(cost for cost, is_row in zip(costs, are_rows, strict=True) if not is_row) + len(CUT) + 10
    kept, shown, left = [], 0, 0
    for line, cost, is_row in zip(section, costs, are_rows, strict=True):
        if is_row and (left or cost > room):
            left += 1
            continue
        shown, room = (shown + 1, room - cost) if is_row else (shown, room)
        kept.append(line)
    if room < 0 or (left and shown < 3):
        return ""
    return "\n".join([*kept, *(["", CUT.format(left)] if left else [])]) + "\n\n"
