"""GETs as raw JSON, by the SDK client's own `send_request`: signed in, traced, never repeated.

Raises the SDK's HttpResponseError for every answer but 200; the caller has it `translated`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.core.exceptions import ARMErrorFormat

from vmss_upgrade.azure_api.failures import LeadsElsewhere, NoTimeLeft, read_by_the_sdk
from vmss_upgrade.azure_api.translation.json_fields import Json
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.rollout.scale_set import Instance
from vmss_upgrade.web.addresses import parse_address

API_VERSION = "2026-04-01"  # the one that azure-mgmt-compute 39 writes with

# Answers by path and query: the status and the body, as Azure sent it. Those that may differ at the next try lack.
Answers = MutableMapping[str, tuple[int, bytes]]

MOST_PAGES = 500  # a thousand instances are nine
LONGEST_LIST = 256 * 2**20  # bytes of all pages; a thousand instances are 6 MB


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    items: tuple[Json, ...]
    headers: Mapping[str, str]

    def remaining(self, bucket: str) -> float | None:
        """Return what is left in a bucket of Azure's throttle, as the answer tells; None where it does not."""
        found = re.search(rf"{bucket};(\d+)", self.headers.get("x-ms-ratelimit-remaining-resource", ""))
        return float(found.group(1)) if found else None


class Reader:
    """Reads of Resource Manager. A path without an api-version gets the compute provider's.

    What is answered is kept in `answers`, for a rehearsal on a copy of it; None: it is not.
    """

    def __init__(
        self, client: ComputeManagementClient, has_time: Callable[[], bool], answers: Answers | None = None
    ) -> None:
        self._client = client
        self._has_time = has_time
        self._answers = answers
        self._listed: dict[str, list[tuple[bytes, Json]]] = {}  # the pages of each list, as they came last

    def get(self, url: str) -> HttpResponse:
        """Return the answer, which is a 200. Raises NoTimeLeft once there is none for another."""
        if "api-version=" not in url:
            url += f"{'&' if '?' in url else '?'}api-version={API_VERSION}"
        return self.send(HttpRequest("GET", url, headers={"Accept": "application/json"}))

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the answer to a request that only reads. Raises as `get` does."""
        if not self._has_time():
            raise NoTimeLeft("the rollout's `timeout` passed before everything was read")
        # as a stream, because otherwise the SDK decodes the JSON once for itself, and we once more
        with read_by_the_sdk():
            response = self._client.send_request(request, stream=True)
            response.read()
        if self._answers is not None and response.status_code in (200, 403, 404):
            address = urlsplit(request.url)
            self._answers[urlunsplit(("", "", address.path, address.query, ""))] = (
                response.status_code,
                response.content,
            )
        if response.status_code != 200:
            raise HttpResponseError(response=response, error_format=ARMErrorFormat)
        return response

    def json(self, url: str) -> Json:
        """Return the object that is answered."""
        return self.object_of(self.get(url))

    def object_of(self, response: HttpResponse) -> Json:
        """Return the body as an object; an answer that is none counts as no answer."""
        body = _decoded(response)
        if not isinstance(body, dict):
            raise unreadable("the answer is not a JSON object")
        return body

    def bare_list(self, url: str) -> tuple[Json, ...]:
        """Return the objects of a bare array (versions of a platform image: wire facts, section 11)."""
        listed = _decoded(self.get(url))
        if not isinstance(listed, list):
            raise unreadable("the answer is not a JSON array")
        return tuple(item for item in listed if isinstance(item, dict))

    def pages(self, url: str) -> list[Page]:
        """Yield every page of a list, each nextLink followed as given; no list has pages or bytes without end.

        A page that has not changed since the list was read last is not decoded again: its items are the same objects.
        """
        pages: list[Page] = []
        read: list[tuple[bytes, Json]] = []
        followed: set[str] = set()
        before, size, following = self._listed.pop(url, []), 0, url
        while following:
            if following in followed:
                raise unreadable("the list goes round in a circle")
            followed.add(following)
            if len(pages) == MOST_PAGES:
                raise too_long(f"the list has more than {MOST_PAGES} pages")
            response = self.get(following)
            size += len(content := response.content)
            if size > LONGEST_LIST:
                raise too_long(f"the list is larger than {LONGEST_LIST / 2**20:g} MiB")
            known = before[len(read)] if len(read) < len(before) else None
            body = known[1] if known and known[0] == content else self.object_of(response)
            read.append((content, body))
            listed = body.get("value")
            if not isinstance(listed, list):
                raise unreadable("the list has no field `value`")
            pages.append(Page(tuple(item for item in listed if isinstance(item, dict)), response.headers))
            following = _link(body)
        self._listed[url] = read
        return pages

    def items(self, url: str) -> list[Json]:
        """Return the objects of every page of a list."""
        return [item for page in self.pages(url) for item in page.items]


def is_segment(name: str) -> bool:
    """Return True if a name can be one part of a path: dots, or nothing, would lead to another resource."""
    return name not in ("", ".", "..")


def _link(body: Json) -> str:
    """Return the nextLink, rebuilt from its parts: the SDK takes `{...}` in an address for a template."""
    link = body.get("nextLink")
    if not link:
        return ""
    address = parse_address(link) if isinstance(link, str) else None
    if address is None:
        raise LeadsElsewhere("unreadable")
    return str(address)


def _decoded(response: HttpResponse) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        raise unreadable("the answer is not JSON") from error


def named(instances: tuple[Instance, ...]) -> tuple[Instance, ...]:
    """Return the instances. Raises AzureError if one comes without its name: no request could be about it."""
    if any(not instance.id for instance in instances):
        raise unreadable("an instance comes without its name")
    return instances


def too_long(message: str) -> AzureError:
    """Return the error for a list without an end. Reading it again would cost as much, and end no better."""
    return AzureError(message, trouble=Trouble.REJECTED, code="EndlessList", doing="reading Azure's answer")


def unreadable(message: str) -> AzureError:
    """Return the error for an answer that cannot be Azure's, or is incomplete: it counts as no answer."""
    return AzureError(message, trouble=Trouble.UNCERTAIN, code="UnreadableAnswer", doing="reading Azure's answer")
