"""The action's own client, which gets the real Azure's recorded answers again."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from azure_api.scripted import Script, Sent, azure
from azure_simulator import Reply
from contract import Interaction
from reading import secure
from vmss_upgrade.azure_api.scale_set_client import ScaleSetClient
from vmss_upgrade.azure_api.translation.model import to_model

UNIFORM = to_model({})  # any other value does not mean Flexible

# These headers describe the original bytes, which are written anew here.
_OF_THE_BYTES = ("content-length", "content-encoding", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class Line:
    """The client, and its requests since it was given its answers."""

    client: ScaleSetClient
    sent: list[Sent]


def hearing(replies: Iterable[Reply]) -> Line:
    """Return the client, which will get exactly these answers, in this order."""
    client, script = _connected()
    script.answers[:] = replies
    script.sent.clear()
    return Line(client, script.sent)


@cache
def _connected() -> tuple[ScaleSetClient, Script]:
    """Connect once, to the host in recorded links: signing in does not matter here."""
    return azure(manager="https://management.azure.com")


def reply_of(answer: Interaction, *, status: int | None = None) -> Reply:
    """Return a recorded answer to repeat, with another status if one is given."""
    body = answer.body
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    headers = [
        (name, secure(each))
        for name, value in answer.headers.items()
        if name not in _OF_THE_BYTES
        for each in (value if isinstance(value, list) else [value])
    ]
    return Reply(status or answer.status, headers, text.encode())
