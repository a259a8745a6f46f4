"""The services outside Azure that a scenario names: the receiver of hooks, and addresses that are probed."""

import json
import socket
import ssl
from typing import Any

import pytest
from simulated import SMALL, Simulation

from azure_simulator import ScenarioError, parse_scenario
from azure_simulator.state.guest.drained import drain, drained, undrain
from azure_simulator.state.periods import DrainedPeriod

HOOK = "https://hooks.example.com/batches"
PROBE = "https://app.example.com/"


def simulation(yaml: str = "hooks: {}", latency: float = 0.0) -> Simulation:
    return Simulation(SMALL.replace("request_latency: 0", f"request_latency: {latency}") + yaml)


def ask(world: Simulation, address: str, method: str = "POST", said: Any = None, **limits: Any) -> Any:
    limits = {"timeout": 10.0, "most_bytes": 65536, **limits}
    headers = {"Idempotency-Key": "one", "X-Sent": "yes"}
    body = b"" if said is None else json.dumps(said).encode()
    return world.azure.web().ask(method, address, headers=headers, body=body, **limits)


def hook(world: Simulation, phase: str = "before", batch: int = 1, **limits: Any) -> Any:
    return ask(world, HOOK, said={"phase": phase, "batch": batch}, **limits)


def answers(*entries: str) -> str:
    return "hooks: {answers: [" + ", ".join(entries) + "]}"


# --- hooks ---


def test_a_receiver_answers_200_and_keeps_a_book() -> None:
    world = simulation(latency=0.2)
    answer = hook(world, batch=3)
    assert (answer.status, answer.headers, answer.body, world.clock.now()) == (200, {}, b"{}", 0.2)
    (call,) = world.azure.web().hooks.calls
    assert (call.at, call.method, call.address, call.phase, call.batch) == (0.2, "POST", HOOK, "before", 3)
    assert (call.idempotency_key, call.headers["x-sent"], call.status) == ("one", "yes", 200)
    assert json.loads(call.body) == {"phase": "before", "batch": 3}


def test_a_batch_may_be_a_mapping_with_its_number_and_a_body_anything() -> None:
    world = simulation()
    for said in ({"phase": "after", "batch": {"number": 2, "of": 5}}, ["x"], {"batch": "2", "phase": "between"}):
        ask(world, HOOK, said=said)
    ask(world, HOOK)
    assert [(call.phase, call.batch) for call in world.azure.web().hooks.calls] == [("after", 2), *[(None, None)] * 3]


@pytest.mark.parametrize("yaml", ["", "hooks: {origin: 'https://other.example.com:8443'}"])
def test_a_host_that_no_scenario_names_does_not_exist(yaml: str) -> None:
    with pytest.raises(socket.gaierror, match="Name or service not known"):
        hook(simulation(yaml))


def test_a_receiver_may_have_an_origin_of_its_own() -> None:
    world = simulation("hooks: {origin: 'https://other.example.com:8443'}")
    assert ask(world, "https://other.example.com:8443/x?y").status == 200


@pytest.mark.parametrize(
    ("entry", "shows"),
    [
        pytest.param("{status: 500, body: oops}", (500, b"oops"), id="status-and-raw-body"),
        pytest.param("{body: {a: [1]}}", (200, b'{"a": [1]}'), id="json"),
        pytest.param("{body: ab, body_times: 3}", (200, b"ababab"), id="long"),
        pytest.param("{status: 409}", (409, b"{}"), id="conflict"),
        pytest.param("{decision: stop, reason: r}", (200, b'{"decision": "stop", "reason": "r"}'), id="stop"),
        pytest.param(
            "{decision: wait, retry_after: 9}", (200, b'{"decision": "wait", "retry-after": 9}'), id="wait-for"
        ),
        pytest.param(
            "{decision: skip, instances: ['2']}", (200, b'{"decision": "skip", "instances": ["2"]}'), id="skip"
        ),
    ],
)
def test_a_scripted_answer_is_sent(entry: str, shows: tuple[int, bytes]) -> None:
    answer = hook(simulation(answers(entry)))
    assert (answer.status, answer.body) == shows


def test_a_redirect_is_an_answer_like_any_other() -> None:
    answer = hook(simulation(answers("{status: 302, headers: {Location: 'https://evil.example.com/'}}")))
    assert (answer.status, answer.headers) == (302, {"location": "https://evil.example.com/"})


@pytest.mark.parametrize(
    ("entry", "statuses"),
    [
        pytest.param("{status: 500, phase: before}", "before 500, before 500, after 200, before2 500", id="phase"),
        pytest.param("{status: 500, batch: 2}", "before 200, before 200, after 200, before2 500", id="batch"),
        pytest.param("{status: 500, nth: 2}", "before 200, before 500, after 500, before2 500", id="nth"),
        pytest.param("{status: 500, count: 1}", "before 500, before 200, after 200, before2 200", id="count"),
        pytest.param(
            "{status: 500, phase: before, nth: 2, count: 1}", "before 200, before 500, after 200, before2 200", id="all"
        ),
    ],
)
def test_a_scripted_answer_goes_to_the_calls_that_it_matches(entry: str, statuses: str) -> None:
    world = simulation(answers(entry))
    for each in statuses.split(", "):
        name, _, status = each.partition(" ")
        phase, batch = (name[:-1], 2) if name.endswith("2") else (name, 1)
        assert hook(world, phase, batch).status == int(status), each


def test_the_first_answer_wins_and_a_window_holds() -> None:
    world = simulation(answers("{status: 503, during: {at: 10, seconds: 5}}", "{status: 418}"))
    assert hook(world).status == 418
    world.clock.sleep(10)
    assert hook(world).status == 503
    world.clock.sleep(5)
    assert hook(world).status == 418


def test_work_that_goes_on_after_a_202() -> None:
    world = simulation(answers("{decision: stop, polls: 2, headers: {Retry-After: '7'}, count: 1}"))
    begun = hook(world)
    assert (begun.status, begun.body, begun.headers["retry-after"]) == (202, b"", "7")
    polls = [ask(world, begun.headers["location"], "GET") for _ in range(4)]
    assert [each.status for each in polls] == [202, 202, 200, 200]
    assert polls[-1].body == b'{"decision": "stop"}'
    assert hook(world).status == 200
    assert ask(world, "https://hooks.example.com/operations/2", "GET").status == 404


def test_a_location_may_lead_elsewhere() -> None:
    answer = hook(simulation(answers("{polls: 1, headers: {Location: 'https://evil.example.com/'}}")))
    assert answer.headers["location"] == "https://evil.example.com/"


def test_at_most_so_many_bytes() -> None:
    assert hook(simulation(answers("{body: x, body_times: 100}")), most_bytes=10).body == b"x" * 10


@pytest.mark.parametrize(
    ("fails", "error", "noted"),
    [
        ("certificate", ssl.SSLCertVerificationError, 0),
        ("refused", ConnectionRefusedError, 0),
        ("name", socket.gaierror, 0),
        ("silence", TimeoutError, 1),
        ("lost-answer", ConnectionResetError, 1),
    ],
)
def test_no_answer_is_an_os_error_and_the_book_has_what_arrived(fails: str, error: type[OSError], noted: int) -> None:
    world = simulation(answers(f"{{fails: {fails}}}"))
    with pytest.raises(error):
        hook(world)
    assert [call.status for call in world.azure.web().hooks.calls] == [0] * noted


@pytest.mark.parametrize(
    ("slow", "timeout", "ends_at"), [(4, 10, 5), (9, 10, None), (20, 10, None), (0, 0.5, None)], ids=str
)
def test_a_slow_answer_takes_its_time_but_never_more_than_the_timeout(
    slow: float, timeout: float, ends_at: float | None
) -> None:
    world = simulation(answers(f"{{slow: {slow}}}"), latency=1)
    if ends_at is None:
        with pytest.raises(TimeoutError, match="timed out after"):
            hook(world, timeout=timeout)
    else:
        assert hook(world, timeout=timeout).status == 200
    assert world.clock.now() == (timeout if ends_at is None else ends_at)


@pytest.mark.parametrize(
    ("calls", "left"),
    [
        pytest.param("", [], id="none"),
        pytest.param("before1", [1], id="one"),
        pytest.param("before1 after1", [], id="called"),
        pytest.param("before1 before1 after1", [], id="one-after-for-two-tries"),
        pytest.param("before1 after1 before1", [1], id="again"),
        pytest.param("before1 before2 after1", [2], id="another"),
        pytest.param("after1 before1", [1], id="too-early"),
    ],
)
def test_befores_that_no_after_has_followed(calls: str, left: list[int]) -> None:
    world = simulation()
    for each in calls.split():
        hook(world, each[:-1], int(each[-1]))
    assert [call.batch for call in world.azure.web().hooks.befores_without_after()] == left


# --- probes ---


def probe(world: Simulation, address: str = PROBE) -> Any:
    return ask(world, address, "GET", timeout=2.0)


def results(world: Simulation, seconds: int, address: str = PROBE) -> set[Any]:
    """Ask every second, and return the statuses, with "silence" for none."""
    found: set[Any] = set()
    end = world.clock.now() + seconds
    while world.clock.now() < end:
        began = world.clock.now()
        try:
            found.add(probe(world, address).status)
        except TimeoutError:
            found.add("silence")
        world.clock.sleep(max(0.0, 1.0 - (world.clock.now() - began)))
    return found


def test_a_scripted_probe() -> None:
    world = simulation(
        f"probes: [{{address: '{PROBE}', balanced: false, answers: ["
        "{status: 503, during: {at: 10, seconds: 5}}, {fails: silence, during: {at: 20, seconds: 5}}]}]"
    )
    assert results(world, 10) == {200}
    assert results(world, 5) == {503}
    assert results(world, 5) == {200}
    assert results(world, 4) == {"silence"}


BALANCED = f"probes: [{{address: '{PROBE}'}}, {{address: 'https://app.example.com/health'}}]"


def test_an_instance_that_is_replaced_is_silent_until_the_balancer_takes_it_out() -> None:
    world = simulation(BALANCED)
    assert results(world, 20) == {200}
    world.update_image()
    world.upgrade("0", "2")
    assert results(world, 10) == {200, "silence"}
    assert results(world, 60) == {200}


def test_no_instance_no_answer() -> None:
    world = simulation(BALANCED)
    world.update_image()
    world.upgrade("0", "1", "2", "3")
    world.clock.sleep(20)
    assert results(world, 20) == {"silence"}


def test_a_drained_instance_serves_and_only_its_health_says_no() -> None:
    world = simulation(BALANCED)
    for each in ("0", "2"):
        drain(world.azure._set, each, 0.0)
    assert results(world, 9) == {200}
    for each in ("0", "2"):
        undrain(world.azure._set, each, 9.0)
    world.clock.sleep(20)
    for each in ("0", "2"):
        drain(world.azure._set, each, world.clock.now())
    assert results(world, 10, "https://app.example.com/health") == {200, 503}
    assert results(world, 30, "https://app.example.com/health") == {200}


def test_an_address_that_no_scenario_names() -> None:
    with pytest.raises(socket.gaierror):
        probe(simulation(BALANCED), "https://app.example.com/other")


# --- drained ---


def test_a_drained_instance_is_unhealthy_until_undrain() -> None:
    world = simulation()
    world.clock.sleep(5)
    drain(world.azure._set, "1", 5.0)
    drain(world.azure._set, "1", 5.0)
    assert drained(world.azure._set, 5.0) == ["1"]
    assert [each.instance_id for each in world.azure.instances() if not each.healthy] == ["1"]
    world.clock.sleep(5)
    undrain(world.azure._set, "1", 10.0)
    undrain(world.azure._set, "1", 10.0)
    assert drained(world.azure._set, 10.0) == []
    assert all(each.healthy for each in world.azure.instances())
    assert world.azure.lowest_available() == 3


def test_a_drain_that_azure_does_not_see_takes_an_instance_out_all_the_same() -> None:
    world = simulation(BALANCED)
    for each in ("0", "2"):
        world.azure._set.instances[each].drained_periods.append(DrainedPeriod(1.0, unhealthy=False))
    world.clock.sleep(2)
    assert all(each.healthy for each in world.azure.instances())
    assert results(world, 10, "https://app.example.com/health") == {200, 503}
    assert results(world, 20, "https://app.example.com/health") == {200}


def test_an_upgrade_ends_a_drain() -> None:
    world = simulation()
    world.update_image()
    drain(world.azure._set, "1", world.clock.now())
    world.upgrade("1")
    world.clock.sleep(130)
    assert all(each.healthy for each in world.azure.instances())


# --- reading ---


@pytest.mark.parametrize(
    ("yaml", "problem"),
    [
        ("hooks: {anwsers: []}", "hooks.anwsers: is not known; did you mean 'answers'?"),
        ("hooks: {origin: 'http://a'}", "hooks.origin: must be https://HOST or https://HOST:PORT"),
        ("hooks: {origin: 'https://a/b'}", "hooks.origin: must be https://HOST or https://HOST:PORT"),
        (answers("{phase: later}"), "hooks.answers[0].phase: must be one of before, after"),
        (answers("{fails: tls}"), "hooks.answers[0].fails: must be one of certificate, refused"),
        (answers("{decision: go}"), "hooks.answers[0].decision: must be one of wait, skip, stop"),
        (answers("{reason: x}"), "hooks.answers[0].reason: is not known"),
        ("probes: [{}]", "probes[0].address: is missing"),
        ("probes: [{address: x, answers: [{phase: before}]}]", "probes[0].answers[0].phase: is not known"),
        ("balancer: {interval: 0}", "balancer: needs an interval and a threshold of 1 or more"),
        ("traffic: {}", "traffic.connections_per_second: is missing"),
    ],
)
def test_a_scenario_that_cannot_be_played(yaml: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse_scenario(SMALL + yaml, "test", "test.yml")
    assert problem in str(error.value)
