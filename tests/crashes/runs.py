"""A scenario run undisturbed, or killed at one call and run again until it ends by itself."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from azure_simulator import InstanceState, Scenario, SimulatedAzure, VirtualClock
from crashes.wire import Kill, Moment, Wire, connect_over, patches
from playing import read_outputs
from vmss_upgrade import post
from vmss_upgrade.main import run
from vmss_upgrade.rehearsal import environment
from vmss_upgrade.reporters.state import ROLLOUT
from vmss_upgrade.reporters.under_way import from_value

PAUSES = (0.0, 30.0, 3600.0)  # seconds between the end of the job and the next run

INPUT = re.compile(r"`([a-z-]+): ([^`]+)`")  # one input, as the post step names it
SETTLED = 3600.0  # seconds after a run in which all that lags arrives


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What was left by a run that ended by itself, and, where there was one, by the killed run before it.

    `instances` are as the last run left them, `later` an hour after it, when no flag lags any more.
    Exit code, outputs, log and number of calls are the last run's; all else is Azure's own truth. `post_exit_code`
    and `post_log` are the post step's, `goes_back` tells of a last run that was a rollback by hand,
    `went_on` seconds that passed in the killed run after its death.
    """

    exit_code: int
    outputs: dict[str, str]
    log: str
    calls: int
    available_at_first: int
    lowest_available: int
    instances: tuple[InstanceState, ...]
    later: tuple[InstanceState, ...]
    asked: tuple[InstanceState, ...]
    largest_upgrade: int
    model_updates: int
    repairs_suspended: bool
    goes_back: bool
    post_exit_code: int = 0
    post_log: str = ""
    went_on: float = 0.0

    @property
    def outcome(self) -> str:
        """How the last run ended, in its own word."""
        return self.outputs.get("outcome", "")


def undisturbed(scenario: Scenario) -> Ran:
    """The scenario from its beginning to its end."""
    with TemporaryDirectory(prefix="vmss-upgrade-crash-") as folder:
        return _World(scenario, Path(folder)).to_its_end()


def killed(scenario: Scenario, kill: Kill) -> Ran:
    """The same, killed: then the post step, a pause that is drawn from the point, and a run that ends by itself, with
    the inputs that the post step names where a rollback was under way, else with the same.
    """
    with TemporaryDirectory(prefix="vmss-upgrade-crash-") as folder:
        world = _World(scenario, Path(folder))
        went_on = world.until(kill)
        post_exit_code, post_log = world.post_step()
        world.clock.sleep(pause_after(kill))
        again = world.to_its_end(world.inputs_to_go_on())
        return replace(again, post_exit_code=post_exit_code, post_log=post_log, went_on=went_on)


def pause_after(kill: Kill) -> float:
    """Each of the pauses comes after every third call, and after the two moments of a call a different one."""
    return PAUSES[(kill.call + (kill.moment is Moment.AFTER)) % len(PAUSES)]


class _World:
    """One simulated Azure, one clock, and the jobs that run against them."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.clock = VirtualClock()
        self._scenario = scenario
        self._folder = folder
        self._azure = SimulatedAzure(scenario, self.clock)
        self._available_at_first = _available(self._azure)
        self._wires: list[Wire] = []
        self._saved: dict[str, str] = {}

    def until(self, kill: Kill) -> float:
        """Run until the kill; what the run writes while it is unwound is thrown away."""
        environ = self._job("killed")
        state = Path(environ["GITHUB_STATE"])
        wire = self._wire(kill, lambda: self._saved.update(read_outputs(state.read_text())))
        _silently(lambda: self._run(environ, wire))
        if wire.died_at is None:
            raise ValueError(f"the run made {wire.calls} calls only, so it was not killed at {kill.call}")
        return self.clock.now() - wire.died_at

    def post_step(self) -> tuple[int, str]:
        """The post step of the killed run, as the runner starts it."""
        environ = self._job("post") | {f"STATE_{name}": value for name, value in self._saved.items()}
        return _silently(lambda: post.run(environ, self.clock, connect=connect_over(self._wire())))

    def inputs_to_go_on(self) -> dict[str, str]:
        """The inputs of the next run, as the post step has told them."""
        under_way = from_value(self._saved.get(ROLLOUT, ""))
        told = dict(INPUT.findall(under_way.way_back if under_way is not None else ""))
        if not told:
            return dict(self._scenario.inputs)
        kept = {k: v for k, v in self._scenario.inputs.items() if not (k.startswith("image-") or k == "on-failure")}
        return kept | told

    def to_its_end(self, inputs: Mapping[str, str] | None = None) -> Ran:
        """One run that nobody disturbs, with the scenario's inputs or others."""
        environ, wire = self._job("run", inputs), self._wire()
        exit_code, log = _silently(lambda: self._run(environ, wire))
        lowest, instances = self._azure.lowest_available(), tuple(self._azure.instances())
        self.clock.sleep(SETTLED)
        asked = tuple(instance for each in self._wires for instance in each.asked)
        return Ran(
            exit_code=exit_code,
            outputs=read_outputs(Path(environ["GITHUB_OUTPUT"]).read_text()),
            log=log,
            calls=wire.calls,
            available_at_first=self._available_at_first,
            lowest_available=lowest,
            instances=instances,
            later=tuple(self._azure.instances()),
            asked=asked,
            largest_upgrade=max((len(upgrade.instance_ids) for upgrade in self._azure.upgrades), default=0),
            model_updates=patches(self._azure),
            repairs_suspended=self._azure.repairs_suspended,
            goes_back=(inputs or self._scenario.inputs).get("operation") == "rollback",
        )

    def _run(self, environ: dict[str, str], wire: Wire) -> int:
        return run(environ, self.clock, transport=lambda _clock: wire.transport(), simulated=self._scenario.name)

    def _wire(self, kill: Kill | None = None, on_death: Callable[[], None] = lambda: None) -> Wire:
        self._wires.append(Wire(self._azure, self.clock, kill, on_death))
        return self._wires[-1]

    def _job(self, name: str, inputs: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a job of its own, with a folder of its own."""
        folder = self._folder / name
        folder.mkdir()
        for file in ("state.txt", "outputs.txt", "summary.md"):
            (folder / file).touch()
        return environment(self._azure, folder, inputs or self._scenario.inputs) | {
            "GITHUB_STATE": str(folder / "state.txt")
        }


def _available(azure: SimulatedAzure) -> int:
    return sum(instance.available for instance in azure.instances())


def _silently(work: Callable[[], int]) -> tuple[int, str]:
    """What the work returns, and what it printed."""
    log = io.StringIO()
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        exit_code = work()
    return exit_code, log.getvalue()
