"""Plays a case: the whole action in process, the real SDK's client over the simulator, on virtual time."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from azure_simulator import Reply, RequestRecord, SimulatedAzure, VirtualClock
from azure_simulator.answers import json_reply
from azure_simulator.transport import SimulatorAdapter, SimulatorTransport
from bad_input.alterations import Alteration, route_of, with_body
from bad_input.alterations import Path as Place
from bad_input.case import Case
from bad_input.leaks import Secrets
from bad_input.worlds import scenario
from vmss_upgrade.main import run
from vmss_upgrade.ports import Clock
from vmss_upgrade.rehearsal import environment

HOST = "azure.invalid"
MOST_REQUESTS = 3000


class NeverEnds(BaseException):
    """The run asks and asks."""


@dataclass(frozen=True)
class Struck:
    """An alteration that took effect, and where in the JSON."""

    alteration: Alteration
    place: Place | None


@dataclass
class HostileAzure:
    """The simulator, with a case's alterations between it and the action."""

    azure: SimulatedAzure
    case: Case
    secrets: Secrets
    struck: list[Struck] = field(default_factory=list)
    elsewhere: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    asked: int = 0
    _answers: Counter[str] = field(default_factory=Counter)

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: float | None) -> Reply:
        """One request, to whatever host."""
        self.asked += 1
        if self.asked > MOST_REQUESTS:
            raise NeverEnds
        self.secrets.notice_request(headers, body)
        if _host_of(url) != HOST or not url.startswith("https://"):
            self.elsewhere.append((url, dict(headers)))
            return json_reply(200, {"status": "Succeeded", "value": []})
        route = route_of(method, urlsplit(url).path)
        reply = self.azure.exchange(method, url, headers, self._by_own_names(route, body), patience)
        if route in ("token", "oidc"):
            self.secrets.notice_answer(reply)
        return self._altered(route, self._renamed(route, reply))

    def _altered(self, route: str, reply: Reply) -> Reply:
        number = self._answers[route]
        self._answers[route] += 1
        for alteration in self.case.alterations:
            if alteration.route == route and alteration.first <= number <= alteration.last:
                told = replace(alteration, text=self.secrets.told(alteration.text))
                reply, place = told.applied(reply)
                self.struck.append(Struck(alteration, place))
        return reply

    # -- instances under other names ---------------------------------------------------------------------------------

    def _renamed(self, route: str, reply: Reply) -> Reply:
        if route != "instances" or not self.case.renamed or reply.status != 200:
            return reply
        body = json.loads(reply.body)
        for item in body["value"]:
            item["instanceId"] = self.case.renamed.get(item["instanceId"], item["instanceId"])
        return with_body(reply, json.dumps(body).encode())

    def _by_own_names(self, route: str, body: bytes) -> bytes:
        if route != "upgrade" or not self.case.renamed:
            return body
        own = {name: own for own, name in self.case.renamed.items()}
        return json.dumps({"instanceIds": [own.get(id_, id_) for id_ in json.loads(body)["instanceIds"]]}).encode()


@dataclass(frozen=True)
class Aftermath:
    """Everything that a run left behind. `log` as bytes were written; files as they are, empty where there is none."""

    case: Case
    exit_code: int
    log: str
    summary: str
    outputs: str
    state: str
    record: str
    files: frozenset[str]
    seconds: float
    hostile: HostileAzure

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request that reached the simulator."""
        return self.hostile.azure.requests

    @property
    def writes(self) -> list[RequestRecord]:
        """Those of them that would change something in Azure."""
        return [each for each in self.requests if each.method != "GET" and not each.path.endswith("/oauth2/v2.0/token")]


def play(case: Case, folder: Path) -> Aftermath:
    """Run the action on the case, with `folder` for its files, which is empty at the beginning.

    Whatever leaves `run` as an exception leaves this, too.
    """
    clock = VirtualClock()
    azure = SimulatedAzure(scenario(case.world), clock)
    hostile = HostileAzure(azure, case, Secrets(case.world, case.secret, azure.coordinates["oidc_request_token"]))
    workspace = folder / "workspace"
    workspace.mkdir()
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) as log:
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            exit_code = run(
                _environment(case, azure, folder, workspace),
                clock,
                transport=lambda its_clock: _transport(hostile, its_clock),
                simulated="bad-input",
            )
        log.buffer.seek(0)
        said = log.buffer.read().decode()
    return Aftermath(
        case=case,
        exit_code=exit_code,
        log=said,
        summary=_text_of(folder / "summary.md"),
        outputs=_text_of(folder / "outputs.txt"),
        state=_text_of(folder / "state.txt"),
        record=_text_of(workspace / "record.json"),
        files=frozenset(each.name for each in folder.iterdir()),
        seconds=clock.now(),
        hostile=hostile,
    )


def _transport(hostile: HostileAzure, clock: Clock) -> SimulatorTransport:
    """One that keeps what is not encrypted in the process as well."""
    transport = SimulatorTransport(hostile.exchange, clock.sleep)
    transport.session.mount("http://", SimulatorAdapter(hostile.exchange))
    return transport


def _environment(case: Case, azure: SimulatedAzure, folder: Path, workspace: Path) -> dict[str, str]:
    inputs = {**scenario(case.world).inputs, "client-secret": case.secret, **case.inputs}
    return {
        **environment(azure, folder, inputs),
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_STATE": str(folder / "state.txt"),
        **case.environ,
    }


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _text_of(file: Path) -> str:
    """The text of a file, its line breaks as they are."""
    return file.read_bytes().decode() if file.exists() else ""
