"""How long to wait after Azure said no, and when to give up."""

from __future__ import annotations

import pytest

from vmss_upgrade.errors import LEAST_WAIT, AzureError, Trouble
from vmss_upgrade.rollout.watching.patience import Patience


def no(trouble: Trouble, retry_after: float | None = None) -> AzureError:
    return AzureError("no", trouble=trouble, code="X", doing="testing", retry_after=retry_after)


def waits(trouble: Trouble, retry_after: float | None = None) -> list[float]:
    """Return every wait until patience ends."""
    patience, seconds = Patience(), []
    while (verdict := patience.after(no(trouble, retry_after))) is not None:
        wait, patience = verdict
        seconds.append(wait)
    return seconds


@pytest.mark.parametrize(
    ("trouble", "retry_after", "first", "together"),
    [
        pytest.param(Trouble.CONFLICT, None, [5, 10, 20, 30, 30], 15 * 60, id="conflict"),
        pytest.param(Trouble.THROTTLED, None, [15, 30, 60, 120, 240], 60 * 60, id="throttled"),
        pytest.param(Trouble.THROTTLED, 120, [120, 120], 60 * 60, id="throttled-as-long-as-azure-asks"),
        pytest.param(Trouble.THROTTLED, 1200, [1200, 1200, 1200], 60 * 60, id="throttled-for-long"),
        pytest.param(Trouble.THROTTLED, 9999, [1200], 60 * 60, id="throttled-for-too-long"),
        pytest.param(Trouble.UNCERTAIN, None, [2, 4, 8, 16, 30, 30], 10 * 60, id="uncertain"),
        pytest.param(Trouble.UNCERTAIN, 10, [10, 10], 10 * 60, id="uncertain-as-long-as-azure-asks"),
        pytest.param(Trouble.THROTTLED, 15, [15, 15], 60 * 60, id="throttled-for-as-long-as-nobody-asked"),
    ],
)
def test_patience_is_bounded(trouble: Trouble, retry_after: float | None, first: list[float], together: float) -> None:
    seconds = waits(trouble, retry_after)
    assert seconds[: len(first)] == first
    assert together - max(seconds) < sum(seconds) <= together


@pytest.mark.parametrize("asked", [1e-300, 0.0001, 0.5, 1.0, -5.0, float("nan"), float("-inf")])
@pytest.mark.parametrize("trouble", [t for t in Trouble if Patience().after(no(t)) is not None], ids=str)
def test_tries_are_counted_and_no_wait_is_shorter_than_a_second(trouble: Trouble, asked: float) -> None:
    seconds = waits(trouble, asked)
    assert all(wait >= LEAST_WAIT for wait in seconds)
    assert 5 < len(seconds) <= 240


@pytest.mark.parametrize("trouble", [t for t in Trouble if Patience().after(no(t)) is not None], ids=str)
def test_a_wait_without_end_is_cut(trouble: Trouble) -> None:
    assert 1 <= len(waits(trouble, float("inf"))) <= 60


@pytest.mark.parametrize("trouble", [Trouble.CHANGED, Trouble.NOT_FOUND, Trouble.DENIED, Trouble.REJECTED], ids=str)
def test_waiting_does_not_help(trouble: Trouble) -> None:
    assert Patience().after(no(trouble, retry_after=5)) is None


def test_a_second_is_waited_where_azure_asks_for_it() -> None:
    assert Patience().after(no(Trouble.CONFLICT, LEAST_WAIT)) == (LEAST_WAIT, Patience(tries=1, waited=LEAST_WAIT))


@pytest.mark.parametrize(
    ("trouble", "waited", "left"),
    [
        pytest.param(Trouble.REJECTED, 0.0, 0.0, id="waiting-cannot-help"),
        pytest.param(Trouble.GONE, 0.0, 300.0, id="nothing-waited-yet"),
        pytest.param(Trouble.GONE, 299.5, 0.5, id="nearly-all"),
        pytest.param(Trouble.GONE, 301.0, 0.0, id="all"),
    ],
)
def test_the_waiting_that_is_left(trouble: Trouble, waited: float, left: float) -> None:
    assert Patience(waited=waited).left(no(trouble)) == left


@pytest.mark.parametrize(
    ("waited", "spread", "seconds"),
    [
        pytest.param(0.0, 0.0, 120.0, id="none"),
        pytest.param(0.0, 1.0, 180.0, id="most"),
        pytest.param(3400.0, 1.0, 200.0, id="no-more-than-is-left"),
    ],
)
def test_a_wait_is_spread_and_never_shorter_than_azure_asks(waited: float, spread: float, seconds: float) -> None:
    verdict = Patience(waited=waited).after(no(Trouble.THROTTLED, retry_after=seconds if waited else 120), spread)
    assert verdict is not None
    assert verdict[0] == seconds
