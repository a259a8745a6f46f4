"""A scenario as data: the scale set, how fast it is, and what goes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from azure_simulator.scenario.catalog import Catalog
from azure_simulator.scenario.companions.governance import AutoscaleSetting, Lock
from azure_simulator.scenario.companions.run_commands import GuestBehavior
from azure_simulator.scenario.companions.scaling import Scaling
from azure_simulator.scenario.events import Event
from azure_simulator.scenario.faults import ConflictWindow, InstanceFault, ReadFault
from azure_simulator.scenario.request_faults import RequestFault
from azure_simulator.scenario.set_description import SetDescription
from azure_simulator.scenario.web.answers import Hooks, Probe
from azure_simulator.scenario.web.traffic import BalancerProbe, Traffic
from azure_simulator.wire.calendar import EPOCH

GITHUB_AUDIENCE = "api://AzureADTokenExchange"
# What a manualupgrade of a Flexible set needs (documented, "Upgrade policy modes").
USUAL_FEATURES = {"ImageReferenceUpgradeForVmoVMs": "Registered", "VMSSFlexRollingUpgrade": "Registered"}
# The size that the simulated sets have (documented, "Dsv5 sizes series").
USUAL_SIZES = {"Standard_D2s_v5": {"HyperVGenerations": "V1,V2", "CpuArchitectureType": "x64"}}

Fault = InstanceFault | RequestFault | ReadFault | ConflictWindow | Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Durations in seconds. A pair is the range that each instance's own value is drawn from, by the seed.

    `poll_pause`: a poll of an operation asks to wait until its end, but no longer than this; None: as recorded.
    """

    request_latency: float = 0.2
    upgrade: tuple[float, float] = (20.0, 240.0)
    healthy_after: tuple[float, float] = (10.0, 60.0)
    model_update: float = 50.0
    poll_pause: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttling:
    """How Azure throttles: whether Resource Manager's gateway refuses what its own buckets have no tokens for, or only
    shows them, and the seconds that every 429 asks for (None: the usual ones).
    """

    gateway_refuses: bool = True
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierOperation:
    """An operation that another client started `began` seconds before the simulation begins (negative: after it)."""

    began: float
    seconds: float
    failure: tuple[str, str] | None = None
    collection: str = "operations"
    api_version: str = "2026-04-01"
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """What one role allows, and what it excludes from that."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything a simulation needs to know. `inputs` are what the rehearsal gives the action.

    `began` is the date of its beginning, which decides how Azure writes (generation.py). `policy` adds its tags and
    extensions to every set that is created or updated, as a policy of the subscription does. `neighbours` are other
    sets, which show in the subscription's list and nowhere else. `under_way` are operations that other clients started
    before. `permissions` None: they may not be read. `repairs_suspended`: automatic repairs are suspended from the
    beginning on. `identities`: client ids of the machine's user-assigned identities; None: it is no machine of Azure.
    `features`: the subscription's preview features and the state of their registration. `sizes`: capabilities of the VM
    sizes that the region offers. `guest`: how the instances carry out commands. `scaling`: how a change of the capacity
    goes. `autoscale` None: its settings may not be read. `access_token_seconds` None: tokens say 3599 s and are never
    refused for their age. `index`: whether Resource Graph shows the set as it is, `not-yet` or, `deleted`, still;
    `index_lag`: for how many seconds it does so, and how far behind it is.
    `hooks` and `probes`: the services outside Azure that exist; `balancer` and `traffic`: what leads to the instances.
    `recorded`: answers to GETs of what stands beside the set, by path and query in lower case, which come instead of
    the simulator's own.
    `sets`: the scenario of each scale set of the subscription, where it has several; the first one is also this one.
    """

    name: str
    description: str
    inputs: dict[str, str] = field(hash=False)
    scale_set: SetDescription
    catalog: Catalog
    timing: Timing
    throttling: Throttling = field(default_factory=Throttling)
    faults: tuple[Fault, ...] = field(hash=False)
    rolling_upgrade: str | None = None
    began: datetime = EPOCH
    policy: dict[str, Any] = field(default_factory=dict, hash=False)
    neighbours: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    under_way: tuple[EarlierOperation, ...] = ()
    permissions: tuple[Permission, ...] | None = (Permission(("*",)),)
    repairs_suspended: bool = False
    access_token_seconds: float | None = None
    audience: str = GITHUB_AUDIENCE
    identities: tuple[str, ...] | None = None
    features: dict[str, str] = field(default_factory=dict, hash=False)
    guest: tuple[GuestBehavior, ...] = ()
    scaling: Scaling = field(default_factory=Scaling)
    autoscale: tuple[AutoscaleSetting, ...] | None = ()
    locks: tuple[Lock, ...] = ()
    locks_readable: bool = True
    sizes: dict[str, dict[str, str]] = field(default_factory=dict, hash=False)
    hooks: Hooks | None = None
    probes: tuple[Probe, ...] = ()
    balancer: BalancerProbe = field(default_factory=BalancerProbe)
    traffic: Traffic | None = None
    index: str = "current"
    index_lag: float = 60.0
    recorded: Mapping[str, tuple[int, bytes]] = field(default_factory=dict, hash=False)
    sets: tuple["Scenario", ...] = field(default=(), hash=False)
