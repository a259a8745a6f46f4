"""The input `surge`."""

from __future__ import annotations

import pytest
from test_inputs import environ, problems

from vmss_upgrade.inputs import parse_inputs
from vmss_upgrade.rollout.policy import Share


@pytest.mark.parametrize(
    ("text", "share"),
    [("", None), ("2", Share(2)), ("10%", Share(10, is_percentage=True)), ("100%", Share(100, is_percentage=True))],
)
def test_a_count_or_a_percentage_is_taken(text: str, share: Share | None) -> None:
    assert parse_inputs(environ({"surge": text})).order.policy.surge == share


@pytest.mark.parametrize("text", ["0", "0%", "-1", "101%", "two", "1.5", "%"])
def test_anything_else_is_refused(text: str) -> None:
    said = problems({"surge": text})
    assert list(said) == ["surge"]
    assert "is neither a count of new instances nor a percentage of the scale set" in str(said["surge"])


def test_it_contradicts_downtime() -> None:
    said = problems({"surge": "2", "allow-downtime": "true"})
    assert "contradicts `allow-downtime: true`" in str(said["surge"])
