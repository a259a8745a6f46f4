"""One case as data, with its changes of answers of Azure, Entra or GitHub. A printed case is Python that makes it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from azure_simulator import Reply
from harness.wire import nodes
from sweeps.bad_input.endless import BODIES, MARK

Way = Callable[[Any, Any, str], Any]  # an object or a list, a key or an index in it, and the drawn text


def _put(change: Callable[[Any, str], Any]) -> Way:
    """Return the way that puts what `change` makes of the value and the text."""

    def put(parent: Any, step: Any, text: str) -> None:
        parent[step] = change(parent[step], text)

    return put


def _always(value: Any) -> Way:
    return _put(lambda _value, _text: value)


def _rename(parent: Any, step: Any, name: str) -> None:
    if isinstance(parent, dict):
        parent[name] = parent.pop(step)
    else:
        parent[step] = {name: parent[step]}


def _capitalise(parent: Any, step: Any, _text: str) -> None:
    if isinstance(parent, dict):
        _rename(parent, step, step.upper())


def _unwrapped(value: Any, _text: str) -> Any:
    """Turn the items of a list into an object, or an object's values into a list."""
    if isinstance(value, list):
        return {str(number): item for number, item in enumerate(value)}
    return list(value.values()) if isinstance(value, dict) else value


JSON_WAYS: dict[str, Way] = {
    "missing": lambda parent, step, _text: parent.pop(step),
    "null": _always(None),
    "true": _always(True),
    "zero": _always(0),
    "negative": _always(-1),
    "fraction": _always(0.5),
    "infinite": _always(float("inf")),
    "huge-number": _always(10**400),
    "huge-text": _always("x" * 200_000),
    "huge-list": _always([{}] * 5000),
    "empty-list": _always([]),
    "empty-object": _always({}),
    "deep": _always(json.loads('{"value": [' * 100 + '"bottom"' + "]}" * 100)),
    "text": _put(lambda _value, text: text),
    "key": _rename,
    "case": _capitalise,
    "wrapped": _put(lambda value, _text: [value]),
    "unwrapped": _put(_unwrapped),
    "twice": _put(lambda value, _text: value * 2 if isinstance(value, list) else [value, value]),
    "in-text": _put(lambda value, _text: json.dumps(value)),
    # an instance view that shows a failed provisioning
    "failing": _put(
        lambda _value, text: [{"code": f"ProvisioningState/failed/{text[:40]}", "level": "Error", "message": text}]
    ),
}
_HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1>::error::forged</body></html>"
BODY_WAYS: dict[str, Callable[[bytes], bytes]] = {
    "empty-body": lambda _body: b"",
    "html": lambda _body: _HTML,
    "truncated": lambda body: body[: len(body) * 2 // 3],
    "not-utf8": lambda body: body[:-2] + b"\xff\xfe" + body[-2:],
    "utf16": lambda body: body.decode().encode("utf-16"),
    "nul": lambda body: body.replace(b'"', b"\x00", 1),
    "scalar": lambda _body: b"7",
    "null-body": lambda _body: b"null",
    "in-list": lambda body: b"[" + body + b"]",
    "abyss": lambda _body: b"[" * 50_000,
    "deep-object": lambda _body: b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "long-number": lambda _body: b'{"value":' + b"9" * 5000 + b"}",
    "twice-over": lambda body: body + body,
}


def _detailed(code: str, text: str) -> Any:
    details = [{"code": code, "message": text}, text, None]
    return {"error": {"code": code, "message": text, "target": text, "details": details}}


# shape -> code and text to JSON, or to the whole body: Azure's, Entra's, those of proxies, and of a failed operation
ERRORS: dict[str, Callable[[str, str], Any]] = {
    "arm": lambda code, text: {"error": {"code": code, "message": text}},
    "detailed": _detailed,
    "entra": lambda code, text: {"error": code, "error_description": text, "error_codes": [7000215]},
    "flat": lambda code, text: {"code": code, "message": text},
    "bare": lambda _code, text: text.encode("utf-8", "replace"),
    "odd": lambda code, text: {"error": {"code": [code, text], "message": {text: [text]}, "details": {"a": text}}},
    "operation": lambda code, text: {"status": "Failed", "error": {"code": code, "message": text}},
}


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
        places = [path for path, _ in nodes(body) if path]
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


def _sendable(text: str) -> str:
    """Return the text as a header can carry it."""
    return re.sub(r"[\r\n\x00]", " ", text).encode("latin-1", "replace").decode("latin-1")
