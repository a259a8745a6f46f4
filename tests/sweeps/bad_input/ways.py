"""Alterations of an answer's JSON or its whole body, and the shapes of errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import reduce
from typing import Any

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
    "deep": _always(reduce(lambda inner, _: {"value": [inner]}, range(100), "bottom")),
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
