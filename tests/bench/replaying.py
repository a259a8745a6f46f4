"""A transport that repeats the simulator's answers for the model and the list, so that only the client is timed."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from azure_simulator import Reply, SimulatedAzure


def replaying_transport(azure: SimulatedAzure) -> tuple[RequestsTransport, int]:
    """Return the transport, and the number of pages of the recorded list."""
    model, pages = _answers_of(azure)
    answers = {**model, **pages}

    class Adapter(BaseAdapter):
        def send(self, request: Any, **_: Any) -> requests.Response:
            return _response(request, answers[request.url])

        def close(self) -> None:
            pass

    session = requests.Session()
    session.mount("https://", Adapter())
    return RequestsTransport(session=session, session_owner=False), len(pages)


def _answers_of(azure: SimulatedAzure) -> tuple[dict[str, Reply], dict[str, Reply]]:
    """Map each URL to its answer: the model, and every page of the list."""
    there = azure.coordinates
    base = there["resource_manager"]
    headers = {"authorization": f"Bearer {_token(azure)}"}
    scale_set = (
        f"{base}/subscriptions/{there['subscription']}/resourceGroups/{there['resource_group']}/providers"
        f"/Microsoft.Compute/virtualMachineScaleSets/{there['scale_set']}"
    )
    of_model = f"{scale_set}?api-version=2026-04-01"
    model = {of_model: azure.handle("GET", of_model, headers, b"")}
    url: str | None = f"{scale_set}/virtualMachines?$expand=instanceView&api-version=2026-04-01"
    pages = {}
    while url:
        reply = azure.handle("GET", url, headers, b"")
        pages[url] = reply
        url = json.loads(reply.body).get("nextLink")
    return model, pages


def _token(azure: SimulatedAzure) -> str:
    there = azure.coordinates
    ask = {"authorization": f"Bearer {there['oidc_request_token']}"}
    assertion = azure.handle("GET", f"{there['oidc_request_url']}&audience=api://AzureADTokenExchange", ask, b"")
    form = {"client_assertion": json.loads(assertion.body)["value"], "client_id": there["client_id"]}
    form |= {"grant_type": "client_credentials", "scope": f"{there['resource_manager']}/.default"}
    form |= dict(parse_qsl("client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
    address = f"{there['authority']}/{there['tenant']}/oauth2/v2.0/token"
    answer = azure.handle("POST", address, {}, urlencode(form).encode())
    return str(json.loads(answer.body)["access_token"])


def _response(request: Any, reply: Reply) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = reply.status, request, request.url
    response.headers.update(dict(reply.headers))
    response.raw = HTTPResponse(BytesIO(reply.body), headers=dict(reply.headers), status=200, preload_content=False)
    return response
