"""The inputs that name the scale set, its cloud, and the identity to sign in with."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.account import AUTHORITIES, Account, ClientSecret, Cloud, GitHubOidc, ManagedIdentity, SignIn
from vmss_upgrade.addresses import parse_address
from vmss_upgrade.inputs.form import EMPTY, Form
from vmss_upgrade.inputs.scale_set import scale_set_of
from vmss_upgrade.inputs.values import NO_GUID, is_address, is_domain, is_guid, origin_of, shown_address

ENVIRONMENTS: Final = tuple(AUTHORITIES)

_REQUEST_URL, _REQUEST_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_NOT_MICROSOFTS = (
    "Leave it out (if it is in the environment, find out who set it), or name the private cloud that it belongs to in "
    "`resource-manager-endpoint`."
)
_SERVICE_FABRIC = "IDENTITY_SERVER_THUMBPRINT"


def account_of(form: Form) -> Account:
    """Return the account that the inputs and the job's environment describe."""
    subscription, group, name = scale_set_of(form)
    cloud, sign_in = _cloud(form), _sign_in(form)
    return Account(cloud=cloud, sign_in=sign_in, subscription_id=subscription, resource_group=group, scale_set=name)


def _cloud(form: Form) -> Cloud:
    environment = form.choice("environment", ENVIRONMENTS)
    endpoint = _origin(form, "resource-manager-endpoint", form["resource-manager-endpoint"])
    is_private = bool(form["resource-manager-endpoint"])
    given = _origin(form, "authority-host", form["authority-host"])
    inherited = "" if is_private and given else form.variable("AZURE_AUTHORITY_HOST").strip()
    if inherited and "://" not in inherited:
        inherited = f"https://{inherited}"  # azure-identity takes a host alone, too
    inherited = _origin(form, "AZURE_AUTHORITY_HOST", inherited, " (in the environment)")
    if not is_private and environment:
        _refuse_another_authority(form, environment, "authority-host", given)
        _refuse_another_authority(form, environment, "AZURE_AUTHORITY_HOST", inherited)
    return Cloud(
        environment=environment or ENVIRONMENTS[0],
        resource_manager_endpoint=endpoint,
        authority_host=(given or inherited) if is_private else "",
        audience=form.sendable("audience"),
    )


def _origin(form: Form, name: str, value: str, where: str = "") -> str:
    origin = origin_of(value)
    if value and origin is None:
        lack = f"{shown_address(value)!r}{where} is not the https address of a host"
        form.problem(name, lack, "Write https://HOST or https://HOST:PORT.")
    return origin or ""


def _refuse_another_authority(form: Form, environment: str, name: str, host: str) -> None:
    """Refuse an authority other than Microsoft's for Microsoft's clouds: it would get a secret, or GitHub's token."""
    if host and host != AUTHORITIES[environment]:
        lack = f"{host!r} is not Microsoft's: {environment} signs in at {AUTHORITIES[environment]}"
        form.problem(name, lack, _NOT_MICROSOFTS)


def _sign_in(form: Form) -> SignIn:
    """Choose a given secret, else GitHub's OIDC token, and a managed identity only if nothing else was given.

    `client-id` alone names one of a machine's identities, if the job has no OIDC token that it could belong to.
    """
    tenant = _tenant(form)
    client = form.matching("client-id", is_guid, "Copy the application (client) id.", lack=NO_GUID)
    secret = form.sendable("client-secret")
    has_oidc = bool(form.variable(_REQUEST_URL) or form.variable(_REQUEST_TOKEN))
    if _is_self_hosted(form) and not (tenant or secret) and not (client and has_oidc):
        return _managed_identity(form, client)
    for name, value in (("tenant-id", tenant), ("client-id", client)):
        if not value:
            remedy = "Give it: both `tenant-id` and `client-id` are needed to sign in."
            form.problem(name, f"is missing {EMPTY}", remedy)
    if secret:
        return ClientSecret(tenant_id=tenant, client_id=client, secret=secret)
    url, token = _github_request(form)
    return GitHubOidc(tenant_id=tenant, client_id=client, request_url=url, request_token=token)


def _is_self_hosted(form: Form) -> bool:
    return form.variable("RUNNER_ENVIRONMENT") == "self-hosted"


def _tenant(form: Form) -> str:
    """Return a GUID or a domain name; `adfs` in a private cloud that signs in by AD FS, which has no tenants."""
    return form.matching(
        "tenant-id",
        lambda text: is_guid(text) or is_domain(text) or (text == "adfs" and bool(form["resource-manager-endpoint"])),
        "Copy it from `az account show --query tenantId`.",
        lack="is neither a GUID nor the domain name of a tenant, such as contoso.onmicrosoft.com",
    )


def _github_request(form: Form) -> tuple[str, str]:
    """Return the address of GitHub's OIDC tokens, and the token to ask with. Neither is shown: both are this job's."""
    url, token = form.variable(_REQUEST_URL), form.variable(_REQUEST_TOKEN)
    if not (url and token):
        own = ", or leave `tenant-id` out to sign in with a managed identity of the runner's machine"
        form.problem(
            "client-secret",
            f"is not given {EMPTY.replace('variable', 'secret')}, and the job may not ask for GitHub's OIDC token "
            f"({_REQUEST_URL} and {_REQUEST_TOKEN} are not set)",
            "Add `permissions: id-token: write` to the job (it is not available to pull requests from forks), "
            f"or give `client-secret`{own if _is_self_hosted(form) else ''}.",
        )
        return url, token
    remedy = "Leave it to the runner: find out what sets it in the job."
    address = parse_address(url)
    if address is None or address.scheme != "https" or not is_address(url):
        form.problem(_REQUEST_URL, "(in the environment) is not an https address", remedy)
    if not (token.isascii() and token.isprintable()) or " " in token:
        form.problem(_REQUEST_TOKEN, "(in the environment) cannot be sent as a token", remedy)
    return url, token


def _managed_identity(form: Form, client: str) -> ManagedIdentity:
    """Return an identity of the service that azure-identity chooses by the environment (ManagedIdentityCredential)."""
    name = next((name for name in ("IDENTITY_ENDPOINT", "MSI_ENDPOINT") if form.variable(name)), "")
    if not name:
        return ManagedIdentity(client_id=client)
    remedy = f"Unset {name} in the job's environment, or give `tenant-id` and `client-id`."
    if form.variable(_SERVICE_FABRIC):
        # azure-identity would send this request by a session of its own, past our bounds
        form.problem(_SERVICE_FABRIC, "(in the environment) belongs to Service Fabric, which is not supported", remedy)
    address = parse_address(form.variable(name))
    if address is None or not is_address(form.variable(name)):
        form.problem(name, f"{shown_address(form.variable(name))!r} (in the environment) is not an address", remedy)
        return ManagedIdentity(client_id=client)
    return ManagedIdentity(endpoint=address.origin, client_id=client)
