"""Finds the deviations of a request from the descriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from jsonschema.protocols import Validator

from schema_json import Problem, find_problems
from schema_openapi import Operation
from schema_sdk import SdkOperations
from schema_traffic import Exchange

_ETAG_HEADERS = ("if-match", "if-none-match")


def openapi_problems(operation: Operation, exchange: Exchange, *, is_next_link: bool) -> Iterator[Problem]:
    """Return the problems of parameters and body, by the operation of the request.

    A nextLink may have a `$skiptoken`, which no description names.
    """
    pairs = query_of(exchange)
    query = dict(pairs)
    if len(query) != len(pairs):
        yield Problem("query", "", "names a parameter twice")
    if is_next_link:
        del query["$skiptoken"]
    found = operation.pattern.fullmatch(urlsplit(exchange.url).path)
    given = {("path", name): unquote(value) for name, value in (found.groupdict() if found else {}).items()}
    given |= {("query", name): value for name, value in query.items()}
    given |= {("header", name): exchange.sent[name] for name in _etag_headers(exchange)}
    yield from _parameter_problems(operation, given)
    yield from _body_problems(operation, exchange)


def sdk_problems(sdk: SdkOperations, operation: Operation, exchange: Exchange) -> Iterator[Problem]:
    """Return the parts that the SDK would not send, if it has the operation: the newer version's view of a request."""
    if operation.id.partition("_")[0] not in sdk.clients:
        return
    matching = sdk.matching(exchange.method, urlsplit(exchange.url).path)
    if len(matching) != 1:
        yield Problem("operation", "", f"is {len(matching)} operations: {exchange.method} {exchange.url}")
        return
    (same,) = matching
    query = dict(query_of(exchange))
    if unknown := query.keys() - same.query - {"$skiptoken"}:
        yield Problem("query", "", f"{sorted(unknown)} is not in {sorted(same.query)}")
    if query.get("api-version") not in (same.version, operation.version):
        yield Problem("api-version", "", f"{query.get('api-version')} is not {same.version}, {operation.version}")
    if _etag_headers(exchange) and not same.takes_etag:
        yield Problem("header", "", f"{_etag_headers(exchange)} is not for this operation")


def query_of(exchange: Exchange) -> list[tuple[str, str]]:
    """Return the parameters in the query of a request, decoded, in order."""
    return parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)


def _body_problems(operation: Operation, exchange: Exchange) -> Iterator[Problem]:
    text = exchange.sent_text
    if not text:
        if operation.needs_body:
            yield Problem("body", "", "has no body")
        return
    if operation.body is None:
        yield Problem("body", "", f"has a body: {text[:80]}")
        return
    content_type = exchange.sent.get("content-type", "")
    if not content_type.startswith("application/json"):
        yield Problem("content-type", "", content_type)
    try:
        yield from find_problems(operation.body, json.loads(text))
    except ValueError:
        yield Problem("body", "", f"is not JSON: {text[:80]}")


def _parameter_problems(operation: Operation, given: dict[tuple[str, str], str]) -> Iterator[Problem]:
    for place, name in sorted(operation.required - given.keys()):
        yield Problem("required", name, f"is missing in the {place}")
    for (place, name), text in given.items():
        validator = operation.parameters.get((place, name))
        if validator is None:
            yield Problem("unknown", name, f"is not a parameter in the {place}: {text!r}")
        else:
            for problem in find_problems(validator, _typed(text, validator)):
                yield Problem(problem.rule, name, problem.what)


def _typed(text: str, validator: Validator) -> Any:
    """Return the value of a parameter's text; the text itself if it has none."""
    kind = validator.schema.get("type")
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "integer" and text.lstrip("-").isdecimal():
        return int(text)
    return text


def _etag_headers(exchange: Exchange) -> list[str]:
    return [name for name in _ETAG_HEADERS if name in exchange.sent]
