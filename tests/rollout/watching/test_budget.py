"""How fast one of many clients asks, who share the buckets of a subscription."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import pytest

from vmss_upgrade.rollout.watching.budget import LONGEST_INTERVAL, MOST_COUNTED, PUBLISHED, Ask, Budget
from vmss_upgrade.rollout.watching.room import FIRST_ROUND

READS, LISTS = "subscription-reads", "HighCostGetVMScaleSetSubscriptionMaximum"


class Azure:
    """The bucket of reads, as Azure keeps it; what it shows is rounded down."""

    def __init__(self) -> None:
        self.burst, per_minute = PUBLISHED[READS]
        self._refill = per_minute / 60
        self.level, self._at = float(self.burst), 0.0
        self.refused = 0

    def take(self, now: float) -> dict[str, float]:
        self.level = min(self.burst, self.level + (now - self._at) * self._refill)
        self._at = now
        self.refused += self.level < 1
        self.level -= self.level >= 1
        return {READS: float(int(self.level))}


def asked_together(clients: int, seconds: float, *, others: float = 0.0) -> tuple[Azure, list[int]]:
    """Let clients that begin at once ask as fast as they may, beside tools that ask `others` times a second."""
    azure, count = Azure(), [0] * clients
    budgets = [Budget(f"set-{number}") for number in range(clients)]
    queue = [(0.2, number) for number in range(clients)]
    heapq.heapify(queue)
    if others:
        heapq.heappush(queue, (0.1, -1))
    while queue[0][0] < seconds:
        now, number = heapq.heappop(queue)
        shown = azure.take(now)
        if number < 0:
            heapq.heappush(queue, (now + 1 / others, number))
            continue
        count[number] += 1
        budgets[number].learn(Ask.READ, shown, now)
        heapq.heappush(queue, (now + 0.2 + budgets[number].wait(Ask.READ, now + 0.2), number))
    return azure, count


@pytest.mark.parametrize(("clients", "least_used"), [(10, 0.6), (30, 0.9), (100, 0.95), (200, 0.9)])
def test_clients_that_begin_at_once_are_not_refused_and_leave_little_unused(clients: int, least_used: float) -> None:
    azure, count = asked_together(clients, 600.0)
    assert azure.refused == 0
    assert sum(count) > least_used * min(600 * 25, clients * 600 / 0.2)
    assert azure.level > 0.7 * azure.burst


def test_no_client_is_left_behind() -> None:
    _, count = asked_together(50, 600.0)
    assert min(count) > 0.4 * sum(count) / len(count)


def test_an_impatient_tool_finds_enough() -> None:
    azure, count = asked_together(100, 600.0, others=15.0)
    assert azure.refused == 0
    assert sum(count) > 0.7 * 600 * 10


def test_one_alone_never_waits() -> None:
    _, count = asked_together(1, 600.0)
    assert count == [pytest.approx(600 / 0.2, abs=1)]


@pytest.mark.parametrize(
    "levels",
    [
        pytest.param({}, id="none-shown"),
        pytest.param({READS: 11_999.0}, id="of-the-hour"),
        pytest.param({READS: 999_999_999.0}, id="huge"),
        pytest.param({"Unheard": 0.0}, id="unknown"),
        pytest.param({"subscription-writes": 0.0}, id="of-writes"),
    ],
)
def test_levels_that_say_nothing_slow_nobody_down(levels: Mapping[str, float]) -> None:
    budget = Budget("web")
    for second in range(50):
        budget.learn(Ask.READ, levels, float(second))
        assert budget.wait(Ask.READ, float(second)) == 0


@pytest.mark.parametrize("levels", [[0.0] * 500, [0.0, 250.0] * 250, [250.0, 0.0, 0.0] * 160])
def test_no_level_stops_a_client_for_good(levels: list[float]) -> None:
    budget, now = Budget("web"), 0.0
    for level in levels:
        budget.learn(Ask.POLL, {READS: level}, now)
        wait = budget.wait(Ask.POLL, now)
        assert 0 <= wait <= 3 * LONGEST_INTERVAL
        now += 1.0 + wait


def short_of(level: float) -> Budget:
    """Return a budget that has seen how others empty the bucket, down to `level`."""
    budget = Budget("web")
    for now, seen in ((0.0, 240.0), (1.0, 190.0), (2.0, 150.0), (3.0, level)):
        budget.learn(Ask.LOOK, {READS: seen}, now)
    return budget


def test_a_request_that_is_due_waits_only_where_no_more_is_left_than_belongs_to_others() -> None:
    assert short_of(100.0).wait(Ask.LOOK, 3.0) > 2
    assert short_of(100.0).wait(Ask.LOOK, 3.0, due=4.0) == 1
    assert short_of(20.0).wait(Ask.LOOK, 3.0, due=4.0) > 2
    assert short_of(20.0).wait(Ask.WRITE, 3.0) == 0


def test_clients_that_found_nothing_left_come_back_one_by_one() -> None:
    budgets = [Budget(f"set-{number}") for number in range(100)]
    for budget in budgets:
        budget.learn(Ask.READ, {READS: 0.0}, 0.0)
        budget.learn(Ask.READ, {READS: 240.0}, 120.0)
    waits = sorted(budget.wait(Ask.READ, 120.0) for budget in budgets)
    assert waits[0] < 15 and waits[-1] > 35
    assert 20 < sum(waits) / len(waits) < 30


def test_each_kind_waits_for_the_buckets_that_it_spends() -> None:
    budget = Budget("web")
    for now, level in ((0.0, 900.0), (1.0, 500.0), (2.0, 300.0)):
        budget.learn(Ask.LOOK, {LISTS: level}, now)
    assert budget.wait(Ask.LOOK, 2.0) > 0
    assert budget.wait(Ask.POLL, 2.0) == budget.wait(Ask.AT_ONCE, 2.0) == 0


def test_jobs_of_one_matrix_drift_apart_and_each_the_same_way_again() -> None:
    draws = {name: [Budget(name).spread() for _ in range(2)] for name in ("web-1", "web-2", "WEB-1")}
    assert draws["web-1"] == draws["WEB-1"] != draws["web-2"]
    assert all(0 <= each < 1 for each in draws["web-2"])


@pytest.mark.parametrize(("lowest", "waits_until_due"), [(0.6, False), (0.4, True)])
def test_nothing_is_looked_at_before_it_is_due_once_lists_were_scarce(lowest: float, waits_until_due: bool) -> None:
    budget = Budget("web")
    for now, share in ((0.0, 1.0), (600.0, lowest), (1200.0, 1.0)):
        budget.learn(Ask.LOOK, {LISTS: share * PUBLISHED[LISTS][0]}, now)
    assert (budget.wait(Ask.LOOK, 1200.0, due=1260.0) == 60) is waits_until_due
    assert budget.wait(Ask.LOOK, 1200.0) < 60


def test_a_run_forgets_after_a_long_wait_how_slow_others_made_it() -> None:
    budget = short_of(100.0)
    budget.begin_anew()
    assert budget.wait(Ask.LOOK, 3.0) == 0


@pytest.mark.parametrize(("seconds", "counted"), [(0.0, 0.0), (60.0, 60.0), (90.0, 90.0), (1200.0, MOST_COUNTED)])
def test_a_long_wait_after_a_429_counts_for_no_crowd(seconds: float, counted: float) -> None:
    budget = Budget("web")
    budget.count_refusal(seconds)
    assert budget.waited == counted < FIRST_ROUND


@pytest.mark.parametrize(
    ("before", "refusals", "after", "waits_until_due"),
    [
        pytest.param(40.0, 0, 0.0, False, id="few-began"),
        pytest.param(60.0, 0, 0.0, True, id="many-began"),
        pytest.param(0.0, 4, 0.0, False, id="azure-refused-one-alone"),
        pytest.param(40.0, 0, 400.0, False, id="few-began-and-the-run-waited-later"),
    ],
)
def test_runs_that_begin_together_look_only_when_it_is_due(
    before: float, refusals: int, after: float, waits_until_due: bool
) -> None:
    budget = Budget("web")
    budget.learn(Ask.LOOK, {LISTS: PUBLISHED[LISTS][0]}, 0.0)
    budget.waited = before
    for _ in range(refusals):
        budget.count_refusal(120.0)
    budget.save_looks_in_a_crowd()
    budget.waited += after
    assert (budget.wait(Ask.LOOK, 0.0, due=60.0) == 60) is waits_until_due
    assert budget.wait(Ask.LOOK, 0.0) == 0
