"""The inputs that name the scale set and its cloud; with those of the identity they make the account."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from vmss_upgrade.account import AUTHORITIES, Account, Cloud
from vmss_upgrade.inputs.form import EMPTY, Form
from vmss_upgrade.inputs.sign_in import NO_GUID, sign_in_of
from vmss_upgrade.inputs.values import is_group_name, is_guid, is_name, origin_of, shown_address

ENVIRONMENTS: Final = tuple(AUTHORITIES)

_NOT_MICROSOFTS = (
    "Leave it out (if it is in the environment, find out who set it), or name the private cloud that it belongs to in "
    "`resource-manager-endpoint`."
)
_SCALE_SET_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]*)/resourceGroups/(?P<group>[^/]*)"
    r"/providers/Microsoft\.Compute/virtualMachineScaleSets/(?P<name>[^/?#]*)/?",
    re.IGNORECASE,
)
# of a page in the portal: https://portal.azure.com/#@TENANT/resource/subscriptions/..., and names of blades behind it
_PORTAL_PAGE = re.compile(rf"https://[^#]*#.*?({_SCALE_SET_ID.pattern.removesuffix('/?')})(?:[/?#].*)?", re.IGNORECASE)


def account_of(form: Form) -> Account:
    """Return the account that the inputs and the job's environment describe."""
    subscription, group, name = _scale_set(form)
    cloud, (sign_in, unused) = _cloud(form), sign_in_of(form)
    return Account(
        cloud=cloud,
        sign_in=sign_in,
        subscription_id=subscription,
        resource_group=group,
        scale_set=name,
        unused=unused,
    )


def _scale_set(form: Form) -> tuple[str, str, str]:
    """Return subscription, resource group and name: from the resource id, or the address of the scale set's page in
    the portal, if one was given, else from three inputs.
    """
    value = form["scale-set"]
    remedy = "Copy it from `az account show --query id`."
    subscription = form.matching("subscription-id", is_guid, remedy, lack=NO_GUID)
    group = form.matching("resource-group", is_group_name, "Give the name alone, as `az group list` prints it.")
    if "://" in value:
        page = _PORTAL_PAGE.fullmatch(unquote(value))
        if page is None:
            message = "is an address, but not that of a scale set's page in the portal"
            form.problem(
                "scale-set", message, "Copy that of its Overview page, or the id from `az vmss show --query id`."
            )
            return "", "", ""
        value = page[1]
    if value.startswith("/"):
        found = _SCALE_SET_ID.fullmatch(value)
        lack = _lack_of(found)
        if found is None or lack:
            message = f"{value!r} is not the resource id of a scale set{lack}"
            form.problem("scale-set", message, "Copy it from `az vmss show --query id`.")
            return "", "", ""
        _refuse_contradiction(form, "subscription-id", subscription, found["subscription"])
        _refuse_contradiction(form, "resource-group", group, found["group"])
        return found["subscription"], found["group"], found["name"]
    if not value:
        form.problem("scale-set", f"is missing {EMPTY}", "Give the scale set's name, or its whole resource id.")
    else:
        form.matching("scale-set", is_name, "Give the name alone, or the whole resource id.")
    if not group:
        form.problem("resource-group", f"is missing {EMPTY}", "Give it, or a whole resource id as `scale-set`.")
    if not subscription:
        form.problem("subscription-id", f"is missing {EMPTY}", "Give it, or a whole resource id as `scale-set`.")
    return subscription, group, value


def _lack_of(found: re.Match[str] | None) -> str:
    """Return which parts of the resource id cannot be such names; empty if nothing is wrong."""
    if found is None:
        return ""
    kinds = {"subscription id": is_guid, "resource group name": is_group_name, "scale set name": is_name}
    parts = zip(found.groups(), kinds.items(), strict=True)
    wrong = [
        f"{part!r} is not a valid {kind}" if part else f"the {kind} is missing {EMPTY}"
        for part, (kind, is_one) in parts
        if not is_one(part)
    ]
    return f": {', '.join(wrong)}" if wrong else ""


def _refuse_contradiction(form: Form, name: str, given: str, in_id: str) -> None:
    if given and given.lower() != in_id.lower():
        form.problem(name, f"{given!r} contradicts {in_id!r} in the resource id in `scale-set`", f"Leave `{name}` out.")


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
