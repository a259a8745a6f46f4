"""Plays a scenario through the whole action, in process, on virtual time."""

import contextlib
import io
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from unittest import mock

from azure_simulator import (
    Reply,
    RequestRecord,
    Scenario,
    SimulatedAzure,
    SimulatedSubscription,
    VirtualClock,
    load_scenario,
    read_scenario,
)
from azure_simulator.transport import SimulatorTransport
from harness.runner_files import read_outputs
from harness.wire import Interceptor, Request, Send, wired
from vmss_rehearsal import rehearse_copy
from vmss_upgrade.errors import Interrupted
from vmss_upgrade.main import run
from vmss_upgrade.rehearsal import environment

# A scenario cannot press Ctrl-C: seconds until somebody does.
CANCELLED = {"faults/cancelled": 120.0}
BUGS = ("Traceback (most recent call last)", "Internal error", "could not report")


@dataclass(frozen=True)
class Played:
    """The result of a run. `azure` has its own state; `sent` has every request, whatever its result."""

    exit_code: int
    log: str
    files: dict[str, str]
    azure: SimulatedAzure
    sent: list[Request] = field(default_factory=list)

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Read the outputs as the runner does. Raises NotReadable."""
        return read_outputs(self.files["outputs.txt"])

    @cached_property
    def record(self) -> dict[str, Any]:
        """The JSON record; empty if there is none."""
        return dict(json.loads(self.files["record.json"] or "{}"))

    @property
    def bugs(self) -> list[str]:
        """The texts in log and summary that show a bug of the action."""
        return [bug for bug in BUGS if bug in self.log + self.summary]

    @property
    def summary(self) -> str:
        return self.files["summary.md"]

    @property
    def outcome(self) -> str:
        return self.outputs.get("outcome", "")

    def ids(self, output: str) -> list[str]:
        """Return the ids in an output that is a list."""
        return list(json.loads(self.outputs.get(output) or "[]"))

    @property
    def batches_took(self) -> float:
        """Seconds from the start of the first batch to the end."""
        return float(self.record["duration"]) - float(self.record["batches"][0]["started_at"])

    @property
    def writes(self) -> list[RequestRecord]:
        """Every request to Resource Manager that is not a GET."""
        return [r for r in self.azure.requests if r.method != "GET" and "/providers/" in r.path]

    @property
    def upgrade_calls(self) -> list[list[str]]:
        """The ids of every accepted manualupgrade, in order."""
        calls = [r for r in self.writes if r.path.lower().endswith("/manualupgrade") and r.status == 202]
        return [json.loads(call.body)["instanceIds"] for call in calls]


def play(
    scenario: Scenario | Mapping[str, Any] | str,
    folder: Path,
    *,
    seed: int = 0,
    inputs: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    clock: VirtualClock | None = None,
    interceptors: Iterable[Interceptor] = (),
) -> Played:
    """Run the action on a scenario, given itself, by name, or as a dict. `inputs` are added to the scenario's own."""
    scenario, clock = as_scenario(scenario), clock or VirtualClock()
    azure = SimulatedAzure(scenario, clock, seed=seed)
    settings = {**scenario.inputs, **(inputs or {})}
    sent: list[Request] = []

    def note(request: Request, send: Send) -> Reply:
        sent.append(request)
        return send(request)

    transport = wired(azure, note, *interceptors)
    played = play_job(azure, clock, folder, settings, environ, transport=transport, name=scenario.name)
    return replace(played, sent=sent)


def play_in(subscription: SimulatedSubscription, clock: VirtualClock, folder: Path, name: str) -> Played:
    """Run the action on the set of this name, one of several, and return what became of that set."""
    azure, scenario = subscription.set_named(name), subscription.scenario
    settings = {**scenario.inputs, "resource-group": azure.coordinates["resource_group"], "scale-set": name}
    exchange, sleep = subscription.exchange, clock.sleep
    return play_job(
        azure, clock, folder, settings, transport=lambda _: SimulatorTransport(exchange, sleep), name=scenario.name
    )


def play_job(
    azure: SimulatedAzure,
    clock: VirtualClock,
    folder: Path,
    inputs: Mapping[str, str],
    environ: Mapping[str, str] | None = None,
    *,
    transport: Callable[[Any], SimulatorTransport],
    name: str,
    web: Any = None,
) -> Played:
    """Run the action over a transport to an existing Azure, with its files in `folder`. `web` stands before its web."""
    job = {**job_environment(azure, folder, inputs), **(environ or {})}
    web = web or azure.web()  # its answers are the port's in all but the name of their class
    seam: dict[str, Any] = {"transport": transport, "web": lambda _clock: web, "rehearse": rehearse_copy}
    exit_code, log = captured(lambda: run(job, clock, simulated=name, **seam))
    places = {
        "outputs.txt": job["GITHUB_OUTPUT"],
        "summary.md": job["GITHUB_STEP_SUMMARY"],
        "state.txt": job["GITHUB_STATE"],
        "record.json": f"{job['GITHUB_WORKSPACE']}/record.json",
    }
    return Played(exit_code, log, {name: _text_of(Path(place)) for name, place in places.items()}, azure)


def job_environment(azure: SimulatedAzure, folder: Path, inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a job with its files in `folder`."""
    return {**environment(azure, folder, inputs), "GITHUB_STATE": str(folder / "state.txt")}


def captured(work: Callable[[], int]) -> tuple[int, str]:
    """Run the work. Return its result, and the text that it printed as bytes."""
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) as log:
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            exit_code = work()
        log.buffer.seek(0)
        return exit_code, log.buffer.read().decode()


def cancelled_at(seconds: float) -> VirtualClock:
    """Return a clock on which the job is cancelled once, after this many seconds."""
    clock = VirtualClock()
    clock.call_at(seconds, _cancel)
    return clock


def as_scenario(scenario: Scenario | Mapping[str, Any] | str) -> Scenario:
    """Return a scenario that is given itself, by name, or as a dict, which needs no description."""
    if isinstance(scenario, str):
        return load_scenario(scenario)
    if isinstance(scenario, Scenario):
        return scenario
    return read_scenario({"description": "For a test.", **scenario}, "test", "test")


@cache
def play_once(name: str) -> Played:
    """Play a shipped scenario on one clock, once for all tests that only look at the result."""
    clock = cancelled_at(CANCELLED[name]) if name in CANCELLED else VirtualClock()
    with one_clock(clock):
        return play(name, Path(tempfile.mkdtemp(prefix="vmss-upgrade-test-")), clock=clock)


@contextlib.contextmanager
def one_clock(clock: VirtualClock) -> Iterator[None]:
    """Make the virtual clock the wall clock, which MSAL reads. Another sleep would be a loop inside the SDK."""
    began = time.time()

    def no_sleep(seconds: float) -> None:
        raise AssertionError(f"a sleep of {seconds} s on another clock")

    with mock.patch("time.time", lambda: began + clock.now()), mock.patch("time.sleep", no_sleep):
        yield


def _cancel() -> None:
    raise Interrupted


def _text_of(file: Path) -> str:
    """Return the text of a file with its line breaks unchanged; empty if there is no file."""
    return file.read_bytes().decode() if file.is_file() else ""
