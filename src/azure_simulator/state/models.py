"""The models that the set has had, by number, and the instances that were made from them.

A model that the set had before is another one all the same: going back does not make old instances current again
(uniform_update_and_instance_protection_2024).
"""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from azure_simulator.scenario.images import DeployedImage
from azure_simulator.scenario.set_description import InstanceDescription
from azure_simulator.state.instances import Instance, Protection
from azure_simulator.state.periods import FOREVER, StatePeriod, UnhealthyPeriod
from azure_simulator.wire.names import ID_KEYS
from azure_simulator.wire.set_model import fingerprint, follows_latest, profile_of

Json = dict[str, Any]

UNKNOWN_MODEL = -1
# A client has written to the instance itself: it follows no model of the set (reported: Azure/azure-cli#30708).
OWN_MODEL = -2


class ModelHistory:
    """Every model of the set. `current` is the number of the one that new instances are made from."""

    def __init__(self) -> None:
        self.current = UNKNOWN_MODEL
        self._fingerprints: list[Json] = []
        self._profiles: list[Json] = []
        self._since: list[tuple[float, int]] = []

    def profile(self, number: int) -> Json:
        """Return the profile of a model by its number."""
        return self._profiles[number]

    def size(self, number: int) -> str | None:
        """Return the size of the machines that are made from a model."""
        size: str | None = self._fingerprints[number]["size"]
        return size

    def current_at(self, then: float) -> int:
        """Return the number of the model that was the set's at an earlier moment."""
        return next((number for since, number in reversed(self._since) if since <= then), UNKNOWN_MODEL)

    def is_new(self, json: Json) -> bool:
        """Return whether this JSON of the set makes another model than the current one."""
        return self.current != UNKNOWN_MODEL and self._fingerprints[self.current] != fingerprint(json)

    def add(self, json: Json, now: float) -> None:
        """Take the model of this JSON as the current one from now on."""
        self.current = self._append(fingerprint(json), copy.deepcopy(profile_of(json)))
        self._since.append((now, self.current))

    def number_of(self, described: InstanceDescription, json: Json, deploy: Callable[[], DeployedImage]) -> int:
        """Return the number of the model that a described instance was made from, as far as it is known.

        `deploy` returns the image of an instance that is made from `json`, the set's own, at the beginning.
        """
        if described.changed_individually:
            return OWN_MODEL
        profile, image, current = profile_of(json), described.image, described.current
        if not profile:
            return self.current
        if current is None:
            same = image is None or image == deploy() or follows_latest(profile)
            current = same and not described.lacks and described.vm_size is None
        return self.current if current else self._number_of_earlier(_earlier_json(json, described))

    def _number_of_earlier(self, json: Json) -> int:
        """Return the number of a model older than the set's; a new one is a day older than all others."""
        wanted = fingerprint(json)
        if wanted in self._fingerprints:
            number = self._fingerprints.index(wanted)
            return UNKNOWN_MODEL if number == self.current else number
        profile = json["properties"]["virtualMachineProfile"]
        if "timeCreated" in profile:
            made = datetime.fromisoformat(profile["timeCreated"]) - timedelta(days=len(self._fingerprints))
            profile["timeCreated"] = f"{made:%Y-%m-%dT%H:%M:%S}.0000000+00:00"
        return self._append(wanted, profile)

    def _append(self, made_of: Json, profile: Json) -> int:
        self._fingerprints.append(copy.deepcopy(made_of))
        self._profiles.append(profile)
        return len(self._fingerprints) - 1


def _earlier_json(json: Json, described: InstanceDescription) -> Json:
    """Return the set's JSON as it was when the described instance was made."""
    json, image = copy.deepcopy(json), described.image
    profile = json["properties"]["virtualMachineProfile"]
    storage, reference = profile["storageProfile"], dict(image.reference) if image is not None else {}
    if image is not None and image.uri is not None:
        storage["osDisk"]["image"] = {"uri": image.uri}
    elif image is not None and image.id:
        storage["imageReference"] = {key: image.exact for key in ID_KEYS if key in reference}
    elif "exactVersion" in reference:
        storage["imageReference"] = {**storage.get("imageReference", {}), "version": reference["exactVersion"]}
    if described.lacks:
        extensions = profile["extensionProfile"]["extensions"]
        profile["extensionProfile"]["extensions"] = [e for e in extensions if e["name"] not in described.lacks]
    if described.vm_size is not None:
        json["sku"]["name"] = described.vm_size
    return json


def instance_from(described: InstanceDescription, image: DeployedImage, model: int) -> Instance:
    """Return the instance that a description describes, with its image and the number of its model."""
    return Instance(
        instance_id=described.instance_id,
        update_domain=described.update_domain,
        fault_domain=described.fault_domain,
        zone=described.zone,
        placement_group=described.placement_group,
        image=image,
        model=model,
        provisioning=described.provisioning,
        failure=described.failure,
        failed_extension=described.failed_extension,
        power=described.power,
        protection=_protection(described),
        unhealthy_periods=[UnhealthyPeriod(0.0)] if described.unhealthy else [],
        state_periods=[StatePeriod(0.0, described.updating_seconds)] if described.updating_seconds else [],
        leaves_first=described.leaves_first,
        silent_since=FOREVER if described.reports_health else 0.0,
        attached=described.attached,
        shows=described.shows,
        shown=described.shown,
    )


def _protection(described: InstanceDescription) -> Protection | None:
    if not described.protected and not described.protected_from_scale_in:
        return None
    from_scale_in = described.protected_from_scale_in or described.protected
    return Protection(from_scale_in, described.protected)
