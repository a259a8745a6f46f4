"""How often Azure is asked, and for how long it is waited for after a no."""

from __future__ import annotations

import pytest

from vmss_upgrade.errors import LEAST_WAIT, AzureError, Trouble
from vmss_upgrade.rollout.watching.pacing import (
    FAST_POLL,
    LONGEST_POLL,
    LOOK_PER_PAGE,
    LOOK_SOON,
    STEADY_POLL,
    TokenBucket,
    instance_list_bucket,
    look_interval,
    operation_bucket,
    poll_delay,
)
from vmss_upgrade.rollout.watching.patience import Patience


def bucket() -> TokenBucket:
    """Ten tokens, one every two seconds."""
    return TokenBucket(burst=10, per_minute=30)


def test_a_bucket_empties_refills_and_overflows() -> None:
    one = bucket()
    assert one.level(123.0) == 10
    one.spend(4, 100.0)
    assert [one.level(at) for at in (100.0, 104.0, 108.0, 1000.0)] == [6, 8, 10, 10]
    one.spend(8, 104.0)
    assert one.level(104.0) == 0
    one.spend(3, 104.0)
    assert one.level(106.0) == -2


@pytest.mark.parametrize(
    ("spent", "wanted", "seconds"),
    [
        pytest.param(0, 1, 0, id="full"),
        pytest.param(8, 1, 0, id="one-and-the-spare-are-there"),
        pytest.param(9, 1, 2, id="the-spare-is-missing"),
        pytest.param(10, 5, 12, id="empty"),
        pytest.param(12, 1, 8, id="overdrawn"),
        pytest.param(10, 50, 20, id="more-than-the-burst-is-never-waited-for"),
    ],
)
def test_wait_for_tokens(spent: float, wanted: float, seconds: float) -> None:
    one = bucket()
    one.spend(spent, 0.0)
    assert one.wait_for(wanted, 0.0) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("said", "level"), [pytest.param(3, 3, id="less-is-believed"), pytest.param(9, 6, id="more-is-not")]
)
def test_what_azure_says_is_left(said: float, level: float) -> None:
    one = bucket()
    one.spend(4, 0.0)
    one.observe(said, 0.0)
    assert one.level(0.0) == level


@pytest.mark.parametrize(
    ("one", "burst", "per_minute"),
    [
        pytest.param(operation_bucket(), 45, 15, id="operation"),
        pytest.param(instance_list_bucket(), 30, 10, id="instance-list"),
    ],
)
def test_published_limits(one: TokenBucket, burst: float, per_minute: float) -> None:
    assert one.level(0.0) == burst
    one.spend(burst, 0.0)
    assert one.level(60.0) == pytest.approx(per_minute)


@pytest.mark.parametrize(
    ("spent", "asked", "seconds"),
    [
        pytest.param(0, None, FAST_POLL, id="burst-left"),
        pytest.param(44, None, STEADY_POLL, id="burst-spent"),
        pytest.param(0, 37.0, 37.0, id="azure-asks"),
        pytest.param(0, 0.5, FAST_POLL, id="azure-asks-for-too-little"),
        pytest.param(0, 480.0, LONGEST_POLL, id="azure-asks-for-too-much"),
        pytest.param(44, 10.0, 10.0, id="azure-asks-and-burst-spent"),
    ],
)
def test_poll_delay(spent: float, asked: float | None, seconds: float) -> None:
    polls = operation_bucket()
    polls.spend(spent, 0.0)
    assert poll_delay(polls, asked, 0.0) == seconds


@pytest.mark.parametrize("operations_seconds", [100, 1000, 10000])
def test_polling_as_it_says_never_empties_the_bucket(operations_seconds: float) -> None:
    polls, now, lowest = operation_bucket(), 0.0, 45.0
    while now < operations_seconds:
        now += poll_delay(polls, None, now)
        polls.spend(1, now)
        lowest = min(lowest, polls.level(now))
    assert lowest >= 0


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
    ("pages", "spent", "seconds"),
    [(1, 0, LOOK_SOON), (1, 9, LOOK_SOON), (1, 10, LOOK_PER_PAGE), (4, 0, 4 * LOOK_SOON), (4, 8, 4 * LOOK_PER_PAGE)],
)
def test_looks_are_quick_while_hardly_any_tokens_are_spent(pages: int, spent: float, seconds: float) -> None:
    one = instance_list_bucket()
    one.spend(spent, 0.0)
    assert look_interval(pages, one, 0.0) == seconds


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
