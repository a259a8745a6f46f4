"""Which scale set, in which cloud, and as whom to sign in. Plain values that inputs.py fills and azure_api uses."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """`resource_manager_endpoint` and `authority_host` are empty for Microsoft's own clouds; so is `audience`."""

    environment: str = "AzureCloud"
    resource_manager_endpoint: str = ""
    authority_host: str = ""
    audience: str = ""


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
    """The identity of the self-hosted runner's own machine."""

    def __str__(self) -> str:
        return "the managed identity of this self-hosted runner"


SignIn = ClientSecret | GitHubOidc | ManagedIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything that is needed to reach one scale set."""

    cloud: Cloud
    sign_in: SignIn
    subscription_id: str
    resource_group: str
    scale_set: str
