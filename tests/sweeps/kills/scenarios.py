"""The killed scenarios: all shipped ones with at most twelve instances, and small ones for what those lack."""

from dataclasses import replace
from functools import cache

from azure_simulator import Scenario, load_scenario, scenario_names
from azure_simulator.scenario.scenario import Timing
from harness.playing import as_scenario
from harness.scenarios import NEW_MODEL, OLD, REPAIRS, fleet_of, on_instance, on_request

MOST_INSTANCES = 12
LARGE = "large"
TINY = "tiny"

# These times are shorter than Azure's: each second adds polls that are all alike, and each poll is another point.
SHORT = Timing(upgrade=(6.0, 16.0), healthy_after=(4.0, 8.0), model_update=4.0)
SHORTER = Timing(upgrade=(3.0, 4.0), healthy_after=(3.0, 4.0), model_update=2.0)

TWO, THREE = (1, 1), (2, 2, 2)
DISK = "https://golden.blob.core.windows.net/images/web-{}.vhd"

DRAIN = {"drain-command": "systemctl $1 web"}
HOOKS = {
    **{f"{phase}-batch-url": f"https://hooks.example.com/{phase}" for phase in ("before", "after")},
    "hook-secret": "the-secret-of-the-hooks",
    "hook-timeout": "1m",
}
EVERYTHING = "everything"

# a set in mode Rolling whose policy allows everything, so that the run itself has to stop
LENIENT = {
    "properties": {
        "upgradePolicy": {
            "mode": "Rolling",
            "rollingUpgradePolicy": {
                "maxBatchInstancePercent": 34,
                "maxUnhealthyInstancePercent": 100,
                "maxUnhealthyUpgradedInstancePercent": 100,
            },
        }
    }
}

OWN = {
    TINY: fleet_of(TWO),
    "lost answers": fleet_of(
        TWO,
        faults=[
            on_request("patch", nth=1, drop="after"),
            on_request("upgrade", nth=1, drop="after"),
            on_request("upgrade", nth=2, drop="before"),
        ],
    ),
    "refused writes": fleet_of(
        TWO,
        faults=[
            on_request("patch", nth=1, status=429, retry_after=20),
            on_request("upgrade", nth=1, count=2, status=409, code="Conflict"),
            on_request("upgrade", nth=4, status=503, code="ServerTimeout"),
        ],
    ),
    "repairs, lost answers": fleet_of(
        TWO,
        {"suspend-repairs": "true"},
        model=REPAIRS,
        faults=[
            on_request("repairs", nth=1, drop="after"),
            on_request("repairs", nth=3, drop="after"),
            on_request("upgrade", nth=1, drop="after"),
        ],
    ),
    "stop after a batch": fleet_of(THREE, {"stop-after": "1"}),
    "canary and bake time": fleet_of(THREE, {"canary": "1", "bake-time": "20s"}),
    "small batches of two zones": fleet_of(
        [3],
        {"strategy": "zone", "batch-size": "2"},
        fleet={"zones": ["1", "2"], "fault_domains": 1, "health": "extension"},
    ),
    "Flexible, batches of two": fleet_of(
        [4], {"batch-size": "2"}, fleet={"orchestration": "Flexible", "health": "extension"}
    ),
    "a disk that lags": fleet_of(
        TWO,
        fleet={"image": {"uri": DISK.format(1)}},
        inputs={"image-uri": DISK.format(2)},
        faults=[on_instance("flag-lags", seconds=30)],
    ),
    "a flag that lags": fleet_of(TWO, faults=[on_instance("flag-lags", seconds=60)]),
    "no signal": fleet_of([2, 2], {"bake-time": "30s"}, fleet={"health": "none"}),
    "probes": fleet_of(
        TWO,
        {"probe-url": "https://www.example.com/health"},
        probes=[{"address": "https://www.example.com/health", "balanced": False}],
    ),
    "the model alone": fleet_of(TWO, {"operation": "update-model"}),
    "the instances alone": fleet_of(
        THREE,
        fleet={"image": NEW_MODEL},
        inputs={"operation": "upgrade-instances"},
        instances={"1": {"image": OLD}, "3": {"behind": {"vm_size": "Standard_D2s_v3"}}},
    ),
    "protected and stopped": fleet_of(
        THREE, instances={"1": {"protected": True}, "2": {"power": "deallocated"}, "3": {"unhealthy": True}}
    ),
    "created meanwhile": fleet_of(
        THREE,
        faults=[
            on_instance("vanish", "2", after_upgrade=1, delay=5),
            on_instance("appear", "6", update_domain=0, image="old", after_upgrade=2, delay=5),
        ],
    ),
    "stays unhealthy": fleet_of(THREE, {"health-timeout": "2m"}, faults=[on_instance("comes-up-unhealthy")]),
    "unhealthy for a while": fleet_of(THREE, faults=[on_instance("comes-up-unhealthy", seconds=90)]),
    "failed provisioning": fleet_of(
        THREE, faults=[on_instance("provisioning-failure", code="OSProvisioningTimedOut", message="Too late.")]
    ),
    "the old image stays": fleet_of(THREE, {"health-timeout": "2m"}, faults=[on_instance("stays-on-old-image")]),
    "no upgrade for lack of cores": fleet_of(THREE, faults=[on_request("upgrade", "error", nth=2, error="quota")]),
    "rolled back": fleet_of(
        (1, 1, 1),
        {"health-timeout": "1m", "on-failure": "rollback"},
        faults=[on_instance("comes-up-unhealthy")],
    ),
    "surge": fleet_of(TWO, {"surge": "1", "bake-time": "10s"}),
    "surge, a batch fails": fleet_of(
        THREE,
        {"surge": "1", "bake-time": "10s", "health-timeout": "1m"},
        faults=[on_instance("comes-up-unhealthy", "4")],
    ),
    "drained": fleet_of(TWO, DRAIN),
    "drained, and failing": fleet_of(
        (2, 2), DRAIN, guest=[{"instance": "0", "argument": "drain", "exit_code": 3, "turns_unhealthy": True}]
    ),
    "drained, and one stays on the old image": fleet_of(
        (2,), {**DRAIN, "allow-downtime": "true", "health-timeout": "1m"}, faults=[on_instance("stays-on-old-image")]
    ),
    "drained, Flexible": fleet_of(
        [2], {**DRAIN, "batch-size": "1"}, fleet={"orchestration": "Flexible", "health": "extension"}
    ),
    "drained and surging": fleet_of(
        TWO, {**DRAIN, "surge": "1", "bake-time": "10s"}, model={"properties": {"overprovision": False}}
    ),
    "between hooks": fleet_of(TWO, HOOKS, hooks={"answers": [{"phase": "before", "batch": 1, "polls": 1}]}),
    "between hooks, and failing": fleet_of(
        TWO, {**HOOKS, "health-timeout": "1m"}, hooks={}, faults=[on_instance("comes-up-unhealthy", "1")]
    ),
    EVERYTHING: fleet_of(
        TWO,
        {**DRAIN, **HOOKS, "suspend-repairs": "true"},
        model=REPAIRS,
        guest=[{"turns_unhealthy": True}],
        hooks={"answers": [{"phase": "before", "batch": 2, "decision": "wait", "count": 1}]},
    ),
    "Azure rolls, and an instance is bad": fleet_of(
        THREE,
        {"strategy": "native", "health-timeout": "1m"},
        model=LENIENT,
        faults=[on_instance("comes-up-unhealthy", "3")],
    ),
    "Azure rolls, there and back": fleet_of(
        (1, 1),
        {"strategy": "native", "health-timeout": "1m", "on-failure": "rollback"},
        model=LENIENT,
        faults=[on_instance("provisioning-failure", "0", code="OSProvisioningTimedOut", message="Too late.")],
    ),
    "out of time": fleet_of(THREE, {"timeout": "40s"}),
}


def swept() -> list[str]:
    """Return the names of the scenarios that are killed at every call."""
    shipped = {name: load_scenario(name) for name in scenario_names()}
    # Of several sets, a run rolls the first one, as others do.
    small = [
        name for name, each in shipped.items() if len(each.scale_set.instances) <= MOST_INSTANCES and not each.sets
    ]
    return [*OWN, *small]


@cache
def scenario_of(name: str) -> Scenario:
    """Return a scenario by its name, with the short times."""
    scenario = replace(as_scenario(OWN.get(name, name)), name=name)
    return replace(scenario, timing=SHORTER if name == TINY else SHORT)
