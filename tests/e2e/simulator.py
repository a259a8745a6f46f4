"""The simulated Azure as a server of its own, on an address that containers reach."""

import json
import os
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]

# Real seconds for each virtual second: a virtual minute a second.
PACE = 1 / 60
SECONDS_TO_START = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """A running server. `ready` is its ready file, with the addresses and names that a client needs."""

    ready: dict[str, str]

    def account_inputs(self) -> dict[str, str]:
        """Return the action's inputs for the scale set and the sign-in."""
        return {
            "resource-group": self.ready["resource_group"],
            "scale-set": self.ready["scale_set"],
            "subscription-id": self.ready["subscription"],
            "tenant-id": self.ready["tenant"],
            "client-id": self.ready["client_id"],
            "resource-manager-endpoint": self.ready["resource_manager"],
        }

    def state(self) -> dict[str, Any]:
        """Return the true state of the simulated Azure, whatever it shows its clients."""
        trust = ssl.create_default_context(cafile=self.ready["ca"])
        address = self.ready["resource_manager"].rstrip("/") + "/_simulator/state"
        with urllib.request.urlopen(address, context=trust) as answer:
            state: dict[str, Any] = json.load(answer)
        return state


@contextmanager
def serving(scenario: str, *, host: str, folder: Path) -> Iterator[Simulator]:
    """Serve `scenario` at `host` until the block ends; log and ready file go to `folder`."""
    ready_file, log = folder / "ready.json", folder / "simulator.log"
    command = [sys.executable, "-m", "azure_simulator", "serve", "--scenario", scenario, "--host", host]
    command += ["--port", "0", "--ready-file", str(ready_file), "--pace", f"{PACE:.4f}"]
    with log.open("w") as output:
        server = subprocess.Popen(
            command, env=os.environ | {"PYTHONPATH": str(PROJECT / "src")}, stdout=output, stderr=output
        )
        try:
            yield Simulator(ready=_wait_until_ready(server, ready_file, log))
        finally:
            server.terminate()
            server.wait(10)


def _wait_until_ready(server: subprocess.Popen[bytes], ready_file: Path, log: Path) -> dict[str, str]:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        # The server may be in the middle of writing it.
        if ready_file.exists() and (text := ready_file.read_text()).rstrip().endswith("}"):
            ready: dict[str, str] = json.loads(text)
            return ready
        time.sleep(0.05)
    raise RuntimeError(f"the simulator did not get ready:\n{log.read_text()}")
