"""One az with one simulated Azure for each test that changes something."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from conformance.az.az_cli import Az
from conformance.az.signed_in import az_beside


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Callable[[str], Az]]:
    """Return beside(scenario): an az signed in to a simulated Azure that ends with the test."""
    with ExitStack() as running:
        yield lambda scenario: running.enter_context(az_beside(scenario, tmp_path))


@pytest.fixture
def az(beside: Callable[[str], Az]) -> Az:
    """Return an az with a set that only the test changes."""
    return beside("calm")
