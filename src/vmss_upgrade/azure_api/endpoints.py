"""Which Azure: Resource Manager, authority, token scope and OIDC audience belong together.

Source: azure-mgmt-core `get_arm_endpoints`; the audiences are those of
Microsoft's documentation of workload identity federation per cloud.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmss_upgrade.account import AUTHORITIES, Cloud

# One bound for every connection: a hanging read must not outlive a cancelled job.
NETWORK_TIMEOUTS = {"connection_timeout": 5, "read_timeout": 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """`is_private`: not one of Microsoft's clouds, so nobody can be asked whether the authority is genuine."""

    resource_manager: str
    authority: str
    scope: str
    audience: str
    is_private: bool


_CLOUDS = {
    "AzureCloud": Endpoints(
        resource_manager="https://management.azure.com",
        authority=AUTHORITIES["AzureCloud"],
        scope="https://management.azure.com/.default",
        audience="api://AzureADTokenExchange",
        is_private=False,
    ),
    "AzureUSGovernment": Endpoints(
        resource_manager="https://management.usgovcloudapi.net",
        authority=AUTHORITIES["AzureUSGovernment"],
        scope="https://management.core.usgovcloudapi.net/.default",
        audience="api://AzureADTokenExchangeUSGov",
        is_private=False,
    ),
    "AzureChinaCloud": Endpoints(
        resource_manager="https://management.chinacloudapi.cn",
        authority=AUTHORITIES["AzureChinaCloud"],
        scope="https://management.chinacloudapi.cn/.default",
        audience="api://AzureADTokenExchangeChina",
        is_private=False,
    ),
}


def endpoints_of(cloud: Cloud) -> Endpoints:
    """Return the endpoints of a cloud; a given Resource Manager brings its own scope, a given authority host wins."""
    known = _CLOUDS[cloud.environment]
    manager = cloud.resource_manager_endpoint.rstrip("/")
    return Endpoints(
        resource_manager=manager or known.resource_manager,
        authority=cloud.authority.rstrip("/"),
        scope=f"{manager}/.default" if manager else known.scope,
        audience=cloud.audience or known.audience,
        is_private=bool(manager),
    )
