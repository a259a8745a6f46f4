"""Judges exchanges: finds the deviations of a request or an answer from the descriptions."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema.protocols import Validator

from schema_bicep import BicepTypes
from schema_json import Problem, find_problems, reference
from schema_openapi import OpenApi, Operation
from schema_request import openapi_problems, query_of, sdk_problems
from schema_sdk import SdkOperations
from schema_shape import Shapes
from schema_traffic import Exchange
from schema_wire import POLL_BODY, wire_operations

_JSON = "application/json"
_NOT_SIMULATED = 501  # Azure itself has no such answer
_ELEMENT = "value[]."

# operation -> the Bicep type of its answers; for a list, of its elements
_BICEP = {
    "Images_Get": "images",
    "VirtualMachines_Get": "virtualMachines",
    "VirtualMachines_List": "virtualMachines",
    "VirtualMachineScaleSetRollingUpgrades_GetLatest": "virtualMachineScaleSets/rollingUpgrades",
    "VirtualMachineScaleSetVMs_Get": "virtualMachineScaleSets/virtualMachines",
    "VirtualMachineScaleSetVMs_List": "virtualMachineScaleSets/virtualMachines",
    "VirtualMachineScaleSetVMs_Update": "virtualMachineScaleSets/virtualMachines",
    "VirtualMachineScaleSets_CreateOrUpdate": "virtualMachineScaleSets",
    "VirtualMachineScaleSets_Get": "virtualMachineScaleSets",
    "VirtualMachineScaleSets_List": "virtualMachineScaleSets",
    "VirtualMachineScaleSets_Update": "virtualMachineScaleSets",
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A problem and its place: the broken description, and the operation whose request or answer breaks it."""

    by: str
    about: str
    problem: Problem

    def __str__(self) -> str:
        problem = self.problem
        return f"{self.about}: {problem.where or 'as a whole'}: {problem.what} [{self.by}, {problem.rule}]"


class Judge:
    """All descriptions together. Answers of the same shape are validated only once."""

    def __init__(self, contract: Path) -> None:
        newest = contract / "openapi" / "2026-04-01"
        self.openapi = OpenApi(contract / "openapi" / "2024-07-01")
        self.sdk = SdkOperations(newest / "sdk-39.0.0-operations.json")
        self.bicep = BicepTypes(newest / "bicep-types.json")
        error = self.openapi.answer_validator("common", "CloudError")
        self._wire = wire_operations(error)
        self._shapes = Shapes(
            {
                **_addressed("answer", self.openapi.definitions("answer")),
                **_addressed("bicep-answer", self.bicep.definitions("answer")),
                "poll": POLL_BODY,
            }
        )
        self._judged: dict[Hashable, tuple[Finding, ...]] = {}

    def operations_of(self, exchange: Exchange) -> list[Operation]:
        """Return the operations that match a request; there should be one."""
        parts = urlsplit(exchange.url)
        names = {("query", name) for name, _ in query_of(exchange)}
        wire = [
            each
            for each in self._wire
            if each.method == exchange.method
            and each.pattern.fullmatch(parts.path)
            and each.required <= names <= each.parameters.keys()
        ]
        return wire or self.openapi.matching(exchange.method, parts.path)

    def request(self, operation: Operation, exchange: Exchange, *, is_next_link: bool) -> Iterator[Finding]:
        """Return the problems of a request. `is_next_link`: Azure itself has written its address."""
        about = f"{operation.id} request"
        for problem in openapi_problems(operation, exchange, is_next_link=is_next_link):
            yield Finding("openapi", about, problem)
        for problem in sdk_problems(self.sdk, operation, exchange):
            yield Finding("sdk", about, problem)
        for problem in self._patch_problems(operation, exchange):
            yield Finding("bicep", about, problem)

    def answer(self, operation: Operation, exchange: Exchange, values: Iterable[Any]) -> Iterator[Finding]:
        """Return the problems of an answer whose body consists of all `values`: none for an empty one."""
        about = f"{operation.id} {exchange.status}"
        values = list(values)
        for by, problem in self._status(operation, exchange, has_body=bool(values)):
            yield Finding(by, about, problem)
        validator = operation.answers.get(_declared(operation, exchange.status))
        if validator is not None:
            for value in values:
                about = f"{operation.id}{_part(exchange, value)} {exchange.status}"
                yield from self._body(operation, about, exchange.status < 400, validator, value)

    def _patch_problems(self, operation: Operation, exchange: Exchange) -> list[Problem]:
        if exchange.method != "PATCH" or operation.id not in _BICEP:
            return []
        try:
            body = json.loads(exchange.sent_text)
        except ValueError:
            return []  # already found
        return find_problems(self.bicep.validator(_BICEP[operation.id], "patch"), body)

    def _status(self, operation: Operation, exchange: Exchange, has_body: bool) -> Iterator[tuple[str, Problem]]:
        status = exchange.status
        declared = _declared(operation, status)
        if status == _NOT_SIMULATED:
            yield "wire", Problem("status", "", f"is not simulated: {exchange.text}")
        if declared == "default" and status < 400:
            yield "openapi", Problem("status", "", f"{status} is not in {sorted(operation.answers)}")
            return
        if declared != "default":
            for sdk in self.sdk.matching(exchange.method, urlsplit(exchange.url).path):
                if status not in sdk.accepted:
                    yield "sdk", Problem("status", "", f"{status} is not in {sorted(sdk.accepted)}")
        if has_body != (operation.answers[declared] is not None):
            yield "openapi", Problem("body", "", "has a body" if has_body else "has no body")
        content_type = exchange.headers.get("content-type")
        if has_body != (content_type is not None and content_type.startswith(_JSON)):
            yield "wire", Problem("content-type", "", str(content_type))

    def _body(
        self, operation: Operation, about: str, is_success: bool, validator: Validator, value: Any
    ) -> tuple[Finding, ...]:
        key = (about, self._shapes.of(value))
        if key not in self._judged:
            problems = find_problems(validator, value)
            found = [("openapi", each) for each in problems]
            if is_success and operation.id in _BICEP:
                newer = self._by_bicep(operation, value)
                unknown = {each.where for each in newer if each.rule == "unknown"}
                found = [("openapi", each) for each in problems if not _is_newer(each, operation, unknown)]
                found += [("bicep", each) for each in newer]
            self._judged[key] = tuple(Finding(by, about, _of_the_resource(problem)) for by, problem in found)
        return self._judged[key]

    def _by_bicep(self, operation: Operation, value: Any) -> list[Problem]:
        validator = self.bicep.validator(_BICEP[operation.id], "answer")
        return [problem for each in _resources(operation, value) for problem in find_problems(validator, each)]


def _declared(operation: Operation, status: int) -> str:
    return str(status) if str(status) in operation.answers else "default"


def _part(exchange: Exchange, value: Any) -> str:
    """Return the part that an instance in a list shows: a requested part, or a stub of a Flexible set; empty if it is
    whole.
    """
    if "$select" in dict(query_of(exchange)):
        return "($select)"
    match value:
        case {"value": [{"instanceId": _, **members}]} if "properties" not in members:
            return "(stub)"
    return ""


def _is_newer(problem: Problem, operation: Operation, unknown: set[str]) -> bool:
    """Return True for a property of a resource that only the newer description knows."""
    is_in_resource = problem.where.startswith(_ELEMENT) or not operation.id.endswith("_List")
    return problem.rule == "unknown" and is_in_resource and problem.where.removeprefix(_ELEMENT) not in unknown


def _of_the_resource(problem: Problem) -> Problem:
    """Return a problem of a list's elements as a problem of the resource itself."""
    return replace(problem, where=problem.where.removeprefix(_ELEMENT))


def _resources(operation: Operation, value: Any) -> list[Any]:
    """Return the resources in an answer, none of which is below another."""
    if not operation.id.endswith("_List"):
        return [value]
    return value["value"] if isinstance(value, dict) and isinstance(value.get("value"), list) else []


def _addressed(name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    return {reference(name, each)["$ref"]: schema for each, schema in definitions.items()}
