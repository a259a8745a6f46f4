"""Signing in: a secret, a token of the job, a token in a file, or a managed identity, as the inputs decided.

Every kind is a class of azure-identity, which asks for a fresh token whenever it needs a new access token, so a rollout
outlives both (GitHub's token lives 5 minutes, an access token about one hour).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, DecodeError, ServiceResponseError
from azure.core.pipeline.transport import HttpTransport

from vmss_upgrade.account import (
    AzurePipelinesOidc,
    ClientSecret,
    GitHubOidc,
    GitLabOidc,
    ManagedIdentity,
    SignIn,
    TokenFile,
)
from vmss_upgrade.azure_api.endpoints import Endpoints
from vmss_upgrade.azure_api.failures import LeadsElsewhere, SignInRefused, read_by_the_sdk
from vmss_upgrade.azure_api.signing_in.assertions import GitHubToken, NoToken, examine_token_file
from vmss_upgrade.azure_api.signing_in.refusals import refused_by_entra, refused_by_the_machine, refused_by_the_pipeline
from vmss_upgrade.azure_api.signing_in.remedies import NOT_CONFIRMED
from vmss_upgrade.azure_api.signing_in.transport import NotingTransport, is_outage, is_token
from vmss_upgrade.web.addresses import parse_address

_UNREADABLE = "the sign-in service's answer cannot be read"


class Credential:
    """The TokenCredential of the action: says why there is no token, masks each, and can forget those that it holds.

    Nothing is repeated in there: an outage leaves as ServiceResponseError, and the caller waits, and says so. It gives
    no token that a header cannot bear: requests would refuse it, and quote it to everybody.
    """

    def __init__(
        self, sign_in: SignIn, endpoints: Endpoints, transport: HttpTransport[Any, Any], mask: Callable[[str], None]
    ) -> None:
        self._sign_in, self._endpoints, self._transport = sign_in, endpoints, transport
        self._mask = _once(mask)
        self.renew()

    def renew(self) -> None:
        """Sign in again when the next token is asked for."""
        self._noting = NotingTransport(self._transport, self._mask, *self._homes())
        self._inner = self._made()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """See azure.core.credentials.TokenCredential."""
        token: AccessToken = self._masked(lambda: self._inner.get_token(*scopes, **options))
        return token

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        """See azure.core.credentials.SupportsTokenInfo."""
        return self._masked(lambda: self._inner.get_token_info(*scopes, options=options))

    def _homes(self) -> tuple[str, ...]:
        """Return the only origins that azure-identity may ask."""
        sign_in = self._sign_in
        if isinstance(sign_in, ManagedIdentity):
            return (sign_in.endpoint,)
        if isinstance(sign_in, AzurePipelinesOidc):
            return (self._endpoints.authority, _origin_of(sign_in.request_url))
        return (self._endpoints.authority,)

    def _made(self) -> Any:
        """Return azure-identity's credential."""
        sign_in, authority = self._sign_in, self._endpoints.authority
        options: dict[str, Any] = {"transport": self._noting, "retry_total": 0, "authority": authority}
        if isinstance(sign_in, ManagedIdentity):
            from azure.identity import ManagedIdentityCredential

            return ManagedIdentityCredential(client_id=sign_in.client_id or None, transport=self._noting)
        options |= {"tenant_id": sign_in.tenant_id, "client_id": sign_in.client_id}
        match sign_in:
            case ClientSecret():
                from azure.identity import ClientSecretCredential

                is_private = self._endpoints.is_private
                return ClientSecretCredential(
                    client_secret=sign_in.secret, disable_instance_discovery=is_private, **options
                )
            case GitHubOidc():
                from azure.identity import ClientAssertionCredential

                github = GitHubToken(sign_in, self._endpoints.audience, self._transport, self._mask)
                return ClientAssertionCredential(func=github.fetch, **options)
            case GitLabOidc():
                from azure.identity import ClientAssertionCredential

                return ClientAssertionCredential(func=lambda: sign_in.token, **options)
            case AzurePipelinesOidc():
                from azure.identity import AzurePipelinesCredential

                return AzurePipelinesCredential(
                    service_connection_id=sign_in.connection_id, system_access_token=sign_in.access_token, **options
                )
            case TokenFile():
                from azure.identity import WorkloadIdentityCredential

                return WorkloadIdentityCredential(token_file_path=sign_in.path, **options)

    def _masked(self, ask: Callable[[], Any]) -> Any:
        if isinstance(self._sign_in, TokenFile):
            examine_token_file(self._sign_in.path)
        token = self._asked(ask)
        if not is_token(token.token):
            raise ServiceResponseError(_UNREADABLE)
        self._mask(token.token)
        return token

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """Return the token. Raises SignInRefused where it is refused, ServiceResponseError in an outage."""
        try:
            with read_by_the_sdk():
                return ask()
        except NoToken:
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
            if status is None or is_outage(status):
                why = f"HTTP {status}" if status else error.message
                raise ServiceResponseError(f"the sign-in service is not available ({why})") from error
            raise self._refused(error) from error

    def _refused(self, error: ClientAuthenticationError) -> SignInRefused:
        """Return the refusal in words, with what to do."""
        sign_in, noting = self._sign_in, self._noting
        if isinstance(sign_in, ManagedIdentity):
            return refused_by_the_machine(sign_in, error, is_answered=noting.last_status is not None)
        if isinstance(sign_in, AzurePipelinesOidc) and noting.last_origin == _origin_of(sign_in.request_url):
            return refused_by_the_pipeline(sign_in, noting.last_status)
        return refused_by_entra(sign_in, noting.claims, error)


def _origin_of(url: str) -> str:
    address = parse_address(url)
    if address is None:
        raise LeadsElsewhere("unreadable")
    return address.origin


def _once(mask: Callable[[str], None]) -> Callable[[str], None]:
    """Return what masks every secret, and none of them twice."""
    masked: set[str] = set()

    def mask_once(secret: str) -> None:
        if secret not in masked:
            masked.add(secret)
            mask(secret)

    return mask_once
