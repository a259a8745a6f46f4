"""The scale set: by its name, by its resource id, or by the address of its page in the portal."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from vmss_upgrade.account import PORTALS
from vmss_upgrade.inputs.form import EMPTY, Form
from vmss_upgrade.inputs.values import NO_GUID, is_group_name, is_guid, is_name, shown_address

_SCALE_SET_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]*)/resourceGroups/(?P<group>[^/]*)"
    r"/providers/Microsoft\.Compute/virtualMachineScaleSets/(?P<name>[^/?#]*)/?",
    re.IGNORECASE,
)
# of a page in the portal: https://portal.azure.com/#@TENANT/resource/subscriptions/..., and names of blades behind it
_PAGE = re.compile(
    rf"https://(?P<host>[^/?#]+)[^#]*#.*?(?P<id>{_SCALE_SET_ID.pattern.removesuffix('/?')})(?P<blade>[/?#].*)?",
    re.IGNORECASE,
)
_INSTANCE = re.compile(r"/virtualMachines/(?P<id>[^/?#]+)/?", re.IGNORECASE)
# host of a portal -> its cloud; the public one shows previews under names of their own
_CLOUDS: Final = {portal.removeprefix("https://"): cloud for cloud, portal in PORTALS.items()} | {
    f"{preview}.portal.azure.com": "AzureCloud" for preview in ("ms", "rc", "preview")
}
_COPY = "Copy it from `az vmss show --query id`."


def scale_set_of(form: Form) -> tuple[str, str, str]:
    """Return subscription, resource group and name: from the resource id, or the address of the scale set's page in
    the portal, if one was given, else from three inputs.
    """
    value = form["scale-set"]
    remedy = "Copy it from `az account show --query id`."
    subscription = form.matching("subscription-id", is_guid, remedy, lack=NO_GUID)
    group = form.matching("resource-group", is_group_name, "Give the name alone, as `az group list` prints it.")
    if _is_address(value):
        value = _id_on_page(form, value)
    if value.startswith("/"):
        found = _parts_of(form, value)
        if found is None:
            return "", "", ""
        _refuse_contradiction(form, "subscription-id", subscription, found["subscription"])
        _refuse_contradiction(form, "resource-group", group, found["group"])
        return found["subscription"], found["group"], found["name"]
    if not form["scale-set"]:
        form.problem("scale-set", f"is missing {EMPTY}", "Give the scale set's name, or its whole resource id.")
    elif value:
        form.matching("scale-set", is_name, "Give the name alone, or the whole resource id.")
    else:
        return "", "", ""
    if not group:
        form.problem("resource-group", f"is missing {EMPTY}", "Give it, or a whole resource id as `scale-set`.")
    if not subscription:
        form.problem("subscription-id", f"is missing {EMPTY}", "Give it, or a whole resource id as `scale-set`.")
    return subscription, group, value


def is_whole(value: str) -> bool:
    """Return whether the value names group and subscription as well: it is meant for a resource id or a page."""
    return value.startswith("/") or _is_address(value)


def _is_address(value: str) -> bool:
    """Return whether the value is an address, perhaps of a portal and without its `https://`."""
    host, slash, _ = value.partition("/")
    return "://" in value or (bool(slash) and "portal." in host.lower())


def _id_on_page(form: Form, value: str) -> str:
    """Return the resource id in the address of a page in the portal; empty if there is none, which is a problem."""
    address = value if "://" in value else f"https://{value}"
    page = _PAGE.fullmatch(unquote(address))
    host = page["host"].lower() if page else ""
    is_private = bool(form["resource-manager-endpoint"])
    if page is None or not ("portal" in host if is_private else host in _CLOUDS):
        known = "" if page is None else f", and {host!r} is none of Azure's portals ({', '.join(PORTALS.values())})"
        message = f"{_shown(value)!r} is an address, but not that of a scale set's page in the portal{known}"
        form.problem("scale-set", message, "Copy that of its Overview page, or the id from `az vmss show --query id`.")
        return ""
    if not is_private:
        _refuse_another_cloud(form, host)
    instance = _INSTANCE.match(page["blade"] or "")
    return page["id"] + (instance[0] if instance else "")


def _refuse_another_cloud(form: Form, host: str) -> None:
    """Refuse the portal of another cloud than that of `environment`, if that is one."""
    given, cloud = form["environment"], _CLOUDS[host]
    if given.lower() in (other.lower() for other in PORTALS if other != cloud):
        message = f"{given!r} contradicts {host!r} in `scale-set`, the portal of {cloud}"
        form.problem("environment", message, f"Set `environment: {cloud}`, or correct `scale-set`.")


def _shown(value: str) -> str:
    """Return an address as a message may show it: of a page in the portal also the tenant, which follows an @."""
    host = value.lower().removeprefix("https://").partition("/")[0]
    return value.partition("?")[0] if host in _CLOUDS else shown_address(value)


def _parts_of(form: Form, value: str) -> re.Match[str] | None:
    """Return the parts of a scale set's resource id; None if it is none, which is a problem."""
    found = _SCALE_SET_ID.match(value)
    rest = value[found.end() :] if found else ""
    if found and (instance := _INSTANCE.fullmatch(f"/{rest}")):
        scale_set, id_ = found[0].rstrip("/"), instance["id"]
        remedy = f"Give `scale-set: {scale_set}`; add `instance-ids: {id_}` to upgrade that instance alone."
        form.problem("scale-set", f"{value!r} is the instance {id_!r}, not its scale set", remedy)
        return None
    lack = "" if rest else _lack_of(found)
    if found is None or rest or lack:
        form.problem("scale-set", f"{value!r} is not the resource id of a scale set{lack}", _COPY)
        return None
    return found


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
