"""RemoteScaleSet: what a read announces, what is read again, and what a write leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest

from azure_simulator.clock import VirtualClock
from builders import NEW, fleet
from vmss_upgrade.driver.hold import wait_to_begin
from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import OutOfTime, RunClock
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import InstanceList, OperationState
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.watching.budget import LISTS, PUBLISHED, Ask

SET = fleet("001122")


def error(trouble: Trouble) -> AzureError:
    return AzureError("No.", trouble=trouble, code="No", doing="asking")


DENIED, LOST, CONFLICT, THROTTLED = (
    error(each) for each in (Trouble.DENIED, Trouble.UNCERTAIN, Trouble.CONFLICT, Trouble.THROTTLED)
)


class Port:
    """Answers every call from the list of its name, then with what `SET` is; an answer that is an error is raised."""

    id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/web"

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.levels: Callable[[], Mapping[str, float]] = dict
        self.asked: list[str] = []

    def take_levels(self) -> Mapping[str, float]:
        return self.levels()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        usual = {
            "read_model": SET.model,
            "read_instances": InstanceList(instances=SET.instances, pages=1, remaining=None),
        }

        def call(*_: Any, **__: Any) -> Any:
            self.asked.append(name)
            answers = self.answers.get(name)
            answer = answers.pop(0) if answers else usual.get(name)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def remote_over(port: Port, **more: Any) -> RemoteScaleSet:
    return RemoteScaleSet(port, VirtualClock(), **more)  # type: ignore[arg-type]


def names(steps: Generator[Any, None, Any]) -> list[str]:
    """Return the names of the events of these steps."""
    return [type(event).__name__ for event in steps]


def test_reading_announces_what_was_seen() -> None:
    remote = remote_over(Port())
    assert names(remote.read_model()) == ["ScaleSetRead"]
    assert names(remote.read_model()) == []
    assert names(remote.look()) == [], "the plan says what was seen before it"
    remote.begin()
    assert names(remote.look()) == ["InstancesSeen"]
    assert remote.scale_set == SET


@pytest.mark.parametrize(
    ("port", "reads", "events"),
    [
        pytest.param(Port(read_model=[LOST, CONFLICT]), 1, ["Waiting", "Waiting", "ScaleSetRead"], id="waited-out"),
        pytest.param(Port(read_model=[SET.model, DENIED]), 2, ["ScaleSetRead", "Waiting"], id="denied-once"),
    ],
)
def test_reads_are_patient(port: Port, reads: int, events: list[str]) -> None:
    remote = remote_over(port)
    assert [name for _ in range(reads) for name in names(remote.read_model())] == events


@pytest.mark.parametrize(("answer", "counted"), [(THROTTLED, 1.0), (CONFLICT, 0.0)])
def test_a_wait_that_a_429_asks_for_counts_as_waiting_for_the_budget(answer: AzureError, counted: float) -> None:
    remote = remote_over(Port(read_model=[answer]))
    names(remote.read_model())
    assert remote.clock.elapsed() > 0
    assert remote.clock.budget.waited == counted * remote.clock.elapsed()


@pytest.mark.parametrize(("before", "after"), [(0.0, 900.0), (600.0, 900.0), (1000.0, 1000.0)])
def test_a_run_waits_for_its_turn_until_half_of_its_timeout_at_most(before: float, after: float) -> None:
    remote = remote_over(Port())
    names(remote.read_model())
    remote.clock.sleep(before)
    remote.clock.budget.learn(Ask.LOOK, {LISTS: 0.0}, before)
    names(wait_to_begin(remote, 3, Policy(timeout=1800.0)))
    assert remote.clock.elapsed() == after


@pytest.mark.parametrize(
    ("waited", "bake_time", "earliest", "latest"),
    [
        pytest.param(300.0, 30.0, 0.0, 0.0, id="first-round"),
        pytest.param(301.0, 30.0, 1600.0, 2000.0, id="second-round"),
        pytest.param(301.0, 300.0, 2950.0, 3700.0, id="second-round-with-long-bake-times"),
        pytest.param(301.0, 7200.0, 3570.0, 4450.0, id="no-later-than-leaves-time-for-a-third"),
    ],
)
def test_a_run_of_a_later_round_waits_until_the_one_before_should_be_done(
    waited: float, bake_time: float, earliest: float, latest: float
) -> None:
    remote = remote_over(Port())
    names(remote.read_model())
    remote.clock.budget.learn(Ask.LOOK, {LISTS: PUBLISHED[LISTS][0]}, 0.0)
    remote.clock.budget.waited = waited
    names(wait_to_begin(remote, 5, Policy(bake_time=bake_time, timeout=16_000.0)))
    assert earliest <= remote.clock.elapsed() <= latest


@pytest.mark.parametrize(("waited", "pause"), [(0.0, 0.0), (100.0, 60.0)])
def test_a_run_that_begins_among_many_looks_only_when_it_is_due(waited: float, pause: float) -> None:
    remote = remote_over(Port())
    names(remote.read_model())
    budget = remote.clock.budget
    budget.learn(Ask.LOOK, {LISTS: PUBLISHED[LISTS][0]}, 0.0)
    budget.waited = waited
    names(wait_to_begin(remote, 5, Policy()))
    assert (remote.clock.elapsed(), budget.wait(Ask.LOOK, 0.0, due=60.0)) == (0.0, pause)


@pytest.mark.parametrize(
    "answers",
    [pytest.param([DENIED], id="never-answered"), pytest.param([SET.model, DENIED, DENIED], id="denied-twice")],
)
def test_a_lasting_denial_is_raised(answers: list[Any]) -> None:
    remote = remote_over(Port(read_model=answers))
    with pytest.raises(AzureError):
        names(remote.read_model())
        names(remote.read_model())


@pytest.mark.parametrize(
    ("name", "write", "answers", "wrote", "moved"),
    [
        pytest.param("upgrade", lambda r: r.upgrade(["0"]), [], True, True, id="upgrade"),
        pytest.param("upgrade", lambda r: r.upgrade(["0"]), [LOST], True, True, id="upgrade-perhaps"),
        pytest.param("upgrade", lambda r: r.upgrade(["0"]), [CONFLICT], False, False, id="upgrade-refused"),
        pytest.param("set_image", lambda r: r.set_image(NEW, "tag"), [], True, True, id="model"),
        pytest.param("set_repairs", lambda r: r.set_repairs(suspended=True), [], True, False, id="repairs"),
        pytest.param("set_repairs", lambda r: r.set_repairs(suspended=True), [LOST], True, False, id="repairs-perhaps"),
    ],
)
def test_a_write_is_asked_once_and_remembered(
    name: str, write: Callable[[RemoteScaleSet], Any], answers: list[Any], wrote: bool, moved: bool
) -> None:
    remote = remote_over(port := Port(**{name: answers}))
    try:
        write(remote)
    except AzureError as raised:
        assert raised in (LOST, CONFLICT)
    assert (remote.wrote, remote.moved, port.asked) == (wrote, moved, [name])


def test_nothing_is_asked_once_the_time_is_over() -> None:
    remote = remote_over(port := Port(), timeout=10.0)
    with pytest.raises(OutOfTime):
        remote.clock.sleep(60.0)
    assert remote.clock.elapsed() == 10.0
    with pytest.raises(OutOfTime):
        names(remote.read_model())
    with pytest.raises(OutOfTime):
        remote.upgrade(["0"])
    assert port.asked == []
    remote.resume_repairs_at_once()
    assert port.asked == ["set_repairs"], "what is owed is asked for all the same"


class Steps:
    """An operation of Azure's whose polls answer from a list, the last one again and again."""

    asked_delay, correlation_id, problem, ended_at = None, "", None, ""

    def __init__(self, *answers: Any) -> None:
        self.answers = [*answers]

    def step(self) -> OperationState:
        answer: Any = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        state: OperationState = answer
        return state


@pytest.mark.parametrize(
    ("answers", "state", "because"),
    [
        pytest.param((OperationState.RUNNING, OperationState.SUCCEEDED), OperationState.SUCCEEDED, "", id="succeeds"),
        pytest.param((OperationState.RUNNING,), OperationState.RUNNING, "", id="endless"),
        pytest.param((DENIED,), OperationState.LOST, "may not read", id="may-not-be-polled"),
        pytest.param((error(Trouble.NO_RECORD),), OperationState.LOST, "no record", id="forgotten"),
    ],
)
def test_an_operation_is_followed(answers: tuple[Any, ...], state: OperationState, because: str) -> None:
    clock = RunClock(VirtualClock(), 3600.0)
    operation = FollowedOperation(Steps(*answers), clock)  # type: ignore[arg-type]
    seen: list[OperationState] = []

    def followed() -> Generator[Any, None, None]:
        seen.append((yield from operation.follow(clock.now() + 300.0)))

    names(followed())
    assert seen == [state]
    assert because in operation.lost_because
    assert clock.elapsed() <= 300.0


def looks(levels: list[int], *, due: float) -> tuple[list[str], float]:
    """Look once a second, and see so many reads left each time. Return the events, and the seconds of waiting."""
    left = iter(levels)
    port, events = Port(), list[str]()
    remote = remote_over(port)
    names(remote.read_model())
    port.levels = lambda: {"subscription-reads": float(next(left))}
    for _ in levels:
        remote.clock.sleep(1.0)
        events += names(remote.look(due=remote.clock.now() + due))
    return events, remote.clock.elapsed() - len(levels)


@pytest.mark.parametrize(
    ("levels", "due", "is_shown", "least", "most"),
    [
        pytest.param([240, 239, 238, 237, 236], 600.0, False, 0, 30, id="enough-is-left"),
        pytest.param([240, 120, *range(70, 51, -1)], 600.0, True, 30, 5000, id="others-empty-it"),
        pytest.param([240, 120, *range(70, 51, -1)], 0.0, False, 0, 30, id="what-is-due"),
        pytest.param([240, 150, 40, 20, 10, 9, 8], 0.0, False, 6, 22, id="what-is-due-of-the-share-of-others"),
    ],
)
def test_a_long_wait_for_what_others_spend_is_shown(
    levels: list[int], due: float, is_shown: bool, least: float, most: float
) -> None:
    events, seconds = looks(levels, due=due)
    assert ("Waiting" in events) is is_shown
    assert least <= seconds <= most
