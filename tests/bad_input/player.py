"""Plays a case: the whole action in process, the real SDK's client over the simulator, on virtual time."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from urllib3.util import parse_url

from azure_simulator import Reply, RequestRecord, SimulatedAzure, VirtualClock
from azure_simulator.answers import json_reply
from azure_simulator.transport import SimulatorTransport
from bad_input.alterations import Alteration, route_of, with_body
from bad_input.alterations import Path as Place
from bad_input.case import Case
from bad_input.endless import EndlessAdapter
from bad_input.homes import AUTHORITY, GITHUB, MANAGER, NOWHERE, Homes, homes_of, is_private, origin_of
from bad_input.leaks import Secrets
from bad_input.worlds import own_names, scenario
from vmss_upgrade.main import run
from vmss_upgrade.ports import Clock
from vmss_upgrade.rehearsal import environment

MOST_REQUESTS = 3000
SUMMARY, OUTPUTS, STATE, RECORD = "summary.md", "outputs.txt", "state.txt", "workspace/record.json"
_GITHUB_PATH = "/github/actions/id-token?api-version=2.0"


class NeverEnds(BaseException):
    """The run asks and asks."""


@dataclass(frozen=True)
class Struck:
    """An alteration that took effect, and where in the JSON."""

    alteration: Alteration
    place: Place | None


@dataclass(frozen=True)
class Sent:
    """What the transport was asked to send. `origin` as urllib3 reads the address, which is what sends it."""

    method: str
    url: str
    origin: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class HostileAzure:
    """The simulator, with a case's alterations between it and the action. All homes are one simulator.

    `unpacked`: the most bytes that were taken of one endless body.
    """

    azure: SimulatedAzure
    case: Case
    homes: Homes
    secrets: Secrets
    struck: list[Struck] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    unpacked: int = 0
    _answers: Counter[str] = field(default_factory=Counter)

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: float | None) -> Reply:
        """One request, to whatever host."""
        sent = Sent(method, url, self.homes.named(origin_of(url)), headers, body)
        self.sent.append(sent)
        if len(self.sent) > MOST_REQUESTS:
            raise NeverEnds
        self.secrets.notice_request(headers, body)
        if sent.origin not in self.homes.all:
            return json_reply(200, {"status": "Succeeded", "value": []})
        target = parse_url(url).request_uri
        route = route_of(method, target.partition("?")[0])
        own = self.azure.coordinates["resource_manager"] + target
        reply = self.azure.exchange(method, own, headers, self._by_own_names(route, body), patience)
        if route in ("token", "oidc"):
            self.secrets.notice_answer(reply)
        if route == "openid":
            there = self.azure.coordinates["authority"].encode()
            reply = with_body(reply, reply.body.replace(there, sent.origin.encode()))
        return self._altered(route, url, self._renamed(route, reply))

    def take(self, unpacked: int) -> None:
        """Note how much was taken of an endless body."""
        self.unpacked = max(self.unpacked, unpacked)

    def _altered(self, route: str, url: str, reply: Reply) -> Reply:
        number = self._answers[route]
        self._answers[route] += 1
        for alteration in self.case.alterations:
            if alteration.route == route and alteration.first <= number <= alteration.last:
                text = alteration.text.replace("{self}", url.partition("&page=")[0]).replace("{number}", str(number))
                told = replace(alteration, text=self.secrets.told(text))
                reply, place = told.applied(reply)
                self.struck.append(Struck(alteration, place))
        return reply

    @property
    def _names(self) -> dict[str, str]:
        """By their own names, those that the case gives to the instances."""
        own = own_names(self.case.world)
        return {own[number]: name for number, name in self.case.renamed.items()}

    # -- instances under other names ---------------------------------------------------------------------------------

    def _renamed(self, route: str, reply: Reply) -> Reply:
        if route != "instances" or not self.case.renamed or reply.status != 200:
            return reply
        body = json.loads(reply.body)
        for item in body["value"]:
            for name in ("instanceId", "name"):  # of a machine of a Flexible set, the name is the id
                item[name] = self._names.get(item.get(name), item.get(name))
        return with_body(reply, json.dumps(body).encode())

    def _by_own_names(self, route: str, body: bytes) -> bytes:
        if route != "upgrade" or not self.case.renamed:
            return body
        own = {name: own for own, name in self._names.items()}
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
    folder: Path
    seconds: float
    hostile: HostileAzure

    @property
    def own_path(self) -> str:
        """The path of the simulator's scale set."""
        there = self.hostile.azure.coordinates
        group = f"/subscriptions/{there['subscription']}/resourceGroups/{there['resource_group']}"
        return f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{there['scale_set']}"

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
    clock, homes = VirtualClock(), homes_of(case)
    base = homes.manager if homes.manager != NOWHERE else MANAGER
    azure = SimulatedAzure(scenario(case.world), clock, base_url=base)
    secrets = Secrets(case.world, case.secret, azure.coordinates["oidc_request_token"])
    hostile = HostileAzure(azure, case, homes, secrets)
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
        summary=_text_of(folder / SUMMARY),
        outputs=_text_of(folder / OUTPUTS),
        state=_text_of(folder / STATE),
        record=_text_of(folder / RECORD),
        files=frozenset(each.name for each in folder.iterdir()),
        folder=folder,
        seconds=clock.now(),
        hostile=hostile,
    )


def _transport(hostile: HostileAzure, clock: Clock) -> SimulatorTransport:
    """One that keeps what is not encrypted in the process as well."""
    transport = SimulatorTransport(hostile.exchange, clock.sleep)
    for scheme in ("https://", "http://"):
        transport.session.mount(scheme, EndlessAdapter(hostile.exchange, clock, hostile.take))
    return transport


def _environment(case: Case, azure: SimulatedAzure, folder: Path, workspace: Path) -> dict[str, str]:
    there = {"resource-manager-endpoint": MANAGER}
    inputs = {**scenario(case.world).inputs, **there, "client-secret": case.secret, **case.inputs}
    return {
        **environment(azure, folder, inputs),
        "AZURE_AUTHORITY_HOST": AUTHORITY if is_private(case) else "",
        "ACTIONS_ID_TOKEN_REQUEST_URL": GITHUB + _GITHUB_PATH,
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_STATE": str(folder / STATE),
        **case.environ,
    }


def _text_of(file: Path) -> str:
    """The text of a file, its line breaks as they are."""
    return file.read_bytes().decode() if file.exists() else ""
