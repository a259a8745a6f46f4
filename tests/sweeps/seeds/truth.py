"""The real course of a run, from the simulator's state and its request log alone."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from azure_simulator import InstanceState, RequestRecord
from harness.playing import Played
from harness.routes import route_of
from harness.wire import leaves
from sweeps.seeds.asked import Asked, is_off
from sweeps.seeds.case import Case

State = dict[str, InstanceState]
CANCEL = "/rollingUpgrades/cancel"
GONE_AFTER = 10.0  # seconds; an instance that one look lacks is not gone yet


@dataclass(frozen=True)
class Answered:
    """A request whose answer reached the client, and the body of the answer."""

    request: RequestRecord
    body: bytes

    @property
    def route(self) -> str:
        return route_of(self.request.method, self.request.path)


@dataclass(frozen=True)
class Upgrade:
    """One request to upgrade instances.

    `accepted`: Azure carried it out. `is_under_way`: its answer came back, too. `is_back`: it followed the turn of the
    run. `earlier` has the requests before it in the same direction. `seen` is the truth at the last look before it.
    """

    at: float
    ids: tuple[str, ...]
    accepted: bool
    is_under_way: bool
    is_back: bool
    earlier: tuple["Upgrade", ...]
    seen: State

    @cached_property
    def batch(self) -> frozenset[str]:
        """The instances of its batch, as far as the requests show it.

        A repetition asks for the rest of a request that was not accepted, or whose answer was lost.
        """
        before = self.earlier[-1] if self.earlier else None
        if before is not None and not before.is_under_way and set(self.ids) <= before.batch:
            return before.batch
        return frozenset(self.ids)

    @property
    def before_its_batch(self) -> tuple["Upgrade", ...]:
        return tuple(each for each in self.earlier if each.batch != self.batch)

    @property
    def seen_of_its_own(self) -> Iterator[tuple[str, InstanceState]]:
        """Its instances by id, as far as the last look showed them."""
        return ((id_, self.seen[id_]) for id_ in self.ids if id_ in self.seen)


class Truth:
    """All facts about a run that the checks use. `answered` has the answered requests, in order."""

    def __init__(self, case: Case, played: Played, answered: tuple[Answered, ...]) -> None:
        self.case, self.asked = case, Asked(case)
        self.played, self.writes, self.outcome, self.ids = played, played.writes, played.outcome, played.ids
        self.answered = answered
        self.has_plan = bool(played.outputs.get("plan"))
        self._states: dict[float, State] = {}

    def at(self, moment: float) -> State:
        if moment not in self._states:
            self._states[moment] = {each.instance_id: each for each in self.played.azure.instances(moment)}
        return self._states[moment]

    def answers(self, route: str) -> list[tuple[float, Any]]:
        """Return every good answer to a route, with its time."""
        good = [each for each in self.answered if each.request.status == 200 and each.route == route]
        return [(each.request.at, json.loads(each.body or "{}")) for each in good]

    @property
    def looks(self) -> tuple[float, ...]:
        """The times of the answered lists of instances."""
        return tuple(self.shown)

    @property
    def last_seen(self) -> State:
        """The instances of the last look; empty if there was none."""
        return self.shown[self.looks[-1]] if self.looks else {}

    @cached_property
    def shown(self) -> dict[float, State]:
        """The instances as each look showed them: their state then, or an earlier state if lists lag.

        A missing instance counts as last shown, until two looks and GONE_AFTER seconds have lacked it.
        """
        states: dict[float, State] = {}
        latest: State = {}
        missing_since: dict[str, float] = {}
        for look, body in self.answers("instances"):
            listed = {str(each.get("instanceId") or each["name"]) for each in body["value"]}
            then = self.at(max(0.0, look - self.case.lag("list-lags")))
            missing = latest.keys() - listed - self._deleted_before(look)
            stays = {id_ for id_ in missing if look - missing_since.get(id_, look) < GONE_AFTER}
            missing_since = {id_: missing_since.get(id_, look) for id_ in missing}
            latest = {id_: then[id_] for id_ in then if id_ in listed} | {id_: latest[id_] for id_ in stays}
            states[look] = latest
        return states

    def _deleted_before(self, moment: float) -> set[str]:
        """Return the instances that Azure took on to delete: where one is not listed, it is gone."""
        calls = [write for write in self.writes if write.path.endswith("/delete") and write.at < moment]
        return {id_ for call in calls if call.status in (0, 202) for id_ in json.loads(call.body)["instanceIds"]}

    @property
    def going(self) -> set[str]:
        """The instances that Azure was deleting at the last look, since new ones took their places (maxSurge)."""
        return {id_ for id_, it in self.last_seen.items() if self.asked.rolls and it.provisioning_state == "Deleting"}

    @property
    def planned_from(self) -> State:
        """The truth at the look behind the plan; empty if there was none."""
        return {} if self.planned_at is None else self.shown[self.planned_at]

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
        for each in self.answered:
            if each.route == "instances" and each.request.status == 200:
                moment = each.request.at
            elif moment is not None and each.route not in ("token", "oidc"):
                break
        return moment

    @cached_property
    def moving_writes(self) -> list[RequestRecord]:
        """The writes of the model, the capacity and of instances, without those that may follow a failure."""
        others = ("/setOrchestrationServiceState", "/vmss-upgrade-drain", "/vmss-upgrade-undrain", "/delete", CANCEL)
        return [write for write in self.writes if not write.path.endswith(others)]

    @property
    def patches(self) -> list[RequestRecord]:
        """The updates of the model."""
        return [write for write in self.writes if write.method == "PATCH" and write not in self.raises]

    @cached_property
    def raises(self) -> list[RequestRecord]:
        """The updates of the capacity, and of nothing else."""
        return [write for write in self.writes if write.method == "PATCH" and set(json.loads(write.body)) == {"sku"}]

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
        return self.shown[max(look for look in self.looks if look <= self.turn.at)]

    @property
    def went_back(self) -> bool:
        """True if a failed rollout began to be undone, even if no write of that arrived."""
        is_begun = self.turn is not None and not self.asked.keeps_instances
        return is_begun or self.outcome in ("rolled-back", "rollback-failed")

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
        return [(at, _image_in(model)) for at, model in self.answers("set")]

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
        known = {id(each.request) for each in self.answered}
        found: list[Upgrade] = []
        for request in self.writes:
            if not request.path.lower().endswith("/manualupgrade"):
                continue
            accepted, is_back = request.at in accepted_at, self.turn is not None and request.at > self.turn.at
            is_known = id(request) in known and request.status < 500 and request.status not in (200, 408)
            seen_at = max((look for look in self.looks if look <= request.at), default=None)
            found.append(
                Upgrade(
                    at=request.at,
                    ids=tuple(json.loads(request.body)["instanceIds"]),
                    accepted=accepted,
                    is_under_way=accepted and is_known,
                    is_back=is_back,
                    earlier=tuple(each for each in found if each.is_back == is_back),
                    seen={} if seen_at is None else self.shown[seen_at],
                )
            )
        return tuple(found)

    @cached_property
    def asked_for(self) -> frozenset[str]:
        return frozenset(id_ for upgrade in self.upgrades for id_ in upgrade.ids)

    @cached_property
    def ended_operations(self) -> tuple[float, ...]:
        return tuple(at for at, body in self.answers("poll") if body.get("status") != "InProgress")

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
        seen = [self.shown[look].get(instance.instance_id) for look in self.looks_since_planning]
        was_ready = any(each and self.is_ready(each) and each.upgrades == instance.upgrades for each in seen)
        return instance.power_state == "deallocated" or was_ready

    def is_on_image(self, instance: InstanceState) -> bool:
        """Return True if it runs the image of this rollout, or the newest model if that names no exact image."""
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


def named_in(patch: RequestRecord) -> list[str]:
    """Return the image that an update of the model names: its id or its version, once."""
    return [str(value) for path, value in leaves(json.loads(patch.body)) if path[-1] in ("id", "version")]


def _image_in(model: Any) -> str:
    reference = model["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]
    return str(reference.get("id") or reference["version"])
