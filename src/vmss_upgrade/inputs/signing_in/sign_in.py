"""The inputs that say who signs in, and the first way to do so that the job offers.

Sources: GitHub, "OpenID Connect"; azure-identity's AzurePipelinesCredential, and the variables that the tasks AzureCLI
and AzurePowerShell set; GitLab, "Configure OpenID Connect in Azure"; the webhook of Microsoft Entra Workload ID, which
gives a pod its four AZURE_ variables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vmss_upgrade.account import (
    AzurePipelinesOidc,
    ClientSecret,
    Federated,
    GitHubOidc,
    GitLabOidc,
    ManagedIdentity,
    SignIn,
    TokenFile,
)
from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.signing_in.missing_sign_in import (
    CONNECTION,
    GITHUB_TOKEN,
    GITHUB_URL,
    GITLAB_TOKEN,
    IN_THE_ENVIRONMENT,
    TENANT_REMEDY,
    TOKEN_FILE,
    is_self_hosted,
    refuse_without_token,
    require_ids,
)
from vmss_upgrade.inputs.values import NO_GUID, is_address, is_domain, is_guid, shown_address
from vmss_upgrade.web.addresses import parse_address

_PIPELINES_URL, _PIPELINES_TOKEN = "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN"
_SERVICE_FABRIC = "IDENTITY_SERVER_THUMBPRINT"

_LEFT_TO_THE_RUNNER = "Leave it to the runner: find out what sets it in the job."


@dataclass(frozen=True, slots=True)
class _Ids:
    """Tenant and application, as the inputs give them; empty where they do not."""

    tenant: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way to sign in with a token of the job: how it is called, and the variables that offer it, if all are set.

    `ids` are the variables that stand in for the inputs `tenant-id` and `client-id`.
    """

    name: str
    offered_by: tuple[str, ...]
    make: Callable[[Form, _Ids], Federated]
    ids: tuple[str, str] | None = None

    def is_offered(self, form: Form) -> bool:
        """Return True if the job's environment has what this way begins with."""
        return all(form.variable(name) for name in self.offered_by)

    def ids_of(self, form: Form, given: _Ids) -> _Ids:
        """Return tenant and application: the inputs, completed from the environment."""
        if self.ids is None:
            return given
        tenant, client = (form.variable(name).strip() for name in self.ids)
        return _Ids(given.tenant or tenant, given.client or client)

    def examine_ids(self, form: Form, given: _Ids) -> None:
        """Note a variable that stands in for an input, and cannot."""
        for name, is_given in zip(self.ids or (), (given.tenant, given.client), strict=False):
            value = form.variable(name).strip()
            if not is_given and not (is_guid(value) or (name.endswith("TENANT_ID") and is_domain(value))):
                form.problem(name, f"{value!r} {IN_THE_ENVIRONMENT} {NO_GUID}", "Correct it, or give the input.")


def sign_in_of(form: Form) -> tuple[SignIn, tuple[str, ...]]:
    """Return the first way to sign in that is complete, and what else the job offers and is not used.

    A given secret comes first, then a token of the job (GitHub's, Azure Pipelines', GitLab's), then a token in a file,
    then a managed identity. What a job offers is never a contradiction: a pod may have several of them.
    """
    given = _Ids(_tenant(form), form.matching("client-id", is_guid, "Copy the application (client) id.", lack=NO_GUID))
    secret = form.sendable("client-secret")
    offered = [way for way in _WAYS if way.is_offered(form)]
    names = [way.name for way in offered]
    if secret:
        require_ids(form, given.tenant, given.client, "")
        return ClientSecret(tenant_id=given.tenant, client_id=given.client, secret=secret), tuple(names)
    for number, way in enumerate(offered, start=1):
        ids = way.ids_of(form, given)
        if ids.tenant and ids.client:
            way.examine_ids(form, given)
            return way.make(form, ids), tuple(names[number:])
    if not given.tenant and _may_be_the_machine(form, offered):
        return _managed_identity(form, given.client), tuple(names)
    require_ids(form, given.tenant, given.client, offered[0].name if offered else "")
    if not offered:
        refuse_without_token(form)
    return GitHubOidc(tenant_id=given.tenant, client_id=given.client, request_url="", request_token=""), ()


def _may_be_the_machine(form: Form, offered: list[_Way]) -> bool:
    """Return True if a managed identity may be meant: no machine of GitHub's has one, and no token file was made.

    GitHub's own token says nothing against it: a job may have that for another step.
    """
    if form.is_of_github:
        return is_self_hosted(form) and offered in ([], [_GITHUB])
    return not offered


def _tenant(form: Form) -> str:
    """Return a GUID or a domain name; `adfs` in a private cloud that signs in by AD FS, which has no tenants."""
    return form.matching(
        "tenant-id",
        lambda text: is_guid(text) or is_domain(text) or (text == "adfs" and bool(form["resource-manager-endpoint"])),
        TENANT_REMEDY,
        lack="is neither a GUID nor the domain name of a tenant, such as contoso.onmicrosoft.com",
    )


def _github(form: Form, ids: _Ids) -> GitHubOidc:
    """Return what asks GitHub for a token. Neither address nor token is shown: both are this job's."""
    url, token = form.variable(GITHUB_URL), form.variable(GITHUB_TOKEN)
    _examine_address(form, GITHUB_URL)
    _examine_token(form, GITHUB_TOKEN, _LEFT_TO_THE_RUNNER)
    return GitHubOidc(tenant_id=ids.tenant, client_id=ids.client, request_url=url, request_token=token)


def _pipelines(form: Form, ids: _Ids) -> AzurePipelinesOidc:
    """Return what asks Azure Pipelines for a token of the service connection."""
    token, connection = form.variable(_PIPELINES_TOKEN), form.variable(CONNECTION).strip()
    map_it = f"Add `env: {_PIPELINES_TOKEN}: $(System.AccessToken)` to the task."
    if not token or token.startswith("$("):
        form.problem(_PIPELINES_TOKEN, f"is not set {IN_THE_ENVIRONMENT}: a task does not get it by itself", map_it)
    else:
        _examine_token(form, _PIPELINES_TOKEN, map_it)
    if not is_guid(connection):
        remedy = "Copy `resourceId` out of the address of the service connection's page."
        form.problem(CONNECTION, f"{connection!r} {IN_THE_ENVIRONMENT} {NO_GUID}", remedy)
    _examine_address(form, _PIPELINES_URL)
    return AzurePipelinesOidc(
        tenant_id=ids.tenant,
        client_id=ids.client,
        connection_id=connection,
        request_url=form.variable(_PIPELINES_URL),
        access_token=token,
    )


def _gitlab(form: Form, ids: _Ids) -> GitLabOidc:
    _examine_token(form, GITLAB_TOKEN, "Leave it to GitLab: name it under `id_tokens` alone.")
    return GitLabOidc(tenant_id=ids.tenant, client_id=ids.client, token=form.variable(GITLAB_TOKEN))


def _file(form: Form, ids: _Ids) -> TokenFile:
    path = form.variable(TOKEN_FILE)
    if not path.isprintable():
        form.problem(TOKEN_FILE, f"{path!r} {IN_THE_ENVIRONMENT} is not the path of a file", "Correct it, or unset it.")
    return TokenFile(tenant_id=ids.tenant, client_id=ids.client, path=path)


def _examine_address(form: Form, name: str) -> None:
    url = form.variable(name)
    address = parse_address(url)
    if address is None or address.scheme != "https" or not is_address(url):
        form.problem(name, f"{IN_THE_ENVIRONMENT} is not an https address", _LEFT_TO_THE_RUNNER)


def _examine_token(form: Form, name: str, remedy: str) -> None:
    token = form.variable(name)
    if not (token.isascii() and token.isprintable()) or " " in token:
        form.problem(name, f"{IN_THE_ENVIRONMENT} cannot be sent as a token", remedy)


def _managed_identity(form: Form, client: str) -> ManagedIdentity:
    """Return an identity of the service that azure-identity chooses by the environment (ManagedIdentityCredential)."""
    name = next((name for name in ("IDENTITY_ENDPOINT", "MSI_ENDPOINT") if form.variable(name)), "")
    if not name:
        return ManagedIdentity(client_id=client)
    remedy = f"Unset {name} in the job's environment, or give `tenant-id` and `client-id`."
    if form.variable(_SERVICE_FABRIC):
        # azure-identity would send this request by a session of its own, past our bounds
        form.problem(_SERVICE_FABRIC, f"{IN_THE_ENVIRONMENT} belongs to Service Fabric, which is not supported", remedy)
    address = parse_address(form.variable(name))
    if address is None or not is_address(form.variable(name)):
        shown = shown_address(form.variable(name))
        form.problem(name, f"{shown!r} {IN_THE_ENVIRONMENT} is not an address", remedy)
        return ManagedIdentity(client_id=client)
    return ManagedIdentity(endpoint=address.origin, client_id=client)


_GITHUB = _Way(name="GitHub's OIDC token", offered_by=(GITHUB_URL, GITHUB_TOKEN), make=_github)
_WAYS: Final = (
    _GITHUB,
    _Way(
        name="the service connection of Azure Pipelines",
        offered_by=(CONNECTION,),
        make=_pipelines,
        ids=("AZURESUBSCRIPTION_TENANT_ID", "AZURESUBSCRIPTION_CLIENT_ID"),
    ),
    _Way(
        name="GitLab's ID token",
        offered_by=(GITLAB_TOKEN,),
        make=_gitlab,
        ids=("AZURE_TENANT_ID", "AZURE_CLIENT_ID"),
    ),
    _Way(
        name=f"the token file of {TOKEN_FILE}",
        offered_by=(TOKEN_FILE,),
        make=_file,
        ids=("AZURE_TENANT_ID", "AZURE_CLIENT_ID"),
    ),
)
