"""What the driver needs from outside: every call to Azure, requests to the workflow's own services, and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from vmss_upgrade.rollout.checks.rights import Permission
from vmss_upgrade.rollout.failures import Problem
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageVersion, VmSize
from vmss_upgrade.rollout.model import AutoscaleSetting, Lock, Model
from vmss_upgrade.rollout.native.roll import Roll
from vmss_upgrade.rollout.scale_set import Instance
from vmss_upgrade.rollout.zero_downtime.drain import Action, Drain, Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceList:
    """Every instance of the scale set at one moment, ordered by id.

    `pages` is what the list cost; `remaining` what Azure says is left for such reads (None where it does not say).
    """

    instances: tuple[Instance, ...]
    pages: int
    remaining: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSet:
    """A scale set in Azure's index, which is up to a minute old: its resource id, and its tags."""

    id: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """A page of the index. `following` asks for the next one (empty: it was the last), after `pause` seconds."""

    sets: tuple[FoundSet, ...]
    following: str = ""
    pause: float = 0.0


class SetFinder(Protocol):
    """Azure's index of scale sets. It raises AzureError, and neither waits nor repeats itself."""

    def find(self, subscriptions: Sequence[str], following: str = "") -> FoundPage:
        """Return a page of the scale sets of these subscriptions, with those that have no tag, ordered by id."""


class OperationState(Enum):
    """The states of an asynchronous operation that make a difference. `step` itself never finds it LOST."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"  # Azure has no record of it: only what it was to change shows its effect


class Operation(Protocol):
    """One accepted long-running operation."""

    @property
    def correlation_id(self) -> str:
        """Id that Microsoft support asks for; may be empty."""

    @property
    def asked_delay(self) -> float | None:
        """Seconds that Azure's latest answer asks to wait before the next poll; None where it does not."""

    @property
    def problem(self) -> Problem | None:
        """Azure's reason, in its own words, once the operation has failed."""

    @property
    def ended_at(self) -> str:
        """End of the operation, as Azure writes it; empty where Azure does not say."""

    def step(self) -> OperationState:
        """Poll once. Raises AzureError when this poll failed; the operation itself may go on."""


class ScaleSetApi(Protocol):
    """One scale set. Every method raises AzureError; none of them waits or repeats itself."""

    @property
    def id(self) -> str:
        """Resource id of the scale set, as it was asked for."""

    def take_levels(self) -> Mapping[str, float]:
        """Return what Azure's answers since the last call of this show is left of its budgets; asks nothing."""

    def read_model(self) -> Model:
        """Read the model, without the instances."""

    def list_other_names(self) -> tuple[str, ...] | None:
        """List the scale sets of the group besides this one; None where this one is among them after all."""

    def read_instances(self, model: Model) -> InstanceList:
        """Read all instances with their instance views, every page of them; `model` is the one that was read last."""

    def compare(self, model: Model) -> Mapping[str, tuple[str, ...]]:
        """Return by id what instances visibly lack of the model besides the image, both as last read; asks nothing."""

    def is_rolling_upgrade_running(self) -> bool | None:
        """Return whether a rolling upgrade of Azure's own is under way; None where that may not be read."""

    def look_up(self, image: Image, location: str) -> ImageFacts:
        """Read what the catalog says of one exact image in the region. Missing and denied are states, not errors."""

    def list_versions(self, image: Image, location: str) -> tuple[ImageVersion, ...]:
        """List the versions of a platform or gallery image, whatever version `image` itself names, in no order."""

    def list_definitions(self, image: Image, location: str) -> tuple[str, ...]:
        """List the names of the image definitions in the gallery of `image`; none of an image in no gallery."""

    def read_size(self, name: str, location: str) -> VmSize | None:
        """Read what a VM size can do in the region; None where that may not be read."""

    def read_feature_state(self, feature: str) -> str | None:
        """Read the state of the subscription's registration for a preview feature; None where it is not known."""

    def read_permissions(self) -> tuple[Permission, ...] | None:
        """Read what the identity may do with the scale set; None where that may not be read."""

    def are_repairs_suspended(self, model: Model) -> bool | None:
        """Return whether automatic repairs are suspended now; None where Azure does not say (Flexible never does)."""

    def set_repairs(self, *, suspended: bool) -> Operation:
        """Suspend or resume automatic instance repairs."""

    def set_image(self, image: Image, etag: str) -> Operation:
        """Write the image, and nothing else, into the model, provided the model still has `etag`."""

    def upgrade(self, instance_ids: Sequence[str]) -> Operation:
        """Upgrade these instances to the model, all at once (manualupgrade)."""

    def read_autoscale_settings(self) -> tuple[AutoscaleSetting, ...] | None:
        """Read the autoscale settings that target the scale set; None where they may not be read."""

    def read_locks(self) -> tuple[Lock, ...] | None:
        """Read the locks on the scale set, inherited ones included; None where they may not be read."""

    def set_capacity(self, model: Model, capacity: int) -> Operation:
        """Write the capacity, provided the scale set still has the ETag of `model`; its SKU stays as it is there."""

    def delete_instances(self, instance_ids: Sequence[str]) -> Operation:
        """Delete these instances, all at once; the capacity becomes as much smaller."""

    def grant(self, seconds: float) -> None:
        """Go on reading for so many seconds from now, although the time of the run is over."""

    @property
    def rolling_upgrades(self) -> RollingUpgradesApi:
        """The rolling upgrades of Azure's own."""

    @property
    def run_commands(self) -> RunCommandsApi:
        """The scripts in the guests of the instances."""


class RollingUpgradesApi(Protocol):
    """The rolling upgrades of one scale set. Every method raises AzureError."""

    def read_latest(self) -> Roll | None:
        """Read the latest one, running or ended, whatever started it; None where there never was one."""

    def cancel(self) -> Operation:
        """Cancel the one that runs. What is being upgraded goes on; no further instance begins."""


class RunCommandsApi(Protocol):
    """The run commands of the action in the guests of one scale set's instances. Every method raises AzureError."""

    def list_run_commands(self, model: Model, instance_id: str) -> tuple[Action, ...]:
        """List those that exist on one instance, whatever they are doing."""

    def put_run_command(self, model: Model, instance_id: str, action: Action, drain: Drain, os: str) -> Operation:
        """Run the command on one instance. `os`: Linux or Windows, where the instance itself shows it."""

    def read_run_command(self, model: Model, instance_id: str, action: Action) -> Execution:
        """Read how far one is."""

    def delete_run_command(self, model: Model, instance_id: str, action: Action) -> Operation:
        """Delete one; its script ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """An answer of the web. The names of its headers are in lower case; `body` is cut at the size that was allowed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Web(Protocol):
    """HTTPS to services that the workflow names: its hooks and its probes."""

    def ask(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes, timeout: float, most_bytes: int
    ) -> WebAnswer:
        """Send one request, and follow no redirect. Credentials are sent only if they are among `headers`.

        `timeout`: seconds for all of it. Raises OSError, whose text says why, if no answer comes.
        """


class Clock(Protocol):
    """Time. `now` is in seconds from an arbitrary point and never goes back."""

    def now(self) -> float:
        """Return the seconds since an arbitrary point."""

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Interrupted when the run is cancelled."""
