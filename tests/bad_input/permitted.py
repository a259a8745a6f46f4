"""The requests that SECURITY.md names; whatever else leaves is none of ours."""

from __future__ import annotations

import json
import re

from urllib3.util import parse_url

_SET = r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute/virtualMachineScaleSets/[^/]+"
_IMAGE = {"imageReference", "osDisk"}


def complaint(method: str, url: str, body: str) -> str:
    """What is wrong with a request that left; empty for one of the kinds that are permitted."""
    path = parse_url(url).path or "/"
    if method == "GET":
        return ""
    if method == "POST" and re.fullmatch(r"(/[^/]+)+/oauth2/v2\.0/token", path):
        return ""
    if method == "POST" and re.fullmatch(f"{_SET}/manualupgrade", path, re.IGNORECASE):
        return "" if json.loads(body).keys() == {"instanceIds"} else f"manualupgrade with {body[:200]}"
    if method == "POST" and re.fullmatch(f"{_SET}/setOrchestrationServiceState", path, re.IGNORECASE):
        return "" if json.loads(body).get("serviceName") == "AutomaticRepairs" else f"another service: {body[:200]}"
    if method == "PATCH" and re.fullmatch(_SET, path, re.IGNORECASE):
        return _changes_more_than_the_image(json.loads(body))
    return f"{method} {path} is none of ours"


def _changes_more_than_the_image(body: dict[str, dict[str, dict[str, dict[str, object]]]]) -> str:
    profile = body.get("properties", {}).get("virtualMachineProfile", {})
    storage = profile.get("storageProfile", {})
    is_image_alone = body.keys() == {"properties"} and profile.keys() == {"storageProfile"} and storage.keys() <= _IMAGE
    return "" if is_image_alone else f"the model is changed beyond its image: {json.dumps(body)[:300]}"
