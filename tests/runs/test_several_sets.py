"""The action on the scale sets of one simulated subscription, one after the other."""

from pathlib import Path

import pytest

from azure_simulator import SimulatedSubscription, VirtualClock, load_scenario
from harness.playing import Played, play_in

NEW, OLD = "22.04.202611010", "22.04.202610010"
NAMES = ("canary-weu", "api-weu", "api-neu", "web-weu", "web-neu", "web-neu-flex")


class Fleet:
    """A fleet whose sets are rolled in turn, each in a job of its own."""

    def __init__(self, scenario: str, folder: Path) -> None:
        self._clock = VirtualClock()
        self._folder = folder
        self.subscription = SimulatedSubscription(load_scenario(scenario), self._clock)

    def roll(self, name: str, job: str = "first") -> Played:
        folder = self._folder / job / name
        folder.mkdir(parents=True)
        return play_in(self.subscription, self._clock, folder, name)

    def versions(self) -> dict[str, set[str]]:
        return {name: {i.image_version for i in self.subscription.set_named(name).instances()} for name in NAMES}


@pytest.mark.sweep
def test_every_set_of_the_fleet_is_rolled(tmp_path: Path) -> None:
    fleet = Fleet("fleet", tmp_path)
    assert [fleet.roll(name).exit_code for name in NAMES[:3]] == [0, 0, 0]
    assert fleet.versions() == {name: {NEW} if name in NAMES[:3] else {OLD} for name in NAMES}
    assert [fleet.roll(name).exit_code for name in NAMES[3:]] == [0, 0, 0]
    assert fleet.versions() == {name: {NEW} for name in NAMES}
    assert not {429, 501} & {each.status for each in fleet.subscription.requests}


def test_one_set_fails_and_is_rolled_the_second_time(tmp_path: Path) -> None:
    fleet = Fleet("fleet-one-fails", tmp_path)
    failed = fleet.roll("api-weu")
    assert (failed.exit_code, failed.outcome) == (1, "rolled-back")
    assert fleet.versions() == {name: {OLD} for name in NAMES}
    assert fleet.roll("api-weu", "second").exit_code == 0
    assert fleet.versions() == {name: {NEW} if name == "api-weu" else {OLD} for name in NAMES}
