"""`python -m sweeps.mutants`: make mutants of the decisions, and say how many of them the decisions' own tests miss.

Runs in the project's root, needs `src` and `tests` on the path, and leaves `mutants/`: `mutmut browse` shows them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from sweeps.mutants.judging import described, reached, survivors, verdict

REASONS = Path(__file__).with_name("survivors.yml")


def main() -> int:
    """Run mutmut, print the figure and what survives for no known reason, and return 1 if something is wrong."""
    shutil.rmtree("mutants", ignore_errors=True)  # else mutmut keeps the verdicts of tests that have changed since
    mutmut("run")
    states = dict(line.strip().rsplit(": ", 1) for line in mutmut("results", "--all", "true").splitlines())
    of = len(reached(states))
    lived = [described(name, mutmut("show", name)) for name in survivors(states)]
    print(
        f"mutants: {len(lived)} of {of} that a test reaches survive, {len(lived) / of:.2%}; "
        f"{len(states) - of} are not reached."
    )
    reasons = yaml.safe_load(REASONS.read_text(encoding="utf-8"))
    print(*(f"It survives: {name}" for name in lived if name not in reasons), sep="\n")
    wrong = verdict(lived, of, reasons)
    print(*wrong, sep="\n")
    return bool(wrong)


def mutmut(*arguments: str) -> str:
    """Return what mutmut printed; where it could not run, say why and end."""
    command = [Path(sys.executable).with_name("mutmut"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout[-2000:]}{done.stderr}\nmutmut {arguments[0]} failed.")
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
