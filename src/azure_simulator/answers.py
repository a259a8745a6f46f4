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


class TlsFailed(ConnectionDropped):
    """It ended in the TLS handshake, before there was a request."""


def json_reply(status: int, body: object, headers: Headers | None = None) -> Reply:
    return text_reply(status, json.dumps(body, separators=(",", ":")), headers)


def text_reply(status: int, body: str, headers: Headers | None = None) -> Reply:
    """An answer whose body is JSON already written."""
    return Reply(status, [("content-type", "application/json; charset=utf-8"), *(headers or [])], body.encode())


def html_reply(status: int, page: str) -> Reply:
    """An answer that is not Azure's own: a page of whatever stands in between."""
    return Reply(status, [("content-type", "text/html; charset=utf-8")], page.encode())


def empty_reply(status: int, headers: Headers | None = None) -> Reply:
    return Reply(status, headers or [], b"")
