"""Reads GitHub's output and state files as strictly as the runner does (actions/runner `FileCommandManager.cs`)."""

import re

_HEAD = re.compile(r"(?P<name>[^=<]+)<<(?P<delimiter>ghadelimiter_[0-9a-f-]{36})")


class NotReadable(Exception):
    """A file that would make the runner fail the step."""


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Return names and values in the order of the file. Only LF ends a line."""
    pairs = []
    lines = iter(text.split("\n"))
    for line in filter(None, lines):
        head = _HEAD.fullmatch(line)
        if head is None:
            raise NotReadable(f"the line {line!r} is neither empty nor the head of a value")
        value = []
        for content in lines:
            if content == head["delimiter"]:
                break
            value.append(content)
        else:
            raise NotReadable(f"the value of {head['name']} has no end")
        pairs.append((head["name"], "\n".join(value)))
    return pairs


def read_outputs(text: str) -> dict[str, str]:
    """Return the last value under each name. Raises NotReadable."""
    return dict(read_pairs(text))
