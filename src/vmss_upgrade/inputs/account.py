"""Which scale set, in which cloud, and as whom to sign in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from vmss_upgrade.account import AUTHORITIES, Account, ClientSecret, Cloud, GitHubOidc, ManagedIdentity, SignIn
from vmss_upgrade.inputs.form import IDENTIFIER, Form
from vmss_upgrade.inputs.values import origin_of

ENVIRONMENTS: Final = tuple(AUTHORITIES)

_NAME = re.compile(r"[\w.()-]+")
_SCALE_SET_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.Compute/virtualMachineScaleSets/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)


def account_of(form: Form, environ: Mapping[str, str]) -> Account:
    """The account that the inputs and the job's environment describe."""
    subscription, group, name = _scale_set(form)
    return Account(
        cloud=_cloud(form, environ),
        sign_in=_sign_in(form, environ),
        subscription_id=subscription,
        resource_group=group,
        scale_set=name,
    )


def _scale_set(form: Form) -> tuple[str, str, str]:
    """Subscription, resource group and name: from the resource id where one was given, else from three inputs."""
    value = form["scale-set"]
    subscription = form.matching("subscription-id", IDENTIFIER, "Copy it from `az account show --query id`.")
    group = form.matching("resource-group", _NAME, "Give the name alone, as `az group list` prints it.")
    if value.startswith("/"):
        found = _SCALE_SET_ID.fullmatch(value)
        if found is None:
            form.problem(
                "scale-set",
                f"{value!r} is not the resource id of a scale set",
                "Copy it from `az vmss show --query id`.",
            )
            return "", "", ""
        _refuse_contradiction(form, "subscription-id", subscription, found["subscription"])
        _refuse_contradiction(form, "resource-group", group, found["group"])
        return found["subscription"], found["group"], found["name"]
    if not value:
        form.problem("scale-set", "is missing", "Give the scale set's name, or its whole resource id.")
    else:
        form.matching("scale-set", _NAME, "Give the name alone, or the whole resource id.")
    if not group:
        form.problem("resource-group", "is missing", "Give it, or a whole resource id as `scale-set`.")
    if not subscription:
        form.problem("subscription-id", "is missing", "Give it, or a whole resource id as `scale-set`.")
    return subscription, group, value


def _refuse_contradiction(form: Form, name: str, given: str, in_id: str) -> None:
    if given and given.lower() != in_id.lower():
        form.problem(name, f"{given!r} contradicts {in_id!r} in the resource id in `scale-set`", f"Leave `{name}` out.")


def _cloud(form: Form, environ: Mapping[str, str]) -> Cloud:
    environment = form.choice("environment", ENVIRONMENTS)
    endpoint = _origin(form, "resource-manager-endpoint", form["resource-manager-endpoint"])
    is_private = bool(form["resource-manager-endpoint"])
    given = _origin(form, "authority-host", form["authority-host"])
    inherited = "" if is_private and given else _authority_of(environ)
    inherited = _origin(form, "AZURE_AUTHORITY_HOST", inherited, " (in the environment)")
    if not is_private and environment:
        _refuse_another_authority(form, environment, "authority-host", given)
        _refuse_another_authority(form, environment, "AZURE_AUTHORITY_HOST", inherited)
    return Cloud(
        environment=environment or ENVIRONMENTS[0],
        resource_manager_endpoint=endpoint,
        authority_host=(given or inherited) if is_private else "",
        audience=form["audience"],
    )


def _authority_of(environ: Mapping[str, str]) -> str:
    """What azure-identity would take out of the environment, which may be a host alone."""
    host = environ.get("AZURE_AUTHORITY_HOST", "").strip()
    return host if not host or "://" in host else f"https://{host}"


def _origin(form: Form, name: str, value: str, where: str = "") -> str:
    origin = origin_of(value)
    if value and origin is None:
        form.problem(
            name, f"{value!r}{where} is not the https address of a host", "Write https://HOST or https://HOST:PORT."
        )
    return origin or ""


def _refuse_another_authority(form: Form, environment: str, name: str, host: str) -> None:
    """Who signs in elsewhere hands over a secret, or GitHub's token, so that is for private clouds alone."""
    if host and host != AUTHORITIES[environment]:
        form.problem(
            name,
            f"{host!r} is none of Microsoft's: {environment} signs in at {AUTHORITIES[environment]}",
            "Leave it out (if it is in the environment, find out who set it), or name the private cloud that it "
            "belongs to in `resource-manager-endpoint`.",
        )


def _sign_in(form: Form, environ: Mapping[str, str]) -> SignIn:
    """A given secret wins; else GitHub's OIDC token; a managed identity only where nothing else was given."""
    tenant = form.matching("tenant-id", IDENTIFIER, "Copy it from `az account show --query tenantId`.")
    client = form.matching("client-id", IDENTIFIER, "Copy the application (client) id.")
    secret = form["client-secret"]
    url = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    token = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    self_hosted = environ.get("RUNNER_ENVIRONMENT", "") == "self-hosted"
    if not (tenant or client or secret) and self_hosted:
        return ManagedIdentity()
    for name, value in (("tenant-id", tenant), ("client-id", client)):
        if not value:
            form.problem(name, "is missing", "Give it: both `tenant-id` and `client-id` are needed to sign in.")
    if secret:
        return ClientSecret(tenant_id=tenant, client_id=client, secret=secret)
    if not (url and token):
        form.problem(
            "client-secret",
            "is not given, and the job may not ask for GitHub's OIDC token "
            "(ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set)",
            "Add `permissions: id-token: write` to the job (it is not available to pull requests from forks), "
            "or give `client-secret`.",
        )
    return GitHubOidc(tenant_id=tenant, client_id=client, request_url=url, request_token=token)
