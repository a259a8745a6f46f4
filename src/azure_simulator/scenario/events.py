"""What happens in a scenario while the client works, as data: by Azure, autoscale, or another user."""

from dataclasses import dataclass
from typing import Any, Literal

from azure_simulator.scenario.faults import Trigger


@dataclass(frozen=True, slots=True)
class Vanish:
    """An instance is deleted, as when its zone is preempted or autoscale removes it."""

    when: Trigger
    instance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appear:
    """A new instance is created, on the model of that moment, or on the `old` one of the start.

    It is Creating for `creating_seconds`, then unhealthy for `healthy_after`; with `failure` its creation ends so.
    `scaled`: the set's capacity grows with it, as when autoscale has asked for it.
    """

    when: Trigger
    instance: str
    update_domain: int | None
    zone: str | None
    image: Literal["new", "old"] = "new"
    creating_seconds: float = 0.0
    healthy_after: float = 0.0
    failure: tuple[str, str] | None = None
    extension: str = ""
    scaled: bool = False


@dataclass(frozen=True, slots=True)
class ScaleIn:
    """Autoscale deletes an instance, the one that Azure's default policy chooses."""

    when: Trigger


@dataclass(frozen=True, slots=True)
class Evict:
    """Azure takes the machine of a Spot instance: it is deallocated or deleted, as the set's `evictionPolicy` says."""

    when: Trigger
    instance: str


@dataclass(frozen=True, slots=True)
class BecomeUnhealthy:
    """An instance becomes unhealthy, for `seconds` or for ever."""

    when: Trigger
    instance: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Another user stops an instance; it stays `stopped` or `deallocated`."""

    when: Trigger
    instance: str
    power: Literal["stopped", "deallocated"] = "deallocated"


@dataclass(frozen=True, slots=True)
class UpdatedBySomebody:
    """Another user reimages this one instance: Updating for `seconds`, then on the model of the moment it began."""

    when: Trigger
    instance: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RevokeTokens:
    """Every access token that was given out until then is refused with 401; new ones are given out as before."""

    when: Trigger


@dataclass(frozen=True, slots=True)
class ModelChange:
    """Another user changes the set: `patch` is merged over its JSON, and its etag changes.

    `new_model`: no instance is current after it, even where nothing changes that instances are made from. In mode
    Rolling a rolling upgrade follows. Nothing happens where Azure would refuse the change: while one runs, and for an
    image from which no new instance can be made.
    """

    when: Trigger
    patch: dict[str, Any]
    new_model: bool = False


@dataclass(frozen=True, slots=True)
class CancelRollingUpgrade:
    """Another user cancels the rolling upgrade that runs, as in the portal."""

    when: Trigger


@dataclass(frozen=True, slots=True)
class FaultRollingUpgrade:
    """The rolling upgrade that runs fails by itself, with this code and message."""

    when: Trigger
    failure: tuple[str, str]


@dataclass(frozen=True, slots=True)
class RollByAzure:
    """Azure starts a rolling upgrade of its own, such as of the VM agent, which takes `seconds`."""

    when: Trigger
    seconds: float


RollingEvent = CancelRollingUpgrade | FaultRollingUpgrade | RollByAzure
InstanceEvent = Vanish | Appear | ScaleIn | Evict | BecomeUnhealthy | Stop | UpdatedBySomebody
Event = InstanceEvent | RevokeTokens | ModelChange | RollingEvent
