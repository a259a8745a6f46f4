"""One seed from drawing to verdict. A case plays the whole action, in process, on virtual time."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path

from azure_simulator import Reply, SimulatedAzure, VirtualClock
from harness.playing import cancelled_at, play_job
from harness.pool import Verdict, checks_of
from harness.wire import Request, Send, wired
from sweeps.seeds import checks_back, checks_calm, checks_lies, checks_reports, checks_writes
from sweeps.seeds.case import Case
from sweeps.seeds.drawing import draw_case
from sweeps.seeds.shrinking import shrunk
from sweeps.seeds.truth import Answered, Truth

MODULES = (checks_writes, checks_back, checks_lies, checks_reports, checks_calm)
CHECKS = {name.replace("_", "-"): check for name, check in checks_of(*MODULES).items()}
CRASHED = "crashed"  # the name of the check if the run, or a check, raised an error


def judge(seed: int) -> Verdict:
    """Run the case of a seed, and check it."""
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
