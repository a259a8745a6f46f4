"""The transport of a sign-in: where requests may go, what was answered, and what the token that was sent claims."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from azure.core.pipeline.transport import HttpTransport

from vmss_upgrade.azure_api.endpoints import NETWORK_TIMEOUTS
from vmss_upgrade.azure_api.failures import LeadsElsewhere
from vmss_upgrade.azure_api.http_policies import WrappedTransport
from vmss_upgrade.web.addresses import parse_address

LONGEST_PAUSE = 30.0  # seconds between two tries of azure-identity's own


class NotingTransport(WrappedTransport):
    """Bounds every request, and remembers the status of the last answer, which many of azure-identity's errors lack.

    Lets no request leave for another origin than `homes`: msal goes where discovery and the environment send it, and
    would take the secret along. `last_origin` is the one that was asked last; `claims` are those of the last assertion
    that was sent, which is masked first.
    """

    def __init__(self, inner: HttpTransport[Any, Any], mask: Callable[[str], None], *homes: str) -> None:
        super().__init__(inner)
        self._mask = mask
        self._homes = homes
        self.last_status: int | None = None
        self.last_origin = ""
        self.claims: dict[str, Any] = {}

    def send(self, request: Any, **options: Any) -> Any:
        """Pass on, and note the answer's status (None where there is no answer). Raises LeadsElsewhere."""
        self.last_status = None
        address = parse_address(request.url)
        if address is None or address.origin not in self._homes:
            raise LeadsElsewhere(address.origin if address else "unreadable")
        request.url = str(address)  # as it was read
        self.last_origin = address.origin
        self._note_assertion(request)
        response = self._inner.send(request, **{**options, **NETWORK_TIMEOUTS})
        self.last_status = response.status_code
        return response

    def close(self) -> None:
        """Do nothing: the connections are shared with the client of the scale set."""

    def sleep(self, duration: float) -> None:
        """Sleep, at most for LONGEST_PAUSE: a managed identity's own retries obey whatever they are asked for."""
        self._inner.sleep(min(duration, LONGEST_PAUSE))

    def _note_assertion(self, request: Any) -> None:
        form = getattr(request, "content", None)
        assertion = form.get("client_assertion") if isinstance(form, dict) else None
        if isinstance(assertion, str) and assertion:
            self._mask(assertion)
            self.claims = claims_of(assertion)


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, unverified: only for its expiry and for explaining a refusal."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def is_token(value: Any) -> bool:
    """Return True for a text of visible ASCII."""
    return isinstance(value, str) and value != "" and all("!" <= character <= "~" for character in value)


def is_outage(status: int) -> bool:
    """Return True for a status that says that nobody has judged the request."""
    return status >= 500 or status in (408, 429)
