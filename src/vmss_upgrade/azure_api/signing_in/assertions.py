"""The tokens that an application signs in with instead of a secret: GitHub's, asked for, and one in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from azure.core.exceptions import ClientAuthenticationError, ServiceResponseError
from azure.core.pipeline import Pipeline
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest

from vmss_upgrade.account import GitHubOidc
from vmss_upgrade.azure_api.failures import LeadsElsewhere, SignInRefused
from vmss_upgrade.azure_api.signing_in.transport import NotingTransport, claims_of, is_outage, is_token
from vmss_upgrade.job.clock import unix_time
from vmss_upgrade.web.addresses import parse_address

REUSE_WHILE_VALID = 60  # seconds that a GitHub token must still be valid to be used again
_LONGEST_FILE = 65_536  # bytes; a token has one or two thousand


class NoToken(ClientAuthenticationError):
    """GitHub gave no token, so nobody has refused one."""


class GitHubToken:
    """GitHub's OIDC token for one audience: fetched with a timeout, masked, reused while valid."""

    def __init__(
        self, sign_in: GitHubOidc, audience: str, transport: HttpTransport[Any, Any], mask: Callable[[str], None]
    ) -> None:
        address = parse_address(sign_in.request_url)
        if address is None:
            raise LeadsElsewhere("unreadable")
        asked = f"audience={quote(audience, safe='')}"
        self._url = str(replace(address, query=f"{address.query}&{asked}" if address.query else asked))
        self._bearer = sign_in.request_token
        self._pipeline = Pipeline(NotingTransport(transport, mask, address.origin))
        self._mask = mask
        self._token = ""
        self.claims: dict[str, Any] = {}

    def fetch(self) -> str:
        """Return the token. Raises ClientAuthenticationError if there is none, ServiceResponseError in an outage."""
        if not self._token or float(self.claims.get("exp", 0)) - unix_time() < REUSE_WHILE_VALID:
            self._token = self._ask()
            self._mask(self._token)
            self.claims = claims_of(self._token)
        return self._token

    def _ask(self) -> str:
        request = HttpRequest("GET", self._url, headers={"Authorization": f"Bearer {self._bearer}"})
        response = self._pipeline.run(request).http_response
        if is_outage(response.status_code):
            raise ServiceResponseError(f"GitHub's token service is not available ({response.status_code}).")
        if response.status_code != 200:
            raise NoToken(f"GitHub's token service answered {response.status_code} to the request for an OIDC token.")
        try:
            token = json.loads(response.text())["value"]
        except (ValueError, KeyError, TypeError, RecursionError):
            token = ""
        if not is_token(token):
            raise ServiceResponseError("GitHub's token service answered without a token.")
        return str(token)


def examine_token_file(path: str) -> None:
    """Raise SignInRefused unless the file holds a token and nothing else: azure-identity sends whatever it reads."""
    file, remedy = Path(path), "Set AZURE_FEDERATED_TOKEN_FILE to a file that the action can read, or unset it."
    try:
        if not file.is_file():
            why = "it is no file" if file.exists() else "there is no such file where the action runs"
            raise SignInRefused(f"The token in {path} cannot be read: {why}.", remedy)
        with file.open("rb") as opened:
            content = opened.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise SignInRefused(f"The token in {path} cannot be read: {error.strerror}.", remedy) from None
    if len(content) > _LONGEST_FILE or not is_token(content.decode("latin-1")):
        remedy = "Write it without a line break: printf '%s' \"$TOKEN\" > FILE."
        raise SignInRefused(f"The file {path} does not hold a token alone.", remedy)
