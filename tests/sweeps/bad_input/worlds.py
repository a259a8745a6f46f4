"""The small scale sets of the cases, and the instances that may be upgraded in each.

Three instances are due, one is protected, and one is already on the target image (unless images are not shown). A run
ends within virtual minutes, so that a case is cheap.
"""

from functools import cache
from typing import Any

from azure_simulator import Scenario
from harness.playing import as_scenario
from harness.scenarios import GALLERIES, NEW, REPAIRS, fleet_of

DUE = frozenset({"0", "3", "4"})
PROTECTED, CURRENT = "1", "2"
NUMBERS = "01234"
TIMEOUT = 1200.0  # seconds, for the whole run

_DISKS = "https://golden.blob.core.windows.net/images"
_SAS = "?sv=2026-01-01&sr=b&sig=oFtHeMoDeL%2Fq9ZwX7vUt5sRq3pOn1mLk%3D"
_GALLERY = f"{GALLERIES}/golden/images/web"
NAMES = {"flexible": "simulated-set_0000000"}  # the prefix of the ids of a world's instances


def _world(
    target: dict[str, str], *, fleet: dict[str, Any] | None = None, current: Any = NEW, names: str = "", **more: Any
) -> dict[str, Any]:
    """Return the inputs and the set; `current` is the image of the instance that needs no upgrade."""
    bounds = {"bake-time": "0", "health-timeout": "90s", "batch-timeout": "3m", "timeout": "20m", "batch-size": "2"}
    instances = {PROTECTED: {"protected": True}, **({CURRENT: {"image": current}} if current else {})}
    return fleet_of(
        [3, 2],
        fleet=fleet,
        inputs={**target, **bounds},
        timing={"upgrade_seconds": 1, "healthy_after_seconds": 1, "model_update_seconds": 1},
        instances={names + number: begins for number, begins in instances.items()},
        **more,
    )


_VERSION = {"image-version": NEW}
WORLDS = {
    "uniform": _world(_VERSION),
    "zonal": _world(
        {"image-version": "latest"},
        fleet={
            "update_domains": None,
            "instances": [{"id": str(n), "zone": str(1 + n % 2), "update_domain": n % 2} for n in range(5)],
            "health": "extension",
        },
    ),
    "flexible": _world(
        _VERSION,
        fleet={"orchestration": "Flexible", "update_domains": [5], "health": "extension"},
        names=NAMES["flexible"],
    ),
    "repairs": _world({**_VERSION, "suspend-repairs": "true"}, model=REPAIRS),
    "gallery": _world(
        {"image-id": _GALLERY},
        fleet={"image": {"id": f"{_GALLERY}/versions/1.0.0"}},
        current={"id": f"{_GALLERY}/versions/2.0.0"},
        images=[{"id": _GALLERY, "versions": ["1.0.0", "2.0.0"]}],
    ),
    "vhd": _world(
        {"image-uri": f"{_DISKS}/web-2.vhd{_SAS}"},
        fleet={"image": {"uri": f"{_DISKS}/web-1.vhd{_SAS}"}},
        current=None,  # no instance shows the image of its disk
    ),
}
SAS = _SAS.removeprefix("?")


@cache
def scenario(name: str) -> Scenario:
    return as_scenario(WORLDS[name])


def own_names(name: str) -> dict[str, str]:
    """Return the ids of a world's instances, by number."""
    return {number: f"{NAMES.get(name, '')}{number}" for number in NUMBERS}
