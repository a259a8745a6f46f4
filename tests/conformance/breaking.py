"""Ways to break one answer. The comparison must notice each, whether the broken answer is ours or the recorded one."""

import copy
import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

from comparing import Answer
from contract import Interaction, Recording

Break = Callable[[Interaction], Interaction | None]


def _without_header(name: str) -> Break:
    def gone(each: Interaction) -> Interaction | None:
        if name not in each.headers:
            return None
        return dataclasses.replace(
            each, headers={other: each.headers[other] for other in each.headers if other != name}
        )

    return gone


def _with_another_value(name: str) -> Break:
    def other(each: Interaction) -> Interaction | None:
        value = each.headers.get(name)
        if not isinstance(value, str):
            return None
        return dataclasses.replace(each, headers={**each.headers, name: f"Other{value}"})

    return other


def _with_another_status(each: Interaction) -> Interaction:
    return dataclasses.replace(each, status=each.status + 3)


def _without_a_field(each: Interaction) -> Interaction | None:
    return _with_body(each, lambda part, name: part.pop(name))


def _with_a_renamed_field(each: Interaction) -> Interaction | None:
    return _with_body(each, lambda part, name: part.update({f"{name}Renamed": part.pop(name)}))


def _with_another_type(each: Interaction) -> Interaction | None:
    return _with_body(each, lambda part, name: part.update({name: [part[name]]}))


def _with_another_state(each: Interaction) -> Interaction | None:
    """Show a poll, or a resource, in another state."""
    if not isinstance(each.body, dict) or each.status >= 400:
        return None
    body = copy.deepcopy(each.body)
    if isinstance(body.get("status"), str):
        body["status"] = "Canceled"
    elif "provisioningState" in (body.get("properties") or {}):
        body["properties"]["provisioningState"] = "Migrating"
    else:
        return None
    return dataclasses.replace(each, body=body)


def _with_body(each: Interaction, change: Callable[[dict[str, Any], str], object]) -> Interaction | None:
    """Change the first field of the answer that Azure itself writes: its name, or an error's code."""
    body = copy.deepcopy(each.body)
    part = next(_objects(body), None)
    if not part:
        return None
    name = "code" if "code" in part else "name" if "name" in part else next(iter(part))
    change(part, name)
    return dataclasses.replace(each, body=body)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Return the object of the answer: itself, an error's body, or the first entry of its list."""
    if isinstance(value, list):
        yield from _objects(value[0]) if value else ()
    elif isinstance(value, dict):
        inner = value.get("error") or value.get("value")
        yield from _objects(inner) if inner else iter([value])


# headers in which the provider reports something
_HEADERS = (
    "azure-asyncnotification", "azure-asyncoperation", "location", "retry-after", "etag", "x-ms-failure-cause",
    "x-ms-ratelimit-remaining-resource", "x-ms-request-charge", "content-type", "cache-control",
)  # fmt: skip
HEADER_BREAKS: dict[str, Break] = {
    **{f"{name} is missing": _without_header(name) for name in _HEADERS},
    **{f"{name} has another value": _with_another_value(name) for name in _HEADERS},
}
BREAKS: dict[str, Break] = {
    **HEADER_BREAKS,
    "another status": _with_another_status,
    "a field is missing": _without_a_field,
    "a field has another name": _with_a_renamed_field,
    "a field has another type": _with_another_type,
    "another state": _with_another_state,
}


def broken(recording: Recording, each: Interaction, way: str) -> Recording | None:
    """Return the recording with one broken answer; None if there is nothing to break in this way."""
    changed = BREAKS[way](each)
    if changed is None:
        return None
    interactions = tuple(changed if other.position == each.position else other for other in recording.interactions)
    return dataclasses.replace(recording, interactions=interactions)


def broken_answer(answer: Answer, way: str) -> Answer | None:
    """Return one of our own answers, broken in the same ways."""
    body = json.loads(answer.body) if answer.body else None
    ours = Interaction(0, "", "", {}, None, answer.status, dict(answer.headers), body, None)
    changed = BREAKS[way](ours)
    if changed is None:
        return None
    text = b"" if changed.body is None else json.dumps(changed.body).encode()
    return Answer(changed.status, {name: str(value) for name, value in changed.headers.items()}, text)
