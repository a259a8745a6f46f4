"""When a rollout will end, and whether one more batch fits."""

from __future__ import annotations

import pytest

from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.watching.pacing import expected_end, fits, predicted_duration


@pytest.mark.parametrize(
    ("taken", "left", "end"),
    [
        pytest.param([100.0], 3, 400.0, id="as-the-first"),
        pytest.param([100.0, 200.0], 2, 400.0, id="on-average"),
        pytest.param([100.0], 0, 100.0, id="nothing-left"),
    ],
)
def test_expected_end(taken: list[float], left: int, end: float) -> None:
    assert expected_end(100.0, taken, left) == end


@pytest.mark.parametrize(
    ("taken", "timeout", "expected"),
    [
        pytest.param([], 100.0, True, id="nothing-to-go-by"),
        pytest.param([50.0], 150.0, True, id="just-fits"),
        pytest.param([50.0], 149.0, False, id="just-not"),
        pytest.param([10.0, 60.0, 20.0], 150.0, False, id="the-longest-counts"),
    ],
)
def test_fits(taken: list[float], timeout: float, expected: bool) -> None:
    assert fits(100.0, taken, timeout) is expected


@pytest.mark.parametrize(
    ("taken", "policy", "seconds"),
    [
        pytest.param([], Policy(), 630.0, id="assumed-with-the-bake-time"),
        pytest.param([], Policy(bake_time=120.0), 720.0, id="another-bake-time"),
        pytest.param([], Policy(batch_timeout=300.0), 300.0, id="no-batch-takes-longer"),
        pytest.param([50.0, 80.0, 60.0], Policy(), 80.0, id="the-longest-so-far"),
    ],
)
def test_the_duration_of_one_more_batch(taken: list[float], policy: Policy, seconds: float) -> None:
    assert predicted_duration(taken, policy, HealthSignal.PROBE) == seconds
