"""Scenarios of tests, as dicts: what `src/azure_simulator/scenarios/README.md` says of the YAML goes for them too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.routes import fault_at

UBUNTU = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2"}
OLD, NEW = "22.04.202610010", "22.04.202611010"
NEW_MODEL = {**UBUNTU, "version": NEW}  # `fleet.image` of a set whose model holds the target already
REPAIRS = {"properties": {"automaticRepairsPolicy": {"enabled": True, "gracePeriod": "PT30M"}}}

Scenario = dict[str, Any]


def fleet_of(
    domains: Iterable[int] = (2, 2),
    asked: Mapping[str, str] | None = None,
    *,
    fleet: Scenario | None = None,
    **more: Any,
) -> Scenario:
    """A scale set with so many instances in each update domain, in 30 s on the target image and 10 s later healthy.

    A batch is a whole domain, where there are any: `auto` would make it a fifth of the set, which is one instance here.
    `asked` are inputs beside the image, `fleet` what else is said of the set, `more` other keys of a scenario, or one
    of these three as a whole. None takes a key out of the fleet.
    """
    described = {"update_domains": list(domains), "health": "probe", **(fleet or {})}
    whole = {} if described.get("orchestration") == "Flexible" else {"strategy": "update-domain"}
    return {
        "inputs": {"image-version": NEW, **whole, **(asked or {})},
        "fleet": {key: value for key, value in described.items() if value is not None},
        "timing": {"upgrade_seconds": 30, "healthy_after_seconds": 10},
        **more,
    }


def on_request(route: str, kind: str = "http", **effect: Any) -> Scenario:
    """What happens to a request to a route of ROUTES: `nth`, `count`, `status`, `drop` and so on."""
    return {"kind": kind, **fault_at(route), **effect}


def on_instance(kind: str, instance: str = "1", **more: Any) -> Scenario:
    """What happens to an instance."""
    return {"kind": kind, "instance": instance, **more}


def model_change(patch: Scenario, **when: Any) -> Scenario:
    """Somebody changes the model: `at` seconds after the beginning, or `delay` seconds `after_upgrade`."""
    return {"kind": "model-change", "patch": patch, **when}


def profile(**parts: Any) -> Scenario:
    """Parts of a model's virtualMachineProfile, as the model has them."""
    return {"properties": {"virtualMachineProfile": parts}}
