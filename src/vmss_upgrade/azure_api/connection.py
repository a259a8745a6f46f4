"""Connecting: the SDK client of one scale set, on our transport, clock and log."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
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


# what has signed in already, by cloud and identity: several connections share it, and its token
SignedIn = MutableMapping[tuple[Cloud, SignIn], Credential]


def connect(
    account: Account,
    transport: HttpTransport[Any, Any],
    clock: Clock,
    *,
    user_agent: str,
    mask: Callable[[str], None],
    trace: Callable[[str], None] | None,
    timeout: float,
    signed_in: SignedIn | None = None,
    answers: Answers | None = None,
) -> ScaleSetClient:
    """Return a client for the account's scale set. Sends nothing yet; reads nothing after `timeout` seconds.

    What Azure answers to reads is kept in `answers`.
    """
    levels, signed_in = Levels(), {} if signed_in is None else signed_in
    client = _client(account, transport, clock, user_agent, mask, trace, signed_in, levels)
    ends = clock.now() + timeout
    names = (account.subscription_id, account.resource_group, account.scale_set)
    return ScaleSetClient(
        client, *names, levels=levels, now=clock.now, has_time=lambda: clock.now() < ends, answers=answers
    )


def connect_to_index(
    account: Account,
    transport: HttpTransport[Any, Any],
    clock: Clock,
    *,
    user_agent: str,
    mask: Callable[[str], None],
    trace: Callable[[str], None] | None,
    timeout: float,
    signed_in: SignedIn,
) -> ResourceGraph:
    """Return Azure's index of scale sets as the account may read it, whatever set it names; else as `connect` does."""
    client = _client(account, transport, clock, user_agent, mask, trace, signed_in, Levels())
    ends = clock.now() + timeout
    return ResourceGraph(Reader(client, lambda: clock.now() < ends))


def _client(
    account: Account,
    transport: HttpTransport[Any, Any],
    clock: Clock,
    user_agent: str,
    mask: Callable[[str], None],
    trace: Callable[[str], None] | None,
    signed_in: SignedIn,
    levels: Levels,
) -> ComputeManagementClient:
    """Return the SDK's client.

    The policies are all there are, one by one: the SDK's own would register a resource provider where an error says so,
    follow redirects, and log as the environment wishes.
    """
    transport = CheckedTransport(transport)
    endpoints = endpoints_of(account.cloud)
    key = (account.cloud, account.sign_in)
    if key not in signed_in:
        signed_in[key] = Credential(account.sign_in, endpoints, transport, mask)
    credential = signed_in[key]
    return ComputeManagementClient(
        credential,
        account.subscription_id,
        base_url=endpoints.resource_manager,
        transport=transport,
        policies=[
            Timeouts(),
            ForgetRefusedToken(credential.renew),
            *([Trace(trace, clock)] if trace else []),
            RequestIdPolicy(),
            UserAgentPolicy(user_agent=user_agent, sdk_moniker=f"mgmt-compute/{sdk_version}", user_agent_use_env=False),
            OnlyResourceManager(endpoints.resource_manager, regional=not account.cloud.resource_manager_endpoint),
            ARMChallengeAuthenticationPolicy(credential, endpoints.scope),
            levels,
        ],
    )
