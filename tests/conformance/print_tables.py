"""Prints how far the simulator matches the recorded Azure: `python tests/conformance/print_tables.py [--readme]`.

`--readme` also writes the table by operation into the README. Without the recordings it says so; the exit code is
then 0, or 1 where `AZURE_CONTRACT_REQUIRED` is set.
"""

import os
import sys

from contract import MISSING, contract_dir, load_recording, recording_names
from replaying import replay
from table import by_operation, write_readme_table, written


def main(arguments: list[str]) -> int:
    if contract_dir() is None:
        print(MISSING, file=sys.stderr)
        return int(bool(os.environ.get("AZURE_CONTRACT_REQUIRED")))
    outcomes = [outcome for name in recording_names() for outcome in replay(load_recording(name))]
    print(written(outcomes))
    if "--readme" in arguments:
        write_readme_table(by_operation(outcomes))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
