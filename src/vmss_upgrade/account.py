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


@dataclass(frozen=True, slots=True, kw_only=True)
class AzurePipelinesOidc:
    """An application, or an identity, behind a service connection of Azure Pipelines.

    `request_url` is where the pipeline's own token, `access_token`, gets an OIDC token of the connection.
    """

    tenant_id: str
    client_id: str
    connection_id: str
    request_url: str
    access_token: str = field(repr=False)

    def __str__(self) -> str:
        return "the service connection's OIDC token of Azure Pipelines (workload identity federation)"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLabOidc:
    """An application with a federated credential for GitLab, whose token is the value of a variable of the job."""

    tenant_id: str
    client_id: str
    token: str = field(repr=False)

    def __str__(self) -> str:
        return "GitLab's ID token (workload identity federation)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFile:
    """An application with a federated credential for the issuer of a token in a file, such as that of a pod."""

    tenant_id: str
    client_id: str
    path: str

    def __str__(self) -> str:
        return f"the token in {self.path} (workload identity federation)"


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """The identity of the machine that runs the action, and the origin that is asked for its token.

    `client_id` names one of several user-assigned identities; empty: the only one, or the system's.
    """

    endpoint: str = "http://169.254.169.254"  # Azure's instance metadata service
    client_id: str = ""

    def __str__(self) -> str:
        which = f" {self.client_id}" if self.client_id else ""
        return f"the managed identity{which} of this machine"


Federated = GitHubOidc | AzurePipelinesOidc | GitLabOidc | TokenFile
SignIn = ClientSecret | Federated | ManagedIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything that is needed to reach one scale set.

    `unused` names the other ways to sign in that the job offers, and that came after the chosen one.
    """

    cloud: Cloud
    sign_in: SignIn
    subscription_id: str
    resource_group: str
    scale_set: str
    unused: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, str, str]:
        """The subscription, the resource group and the scale set."""
        return self.subscription_id, self.resource_group, self.scale_set

    @property
    def scale_set_id(self) -> str:
        """The resource id of the scale set."""
        group = f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{self.scale_set}"

    @property
    def signs_in_at(self) -> str:
        """The origin that is asked for a token for Azure."""
        return self.sign_in.endpoint if isinstance(self.sign_in, ManagedIdentity) else self.cloud.authority

    @property
    def signing_in(self) -> str:
        """The line of the log that says who signs in where, and what was not used for it."""
        rest = f" (not with {' or '.join(self.unused)})" if self.unused else ""
        return f"Signing in with {self.sign_in} at {self.signs_in_at}{rest}"
