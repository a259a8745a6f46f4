"""Watches and judges the traffic of one run, and remembers the addresses that Azure itself has issued."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from schema_json import Problem
from schema_judge import Finding, Judge
from schema_openapi import Operation
from schema_request import query_of
from schema_shape import Pages
from schema_traffic import HANDS_OUT, Exchange

_GIVEN_ONLY = ("Poll", "Monitor")


def is_of_compute(path: str) -> bool:
    """Return True if Microsoft.Compute answers it: the first provider in a path does."""
    return path.lower().partition("/providers/")[2].startswith("microsoft.compute/")


class Watch:
    """`see` gets every exchange of a run, in order. Exchanges of other providers than Microsoft.Compute are ignored.

    `findings` counts the problems; `requests` and `answers` count the judged ones, by operation.
    """

    def __init__(self, judge: Judge) -> None:
        self.findings: Counter[Finding] = Counter()
        self.requests: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self._judge = judge
        self._pages = Pages()
        self._handed_out: set[str] = set()

    def see(self, exchange: Exchange) -> None:
        """Judge one exchange."""
        if is_of_compute(urlsplit(exchange.url).path):
            self.findings.update(self._judged(exchange))

    def _judged(self, exchange: Exchange) -> Iterator[Finding]:
        operations = self._judge.operations_of(exchange)
        if len(operations) != 1:
            names = [each.id for each in operations]
            problem = Problem("operation", "", f"{exchange.method} {exchange.url} is one of {names}, not one")
            yield Finding("openapi", "request", problem)
            return
        (operation,) = operations
        self.requests[operation.id] += 1
        yield from self._request(operation, exchange)
        if exchange.status:
            self.answers[operation.id] += 1
            yield from self._answer(operation, exchange)

    def _request(self, operation: Operation, exchange: Exchange) -> Iterator[Finding]:
        is_next_link = "$skiptoken" in dict(query_of(exchange))
        if (is_next_link or operation.id in _GIVEN_ONLY) and exchange.url not in self._handed_out:
            problem = Problem("address", "", f"was never issued: {exchange.url}")
            yield Finding("wire", f"{operation.id} request", problem)
        yield from self._judge.request(operation, exchange, is_next_link=is_next_link)

    def _answer(self, operation: Operation, exchange: Exchange) -> Iterator[Finding]:
        values: list[Any] = []
        try:
            values = list(self._pages.new_in(exchange.text)) if exchange.text else []
        except ValueError:
            problem = Problem("body", "", f"is not JSON: {exchange.text[:80]}")
            yield Finding("wire", f"{operation.id} {exchange.status}", problem)
        self._handed_out.update(exchange.headers[name] for name in HANDS_OUT if name in exchange.headers)
        if operation.pages:
            self._handed_out.update(
                each["nextLink"] for each in values if isinstance(each, dict) and "nextLink" in each
            )
        yield from self._judge.answer(operation, exchange, values)
