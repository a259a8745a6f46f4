"""One case as data, with its changes of answers of Azure, Entra or GitHub. A printed case is Python that makes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from azure_simulator import Reply
from sweeps.bad_input.endless import BODIES, MARK
from sweeps.bad_input.ways import BODY_WAYS, ERRORS, JSON_WAYS

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Alteration:
    """A change of the answers `first` to `last` (counted from 0) to the requests of one route.

    `how` is a name of JSON_WAYS or BODY_WAYS, or `header` (its name in `key`), `status`, `error` (its shape in `key`, a
    name of ERRORS), `link` (a nextLink) or a name of BODIES, an endless body. The change strikes the place with the
    number `place`, modulo their count; if `key` is given and found, only places under it count. `text` is the new
    value, if one is needed; `{self}` in it stands for the requested address without its page, `{number}` for the number
    of the answer.
    """

    route: str
    how: str
    key: str = ""
    place: int = 0
    text: str = ""
    code: str = ""
    status: int = 200
    first: int = 0
    last: int = 1_000_000

    def applied(self, reply: Reply) -> tuple[Reply, Place | None]:
        """Return the altered answer, and the altered place in its JSON; None if that is not the JSON."""
        headers, body = reply.headers, reply.body
        if self.how == "header":
            kept = [(name, value) for name, value in headers if name != self.key]
            return Reply(reply.status, kept + ([(self.key, _sendable(self.text))] if self.text else []), body), None
        if self.how == "status":
            return Reply(self.status, headers, body), None
        if self.how == "error":
            error = ERRORS[self.key](self.code, self.text)
            kept = [(name, value) for name, value in headers if name.startswith("x-ms-") and "request-id" in name]
            kept.append(("content-type", "application/json"))
            return Reply(self.status, kept, error if isinstance(error, bytes) else json.dumps(error).encode()), None
        if self.how in BODIES:
            return Reply(reply.status, [*headers, (MARK, self.how)], body), None
        if self.how in BODY_WAYS:
            return with_body(reply, BODY_WAYS[self.how](body)), None
        return self._with_json_altered(reply)

    def _with_json_altered(self, reply: Reply) -> tuple[Reply, Place | None]:
        try:
            body = json.loads(reply.body)
        except ValueError:
            return reply, None
        if self.how == "link":
            linked = {**body, "nextLink": self.text} if isinstance(body, dict) else body
            return with_body(reply, json.dumps(linked).encode()), ("nextLink",)
        places = [path for path in _places(body) if path]
        wanted = [path for path in places if path[-1] == self.key] or places
        if not wanted:
            return reply, None
        path = wanted[self.place % len(wanted)]
        parent = reduce(lambda value, step: value[step], path[:-1], body)
        JSON_WAYS[self.how](parent, path[-1], self.text)
        return with_body(reply, json.dumps(body).encode()), path


@dataclass(frozen=True)
class Case:
    """A world, the action's inputs besides the world's own, and the changes of its answers.

    `renamed`: new names of the instances, in answers and requests alike. `secret`: the client secret for the sign-in;
    without one, GitHub's token is used.
    """

    world: str = "uniform"
    inputs: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    renamed: dict[str, str] = field(default_factory=dict)
    alterations: tuple[Alteration, ...] = ()


def with_body(reply: Reply, body: bytes) -> Reply:
    """Return the answer with another body and the matching length."""
    headers = [(name, str(len(body)) if name == "content-length" else value) for name, value in reply.headers]
    return Reply(reply.status, headers, body)


def _places(value: Any, path: Place = ()) -> Iterator[Place]:
    """Return the paths of all fields and items, in the order of the document."""
    yield path
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from _places(item, (*path, step))


def _sendable(text: str) -> str:
    """Return the text as a header can carry it."""
    return re.sub(r"[\r\n\x00]", " ", text).encode("latin-1", "replace").decode("latin-1")
