"""A request to Resource Manager, taken apart once for every route."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from azure_simulator.answers import Headers, Refusal
from azure_simulator.errors import KnownError, Stage
from azure_simulator.faults import OperationFate


@dataclass(frozen=True, slots=True)
class Request:
    """A request to ARM, taken apart. Names of query parameters and headers are lower case; `path` is as
    sent. `error` and `fate`: what a fault of the scenario has decided about it.
    """

    method: str
    path: str
    query: dict[str, str]
    raw_query: str
    headers: dict[str, str]
    body: bytes
    error: KnownError | None = None
    fate: OperationFate | None = None

    @property
    def api_version(self) -> str:
        return self.query.get("api-version", "")

    def meet(self, stage: Stage, headers: Headers) -> None:
        """Raise the error that awaits the request at this stage, if any; it shows `headers` too."""
        if self.error is not None and self.error.stage == stage:
            self.fail(headers)

    def fail(self, headers: Headers) -> None:
        """Raise the error that awaits the request, if any, at whatever stage; it shows `headers` too."""
        if self.error is not None:
            refusal = self.error.refusal()
            refusal.headers = [*refusal.headers, *headers]
            raise refusal

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Refusal 400 when it is none."""
        try:
            body = json.loads(self.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refusal(
                400, "InvalidRequestContent", "The request content was invalid and could not be deserialized."
            )
        return body


def parse_request(
    method: str,
    path: str,
    raw_query: str,
    headers: Mapping[str, str],
    body: bytes,
    error: KnownError | None = None,
    fate: OperationFate | None = None,
) -> Request:
    query = {name.lower(): value for name, value in parse_qsl(raw_query, keep_blank_values=True)}
    lowered = {name.lower(): value for name, value in headers.items()}
    return Request(method.upper(), path, query, raw_query, lowered, body, error, fate)
