"""Every kind of request that the action may ever send, as SECURITY.md names them. Imports none of its code."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from urllib3.util import parse_url

_SET = r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute/virtualMachineScaleSets/[^/]+"
_TOKEN = re.compile(r"/[^/]+/oauth2/v2\.0/token")
_IMAGE = re.compile(_SET, re.IGNORECASE)
_UPGRADE = re.compile(_SET + "/manualupgrade", re.IGNORECASE)
_REPAIRS = re.compile(_SET + "/setOrchestrationServiceState", re.IGNORECASE)
_CANCEL = re.compile(_SET + "/rollingUpgrades/cancel", re.IGNORECASE)
_DELETE = re.compile(_SET + "/delete", re.IGNORECASE)
_COMMAND = re.compile(
    rf"({_SET}/virtualMachines/[^/]+|{_SET.replace('virtualMachineScaleSets', 'virtualMachines')})"
    "/runCommands/vmss-upgrade-(un)?drain",
    re.IGNORECASE,
)
_INDEX = "/providers/Microsoft.ResourceGraph/resources"
_QUERY = "resources | where type =~ 'microsoft.compute/virtualmachinescalesets' | project id, tags | order by id asc"
_REFERENCES = (
    {"publisher", "offer", "sku", "version"}, {"id"}, {"sharedGalleryImageId"}, {"communityGalleryImageId"},
)  # fmt: skip


def complaint(method: str, url: str, body: bytes | str | None, inputs: Collection[str] = ()) -> str:
    """Explain what is wrong with a request; return "" for a GET, a token request, and the promised writes.

    Some writes are promised only with one of the `inputs`, of which `native` stands for a set in mode Rolling; of a run
    with `fleet-plan` among them none is, but it asks for an index of scale sets, and of one with `rehearse` none.
    """
    path = parse_url(url).path or "/"
    if method == "GET":
        return f"GET {path} has a body" if body else ""
    if method == "POST" and _TOKEN.fullmatch(path):
        return ""
    if "rehearse" in inputs:
        return f"{method} {path} is a write, and a rehearsal writes nothing"
    sent = _json(body)
    if "fleet-plan" in inputs:
        is_query = method == "POST" and path == _INDEX and _is_query(sent)
        return "" if is_query else f"{method} {path} with {str(body)[:200]} is no query for scale sets"
    kinds = {
        "PATCH of the image alone": method == "PATCH" and _IMAGE.fullmatch(path) and _is_image_alone(sent),
        "manualupgrade of named instances": method == "POST" and _UPGRADE.fullmatch(path) and _names_instances(sent),
        "state of automatic repairs": method == "POST" and _REPAIRS.fullmatch(path) and _is_of_repairs(sent),
        "a run command of ours, with `drain-command`": "drain-command" in inputs
        and bool(_COMMAND.fullmatch(path))
        and (_runs_a_script(sent) if method == "PUT" else method == "DELETE" and not body),
    }
    if "native" in inputs:
        kinds["cancellation of a rolling upgrade"] = method == "POST" and bool(_CANCEL.fullmatch(path)) and not body
        kinds["manualupgrade of named instances"] = False  # Azure makes the batches
    if "surge" in inputs:
        kinds["PATCH of the SKU alone"] = method == "PATCH" and _IMAGE.fullmatch(path) and _is_capacity(sent)
        kinds["deletion of named instances"] = method == "POST" and _DELETE.fullmatch(path) and _names_instances(sent)
    return "" if any(kinds.values()) else f"{method} {path} with {str(body)[:200]} is none of: {', '.join(kinds)}"


def _json(body: bytes | str | None) -> Any:
    try:
        return json.loads(body or "null")
    except ValueError:
        return None


def _is_query(sent: Any) -> bool:
    """Return True for our one query of whole subscriptions, of which every page is asked for alike."""
    if not isinstance(sent, dict) or set(sent) != {"subscriptions", "query", "options"} or sent["query"] != _QUERY:
        return False
    return set(sent["options"]) - {"$skipToken"} == {"resultFormat", "$top"} and bool(sent["subscriptions"])


def _is_image_alone(sent: Any) -> bool:
    """Return True for properties.virtualMachineProfile.storageProfile with one image reference, or the URI of a VHD,
    only.
    """
    for name in ("properties", "virtualMachineProfile", "storageProfile"):
        if not isinstance(sent, dict) or set(sent) != {name}:
            return False
        sent = sent[name]
    if not isinstance(sent, dict) or len(sent) != 1:
        return False
    reference = sent.get("imageReference")
    if isinstance(reference, dict):
        return set(reference) in _REFERENCES and all(isinstance(part, str) and part for part in reference.values())
    vhd = sent.get("osDisk")
    return (
        isinstance(vhd, dict)
        and set(vhd) == {"image"}
        and isinstance(vhd["image"], dict)
        and set(vhd["image"]) == {"uri"}
    )


def _is_capacity(sent: Any) -> bool:
    sku = sent.get("sku") if isinstance(sent, dict) and set(sent) == {"sku"} else None
    if not isinstance(sku, dict) or not {"name", "capacity"} <= set(sku) <= {"name", "tier", "capacity"}:
        return False
    return isinstance(sku["capacity"], int) and sku["capacity"] > 0


def _names_instances(sent: Any) -> bool:
    ids = sent.get("instanceIds") if isinstance(sent, dict) and set(sent) == {"instanceIds"} else None
    return isinstance(ids, list) and bool(ids) and all(isinstance(each, str) and each not in ("", "*") for each in ids)


def _is_of_repairs(sent: Any) -> bool:
    return isinstance(sent, dict) and sent in (
        {"serviceName": "AutomaticRepairs", "action": action} for action in ("Suspend", "Resume")
    )


def _runs_a_script(sent: Any) -> bool:
    """Return True for a location, and a script with one argument and a time limit: no other user, no other output."""
    properties = sent.get("properties") if isinstance(sent, dict) and set(sent) == {"location", "properties"} else None
    if not isinstance(properties, dict):
        return False
    arguments = [each.get("value") for each in properties.get("parameters", [])]
    return (
        set(properties) == {"source", "parameters", "timeoutInSeconds", "asyncExecution"}
        and set(properties["source"]) == {"script"}
        and arguments in (["drain"], ["undrain"])
    )
