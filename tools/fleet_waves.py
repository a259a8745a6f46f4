"""Makes waves 2 to 6 of .github/workflows/fleet.yml from wave 1.

GitHub knows no loop over jobs. `python tools/fleet_waves.py` writes the copies; with `--check` it only compares them,
and exits with 1 if they differ.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / ".github" / "workflows" / "fleet.yml"
WAVES = 6
FIRST, LAST = "  # --- wave 1\n", "  # --- report\n"


def main(arguments: list[str]) -> int:
    """Write or compare the copies. Return the exit code."""
    text = FILE.read_text(encoding="utf-8")
    wanted = with_copies(text)
    if "--check" in arguments:
        return int(text != wanted)
    FILE.write_text(wanted, encoding="utf-8")
    return 0


def with_copies(text: str) -> str:
    """Return the workflow with wave 1 as it stands, and the other waves and the report after it."""
    head, _, rest = text.partition(FIRST)
    waves, _, report = rest.partition(LAST)
    first = waves.partition("  # --- wave 2\n")[0]
    copies = "".join(_wave(number, first) for number in range(2, WAVES + 1))
    everything = ", ".join(["plan", *(f"{job}-{n}" for n in range(1, WAVES + 1) for job in ("gate", "roll", "check"))])
    report = re.sub(r"needs: \[[^]]*\]", lambda _: _folded(f"    needs: [{everything}]").strip(), report, count=1)
    return head + FIRST + first + copies + LAST + report


def _wave(number: int, first: str) -> str:
    """Return wave 1 as another one, whose gate needs the gates and checks of all before it."""
    text = re.sub(r"\b(gate|roll|check|matrix)-1\b", rf"\1-{number}", first)
    text = text.replace("Wave 1:", f"Wave {number}:").replace("[0]", f"[{number - 1}]")
    before = ", ".join(["plan", *(f"{job}-{n}" for n in range(1, number) for job in ("gate", "check"))])
    text = text.replace("    needs: [plan]\n", _folded(f"    needs: [{before}]") + "\n", 1)
    return f"  # --- wave {number}\n{text}"


def _folded(line: str) -> str:
    """Return a list of needs in lines of at most 120 characters."""
    lines = [line]
    while len(lines[-1]) > 120:
        at = lines[-1].rindex(" ", 0, 120)
        lines[-1:] = [lines[-1][:at], "      " + lines[-1][at + 1 :]]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
