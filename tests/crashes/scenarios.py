"""What is killed: every scenario that ships and has at most twelve instances, and small ones for what they lack."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from azure_simulator import Scenario, load_scenario, parse_scenario, scenario_names
from azure_simulator.scenario import Timing

MOST_INSTANCES = 12
LARGE = "large"
TINY = "tiny"

# Shorter than what Azure takes: each more second is more polls, which are all alike, and each of them is a point.
SHORT = Timing(upgrade=(6.0, 16.0), healthy_after=(4.0, 8.0), model_update=4.0)
SHORTER = Timing(upgrade=(3.0, 4.0), healthy_after=(3.0, 4.0), model_update=2.0)

_IMAGE = 'inputs: {image-version: "22.04.202611010"}\n'
_THREE = "fleet: {update_domains: [2, 2, 2], health: probe}\n"
_TWO = "fleet: {update_domains: [1, 1], health: probe}\n"
_POST = 'method: POST, path: "/manualupgrade$"'
_PATCH = 'method: PATCH, path: "/virtualMachineScaleSets/[^/]+$"'
_REPAIRS = "model: {properties: {automaticRepairsPolicy: {enabled: true, gracePeriod: PT10M, repairAction: Replace}}}\n"
_SUSPEND = 'method: POST, path: "/setOrchestrationServiceState$"'
_NEW_MODEL = (
    "fleet:\n  update_domains: [2, 2, 2]\n  health: probe\n"
    "  image: {publisher: Canonical, offer: 0001-com-ubuntu-server-jammy, sku: 22_04-lts-gen2,"
    " version: '22.04.202611010'}\n"
)


def _inputs(more: str) -> str:
    return f'inputs: {{image-version: "22.04.202611010", {more}}}\n'


# name -> the scenario below its description
OWN: dict[str, str] = {
    TINY: _IMAGE + _TWO,
    "lost answers": _IMAGE
    + _TWO
    + f"""faults:
  - {{kind: http, {_PATCH}, nth: 1, drop: after}}
  - {{kind: http, {_POST}, nth: 1, drop: after}}
  - {{kind: http, {_POST}, nth: 2, drop: before}}
""",
    "refused writes": _IMAGE
    + _TWO
    + f"""faults:
  - {{kind: http, {_PATCH}, nth: 1, status: 429, retry_after: 20}}
  - {{kind: http, {_POST}, nth: 1, count: 2, status: 409, code: Conflict}}
  - {{kind: http, {_POST}, nth: 4, status: 503, code: ServerTimeout}}
""",
    "repairs, lost answers": _inputs('suspend-repairs: "true"')
    + _TWO
    + _REPAIRS
    + f"""faults:
  - {{kind: http, {_SUSPEND}, nth: 1, drop: after}}
  - {{kind: http, {_SUSPEND}, nth: 3, drop: after}}
  - {{kind: http, {_POST}, nth: 1, drop: after}}
""",
    "stop after a batch": _inputs('stop-after: "1"') + _THREE,
    "canary and bake time": _inputs('canary: "1", bake-time: 20s') + _THREE,
    "small batches of two zones": _inputs("strategy: zone, batch-size: '2'")
    + "fleet: {update_domains: [3], zones: ['1', '2'], fault_domains: 1, health: extension}\n",
    "Flexible, batches of two": _inputs("batch-size: '2'")
    + "fleet: {orchestration: Flexible, update_domains: [4], health: extension}\n",
    "a disk that lags": 'inputs: {image-uri: "https://golden.blob.core.windows.net/images/web-2.vhd"}\n'
    + "fleet:\n  update_domains: [1, 1]\n  health: probe\n"
    + '  image: {uri: "https://golden.blob.core.windows.net/images/web-1.vhd"}\n'
    + 'faults:\n  - {kind: flag-lags, instance: "1", seconds: 30}\n',
    "a flag that lags": _IMAGE + _TWO + 'faults:\n  - {kind: flag-lags, instance: "1", seconds: 60}\n',
    "no signal": _inputs("bake-time: 30s") + "fleet: {update_domains: [2, 2], health: none}\n",
    "the model alone": _inputs("operation: update-model") + _TWO,
    "the instances alone": "inputs: {operation: upgrade-instances}\n"
    + _NEW_MODEL
    + "instances:\n  '1': {image: '22.04.202610010'}\n  '3': {behind: {vm_size: Standard_D2s_v3}}\n",
    "protected and stopped": _IMAGE
    + _THREE
    + "instances: {'1': {protected: true}, '2': {power: deallocated}, '3': {unhealthy: true}}\n",
    "born meanwhile": _IMAGE
    + _THREE
    + "faults:\n  - {kind: vanish, instance: '2', after_upgrade: 1, delay: 5}\n"
    + "  - {kind: appear, instance: '6', update_domain: 0, image: old, after_upgrade: 2, delay: 5}\n",
    "sick for good": _inputs("health-timeout: 2m")
    + _THREE
    + "faults:\n  - {kind: comes-up-unhealthy, instance: '1'}\n",
    "sick for a while": _IMAGE + _THREE + "faults:\n  - {kind: comes-up-unhealthy, instance: '1', seconds: 90}\n",
    "failed provisioning": _IMAGE
    + _THREE
    + "faults:\n  - {kind: provisioning-failure, instance: '1', code: OSProvisioningTimedOut, message: Too late.}\n",
    "the old image stays": _inputs("health-timeout: 2m")
    + _THREE
    + "faults:\n  - {kind: stays-on-old-image, instance: '1'}\n",
    "no upgrade for want of cores": _IMAGE + _THREE + f"faults:\n  - {{kind: error, {_POST}, nth: 2, error: quota}}\n",
    "out of time": _inputs("timeout: 20s") + _THREE,
}


def swept() -> list[str]:
    """The names of the scenarios that are killed at every call."""
    shipped = [name for name in scenario_names() if _is_swept(load_scenario(name))]
    return [*OWN, *shipped]


def _is_swept(scenario: Scenario) -> bool:
    return len(scenario.scale_set.instances) <= MOST_INSTANCES


@cache
def scenario_of(name: str) -> Scenario:
    """A scenario by its name, at the short times."""
    if name in OWN:
        scenario = parse_scenario(f"description: For the crash sweep.\n{OWN[name]}", name, name)
    else:
        scenario = load_scenario(name)
    return replace(scenario, timing=SHORTER if name == TINY else SHORT)
