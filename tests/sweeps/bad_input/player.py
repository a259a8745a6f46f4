"""Plays a case: the whole action in process, the real SDK's client over the simulator, on virtual time."""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from urllib3.util import parse_url

from azure_simulator import Reply, SimulatedAzure, VirtualClock
from azure_simulator.wire.answers import json_reply
from harness.playing import Played, play_job
from harness.wire import Request, Send, wired
from sweeps.bad_input.case import Alteration, Case, Place, with_body
from sweeps.bad_input.endless import EndlessAdapter
from sweeps.bad_input.homes import AUTHORITY, GITHUB, MANAGER, NOWHERE, Homes, homes_of, is_private, origin_of
from sweeps.bad_input.leaks import Secrets
from sweeps.bad_input.worlds import own_names, scenario

MOST_REQUESTS = 3000
SHOWN_LATER = ("workspace/record.json", "summary.md", "state.txt")  # by another step of the job
_GITHUB_PATH = "/github/actions/id-token?api-version=2.0"


class NeverEnds(BaseException):
    """Stops a run that sends requests without end."""


@dataclass
class HostileAzure:
    """The interceptors between the action and the simulator, with a case's alterations.

    All homes are one simulator. `struck`: the alterations that took effect, with their places in the JSON. `sent`: the
    requests with their origins, as urllib3 reads and sends the addresses. `unpacked`: the most bytes that were read of
    one endless body.
    """

    azure: SimulatedAzure
    case: Case
    homes: Homes
    secrets: Secrets
    struck: list[tuple[Alteration, Place | None]] = field(default_factory=list)
    sent: list[tuple[str, Request]] = field(default_factory=list)
    unpacked: int = 0
    _answers: Counter[str] = field(default_factory=Counter)

    def note(self, request: Request, send: Send) -> Reply:
        """Record every request. Hosts other than homes get an empty answer."""
        origin = self.homes.named(origin_of(request.url))
        self.sent.append((origin, request))
        if len(self.sent) > MOST_REQUESTS:
            raise NeverEnds
        self.secrets.notice_request(request.headers, request.body)
        return send(request) if origin in self.homes.all else json_reply(200, {"status": "Succeeded", "value": []})

    def at_home(self, request: Request, send: Send) -> Reply:
        """Pass requests to any home on to the simulator."""
        own = self.azure.coordinates["resource_manager"] + parse_url(request.url).request_uri
        reply = send(replace(request, url=own))
        if request.route in ("token", "oidc"):
            self.secrets.notice_answer(reply)
        if request.route == "openid":
            there = self.azure.coordinates["authority"].encode()
            reply = with_body(reply, reply.body.replace(there, origin_of(request.url).encode()))
        return reply

    def take(self, unpacked: int) -> None:
        """Record how much was read of an endless body."""
        self.unpacked = max(self.unpacked, unpacked)

    def altered(self, request: Request, send: Send) -> Reply:
        reply, route = send(request), request.route
        number = self._answers[route]
        self._answers[route] += 1
        for alteration in self.case.alterations:
            if alteration.route == route and alteration.first <= number <= alteration.last:
                text = alteration.text.replace("{self}", request.url.partition("&page=")[0])
                filled = replace(alteration, text=self.secrets.filled_in(text.replace("{number}", str(number))))
                reply, place = filled.applied(reply)
                self.struck.append((alteration, place))
        return reply

    def renamed(self, request: Request, send: Send) -> Reply:
        if not self.case.renamed:
            return send(request)
        own = {name: own_names(self.case.world)[number] for number, name in self.case.renamed.items()}
        names = {own: name for name, own in own.items()}
        if request.route == "upgrade":
            ids = [own.get(id_, id_) for id_ in json.loads(request.body)["instanceIds"]]
            request = replace(request, body=json.dumps({"instanceIds": ids}).encode())
        reply = send(request)
        if request.route != "instances" or reply.status != 200:
            return reply
        body = json.loads(reply.body)
        for item in body["value"]:
            for name in ("instanceId", "name"):  # for a machine of a Flexible set, the name is the id
                item[name] = names.get(item.get(name), item.get(name))
        return with_body(reply, json.dumps(body).encode())


@dataclass(frozen=True)
class Aftermath:
    """The results of a run, whose files are in `folder`."""

    case: Case
    left: Played
    folder: Path
    seconds: float
    hostile: HostileAzure

    @property
    def own_path(self) -> str:
        there = self.left.azure.coordinates
        group = f"/subscriptions/{there['subscription']}/resourceGroups/{there['resource_group']}"
        return f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{there['scale_set']}"


def play(case: Case, folder: Path) -> Aftermath:
    """Run the action on the case, with its files in `folder`, which is empty at first.

    An exception that leaves `run` also leaves this function.
    """
    clock, homes = VirtualClock(), homes_of(case)
    base = homes.manager if homes.manager != NOWHERE else MANAGER
    azure = SimulatedAzure(scenario(case.world), clock, base_url=base)
    secrets = Secrets(case.world, case.secret, azure.coordinates["oidc_request_token"])
    hostile = HostileAzure(azure, case, homes, secrets)
    interceptors = (hostile.note, hostile.altered, hostile.renamed, hostile.at_home)
    transport = wired(azure, *interceptors, adapter=lambda exchange: EndlessAdapter(exchange, clock, hostile.take))
    there = {"resource-manager-endpoint": MANAGER, "client-secret": case.secret}
    inputs = {**scenario(case.world).inputs, **there, **case.inputs}
    environ = {
        "AZURE_AUTHORITY_HOST": AUTHORITY if is_private(case) else "",
        "ACTIONS_ID_TOKEN_REQUEST_URL": GITHUB + _GITHUB_PATH,
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(folder / "workspace"),
        **case.environ,
    }
    (folder / "workspace").mkdir()
    left = play_job(azure, clock, folder, inputs, environ, transport=transport, name="bad-input")
    return Aftermath(case=case, left=left, folder=folder, seconds=clock.now(), hostile=hostile)
