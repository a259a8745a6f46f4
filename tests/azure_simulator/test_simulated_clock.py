import pytest

from azure_simulator import VirtualClock, WallClock


def test_time_advances_only_by_sleeping() -> None:
    clock = VirtualClock()
    assert clock.now() == 0
    clock.sleep(1.5)
    clock.sleep(0)
    clock.sleep(-3)
    assert clock.now() == 1.5


def test_calls_run_in_order_of_time_each_at_its_own_moment() -> None:
    clock, seen = VirtualClock(), []
    for when in (5, 2, 2, 9):
        clock.call_at(when, lambda when=when: seen.append((when, clock.now())))
    clock.sleep(6)
    assert seen == [(2, 2), (2, 2), (5, 5)]
    assert clock.now() == 6
    clock.sleep(3)
    assert seen[-1] == (9, 9)


def test_an_exception_leaves_the_sleep_at_its_moment_and_only_once() -> None:
    clock = VirtualClock()

    def interrupt() -> None:
        raise KeyboardInterrupt

    clock.call_at(4, interrupt)
    with pytest.raises(KeyboardInterrupt):
        clock.sleep(10)
    assert clock.now() == 4
    clock.sleep(1)
    assert clock.now() == 5


def test_nothing_can_be_called_in_the_past() -> None:
    clock = VirtualClock()
    clock.sleep(5)
    with pytest.raises(ValueError, match="5"):
        clock.call_at(4.9, lambda: None)


def test_pace_is_real_seconds_for_a_virtual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("azure_simulator.clock.time.sleep", slept.append)
    clock = VirtualClock(pace=1 / 60)
    clock.call_at(60, lambda: None)
    clock.sleep(90)
    assert slept == pytest.approx([1.0, 0.5])


def test_the_wall_clock_passes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([100.0, 103.0])
    slept: list[float] = []
    monkeypatch.setattr("azure_simulator.clock.time.monotonic", lambda: next(moments))
    monkeypatch.setattr("azure_simulator.clock.time.sleep", slept.append)
    clock = WallClock(pace=0.5)
    assert clock.now() == 6
    clock.sleep(4)
    assert slept == [2]


@pytest.mark.parametrize(("make", "pace"), [(VirtualClock, -1), (WallClock, 0), (WallClock, -1)])
def test_an_impossible_pace_is_refused(make: type, pace: float) -> None:
    with pytest.raises(ValueError, match="pace"):
        make(pace)
