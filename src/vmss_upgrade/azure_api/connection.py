"""Connecting: the SDK client of one scale set, on our transport, clock and log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import HttpTransport, RequestsTransport
from azure.mgmt.compute import ComputeManagementClient

from vmss_upgrade.account import Account
from vmss_upgrade.azure_api.credentials import RenewableCredential, credential_for
from vmss_upgrade.azure_api.endpoints import NETWORK_TIMEOUTS, endpoints_of
from vmss_upgrade.azure_api.failures import LeadsElsewhere, correlation_id
from vmss_upgrade.azure_api.scale_set_client import ScaleSetClient
from vmss_upgrade.ports import Clock


class ClockedTransport(RequestsTransport):  # type: ignore[misc]
    """The SDK's own transport, but its sleeps (for retries) are the clock's, which a cancelled job interrupts.

    Proxies and a private certificate authority are taken from the environment, as `requests` does.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def sleep(self, duration: float) -> None:
        """Sleep on the clock."""
        self._clock.sleep(duration)


class _Timeouts(SansIOHTTPPolicy[Any, Any]):
    """One bound for every request: given to the client it would only reach a transport that the client makes."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Tell the transport."""
        request.context.options.update(NETWORK_TIMEOUTS)


class _ForgetRefusedToken(SansIOHTTPPolicy[Any, Any]):
    """After a 401 the next token is a fresh one: the SDK's cache would give the refused one again."""

    def __init__(self, credential: RenewableCredential) -> None:
        self._credential = credential

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Look at the status alone."""
        if response.http_response.status_code == 401:
            self._credential.renew()


class _Trace(SansIOHTTPPolicy[Any, Any]):
    """Tells of every answer: method, path, status, milliseconds, correlation id. No query, no headers, no bodies."""

    def __init__(self, tell: Callable[[str], None], clock: Clock) -> None:
        self._tell = tell
        self._clock = clock

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Remember when the request left."""
        request.context["sent_at"] = self._clock.now()

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Tell of the answer."""
        sent, answer = request.http_request, response.http_response
        took = (self._clock.now() - request.context["sent_at"]) * 1000
        path = sent.url.partition("?")[0].partition("://")[2].partition("/")[2]
        self._tell(f"{sent.method} /{path} -> {answer.status_code} in {took:.0f} ms, {correlation_id(answer.headers)}")


class _Masked:
    """A TokenCredential that has every token masked before anything can be done with it, and so before it is told."""

    def __init__(self, inner: TokenCredential, mask: Callable[[str], None]) -> None:
        self._inner = inner
        self._mask = mask

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """See azure.core.credentials.TokenCredential."""
        token: AccessToken = self._inner.get_token(*scopes, **options)
        self._mask(token.token)
        return token

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        """See azure.core.credentials.SupportsTokenInfo."""
        token = self._inner.get_token_info(*scopes, options=options)  # type: ignore[attr-defined]
        self._mask(token.token)
        return token


class _StayHome(SansIOHTTPPolicy[Any, Any]):
    """Lets requests to Resource Manager alone leave, and to hosts below it: they bear our token.

    Links of a list, addresses of operations and redirects are Azure's words, which the SDK follows wherever they lead.
    """

    def __init__(self, home: str) -> None:
        self._home = _origin(home)

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Raise LeadsElsewhere for any other host or port, and where nothing is encrypted."""
        scheme, host, port = _origin(request.http_request.url)
        home_scheme, home_host, home_port = self._home
        is_there = host == home_host or host.endswith(f".{home_host}")
        if not (is_there and scheme == home_scheme and port == home_port):
            raise LeadsElsewhere(host)


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; all empty where the address cannot be read."""
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), parts.hostname or "", parts.port or 443
    except ValueError:
        return "", "", None


def connect(
    account: Account,
    transport: HttpTransport[Any, Any],
    clock: Clock,
    *,
    user_agent: str,
    mask: Callable[[str], None],
    trace: Callable[[str], None] | None,
) -> ScaleSetClient:
    """The scale set that the account names. Asks nothing of anybody yet."""
    endpoints = endpoints_of(account.cloud)
    credential = RenewableCredential(lambda: credential_for(account.sign_in, endpoints, transport, mask))
    client = ComputeManagementClient(
        _Masked(credential, mask),
        account.subscription_id,
        base_url=endpoints.resource_manager,
        credential_scopes=[endpoints.scope],
        transport=transport,
        retry_total=0,
        user_agent=user_agent,
        per_call_policies=[
            _Timeouts(),
            _ForgetRefusedToken(credential),
            *([_Trace(trace, clock)] if trace else []),
        ],
        per_retry_policies=[_StayHome(endpoints.resource_manager)],  # which see redirects, too
    )
    return ScaleSetClient(client, account.subscription_id, account.resource_group, account.scale_set)
