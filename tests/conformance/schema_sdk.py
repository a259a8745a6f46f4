"""The operations of azure-mgmt-compute 39.0.0, read out of the SDK for api-version 2026-04-01."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from schema_openapi import path_pattern


@dataclass(frozen=True, slots=True)
class SdkOperation:
    """One operation: the allowed parameters of its query, and its statuses of success."""

    client: str
    name: str
    method: str
    pattern: re.Pattern[str]
    version: str
    query: frozenset[str]
    accepted: frozenset[int]
    takes_etag: bool


class SdkOperations:
    """All operations of one file."""

    def __init__(self, file: Path) -> None:
        self._operations = tuple(
            SdkOperation(
                client=each["client"],
                name=each["method_name"],
                method=each["http_method"],
                pattern=path_pattern(each["path"]),
                version=each["api_version"],
                query=frozenset(each["query"]),
                accepted=frozenset(each["accepted_status"]),
                takes_etag=each["etag_if_match"],
            )
            for each in json.loads(file.read_text(encoding="utf-8"))["operations"]
        )
        self.clients = frozenset(each.client for each in self._operations)

    def matching(self, method: str, path: str) -> list[SdkOperation]:
        """Return the operations that match a request."""
        return [each for each in self._operations if each.method == method and each.pattern.fullmatch(path)]
