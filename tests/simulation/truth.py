"""What really happened in a run, from the simulator's state and its request log alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from azure_simulator import InstanceState, RequestRecord
from simulation.asked import Asked, is_off
from simulation.case import Case
from simulation.running import Ran

State = dict[str, InstanceState]


@dataclass(frozen=True)
class Upgrade:
    """One request to upgrade instances. `accepted`: Azure took it on; `is_known`: and its answer came back.

    `earlier` are the requests before it. `seen` is the truth at the last look before it, `seen_at` the moment.
    """

    at: float
    ids: tuple[str, ...]
    accepted: bool
    is_known: bool
    earlier: tuple[Upgrade, ...]
    seen: State
    seen_at: float

    @property
    def is_under_way(self) -> bool:
        """Azure took it on, and has said so."""
        return self.accepted and self.is_known

    @cached_property
    def batch(self) -> frozenset[str]:
        """The instances of its batch as far as the requests show: a repetition asks for what is left of one that was
        not taken on, or whose answer was lost.
        """
        before = self.earlier[-1] if self.earlier else None
        if before is not None and not before.is_under_way and set(self.ids) <= before.batch:
            return before.batch
        return frozenset(self.ids)

    @property
    def before_its_batch(self) -> tuple[Upgrade, ...]:
        """The requests for earlier batches."""
        return tuple(each for each in self.earlier if each.batch != self.batch)


class Truth:
    """Everything that the checks ask about a run."""

    def __init__(self, ran: Ran) -> None:
        self.ran = ran
        self.case: Case = ran.case
        self.asked = Asked(ran.case)
        self.played = ran.played
        self._states: dict[float, State] = {}

    @property
    def outcome(self) -> str:
        """The outcome as the outputs tell it."""
        return self.played.outputs.get("outcome", "")

    def ids(self, output: str) -> list[str]:
        """The ids in an output that is a list."""
        ids: list[str] = json.loads(self.played.outputs.get(output) or "[]")
        return ids

    @property
    def has_plan(self) -> bool:
        """Whether the run came as far as a plan."""
        return bool(self.played.outputs.get("plan"))

    # -- what was seen -------------------------------------------------------------------------------------------

    def at(self, moment: float) -> State:
        """The instances as they were then, by id."""
        if moment not in self._states:
            self._states[moment] = {each.instance_id: each for each in self.played.azure.instances(moment)}
        return self._states[moment]

    @cached_property
    def looks(self) -> tuple[float, ...]:
        """When the answered lists of the instances were made."""
        return tuple(each.request.at for each in self.ran.answered if _is_look(each.request))

    @cached_property
    def last_seen(self) -> State:
        """The truth at the last look of the run; empty where there was none."""
        return self.at(self.looks[-1]) if self.looks else {}

    @property
    def planned_from(self) -> State:
        """The truth at the look that the plan was made from; empty where there was none."""
        return {} if self.planned_at is None else self.at(self.planned_at)

    @property
    def looks_since_planning(self) -> tuple[float, ...]:
        """The looks from the one on that the plan was made from."""
        return tuple(look for look in self.looks if self.planned_at is not None and look >= self.planned_at)

    @cached_property
    def planned_at(self) -> float | None:
        """When the plan was made: at the last of the first looks, those that nothing else came between."""
        moment = None
        for each in self.ran.answered:
            if _is_look(each.request):
                moment = each.request.at
            elif moment is not None and "/oauth2/" not in each.request.path and "token" not in each.request.path:
                break
        return moment

    # -- what was written ----------------------------------------------------------------------------------------

    @cached_property
    def writes(self) -> list[RequestRecord]:
        """Every write to Resource Manager that arrived there, accepted or not."""
        return self.played.writes

    @cached_property
    def moving_writes(self) -> list[RequestRecord]:
        """The writes of the model and of instances; not those of automatic repairs."""
        return [write for write in self.writes if not is_of_repairs(write)]

    @cached_property
    def patches(self) -> list[RequestRecord]:
        """The writes of the model."""
        return [write for write in self.writes if write.method == "PATCH"]

    @cached_property
    def upgrades(self) -> tuple[Upgrade, ...]:
        """Every request to upgrade instances, in their order."""
        accepted_at = {record.started_at for record in self.played.azure.upgrades}
        known = {id(each.request) for each in self.ran.answered}
        found: list[Upgrade] = []
        for request in self.writes:
            if not request.path.lower().endswith("/manualupgrade"):
                continue
            seen_at = max((look for look in self.looks if look <= request.at), default=0.0)
            found.append(
                Upgrade(
                    at=request.at,
                    ids=tuple(json.loads(request.body)["instanceIds"]),
                    accepted=request.at in accepted_at,
                    is_known=id(request) in known and request.status < 500 and request.status != 408,
                    earlier=tuple(found),
                    seen=self.at(seen_at),
                    seen_at=seen_at,
                )
            )
        return tuple(found)

    @cached_property
    def asked_for(self) -> frozenset[str]:
        """Every instance that an upgrade was asked for."""
        return frozenset(id_ for upgrade in self.upgrades for id_ in upgrade.ids)

    @cached_property
    def ended_operations(self) -> tuple[tuple[float, str], ...]:
        """When an answer said that an operation had ended, and how."""
        polls = [each for each in self.ran.answered if "/operations/" in each.request.path.lower()]
        told = [(each.request.at, _status(each.body)) for each in polls if each.request.status == 200]
        return tuple((at, status) for at, status in told if status != "InProgress")

    # -- standing of instances -----------------------------------------------------------------------------------

    def was_off(self, instance_id: str) -> bool:
        """Whether it was stopped when the plan was made."""
        before = self.planned_from.get(instance_id)
        return before is not None and is_off(before)

    def is_ready(self, instance: InstanceState) -> bool:
        """On the target, provisioned, and serving; one that was off before may be off still."""
        if instance.provisioning_state != "Succeeded" or not self.is_on_image(instance):
            return False
        is_excused = self.was_off(instance.instance_id) and is_off(instance)
        return is_excused or self.asked.is_healthy(instance)

    def is_on_image(self, instance: InstanceState) -> bool:
        """Whether it runs the image of this rollout; where the model names none exactly, the newest model."""
        if self.asked.operation == "upgrade-instances" and not self.asked.is_flexible and self.is_floating:
            return instance.latest_model_applied
        return instance.image_version == self.asked.target

    def was_brought_there(self, instance: InstanceState) -> bool:
        """Whether it was upgraded by this run, or current before and has the same image still: where somebody changes
        the rest of the model during a rollout, nobody is upgraded again for it.
        """
        if not self.upgrades:
            return False
        before = self.planned_from.get(instance.instance_id)
        if before is not None and self.asked.is_on_target(before) and instance.image_version == before.image_version:
            return True
        return instance.instance_id in self.asked_for and instance.image_version == self.asked.target

    @property
    def is_floating(self) -> bool:
        """Whether the model names no exact version at the beginning."""
        return self.asked.operation in ("upgrade-instances", "status") and not self.asked.model_holds_target


def is_of_repairs(write: RequestRecord) -> bool:
    """Whether it suspends or resumes automatic repairs."""
    return write.path.endswith("/setOrchestrationServiceState")


def body_of(write: RequestRecord) -> Any:
    """What was written."""
    return json.loads(write.body)


def _status(body: bytes) -> str:
    return str(json.loads(body).get("status")) if body else ""


def _is_look(request: RequestRecord) -> bool:
    return request.method == "GET" and request.status == 200 and request.path.endswith("/virtualMachines")
