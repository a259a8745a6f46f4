"""Connecting: the SDK client of one scale set, on our transport, clock and log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy
from azure.core.pipeline.transport import HttpTransport, RequestsTransport
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.compute import __version__ as sdk_version
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from vmss_upgrade.account import Account, Cloud, SignIn
from vmss_upgrade.azure_api.companions.resource_graph import ResourceGraph
from vmss_upgrade.azure_api.endpoints import endpoints_of
from vmss_upgrade.azure_api.http_policies import (
    CheckedTransport,
    ForgetRefusedToken,
    OnlyResourceManager,
    Timeouts,
    Trace,
)
from vmss_upgrade.azure_api.levels import Levels
from vmss_upgrade.azure_api.reader import Answers, Reader
from vmss_upgrade.azure_api.scale_set_client import ScaleSetClient
from vmss_upgrade.azure_api.signing_in.credential import Credential
from vmss_upgrade.ports import Clock
from vmss_upgrade.web.bounded_http import BLOCK, bounded_session


class ClockedTransport(RequestsTransport):  # type: ignore[misc]
    """The SDK's own transport, on a session that bounds every answer; its sleeps are the clock's, which a cancelled job
    interrupts.

    Proxies and a private certificate authority are taken from the environment, as `requests` does.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(session=bounded_session(clock.now), connection_data_block_size=BLOCK)
        self._clock = clock

    def sleep(self, duration: float) -> None:
        """Sleep on the clock."""
        self._clock.sleep(duration)


class Connector:
    """The way to scale sets over one transport: whatever signs in with the same identity shares its token.

    `mask` gets every secret, and `trace` a line for every request (None: requests are not logged).
    """

    def __init__(
        self,
        transport: HttpTransport[Any, Any],
        clock: Clock,
        *,
        user_agent: str,
        mask: Callable[[str], None],
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self._transport = CheckedTransport(transport)
        self._clock = clock
        self._user_agent = user_agent
        self._mask = mask
        self._trace = trace
        self._signed_in: dict[tuple[Cloud, SignIn], Credential] = {}

    def scale_set(self, account: Account, timeout: float, answers: Answers | None = None) -> ScaleSetClient:
        """Return a client for the account's scale set. Sends nothing yet; reads nothing after `timeout` seconds.

        What Azure answers to reads is kept in `answers`.
        """
        levels = Levels()
        return ScaleSetClient(
            self._client(account, levels),
            *account.names,
            levels=levels,
            now=self._clock.now,
            has_time=self._until(timeout),
            answers=answers,
        )

    def index(self, account: Account, timeout: float) -> ResourceGraph:
        """Return Azure's index of scale sets as the account may read it, whatever set it names."""
        return ResourceGraph(Reader(self._client(account, Levels()), self._until(timeout)))

    def _until(self, timeout: float) -> Callable[[], bool]:
        ends = self._clock.now() + timeout
        return lambda: self._clock.now() < ends

    def _client(self, account: Account, levels: Levels) -> ComputeManagementClient:
        """Return the SDK's client.

        The policies are all there are, one by one: the SDK's own would register a resource provider where an error says
        so, follow redirects, and log as the environment wishes.
        """
        endpoints = endpoints_of(account.cloud)
        key = (account.cloud, account.sign_in)
        if key not in self._signed_in:
            self._signed_in[key] = Credential(account.sign_in, endpoints, self._transport, self._mask)
        credential = self._signed_in[key]
        moniker = f"mgmt-compute/{sdk_version}"
        return ComputeManagementClient(
            credential,
            account.subscription_id,
            base_url=endpoints.resource_manager,
            transport=self._transport,
            policies=[
                Timeouts(),
                ForgetRefusedToken(credential.renew),
                *([Trace(self._trace, self._clock)] if self._trace else []),
                RequestIdPolicy(),
                UserAgentPolicy(user_agent=self._user_agent, sdk_moniker=moniker, user_agent_use_env=False),
                OnlyResourceManager(endpoints.resource_manager, regional=not account.cloud.resource_manager_endpoint),
                ARMChallengeAuthenticationPolicy(credential, endpoints.scope),
                levels,
            ],
        )
