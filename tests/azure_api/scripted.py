"""An Azure whose answers are written down: the real SDK on a transport that plays them, and keeps what was sent."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from azure_simulator import ConnectionDropped, Reply, VirtualClock
from azure_simulator.transport import SimulatorTransport
from azure_simulator.wire.answers import AnswerTookTooLong
from vmss_upgrade.account import Account, Cloud, GitHubOidc
from vmss_upgrade.azure_api.connection import Connector
from vmss_upgrade.azure_api.scale_set_client import ScaleSetClient

MANAGER = "https://manager.test"
SET = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/web"
OPERATION = f"{MANAGER}/subscriptions/sub/providers/Microsoft.Compute/locations/we/operations/1?t=1&s=signed"
ACCEPTED = {"azure-asyncoperation": OPERATION, "location": f"{OPERATION}&monitor=true", "x-ms-request-id": "started"}
CLAIMS = {"iss": "https://issuer.test", "sub": "repo:o/r:ref:refs/heads/main", "aud": "api://test"}


def answer(status: int = 200, body: Any = None, **headers: str) -> Reply:
    """Return an answer; a text is sent as it is, everything else as JSON, None as an empty body."""
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Reply(status, [("content-type", kind), *named], text.encode())


def error(status: int, code: str, message: str = "Azure's words.", **headers: str) -> Reply:
    """Return an error as Azure writes it."""
    return answer(status, {"error": {"code": code, "message": message}}, **headers)


def accepted(status: int = 202, body: Any = None, **headers: str) -> Reply:
    """Return the first answer of a long-running operation."""
    return answer(status, body, **ACCEPTED, **headers)


def polled(status: str, **more: Any) -> Reply:
    """Return the answer to a poll."""
    return answer(200, {"startTime": "2026-01-01T00:00:00Z", "status": status, "name": "1", **more})


def jwt(**claims: Any) -> str:
    """Return a token with these claims and no real signature."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, b"signature"))


DROPPED, HANGS = ConnectionDropped("reset"), AnswerTookTooLong("late")


@dataclass(frozen=True)
class Sent:
    """One request to Resource Manager."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.url).query)


@dataclass
class Script:
    """Resource Manager's answers, in order; an exception among them is raised. Tokens are always given."""

    answers: list[Reply | Exception]
    sent: list[Sent] = field(default_factory=list)
    clock: VirtualClock = field(default_factory=VirtualClock)

    def exchange(self, method: str, url: str, headers: Any, body: bytes, patience: float | None) -> Reply:
        if urlsplit(url).hostname == "github.test":
            return answer(200, {"value": jwt(exp=32503680000, **CLAIMS)})
        if urlsplit(url).hostname in ("login.test", "login.microsoftonline.com"):
            return answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": "access"})
        lowered = {name.lower(): value for name, value in headers.items()}
        self.sent.append(Sent(method, url, lowered, json.loads(body) if body else None))
        assert self.answers, f"one request too many: {method} {url}"
        reply = self.answers.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


def azure(
    *answers: Reply | Exception,
    trace: Any = None,
    mask: Any = lambda _secret: None,
    manager: str = MANAGER,
    timeout: float = float("inf"),
) -> tuple[ScaleSetClient, Script]:
    """Return the client as the action connects it to Resource Manager at `manager`, and the script that answers."""
    script = Script(list(answers))
    account = Account(
        cloud=Cloud(resource_manager_endpoint=manager, authority_host="https://login.test"),
        sign_in=GitHubOidc(
            tenant_id="tenant", client_id="client", request_url="https://github.test/token?v=1", request_token="bearer"
        ),
        subscription_id="sub",
        resource_group="rg",
        scale_set="web",
    )
    transport = SimulatorTransport(lambda *request: script.exchange(*request), script.clock.sleep)
    connector = Connector(transport, script.clock, user_agent="agent/1", mask=mask, trace=trace)
    return connector.scale_set(account, timeout=timeout), script
