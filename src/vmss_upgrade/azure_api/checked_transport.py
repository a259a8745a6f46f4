"""What every request and every answer passes, of Resource Manager as of the token services, on whatever transport."""

from __future__ import annotations

import re
from typing import Any

from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import HttpTransport

_SENDABLE = re.compile(r"[ -~]*")


class CheckedTransport(HttpTransport[Any, Any]):
    """Sends no token that a header cannot carry, and has every answer read as UTF-8, whatever charset it names."""

    def __init__(self, inner: HttpTransport[Any, Any]) -> None:
        self._inner = inner

    def send(self, request: Any, **options: Any) -> Any:
        """Pass on. Raises ClientAuthenticationError for a token that `requests` would quote while it refuses it."""
        if not _SENDABLE.fullmatch(request.headers.get("Authorization", "")):
            raise ClientAuthenticationError(
                "The token holds a line break or another character that a request cannot carry. It is not shown here."
            )
        response = self._inner.send(request, **options)
        _forget_charset(response)
        return response

    def open(self) -> None:
        """Pass on."""
        self._inner.open()

    def close(self) -> None:
        """Pass on."""
        self._inner.close()

    def __enter__(self) -> CheckedTransport:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing."""

    def sleep(self, duration: float) -> None:
        """Pass on."""
        self._inner.sleep(duration)


def _forget_charset(response: Any) -> None:
    """JSON is UTF-8 (RFC 8259). Python has charsets that take minutes to decode, and some that decode to anything."""
    kind = response.headers.get("content-type")
    if kind:
        response.headers["content-type"] = kind.partition(";")[0].strip()
    response.internal_response.encoding = "utf-8"
