"""Observed traffic with the simulated Azure: a scenario played through the whole action, exchange by exchange."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from azure_simulator import Reply, Scenario, SimulatedAzure, VirtualClock
from contract import Interaction
from harness import playing
from harness.playing import Played, as_scenario, play


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. Header names are in lower case; `status` is 0 for an answer that never came."""

    method: str
    url: str
    sent: dict[str, str]
    sent_text: str
    status: int
    headers: dict[str, str]
    text: str


HANDS_OUT = ("azure-asyncoperation", "location")

_API_VERSION = "2026-04-01"
_LONG_ENOUGH = 1800.0  # seconds

See = Callable[[Exchange], None]


def play_watched(
    scenario: Scenario | Mapping[str, Any] | str, folder: Path, see: See, inputs: Mapping[str, str] | None = None
) -> Played:
    """Play like `harness.playing.play`, and pass every finished exchange to `see`. Nothing is kept here."""
    with patch.object(playing, "SimulatedAzure", _watched(see)):
        return play(scenario, folder, inputs=inputs)


def ask_watched(scenario: Mapping[str, Any], requests: Iterable[tuple[str, str, Any]], see: See) -> list[int]:
    """Send requests to a scenario's Azure without the action: method, path and JSON body, None for none. Return the
    statuses.

    `{subscription}`, `{resource_group}` and `{scale_set}` in a path are those of the simulated Azure. The default
    api-version is the SDK's. The URLs of operations in an answer are polled at once, and again after their end.
    """
    clock = VirtualClock()
    azure = _watched(see)(as_scenario(scenario), clock)
    at, token = azure.coordinates, _token(azure)

    def ask(method: str, url: str, body: Any = None) -> Reply:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return azure.handle(method, url, headers, b"" if body is None else json.dumps(body).encode())

    statuses = []
    for method, path, body in requests:
        url = at["resource_manager"] + path.format_map(at)
        version = "" if "api-version=" in url else f"{'&' if '?' in url else '?'}api-version={_API_VERSION}"
        reply = ask(method, url + version, body)
        statuses.append(reply.status)
        handed_out = [value for name, value in reply.headers if name in HANDS_OUT]
        for seconds in (0, _LONG_ENOUGH) if handed_out else ():
            clock.sleep(seconds)
            for each in handed_out:
                ask("GET", each)
    return statuses


def _token(azure: SimulatedAzure) -> str:
    at = azure.coordinates
    form = {
        "client_id": at["client_id"],
        "scope": f"{at['resource_manager']}/.default",
        "client_secret": "any",
        "grant_type": "client_credentials",
    }
    url = f"{at['authority']}/{at['tenant']}/oauth2/v2.0/token"
    return str(json.loads(azure.handle("POST", url, {}, urlencode(form).encode()).body)["access_token"])


def _watched(see: See) -> type[SimulatedAzure]:
    class WatchedAzure(SimulatedAzure):
        """A simulated Azure that shows all its traffic, at the only entry."""

        def exchange(
            self, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: float | None
        ) -> Reply:
            reply = None
            try:
                reply = super().exchange(method, url, headers, body, patience)
                return reply
            finally:
                see(_as_exchange(method, url, headers, body, reply))

    return WatchedAzure


def recorded(interaction: Interaction) -> Exchange:
    """Return a recorded exchange. Of repeated headers the last one counts."""
    headers = {name: value if isinstance(value, str) else value[-1] for name, value in interaction.headers.items()}
    return Exchange(
        method=interaction.method,
        url=interaction.url,
        sent=interaction.sent,
        sent_text=_as_text(interaction.sent_body),
        status=interaction.status,
        headers=headers,
        text=_as_text(interaction.body),
    )


def _as_exchange(method: str, url: str, headers: Mapping[str, str], body: bytes, reply: Reply | None) -> Exchange:
    return Exchange(
        method=method,
        url=url,
        sent={name.lower(): value for name, value in headers.items()},
        sent_text=body.decode(),
        status=0 if reply is None else reply.status,
        headers={} if reply is None else {name.lower(): value for name, value in reply.headers},
        text="" if reply is None else reply.body.decode(),
    )


def _as_text(body: object) -> str:
    return "" if body in (None, "") else json.dumps(body, separators=(",", ":"))
