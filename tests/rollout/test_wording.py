"""Seconds for people."""

import pytest

from vmss_upgrade.rollout.wording import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.4, "0s"),
        (45, "45s"),
        (59.6, "1m00s"),
        (185, "3m05s"),
        (3599.4, "59m59s"),
        (3599.6, "1h00m"),
        (3720, "1h02m"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
