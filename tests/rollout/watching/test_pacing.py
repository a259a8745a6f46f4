"""How often Azure is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

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


def bucket() -> TokenBucket:
    """Return a bucket of ten tokens, with one more every two seconds."""
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
def test_only_a_lower_figure_of_azure_is_believed(said: float, level: float) -> None:
    one = bucket()
    one.spend(4, 0.0)
    one.observe(said, 0.0)
    assert one.level(0.0) == level


@pytest.mark.parametrize(
    ("full", "burst", "per_minute"),
    [
        pytest.param(operation_bucket, 45, 15, id="operation"),
        pytest.param(instance_list_bucket, 30, 10, id="instance-list"),
    ],
)
def test_published_limits(full: Callable[[], TokenBucket], burst: float, per_minute: float) -> None:
    one = full()
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


@pytest.mark.parametrize(
    ("pages", "spent", "seconds"),
    [(1, 0, LOOK_SOON), (1, 9, LOOK_SOON), (1, 10, LOOK_PER_PAGE), (4, 0, 4 * LOOK_SOON), (4, 8, 4 * LOOK_PER_PAGE)],
)
def test_looks_are_quick_while_hardly_any_tokens_are_spent(pages: int, spent: float, seconds: float) -> None:
    one = instance_list_bucket()
    one.spend(spent, 0.0)
    assert look_interval(pages, one, 0.0) == seconds
