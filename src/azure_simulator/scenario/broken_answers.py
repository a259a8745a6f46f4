"""What an `http` fault does to an exchange: connections that end, bodies that end early, fields that are missing."""

import dataclasses
import json
from collections.abc import Sequence

from azure_simulator.scenario.request_faults import HttpFault
from azure_simulator.wire.answers import ConnectionDropped, Reply, TlsFailed, empty_reply, json_reply


def raise_if_dropped(fault: HttpFault | None, moment: str) -> None:
    """Raise ConnectionDropped where the connection ends `before` or `after` the request is carried out.

    A TLS handshake that fails comes before it, and is TlsFailed.
    """
    if fault is None:
        return
    if fault.drop == "tls" and moment == "before":
        raise TlsFailed("EOF occurred in violation of protocol")
    if fault.drop == moment:
        raise ConnectionDropped(f"dropped {moment} the request was carried out")


def cut_off(reply: Reply, fault: HttpFault | None) -> Reply:
    """Return the half of the body that arrives where the connection ends `in-body`; its headers promise all of it."""
    if fault is None or fault.drop != "in-body":
        return reply
    return dataclasses.replace(reply, body=reply.body[: len(reply.body) // 2])


def altered(reply: Reply, fault: HttpFault) -> Reply:
    """Return the true answer as the fault lets it come. An error, or an answer without a body, stays as it is."""
    if reply.status < 400 and fault.empty == "after":
        return empty_reply(200)
    if not (fault.without or fault.missing) or not reply.body or reply.status >= 400:
        return reply
    document = json.loads(reply.body)
    if fault.missing and isinstance(document.get("value"), list):
        document["value"] = [each for each in document["value"] if not _is_one_of(each, fault.missing)]
    parts = [document] if not fault.of else [each for each in document.get("value", []) if _is_one_of(each, fault.of)]
    for part in parts:
        for field in fault.without:
            _remove_field(part, field.split("."))
    headers = [(name, value) for name, value in reply.headers if name != "content-type"]
    return json_reply(reply.status, document, headers)


def _is_one_of(entry: object, ids: Sequence[str]) -> bool:
    """Return whether an entry of a list is one of these instances, by its number or its name."""
    return isinstance(entry, dict) and bool({entry.get("instanceId"), entry.get("name")} & set(ids))


def _remove_field(node: object, names: Sequence[str]) -> None:
    if isinstance(node, list):
        for entry in node:
            _remove_field(entry, names)
    elif isinstance(node, dict) and len(names) == 1:
        node.pop(names[0], None)
    elif isinstance(node, dict):
        _remove_field(node.get(names[0]), names[1:])
