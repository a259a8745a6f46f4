"""The request of a case, parsed here independently of the action's own parsing."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor
from typing import Any

from azure_simulator import InstanceState
from sweeps.seeds.case import Case
from sweeps.seeds.drawing_inputs import SELECTIONS
from sweeps.seeds.images import GALLERY, LATEST, family_of

TURNING = ("rollback", "restore-model")
_SECONDS = {"h": 3600, "m": 60, "s": 1}


def seconds(text: str) -> float:
    """Return the seconds of `90s`, `5m`, `1h30m`, `PT1M` or a plain number."""
    parts = re.findall(r"(\d+)([hms])", text.lower())
    return float(sum(int(number) * _SECONDS[unit] for number, unit in parts)) if parts else float(text)


def at_most(share: str, whole: int) -> int:
    """Return an upper limit: a count, or a percentage of `whole` rounded down, but at least one."""
    return max(1, floor(whole * int(share[:-1]) / 100)) if share.endswith("%") else int(share)


def at_least(share: str, whole: int) -> int:
    """Return a lower limit: a count, or a percentage of `whole` rounded up."""
    return ceil(whole * int(share[:-1]) / 100) if share.endswith("%") else int(share)


@dataclass(frozen=True)
class Asked:
    """The inputs of one case, with their defaults, as questions about instances."""

    case: Case

    def __getitem__(self, name: str) -> str:
        return self.case.inputs.get(name, "")

    @property
    def operation(self) -> str:
        return self["operation"]

    @property
    def target(self) -> str:
        """The exact requested image; for `upgrade-instances` and `status`, the model's image at the start.

        Empty for a rollback that has no exact image to return to.
        """
        if self.operation in ("upgrade-instances", "status"):
            named = self.named_in_model
        else:
            named = self["image-id"] or self["image-version"]
        if self.goes_back and named in ("", "latest", GALLERY):  # never back to the latest version
            return "" if named else self.image_of_the_others
        return family_of(self.case.document).exact(LATEST) if named in ("latest", GALLERY) else named

    @property
    def goes_back(self) -> bool:
        return self.operation == "rollback"

    @property
    def may_turn_back(self) -> bool:
        """True if the case requests that a failed rollout goes back, with its instances or with the model alone."""
        return self["on-failure"] in TURNING and self.operation in ("upgrade", "upgrade-instances")

    @property
    def keeps_instances(self) -> bool:
        """True if only the model goes back."""
        return self["on-failure"] == "restore-model"

    @property
    def named_in_model(self) -> str:
        """The id or the version of the image that the model names at the start."""
        reference = self.case.document["fleet"]["image"]
        return str(reference.get("id") or reference["version"])

    @property
    def model_image(self) -> str:
        """The exact image that the model names at the start; empty if it names none."""
        return "" if self.named_in_model in ("latest", GALLERY) else self.named_in_model

    @cached_property
    def images_at_first(self) -> dict[str, str]:
        """The image of every instance at the start, by id."""
        shown = {i.instance_id: self.begins(i.instance_id).get("image") for i in self.case.scenario.scale_set.instances}
        return {id_: (it["id"] if isinstance(it, dict) else it) or self.model_image for id_, it in shown.items()}

    @property
    def image_of_the_others(self) -> str:
        """The image that a rollback by hand returns to without an image in the inputs; empty if it is unknown.

        It is the older one of two: the model's image, and the image of most other instances that may move. The drawn
        versions of a kind sort by their text.
        """
        keeps_off = () if self["stopped-instances"] == "include" else ("stopped", "deallocated")
        others = Counter(
            image
            for id_, image in self.images_at_first.items()
            if image != self.model_image and not self.is_kept(id_) and self.begins(id_).get("power") not in keeps_off
        )
        return min(self.model_image, others.most_common(1)[0][0]) if others and self.model_image else ""

    @property
    def image_left(self) -> str | None:
        """The image that a rollback by hand leaves: the model's, or else the only other one that instances run."""
        if self.model_image != self.target:
            return self.model_image
        others = set(self.images_at_first.values()) - {self.target}
        return others.pop() if len(others) == 1 else None

    @property
    def model_holds_target(self) -> bool:
        """True if the model names the exact target from the start."""
        return self.target == self.named_in_model

    @property
    def is_flexible(self) -> bool:
        return "orchestration" in self.case.document["fleet"]

    @property
    def has_signal(self) -> bool:
        """True if health counts: the set has a source of it, and the workflow does not ignore it."""
        return self.case.document["fleet"]["health"] != "none" and self["health"] != "ignore"

    @property
    def rolls(self) -> bool:
        """True if Azure makes the batches."""
        return "upgradePolicy" in self.case.document.get("model", {}).get("properties", {})

    @property
    def bake_time(self) -> float:
        return seconds(self["bake-time"]) if self["bake-time"] else (30.0 if self.has_signal else 300.0)

    @property
    def canary(self) -> int | None:
        """The largest number of instances that may go first alone; None: no limit."""
        given = self["canary"] or ("" if self.has_signal else "1")
        return int(given) or None if given else None

    def begins(self, instance_id: str) -> dict[str, Any]:
        """Return what the case says about the first state of an instance."""
        return self.case.document["instances"].get(instance_id, {})

    def is_on_target(self, instance: InstanceState) -> bool:
        """Return True if nothing is left to do for the instance."""
        has_failed = instance.provisioning_state == "Failed" and not self.is_flexible  # if Azure shows it
        if self._is_half_way(instance) and (self.goes_back or has_failed):
            return False
        if self.operation == "upgrade-instances" and not self.is_flexible:
            return instance.latest_model_applied
        return instance.image_version == self.target

    def is_attached(self, instance_id: str) -> bool:
        """Return True if somebody attached the instance, so that it was not created from the model."""
        return instance_id in self.case.document["fleet"].get("attached", ())

    def is_without_view(self, instance: InstanceState) -> bool:
        """Return True if Azure shows neither its power nor its health until it is upgraded."""
        is_hidden = "shows" in self.begins(instance.instance_id) and not self.is_attached(instance.instance_id)
        return instance.upgrades == 0 and is_hidden

    def is_without_signal_yet(self, instance: InstanceState) -> bool:
        """Return True if only its first upgrade gives it the model's health signal."""
        is_silent = self.begins(instance.instance_id).get("reports_health") is False
        return is_silent and instance.upgrades == 0 and instance.healthy is None

    def is_protected(self, instance_id: str) -> bool:
        """Return True if it is protected from scale set actions; in a drawn case nobody changes that."""
        return bool(self.begins(instance_id).get("protected"))

    def is_kept(self, instance_id: str) -> bool:
        """Return True if no input makes the action touch it."""
        return self.is_protected(instance_id) or self.is_attached(instance_id)

    def is_selected(self, instance: InstanceState) -> bool:
        """Return True if the workflow selects it, as far as Azure shows its domains."""
        if self.is_without_view(instance) and (self["update-domains"] or self["fault-domains"]):
            return False
        named = {name: self[name].split(",") for name in SELECTIONS if self[name]}
        return all(str(SELECTIONS[name](instance)) in values for name, values in named.items())

    def may_touch(self, instance: InstanceState) -> bool:
        """Return True if the request allows an upgrade of it."""
        off_and_left_out = is_off(instance) and self["stopped-instances"] != "include"
        return self.is_selected(instance) and not self.is_kept(instance.instance_id) and not off_and_left_out

    def is_due(self, instance: InstanceState) -> bool:
        """Return True if the request demands an upgrade of it."""
        return self.may_touch(instance) and not self.is_on_target(instance) and self.has_moved(instance)

    def has_moved(self, instance: InstanceState) -> bool:
        """Return True if a rollback by hand has to return it; every other operation has to move all instances."""
        if not self.model_image:  # only the flag shows which instance left a floating image, and only before the writes
            return True
        is_created_since = instance.instance_id not in self.images_at_first
        may_have = self._is_half_way(instance) and not self._failed_on_target(instance)
        return not self.goes_back or instance.image_version == self.image_left or is_created_since or may_have

    def _failed_on_target(self, instance: InstanceState) -> bool:
        """Return True if a rollback by hand leaves it alone: it failed before, and runs the image to return to."""
        return instance.provisioning_state == "Failed" and instance.image_version == self.target

    def _is_half_way(self, instance: InstanceState) -> bool:
        is_shown_current = instance.latest_model_applied and not self.is_flexible  # a machine has no such flag
        return instance.provisioning_state in ("Failed", "Updating") and not is_shown_current

    def is_healthy(self, instance: InstanceState) -> bool:
        """Return True if it serves, as far as the relevant signal shows."""
        up = instance.provisioning_state == "Succeeded" and instance.power_state == "running"
        up = up and not self.is_without_view(instance)
        return up and (instance.healthy is True or not self.has_signal or self.is_without_signal_yet(instance))

    def made(self, fleet: Iterable[InstanceState]) -> list[InstanceState]:
        """Return the instances of a fleet that were created from the model."""
        return [instance for instance in fleet if not self.is_attached(instance.instance_id)]

    def domain(self, instance: InstanceState, fleet: list[InstanceState]) -> Any:
        """Return the domain that a batch must not leave, by the requested strategy and the visible domains."""
        strategy = self["strategy"] or "auto"
        if strategy == "auto" and any(other.update_domain is not None for other in fleet):
            strategy = "update-domain"
        elif strategy == "auto" and any(other.zone for other in fleet):
            strategy = "zone"
        number = {"update-domain": instance.update_domain, "fault-domain": instance.fault_domain}.get(strategy)
        if number is not None:
            return (instance.zone, instance.placement_group, number)
        return instance.zone if strategy == "zone" else None

    def largest_batch(self, fleet: list[InstanceState]) -> int:
        """Return how many instances may be away at once, by batch-size or its default.

        The default is a fifth, rounded up if `auto` has chosen update domains, or a whole update domain if those were
        requested.
        """
        if self["batch-size"]:
            return at_most(self["batch-size"], len(fleet))
        if self["strategy"] == "update-domain":
            return max(1, len(fleet))
        shows_domains = any(other.update_domain is not None for other in fleet)
        by_auto = self["strategy"] in ("", "auto") and shows_domains
        return max(1, at_least("20%", len(fleet))) if by_auto else at_most("20%", len(fleet))


def is_off(instance: InstanceState) -> bool:
    """Return True if it is stopped or deallocated."""
    return instance.power_state in ("stopped", "deallocated")
