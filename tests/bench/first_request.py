"""A process that runs the action up to its first request to Resource Manager.

Its transport answers only the token services, at once, so that their time does not count.
"""

import base64
import json
import os
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from vmss_upgrade.job.clock import SystemClock
from vmss_upgrade.main import run

ENVIRON = {
    "INPUT_SCALE-SET": "web",
    "INPUT_RESOURCE-GROUP": "group",
    "INPUT_SUBSCRIPTION-ID": "11111111-1111-1111-1111-111111111111",
    "INPUT_TENANT-ID": "22222222-2222-2222-2222-222222222222",
    "INPUT_CLIENT-ID": "33333333-3333-3333-3333-333333333333",
    "INPUT_IMAGE-VERSION": "1.2.3",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://tokens.invalid/token?api-version=2.0",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bench",
    "GITHUB_ACTIONS": "true",
}


def main() -> None:
    run(ENVIRON, SystemClock(), transport=_transport)


def _transport(_clock: object) -> Any:
    import requests
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import BaseAdapter

    class Adapter(BaseAdapter):
        def send(self, request: Any, **_: Any) -> requests.Response:
            if "/providers/Microsoft.Compute/" in request.url:
                sys.stdout.flush()
                os._exit(0)
            return _answer(request)

        def close(self) -> None:
            pass

    session = requests.Session()
    session.mount("https://", Adapter())
    return RequestsTransport(session=session, session_owner=False)


def _answer(request: Any) -> Any:
    import requests
    from urllib3 import HTTPResponse

    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + 300}).encode()).decode().rstrip("=")
    body = {"value": f"e30.{claims}.x"} if request.method == "GET" else {"access_token": "a", "expires_in": 3600}
    response = requests.Response()
    response.status_code, response.request, response.url = 200, request, request.url
    response.headers["content-type"] = "application/json"
    response.raw = HTTPResponse(BytesIO(json.dumps(body).encode()), status=200, preload_content=False)
    return response


main()
sys.exit("no request to Resource Manager was made")
