"""Prints how closely the simulator matches the recorded Azure: `python tests/conformance/print_tables.py [--page]`.

`--page` also writes the table by operation, and the lines below it, into docs/simulator.md. Without the recordings it
prints a message and exits with 0, or with 1 if `AZURE_CONTRACT_REQUIRED` is set or `AZURE_CONTRACT_DIR` names a
folder without them. It also exits with 1 if a file among them is not a recording.
"""

import os
import sys

from contract import NoRecording, contract_dir, load_recording, missing, recording_names
from replaying import replay
from table import summary, write_page, written


def main(arguments: list[str]) -> int:
    if contract_dir() is None:
        print(missing(), file=sys.stderr)
        return int(any(os.environ.get(name) for name in ("AZURE_CONTRACT_REQUIRED", "AZURE_CONTRACT_DIR")))
    try:
        recordings = [load_recording(name) for name in recording_names()]
    except NoRecording as error:
        print(error, file=sys.stderr)
        return 1
    outcomes = [outcome for recording in recordings for outcome in replay(recording)]
    print(written(outcomes), summary(outcomes), sep="\n\n")
    if "--page" in arguments:
        write_page(outcomes)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
