"""Options of the whole test run."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-transcripts", action="store_true", help="write tests/transcripts anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test first, so that at the end no core waits for it alone."""
    items.sort(key=lambda item: "a_large_set" not in item.name)
