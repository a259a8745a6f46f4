"""What the simulator answers with, and the errors that handlers raise instead of answering."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer. Header names are lower case; a body of b"" has no content type.

    `entries`: the JSON of each entry of a list, which a client in the same process need not take apart again, and
    `link` to its next page.
    """

    status: int
    headers: Headers
    body: bytes
    entries: tuple[bytes, ...] = ()
    link: str = ""


class Refusal(Exception):
    """Azure refuses the request: an error body `{"error": {"code", "message", "target"?, ...}}` with `status`."""

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
        """Return the answer that refuses."""
        return json_reply(self.status, {"error": self.error}, self.headers)


class NotSimulated(Exception):
    """A request that the simulator has no recorded or documented answer to; it becomes a loud 501."""


class ConnectionDropped(Exception):
    """The connection ended without an answer."""


class TlsFailed(ConnectionDropped):
    """The connection ended in the TLS handshake, before there was a request."""


class AnswerTookTooLong(Exception):
    """The client's read timeout ended before the answer came."""


def json_reply(status: int, body: object, headers: Headers | None = None) -> Reply:
    """Return an answer with a JSON body."""
    return written_reply(status, json.dumps(body, separators=(",", ":")).encode(), headers)


def written_reply(status: int, body: bytes, headers: Headers | None = None) -> Reply:
    """Return an answer whose body is JSON that has been written already."""
    return Reply(status, [("content-type", "application/json; charset=utf-8"), *(headers or [])], body)


def html_reply(status: int, page: str) -> Reply:
    """Return an answer that is not Azure's own: a page of a gateway or a proxy."""
    return Reply(status, [("content-type", "text/html; charset=utf-8")], page.encode())


def empty_reply(status: int, headers: Headers | None = None) -> Reply:
    """Return an answer without a body."""
    return Reply(status, headers or [], b"")


def with_common_headers(reply: Reply, date: str, sent: Mapping[str, str]) -> Reply:
    """Return an answer with the headers that every answer has. `sent`: those of the request, names in lower case."""
    request_id = str(uuid.uuid4())
    common = [
        ("cache-control", "no-cache"),
        ("content-length", str(len(reply.body))),
        ("date", date),
        ("x-ms-request-id", request_id),
        ("x-ms-correlation-request-id", sent.get("x-ms-correlation-request-id", request_id)),
    ]
    return replace(reply, headers=[*common, *reply.headers])
