"""Make the replay of a run from its JSON record: `python -m vmss_upgrade.reporters.replay record.json`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vmss_upgrade.reporters.replay.page import NotARecord, as_page


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="vmss_upgrade.reporters.replay", description=__doc__)
    parser.add_argument("record", type=Path, help="the file that a run wrote to its `report-path`")
    parser.add_argument("-o", "--output", type=Path, default=Path("rollout.html"), help="default: %(default)s")
    given = parser.parse_args(arguments)
    try:
        given.output.write_text(as_page(given.record.read_text(encoding="utf-8")), encoding="utf-8")
    except NotARecord as error:
        print(f"{str(given.record)!r} {error}.", file=sys.stderr)
        return 1
    except (OSError, UnicodeDecodeError) as error:
        print(f"Could not make the page: {error}", file=sys.stderr)
        return 1
    print(f"The replay is in {given.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
