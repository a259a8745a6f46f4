"""What Azure shows, with every answer, of the budgets of requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

LONGEST_HEADER = 4096  # characters; Azure's have a few hundred
_PROVIDERS = "x-ms-ratelimit-remaining-resource"
_GATEWAYS = "x-ms-ratelimit-remaining-"
_GATEWAYS_OWN = ("subscription-reads", "subscription-writes", "subscription-deletes")
# what cannot be such a number is passed over: no digits, a sign, more digits than any bucket has
_LEFT = re.compile(r"\s*([0-9]{1,9})\s*", re.ASCII)
_ENTRY = re.compile(r"\s*(?:[\w.]+/)?(\w+);([0-9]{1,9})\s*", re.ASCII)


class Levels(SansIOHTTPPolicy[Any, Any]):
    """Keeps, by Azure's names of the buckets, what the answers show is left."""

    def __init__(self) -> None:
        self._shown: dict[str, float] = {}

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Look at the headers, whatever the status."""
        self._shown |= levels_in(response.http_response.headers)

    def take(self) -> Mapping[str, float]:
        """Return what was shown since this was called last."""
        shown, self._shown = self._shown, {}
        return shown


def levels_in(headers: Mapping[str, str]) -> dict[str, float]:
    """Return the buckets that an answer's headers show, and what is left in each."""
    gateways = ((name, _LEFT.fullmatch(headers.get(_GATEWAYS + name, ""))) for name in _GATEWAYS_OWN)
    entries = map(_ENTRY.fullmatch, headers.get(_PROVIDERS, "")[:LONGEST_HEADER].split(","))
    return {
        **{name: float(found[1]) for name, found in gateways if found},
        **{found[1]: float(found[2]) for found in entries if found},
    }
