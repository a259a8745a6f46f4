"""What only other clients than the action ask of instances: start, power off, deallocate, delete, protect, evict."""

import json
import re
from collections.abc import Callable
from typing import get_args
from urllib.parse import unquote

from azure_simulator.routes.instances import InstanceRoutes, read_ids
from azure_simulator.routes.service import Request, Route, Service, showing
from azure_simulator.state import instance_actions as actions
from azure_simulator.throttle.throttle import Meter
from azure_simulator.wire.answers import Reply, empty_reply, json_reply
from azure_simulator.wire.body_shape import check_shape

Match = re.Match[str]
Answer = Callable[[Request, Match, float], Reply]


class InstanceActionRoutes:
    """The routes of actions on the instances of one scale set. `reading` shows an instance after it was written."""

    def __init__(self, service: Service, reading: InstanceRoutes) -> None:
        self._service = service
        self._set = service.scale_set
        self._reading = reading

    def routes(self, one: str) -> list[Route]:
        """Return the routes; `one` is the pattern of the set's path."""
        instance = one + "/virtualMachines/(?P<instance>[^/]+)"
        powers: list[Route] = []
        for verb in get_args(actions.Power):
            powers.append(("POST", f"{one}/{verb}", self._change_power_of_some(verb)))
            powers.append(("POST", f"{instance}/{verb}", self._change_power_of_one(verb)))
        return [
            *powers,
            ("POST", one + "/delete", self._delete_some),
            ("PUT", instance, self._put),
            ("DELETE", instance, self._delete_one),
            ("POST", instance + "/simulateEviction", self._evict),
        ]

    # --- actions of the set on some of its instances ---

    def _change_power_of_some(self, verb: actions.Power) -> Answer:
        def answer(request: Request, match: Match, now: float) -> Reply:
            self._service.must_exist(match, now)
            meter = self._service.enter(request, "set-action" if verb == "start" else "set-stop", now)
            with showing(meter):
                reached = actions.unprotected(self._set.named(read_ids(request), now))
                self._service.count(request, meter, len(reached))
                operation = actions.change_power(self._set, verb, reached, now, request.api_version, request.fate)
            return self._service.started(operation, meter, now)

        return answer

    def _delete_some(self, request: Request, match: Match, now: float) -> Reply:
        self._service.must_exist(match, now)
        meter = self._service.enter(request, "set-action", now)
        with showing(meter):
            gone = self._set.named(read_ids(request, required=True), now)
            self._service.count(request, meter, len(gone))
            operation = actions.delete(self._set, gone, now, request.api_version, request.fate)
        return self._service.started(operation, meter, now)

    # --- requests for one instance ---

    def _enter_one(self, request: Request, match: Match, kind: str, now: float) -> tuple[str, Meter]:
        self._service.must_exist(match, now)
        name = unquote(match["instance"])
        return name, self._service.enter(request, kind, now, f"{self._set.name}/{name}")

    def _change_power_of_one(self, verb: actions.Power) -> Answer:
        def answer(request: Request, match: Match, now: float) -> Reply:
            kind = "instance-action" if verb == "start" else "instance-stop"
            name, meter = self._enter_one(request, match, kind, now)
            with showing(meter):
                # `*` in place of an instance means all of them (uniform_instances_power_2024).
                reached = self._set.present(now) if name == "*" else [self._service.find_instance(name, now)]
                self._service.count(request, meter, len(reached))
                operation = actions.change_power(self._set, verb, reached, now, request.api_version, request.fate)
            return self._service.started(operation, meter, now)

        return answer

    def _put(self, request: Request, match: Match, now: float) -> Reply:
        name, meter = self._enter_one(request, match, "instance-put", now)
        with showing(meter):
            instance, body = self._service.find_instance(name, now), request.json()
            check_shape(body)
            # A PUT of tags only costs no request to the instance (recorded: instance_operations_2020).
            self._service.count(request, meter, int("properties" in body))
            operation = actions.update_one(self._set, instance, body, now, request.api_version, request.fate)
        notify = self._service.generation(now).actions_notify
        accepted = self._service.accepted(operation, [], notify=notify, location=False)
        shown = self._reading.shown(request, instance, meter, now, accepted)
        # Whatever there is to do, the first answer shows the instance as Updating (recorded).
        body = {**json.loads(shown.body)}
        body["properties"]["provisioningState"] = "Updating"
        return json_reply(shown.status, body, shown.headers[1:])

    def _delete_one(self, request: Request, match: Match, now: float) -> Reply:
        """Delete an instance; a second deletion succeeds as well (recorded: instance_operations_2020)."""
        name, meter = self._enter_one(request, match, "instance-stop", now)
        with showing(meter):
            gone = [each for each in [self._set.present_instance(name, now)] if each is not None]
            self._service.count(request, meter, len(gone))
            operation = actions.delete(self._set, gone, now, request.api_version, request.fate)
        return self._service.started(operation, meter, now)

    def _evict(self, request: Request, match: Match, now: float) -> Reply:
        name, meter = self._enter_one(request, match, "instance-put", now)
        with showing(meter):
            instance = self._service.find_instance(name, now)
            # Nothing is counted here; an error that comes after counting still comes before the eviction.
            request.meet("counted", meter.headers)
            actions.evict(self._set, instance, now)
        return empty_reply(204, meter.headers)
