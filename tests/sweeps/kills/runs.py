"""Runs a scenario undisturbed, or kills it at one call and then runs it to its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from azure_simulator import InstanceState, Scenario, SimulatedAzure, VirtualClock
from harness.playing import Played, captured, job_environment, play_job
from harness.runner_files import read_outputs
from harness.wire import wired
from sweeps.kills.wire import Cut, Kill, Moment
from vmss_upgrade import post
from vmss_upgrade.azure_api.connection import connect
from vmss_upgrade.handover.progress import ROLLOUT, from_value

PAUSES = (0.0, 30.0, 3600.0)  # seconds between the end of the job and the next run

INPUT = re.compile(r"`([a-z-]+): ([^`]+)`")  # one input, as the post step names it
SETTLED = 3600.0  # seconds after a run until all lagging values have arrived


@dataclass(frozen=True, kw_only=True)
class Ran:
    """The results of the run that ended by itself (`last`), and of the killed run before it, if there was one.

    `instances` is their state after the last run, `later` an hour after it, when no flag lags any more. `calls` counts
    the last run's requests, `goes_back` marks a rollback by hand. `post` is the post step's exit code and text,
    `went_on` the seconds that passed in the killed run after its death.
    """

    last: Played
    calls: int
    available_at_first: int
    lowest_available: int
    instances: tuple[InstanceState, ...]
    later: tuple[InstanceState, ...]
    goes_back: bool
    post: tuple[int, str] = (0, "")
    went_on: float = 0.0

    @property
    def asked(self) -> list[InstanceState]:
        """Return each instance just before each of its accepted upgrades."""
        azure = self.last.azure
        return [
            instance
            for upgrade in azure.upgrades
            for instance in azure.instances(upgrade.started_at - 0.001)
            if instance.instance_id in upgrade.instance_ids
        ]

    @property
    def largest_upgrade(self) -> int:
        """Return the largest number of instances in one upgrade request."""
        return max((len(upgrade.instance_ids) for upgrade in self.last.azure.upgrades), default=0)

    @property
    def model_updates(self) -> int:
        """Return how many changes of the model Azure accepted."""
        return sum(write.method == "PATCH" and write.status in (200, 201, 202) for write in self.last.writes)


def undisturbed(scenario: Scenario) -> Ran:
    """Run the scenario to its end."""
    with TemporaryDirectory(prefix="vmss-upgrade-kill-") as folder:
        return _World(scenario, Path(folder)).finish(scenario.inputs)


def killed(scenario: Scenario, kill: Kill) -> Ran:
    """Kill the run, run the post step, pause for a time drawn from the point, then run the scenario to its end.

    The next run gets the inputs that the post step names if a rollback was in progress, otherwise the same inputs.
    """
    with TemporaryDirectory(prefix="vmss-upgrade-kill-") as folder:
        world = _World(scenario, Path(folder))
        went_on = world.until(kill)
        post_step = world.post_step()
        world.clock.sleep(pause_after(kill))
        again = world.finish(world.inputs_to_go_on())
        return replace(again, post=post_step, went_on=went_on)


def pause_after(kill: Kill) -> float:
    """Return a pause that differs between neighbouring calls, and between the two moments of a call."""
    return PAUSES[(kill.call + (kill.moment is Moment.AFTER)) % len(PAUSES)]


class _World:
    """One simulated Azure, one clock, and the jobs that run against them, each in its own folder."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.clock = VirtualClock()
        self._scenario = scenario
        self._folder = folder
        self._azure = SimulatedAzure(scenario, self.clock)
        self._available_at_first = sum(instance.available for instance in self._azure.instances())
        self._saved: dict[str, str] = {}
        self._died_at = 0.0

    def until(self, kill: Kill) -> float:
        """Run until the kill. Discard everything that the run writes afterwards."""
        folder = self._job("killed")

        def keep() -> None:
            state = folder / "state.txt"
            self._saved = read_outputs(state.read_text() if state.exists() else "")
            self._died_at = self.clock.now()

        cut = Cut(kill, keep)
        self._run(folder, self._scenario.inputs, cut)
        if not cut.is_dead:
            raise ValueError(f"the run made {cut.calls} calls, so it was not killed at {kill.call}")
        return self.clock.now() - self._died_at

    def post_step(self) -> tuple[int, str]:
        """Run the post step of the killed run as the runner starts it. Return its exit code and text."""
        environ = job_environment(self._azure, self._job("post"), self._scenario.inputs)
        environ |= {f"STATE_{name}": value for name, value in self._saved.items()}

        def connected(account: Any, _environ: Any, clock: Any, console: Any) -> Any:
            over = wired(self._azure)(clock)
            return connect(account, over, clock, user_agent="", mask=console.mask, trace=None, timeout=300)

        return captured(lambda: post.run(environ, self.clock, connect=connected))

    def inputs_to_go_on(self) -> dict[str, str]:
        """Return the inputs of the next run, as the post step names them."""
        under_way = from_value(self._saved.get(ROLLOUT, ""))
        named = dict(INPUT.findall(under_way.way_back if under_way is not None else ""))
        if not named:
            return dict(self._scenario.inputs)
        kept = {k: v for k, v in self._scenario.inputs.items() if not (k.startswith("image-") or k == "on-failure")}
        return kept | named

    def finish(self, inputs: Mapping[str, str]) -> Ran:
        """Run one job without a kill."""
        cut = Cut()
        last = self._run(self._job("run"), inputs, cut)
        lowest, instances = self._azure.lowest_available(), tuple(self._azure.instances())
        self.clock.sleep(SETTLED)
        return Ran(
            last=last,
            calls=cut.calls,
            available_at_first=self._available_at_first,
            lowest_available=lowest,
            instances=instances,
            later=tuple(self._azure.instances()),
            goes_back=inputs.get("operation") == "rollback",
        )

    def _run(self, folder: Path, inputs: Mapping[str, str], cut: Cut) -> Played:
        transport = wired(self._azure, cut)
        return play_job(self._azure, self.clock, folder, inputs, transport=transport, name=self._scenario.name)

    def _job(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder
