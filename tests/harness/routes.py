"""The requests that the action sends, by name: for faults, for changed answers, and for the state of Azure."""

import re

# name -> method, and a regular expression for the path; if several match, the first one counts
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
    "delete": ("POST", r"/virtualMachineScaleSets/[^/]+/delete$"),
    "autoscale": ("GET", r"/autoscalesettings$"),
    "locks": ("GET", r"/locks$"),
    "repairs": ("POST", r"/setOrchestrationServiceState$"),
    "token": ("POST", r"/oauth2/v2\.0/token$"),
    "oidc": ("GET", r"/github/actions/id-token$"),
    "openid": ("GET", r"/openid-configuration$"),
}

# those that only some inputs lead to: no fault is drawn for them, so that the cases drawn before stay as they are
OF_SOME_INPUTS = {
    "commands": ("GET", r"/runCommands$"),
    "command": ("GET", r"/runCommands/[^/]+$"),
    "run": ("PUT", r"/runCommands/vmss-upgrade-(un)?drain$"),
    "cancel": ("POST", r"/rollingUpgrades/cancel$"),
    "end-run": ("DELETE", r"/runCommands/vmss-upgrade-(un)?drain$"),
}


def route_of(method: str, path: str) -> str:
    """Return the name of a request's route; empty for a request that has none."""
    fits = (
        name
        for name, (wanted, pattern) in {**ROUTES, **OF_SOME_INPUTS}.items()
        if method == wanted and re.search(pattern, path, re.I)
    )
    return next(fits, "")


def fault_at(route: str) -> dict[str, str]:
    """Return the keys by which a scenario's fault strikes a route."""
    method, path = {**ROUTES, **OF_SOME_INPUTS}[route]
    return {"method": method, "path": path}
