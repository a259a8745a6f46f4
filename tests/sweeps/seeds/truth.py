"""The real course of a run, from the simulator's state and its request log alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from azure_simulator import InstanceState, RequestRecord
from sweeps.seeds.asked import Asked, is_off
from sweeps.seeds.case import Case
from sweeps.seeds.running import Ran

State = dict[str, InstanceState]
GONE_AFTER = 10.0  # seconds; an instance that one look lacks is not gone yet


@dataclass(frozen=True)
class Upgrade:
    """One request to upgrade instances.

    `accepted`: Azure carried it out. `is_known`: its answer came back. `is_back`: it followed the turn of the run.
    `earlier` has the requests before it. `seen` is the truth at the last look before it, at `seen_at`.
    """

    at: float
    ids: tuple[str, ...]
    accepted: bool
    is_known: bool
    is_back: bool
    earlier: tuple[Upgrade, ...]
    seen: State
    seen_at: float

    @property
    def is_under_way(self) -> bool:
        """True if Azure accepted it, and its answer came back."""
        return self.accepted and self.is_known

    @cached_property
    def batch(self) -> frozenset[str]:
        """The instances of its batch, as far as the requests show it.

        A repetition asks for the rest of a request that was not accepted, or whose answer was lost.
        """
        before = self.earlier_on_way[-1] if self.earlier_on_way else None
        if before is not None and not before.is_under_way and set(self.ids) <= before.batch:
            return before.batch
        return frozenset(self.ids)

    @property
    def earlier_on_way(self) -> tuple[Upgrade, ...]:
        """The requests before it in the same direction."""
        return tuple(each for each in self.earlier if each.is_back == self.is_back)

    @property
    def before_its_batch(self) -> tuple[Upgrade, ...]:
        """The requests for earlier batches."""
        return tuple(each for each in self.earlier_on_way if each.batch != self.batch)


class Truth:
    """All facts about a run that the checks use."""

    def __init__(self, ran: Ran) -> None:
        self.ran = ran
        self.case: Case = ran.case
        self.asked = Asked(ran.case)
        self.played = ran.played
        self.writes = ran.played.writes
        self.outcome = ran.played.outcome
        self.ids = ran.played.ids
        self._states: dict[float, State] = {}

    @property
    def has_plan(self) -> bool:
        """True if the run reached a plan."""
        return bool(self.played.outputs.get("plan"))

    # -- looks -------------------------------------------------------------------------------------------

    def at(self, moment: float) -> State:
        """Return the instances at that moment, by id."""
        if moment not in self._states:
            self._states[moment] = {each.instance_id: each for each in self.played.azure.instances(moment)}
        return self._states[moment]

    @cached_property
    def looks(self) -> tuple[float, ...]:
        """The times of the answered lists of instances."""
        return tuple(each.request.at for each in self.ran.answered if each.answers_to("instances"))

    @cached_property
    def last_seen(self) -> State:
        """The instances of the last look; empty if there was none."""
        return self.shown(self.looks[-1]) if self.looks else {}

    def shown(self, look: float) -> State:
        """Return the instances as a look showed them: their state then, or an earlier state if lists lag.

        A missing instance counts as last shown, until two looks and GONE_AFTER seconds have lacked it.
        """
        return self._shown.get(look, {})

    @cached_property
    def _shown(self) -> dict[float, State]:
        states: dict[float, State] = {}
        latest: State = {}
        missing_since: dict[str, float] = {}
        for answer in (each for each in self.ran.answered if each.answers_to("instances")):
            look = answer.request.at
            listed = {str(each.get("instanceId") or each["name"]) for each in json.loads(answer.body)["value"]}
            then = self.at(max(0.0, look - self.case.lists_lag))
            missing = latest.keys() - listed
            stays = {id_ for id_ in missing if look - missing_since.get(id_, look) < GONE_AFTER}
            missing_since = {id_: missing_since.get(id_, look) for id_ in missing}
            latest = {id_: then[id_] for id_ in then if id_ in listed} | {id_: latest[id_] for id_ in stays}
            states[look] = latest
        return states

    @property
    def planned_from(self) -> State:
        """The truth at the look behind the plan; empty if there was none."""
        return {} if self.planned_at is None else self.shown(self.planned_at)

    @property
    def looks_since_planning(self) -> tuple[float, ...]:
        """The looks from the plan's own one on. If planning waited for health, those after the first write."""
        since = self.planned_at
        if "instances on the target image are not healthy yet" in self.played.log:
            since = self.moving_writes[0].at if self.moving_writes else None
        return tuple(look for look in self.looks if since is not None and look >= since)

    @cached_property
    def planned_at(self) -> float | None:
        """The time of the plan: the last of the first looks with no other request between them."""
        moment = None
        for each in self.ran.answered:
            if each.answers_to("instances"):
                moment = each.request.at
            elif moment is not None and each.route not in ("token", "oidc"):
                break
        return moment

    # -- writes ----------------------------------------------------------------------------------------

    @cached_property
    def moving_writes(self) -> list[RequestRecord]:
        """The writes of the model and of instances, without those of automatic repairs."""
        return [write for write in self.writes if not is_of_repairs(write)]

    @cached_property
    def patches(self) -> list[RequestRecord]:
        """The writes of the model."""
        return [write for write in self.writes if write.method == "PATCH"]

    @cached_property
    def turn(self) -> RequestRecord | None:
        """The write that turned a run back: the first with another image than the requested one."""
        if not self.asked.may_turn_back:
            return None
        is_first = self.asked.operation == "upgrade-instances"
        return next((p for p in self.patches if is_first or named_in(p) != [self.asked.target]), None)

    @cached_property
    def seen_at_turn(self) -> State:
        """The truth at the last look before the run turned back; for a rollback by hand, at planning."""
        if self.turn is None:
            return self.planned_from
        return self.shown(max(look for look in self.looks if look <= self.turn.at))

    @property
    def went_back(self) -> bool:
        """True if a failed rollout began to be undone, even if no write of that arrived."""
        return self.turn is not None or self.outcome in ("rolled-back", "rollback-failed")

    @property
    def back_to(self) -> str:
        """The image that the run returns to after its turn."""
        return (named_in(self.turn) or [""])[0] if self.turn is not None else self.majority[0]

    @cached_property
    def majority(self) -> list[str]:
        """The image that most movable instances ran at planning; the first of several."""
        behind = [i for i in self.asked.made(self.planned_from.values()) if i.image_version != self.asked.target]
        due = [i for i in behind if self.asked.is_due(i)] or behind
        counted = Counter(i.image_version for i in due)
        most = max(counted.values(), default=0)
        return [image for image, count in counted.items() if count == most] or [self.asked.model_image]

    @cached_property
    def models_seen(self) -> list[tuple[float, str]]:
        """The image in every answered read of the model, with its time."""
        read = [each for each in self.ran.answered if each.answers_to("set")]
        return [(each.request.at, _image_in(json.loads(each.body))) for each in read]

    @property
    def model_now(self) -> str:
        """The image that the model holds at the end."""
        last = [patch for patch in self.patches if patch.status in (0, 200, 202)]  # 0: the answer was lost
        return self.models_seen[-1][1] if not last else named_in(last[-1])[0]

    @cached_property
    def upgrades_back(self) -> tuple[Upgrade, ...]:
        """The upgrades that return instances, in a run that turned back or in a rollback by hand."""
        return tuple(each for each in self.upgrades if each.is_back or self.asked.goes_back)

    def moved(self, instance: InstanceState, seen: State) -> bool:
        """Return True if the instance had moved then, by this run or an earlier one.

        It runs the target, is half-way, or was created since. An earlier run may have died on its way back.
        """
        id_ = instance.instance_id
        if self.asked.is_attached(id_):
            return False
        if id_ not in self.planned_from:
            return True
        is_half_way = id_ in self.asked_for_there and seen[id_].provisioning_state != "Succeeded"
        by_an_earlier_run = self.asked.model_holds_target and not seen[id_].latest_model_applied
        is_half_way |= by_an_earlier_run and seen[id_].provisioning_state in ("Failed", "Updating")
        return is_half_way or seen[id_].image_version == self.asked.target

    @cached_property
    def asked_for_there(self) -> frozenset[str]:
        """Every instance that was requested before the run turned back."""
        return frozenset(id_ for upgrade in self.upgrades if not upgrade.is_back for id_ in upgrade.ids)

    @cached_property
    def upgrades(self) -> tuple[Upgrade, ...]:
        """Every request to upgrade instances, in order."""
        accepted_at = {record.started_at for record in self.played.azure.upgrades}
        known = {id(each.request) for each in self.ran.answered}
        found: list[Upgrade] = []
        for request in self.writes:
            if not request.path.lower().endswith("/manualupgrade"):
                continue
            seen_at = max((look for look in self.looks if look <= request.at), default=None)
            found.append(
                Upgrade(
                    at=request.at,
                    ids=tuple(json.loads(request.body)["instanceIds"]),
                    accepted=request.at in accepted_at,
                    is_known=id(request) in known and request.status < 500 and request.status not in (200, 408),
                    is_back=self.turn is not None and request.at > self.turn.at,
                    earlier=tuple(found),
                    seen={} if seen_at is None else self.shown(seen_at),
                    seen_at=seen_at or 0.0,
                )
            )
        return tuple(found)

    @cached_property
    def asked_for(self) -> frozenset[str]:
        """Every instance with an upgrade request."""
        return frozenset(id_ for upgrade in self.upgrades for id_ in upgrade.ids)

    @cached_property
    def ended_operations(self) -> tuple[tuple[float, str], ...]:
        """The times at which an answer reported the end of an operation, with its status."""
        ended = [(each.request.at, _status(each.body)) for each in self.ran.answered if each.answers_to("poll")]
        return tuple((at, status) for at, status in ended if status != "InProgress")

    # -- state of instances -----------------------------------------------------------------------------------

    def was_off(self, instance_id: str) -> bool:
        """Return True if it was stopped when the plan was made."""
        before = self.planned_from.get(instance_id)
        return before is not None and is_off(before)

    def is_ready(self, instance: InstanceState, *, back: bool = False) -> bool:
        """Return True if it is on the target, or `back` on the previous image, provisioned, and serving.

        An instance that was stopped before may still be stopped.
        """
        is_there = instance.image_version == self.back_to if back else self.is_on_image(instance)
        if instance.provisioning_state != "Succeeded" or not is_there:
            return False
        is_excused = self.was_off(instance.instance_id) and is_off(instance)
        return is_excused or self.asked.is_healthy(instance)

    def was_taken_away(self, instance: InstanceState) -> bool:
        """Return True if somebody evicted or stopped it since planning: deallocated, or stopped when it was ready."""
        if not is_off(instance) or self.was_off(instance.instance_id):
            return False
        seen = [self.shown(look).get(instance.instance_id) for look in self.looks_since_planning]
        was_ready = any(
            each is not None and self.is_ready(each) and each.upgrades == instance.upgrades for each in seen
        )
        return instance.power_state == "deallocated" or was_ready

    def is_on_image(self, instance: InstanceState) -> bool:
        """Return True if it runs the image of this rollout, or of the newest model if the model names no
        exact image.
        """
        if self.asked.operation == "upgrade-instances" and not self.asked.is_flexible and self.is_floating:
            return instance.latest_model_applied
        return instance.image_version == self.asked.target

    def was_brought_there(self, instance: InstanceState) -> bool:
        """Return True if this run upgraded it, or if it was current before and still has the same image.

        If somebody changes the rest of the model during a rollout, no instance is upgraded again for that.
        """
        if not self.upgrades:
            return False
        before = self.planned_from.get(instance.instance_id)
        if before is not None and self.asked.is_on_target(before) and instance.image_version == before.image_version:
            return True
        return instance.instance_id in self.asked_for and instance.image_version == self.asked.target

    @property
    def is_floating(self) -> bool:
        """True if the model names no exact version at the start."""
        return self.asked.operation in ("upgrade-instances", "status") and not self.asked.model_holds_target


def is_of_repairs(write: RequestRecord) -> bool:
    """Return True if it suspends or resumes automatic repairs."""
    return write.path.endswith("/setOrchestrationServiceState")


def named_in(patch: RequestRecord) -> list[str]:
    """Return the image that an update of the model names: its id or its version, once."""
    return [str(value) for path, value in leaves(body_of(patch)) if path[-1] in ("id", "version")]


def leaves(body: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value of a body, with its path."""
    if not isinstance(body, dict) or not body:
        yield path, body
        return
    for key, value in body.items():
        yield from leaves(value, (*path, key))


def body_of(write: RequestRecord) -> Any:
    """Return the written body."""
    return json.loads(write.body)


def _image_in(model: Any) -> str:
    reference = model["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]
    return str(reference.get("id") or reference["version"])


def _status(body: bytes) -> str:
    return str(json.loads(body).get("status")) if body else ""
