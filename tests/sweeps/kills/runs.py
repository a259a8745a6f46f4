"""Runs a scenario undisturbed, or kills it at one request, as SIGKILL does, and then runs it to its end."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from azure_simulator import ConnectionDropped, InstanceState, Reply, Scenario, SimulatedAzure, VirtualClock
from azure_simulator.wire.answers import AnswerTookTooLong
from harness.playing import Played, captured, job_environment, play_job
from harness.runner_files import read_outputs
from harness.wire import Request, Send, wired
from vmss_upgrade import post
from vmss_upgrade.azure_api.connection import Connector
from vmss_upgrade.job.progress import ROLLOUT, from_value


class Moment(Enum):
    """The moment of death at a call: before it reaches Azure, or after Azure carried it out, with the answer unread."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Kill:
    """The end of a run at its `call`-th request (1 is the first), including those for tokens."""

    call: int
    moment: Moment


class Killed(BaseException):
    """Signals the death of the process. It is not an Exception, so that no error handler catches it."""


class Cut:
    """An interceptor that passes requests on until `kill`, and none afterwards.

    A killed process would not do what the run does while Python unwinds it. `calls` counts the requests. `on_death`
    runs at the moment of the kill, when the files are as a killed process leaves them.
    """

    def __init__(self, kill: Kill | None = None, on_death: Callable[[], None] = lambda: None) -> None:
        self._kill = kill
        self._on_death = on_death
        self.calls = 0
        self.is_dead = False

    def __call__(self, request: Request, send: Send) -> Reply:
        """Answer one request, or die."""
        if self.is_dead:
            raise Killed
        self.calls += 1
        if self._kill == Kill(self.calls, Moment.BEFORE):
            self._die()
        if self._kill != Kill(self.calls, Moment.AFTER):
            return send(request)
        with suppress(ConnectionDropped, AnswerTookTooLong):  # this answer would not have come either
            send(request)
        self._die()

    def _die(self) -> NoReturn:
        self._on_death()
        self.is_dead = True
        raise Killed


class CutWeb:
    """The web of a process that may be killed at each of its hooks; one that is dead asks nothing more."""

    def __init__(self, azure: SimulatedAzure, cut: Cut) -> None:
        self._web = azure.web()
        self._cut = cut

    def ask(self, method: str, address: str, **how: Any) -> Any:
        """Answer one request, or die. Probes are no points: there is one a second, and all are alike."""
        if method == "GET" and not self._cut.is_dead:
            return self._web.ask(method, address, **how)
        request = Request(method, address, how["headers"], how["body"], how["timeout"])
        send: Any = lambda _: self._web.ask(method, address, **how)  # noqa: E731
        return self._cut(request, send)


PAUSES = (0.0, 30.0, 3600.0)  # seconds between the end of the job and the next run
INPUT = re.compile(r"`([a-z-]+): ([^`]+)`")  # one input, as the post step names it
SETTLED = 3600.0  # seconds after a run until all lagging values have arrived


@dataclass(frozen=True, kw_only=True)
class Ran:
    """The results of the run that ended by itself at `ended_at` (`last`), and of the killed run before it, if any.

    `left_behind` is what the job of the last run, and the post step before it, left drained, as a command, without its
    hook, or rolling. `goes_on`: the killed run had written the model, and instances were behind it when the next one
    began.
    `calls` counts the last run's requests, `goes_back` marks a rollback by hand. `lowest_available` is that until its
    end, and `later` the instances an hour after it, when no flag lags any more. `post` is the post step's exit code and
    text, `went_on` the seconds that passed in the killed run after its death.
    """

    scenario: Scenario
    last: Played
    calls: int
    ended_at: float
    lowest_available: int
    later: list[InstanceState]
    goes_back: bool
    goes_on: bool = False
    post: tuple[int, str] = (0, "")
    went_on: float = 0.0
    left_behind: tuple[str, ...] = ()

    @cached_property
    def instances(self) -> list[InstanceState]:
        """The instances after the last run."""
        return self.last.azure.instances(self.ended_at)

    @property
    def there(self) -> set[str]:
        """The instances that an upgrade would not change after the last run."""
        return {each.instance_id for each in self.instances if self.is_there(each)}

    @property
    def asked(self) -> list[InstanceState]:
        """Each instance just before each of its accepted upgrades."""
        azure = self.last.azure
        return [
            instance
            for upgrade in azure.upgrades
            for instance in azure.instances(upgrade.started_at - 0.001)
            if instance.instance_id in upgrade.instance_ids
        ]

    @property
    def largest_upgrade(self) -> int:
        """The largest number of instances in one upgrade request."""
        return max((len(upgrade.instance_ids) for upgrade in self.last.azure.upgrades), default=0)

    @property
    def model_updates(self) -> int:
        """The number of changes of the model that Azure accepted."""
        return sum(write.method == "PATCH" and write.status in (200, 201, 202) for write in self.last.writes)

    @property
    def standing(self) -> set[tuple[Any, ...]]:
        """The state of the instances an hour after the end."""
        return {
            (i.instance_id, i.image_version, i.latest_model_applied, i.provisioning_state, i.available)
            for i in self.later
        }

    def is_there(self, instance: InstanceState) -> bool:
        """Return True if Azure shows that an upgrade would not change the instance.

        For a disk in a storage account, and if the whole model is the goal, only the flag shows it.
        """
        if instance.latest_model_applied or instance.provisioning_state == "Failed":
            return instance.latest_model_applied
        inputs, target = self.scenario.inputs, self.last.outputs["target-image"]
        by_flag = "image-uri" in inputs or inputs.get("operation") == "upgrade-instances"
        return not by_flag and bool(target) and target.endswith(instance.image_version)


def undisturbed(scenario: Scenario) -> Ran:
    """Run the scenario to its end."""
    with TemporaryDirectory(prefix="vmss-upgrade-kill-") as folder:
        return _World(scenario, Path(folder)).finish(scenario.inputs)


def killed(scenario: Scenario, kill: Kill) -> Ran:
    """Kill the run, run the post step, pause for a time drawn from the point, then run the scenario to its end.

    The pause differs between neighbouring calls, and between the two moments of a call. The next run gets the inputs
    that the post step names if a rollback was in progress, otherwise the same inputs.
    """
    with TemporaryDirectory(prefix="vmss-upgrade-kill-") as folder:
        world = _World(scenario, Path(folder))
        went_on = world.until(kill)
        post_step = world.post_step()
        left = world.left_behind("the post step")
        world.clock.sleep(PAUSES[(kill.call + (kill.moment is Moment.AFTER)) % len(PAUSES)])
        goes_on = world.is_half_way()
        ran = world.finish(world.inputs_to_go_on())
        left = (*left, *ran.left_behind)
        return replace(ran, post=post_step, went_on=went_on, left_behind=left, goes_on=goes_on)


class _World:
    """One simulated Azure, one clock, and the jobs that run against them, each in its own folder."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.clock = VirtualClock()
        self._scenario = scenario
        self._folder = folder
        self._azure = SimulatedAzure(scenario, self.clock)
        self._saved: dict[str, str] = {}
        self._died_at = 0.0

    def until(self, kill: Kill) -> float:
        """Run until the kill. Discard everything that the run writes afterwards. Return how long it goes on."""

        def keep() -> None:
            state = self._folder / "killed" / "state.txt"
            self._saved = read_outputs(state.read_text() if state.exists() else "")
            self._died_at = self.clock.now()

        cut = Cut(kill, keep)
        self._run("killed", self._scenario.inputs, cut)
        if not cut.is_dead:
            raise ValueError(f"the run made {cut.calls} calls, so it was not killed at {kill.call}")
        return self.clock.now() - self._died_at

    def post_step(self) -> tuple[int, str]:
        """Run the post step of the killed run as the runner starts it. Return its exit code and text."""
        environ = job_environment(self._azure, self._job("post"), self._scenario.inputs)
        environ |= {f"STATE_{name}": value for name, value in self._saved.items()}

        web: Any = self._azure.web()

        def connected(account: Any, _environ: Any, clock: Any, console: Any) -> Any:
            over = wired(self._azure)(clock)
            return Connector(over, clock, user_agent="", mask=console.mask).scale_set(account, timeout=300)

        return captured(lambda: post.run(environ, self.clock, connect=connected, web=lambda _clock: web))

    def left_behind(self, after: str) -> tuple[str, ...]:
        """Return, in words, what is drained, a run command, or a batch without its hook `after` by now."""
        drained = [f"instance {id_} drained" for id_ in self._azure.drained]
        commands = [f"{each.name} on instance {each.instance_id}" for each in self._azure.commands if each.exists]
        owed = self._azure.web().hooks.befores_without_after() if "after-batch-url" in self._scenario.inputs else []
        hooks = [f"batch {call.batch} without its hook" for call in owed]
        rolls = ["a rolling upgrade at work"] if self._azure.is_rolling else []
        return tuple(f"{after} left {each}" for each in (*drained, *commands, *hooks, *rolls))

    def is_half_way(self) -> bool:
        """Return whether the model was written, and instances are behind it."""
        is_written = any(each.method == "PATCH" and each.status in (200, 201, 202) for each in self._azure.requests)
        return is_written and not all(each.latest_model_applied for each in self._azure.instances())

    def inputs_to_go_on(self) -> dict[str, str]:
        """Return the inputs of the next run, as the post step names them."""
        under_way = from_value(self._saved.get(ROLLOUT, ""))
        named = dict(INPUT.findall(under_way.way_back if under_way is not None else ""))
        stay = [name for name in self._scenario.inputs if not (named and name.startswith(("image-", "on-failure")))]
        return {name: self._scenario.inputs[name] for name in stay} | named

    def finish(self, inputs: Mapping[str, str]) -> Ran:
        """Run one job without a kill, and look at the instances an hour later."""
        cut = Cut()
        last = self._run("run", inputs, cut)
        ended_at, lowest = self.clock.now(), self._azure.lowest_available()
        left = self.left_behind("the run")
        self.clock.sleep(SETTLED)
        return Ran(
            scenario=self._scenario,
            last=last,
            calls=cut.calls,
            ended_at=ended_at,
            lowest_available=lowest,
            later=self._azure.instances(),
            goes_back=inputs.get("operation") == "rollback",
            left_behind=left,
        )

    def _run(self, job: str, inputs: Mapping[str, str], cut: Cut) -> Played:
        over, name, web = wired(self._azure, cut), self._scenario.name, CutWeb(self._azure, cut)
        return play_job(self._azure, self.clock, self._job(job), inputs, transport=over, name=name, web=web)

    def _job(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder
