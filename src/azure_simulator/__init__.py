"""An Azure of its own, to rehearse against: one scale set behind the real SDK, or several, or over HTTPS.

It imports nothing of vmss_upgrade: a wrong idea that both shared would pass every test. The import rules, room by
room: serving -> subscription -> simulator -> routes -> bodies -> state -> scenario -> wire; throttle -> wire; graph ->
wire; simulator -> web -> traffic -> state. What only other clients than the
action need (creation, scaling, deletion, power, older dialects) is in files of its own.
"""

from azure_simulator.bodies.truth import CommandRecord, InstanceState, RequestRecord, UpgradeRecord
from azure_simulator.clock import VirtualClock, WallClock
from azure_simulator.scenario.captured.answers import captured_alone, copied_set, with_faults, with_inputs
from azure_simulator.scenario.captured.flags import add_flags
from azure_simulator.scenario.captured.scale_set import with_captured_set
from azure_simulator.scenario.loading import fault_names, load_scenario, parse_scenario, read_scenario, scenario_names
from azure_simulator.scenario.scenario import Scenario, Timing
from azure_simulator.scenario.section import ScenarioError
from azure_simulator.simulator import SimulatedAzure
from azure_simulator.subscription import SimulatedSubscription
from azure_simulator.traffic.clients import SeenByClients
from azure_simulator.web.hooks import HookCall
from azure_simulator.wire.answers import ConnectionDropped, Reply
from azure_simulator.wire.pages import PAGE

__all__ = [
    "PAGE",
    "CommandRecord",
    "ConnectionDropped",
    "HookCall",
    "InstanceState",
    "Reply",
    "RequestRecord",
    "Scenario",
    "ScenarioError",
    "SeenByClients",
    "SimulatedAzure",
    "SimulatedSubscription",
    "Timing",
    "UpgradeRecord",
    "VirtualClock",
    "WallClock",
    "add_flags",
    "captured_alone",
    "copied_set",
    "fault_names",
    "load_scenario",
    "parse_scenario",
    "read_scenario",
    "scenario_names",
    "with_captured_set",
    "with_faults",
    "with_inputs",
]
