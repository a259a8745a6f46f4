"""Operations on the wire that no description has, in the form of a description: the poll of an operation, and so on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from jsonschema.protocols import Validator

from schema_json import Schema, validator_of
from schema_openapi import Operation, path_pattern

_TEXT: Schema = {"type": "string"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}


def _only_when(status: str, there: list[str], absent: list[str]) -> Schema:
    forbidden = {name: {"forbidden": f"not while {status}"} for name in absent}
    return {
        "if": {"properties": {"status": {"const": status}}, "required": ["status"]},
        "then": {"required": there, "properties": forbidden},
    }


# Wire facts, section 2. `properties` is the result of a run command.
POLL_BODY: Schema = {
    "type": "object",
    "properties": {
        "startTime": _MOMENT,
        "endTime": _MOMENT,
        "status": {"type": "string", "enum": ["InProgress", "Succeeded", "Failed"]},
        "error": {
            "type": "object",
            "properties": {"code": _TEXT, "message": _TEXT, "target": _TEXT, "details": {"type": "array"}},
            "required": ["code", "message"],
            "additionalProperties": False,
        },
        "properties": {"type": "object"},
        "name": _TEXT,
    },
    "required": ["startTime", "status", "name"],
    "additionalProperties": False,
    "allOf": [
        _only_when("InProgress", [], ["endTime", "error", "properties"]),
        _only_when("Succeeded", ["endTime"], ["error"]),
        _only_when("Failed", ["endTime", "error"], ["properties"]),
    ],
}

_ACTIONS: Schema = {"type": "array", "items": _TEXT}
_PERMISSION: Schema = {
    "type": "object",
    "properties": dict.fromkeys(("actions", "notActions", "dataActions", "notDataActions"), _ACTIONS),
    "required": ["actions", "notActions"],
    "additionalProperties": False,
}
_SIGNED = ("api-version", "p", "t", "c", "s", "h")
_SUBSCRIPTION = "/subscriptions/{subscriptionId}"
_OPERATIONS = _SUBSCRIPTION + "/providers/Microsoft.Compute/locations/{location}/operations/{operationId}"
_GALLERY_OPERATIONS = _OPERATIONS.replace("/operations/", "/capsOperations/")
_PERMISSIONS = (
    _SUBSCRIPTION + "/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/virtualMachineScaleSets"
    "/{vmScaleSetName}/providers/Microsoft.Authorization/permissions"
)
_LOCKS = _PERMISSIONS.replace("/permissions", "/locks")
_SET = _PERMISSIONS.partition("/providers/Microsoft.Authorization")[0]
_MACHINE = _SUBSCRIPTION + "/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/virtualMachines/{vmName}"
_COMMANDS = {
    "VirtualMachineScaleSetVMRunCommands": _SET + "/virtualMachines/{instanceId}/runCommands",
    "VirtualMachineRunCommands": _MACHINE + "/runCommands",
}
_PUBLIC_IMAGE = _SUBSCRIPTION + "/providers/Microsoft.Compute/locations/{location}/%s/{gallery}/images/{image}"
_IMAGE = _SUBSCRIPTION + "/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/images/{imageName}"


def wire_operations(error: Validator) -> tuple[Operation, ...]:
    """Return the operations that no description has; `error` is the form of their errors."""
    poll = {"200": validator_of(POLL_BODY), "default": error}
    monitor = {"200": None, "202": None, "default": error}
    # Microsoft.Authorization 2022-04-01.
    permissions = validator_of({"type": "object", "properties": {"value": {"type": "array", "items": _PERMISSION}}})
    # The data lack the file that describes managed images; Bicep has their type.
    image = {"200": validator_of({"type": "object"}), "default": error}
    # Microsoft.Authorization 2016-09-01.
    locks = validator_of({"type": "object", "properties": {"value": {"type": "array"}}, "required": ["value"]})
    return (
        *(each for group, template in _COMMANDS.items() for each in _run_commands(group, template, error)),
        _get("ManagementLocks_ListAtResourceLevel", _LOCKS, ("api-version",), {**image, "200": locks}),
        _get("Poll", _OPERATIONS, _SIGNED, poll),
        _get("Poll", _GALLERY_OPERATIONS, _SIGNED, poll),
        _get("Monitor", _OPERATIONS, (*_SIGNED, "monitor"), monitor),
        *(
            _get(f"{kind} image", _PUBLIC_IMAGE % kind + more, ("api-version",), image)
            for kind in ("sharedGalleries", "communityGalleries")
            for more in ("", "/versions", "/versions/{version}")
        ),
        _get("Permissions_ListForResource", _PERMISSIONS, ("api-version",), {**image, "200": permissions}),
        _get("Images_Get", _IMAGE, ("api-version", "$expand"), image),
    )


def _run_commands(group: str, template: str, error: Validator) -> Iterator[Operation]:
    """Yield what the data describe as a body type and an operation of the SDK, but not as OpenAPI."""
    command, named = validator_of({"type": "object"}), template + "/{runCommandName}"
    listed = validator_of({"type": "object", "properties": {"value": {"type": "array"}}, "required": ["value"]})
    query = ("api-version", "$expand")
    yield _get(f"{group}_List", template, query, {"200": listed, "default": error})
    one = _get(f"{group}_Get", named, query, {"200": command, "default": error})
    yield one
    written = {"200": command, "201": command, "default": error}
    yield replace(one, id=f"{group}_CreateOrUpdate", method="PUT", body=command, needs_body=True, answers=written)
    gone: dict[str, Validator | None] = {"200": None, "202": None, "204": None, "default": error}
    yield replace(one, id=f"{group}_Delete", method="DELETE", answers=gone)


def _get(id: str, template: str, query: Iterable[str], answers: dict[str, Validator | None]) -> Operation:
    pattern = path_pattern(template)
    must = "monitor" if id == "Monitor" else "api-version"
    return Operation(
        id=id,
        method="GET",
        template=template,
        version="",
        parameters={
            **{("query", name): validator_of(_TEXT) for name in query},
            **{("path", name): validator_of(_TEXT) for name in pattern.groupindex},
        },
        required=frozenset({("query", must)}),
        body=None,
        needs_body=False,
        answers=answers,
        pages=False,
        pattern=pattern,
    )
