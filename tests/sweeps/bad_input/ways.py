"""Alterations of an answer's JSON or its whole body, and the shapes of errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def _put(value: Any) -> Callable[[Any, Any, str], None]:
    def put(parent: Any, step: Any, _text: str) -> None:
        parent[step] = value

    return put


def _missing(parent: Any, step: Any, _text: str) -> None:
    del parent[step]


def _text(parent: Any, step: Any, text: str) -> None:
    parent[step] = text


def _key(parent: Any, step: Any, text: str) -> None:
    """Put the same value under a hostile name; for a list's item, rename its parent."""
    parent[step] = {text: parent[step]} if isinstance(parent, list) else parent[step]
    if isinstance(parent, dict):
        parent[text] = parent.pop(step)


def _case(parent: Any, step: Any, _text: str) -> None:
    if isinstance(parent, dict):
        parent[str(step).upper()] = parent.pop(step)


def _wrapped(parent: Any, step: Any, _text: str) -> None:
    parent[step] = [parent[step]]


def _unwrapped(parent: Any, step: Any, _text: str) -> None:
    """Turn the items of a list into an object, or an object's values into a list."""
    value = parent[step]
    if isinstance(value, list):
        parent[step] = {str(number): item for number, item in enumerate(value)}
    elif isinstance(value, dict):
        parent[step] = list(value.values())


def _twice(parent: Any, step: Any, _text: str) -> None:
    parent[step] = [parent[step], parent[step]] if not isinstance(parent[step], list) else parent[step] * 2


def _in_text(parent: Any, step: Any, _text: str) -> None:
    parent[step] = json.dumps(parent[step])


def _failing(parent: Any, step: Any, text: str) -> None:
    """Make an instance view show a failed provisioning."""
    parent[step] = [{"code": f"ProvisioningState/failed/{text[:40]}", "level": "Error", "message": text}]


_DEEP: Any = "bottom"
for _level in range(100):
    _DEEP = {"value": [_DEEP]}

JSON_WAYS: dict[str, Callable[[Any, Any, str], None]] = {
    "missing": _missing,
    "null": _put(None),
    "true": _put(True),
    "zero": _put(0),
    "negative": _put(-1),
    "fraction": _put(0.5),
    "infinite": _put(float("inf")),
    "huge-number": _put(10**400),
    "huge-text": _put("x" * 200_000),
    "huge-list": _put([{}] * 5000),
    "empty-list": _put([]),
    "empty-object": _put({}),
    "deep": _put(_DEEP),
    "text": _text,
    "key": _key,
    "case": _case,
    "wrapped": _wrapped,
    "unwrapped": _unwrapped,
    "twice": _twice,
    "in-text": _in_text,
    "failing": _failing,
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


def _as_json(body: Any) -> bytes:
    return json.dumps(body).encode()


def _detailed(code: str, text: str) -> bytes:
    details = [{"code": code, "message": text}, text, None]
    return _as_json({"error": {"code": code, "message": text, "target": text, "details": details}})


def _odd(code: str, text: str) -> bytes:
    return _as_json({"error": {"code": [code, text], "message": {text: [text]}, "details": {"a": text}}})


# shape -> code and text to the body: Azure's, Entra's, those of proxies, and of a failed operation
ERRORS: dict[str, Callable[[str, str], bytes]] = {
    "arm": lambda code, text: _as_json({"error": {"code": code, "message": text}}),
    "detailed": _detailed,
    "entra": lambda code, text: _as_json({"error": code, "error_description": text, "error_codes": [7000215]}),
    "flat": lambda code, text: _as_json({"code": code, "message": text}),
    "bare": lambda _code, text: text.encode("utf-8", "replace"),
    "odd": _odd,
    "operation": lambda code, text: _as_json({"status": "Failed", "error": {"code": code, "message": text}}),
}
