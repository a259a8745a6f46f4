"""The model of a scale set: what new instances get."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.image_facts import Traits
from vmss_upgrade.rollout.native.roll import NO_POLICY, RollingPolicy


class HealthSignal(Enum):
    """Where the scale set's health comes from. Read from the model, never from the absence of data."""

    PROBE = "load balancer health probe"
    EXTENSION = "Application Health extension"
    EXTERNAL = "external health policy"
    NONE = "none"
    IGNORED = "ignored, as `health: ignore` asks"

    @property
    def proves_health(self) -> bool:
        """True if there is a signal to go by; without one, all that can be known is that an instance is running."""
        return self not in (HealthSignal.NONE, HealthSignal.IGNORED)


class ProvisioningState(Enum):
    """What Azure is doing to a scale set or an instance, or has done last."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CREATING = "creating"
    UPDATING = "updating"
    DELETING = "deleting"
    MIGRATING = "migrating"
    OTHER = "other"  # a state that is not known here, or none


@dataclass(frozen=True, slots=True)
class Provisioning:
    """A provisioning state, and Azure's own word for it, which is for people alone."""

    state: ProvisioningState
    word: str

    def __str__(self) -> str:
        return self.word


class Owner(Enum):
    """The service that a scale set belongs to, by the marks that it leaves on it; the values are its name."""

    NOBODY = ""
    AKS = "AKS"
    SERVICE_FABRIC = "Service Fabric"
    AZURE_DEVOPS = "Azure DevOps (Azure Pipelines)"
    AKS_ENGINE = "aks-engine"
    CLUSTER_API = "Cluster API (CAPZ)"
    DATABRICKS = "Azure Databricks"
    BATCH = "Azure Batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSettings:
    """What a model says of the machines that it makes; empty, or None, where it does not say.

    `data_disks` are the LUN and the createOption of each.
    """

    size: str = ""
    has_os_profile: bool | None = None
    security_type: str = ""  # TrustedLaunch, ConfidentialVM; a standard machine need not say so
    disk_controller: str = ""  # SCSI, NVMe
    disk_size: int | None = None
    data_disks: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What a model says of the number of its instances, and of what changes it; None where it does not say.

    `sku` are the name and the tier of its SKU, which a write of the capacity repeats. `single_placement_group`: at most
    a hundred instances. `overprovisions`: Azure creates more instances than asked for, and deletes the extra ones.
    `notice`: how long an instance may delay its deletion, as Azure writes it (empty: not at all).
    """

    capacity: int | None = None
    sku: tuple[str, str] = ("", "")
    single_placement_group: bool | None = None
    rebalances_zones: bool = False
    mixes_priorities: bool = False
    overprovisions: bool = False
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscaleSetting:
    """An autoscale setting that targets a scale set; the counts are texts, as Azure writes them."""

    name: str
    resource_group: str
    enabled: bool
    minimum: str
    maximum: str


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a scale set, or on what it is part of. `level`: ReadOnly or CanNotDelete."""

    id: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The scale set's model: what new instances get. `fingerprint` covers everything in it but the image.

    `surroundings` covers the rest of the scale set that a change of clears `latestModelApplied` (size, capacity,
    identity, tags and others).

    `traits` are what the model itself says of the system it boots (empty where it does not say); `time` is when the
    model was last changed.
    """

    id: str
    name: str
    resource_group: str
    subscription: str
    location: str
    image: Image
    etag: str
    provisioning: Provisioning
    upgrade_mode: str
    health_signal: HealthSignal
    fingerprint: str
    rolling: RollingPolicy = NO_POLICY
    is_flexible: bool = False
    automatic_os_upgrade: bool = False
    owner: Owner = Owner.NOBODY
    traits: Traits = Traits()
    surroundings: str = ""
    settings: MachineSettings = MachineSettings()
    scaling: Scaling = Scaling()
    has_profile: bool = True  # False: a Flexible set that only groups machines, without anything to make them from
    time: str = ""
    ephemeral_os_disk: bool = False
    stop_tag: str = ""  # the tag that stops upgrades, as it was written: vmss-upgrade=stop; empty: it is not set
    repairs: str = ""  # what automatic repairs do to an unhealthy instance: Replace, Reimage, Restart; empty: disabled

    @property
    def rolls(self) -> bool:
        """True in mode Rolling: a change of the model starts a rolling upgrade of Azure's own."""
        return self.upgrade_mode.lower() == "rolling"

    @property
    def is_updating(self) -> bool:
        """True while a change of the scale set is being carried out."""
        return self.provisioning.state is ProvisioningState.UPDATING

    @property
    def shows_image(self) -> bool:
        """True if the model names an image; without one there is nothing to roll out, and nothing to be behind of."""
        return bool(str(self.image))
