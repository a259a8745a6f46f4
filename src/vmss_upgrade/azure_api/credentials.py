"""Signing in: a client secret, GitHub's OIDC token, or a managed identity, as the inputs decided.

GitHub's token goes straight into `ClientAssertionCredential`, which asks for a fresh one whenever it needs a new
access token, so a rollout outlives both (an id token lives 5 minutes, an access token about one hour).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, DecodeError, HttpResponseError, ServiceResponseError
from azure.core.pipeline import Pipeline
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest

from vmss_upgrade.account import ClientSecret, GitHubOidc, ManagedIdentity, SignIn
from vmss_upgrade.addresses import parse_address
from vmss_upgrade.azure_api.endpoints import NETWORK_TIMEOUTS, Endpoints
from vmss_upgrade.azure_api.failures import LeadsElsewhere, SignInRefused, read_by_the_sdk
from vmss_upgrade.azure_api.http_policies import WrappedTransport
from vmss_upgrade.azure_api.sign_in_remedies import NOT_CONFIRMED, entra_remedy, is_about_federation, machine_remedy
from vmss_upgrade.job.clock import unix_time

_UNREADABLE = "the sign-in service's answer cannot be read"
LONGEST_PAUSE = 30.0  # seconds between two tries of azure-identity's own
REUSE_WHILE_VALID = 60  # seconds that a GitHub token must still be valid to be used again


class Credential:
    """The TokenCredential of the action: says why there is no token, masks each, and can forget those that it holds.

    Nothing is repeated in there: an outage leaves as ServiceResponseError, and the caller waits, and says so. It gives
    no token that a header cannot bear: requests would refuse it, and quote it to everybody.
    """

    def __init__(
        self, sign_in: SignIn, endpoints: Endpoints, transport: HttpTransport[Any, Any], mask: Callable[[str], None]
    ) -> None:
        self._sign_in, self._endpoints, self._transport, self._mask = sign_in, endpoints, transport, mask
        self.renew()

    def renew(self) -> None:
        """Sign in again when the next token is asked for."""
        sign_in = self._sign_in
        home = sign_in.endpoint if isinstance(sign_in, ManagedIdentity) else self._endpoints.authority
        self._noting = _NotingTransport(self._transport, home)
        self._inner, self._refused = self._made()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """See azure.core.credentials.TokenCredential."""
        token: AccessToken = self._masked(lambda: self._inner.get_token(*scopes, **options))
        return token

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        """See azure.core.credentials.SupportsTokenInfo."""
        return self._masked(lambda: self._inner.get_token_info(*scopes, options=options))

    def _made(self) -> tuple[Any, Callable[[ClientAuthenticationError], SignInRefused]]:
        """Return azure-identity's credential, and what puts a refusal into words with what to do."""
        sign_in, authority = self._sign_in, self._endpoints.authority
        options: dict[str, Any] = {"transport": self._noting, "retry_total": 0, "authority": authority}
        match sign_in:
            case ClientSecret():
                from azure.identity import ClientSecretCredential

                options["disable_instance_discovery"] = self._endpoints.is_private
                secret = ClientSecretCredential(sign_in.tenant_id, sign_in.client_id, sign_in.secret, **options)
                return secret, _refused_secret
            case GitHubOidc():
                from azure.identity import ClientAssertionCredential

                github = GitHubToken(sign_in, self._endpoints.audience, self._transport, self._mask)
                assertion = ClientAssertionCredential(sign_in.tenant_id, sign_in.client_id, github.fetch, **options)
                return assertion, partial(_refused_token_of, github)
            case ManagedIdentity():
                from azure.identity import ManagedIdentityCredential

                machine = ManagedIdentityCredential(client_id=sign_in.client_id or None, transport=self._noting)
                return machine, partial(_refused_machine, sign_in, self._noting)

    def _masked(self, ask: Callable[[], Any]) -> Any:
        token = self._asked(ask)
        if not _is_token(token.token):
            raise ServiceResponseError(_UNREADABLE)
        self._mask(token.token)
        return token

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """Return the token. Raises SignInRefused where it is refused, ServiceResponseError in an outage."""
        try:
            with read_by_the_sdk():
                return ask()
        except _NoToken:
            raise
        except DecodeError:  # which quotes the answer, and with it a token that nobody has masked
            raise ServiceResponseError(_UNREADABLE) from None
        except ClientAuthenticationError as error:
            status, is_of_machine = self._noting.last_status, isinstance(self._sign_in, ManagedIdentity)
            # the identity service of a machine that does not answer at all is not there
            if is_of_machine and (status is None or NOT_CONFIRMED in str(error.message)):
                raise self._refused(error) from error
            if status == 200:  # the same, as azure-identity puts it where it signs in with a secret
                raise ServiceResponseError(_UNREADABLE) from None
            if status is None or _is_outage(status):
                why = f"HTTP {status}" if status else error.message
                raise ServiceResponseError(f"the sign-in service is not available ({why})") from error
            raise self._refused(error) from error


def _is_token(value: Any) -> bool:
    """Return True for a text of visible ASCII."""
    return isinstance(value, str) and value != "" and all("!" <= character <= "~" for character in value)


class _NoToken(ClientAuthenticationError):
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
        self._pipeline = Pipeline(_NotingTransport(transport, address.origin))
        self._mask = mask
        self._token = ""
        self.claims: dict[str, Any] = {}

    def fetch(self) -> str:
        """Return the token. Raises ClientAuthenticationError if there is none, ServiceResponseError in an outage."""
        if not self._token or float(self.claims.get("exp", 0)) - unix_time() < REUSE_WHILE_VALID:
            self._token = self._ask()
            self._mask(self._token)
            self.claims = _claims(self._token)
        return self._token

    def _ask(self) -> str:
        request = HttpRequest("GET", self._url, headers={"Authorization": f"Bearer {self._bearer}"})
        response = self._pipeline.run(request).http_response
        if _is_outage(response.status_code):
            raise ServiceResponseError(f"GitHub's token service is not available ({response.status_code}).")
        if response.status_code != 200:
            raise _NoToken(f"GitHub's token service answered {response.status_code} to the request for an OIDC token.")
        try:
            token = json.loads(response.text())["value"]
        except (ValueError, KeyError, TypeError, RecursionError):
            token = ""
        if not _is_token(token):
            raise ServiceResponseError("GitHub's token service answered without a token.")
        return str(token)


class _NotingTransport(WrappedTransport):
    """Bounds every request, and remembers the status of the last answer, which many of azure-identity's errors lack.

    Lets no request leave for another origin than `home`: msal goes where discovery and the environment send it, and
    would take the secret along.
    """

    def __init__(self, inner: HttpTransport[Any, Any], home: str) -> None:
        super().__init__(inner)
        self._home = home
        self.last_status: int | None = None

    def send(self, request: Any, **options: Any) -> Any:
        """Pass on, and note the answer's status (None where there is no answer). Raises LeadsElsewhere."""
        self.last_status = None
        address = parse_address(request.url)
        if address is None or address.origin != self._home:
            raise LeadsElsewhere(address.origin if address else "unreadable")
        request.url = str(address)  # as it was read
        response = self._inner.send(request, **{**options, **NETWORK_TIMEOUTS})
        self.last_status = response.status_code
        return response

    def close(self) -> None:
        """Do nothing: the connections are shared with the client of the scale set."""

    def sleep(self, duration: float) -> None:
        """Sleep, at most for LONGEST_PAUSE: a managed identity's own retries obey whatever they are asked for."""
        self._inner.sleep(min(duration, LONGEST_PAUSE))


def _refused_secret(error: ClientAuthenticationError) -> SignInRefused:
    said = _words(error)
    return SignInRefused(said, entra_remedy(said))


def _refused_token_of(github: GitHubToken, error: ClientAuthenticationError) -> SignInRefused:
    """Add what GitHub's token claimed, where that may be why."""
    said = _words(error)
    if not is_about_federation(said):
        return _refused_secret(error)
    described = ", ".join(f"{name}={github.claims.get(name, '?')}" for name in ("iss", "sub", "aud"))
    must = "the federated credential of the application must have the same issuer, subject and audience."
    return SignInRefused(f"{said} GitHub's token has {described}; {must}", entra_remedy(said))


def _refused_machine(
    sign_in: ManagedIdentity, noting: _NotingTransport, error: ClientAuthenticationError
) -> SignInRefused:
    """Return the service's own words, without azure-identity's claim that there was no response."""
    said = _words(error)
    _, refused, why = said.partition("Token request error: ")
    remedy = machine_remedy(said, sign_in.client_id, is_answered=noting.last_status is not None)
    message = f"The runner's machine gets no token of a managed identity: {why if refused else said}"
    return SignInRefused(message, remedy)


def _is_outage(status: int) -> bool:
    return status >= 500 or status in (408, 429)


def _words(error: HttpResponseError) -> str:
    return str(error.message).strip() or "The sign-in was refused."


def _claims(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, unverified: only for its expiry and for explaining a refusal."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
