"""What the simulator answers with, and the errors that handlers raise instead of answering."""

import json
from dataclasses import dataclass
from typing import Any

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer. Header names are lower case; a body of b"" has no content type."""

    status: int
    headers: Headers
    body: bytes


class Refusal(Exception):
    """Azure says no: an error body `{"error": {"code", "message", "target"?, ...}}` with `status`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Headers | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or []
        self.error: dict[str, Any] = {"code": code, **more, "message": message}

    def reply(self) -> Reply:
        return json_reply(self.status, {"error": self.error}, self.headers)


class NotSimulated(Exception):
    """A request that the simulator has no recorded or documented answer to; becomes a loud 501."""


class ConnectionDropped(Exception):
    """The connection ended without an answer."""


def json_reply(status: int, body: object, headers: Headers | None = None) -> Reply:
    return text_reply(status, json.dumps(body, separators=(",", ":")), headers)


def text_reply(status: int, body: str, headers: Headers | None = None) -> Reply:
    """An answer whose body is JSON already written."""
    return Reply(status, [("content-type", "application/json; charset=utf-8"), *(headers or [])], body.encode())


def empty_reply(status: int, headers: Headers | None = None) -> Reply:
    return Reply(status, headers or [], b"")


def not_found_in_location() -> Refusal:
    """The provider's own 404 (recorded: uniform_eviction_errors_2024,
    create_extension_delete_retry_after_2024).
    """
    return Refusal(404, "NotFound", "The entity was not found in this Azure location.")


def resource_not_found(kind: str, name: str, group: str) -> Refusal:
    """The gateway's 404 (recorded: create_extension_delete_retry_after_2024)."""
    message = (
        f"The Resource 'Microsoft.Compute/{kind}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return Refusal(404, "ResourceNotFound", message, headers=[("x-ms-failure-cause", "gateway")])


def conflict() -> Refusal:
    """Recorded: uniform_manualupgrade_conflict_409_2023."""
    return Refusal(
        409,
        "Conflict",
        "The request failed due to conflict with a concurrent request. To resolve it, please refer to "
        "https://aka.ms/activitylog to get more details on the conflicting requests.",
    )
