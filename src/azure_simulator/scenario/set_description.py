"""A scale set as it is when a simulation begins: its own JSON and its instances."""

from dataclasses import dataclass, field
from typing import Any

from azure_simulator.scenario.images import DeployedImage

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
CLIENT_ID = "33333333-3333-3333-3333-333333333333"
RESOURCE_GROUP = "simulated-group"
SCALE_SET = "simulated-set"
LOCATION = "westeurope"
# The image of a scenario that names none: the set is on the second version, a third one exists.
UBUNTU = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2"}
UBUNTU_VERSIONS = ("22.04.202609010", "22.04.202610010", "22.04.202611010")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceDescription:
    """An instance at the beginning. `image` None: what the model gives; `current`: latestModelApplied.

    `updating_seconds`: for so long it is Updating, as instances are after their creation. `leaves_first`: it is among
    those that a smaller capacity deletes. `lacks`: extensions of the model that it does not have; `vm_size`: the
    size that it has instead of the model's; both make it be behind the model. `changed_individually`: a client has
    written to the instance itself. `reports_health` false: it reports none until it is upgraded. `failed_extension`:
    the one that caused `failure`. `attached`: a machine that was made by itself and attached to the set. `shows`: what
    is merged over its JSON until it is upgraded. `shown`: how Azure showed it, in a captured file.
    """

    instance_id: str
    update_domain: int | None = None
    fault_domain: int | None = None
    zone: str | None = None
    placement_group: str = ""
    image: DeployedImage | None = None
    current: bool | None = None
    provisioning: str = "Succeeded"
    failure: tuple[str, str] | None = None
    power: str = "running"
    protected: bool = False
    protected_from_scale_in: bool = False
    unhealthy: bool = False
    updating_seconds: float = 0.0
    leaves_first: bool = False
    lacks: tuple[str, ...] = ()
    vm_size: str | None = None
    changed_individually: bool = False
    reports_health: bool = True
    failed_extension: str = ""
    attached: bool = False
    shows: dict[str, Any] | None = field(default=None, hash=False)
    shown: dict[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class SetDescription:
    """A scale set at the beginning: `model` is its JSON as Azure writes it; `instances` are in the order of their
    numbers.

    `absent`: there is no set until a PUT creates it; `model` then holds what its address says, and `instances` are
    those that it will be created with, as far as they are known.
    """

    model: dict[str, Any] = field(hash=False)
    instances: tuple[InstanceDescription, ...]
    absent: bool = False


def placement_group_id(group: int, zone: str | None = None) -> str:
    """Return the id of the `group`-th placement group (of a zone), always the same, so that runs can be compared."""
    return f"{group:08x}-0000-4000-8000-{int(zone) if zone and zone.isdigit() else 0:012x}"
