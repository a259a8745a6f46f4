"""What is: a scale set, its model and its instances, as one look at Azure shows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmss_upgrade.rollout.image import Image, ImageKind


class Health(Enum):
    """What the health signal says of an instance. Absence is a value, so that nobody reads it as fine."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"  # any other code, such as an initializing one
    NO_SIGNAL = "no signal"  # nothing reported


class Power(Enum):
    """The power state in the instance view."""

    RUNNING = "running"
    STOPPED = "stopped"
    DEALLOCATED = "deallocated"
    OTHER = "other"  # starting, stopping, deallocating, or not shown


class HealthSignal(Enum):
    """Where the scale set's health comes from. Read from the model, never from the absence of data."""

    PROBE = "load balancer health probe"
    EXTENSION = "Application Health extension"
    EXTERNAL = "external health policy"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Domain:
    """An update domain. Numbers repeat per zone and per placement group, so the number alone is not a key."""

    zone: str = ""
    placement_group: str = ""
    number: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure that Azure reports of an instance or an operation, in Azure's words."""

    code: str
    message: str
    time: str = ""  # as Azure wrote it; tells an old failure from a new one


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance at one moment. `image` is the exact version deployed (None where Azure does not show it)."""

    id: str
    image: Image | None
    latest_model_applied: bool | None
    provisioning_state: str  # Azure's word: Succeeded, Updating, Creating, Failed, Deleting ...
    power: Power
    health: Health
    update_domain: Domain | None = None
    fault_domain: int | None = None
    protected: bool = False
    problem: Problem | None = None

    @property
    def is_busy(self) -> bool:
        """Azure (or somebody through it) is working on the instance."""
        return self.provisioning_state.lower() in ("updating", "creating", "deleting", "migrating")

    @property
    def is_leaving(self) -> bool:
        """Being deleted; it may stay listed for half a minute."""
        return self.provisioning_state.lower() == "deleting"

    @property
    def is_up(self) -> bool:
        """Provisioned and running: all that can be known without a health signal."""
        return self.provisioning_state.lower() == "succeeded" and self.power is Power.RUNNING

    @property
    def is_off(self) -> bool:
        """Stopped or deallocated: serves nobody, and an upgrade would not start it."""
        return self.power in (Power.STOPPED, Power.DEALLOCATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The scale set's model: what new instances get. `fingerprint` covers everything in it but the image."""

    id: str
    name: str
    resource_group: str
    subscription: str
    location: str
    image: Image
    etag: str
    provisioning_state: str
    upgrade_mode: str
    orchestration_mode: str
    health_signal: HealthSignal
    automatic_os_upgrade: bool
    service_fabric: bool
    managed_by_aks: bool
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSet:
    """One look at a scale set: the model and every instance (ids are unique, the order is by id)."""

    model: Model
    instances: tuple[Instance, ...]

    def by_id(self) -> dict[str, Instance]:
        """The instances by their id."""
        return {instance.id: instance for instance in self.instances}


def is_on(instance: Instance, target: Image) -> bool:
    """Whether an instance runs `target`: by its exact version or image id.

    No instance shows the VHD it was made from, so there the flag `latestModelApplied` decides; it answers the
    question only while the model holds `target`.
    """
    if target.kind is ImageKind.VHD:
        return bool(instance.latest_model_applied)
    return instance.image is not None and instance.image.same_as(target)


def is_healthy(instance: Instance, signal: HealthSignal) -> bool:
    """Whether an instance serves: up, and Healthy where the scale set has a signal."""
    return instance.is_up and (signal is HealthSignal.NONE or instance.health is Health.HEALTHY)


def in_natural_order(instance_id: str) -> tuple[int, int | str]:
    """Sort key of instance ids: numbers by value, names after them."""
    return (0, int(instance_id)) if instance_id.isdecimal() else (1, instance_id)
