"""Which Azure: Resource Manager, authority, token scope and OIDC audience belong together.

Source: azure-mgmt-core `get_arm_endpoints`; the audiences are those of
Microsoft's documentation of workload identity federation per cloud.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmss_upgrade.account import Cloud

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


# environment -> Resource Manager, the scope of its tokens, and the audience of GitHub's tokens
_CLOUDS = {
    "AzureCloud": (
        "https://management.azure.com",
        "https://management.azure.com/.default",
        "api://AzureADTokenExchange",
    ),
    "AzureUSGovernment": (
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net/.default",
        "api://AzureADTokenExchangeUSGov",
    ),
    "AzureChinaCloud": (
        "https://management.chinacloudapi.cn",
        "https://management.chinacloudapi.cn/.default",
        "api://AzureADTokenExchangeChina",
    ),
}


def endpoints_of(cloud: Cloud) -> Endpoints:
    """Return the endpoints of a cloud; a given Resource Manager brings its own scope, a given authority host wins."""
    resource_manager, scope, audience = _CLOUDS[cloud.environment]
    given = cloud.resource_manager_endpoint.rstrip("/")
    return Endpoints(
        resource_manager=given or resource_manager,
        authority=cloud.authority.rstrip("/"),
        scope=f"{given}/.default" if given else scope,
        audience=cloud.audience or audience,
        is_private=bool(given),
    )
