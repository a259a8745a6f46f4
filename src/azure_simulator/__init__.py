"""An Azure of its own, to rehearse against: one scale set behind the real SDK, or over HTTPS.

It imports nothing of vmss_upgrade: a wrong idea that both shared would pass every test.
"""

from azure_simulator.answers import ConnectionDropped, Reply
from azure_simulator.capture import with_captured_set
from azure_simulator.clock import VirtualClock, WallClock
from azure_simulator.reading import ScenarioError
from azure_simulator.scenario import (
    Scenario,
    fault_names,
    load_scenario,
    parse_scenario,
    read_scenario,
    scenario_names,
)
from azure_simulator.simulator import InstanceState, RequestRecord, SimulatedAzure, UpgradeRecord

__all__ = [
    "ConnectionDropped",
    "InstanceState",
    "Reply",
    "RequestRecord",
    "Scenario",
    "ScenarioError",
    "SimulatedAzure",
    "UpgradeRecord",
    "VirtualClock",
    "WallClock",
    "fault_names",
    "load_scenario",
    "parse_scenario",
    "read_scenario",
    "scenario_names",
    "with_captured_set",
]
