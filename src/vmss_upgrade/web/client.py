"""The client of hooks and probes: one HTTPS request, one answer of bounded size and time, no redirect."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from vmss_upgrade.ports import Clock, WebAnswer


class HttpsClient:
    """Implements `ports.Web`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._session = requests.Session()

    def ask(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes, timeout: float, most_bytes: int
    ) -> WebAnswer:
        """See `ports.Web.ask`."""
        with self._session.request(
            method, address, headers=dict(headers), data=body, timeout=timeout, allow_redirects=False, stream=True
        ) as answer:
            shown = {name.lower(): value for name, value in answer.headers.items()}
            return WebAnswer(status=answer.status_code, headers=shown, body=answer.raw.read(most_bytes))
