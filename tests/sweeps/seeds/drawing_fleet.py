"""Draws the scale set of a case: up to twelve instances in any shape and state, and all durations."""

from random import Random
from typing import Any

from azure_simulator import read_scenario
from harness.scenarios import profile
from sweeps.seeds.images import LATEST, Family

MOST = 12
# Machines that somebody attached to a Flexible set: of another system, without an image, of another line of images
WINDOWS = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter"}
DEBIAN = {"publisher": "Debian", "offer": "debian-12", "sku": "12", "version": "0.1.0", "exactVersion": "0.1.0"}
ATTACHED: dict[str, Any] = {
    "jumpbox": {
        "properties": {
            "storageProfile": {
                "osDisk": {"osType": "Windows"},
                "imageReference": {**WINDOWS, "version": "latest", "exactVersion": "20348.2113.231109"},
            }
        }
    },
    "restored": {},
    "web-older": {"properties": {"storageProfile": {"imageReference": DEBIAN}}},
}


def draw_fleet(rng: Random, *, half_way: bool) -> dict[str, Any]:
    """Draw everything of a scenario except `inputs` and `faults`.

    `half_way`: the set is left in the middle of a rollout, or of a rollback.
    """
    family = Family(gallery=rng.random() < 0.2)
    fleet = _shape(rng)
    model_image = rng.choices([1, LATEST, None], [3, 9, 1] if half_way else [6, 2, 1])[0]
    fleet["image"] = family.in_model(model_image)
    fleet["health"] = _health(rng, fleet)
    document: dict[str, Any] = {"fleet": fleet, "images": family.catalog(), "timing": _timing(rng)}
    if fleet["health"] != "none" and fleet.get("orchestration") is None and rng.random() < 0.2:
        repairs = {"enabled": True, "gracePeriod": "PT10M", "repairAction": "Replace"}
        document["model"] = {"properties": {"automaticRepairsPolicy": repairs}}
        document["repairs_suspended"] = rng.random() < 0.3
    elif rng.random() < 0.3:
        document["model"] = profile(priority="Spot", evictionPolicy=rng.choice(["Deallocate", "Delete"]))
    document["instances"] = _instances(rng, document, family, model_image, half_way=half_way)
    document["instances"] |= {name: {"shows": ATTACHED[name]} for name in fleet.get("attached", ())}
    return document


def _shape(rng: Random) -> dict[str, Any]:
    """Draw update domains, zones, placement groups, or the machines of a Flexible set."""
    kind = rng.choices(["regional", "zonal", "zones with domains", "groups", "flexible", "gaps"], [8, 3, 2, 2, 3, 2])[0]
    if kind == "zonal":
        zones = ["1", "2", "3"][: rng.randint(1, 3)]
        return {"update_domains": [rng.randint(2, MOST // len(zones))], "zones": zones, "fault_domains": 1}
    if kind == "zones with domains":
        return {"update_domains": _domains(rng, MOST // 2), "zones": ["1", "2"]}
    if kind == "groups":
        return {"update_domains": _domains(rng, MOST // 2), "placement_groups": 2}
    if kind == "flexible":
        shape: dict[str, Any] = {"update_domains": [rng.randint(2, MOST)], "orchestration": "Flexible"}
        return {**shape, "attached": sorted(ATTACHED)} if rng.random() < 0.4 else shape
    if kind == "gaps":
        return {"update_domains": _domains(rng, MOST), "missing_ids": sorted(rng.sample(range(15), rng.randint(1, 5)))}
    return {"update_domains": _domains(rng, MOST)}


def _domains(rng: Random, most: int) -> list[int]:
    """Draw the number of instances in each of up to five update domains."""
    count = rng.choice([1, 2, 2, 3, 3, 4, 5])
    each = max(1, most // count)
    return [rng.randint(max(1, each - 2), each) for _ in range(count)]


def _health(rng: Random, fleet: dict[str, Any]) -> str:
    if "orchestration" in fleet:
        return rng.choice(["extension", "none"])
    return rng.choices(["probe", "extension", "external", "none"], [5, 2, 1, 2])[0]


def _timing(rng: Random) -> dict[str, Any]:
    fast = rng.randint(5, 60)
    return {
        "request_latency": rng.choice([0.05, 0.2, 1.0]),
        "upgrade_seconds": [fast, fast + rng.choice([0, 10, 90])],
        "healthy_after_seconds": [1, rng.choice([1, 10, 40])],
        "model_update_seconds": rng.choice([2, 20, 50]),
    }


def _instances(
    rng: Random, document: dict[str, Any], family: Family, model_image: int | None, *, half_way: bool
) -> dict[str, Any]:
    """Draw the first state of the instances: on older or newer images, protected, stopped, failed or unhealthy."""
    plain = read_scenario({**document, "description": "", "instances": {}}, "drawn", "drawn")
    mess = rng.choice([0.0, 0.1, 0.25])
    is_uniform = "orchestration" not in document["fleet"]
    # machines do not show whether they are current, so it is unknown whether a signal is newer than they are
    lack_signal = is_uniform and document["fleet"]["health"] in ("probe", "extension") and rng.random() < 0.1
    lack_views = is_uniform and rng.random() < 0.05  # Azure can be asked for the view of a single machine
    drawn: dict[str, Any] = {}
    for described in (each for each in plain.scale_set.instances if not each.attached):
        runs = _version(rng, LATEST if half_way else model_image, mess)
        begins: dict[str, Any] = {} if runs == model_image else {"image": family.of_instance(runs)}
        begins |= _condition(rng, mess)
        if lack_signal and runs == model_image and begins.keys() <= {"protected"} and rng.random() < 0.7:
            begins |= {"reports_health": False, "current": False}  # the signal is newer than the instance
        if lack_views and "power" not in begins and rng.random() < 0.3:
            begins["shows"] = {"properties": {"instanceView": None}}
        if begins:
            drawn[described.instance_id] = begins
    return drawn


def _version(rng: Random, model_image: int | None, mess: float) -> int:
    if rng.random() < mess:
        return rng.choice([0, 1, LATEST])
    return 1 if model_image is None else rng.choice([1, model_image])


def _condition(rng: Random, mess: float) -> dict[str, Any]:
    begins: dict[str, Any] = {}
    if rng.random() < mess / 2:
        begins["protected"] = True
    if rng.random() < mess / 2:
        begins["power"] = rng.choice(["stopped", "deallocated"])
    elif rng.random() < mess / 2:
        begins["unhealthy"] = True
    elif rng.random() < mess / 3:
        begins["failed"] = {"code": "OSProvisioningTimedOut", "message": "OS provisioning did not finish."}
    return begins
