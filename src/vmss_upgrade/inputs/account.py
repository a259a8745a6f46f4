"""The inputs that name the scale set and its cloud; with those of the identity they make the account."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.account import AUTHORITIES, Account, Cloud
from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.scale_set import scale_set_of
from vmss_upgrade.inputs.signing_in.sign_in import sign_in_of
from vmss_upgrade.inputs.values import origin_of, shown_address

ENVIRONMENTS: Final = tuple(AUTHORITIES)

_NOT_MICROSOFTS = (
    "Leave it out (if it is in the environment, find out who set it), or name the private cloud that it belongs to in "
    "`resource-manager-endpoint`."
)


def account_of(form: Form) -> Account:
    """Return the account that the inputs and the job's environment describe."""
    subscription, group, name = scale_set_of(form)
    cloud, (sign_in, unused) = cloud_of(form), sign_in_of(form)
    return Account(
        cloud=cloud,
        sign_in=sign_in,
        subscription_id=subscription,
        resource_group=group,
        scale_set=name,
        unused=unused,
    )


def cloud_of(form: Form) -> Cloud:
    """Return the cloud that the inputs and the job's environment describe."""
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
