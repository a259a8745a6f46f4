"""The rehearsal of a scale set from two files, timed from the start of its process, and what it is compared with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from azure_simulator import load_scenario
from harness.az_output import save_az_output

PROJECT = Path(__file__).resolve().parents[2]
# instances, whether troubles are played, seconds that it may take
CASES = ((600, False, 5.0), (600, True, 40.0), (20, True, 2.0))


def measure_rehearsals() -> list[tuple[str, float, float, str]]:
    """Return the name of each case, its time and its bound as shares of parsing the set at every look, and no unit."""
    return [_measured(*case) for case in CASES]


def _measured(count: int, with_troubles: bool, bound: float) -> tuple[str, float, float, str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = load_scenario("large")
        described = replace(large.scale_set, instances=large.scale_set.instances[:count])
        model, instances = save_az_output(replace(large, scale_set=described), folder)
        text = instances.read_bytes()
        began = time.perf_counter()
        json.loads(text)
        parsing = time.perf_counter() - began
        command = [sys.executable, __file__, str(model), str(instances), "troubles" if with_troubles else ""]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(str(PROJECT / part) for part in ("src", "tests"))}
        began = time.perf_counter()
        done = subprocess.run(command, check=True, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True)
        seconds = time.perf_counter() - began
    looks = int(done.stdout.split()[-1])
    what = f"rehearsal of {count} instances, {'all troubles' if with_troubles else 'undisturbed'}"
    print(f"{what}: {seconds:.1f} s (bound {bound:g} s), {looks} looks of {parsing * 1000:.1f} ms of parsing")
    return what, seconds / (looks * parsing), bound / (looks * parsing), ""


def main(model: str, instances: str, which: str) -> None:
    """Play the rehearsal, and print last how often the instances were looked at."""
    from vmss_rehearsal import copying
    from vmss_rehearsal.files import play_files
    from vmss_upgrade.rollout.history.report import Report

    if not which:
        copying.troubles_of = lambda *_: []
    reports: list[Report] = []
    add = Report.add

    def kept(report: Report, event: object) -> None:
        reports.append(report)
        add(report, event)  # type: ignore[arg-type]

    Report.add = kept  # type: ignore[method-assign,assignment]
    play_files(Path(model), Path(instances), Path("."), {}, {})
    rehearsal = next(report.rehearsal for report in reports if report.rehearsal)
    print(sum(trial.looks for trial in rehearsal.trials))


if __name__ == "__main__":
    main(*sys.argv[1:])
