"""The scale set, its cloud and the identity to sign in with: plain values that inputs/ fills and azure_api/ uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

# Microsoft's clouds, by the az CLI's names -> where each signs in. Source: azure-identity `AzureAuthorityHosts`.
AUTHORITIES: Final[Mapping[str, str]] = {
    "AzureCloud": "https://login.microsoftonline.com",
    "AzureUSGovernment": "https://login.microsoftonline.us",
    "AzureChinaCloud": "https://login.chinacloudapi.cn",
}
# where each shows its resources. Source: `Get-AzEnvironment`, ManagementPortalUrl.
PORTALS: Final[Mapping[str, str]] = {
    "AzureCloud": "https://portal.azure.com",
    "AzureUSGovernment": "https://portal.azure.us",
    "AzureChinaCloud": "https://portal.azure.cn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """`resource_manager_endpoint` and `authority_host` are empty for Microsoft's own clouds; so is `audience`.

    Both are origins, such as `https://host`.
    """

    environment: str = "AzureCloud"
    resource_manager_endpoint: str = ""
    authority_host: str = ""
    audience: str = ""

    @property
    def authority(self) -> str:
        """The origin that gets the secret or GitHub's token."""
        return self.authority_host or AUTHORITIES[self.environment]

    @property
    def portal(self) -> str:
        """The origin of the portal; empty for a private cloud, whose portal nobody named."""
        return "" if self.resource_manager_endpoint else PORTALS[self.environment]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecret:
    """An application with a secret."""

    tenant_id: str
    client_id: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return "a client secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubOidc:
    """An application with a federated credential for GitHub; the two request values are GitHub's."""

    tenant_id: str
    client_id: str
    request_url: str
    request_token: str = field(repr=False)

    def __str__(self) -> str:
        return "GitHub's OIDC token (workload identity federation)"


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """The identity of the self-hosted runner's own machine, and the origin that is asked for its token.

    `client_id` names one of several user-assigned identities; empty: the only one, or the system's.
    """

    endpoint: str = "http://169.254.169.254"  # Azure's instance metadata service
    client_id: str = ""

    def __str__(self) -> str:
        which = f" {self.client_id}" if self.client_id else ""
        return f"the managed identity{which} of this self-hosted runner"


SignIn = ClientSecret | GitHubOidc | ManagedIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything that is needed to reach one scale set."""

    cloud: Cloud
    sign_in: SignIn
    subscription_id: str
    resource_group: str
    scale_set: str

    @property
    def signs_in_at(self) -> str:
        """The only origin that is asked for a token for Azure."""
        return self.sign_in.endpoint if isinstance(self.sign_in, ManagedIdentity) else self.cloud.authority
