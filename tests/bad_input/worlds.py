"""The small scale sets that the cases are played on, and what may be upgraded of each.

Three instances are due, one is protected, one is on the target image already (but where images are not shown);
everything is
over within virtual minutes, so that a case is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from azure_simulator import Scenario, parse_scenario

OLD, NEW = "22.04.202610010", "22.04.202611010"
DUE = frozenset({"0", "3", "4"})
PROTECTED, CURRENT = "1", "2"
NUMBERS = "01234"
TIMEOUT = 1200.0  # seconds, for the whole run

_INPUTS = 'bake-time: "0", health-timeout: 90s, batch-timeout: 3m, timeout: 20m, batch-size: "2"'
_TIMING = "timing: {upgrade_seconds: 1, healthy_after_seconds: 1, model_update_seconds: 1}\n"
_DISKS = "https://golden.blob.core.windows.net/images"
_SAS = "?sv=2026-01-01&sr=b&sig=oFtHeMoDeL%2Fq9ZwX7vUt5sRq3pOn1mLk%3D"
_GALLERY = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/images/providers/Microsoft.Compute"
    "/galleries/golden/images/web"
)


@dataclass(frozen=True)
class World:
    """A scenario as text: what is asked for, and the set it is asked of."""

    target: str
    fleet: str
    instances: str
    rest: str = ""
    names: str = ""  # of instances whose ids are not their numbers

    @property
    def text(self) -> str:
        inputs = f"inputs: {{{self.target}, {_INPUTS}}}\n"
        return f"description: bad input\n{inputs}fleet:\n{self.fleet}{_TIMING}instances:\n{self.instances}{self.rest}"


_MACHINE = "simulated-set_0000000"
_BOTH = f"  '1': {{protected: true}}\n  '2': {{image: '{NEW}'}}\n"

WORLDS = {
    "uniform": World(
        target=f'image-version: "{NEW}"', fleet="  update_domains: [3, 2]\n  health: probe\n", instances=_BOTH
    ),
    "zonal": World(
        target="image-version: latest",
        fleet="  instances:\n"
        + "".join(f"    - {{id: '{n}', zone: '{1 + n % 2}', update_domain: {n % 2}}}\n" for n in range(5))
        + "  health: extension\n",
        instances=_BOTH,
    ),
    "flexible": World(
        target=f'image-version: "{NEW}"',
        fleet="  orchestration: Flexible\n  update_domains: [5]\n  health: extension\n",
        instances=_BOTH.replace("'1'", f"{_MACHINE}1").replace("'2'", f"{_MACHINE}2"),
        names=_MACHINE,
    ),
    "repairs": World(
        target=f'image-version: "{NEW}", suspend-repairs: "true"',
        fleet="  update_domains: [3, 2]\n  health: probe\n",
        instances=_BOTH,
        rest="model: {properties: {automaticRepairsPolicy: {enabled: true, gracePeriod: PT10M}}}\n",
    ),
    "gallery": World(
        target=f"image-id: {_GALLERY}",
        fleet=f"  update_domains: [3, 2]\n  health: probe\n  image: {{id: '{_GALLERY}/versions/1.0.0'}}\n",
        instances=f"  '1': {{protected: true}}\n  '2': {{image: {{id: '{_GALLERY}/versions/2.0.0'}}}}\n",
        rest=f'images:\n  - {{id: "{_GALLERY}", versions: ["1.0.0", "2.0.0"]}}\n',
    ),
    "vhd": World(
        target=f"image-uri: '{_DISKS}/web-2.vhd{_SAS}'",
        fleet=f"  update_domains: [3, 2]\n  health: probe\n  image: {{uri: '{_DISKS}/web-1.vhd{_SAS}'}}\n",
        instances="  '1': {protected: true}\n",  # no instance shows which disk it came from
    ),
}
SAS = _SAS.removeprefix("?")


@cache
def scenario(name: str) -> Scenario:
    """The scenario of a world, read once."""
    return parse_scenario(WORLDS[name].text, "bad-input", "bad-input")


def own_names(name: str) -> dict[str, str]:
    """By number, the ids of a world's instances."""
    return {number: f"{WORLDS[name].names}{number}" for number in NUMBERS}
