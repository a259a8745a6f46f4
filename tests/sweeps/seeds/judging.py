"""One seed from drawing to verdict, and a failing case to the smallest. The whole action plays, on virtual time."""

import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

from azure_simulator import Reply, ScenarioError, SimulatedAzure, VirtualClock
from harness.playing import cancelled_at, play_job
from harness.pool import Verdict, checks_of
from harness.wire import Request, Send, wired
from sweeps.seeds import checks_back, checks_calm, checks_lies, checks_reports, checks_writes
from sweeps.seeds.case import Case
from sweeps.seeds.drawing import draw_case
from sweeps.seeds.truth import Answered, Truth

MODULES = (checks_writes, checks_back, checks_lies, checks_reports, checks_calm)
CHECKS = {name.replace("_", "-"): check for name, check in checks_of(*MODULES).items()}
CRASHED = "crashed"  # the name of the check if the run, or a check, raised an error


def judge(seed: int) -> Verdict:
    outcome, found = broken(draw_case(seed))
    wrong = (f"{name}: {sentence}" for name, sentences in found.items() for sentence in sentences)
    return Verdict(f"make sweeps SEED={seed}", outcome, tuple(wrong))


def run_case(case: Case) -> Truth:
    """Play the case, and note what its answers showed, and when. Errors of the action stay in the log."""
    clock = VirtualClock() if case.cancel_at is None else cancelled_at(case.cancel_at)
    azure = SimulatedAzure(case.scenario, clock, seed=case.seed)
    answered: list[Answered] = []

    def note(request: Request, send: Send) -> Reply:
        reply = send(request)
        answered.append(Answered(azure.requests[-1], reply.body))
        return reply

    with tempfile.TemporaryDirectory(prefix="vmss-upgrade-") as folder:
        over, name = wired(azure, note), case.scenario.name
        played = play_job(azure, clock, Path(folder), case.inputs, transport=over, name=name)
    return Truth(case, played, tuple(answered))


def broken(case: Case) -> tuple[str, dict[str, list[str]]]:
    """Return the outcome, and the problems by the name of the check. An error on the way is a problem, too."""
    try:
        truth = run_case(case)
        found = {name: list(check(truth)) for name, check in CHECKS.items()}
        return truth.outcome, {name: sentences for name, sentences in found.items() if sentences}
    except Exception:
        return CRASHED, {CRASHED: [traceback.format_exc()]}


def smallest(seed: int) -> Case:
    """Return the smallest case that fails the first failing check of this seed."""
    case = draw_case(seed)
    first = next(iter(broken(case)[1]))
    return shrunk(case, lambda smaller: first in broken(smaller)[1])


def shrunk(case: Case, still_fails: Callable[[Case], bool]) -> Case:
    """Remove one part after another while `still_fails`, and return the smallest case."""
    while (smaller := next(filter(still_fails, _smaller(case)), None)) is not None:
        case = smaller
    return case


def _smaller(case: Case) -> Iterator[Case]:
    """Yield every case with one part less that is still a valid scenario."""
    for candidate in _with_less(case):
        try:
            _ = candidate.scenario
        except ScenarioError:  # a fault or an override names something that is gone
            continue
        yield candidate


def _with_less(case: Case) -> Iterator[Case]:
    if case.cancel_at is not None:
        yield replace(case, cancel_at=None)
    for index in range(len(case.faults)):
        yield case.changed(faults=case.faults[:index] + case.faults[index + 1 :])
    for part in ("access_token_seconds", "repairs_suspended", "model", "guest", "scaling"):
        if part in case.document:
            yield case.changed(**{part: None})
    needed = {"operation", *(name for name in case.inputs if name.startswith("image-"))}
    yield from (case.changed(inputs=less) for less in _without_one(case.inputs, case.inputs.keys() - needed))
    instances = case.document["instances"]
    yield from (case.changed(instances=less) for less in _without_one(instances, instances.keys()))
    fleet = case.document["fleet"]
    optional = {"zones", "placement_groups", "missing_ids", "attached"}
    yield from (case.changed(fleet=less) for less in _without_one(fleet, optional))
    counts = fleet["update_domains"]
    for index, count in enumerate(counts):
        fewer = [count - 1] if count > 1 else []
        left = [*counts[:index], *fewer, *counts[index + 1 :]]
        if left:
            yield case.changed(fleet={**fleet, "update_domains": left})


def _without_one(whole: Mapping[str, Any], names: Set[str]) -> Iterator[dict[str, Any]]:
    """Yield the mapping without each of these keys that it has."""
    for name in filter(names.__contains__, whole):
        yield {key: value for key, value in whole.items() if key != name}
