"""A scale set and its instances, as one look at Azure shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from vmss_upgrade.rollout.failures import Problem
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import HealthSignal, Model, Provisioning, ProvisioningState
from vmss_upgrade.rollout.wording import in_natural_order


class DomainKind(Enum):
    """What a domain is a part of; SET is the scale set as a whole, for batches that are drawn across it."""

    UPDATE = "update domain"
    FAULT = "fault domain"
    ZONE = "zone"
    SET = "scale set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Instances that may go down together. Numbers repeat per zone and placement group; a zone or a set has none."""

    kind: DomainKind
    zone: str = ""
    placement_group: str = ""
    number: int = 0

    @property
    def order(self) -> tuple[tuple[int, int | str], str, int]:
        """Sort key among domains of one kind: zone, placement group, number."""
        return (in_natural_order(self.zone), self.placement_group, self.number)


class Health(Enum):
    """What the health signal says of an instance. Absence is a value, so that it cannot be read as healthy."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"  # any other code, such as an initializing one
    NO_SIGNAL = "no signal"  # nothing reported
    NOT_YET = "no signal yet"  # it gets the model's health signal with its next upgrade (sightings.py)


class Power(Enum):
    """The power state in the instance view."""

    RUNNING = "running"
    STOPPED = "stopped"
    DEALLOCATED = "deallocated"
    OTHER = "other"  # starting, stopping or deallocating
    NOT_SHOWN = "not shown"


class Origin(Enum):
    """Where an instance comes from: the model, or, in a Flexible set, somebody who attached a machine of another kind.

    The values say why it cannot have been made from the model.
    """

    MODEL = ""
    OTHER_IMAGE = "its image is of another line than the model's"
    OTHER_SYSTEM = "its operating system is not the model's"
    NO_IMAGE = "it shows no image that it was made from"


_AT_WORK = (
    ProvisioningState.CREATING,
    ProvisioningState.UPDATING,
    ProvisioningState.DELETING,
    ProvisioningState.MIGRATING,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance at one moment. `image` is the exact version deployed (None where Azure does not show it).

    `update_domain` and `fault_domain` are numbers inside `zone` and `placement_group`; None where none is shown.
    `problems` are the failures that it shows, its own first; `says` is what else its agent, its extensions and its boot
    diagnostics complain about, in their words. `health_time` is when its health was reported, as Azure
    writes it (empty where it does not say). `seen` False: the latest look did not show it, so that everything is of
    the look before. `changed_individually`: somebody gave it a model of its own. `behind_in`: what of the scale set's
    model, besides the image, it visibly does not have yet, in words. `name` and
    `computer_name` are for others to know it by; empty where Azure does not show them.
    """

    id: str
    image: Image | None
    latest_model_applied: bool | None
    provisioning: Provisioning
    power: Power
    health: Health
    zone: str = ""
    placement_group: str = ""
    update_domain: int | None = None
    fault_domain: int | None = None
    protected: bool = False
    changed_individually: bool = False
    behind_in: tuple[str, ...] = ()
    generation: str = ""  # of the hypervisor: V1, V2
    model_time: str = ""  # Flexible: when the model was made that it was made from
    os: str = ""  # Flexible: Linux, Windows
    has_model_mark: bool = False  # Flexible: by its tag or its name it was made from the model, whatever it runs
    origin: Origin = Origin.MODEL
    shows_view: bool = True  # False: without an instance view there is no power state, no health and no domain
    problems: tuple[Problem, ...] = ()
    says: tuple[str, ...] = ()
    health_time: str = ""
    created: str = ""  # when, as Azure writes it; empty where it does not say
    seen: bool = True
    name: str = ""
    computer_name: str = ""
    is_surplus: bool = False  # created for the time of the rollout (`surge`), and deleted at its end

    def domain(self, kind: DomainKind) -> Domain | None:
        """Return the instance's domain of this kind; None if Azure shows none."""
        match kind:
            case DomainKind.SET:
                return Domain(kind=kind)
            case DomainKind.ZONE:
                return Domain(kind=kind, zone=self.zone) if self.zone else None
            case _:
                number = self.update_domain if kind is DomainKind.UPDATE else self.fault_domain
                if number is None:
                    return None
                return Domain(kind=kind, zone=self.zone, placement_group=self.placement_group, number=number)

    @property
    def is_attached(self) -> bool:
        """True if it was not made from the model, so that it cannot be behind it."""
        return self.origin is not Origin.MODEL

    @property
    def is_changing(self) -> bool:
        """True while Azure is working on the instance, whatever it was asked for."""
        return self.provisioning.state in _AT_WORK

    @property
    def is_provisioned(self) -> bool:
        """True when Azure has brought it to where it was asked to."""
        return self.provisioning.state is ProvisioningState.SUCCEEDED

    @property
    def is_being_created(self) -> bool:
        """True while Azure creates the instance."""
        return self.provisioning.state is ProvisioningState.CREATING

    @property
    def is_updating(self) -> bool:
        """True while Azure changes the instance."""
        return self.provisioning.state is ProvisioningState.UPDATING

    @property
    def is_being_deleted(self) -> bool:
        """True while it is being deleted; it may stay listed for half a minute."""
        return self.provisioning.state is ProvisioningState.DELETING

    @property
    def has_failed(self) -> bool:
        """True if Azure failed to provision it."""
        return self.provisioning.state is ProvisioningState.FAILED

    @property
    def has_failed_upgrade(self) -> bool:
        """True if Azure failed to provision it, and says that it does not have the latest model."""
        return self.has_failed and self.latest_model_applied is False

    @property
    def is_half_way(self) -> bool:
        """True if an upgrade of it failed or is being carried out, as far as Azure shows it."""
        return (self.has_failed or self.is_updating) and self.latest_model_applied is not True

    @property
    def is_running(self) -> bool:
        """True if it is provisioned and powered on: all that can be known without a health signal."""
        return self.is_provisioned and self.power is Power.RUNNING

    @property
    def is_silent(self) -> bool:
        """True when it runs, and should report its health, but does not."""
        return self.is_running and self.health is Health.NO_SIGNAL

    @property
    def is_stopped(self) -> bool:
        """True if it is stopped or deallocated: it does not serve, and an upgrade would not start it."""
        return self.power in (Power.STOPPED, Power.DEALLOCATED)


@dataclass(frozen=True, kw_only=True)
class ScaleSet:
    """One look at a scale set: the model and every instance (ids are unique, the order is by id).

    What is derived from them is computed once: a rollout asks for it dozens of times a look.
    """

    model: Model
    instances: tuple[Instance, ...]

    @cached_property
    def made(self) -> tuple[Instance, ...]:
        """The instances that were made from the model, without machines that somebody attached."""
        return tuple(instance for instance in self.instances if not instance.is_attached)

    @cached_property
    def lasting(self) -> tuple[Instance, ...]:
        """The instances made from the model that are not there for the time of the rollout only."""
        return tuple(instance for instance in self.made if not instance.is_surplus)

    @cached_property
    def staying(self) -> tuple[Instance, ...]:
        """The instances made from the model that are not being deleted."""
        return tuple(instance for instance in self.made if not instance.is_being_deleted)

    @cached_property
    def permanent(self) -> tuple[Instance, ...]:
        """The instances made from the model that are neither being deleted nor there for the rollout only."""
        return tuple(instance for instance in self.staying if not instance.is_surplus)

    @cached_property
    def stopped_ids(self) -> frozenset[str]:
        """The instances that are stopped or deallocated."""
        return frozenset(instance.id for instance in self.instances if instance.is_stopped)

    @cached_property
    def healthy_ids(self) -> frozenset[str]:
        """The instances that serve now, without attached machines: these do other work."""
        return frozenset(instance.id for instance in self.made if is_healthy(instance, self.model.health_signal))

    @cached_property
    def by_id(self) -> Mapping[str, Instance]:
        """The instances by their id."""
        return {instance.id: instance for instance in self.instances}

    def shows(self, kind: DomainKind) -> bool:
        """Return whether any instance shows a domain of this kind."""
        return any(instance.domain(kind) is not None for instance in self.instances)


def is_healthy(instance: Instance, signal: HealthSignal) -> bool:
    """Return whether an instance serves: running, and Healthy if both the scale set and it have a signal."""
    if instance.power is not Power.RUNNING or not instance.is_provisioned:
        return False
    return instance.health in (Health.HEALTHY, Health.NOT_YET) or not signal.proves_health
