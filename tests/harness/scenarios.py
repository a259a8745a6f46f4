"""Scenarios of tests, as dicts with the keys that `src/azure_simulator/scenarios/README.md` describes for YAML."""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.routes import fault_at

UBUNTU = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2"}
OLD, NEW = "22.04.202610010", "22.04.202611010"
NEW_MODEL = {**UBUNTU, "version": NEW}  # `fleet.image` of a set whose model already holds the target
REPAIRS = {"properties": {"automaticRepairsPolicy": {"enabled": True, "gracePeriod": "PT30M"}}}
GALLERIES = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/images/providers/Microsoft.Compute/galleries"
)

Scenario = dict[str, Any]


def fleet_of(
    domains: Iterable[int] = (2, 2),
    asked: Mapping[str, str] | None = None,
    *,
    fleet: Scenario | None = None,
    **more: Any,
) -> Scenario:
    """Return a scale set with so many instances in each update domain. An upgrade takes 6 s, and health 2 s more.
    A batch waits 1 min for it, and bakes for 8 s: the usual times cost hundreds of looks. Where a fault comes at a time
    of its own, they are 2 min and 30 s, so that it meets what it is meant for.

    A batch is a whole domain if there are domains; `auto` would take a fifth of the set, which is a single instance
    here. `asked` adds inputs besides the image, `fleet` adds properties of the set, and `more` adds other keys of a
    scenario, or replaces one of these three as a whole. None removes a key from the fleet.
    """
    described = {"update_domains": list(domains), "health": "probe", **(fleet or {})}
    whole = {} if described.get("orchestration") == "Flexible" else {"strategy": "update-domain"}
    comes_later = any(fault.keys() & {"at", "delay"} for fault in more.get("faults", ()))
    waits = {"health-timeout": "2m", "bake-time": "30s"} if comes_later else {"health-timeout": "1m", "bake-time": "8s"}
    return {
        "inputs": {"image-version": NEW, **waits, **whole, **(asked or {})},
        "fleet": {key: value for key, value in described.items() if value is not None},
        "timing": {"upgrade_seconds": 6, "healthy_after_seconds": 2},
        **more,
    }


def on_request(route: str, kind: str = "http", **effect: Any) -> Scenario:
    """Return a fault of requests to a route of ROUTES, with keys such as `nth`, `count`, `status` and `drop`."""
    return {"kind": kind, **fault_at(route), **effect}


def on_instance(kind: str, instance: str = "1", **more: Any) -> Scenario:
    return {"kind": kind, "instance": instance, **more}


def model_change(patch: Scenario, **when: Any) -> Scenario:
    """Return a change of the model by somebody, `at` seconds after the start, or `delay` seconds `after_upgrade`."""
    return {"kind": "model-change", "patch": patch, **when}


def profile(**parts: Any) -> Scenario:
    """Return parts of a model's virtualMachineProfile, as the model spells them."""
    return {"properties": {"virtualMachineProfile": parts}}
