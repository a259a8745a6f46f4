"""Makes the table of docs/zero-downtime.md that says what the simulated clients saw of each rollout.

`python tools/traffic_table.py` writes it; with `--check` it only compares it, and exits with 1 if it differs.
"""

from __future__ import annotations

import re
import sys
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from azure_simulator import SeenByClients, load_scenario
from vmss_upgrade.rehearsal import rehearse

PAGE = Path(__file__).resolve().parents[1] / "docs" / "zero-downtime.md"
MARKS = ("<!-- traffic: made by tools/traffic_table.py -->", "<!-- end of traffic -->")
# what the row says -> its scenario
ROWS = {
    "neither drained nor joined by new ones": "traffic",
    "drained": "traffic-drained",
    "drained, and joined by a domain of new ones": "traffic-surge",
}
COLUMNS = "| Instances are | Requests | Unanswered | Too many for the others | Connections cut |"


def row(title: str, seen: SeenByClients) -> str:
    """Return a row of the table."""
    return f"| {title} | {seen.requests:,} | {seen.unanswered + seen.refused:,} | {seen.overload:,} | {seen.cut:,} |"


def played(scenario: str) -> SeenByClients:
    """Return what the clients saw of a whole run."""
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        _, azure = rehearse(load_scenario(scenario), Path(folder))
    seen = azure.seen_by_clients()
    assert seen is not None, f"{scenario} has no clients"
    return seen


def table() -> str:
    """Return the table."""
    rows = [row(title, played(scenario)) for title, scenario in ROWS.items()]
    return "\n".join([COLUMNS, "| --- | ---: | ---: | ---: | ---: |", *rows])


def main(words: list[str]) -> int:
    """Write the table, or compare it."""
    page, (begin, end) = PAGE.read_text(encoding="utf-8"), MARKS
    wanted = re.sub(f"{begin}.*{end}", f"{begin}\n{table()}\n{end}", page, flags=re.DOTALL)
    if "--check" in words:
        return int(wanted != page)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
