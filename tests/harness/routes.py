"""The requests that the action sends, by name: for faults to strike, for answers to be altered, for the truth."""

from __future__ import annotations

import re

# name -> method, and a regular expression for the path; of several that fit, the first counts
ROUTES = {
    "instances": ("GET", r"/virtualMachines$"),
    "set": ("GET", r"/virtualMachineScaleSets/[^/]+$"),
    "poll": ("GET", r"/operations/"),
    "permissions": ("GET", r"/permissions$"),
    "rolling": ("GET", r"/rollingUpgrades/latest$"),
    "image": ("GET", r"/(publishers|galleries|images)/"),
    "set-view": ("GET", r"/virtualMachineScaleSets/[^/]+/instanceView$"),
    "patch": ("PATCH", r"/virtualMachineScaleSets/[^/]+$"),
    "upgrade": ("POST", r"/manualupgrade$"),
    "repairs": ("POST", r"/setOrchestrationServiceState$"),
    "token": ("POST", r"/oauth2/v2\.0/token$"),
    "oidc": ("GET", r"/github/actions/id-token$"),
    "openid": ("GET", r"/openid-configuration$"),
}


def route_of(method: str, path: str) -> str:
    """The name of a request's route; empty for one that has none."""
    fits = (name for name, (wanted, pattern) in ROUTES.items() if method == wanted and re.search(pattern, path, re.I))
    return next(fits, "")


def fault_at(route: str) -> dict[str, str]:
    """The keys by which a scenario's fault strikes a route."""
    method, path = ROUTES[route]
    return {"method": method, "path": path}
