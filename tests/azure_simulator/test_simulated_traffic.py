"""Clients of the instances behind a load balancer: what they see of an upgrade, with and without drains and surge."""

import itertools
import re
from collections.abc import Callable

import pytest
from simulated import Simulation, post

from azure_simulator.scenario.web.traffic import BalancerProbe, Traffic
from azure_simulator.state.guest.drained import drain, undrain
from azure_simulator.traffic.balancer import Balancer, passes
from azure_simulator.traffic.clients import SeenByClients, seen_by_clients

# Four instances, ten new connections a second of 10 to 30 s each. An upgrade takes 100 s, an application 20 s to start.
FOUR = """
description: four
fleet: {update_domains: [2, 2]}
timing: {request_latency: 0, upgrade_seconds: 100, healthy_after_seconds: 20}
traffic: {connections_per_second: 10, connection_seconds: [10, 30], capacity_per_instance: %s}
"""
ENOUGH = 100


def simulation(capacity: float = ENOUGH, more: str = "", seed: int = 0) -> Simulation:
    """Return the four with a model that they are behind, 100 s after the beginning."""
    world = Simulation(FOUR % capacity + more, seed)
    world.update_image()
    world.clock.sleep(40)
    return world


def seen(world: Simulation, seconds: float = 0) -> SeenByClients:
    world.clock.sleep(seconds)
    found = world.azure.seen_by_clients()
    assert found is not None
    return found


def drained(world: Simulation, *ids: str) -> None:
    for each in ids:
        drain(world.azure._set, each, world.clock.now())


# --- what the clients see ---


def test_clients_who_meet_no_upgrade_lose_nothing() -> None:
    found = seen(simulation(), 200)
    assert (found.requests, found.failed, found.cut, found.most) == (3000, 0, 0, 0)


def test_a_scenario_without_clients_counts_nothing() -> None:
    assert Simulation("description: x\nfleet: {update_domains: [1]}").azure.seen_by_clients() is None


@pytest.mark.parametrize("seed", range(5))
def test_an_upgrade_cuts_connections_and_fails_requests_until_the_probe_has_seen_it(seed: int) -> None:
    world = simulation(seed=seed)
    world.upgrade("0")
    early = seen(world, 10)
    # A quarter of the requests of 5 to 10 s, and of those of 20 s, the mean length, that are open.
    assert 5 <= early.unanswered <= 40
    assert 30 <= early.cut <= 70
    assert (early.refused, early.overload) == (0, 0)
    assert (early.worst_second, early.most >= early.cut) == (100, True)
    late = seen(world, 200)
    assert (late.unanswered, late.cut, late.requests) == (early.unanswered, early.cut, 3100)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("drained_for", "loses"),
    [
        pytest.param(0, "cut, unanswered", id="not-at-all"),
        pytest.param(20, "cut", id="too-short"),
        pytest.param(40, "", id="long-enough"),
    ],
)
def test_a_drain_of_so_many_seconds_leaves_so_much(seed: int, drained_for: float, loses: str) -> None:
    world = simulation(seed=seed)
    drained(world, "0", "2")
    world.clock.sleep(drained_for)
    world.upgrade("0", "2")
    found = seen(world, 300)
    lost = [name for name in ("cut", "unanswered", "refused", "overload") if getattr(found, name)]
    assert ", ".join(lost) == loses


@pytest.mark.parametrize("turns_unhealthy", ["true", "false"])
def test_a_command_drains_as_the_balancer_sees_it(turns_unhealthy: str) -> None:
    world = simulation(more=f"guest: [{{argument: drain, turns_unhealthy: {turns_unhealthy}}}]")
    for each in ("0", "2"):
        command = {"source": {"script": "exit 0"}, "parameters": [{"name": "what", "value": "drain"}]}
        body = {"location": "westeurope", "properties": command}
        path = f"{world.set_path}/virtualMachines/{each}/runCommands/drain"
        assert world.raw("PUT", path, body).status == 201
    world.clock.sleep(70)
    assert world.azure.drained == ["0", "2"]
    assert {each.healthy for each in world.azure.instances() if each.instance_id in "02"} == {
        turns_unhealthy == "false"
    }
    world.upgrade("0", "2")
    found = seen(world, 300)
    assert (found.failed, found.cut) == (0, 0)


def test_an_instance_gets_connections_again_after_an_undrain_and_not_before() -> None:
    world = simulation()
    balancer, first = Balancer(BalancerProbe(), world.azure._set), world.azure._set.instances["0"]
    drained(world, "0")
    assert balancer.is_in(first, world.clock.now())
    world.clock.sleep(10)
    assert not balancer.is_in(first, world.clock.now())
    undrain(world.azure._set, "0", world.clock.now())
    assert not balancer.is_in(first, world.clock.now())
    world.clock.sleep(10)
    assert balancer.is_in(first, world.clock.now())
    assert seen(world).failed + seen(world).cut == 0


@pytest.mark.parametrize(
    ("capacity", "overload"),
    [
        pytest.param(2.5, (200, 700), id="enough-for-four"),
        pytest.param(3.3, (1, 60), id="nearly-enough-for-three"),
        pytest.param(3.4, (0, 0), id="enough-for-three"),
    ],
)
def test_requests_fail_where_those_left_are_overloaded(capacity: float, overload: tuple[int, int]) -> None:
    world = simulation(capacity)
    drained(world, "0")
    world.clock.sleep(40)
    world.upgrade("0")
    found = seen(world, 300)
    assert overload[0] <= found.overload <= overload[1]
    assert found.failed == found.overload


NEW = (
    "faults: [{kind: appear, at: 50, instance: '9', update_domain: 0, creating_seconds: 30, healthy_after_seconds: 5}]"
)


def test_a_new_instance_takes_the_place_of_one_that_is_replaced() -> None:
    world = simulation(2.5, NEW)
    drained(world, "0")
    world.clock.sleep(40)
    world.upgrade("0")
    found = seen(world, 300)
    assert (found.failed, found.cut) == (0, 0)


def test_a_new_instance_gets_connections_once_the_probe_has_seen_it() -> None:
    world = simulation(more=NEW)
    assert len(world.azure.instances()) == 5
    balancer, new = Balancer(BalancerProbe(), world.azure._set), world.azure._set.instances["9"]
    # It is created at 50 s, and healthy from 85 s on; two probes in a row take 5 to 10 s.
    joined = next(second for second in range(50, 100) if balancer.is_in(new, float(second)))
    assert 90 <= joined <= 95


@pytest.mark.parametrize(("drained_for", "is_cut"), [(0, True), (40, False)])
def test_a_deletion_cuts_what_is_open(drained_for: float, is_cut: bool) -> None:
    world = simulation()
    drained(world, "3")
    world.clock.sleep(drained_for)
    assert post(world, "delete", "3").status == 202
    assert (seen(world, 100).cut > 0) is is_cut


def test_with_no_instance_in_every_request_fails() -> None:
    world = simulation()
    world.upgrade("0", "1", "2", "3")
    found = seen(world, 60)
    assert found.refused == pytest.approx(10 * 52.5, abs=30)
    assert found.failed == found.unanswered + found.refused == 600


def test_the_same_is_counted_at_every_later_moment() -> None:
    world = simulation(2.5)
    world.upgrade("0", "2")
    before, moment = seen(world, 77), world.clock.now()
    world.clock.sleep(500)
    traffic = world.azure.scenario.traffic
    assert traffic is not None
    assert seen_by_clients(traffic, Balancer(BalancerProbe(), world.azure._set), moment) == before
    assert before == seen(_again(lambda world: world.upgrade("0", "2"), 2.5), 77)
    assert before != seen(_again(lambda world: world.upgrade("0", "2"), 2.5, seed=1), 77)


def _again(happens: Callable[[Simulation], object], capacity: float, seed: int = 0) -> Simulation:
    world = simulation(capacity, seed=seed)
    happens(world)
    return world


# --- the load balancer ---


@pytest.mark.parametrize("threshold", [1, 2, 3])
@pytest.mark.parametrize("interval", [2.0, 5.0])
def test_the_balancer_changes_its_mind_after_so_many_results_in_a_row(threshold: int, interval: float) -> None:
    world = simulation()
    world.upgrade("0", "3")
    drained(world, "1")
    world.clock.sleep(7)
    undrain(world.azure._set, "1", world.clock.now())
    world.clock.sleep(300)
    balancer = Balancer(BalancerProbe(interval=interval, threshold=threshold), world.azure._set)
    changed = set()
    for each in world.azure._set.instances.values():
        is_in, results = True, [True] * threshold
        moments = balancer.probed(each, 400.0)
        assert [round(b - a, 6) for a, b in itertools.pairwise(moments)] == [interval] * (len(moments) - 1)
        for moment in moments:
            results = [*results[1:], passes(each, moment)]
            before, is_in = is_in, results[-1] if len(set(results)) == 1 else is_in
            assert balancer.is_in(each, moment) is is_in
            assert balancer.is_in(each, moment - 0.01) is before
            changed |= {each.instance_id} if before != is_in else set()
    assert changed >= {"0", "3"}
    assert "1" in changed or threshold * interval > 7
    assert "1" not in changed or (threshold - 1) * interval < 7


# --- the sentence ---


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (
            (12960, 30, 8, 0, 12, 245, 7),
            "38 of 12,960 requests failed, 12 connections were cut; the worst second was 4:05, with 7 of them.",
        ),
        (
            (500, 0, 0, 0, 1, 9, 1),
            "0 of 500 requests failed, 1 connection was cut; the worst second was 0:09, with 1 of them.",
        ),
        ((500, 0, 0, 0, 0, 0, 0), "0 of 500 requests failed, 0 connections were cut."),
    ],
)
def test_one_sentence_says_what_the_clients_saw(counts: tuple[int, ...], sentence: str) -> None:
    names = ("requests", "unanswered", "refused", "overload", "cut", "worst_second", "most")
    assert str(SeenByClients(**dict(zip(names, counts, strict=True)))) == f"What the clients saw: {sentence}"


def test_a_rate_and_the_capacities_may_be_fractions() -> None:
    world = simulation(0.25)
    slow = Traffic(connections_per_second=0.5, connection_seconds=(1, 1), capacity_per_instance=0.1)
    found = seen_by_clients(slow, Balancer(BalancerProbe(), world.azure._set), 100.0)
    assert found.requests == 50
    assert 1 <= found.overload <= 20  # a fifth of them: 0.4 of 0.5
    assert re.search(r"[1-9]\d* of 50 requests failed", str(found))
