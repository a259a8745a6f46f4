"""The real az CLI as a client of the simulated Azure, and the simulator's own state to compare its answers with."""

import json
import shlex
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.az.identity_endpoint import IdentityEndpoint, access_token
from e2e.simulator import PROJECT, Simulator

INSTALLED = PROJECT / ".venv-az"
SECONDS_FOR_A_COMMAND = 180
SECONDS_TO_SETTLE = 60
# The simulator's own errors: no answer, its own failure, and a request that it does not simulate.
NO_ANSWERS = (0, 500, 501)

Instances = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failed command: its exit code, with Azure's error code and message as az prints them."""

    exit_code: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Az:
    """az, signed in to a simulated Azure. It gets nothing but `environment`.

    Commands are texts with the names of the simulator's ready file, such as `{resource_group}`; `{of_set}` names group
    and set. A test fails if its command asks for something that is not simulated, or contacts another machine.
    """

    simulator: Simulator
    endpoint: IdentityEndpoint
    environment: dict[str, str]

    def output(self, command: str) -> Any:
        """Return the output of a successful command, None for nothing. Fails the test if az prints a warning."""
        ended = self._run(command)
        assert (ended.returncode, ended.stderr) == (0, ""), f"az {command}: exit {ended.returncode}\n{ended.stderr}"
        return json.loads(ended.stdout) if ended.stdout.strip() else None

    def refusal(self, command: str) -> Refusal:
        """Return the error of a failing command. Fails the test if az prints anything else."""
        ended = self._run(command)
        assert ended.stdout == "", f"az {command} printed {ended.stdout}"
        first, *_ = ended.stderr.splitlines() or [""]
        code, _, message = first.removeprefix("ERROR: (").partition(") ")
        more = ended.stderr.removeprefix(f"{first}\nCode: {code}\nMessage: {message}\n")
        assert more == "" or more.startswith("Target: "), f"az {command} printed {ended.stderr}"
        return Refusal(ended.returncode, code, message)

    def read(self, below: str = "") -> Any:
        """Return the simulator's JSON of the set, or of a resource below it (`/virtualMachines/0`), with
        all its pages.
        """
        path = "{resource_manager}/subscriptions/{subscription}/resourceGroups/{resource_group}"
        path += "/providers/Microsoft.Compute/virtualMachineScaleSets/{scale_set}"
        separator = "&" if "?" in below else "?"
        body = self._get(f"{path.format(**self.simulator.ready)}{below}{separator}api-version=2024-11-01")
        while "nextLink" in body:
            following = self._get(body.pop("nextLink"))
            body = {**following, "value": body["value"] + following["value"]}
        return body

    def instances(self) -> Instances:
        """Return the true state of each instance, by its id."""
        return {each["instance_id"]: each for each in self.simulator.state()["instances"]}

    def settled(self, holds: Callable[[Instances], bool]) -> Instances:
        """Return the instances as soon as `holds` is true for them. Fails the test if that never happens."""
        deadline = time.monotonic() + SECONDS_TO_SETTLE
        while not holds(instances := self.instances()):
            assert time.monotonic() < deadline, f"it did not come to that: {instances}"
            time.sleep(0.05)
        return instances

    def _run(self, command: str) -> "subprocess.CompletedProcess[str]":
        ready = self.simulator.ready
        of_set = f"--resource-group {ready['resource_group']} --name {ready['scale_set']}"
        words = shlex.split(command.format(of_set=of_set, **ready))
        before = len(self.simulator.state()["requests"])
        ended = subprocess.run(
            [str(INSTALLED / "bin" / "python"), "-m", "azure.cli", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_FOR_A_COMMAND,
        )
        asked = self.simulator.state()["requests"][before:]
        unanswered = [f"{each['method']} {each['path']}" for each in asked if each["status"] in NO_ANSWERS]
        assert not unanswered, f"az {command}: {unanswered}\n{ended.stderr}"
        assert not self.endpoint.strays, f"az {command} spoke to others: {self.endpoint.strays}"
        return ended

    def _get(self, address: str) -> dict[str, Any]:
        bearer, _ = access_token(self.simulator.ready)
        request = urllib.request.Request(address, headers={"authorization": f"Bearer {bearer}"})
        trust = ssl.create_default_context(cafile=self.simulator.ready["ca"])
        with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
            body: dict[str, Any] = json.load(answer)
        return body


def github_token(az: Az) -> str:
    """Return a token of the simulated GitHub, which the simulated Entra takes for a secret."""
    ready = az.simulator.ready
    address = f"{ready['oidc_request_url']}&audience=api://AzureADTokenExchange"
    request = urllib.request.Request(address, headers={"authorization": f"bearer {ready['oidc_request_token']}"})
    trust = ssl.create_default_context(cafile=ready["ca"])
    with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
        return str(json.load(answer)["value"])
